"""Progress: from every place reached, all honest platforms come to a decision."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import define, field

from web4core.messages import BINDING, Kind, Message, Statement
from web4proofs.explore.after_gst import Parting, RunsAfterGst
from web4proofs.explore.search import TELL_EVERY, Federation, Place, Told


@define
class Outcome:
    """The duration of progress from the places of a search, after one parting."""

    parting: Parting
    places: dict[int, int] = field(factory=dict)
    """The number of places, by the rounds of view timers that they need."""
    stuck: list[int] = field(factory=list)
    """The nearest places from which no decision comes."""


HEARD: Final = {Parting.COMMITS: (Kind.COMMIT,), Parting.EVERYTHING: BINDING}
"""The kinds of statements that all have received, by parting."""

MAX_STUCK: Final = 100
"""The limit of stuck places; the search for further ones ends there."""


class Progress:
    """Runs from places of one federation."""

    def __init__(self, federation: Federation) -> None:
        arena = federation.arena
        self.federation = federation
        self.after_gst = RunsAfterGst(arena.subject, federation.stage, arena.offers.blocks)
        self._states: dict[int, int] = {}
        self._heard: dict[tuple[int, Parting], tuple[int, ...]] = {}

    def rounds(self, place: Place, parting: Parting) -> int | None:
        """Return the rounds of view timers from this place to a decision; None if it is stuck."""
        states = tuple(map(self._state, place))
        heard: tuple[int, ...] = ()
        if parting in HEARD:
            heard = tuple(
                itertools.chain.from_iterable(
                    self._not_said_again(index, parting) for index in place
                )
            )
        return self.after_gst.rounds(states, heard, parting)

    def _state(self, index: int) -> int:
        found = self._states.get(index)
        if found is None:
            state = self.federation.state(index)
            found = self._states[index] = self.after_gst.state(state)
        return found

    def _not_said_again(self, index: int, parting: Parting) -> tuple[int, ...]:
        """Return the messages of a platform that all received and that it will not repeat."""
        key = (index, parting)
        found = self._heard.get(key)
        if found is None:
            offers = self.federation.arena.offers
            messages = (offers.made(each) for each in self._left_behind(index, parting))
            found = self._heard[key] = tuple(map(self.after_gst.message, messages))
        return found

    def _left_behind(self, index: int, parting: Parting) -> Iterator[Statement]:
        """Yield a platform's latest statement of each kind, unless it still stands for it."""
        state = self.federation.state(index)
        statements = self.federation.arena.offers.statements
        latest: dict[tuple[int, Kind], Statement] = {}
        for statement in statements.of(self.federation.local(index).signed):
            key = (statement.height, statement.kind)
            if key not in latest or latest[key].view < statement.view:
                latest[key] = statement
        for statement in latest.values():
            current = (statement.height, statement.view) == (state.height, state.agreement.view)
            if statement.kind in HEARD[parting] and not current:
                yield statement

    def messages_left_behind(self, place: Place, parting: Parting) -> tuple[Message, ...]:
        """Return the messages that all have received before GST."""
        offers = self.federation.arena.offers
        return tuple(
            offers.made(statement)
            for index in place
            for statement in self._left_behind(index, parting)
        )

    def outcome(self, places: Sequence[Place], parting: Parting, told: Told) -> Outcome:
        """Run from all these places.

        Also tries the images of a place under renamings of platforms: beyond the last explored view
        these platforms propose, and are no longer interchangeable.
        """
        found = Outcome(parting)
        for at, place in enumerate(places):
            for image in (place, *self.federation.images_of_platforms(place)):
                rounds = self.rounds(image, parting)
                if rounds is None:
                    found.stuck.append(at)
                else:
                    found.places[rounds] = found.places.get(rounds, 0) + 1
            if len(found.stuck) >= MAX_STUCK:
                break
            if at % TELL_EVERY == 0:
                told(len(places), at)
        return found
