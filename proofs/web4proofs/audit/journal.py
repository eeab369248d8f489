"""The input of an audit and its results, as plain values with their text forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from web4core.events import Event
from web4core.invariants import Decision
from web4core.messages import Decided, Statement
from web4core.replica import State

BEFORE: Final = 0
"""The event number of what comes before the first event: the start, and the files beside it."""

MAX_DEPARTURES: Final = 50
"""The limit of departures listed for one journal; further ones are only counted."""


@frozen
class Span:
    """The part of a platform's life that a journal covers, and what the journal may have lost."""

    first: int
    """The number of its first event."""
    height: int
    view: int
    """The view it begins in; earlier actions are unknown."""
    silent_through: int

    def excuses(self, statement: Statement) -> bool:
        """Whether the journal may lack this statement of its platform (C-GUARD-4)."""
        return (statement.height, statement.view) < (self.height, self.view) or (
            statement.height <= self.silent_through
        )


@frozen(eq=False)
class Journal:
    """One platform's journal, and what its adapters keep beside it."""

    start: State = field(repr=False)
    """The state before the first event: the genesis, or a snapshot."""
    events: Iterable[Event] = field(repr=False)
    first: int = 1
    """The number of the first event."""
    blocks: Iterable[Decided] | None = field(default=None, repr=False)
    """The decided blocks that the platform keeps, in order of height; None if not available."""
    guarded: tuple[Statement, ...] = ()
    """The last statements that its guard has signed, one of each kind."""
    silent_through: int = 0
    """The height up to which its guard stays silent, since it lost its memory (C-GUARD-6)."""

    @property
    def span(self) -> Span:
        """The part of the platform's life that the journal covers."""
        agreement = self.start.agreement
        return Span(self.first, agreement.height, agreement.view, self.silent_through)


@frozen
class Departure:
    """A clause that a platform does not keep, and the place that shows it."""

    platform: str
    """The platform that departs."""
    journal: str
    """The platform whose journal shows it."""
    event: int
    """The event of that journal after which it shows; `BEFORE` for the start and kept files."""
    clause: str
    found: str

    def __str__(self) -> str:
        place = f"event {self.event}" if self.event else "beside its events"
        whose = place if self.journal == self.platform else f"by {place} of {self.journal}"
        return f"{self.platform}, {whose}: {self.clause}: {self.found}"


@frozen(eq=False)
class Replayed:
    """The result of replaying one journal."""

    platform: str
    me: int
    span: Span
    events: int
    height: int
    """The height after the last event."""
    decisions: tuple[tuple[int, Decision], ...] = field(repr=False)
    """Each with the event that made it; payloads are left out."""
    said: Mapping[Statement, int] = field(repr=False)
    """The platform's statements, also those that stood at the start, each with its event."""
    seen: Mapping[Statement, int] = field(repr=False)
    """Every signed statement that the journal shows, with the first event that shows it."""
    departures: tuple[Departure, ...]
    more: int
    """The number of departures beyond `MAX_DEPARTURES`."""

    @property
    def statements(self) -> int:
        """The number of statements that the platform cast within the journal."""
        return sum(number != BEFORE for number in self.said.values())

    @property
    def decided(self) -> int:
        """The number of blocks that it decided within the journal."""
        return sum(number != BEFORE for number, _ in self.decisions)

    def accounts_for(self, statement: Statement) -> bool:
        """Whether this platform's journal leads to its statement, or may lack it."""
        return statement in self.said or self.span.excuses(statement)


def shown(statement: Statement) -> str:
    """Return the text of a statement for a departure."""
    return (
        f"{statement.kind.name.replace('_', '-')} for {statement.digest.hex()[:8]}"
        f" in view {statement.view} of height {statement.height}"
    )
