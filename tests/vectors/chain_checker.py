"""Blocks as they follow from one another, judged clause by clause as `spec/ledger.md` says.

One block after the other, from the genesis on, in the order of "Verifying a chain"; the first
clause that does not hold is raised.
"""

from __future__ import annotations

from attrs import frozen

from tests.vectors.fixtures import verify
from tests.vectors.form import Refused
from web4core import invariants
from web4core.application import Refusal
from web4core.chain import Block, Genesis, genesis_block
from web4core.gate import Gate
from web4core.ledger.application import Ledger
from web4core.ledger.state import LedgerState
from web4core.messages import Decided


@frozen
class Place:
    """How far a chain has been followed: its last block, and the state after it."""

    tip: Block
    state: LedgerState


def beginning(genesis: Genesis) -> Place:
    """Block 0 and the first state."""
    ledger = Ledger.of(genesis)
    state = ledger.initial(genesis.content)
    return Place(genesis_block(genesis, ledger.root(state)), state)


def after(genesis: Genesis, place: Place, block: Block) -> Place:
    """The place after a block that follows, or `Refused` with the clause that it breaks."""
    header, tip = block.header, place.tip
    if header.chain_id != tip.header.chain_id or header.height != tip.header.height + 1:
        raise Refused("C-VALID-1")
    if header.parent != tip.digest:
        raise Refused("C-VALID-1")
    if header.time_ms <= tip.header.time_ms:
        raise Refused("C-VALID-2")
    applied = Ledger.of(genesis).apply(place.state, block.payload, header.time_ms)
    if isinstance(applied, Refusal):
        raise Refused("L-BLOCK-1", str(applied.code))
    if applied.root != header.state_root:
        raise Refused("I-ROOT-1")
    for clause, holds in invariants.LEDGER_INVARIANTS.items():
        if holds(applied.state) is not None:
            raise Refused(clause)
    return Place(block, applied.state)


def follow(genesis: Genesis, decided: list[bytes]) -> list[Place]:
    """The places along a chain of encoded decided blocks, the genesis first."""
    gate = Gate.of(genesis, Ledger.of(genesis))
    places = [beginning(genesis)]
    for data in decided:
        message = gate.open(data, verify)
        if not isinstance(message, Decided):
            raise Refused("W-MSG-8")
        places.append(after(genesis, places[-1], message.block))
    return places
