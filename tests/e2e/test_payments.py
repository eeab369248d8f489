"""Payments from several terminals at once, and payments that are interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audited import audit_of_folder
from web4core.ledger.state import MICRO, Address
from web4lab.demo import LocalFederation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ALICE, CAROL = Address(platform="thor", agent="alice"), Address(platform="thor", agent="carol")
COMMAND = (sys.executable, "-m", "web4cli")
PAYMENT = ("transfer", "send", "alice@thor", "carol@thor", "1")


def started(federation: LocalFederation, *arguments: str) -> subprocess.Popen[str]:
    command = [*COMMAND, *arguments, "--federation", str(federation.folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def web4(federation: LocalFederation, *arguments: str) -> tuple[int, str, str]:
    process = started(federation, *arguments)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    """One platform, which decides alone."""
    folder = tmp_path_factory.mktemp("payments") / "federation"
    with LocalFederation(folder, 1, {ALICE: 100 * MICRO, CAROL: 0}) as running:
        running.start()
        yield running
    audit_of_folder(folder, running.names)


def test_equal_payments_at_the_same_time_are_all_made(federation: LocalFederation) -> None:
    before = federation.clients["thor"].account(CAROL).account.available_uatp
    payments = [started(federation, *PAYMENT) for _ in range(3)]
    told = [(*payment.communicate(timeout=100), payment.returncode) for payment in payments]
    assert [code for _, _, code in told] == [0, 0, 0], told
    assert len({out.split()[0] for out, _, _ in told}) == 3
    after = federation.clients["thor"].account(CAROL).account.available_uatp
    assert after - before == 3 * MICRO


def test_what_became_of_a_payment_is_shown(federation: LocalFederation) -> None:
    code, out, err = web4(federation, *PAYMENT)
    assert code == 0, err
    identity = out.split()[0]
    assert f"{identity} is handed in" in err
    code, out, err = web4(federation, "transfer", "show", identity, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["status"] == "committed"
    assert (told["kind"], told["source"], told["atp"]) == ("send", "alice@thor", "1")


def test_a_payment_is_told_to_machines(federation: LocalFederation) -> None:
    code, out, err = web4(federation, *PAYMENT, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["status"] == "committed"
    _, shown, _ = web4(federation, "transfer", "show", told["id"], "--json")
    assert json.loads(shown)["block"] == told["block"]


@pytest.mark.slow
def test_an_account_opens_and_a_taken_address_leaves_the_key(
    federation: LocalFederation,
) -> None:
    code, out, err = web4(federation, "account", "open", "dave@thor")
    assert code == 0, err
    code, shown, err = web4(federation, "transfer", "show", out.split()[0])
    assert code == 0, err
    assert "account open" in shown
    wallet = federation.folder / "wallets" / "dave@thor.key"
    wallet.rename(wallet.with_suffix(".kept"))
    code, out, err = web4(federation, "account", "open", "dave@thor")
    assert code == 1
    assert "removed the new key" in err
    assert not wallet.exists()


@pytest.mark.slow
def test_an_interrupted_payment_tells_its_id(tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "f", 2, {ALICE: MICRO, CAROL: 0}) as two:
        two.start("thor")
        payment = started(two, *PAYMENT)
        assert payment.stderr is not None
        identity, _, rest = payment.stderr.readline().partition(" ")
        assert rest == "is handed in\n"
        payment.send_signal(signal.SIGINT)
        _, err = payment.communicate(timeout=60)
        assert payment.returncode == 3, err
        assert "interrupted" in err
        assert f"web4 transfer show {identity}" in err
        assert "Traceback" not in err
        code, out, _ = web4(two, "transfer", "show", identity)
        assert code == 3
        assert "pending" in out
        code, _, err = web4(two, *PAYMENT)
        assert code == 3
        assert "was handed in before" in err
        two.start("sprout")
        two.wait_linked()
        until_s = time.monotonic() + 60
        while web4(two, "transfer", "show", identity)[0] != 0:
            assert time.monotonic() < until_s
        assert two.clients["sprout"].account(CAROL).account.available_uatp == MICRO
    audit_of_folder(tmp_path / "f", two.names)


@pytest.mark.slow
def test_a_lock_is_shown_with_its_phase(tmp_path: Path) -> None:
    bob = Address(platform="sprout", agent="bob")
    with LocalFederation(tmp_path / "f", 2, {ALICE: MICRO, bob: 0}) as two:
        two.start()
        two.wait_linked()
        code, out, err = web4(two, "transfer", "lock", "alice@thor", "bob@sprout", "1")
        assert code == 0, err
        identity = out.split()[0]
        code, out, err = web4(two, "transfer", "show", identity, "--json")
        assert code == 0, err
        assert json.loads(out)["phase"] == "locked"
        code, out, err = web4(two, "transfer", "commit", identity)
        assert code == 0, err
        code, shown, _ = web4(two, "transfer", "show", out.split()[0], "--json")
        assert json.loads(shown)["transfer"] == identity
    audit_of_folder(tmp_path / "f", two.names)
