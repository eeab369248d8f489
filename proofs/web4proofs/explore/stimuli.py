"""Stimuli: all that can happen to a platform, and the event of each in a given state."""

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
    """A message arrives."""

    offer: Offer
    clock: int = BEHIND


@frozen
class Fire:
    """A timer runs out, if it is running."""

    timer: TimerKind
    clock: int = BEHIND


@frozen
class Stale:
    """A timer runs out that was set for another height, and no longer counts."""

    timer: TimerKind


@frozen
class Connect:
    """A link to another platform comes up."""

    platform: int


@frozen
class Resume:
    """The platform starts, or restarts from its journal."""

    clock: int = BEHIND


Cue: TypeAlias = Hear | Fire | Stale | Connect | Resume
Path: TypeAlias = tuple[Cue, ...]


Cued: TypeAlias = Received | Elapsed | Connected | Resumed
"""The events of stimuli."""


def event_of(cue: Cue, state: State, message: Message | None = None) -> Cued | None:
    """Return the event of a stimulus in this state; None if it is a timer that is not running.

    `message` is the actual message, if it is not the one that represents all like it.
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
        height += 1  # its proposal in the same step is of the next height
    return Received(message, clock_ms(height, clock))
