"""What goes into the core: a closed union of frozen values.

Every event carries the adapter's reading of the wall clock, in milliseconds since 1970; the core
has no other clock.
Only data lives here.
Implements A-EVENT-1 to A-EVENT-5.
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

from attrs import frozen

from web4core.messages import Message
from web4core.settings import Settings
from web4core.types import View


class TimerKind(enum.IntEnum):
    """What a timer is for. The adapter keeps one of each: setting a second replaces the first."""

    VIEW = 1
    """Nothing was decided in this view for too long."""
    PROPOSE = 2
    """The wait for stragglers' VIEW-CHANGEs."""
    RESEND = 3
    """Say again what this platform stands for."""
    SYNC = 4
    """A block that others have has not come."""
    STATUS = 5
    """Nothing happens; say where this platform is, in case something did."""


@frozen
class Timer:
    """One timer, with the height and view that it was set for, so that a stale one is seen."""

    kind: TimerKind
    height: int
    view: View


@frozen
class Received:
    """A message that passed the gate, from a peer or this platform's own signer (A-EVENT-3)."""

    message: Message
    now_ms: int


@frozen
class Elapsed:
    """A timer ran out."""

    timer: Timer
    now_ms: int


@frozen
class Submitted:
    """Clients of this platform handed in transactions that passed the gate (A-EVENT-3)."""

    transactions: tuple[Any, ...]
    now_ms: int


@frozen
class Connected:
    """A link to this platform has come up; what was sent to it before may be lost."""

    platform: int
    now_ms: int


@frozen
class Resumed:
    """The adapter has started, or restarted: no timer runs, nothing is on its way (A-EVENT-5).

    With settings, they hold from here on (A-SET-2): so a journal tells under which each event was
    taken, and a fold under today's cannot lead elsewhere.
    """

    now_ms: int
    settings: Settings | None = None


Event: TypeAlias = Received | Elapsed | Submitted | Connected | Resumed
