"""Why heights can be explored one after another: checked on what was explored.

Together with what `search` goes through it shows that nothing at a height depends on what was said
below, but for the block that was decided there.
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
    """What speaks against exploring heights apart; None if nothing does."""
    return next(
        (
            Broken(CITED, found)
            for check in (_borrowed_words, _old_words, _memories)
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


def _borrowed_words(table: Table) -> Iterator[str]:
    """A message that passes the gate on the strength of statements of another height."""
    offers: Offers = table.arena.offers
    for offer in offers.each:
        for needs, _ in offer.ways:
            for statement in offers.statements.of(needs):
                if statement.height != _height(offer.message):
                    yield f"{_shown(offer.message)} rests on a statement of {statement.height}"


def _old_words(table: Table) -> Iterator[str]:
    """A move of a platform that takes a message of a height below its own."""
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


def _memories(table: Table) -> Iterator[str]:
    """A platform that begins a height otherwise than one that did nothing at the height before."""
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
