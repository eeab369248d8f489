"""Counterexamples: from a place where a property is broken to a run of the plain code to it.

The places on the way are canonical and perhaps renamed. So the run is reconstructed from the start,
move by move, with actual messages whose statements exist by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from web4core.events import Received
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.execution import Deed, Happened, Healed, Heard, Play, Refused
from web4proofs.explore.message_set import Bits, Offers
from web4proofs.explore.moves import Move
from web4proofs.explore.progress import HEARD, Progress
from web4proofs.explore.search import Federation, Place
from web4proofs.explore.stimuli import Hear, event_of


class Lost(Exception):
    """The plain code does not follow the search: it remembers something that the search forgot."""


def deeds_to(federation: Federation, chain: Sequence[Place]) -> tuple[Deed, ...]:
    """Return the deeds that lead along a chain of places. Raises `Lost`."""
    play = Play(federation.arena.subject, federation.stage)
    deeds: list[Deed] = []
    place = chain[0]
    for target in chain[1:]:
        sayable = federation.sayable(place)
        position, move, place = _move_to(federation, place, target)
        for deed in _along(
            federation.arena.offers, play, federation.honest[position], move, sayable
        ):
            deeds.append(deed)
            _do(play, deed)
    return tuple(deeds)


def stuck_after(progress: Progress, chain: Sequence[Place], parting: Parting) -> tuple[Deed, ...]:
    """Return the deeds along a chain of places after which no decision comes. Raises `Lost`."""
    federation = progress.federation
    deeds = deeds_to(federation, chain)
    if parting not in HEARD:
        return (*deeds, Healed(parting))
    play = Play(federation.arena.subject, federation.stage)
    for deed in deeds:
        _do(play, deed)
    offers, said = federation.arena.offers, federation.sayable(chain[-1])
    heard = []
    for message in progress.messages_left_behind(chain[-1], parting):
        offer = next(each for each in offers.each if each.message == message)
        shown = offers.shown(offer, said)
        if shown is not None:
            heard.append(play.gate.encode(shown))
    return (*deeds, Healed(parting, tuple(heard)))


def _do(play: Play, deed: Deed) -> None:
    try:
        play.do(deed)
    except Refused as error:
        raise Lost(str(error)) from None


def _move_to(federation: Federation, place: Place, target: Place) -> tuple[int, Move, Place]:
    for position, move, after in federation.moves(place):
        if federation.least(after) == target:
            return position, move, after
    raise Lost("no move leads to the next place")


def _along(offers: Offers, play: Play, platform: int, move: Move, sayable: Bits) -> Iterator[Deed]:
    """Yield the events of a move, given the state of the platform at each of them."""
    for cue in move.path:
        shown = offers.shown(cue.offer, sayable) if isinstance(cue, Hear) else None
        event = event_of(cue, play.states[platform], shown)
        if event is None:
            raise Lost(f"a timer of platform {platform} does not run")
        if isinstance(event, Received):
            yield Heard(platform, play.gate.encode(event.message), event.now_ms)
        else:
            yield Happened(platform, event)
