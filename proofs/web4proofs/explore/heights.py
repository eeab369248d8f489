"""Checks that heights may be explored one after another.

Together with the search they show that nothing at a height depends on statements of lower heights,
except for the block that was decided there.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from web4core.consensus.state import begin, no_slots
from web4core.effects import Sign
from web4core.events import Received
from web4core.messages import BINDING, Decided, Draft, Message, Proposal, Status, ViewChange, Vote
from web4core.replica import State
from web4proofs.explore.blocks import CLOCKS, clock_ms
from web4proofs.explore.canonical import canonical
from web4proofs.explore.message_set import Offers
from web4proofs.explore.moves import Table
from web4proofs.explore.oracle import Broken

CITED = "heights"


def entangled(table: Table) -> Broken | None:
    """Return a reason against exploring heights apart; None if there is none."""
    return next(
        (
            Broken(CITED, found)
            for check in (_foreign_statements, _late_messages, _leftovers)
            for found in check(table)
        ),
        None,
    )


def _height(message: Message) -> int:
    match message:
        case Vote() | Proposal() | ViewChange() | Status():
            return message.statement.height
        case Decided(block=block):
            return block.header.height
        case _:
            return 0


def _foreign_statements(table: Table) -> Iterator[str]:
    """Yield messages that the gate accepts because of statements of another height."""
    offers: Offers = table.arena.offers
    for offer in offers.each:
        for needs, _ in offer.ways:
            for statement in offers.statements.of(needs):
                if statement.height != _height(offer.message):
                    yield f"{_shown(offer.message)} rests on a statement of {statement.height}"


def _late_messages(table: Table) -> Iterator[str]:
    """Yield moves in which a platform acts on a message of a height below its own."""
    offers = {offer.bit: offer for offer in table.arena.offers.all}
    for index, move in table.all_moves():
        height = table.state(index).height
        needs = move.needs
        while needs:
            bit = needs & -needs
            needs ^= bit
            if _height(offers[bit].message) < height:
                message = offers[bit].message
                yield f"{_shown(message)} moves a platform at height {height}"


def _leftovers(table: Table) -> Iterator[str]:
    """Yield platforms whose earlier acts show at the start of the next height."""
    heights = table.arena.bounds.heights
    for index in range(len(table)):
        state = table.state(index)
        if state.height != heights:
            continue
        idle = evolve(
            state,
            agreement=begin(state.config.n, state.config.me, heights, no_slots(state.config.n)),
        )
        for known in table.arena.offers.blocks.at(heights):
            if known.valid and known.parent == state.tip.digest:
                decided = table.arena.offers.decided(known.block.digest)
                for clock in CLOCKS:
                    if _begun(table, state, decided, clock) != _begun(table, idle, decided, clock):
                        yield f"platform {state.config.me} takes something along from {heights}"


def _begun(
    table: Table, state: State, decided: Message, clock: int
) -> tuple[State, tuple[Draft, ...]]:
    heights = table.arena.bounds.heights
    event = Received(decided, clock_ms(heights + 1, clock))
    transition = table.arena.subject.step(state, event)
    drafts = tuple(
        effect.draft
        for effect in transition.effects
        if isinstance(effect, Sign) and effect.draft.statement.kind in BINDING
    )
    return canonical(transition.state, heights + 1), drafts


def _shown(message: Message) -> str:
    return f"a {type(message).__name__} of height {_height(message)}"
