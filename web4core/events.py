"""The input of the core: a closed union of frozen values.

Every event carries the adapter's reading of the wall clock, in milliseconds since 1970; the core
has no other clock.
To make an event of wrong types, or with a time or an index out of range, is a mistake of the
embedder and raises `LocalProtocolError`, which names the field and what it must be.
Only data lives here.
Implements A-EVENT-1 to A-EVENT-5.
"""

from __future__ import annotations

import enum
from typing import Any, Final, TypeAlias

from attrs import frozen

from web4core.chain import MAX_BLOCK_ITEMS, MAX_PLATFORMS
from web4core.errors import LocalProtocolError
from web4core.messages import Decided, Message, Proposal, Status, Submission, ViewChange, Vote
from web4core.schema import MAX_UINT
from web4core.settings import Settings
from web4core.types import View


class TimerKind(enum.IntEnum):
    """The purpose of a timer. The embedder keeps one of each: a second replaces the first."""

    VIEW = 1
    """Nothing was decided in this view for too long."""
    PROPOSE = 2
    """The short wait for VIEW-CHANGEs beyond a quorum is over."""
    RESEND = 3
    """The height is unfinished: send again the statements that this platform stands for."""
    SYNC = 4
    """A block that others have has not come."""
    STATUS = 5
    """Nothing has come for a while: send a STATUS, in case messages were lost."""


@frozen
class Timer:
    """One timer, with the height and view that it was set for, so that a stale one is seen."""

    kind: TimerKind
    """The purpose of the timer; one timer of each kind runs at a time (C-PACE-5)."""
    height: int
    """The height that it was set for."""
    view: View
    """The view that it was set for; 0 for kinds that are about no view."""


@frozen
class Received:
    """A message that passed the gate, from a peer or this platform's own signer (A-EVENT-3)."""

    message: Message
    """The message, as `Gate.open` returned it."""
    now_ms: int
    """The embedder's clock, in milliseconds since 1970, 0 to `MAX_UINT` (A-EVENT-2)."""

    def __attrs_post_init__(self) -> None:
        if self.message.__class__ not in _MESSAGES:
            raise _misuse(self, "message", "a message, signed if a platform says it", self.message)
        _check_time(self, self.now_ms)


@frozen
class Elapsed:
    """A timer ran out."""

    timer: Timer
    """The timer, as `SetTimer` gave it; a stale one changes nothing."""
    now_ms: int
    """The embedder's clock, in milliseconds since 1970, 0 to `MAX_UINT` (A-EVENT-2)."""

    def __attrs_post_init__(self) -> None:
        timer = self.timer
        if timer.__class__ is not Timer:
            raise _misuse(self, "timer", "a timer that a SetTimer set", timer)
        if timer.kind.__class__ is not TimerKind:
            raise _misuse(self, "timer.kind", "a TimerKind", timer.kind)
        for name, value in (("height", timer.height), ("view", timer.view)):
            if value.__class__ is not int or value < 0:
                raise _misuse(self, f"timer.{name}", "an integer from 0 on", value)
        _check_time(self, self.now_ms)


@frozen
class Submitted:
    """Clients of this platform handed in transactions that passed the gate (A-EVENT-3)."""

    transactions: tuple[Any, ...]
    """The transactions, at most `MAX_BLOCK_ITEMS`, as `Gate.parse_item` returned them."""
    now_ms: int
    """The embedder's clock, in milliseconds since 1970, 0 to `MAX_UINT` (A-EVENT-2)."""

    def __attrs_post_init__(self) -> None:
        if self.transactions.__class__ is not tuple:
            raise _misuse(self, "transactions", "a tuple of transactions", self.transactions)
        if len(self.transactions) > MAX_BLOCK_ITEMS:
            raise LocalProtocolError(
                f"A-EVENT-1: Submitted.transactions has {len(self.transactions)} transactions;"
                f" at most {MAX_BLOCK_ITEMS} fit one event"
            )
        _check_time(self, self.now_ms)


@frozen
class Connected:
    """A link to this platform has come up; what was sent to it before may be lost."""

    platform: int
    """The index of the platform at the other end, 0 to `MAX_PLATFORMS` - 1."""
    now_ms: int
    """The embedder's clock, in milliseconds since 1970, 0 to `MAX_UINT` (A-EVENT-2)."""

    def __attrs_post_init__(self) -> None:
        if self.platform.__class__ is not int or not 0 <= self.platform < MAX_PLATFORMS:
            wanted = f"the index of a platform, 0 to {MAX_PLATFORMS - 1}"
            raise _misuse(self, "platform", wanted, self.platform)
        _check_time(self, self.now_ms)


@frozen
class Resumed:
    """The adapter has started, or restarted: no timer runs, nothing is on its way (A-EVENT-5).

    It records in the journal under which settings each event was taken, so that a fold under
    today's settings leads to the same state (A-SET-2).
    """

    now_ms: int
    """The embedder's clock, in milliseconds since 1970, 0 to `MAX_UINT` (A-EVENT-2)."""
    settings: Settings | None = None
    """The settings from here on, or None to keep those that hold (A-SET-2)."""

    def __attrs_post_init__(self) -> None:
        if self.settings is not None and self.settings.__class__ is not Settings:
            raise _misuse(self, "settings", "Settings or None", self.settings)
        _check_time(self, self.now_ms)


_MESSAGES: Final = frozenset({Vote, Proposal, ViewChange, Status, Decided, Submission})


def _check_time(event: object, now_ms: int) -> None:
    # `__class__` and not `type`: the proofs run this with values that stand for any integer
    if now_ms.__class__ is not int or not 0 <= now_ms <= MAX_UINT:
        raise _misuse(event, "now_ms", f"milliseconds since 1970, 0 to {MAX_UINT}", now_ms)


def _misuse(event: object, name: str, wanted: str, found: object) -> LocalProtocolError:
    """The error for a field of an event; it shows a number, but only the type of other values."""
    shown = found if found.__class__ is int else found.__class__.__name__
    return LocalProtocolError(
        f"A-EVENT-1: {event.__class__.__name__}.{name} is {shown}; it must be {wanted}"
    )


Event: TypeAlias = Received | Elapsed | Submitted | Connected | Resumed
"""Any event."""
