"""The types of the public interface tell apart what must not be taken for one another.

mypy reads small programs: a right one, and the same with two things swapped.
Each swap must be an error, in the line that makes it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).resolve().parents[2]

RIGHT = """\
from collections.abc import Callable
from typing import Any

from web4core import (
    Address, Application, ChainId, Digest, Draft, Gate, Genesis, Header, Kind, Ledger, Message,
    Nonce, Platform, PublicKey, Received, Send, Signature, SignatureCheck, StateRoot, Statement,
    TimeMs, Timer, TimerKind, TransactionId, Transfer, TransferCommit, TransferLock, View, Vote,
    VoteDraft, assemble, signing_bytes, start, with_signature, Settings,
)


def right(
    chain: ChainId, transfer: TransactionId, digest: Digest, root: StateRoot, key: PublicKey,
    signature: Signature, nonce: Nonce, expiry_ms: TimeMs, view: View, height: int,
    alice: Address, genesis: Genesis, draft: Draft, gate: Gate, data: bytes, name: str,
) -> None:
    bob = Address(platform=name, agent="bob")
    lock = TransferLock(
        chain_id=chain, source=alice, destination=bob, amount_uatp=1, nonce=nonce,
        expiry_ms=expiry_ms,
    )
    assemble(lock, (key,), (signature,))
    TransferCommit(chain, transfer)
    statement = Statement(Kind.PREPARE, height, view, digest, 0)
    Timer(TimerKind.VIEW, height, view)
    Header(chain, height, digest, expiry_ms, digest, root)
    SignatureCheck(key, signing_bytes(chain, statement), signature)
    message = with_signature(draft, signature)
    Send(message, (1,))
    Received(message, 1)
    gate.encode(message)
    start(genesis, name, Settings(), Ledger.of)
    application: Application[int, int, Any] = counting()
    state: int = application.initial(data)
    application.pending(application.empty_pool())
    application.root(state)


def counting() -> Application[int, int, Any]:
    raise NotImplementedError
"""

SWAPS = {
    "nonce and expiry": (
        "nonce=nonce,\n        expiry_ms=expiry_ms,",
        "nonce=expiry_ms,\n        expiry_ms=nonce,",
    ),
    "source and destination, by place": (
        (
            "chain_id=chain, source=alice, destination=bob, amount_uatp=1, nonce=nonce,\n"
            "        expiry_ms=expiry_ms,"
        ),
        "chain, bob, alice, 1, nonce, expiry_ms,",
    ),
    "agent and platform": ('Address(platform=name, agent="bob")', 'Address("bob", name)'),
    "chain and transfer": ("TransferCommit(chain, transfer)", "TransferCommit(transfer, chain)"),
    "keys and signatures": ("(lock, (key,), (signature,))", "(lock, (signature,), (key,))"),
    "height and view of a statement": (
        "Statement(Kind.PREPARE, height, view, digest, 0)",
        "Statement(Kind.PREPARE, view, height, digest, 0)",
    ),
    "height and view of a timer": (
        "Timer(TimerKind.VIEW, height, view)",
        "Timer(TimerKind.VIEW, view, height)",
    ),
    "payload root and state root": (
        "Header(chain, height, digest, expiry_ms, digest, root)",
        "Header(chain, height, digest, expiry_ms, root, digest)",
    ),
    "parent and chain": (
        "Header(chain, height, digest, expiry_ms, digest, root)",
        "Header(digest, height, chain, expiry_ms, digest, root)",
    ),
    "key and signature": (
        "SignatureCheck(key, signing_bytes(chain, statement), signature)",
        "SignatureCheck(signature, signing_bytes(chain, statement), key)",
    ),
    "signed bytes of a digest for a chain": (
        "signing_bytes(chain, statement)",
        "signing_bytes(digest, statement)",
    ),
    "a draft that is sent": ("Send(message, (1,))", "Send(draft, (1,))"),
    "a draft that is received": ("Received(message, 1)", "Received(draft, 1)"),
    "a draft that is encoded": ("gate.encode(message)", "gate.encode(draft)"),
    "a message that is signed again": (
        "with_signature(draft, signature)",
        "with_signature(Vote(statement, signature), signature)",
    ),
    "an application in place of what builds one": (
        "start(genesis, name, Settings(), Ledger.of)",
        "start(genesis, name, Settings(), Ledger.of(genesis))",
    ),
    "a state of another application": (
        "application.root(state)",
        'application.root("another state")',
    ),
}


def with_swap(name: str) -> tuple[str, int]:
    """The program with one swap, and the number of the first line that the swap changes."""
    right, wrong = SWAPS[name]
    assert RIGHT.count(right) == 1, f"{name}: the right program has this once"
    line = RIGHT[: RIGHT.index(right)].count("\n") + 1
    return RIGHT.replace(right, wrong), line


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """For each program, by name, the lines in which mypy finds an error."""
    folder = tmp_path_factory.mktemp("typing")
    programs = {"right": RIGHT} | {name: with_swap(name)[0] for name in SWAPS}
    paths: dict[str, str] = {}
    for number, (name, text) in enumerate(programs.items()):
        path = folder / f"program{number}.py"
        path.write_text(text)
        paths[path.name] = name
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = True\nmypy_path = {ROOT}\n")
    options = ["--config-file", str(config), "--cache-dir", str(folder / "cache")]
    told, complaints, _ = api.run([*options, *(str(folder / each) for each in paths)])
    assert complaints == ""
    found: dict[str, list[int]] = {name: [] for name in programs}
    for line in told.splitlines():
        place = re.match(r"(?:.*/)?(\w+\.py):(\d+): error: ", line)
        if place is not None:
            assert place.group(1) in paths, line
            found[paths[place.group(1)]].append(int(place.group(2)))
    return found


def test_the_right_program_has_no_error(errors: dict[str, list[int]]) -> None:
    assert errors["right"] == []


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swap_is_an_error_in_its_line(errors: dict[str, list[int]], swap: str) -> None:
    _, line = with_swap(swap)
    found = errors[swap]
    assert found
    assert all(line - 2 <= each <= line + 2 for each in found), found
