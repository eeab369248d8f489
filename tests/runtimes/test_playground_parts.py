"""What the playground is made of, without a browser: its driver, its traces, its server."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.runtimes.member import CRYPTO, sign
from web4cli.playground import INSTALL, PYODIDE_VERSION, playground
from web4core.types import PublicKey, Signature
from web4lab.playground import server
from web4lab.playground.bundle import bundle
from web4lab.playground.fixtures import Crypto
from web4lab.playground.page import Page
from web4lab.playground.trace import trace_as_json
from web4proofs.explore import Bounds, Subject, itf, replay
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.execution import Healed, Play
from web4proofs.explore.subject import Stage

EXAMPLE = server.HERE / "fork.itf.json"
FORGOTTEN = server.HERE / "lock.itf.json"
FORKED = 12


async def _public(private: str) -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    return key.public_key().public_bytes_raw().hex()


async def _sign(private: str, message: str) -> str:
    return sign(bytes.fromhex(private), bytes.fromhex(message)).hex()


async def _verify(*claim: str) -> bool:
    key, message, signature = map(bytes.fromhex, claim)
    return CRYPTO.verify(PublicKey(key), message, Signature(signature))


def played(*deeds: tuple[Any, ...]) -> dict[str, Any]:
    """What the page is told after these calls; `("rounds",)` delivers until nothing flies."""

    async def play() -> str:
        page = Page(Crypto(_public, _sign, _verify))
        told = await page.reset()
        for name, *given in deeds:
            if name != "rounds":
                told = await getattr(page, name)(*given)
                continue
            while flights := json.loads(told)["flights"]:
                for flight in flights:
                    told = await page.deliver(flight["id"])
        return told

    told: dict[str, Any] = json.loads(asyncio.run(play()))
    return told


def test_it_begins_at_rest() -> None:
    told = played()
    assert told["resting"]
    assert told["rows"] == told["flights"] == []


def test_a_payment_is_decided_everywhere() -> None:
    told = played(("hand_in", "pay", 0), ("rounds",))
    tips = {(each["tip"]["height"], each["tip"]["block"]) for each in told["platforms"]}
    assert len(tips) == 1
    for platform in told["platforms"]:
        assert [each["available"] for each in platform["balances"]] == ["995", "5", "500"]
    assert told["resting"]


def test_two_transactions_of_one_account_may_wait_together() -> None:
    told = played(("hand_in", "pay", 0), ("hand_in", "pay", 0), ("rounds",))
    assert told["platforms"][2]["balances"][1]["available"] == "10"


def test_what_alice_lacks_is_refused_and_told() -> None:
    told = played(("hand_in", "too-much", 0))
    assert "refuses: insufficient-funds" in told["rows"][-1]["text"]


@pytest.mark.parametrize(
    ("settle", "phase", "balances"),
    [
        ("commit", "committed", [("980", ""), ("0", ""), ("520", "")]),
        ("rollback", "back", [("1000", ""), ("0", ""), ("500", "")]),
    ],
)
def test_a_lock_ends_in_one_of_two_ways(
    settle: str, phase: str, balances: list[tuple[str, str]]
) -> None:
    locked = played(("hand_in", "lock", 0), ("rounds",))
    assert locked["platforms"][3]["balances"][0] == {
        "account": "alice@thor",
        "available": "980",
        "locked": "20",
    }
    told = played(("hand_in", "lock", 0), ("rounds",), ("hand_in", settle, 1), ("rounds",))
    assert told["lock"] == phase
    found = [(each["available"], each["locked"]) for each in told["platforms"][3]["balances"]]
    assert found == balances


def test_a_platform_that_was_down_fetches_what_it_missed() -> None:
    told = played(
        ("crash", 3),
        ("hand_in", "pay", 0),
        ("rounds",),
        ("restart", 3),
        ("rounds",),
    )
    assert told["platforms"][3]["tip"] == told["platforms"][0]["tip"] is not None
    assert any(row["kind"] == "BLOCK" for row in told["rows"])


def test_the_python_of_the_page_is_the_installed_one() -> None:
    names = zipfile.ZipFile(BytesIO(bundle())).namelist()
    assert {"web4core/__init__.py", "attr/__init__.py"} <= set(names)
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(("web4proofs", "web4adapters/runtime"))]


# --- traces ---------------------------------------------------------------------------------------


def test_the_example_still_forks_when_it_is_run_again() -> None:
    assert replay(EXAMPLE).exit_code == FORKED


def test_the_shipped_rules_keep_the_lock_that_the_other_example_forgets() -> None:
    again = replay(FORGOTTEN)
    assert (again.exit_code, again.expected) == (0, FORKED)


def test_a_lock_that_is_given_up_is_told() -> None:
    told = json.loads(trace_as_json(FORGOTTEN.read_text(encoding="utf-8")))
    assert told["steps"][-2]["notes"] == []
    assert told["steps"][-1]["notes"] == [
        {"at": 0, "tone": "view", "text": "enters view 1"},
        {"at": 0, "tone": "alarm", "text": "gives up its lock"},
    ]


def test_the_example_is_told_step_by_step() -> None:
    told = json.loads(trace_as_json(EXAMPLE.read_text(encoding="utf-8")))
    assert told["byzantine"] == [0, 1]
    assert [step["notes"] for step in told["steps"]] == [
        [],
        [{"at": 2, "tone": "said", "text": "signs PREPARE for A"}],
        [{"at": 3, "tone": "said", "text": "signs PREPARE for B"}],
    ]
    assert "platform 2 hears PRE-PREPARE for block A" in told["steps"][1]["text"]
    assert told["breaks"]["clause"] == "C-CERT-1"


def test_a_trace_in_which_messages_flow_shows_who_decides() -> None:
    stage = Stage(Bounds(1, 2, 4, 1), frozenset({0}))
    text = itf.written(Play(Subject(), stage), (Healed(Parting.NOTHING),), "flowing")
    [_, flowing] = json.loads(trace_as_json(text))["steps"]
    assert "messages flow" in flowing["text"]
    decided = [note["at"] for note in flowing["notes"] if note["text"].startswith("decides ")]
    assert decided == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "[]", '{"states": []}', '{"#meta": {"web4": {"kind": 1}}}'])
def test_another_file_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="no counterexample"):
        trace_as_json(text)


def test_a_damaged_trace_is_refused_in_words() -> None:
    trace = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    trace["states"][1]["happened"]["value"]["message"] = "ff"
    with pytest.raises(ValueError, match="The trace cannot be read"):
        trace_as_json(json.dumps(trace))


# --- the server -----------------------------------------------------------------------------------


@pytest.fixture
def pretended(tmp_path: Path) -> Path:
    """A folder with the names of the npm package, and a file that nobody asked to serve."""
    for name in (*server.PYODIDE, "secret.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def address(pretended: Path) -> Iterator[str]:
    with server.server(pretended) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join()


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_every_file_of_the_page_is_served(address: str) -> None:
    names = ["", *server.PAGE, "python.zip", *(f"pyodide/{each}" for each in server.PYODIDE)]
    assert {name: status_of(f"{address}/{name}") for name in names} == dict.fromkeys(names, 200)


@pytest.mark.parametrize(
    "path", ["server.py", "pyodide/secret.txt", "../cli/commands.py", "pyodide/../secret.txt", "x"]
)
def test_nothing_else_is_served(address: str, path: str) -> None:
    assert status_of(f"{address}/{path}") == 404


def test_every_file_of_the_page_is_listed() -> None:
    found = {path.name for path in server.HERE.iterdir() if path.suffix not in (".py", "")}
    assert found == set(server.PAGE)


def test_a_folder_without_pyodide_is_told_in_a_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(playground, ["--pyodide", str(tmp_path)])
    assert done.exit_code == 1
    assert "lacks pyodide.mjs" in done.output
    assert INSTALL in done.output


def test_the_command_names_the_version_that_is_tested() -> None:
    package = Path(__file__).parent / "wasm" / "package.json"
    pinned = json.loads(package.read_text(encoding="utf-8"))["dependencies"]["pyodide"]
    assert pinned == PYODIDE_VERSION
    assert playground.help is not None
    assert INSTALL in playground.help
