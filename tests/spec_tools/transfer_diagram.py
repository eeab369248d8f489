"""The phases of a transfer across platforms, recorded by running the ledger's own rules.

Every action that concerns a transfer is tried in every phase, by each kind of signer, before and
from the expiry on; what the rules answer is the diagram.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from web4core.chain import Genesis, Platform
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.overlay import Overlay
from web4core.ledger.state import Address, LedgerState, Phase
from web4core.ledger.transactions import (
    Body,
    Transaction,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
)
from web4core.types import Nonce, PublicKey, Signature, TimeMs

THOR, SPROUT, OWNER, STRANGER = (bytes([each]) * 32 for each in range(1, 5))
SOURCE, DESTINATION = (
    Address(platform="thor", agent="alice"),
    Address(platform="sprout", agent="bob"),
)
EXPIRY_MS = TimeMs(1000)
TIMES = {"before the expiry": EXPIRY_MS - 1, "from the expiry on": EXPIRY_MS}
NOTHING = "none"
_GENESIS = Genesis(
    "example",
    TimeMs(0),
    (Platform("thor", PublicKey(THOR)), Platform("sprout", PublicKey(SPROUT))),
    genesis_content(
        [
            GenesisAccount(SOURCE, PublicKey(OWNER), 10),
            GenesisAccount(DESTINATION, PublicKey(OWNER), 0),
        ]
    ),
)
_LEDGER = Ledger.of(_GENESIS)


@frozen
class Move:
    """One action in one phase: what is done, by whom, when, and what came of it."""

    phase: str
    action: str
    signer: str
    when: str
    outcome: str
    refused: bool


def _signed(body: Body, key: PublicKey) -> Transaction:
    """Rules never look at signatures, only at the keys whose signatures verified."""
    return assemble(body, (key,), (Signature(bytes(64)),))


_LOCK = _signed(
    TransferLock(
        chain_id=_LEDGER.chain_id,
        source=SOURCE,
        destination=DESTINATION,
        amount_uatp=4,
        nonce=Nonce(0),
        expiry_ms=EXPIRY_MS,
    ),
    PublicKey(OWNER),
)
_COMMIT = TransferCommit(_LEDGER.chain_id, _LOCK.id)
_ROLLBACK = TransferRollback(_LEDGER.chain_id, _LOCK.id, "")
_SIGNERS = {
    "the destination's platform": SPROUT,
    "the source's platform": THOR,
    "anyone else": STRANGER,
}


def _actions() -> Iterator[tuple[str, str, Transaction]]:
    yield "TransferLock", "the source's owner", _LOCK
    yield "TransferLock", "anyone else", _signed(_LOCK.body, PublicKey(STRANGER))
    for signer, key in _SIGNERS.items():
        yield "TransferCommit", signer, _signed(_COMMIT, PublicKey(key))
    for signer, key in _SIGNERS.items():
        yield "TransferRollback", signer, _signed(_ROLLBACK, PublicKey(key))


def _phase(overlay: Overlay) -> str:
    found = overlay.transfer(_LOCK.id)
    return NOTHING if found is None else found.phase.name.lower().replace("_", " ")


def _reached() -> dict[str, LedgerState]:
    """A state for every phase, found by following what is accepted."""
    states = {NOTHING: _LEDGER.initial(_GENESIS.content)}
    waiting = [NOTHING]
    while waiting:
        state = states[waiting.pop(0)]
        for _, _, transaction in _actions():
            for time_ms in TIMES.values():
                overlay = Overlay(state, _LEDGER.platform_keys)
                if (
                    overlay.apply(transaction, TimeMs(time_ms)) is None
                    and _phase(overlay) not in states
                ):
                    states[_phase(overlay)] = overlay.settle()[0]
                    waiting.append(_phase(overlay))
    return states


def moves() -> tuple[Move, ...]:
    """Every action in every phase that can be reached."""
    found: list[Move] = []
    for phase, state in _reached().items():
        for action, signer, transaction in _actions():
            for when, time_ms in TIMES.items():
                overlay = Overlay(state, _LEDGER.platform_keys)
                code = overlay.apply(transaction, TimeMs(time_ms))
                outcome = _phase(overlay) if code is None else code.value
                found.append(Move(phase, action, signer, when, outcome, code is not None))
    return tuple(found)


def page() -> str:
    """The page `diagrams/transfer.md`."""
    accepted: dict[tuple[str, str], list[Move]] = {}
    for move in moves():
        if not move.refused:
            accepted.setdefault((move.phase, move.outcome), []).append(move)
    lines = ["```mermaid", "stateDiagram-v2"]
    for (phase, outcome), several in accepted.items():
        source = "[*]" if phase == NOTHING else _node(phase)
        labels = dict.fromkeys(_label(move, several) for move in several)
        lines += [f"    {source} --> {_node(outcome)}: {label}" for label in labels]
    lines += [f"    {_node(each.name.lower())} --> [*]" for each in Phase if each > Phase.LOCKED]
    lines += ["```", "", _HEADING, *_refusals()]
    return "\n".join([_TITLE, *lines])


def _label(move: Move, several: list[Move]) -> str:
    always = {each.when for each in several if each.signer == move.signer} == set(TIMES)
    when = "" if always else f", {move.when}"
    return f"{move.action} by {move.signer}{when}"


def _node(phase: str) -> str:
    return phase.replace(" ", "_")


def _refusals() -> Iterator[str]:
    times: dict[tuple[str, str, str, str], list[str]] = {}
    for move in moves():
        if move.refused:
            what = (move.phase, move.action, move.signer, move.outcome)
            times.setdefault(what, []).append(move.when)
    for (phase, action, signer, code), when in times.items():
        time = "any" if set(when) == set(TIMES) else when[0]
        yield f"| {phase} | {action} | {signer} | {time} | `{code}` |"


_TITLE = """# A transfer across platforms

Recorded by trying each action in each phase with the rules of the ledger; written by
`python3 -m tests.spec_tools`.
Clauses: L-LOCK-1 to L-LOCK-9, L-COMMIT-1 to L-COMMIT-5, L-BACK-1 to L-BACK-4.
"""
_HEADING = """## What is refused

| phase | action | signed by | block time | code |
|---|---|---|---|---|"""
