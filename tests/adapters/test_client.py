"""The client and its commands, against platforms that answer oddly, slowly or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.served import Behaviour, answering, drip, saying, served
from web4adapters.api.server import DESCRIPTION
from web4adapters.client import (
    Client,
    ClientError,
    Denied,
    Nonsense,
    client,
    held,
    plain,
)
from web4adapters.client.status import amiss_in_status
from web4adapters.config import Plan, load_genesis, make_federation
from web4adapters.config.client import client_toml
from web4cli.commands import commands
from web4core.ledger.state import MICRO, Address

ALICE, CAROL = Address(platform="thor", agent="alice"), Address(platform="thor", agent="carol")
SOUND: dict[str, Any] = {
    "chain": "web4",
    "chain_id": "00" * 32,
    "platform": "thor",
    "height": 3,
    "digest": "00" * 32,
    "state_root": "00" * 32,
    "time_ms": 1,
    "view": 0,
    "agreeing_on": 4,
    "pending": 0,
    "supply_uatp": 5,
    "peers": [
        {"platform": "sprout", "connected": True, "height": 3, "view": 0, "heard_ms_ago": None}
    ],
    "counters": {"sent": {"vote": 3}, "blocks": 3, "dropped": 0, "evidence": 0},
    "version": "0.1.0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A federation of two that nobody runs."""
    made = tmp_path / "federation"
    platforms = {"thor": ("127.0.0.1", 1), "sprout": ("127.0.0.1", 2)}
    make_federation(made, Plan("web4", platforms, {ALICE: MICRO, CAROL: 0}))
    return made


def point(folder: Path, **places: str) -> None:
    """Let the platforms be found at these places."""
    (folder / "web4.toml").write_text(client_toml(places))


def web4(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--federation", str(folder)])


def client_of(folder: Path, url: str) -> Client:
    return Client(url, load_genesis(folder / "genesis.json"))


# --- status ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        5,
        SOUND | {"peers": 5},
        SOUND | {"peers": [{}]},
        SOUND | {"peers": [SOUND["peers"][0] | {"platform": "[/red]"}]},
        SOUND | {"peers": [SOUND["peers"][0] | {"platform": "a\x1b[2Jb"}]},
        SOUND | {"peers": [SOUND["peers"][0] | {"connected": 1}]},
        SOUND | {"height": -3},
        SOUND | {"height": True},
        SOUND | {"view": "[/red]"},
        SOUND | {"pending": 1.5},
        SOUND | {"counters": {"sent": {"vote": []}}},
        SOUND | {"version": "\x1b[31m"},
    ],
)
def test_a_platform_that_answers_nonsense_is_shown_as_such(folder: Path, answer: Any) -> None:
    with served(saying(answer)) as odd, served(saying(SOUND)) as sound:
        point(folder, thor=odd, sprout=sound)
        shown = web4(folder, "status")
        told = web4(folder, "status", "--json")
    assert shown.exit_code == told.exit_code == 13, shown.output
    assert "answers nonsense" in shown.output or "did not answer" in shown.output
    assert "\x1b" not in shown.output
    assert "1 of 1" in shown.output
    found = json.loads(told.stdout)
    assert found["verdict"] == "missing"
    assert found["exit_code"] == 13
    assert found["platforms"]["thor"] is None
    assert found["platforms"]["sprout"] == SOUND
    assert list(found["missing"]) == ["thor"]


def test_the_status_of_sound_platforms_is_shown(folder: Path) -> None:
    with served(saying(SOUND | {"later": "\x1b"})) as sound:
        point(folder, thor=sound)
        shown, told = web4(folder, "status"), web4(folder, "status", "--json")
    assert shown.exit_code == told.exit_code == 0
    found = json.loads(told.stdout)
    assert found == {
        "verdict": "holds",
        "exit_code": 0,
        "platforms": {"thor": SOUND},
        "missing": {},
    }


def test_what_is_checked_of_a_status_is_what_is_described() -> None:
    schema = json.loads(DESCRIPTION)["components"]["schemas"]["Status"]
    assert list(SOUND) == schema["required"] == list(schema["properties"])
    for name in SOUND:
        assert amiss_in_status({each: SOUND[each] for each in SOUND if each != name})


def test_nothing_that_a_platform_says_steers_the_terminal(folder: Path) -> None:
    said = {"message": "\x1b[2J\x9bgone\u202e", "code": "[/red]", "do": "\ud800" + "x" * 9000}
    refusal = answering(json.dumps({"error": said}).encode(), 404)
    with served(refusal) as place:
        point(folder, thor=place)
        shown = web4(folder, "account", "show", "alice@thor", "--via", "thor")
        with pytest.raises(Denied) as caught:
            client_of(folder, place).fate(bytes(32))
    assert shown.exit_code == 1
    assert plain(str(caught.value)) == str(caught.value)
    assert "gone" in str(caught.value)


@pytest.mark.parametrize("answer", [{"transactions": 5}, {"transactions": [3]}, {}])
def test_an_odd_answer_to_a_submission_is_an_error(folder: Path, answer: Any) -> None:
    with served(saying(answer)) as place, pytest.raises(Nonsense):
        client_of(folder, place).submit()


# --- slow, and elsewhere -----------------------------------------------------------------------


def test_after_a_slow_platform_the_next_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client._get, "__defaults__", (0.5,))

    def healthy(handler: BaseHTTPRequestHandler) -> None:
        is_health = handler.path == "/v1/health"
        saying({"status": "ok"} if is_health else {"proof": None})(handler)

    with served(drip) as slow, served(healthy) as quick:
        point(folder, thor=slow, sprout=quick)
        shown = web4(folder, "account", "show", "alice@thor", "--json")
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["available"] == "1"


def test_a_redirect_is_not_followed(folder: Path) -> None:
    with (
        served(saying(SOUND)) as target,
        served(answering(b"", 302, Location=target)) as place,
        pytest.raises(ClientError, match="302"),
    ):
        client_of(folder, place).status()


# --- payments of which nobody knows ------------------------------------------------------------


def pays_into_the_void(handler: BaseHTTPRequestHandler) -> None:
    """Take everything, decide nothing."""
    if handler.path == "/v1/health":
        saying({"status": "ok"})(handler)
    elif handler.path.startswith("/v1/accounts"):
        saying({"proof": None})(handler)
    elif handler.command == "POST":
        saying({"transactions": [{"status": "pending"}]})(handler)
    else:
        seen = "wait_ms" in handler.path
        saying({"status": "pending" if seen else "unknown"})(handler)


def test_after_a_time_out_the_id_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web4cli.ledger.COMMIT_TIMEOUT_S", 0.2)
    with served(pays_into_the_void) as place:
        point(folder, thor=place)
        done = web4(folder, "transfer", "send", "alice@thor", "carol@thor", "1")
    assert done.exit_code == 3, done.output
    identity = done.stderr.split()[0]
    assert len(bytes.fromhex(identity)) == 32
    assert f"{identity} is handed in" in done.stderr
    assert f"web4 transfer show {identity}" in done.stderr.splitlines()[-1]
    assert "may still be committed" in done.stderr


def test_a_submission_that_breaks_off_may_have_been_taken(folder: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "POST":
            handler.wfile.write(b"HTTP/1.1 503 oh\r\nContent-Length: 0\r\n\r\n")
        else:
            pays_into_the_void(handler)

    with served(behaviour) as place:
        point(folder, thor=place)
        done = web4(folder, "transfer", "send", "alice@thor", "carol@thor", "1")
    assert done.exit_code == 3, done.output
    assert "may have been handed in" in done.stderr


def test_the_same_payment_is_not_handed_in_twice(folder: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/v1/transactions/"):
            saying({"status": "pending"})(handler)
        else:
            pays_into_the_void(handler)

    with served(behaviour) as place:
        point(folder, thor=place)
        done = web4(folder, "transfer", "send", "alice@thor", "carol@thor", "1")
    assert done.exit_code == 3, done.output
    assert "was handed in before" in done.stderr


def test_a_wallet_in_use_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web4adapters.client.wallet.WALLET_WAIT_S", 0.2)
    point(folder, thor="http://127.0.0.1:1")
    wallet = folder / "wallets" / "alice@thor.key"
    with held(wallet):
        done = web4(folder, "transfer", "send", "alice@thor", "carol@thor", "1")
    assert done.exit_code == 1
    assert "another payment has used it" in str(done.exception)


@pytest.mark.parametrize(
    ("status", "code"), [("pending", 3), ("unknown", 3), ("refused", 1), ("nonsense", 1)]
)
def test_the_fate_of_a_transaction_is_shown(folder: Path, status: str, code: int) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        is_health = handler.path == "/v1/health"
        fate = {"status": status, "code": "xfer-balance", "meaning": "not enough"}
        saying({"status": "ok"} if is_health else fate)(handler)

    with served(behaviour) as place:
        point(folder, thor=place)
        done = web4(folder, "transfer", "show", "00" * 32, "--json")
    assert done.exit_code == code, done.output
    told = json.loads(done.stdout)
    assert told.get("status") == (None if status == "nonsense" else status)
    assert told.get("verdict") == ("error" if status == "nonsense" else None)


def test_the_platform_that_knows_most_is_believed(folder: Path) -> None:
    def knows(status: str) -> Behaviour:
        def behaviour(handler: BaseHTTPRequestHandler) -> None:
            is_health = handler.path == "/v1/health"
            saying({"status": "ok" if is_health else status})(handler)

        return behaviour

    with served(knows("unknown")) as first, served(knows("pending")) as second:
        point(folder, thor=first, sprout=second)
        done = web4(folder, "transfer", "show", "00" * 32, "--json")
    assert json.loads(done.stdout)["status"] == "pending"


# --- account open ------------------------------------------------------------------------------


def opening(answer: Behaviour) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        (answer if handler.command == "POST" else pays_into_the_void)(handler)

    return behaviour


REFUSED = saying({"transactions": [{"status": "refused", "code": "open-exists", "meaning": "x"}]})


@pytest.mark.parametrize("answer", [REFUSED, answering(b"{}", 400)])
def test_a_refused_opening_leaves_no_key(folder: Path, answer: Behaviour) -> None:
    with served(opening(answer)) as place:
        point(folder, thor=place)
        done = web4(folder, "account", "open", "dave@thor")
    assert done.exit_code == 1
    assert "removed the new key" in done.stderr
    assert not (folder / "wallets" / "dave@thor.key").exists()


def test_a_refused_opening_keeps_a_key_that_lay_there(folder: Path) -> None:
    with served(opening(REFUSED)) as place:
        point(folder, thor=place)
        assert web4(folder, "account", "open", "alice@thor").exit_code == 1
    assert (folder / "wallets" / "alice@thor.key").exists()


def test_an_opening_of_which_nobody_knows_keeps_its_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web4cli.ledger.COMMIT_TIMEOUT_S", 0.1)
    with served(pays_into_the_void) as place:
        point(folder, thor=place)
        assert web4(folder, "account", "open", "dave@thor").exit_code == 3
    assert (folder / "wallets" / "dave@thor.key").exists()


# --- usage -------------------------------------------------------------------------------------

SEND = ("transfer", "send", "alice@thor", "carol@thor")
LOCK = ("transfer", "lock", "alice@thor", "bob@sprout")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*SEND, "1", "--via", "nowhere"), "there is no nowhere"),
        (("account", "show", "alice@thor", "--via", "nowhere"), "there is no nowhere"),
        ((*LOCK, "-5"), "-5 is negative"),
        ((*LOCK, "--", "-5"), "-5 is negative"),
        ((*SEND, "99999999999999999999"), "more than any ledger holds"),
        ((*LOCK, "1", "--expires", "\uff11\uff10m"), "write a number and ms"),
        (("transfer", "rollback", "00" * 32, "--reason", "x" * 121), "at most 120 characters"),
        (("transfer", "rollback", "00" * 32, "--reason", "a\nb"), "one line"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = web4(folder, *arguments)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("verify",),
        ("export",),
        ("transfer",),
        ("transfer", "send"),
        ("transfer", "lock"),
        ("transfer", "commit"),
        ("transfer", "rollback"),
        ("transfer", "show"),
        ("account",),
        ("account", "show"),
        ("account", "open"),
    ],
)
def test_the_help_names_the_exit_codes(command: tuple[str, ...]) -> None:
    assert "Exit codes: 0" in CliRunner().invoke(commands, [*command, "--help"]).output


# --- files -------------------------------------------------------------------------------------


def export_of(folder: Path) -> Path:
    """The chain of a federation in which nothing has happened."""
    with served(saying({"blocks": []})) as place:
        point(folder, thor=place)
        exported = folder / "chain"
        assert web4(folder, "export", str(exported), "--via", "thor").exit_code == 0
    return exported


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def test_verify_says_whose_chain_it_is(folder: Path) -> None:
    exported = export_of(folder)
    told = json.loads(run("verify", str(exported), "--json").stdout)
    assert told["verdict"] == "holds"
    assert told["exit_code"] == 0
    assert told["platforms"] == ["thor", "sprout"]
    shown = run("verify", str(exported)).stdout
    assert told["chain_id"] in shown
    assert "thor, sprout" in shown
    assert "compare the chain id" in shown
    named = run("verify", str(exported), "--chain-id", told["chain_id"])
    assert named.exit_code == 0
    assert "compare the chain id" not in named.stdout


def test_verify_refuses_another_chain(folder: Path) -> None:
    exported = export_of(folder)
    shown = run("verify", str(exported), "--chain-id", "ab" * 32)
    told = run("verify", str(exported), "--chain-id", "ab" * 32, "--json")
    assert shown.exit_code == told.exit_code == 12
    assert "FAILS" in shown.stdout
    found = json.loads(told.stdout)
    assert (found["verdict"], found["exit_code"]) == ("fails", 12)
    assert "ab" * 32 in found["error"]
    of_folder = run("verify", str(folder / "thor"), "--chain-id", "ab" * 32)
    assert of_folder.exit_code == 12


def failed_as_json(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "web4cli", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("web4: ")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_failure_is_told_to_machines_too(folder: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff\x00")
    for arguments in (
        ("verify", str(junk)),
        ("audit", str(tmp_path / "federation" / "wallets")),
        ("status", "--federation", str(tmp_path / "none")),
    ):
        found = failed_as_json(*arguments)
        assert (found["verdict"], found["exit_code"]) == ("error", 1)
        assert found["error"]


def test_verify_of_a_federation_asks_for_one_platform(folder: Path) -> None:
    done = run("verify", str(folder))
    assert done.exit_code == 1
    assert "name one platform's folder: sprout, thor" in str(done.exception)


@pytest.mark.parametrize("content", [b"[" * 100_000, bytes(range(256)), b"\xff" * 5_000, b"{}"])
def test_replay_says_in_a_line_what_is_no_trace(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "trace"
    file.write_bytes(content)
    done = run("replay", str(file))
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert len(done.stderr.splitlines()) == 1
    assert len(done.stderr) < 600
    assert "is no trace of web4" in done.stderr


def test_the_deadline_of_an_export_is_longer() -> None:
    assert client.EXPORT_TIMEOUT_S > client.TIMEOUT_S
