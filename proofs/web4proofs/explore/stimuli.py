"""What can happen to a platform, and what event that is to it."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from web4core.consensus.state import FIRST_VIEW
from web4core.events import Connected, Elapsed, Received, Resumed, Timer, TimerKind
from web4core.messages import Decided, Message
from web4core.replica import State
from web4proofs.explore.blocks import BEHIND, clock_ms
from web4proofs.explore.message_set import Offer


@frozen
class Hear:
    """A message comes in."""

    offer: Offer
    clock: int = BEHIND


@frozen
class Fire:
    """A timer runs out, if it runs."""

    timer: TimerKind
    clock: int = BEHIND


@frozen
class Stale:
    """A timer runs out that was set for another height, and does not count any more."""

    timer: TimerKind


@frozen
class Connect:
    """A link to another platform comes up."""

    platform: int


@frozen
class Resume:
    """The platform starts, or starts again from its journal."""

    clock: int = BEHIND


Cue: TypeAlias = Hear | Fire | Stale | Connect | Resume
Path: TypeAlias = tuple[Cue, ...]


Cued: TypeAlias = Received | Elapsed | Connected | Resumed
"""The events that a cue may be."""


def event_of(cue: Cue, state: State, message: Message | None = None) -> Cued | None:
    """The event that a cue is to a platform in this state; None if that timer does not run.

    `message` is what is heard, if not the one that stands for all like it.
    """
    now_ms = clock_ms(state.height, BEHIND)
    match cue:
        case Resume(clock=clock):
            return Resumed(clock_ms(state.height, clock))
        case Connect(platform=platform):
            return Connected(platform, now_ms)
        case Stale(timer=kind):
            return Elapsed(Timer(kind, 0, FIRST_VIEW), now_ms)
        case Fire(timer=kind, clock=clock):
            for timer in state.armed:
                if timer.kind is kind:
                    return Elapsed(timer, clock_ms(state.height, clock))
            return None
        case Hear(offer=offer, clock=clock):
            return _received(offer.message if message is None else message, state, clock)


def _received(message: Message, state: State, clock: int) -> Received:
    height = state.height
    if isinstance(message, Decided) and message.block.header.height == height:
        height += 1  # what it proposes in the same step is at the next height
    return Received(message, clock_ms(height, clock))
