"""Real processes: the demo's figures, the messages counted, crashes survived."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.audited import audit_of_folder
from web4adapters.config import load_genesis
from web4adapters.signers import KeyFile, Verifier
from web4adapters.storage import Store
from web4adapters.verify import blocks_of_store, verify_chain, write_export
from web4core import invariants
from web4core.chain import chain_id
from web4core.events import Received
from web4core.ledger.application import Ledger
from web4core.ledger.state import MICRO, Address
from web4core.messages import Proposal, Statement, ViewChange, Vote
from web4core.settings import Settings
from web4core.snapshot import decode_event, event_schema
from web4lab.chaos import Load
from web4lab.demo import LocalFederation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
KEEP_ALL = 1_000_000
ALICE, EVE = Address(platform="thor", agent="alice"), Address(platform="thor", agent="eve")
COMES_S = 60
"""How long to wait for what must come, on a machine that may be busy."""


def web4(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web4cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "n", [4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 5, 7, 10))]
)
def test_the_demo_holds_and_counts_its_messages(n: int, tmp_path: Path) -> None:
    kept = tmp_path / "federation"
    done = web4("demo", "--platforms", str(n), "--json", "--keep", str(kept))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["platforms"]) == n
    assert all(report["checks"].values())
    assert report["messages_per_block"] <= (n - 1) * (2 * n + 1)
    assert set(report["supply"].values()) == {"1500"}
    found = audit_of_folder(kept, report["platforms"])
    assert all(each["decided"] == each["height"] - 1 > 0 for each in found["platforms"])


@pytest.mark.slow
def test_a_chain_verifies_offline_and_any_changed_digit_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    assert web4("demo", "--json", "--keep", str(folder)).returncode == 0
    sound = web4("verify", str(folder / "thor"), "--json")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert json.loads(sound.stdout)["height"] >= 7

    genesis = load_genesis(folder / "genesis.json")
    exported = tmp_path / "chain"
    with Store.open(folder / "thor" / "store", chain_id(genesis), "thor") as store:
        store.recover()
        pairs = list(blocks_of_store(store))
    lines = ({"block": block.hex(), "certificate": proof.hex()} for block, proof in pairs)
    write_export(exported, genesis, lines)
    assert web4("verify", str(exported)).returncode == 0

    verifier = Verifier()
    for place in range(0, len(pairs[3][0]), 7):
        block, proof = pairs[3]
        changed = block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :]
        spoilt = [*pairs[:3], (changed, proof), *pairs[4:]]
        report = verify_chain(genesis, spoilt, verifier, lambda _height: None)
        assert report.finding is not None
        assert report.finding.height == 4


@pytest.mark.slow
def test_killed_in_turn_and_twice_round_nothing_committed_is_lost(tmp_path: Path) -> None:
    settings = Settings(view_timeout_ms=500, resend_ms=300)
    accounts = {ALICE: 1000 * MICRO, EVE: 0}
    with LocalFederation(tmp_path / "f", 4, accounts, settings, KEEP_ALL) as federation:
        federation.start()
        federation.wait_linked()
        with Load(federation, ALICE, EVE) as load:
            for name in federation.names * 2:
                time.sleep(0.5)
                federation.kill(name)
                time.sleep(1.5)
                federation.start(name)
                assert load.goes_on(2, COMES_S), federation.tail(name)
        height = max(load.committed.values())
        until_s = time.monotonic() + COMES_S
        for client in federation.clients.values():
            while client.status()["height"] < height:
                assert time.monotonic() < until_s, client.status()
                time.sleep(0.1)
        chains = {
            name: [client.block(each) for each in range(height + 1)]
            for name, client in federation.clients.items()
        }
        for blocks in chains.values():
            assert invariants.chain_is_linked(blocks) is None
            found = {t.id: b.header.height for b in blocks for t in b.payload}
            assert load.committed.items() <= found.items()
        decisions = [
            invariants.Decision(index, block)
            for index, blocks in enumerate(chains.values())
            for block in blocks
        ]
        assert invariants.check_decisions(decisions) == ()
        for client in federation.clients.values():
            status = client.status()
            assert status["counters"]["evidence"] == 0
            total = sum(client.account(who).account.available_uatp for who in (ALICE, EVE))
            assert total == 1000 * MICRO
    heard: list[Statement] = []
    for name in federation.names:
        sound = web4("verify", str(tmp_path / "f" / name))
        assert sound.returncode == 0, sound.stdout + sound.stderr
        heard.extend(statements_in_journal(federation, name))
    assert len(heard) > 12 * height
    assert invariants.check_statements(heard) == ()
    assert audit_of_folder(tmp_path / "f", federation.names)["events"] > len(heard)


def statements_in_journal(federation: LocalFederation, name: str) -> list[Statement]:
    """All that a platform signed, and all that reached it, over all of its lives."""
    genesis = federation.genesis
    schema = event_schema(Ledger.of(genesis))
    with Store.open(federation.folder / name / "store", chain_id(genesis), name) as store:
        events = [decode_event(schema, record) for record in store.recover().events]
    return [
        event.message.statement
        for event in events
        if isinstance(event, Received) and isinstance(event.message, Vote | Proposal | ViewChange)
    ]


@pytest.mark.slow
def test_a_platform_comes_back_from_its_snapshot(tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "f", 1, {ALICE: MICRO, EVE: 0}, None, 3) as federation:
        federation.start()
        with Load(federation, ALICE, EVE) as load:
            assert load.goes_on(12, COMES_S)
        before = federation.clients["thor"].account(ALICE)
        assert federation.stop("thor") == 0
        assert "snapshot at height" in federation.tail("thor")
        federation.start("thor")
        assert federation.clients["thor"].account(ALICE) == before
        federation.kill("thor")
        federation.start("thor")
        assert federation.clients["thor"].account(ALICE) == before
    sound = web4("verify", str(tmp_path / "f" / "thor"))
    assert sound.returncode == 0, sound.stdout + sound.stderr
    (thor,) = audit_of_folder(tmp_path / "f", ["thor"])["platforms"]
    assert thor["from_height"] > 1, "it began with a snapshot"


def test_a_second_process_on_the_same_platform_is_refused(tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "f", 1, {ALICE: MICRO}) as federation:
        federation.start()
        second = web4("run", str(tmp_path / "f" / "thor" / "platform.toml"))
        assert second.returncode == 1
        assert "Traceback" not in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1
        assert federation.stop("thor") == 0


@pytest.mark.parametrize("spoil", ["missing key", "readable key", "missing guard", "other key"])
def test_a_platform_without_its_identity_does_not_start(tmp_path: Path, spoil: str) -> None:
    federation = LocalFederation(tmp_path / "f", 2, {ALICE: MICRO})
    home = tmp_path / "f" / "thor"
    if spoil == "missing key":
        (home / "platform.key").unlink()
    if spoil == "readable key":
        (home / "platform.key").chmod(0o644)
    if spoil == "missing guard":
        (home / "guard").unlink()
    if spoil == "other key":
        (home / "platform.key").unlink()
        KeyFile.create(home / "platform.key")
    done = web4("run", str(home / "platform.toml"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert federation.processes == {}
