"""What is audited, and what comes of it: plain values, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from web4core.events import Event
from web4core.invariants import Decision
from web4core.messages import Decided, Statement
from web4core.replica import State

BEFORE: Final = 0
"""The number of no event: what a journal begins from, and what is kept beside it."""

MAX_DEPARTURES: Final = 50
"""Departures told of one journal; beyond, they are counted."""


@frozen
class Span:
    """From where on a journal tells of its platform, and what it may have forgotten."""

    first: int
    """The number of its first event."""
    height: int
    view: int
    """Where it begins; what was done before was not seen."""
    silent_through: int

    def excuses(self, statement: Statement) -> bool:
        """Whether the journal need not know of a statement of its platform (C-GUARD-4)."""
        return (statement.height, statement.view) < (self.height, self.view) or (
            statement.height <= self.silent_through
        )


@frozen(eq=False)
class Journal:
    """One platform's journal, and what its adapters keep beside it."""

    start: State = field(repr=False)
    """What the first event is stepped from: the genesis, or a snapshot."""
    events: Iterable[Event] = field(repr=False)
    first: int = 1
    """The number of the first of them."""
    blocks: Iterable[Decided] | None = field(default=None, repr=False)
    """The decided blocks that the platform keeps, by height, if they are at hand."""
    guarded: tuple[Statement, ...] = ()
    """What its guard has signed last, of each kind."""
    silent_through: int = 0
    """The height up to which its guard has it stay silent (C-GUARD-6): it lost what it had said."""

    @property
    def span(self) -> Span:
        """How much of the platform's life it holds."""
        agreement = self.start.agreement
        return Span(self.first, agreement.height, agreement.view, self.silent_through)


@frozen
class Departure:
    """A clause that a platform does not keep, and where that is to be seen."""

    platform: str
    """Who departs."""
    journal: str
    """In whose journal it is seen."""
    event: int
    """After which event there; `BEFORE`: in what it begins from, or what is kept beside it."""
    clause: str
    found: str

    def __str__(self) -> str:
        place = f"event {self.event}" if self.event else "beside its events"
        whose = place if self.journal == self.platform else f"by {place} of {self.journal}"
        return f"{self.platform}, {whose}: {self.clause}: {self.found}"


@frozen(eq=False)
class Replayed:
    """What the fold of one journal showed."""

    platform: str
    me: int
    span: Span
    events: int
    height: int
    """The height that it ends in."""
    decisions: tuple[tuple[int, Decision], ...] = field(repr=False)
    """By which event; payloads are left out."""
    said: Mapping[Statement, int] = field(repr=False)
    """What the platform said, and what it stood for at the start: by which event."""
    seen: Mapping[Statement, int] = field(repr=False)
    """Whatever anybody signed that the journal shows, and by which event it does first."""
    departures: tuple[Departure, ...]
    more: int
    """Departures beyond `MAX_DEPARTURES`."""

    @property
    def statements(self) -> int:
        """How many statements the platform cast while it was watched."""
        return sum(number != BEFORE for number in self.said.values())

    @property
    def decided(self) -> int:
        """How many blocks it decided while it was watched."""
        return sum(number != BEFORE for number, _ in self.decisions)

    def accounts_for(self, statement: Statement) -> bool:
        """Whether this platform's journal leads to its statement, or need not."""
        return statement in self.said or self.span.excuses(statement)


def shown(statement: Statement) -> str:
    """A statement, as a departure tells of it."""
    return (
        f"{statement.kind.name.replace('_', '-')} for {statement.digest.hex()[:8]}"
        f" in view {statement.view} of height {statement.height}"
    )
