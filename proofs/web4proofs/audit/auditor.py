"""The auditor: it replays every journal and compares them all."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final

from attrs import frozen

from web4proofs.audit.comparison import compare
from web4proofs.audit.gate_check import Passes
from web4proofs.audit.journal import Departure, Journal, Replayed
from web4proofs.audit.journal_replay import Tick, replay


class AuditResult(enum.Enum):
    """The result of an audit."""

    HOLDS = "holds"
    DEPARTS = "departs"
    NOTHING = "nothing to audit"


EXIT_CODES: Final = {AuditResult.HOLDS: 0, AuditResult.NOTHING: 3, AuditResult.DEPARTS: 12}
"""The exit code of a command with this result."""


@frozen(eq=False)
class Audit:
    """An audit of the journals of a federation, or of a part of it."""

    replays: tuple[Replayed, ...]
    across: tuple[Departure, ...]
    """Departures that only several journals together show."""

    @property
    def departures(self) -> tuple[Departure, ...]:
        """All departures: journal by journal, then those from the comparison."""
        return (*(found for each in self.replays for found in each.departures), *self.across)

    def against(self, replay: Replayed) -> int:
        """Count the departures of the platform that wrote this journal."""
        return replay.more + sum(each.platform == replay.platform for each in self.departures)

    @property
    def events(self) -> int:
        """The number of events that were replayed."""
        return sum(each.events for each in self.replays)

    @property
    def verdict(self) -> AuditResult:
        """The result. An audit of no event finds no departure, yet must not report `HOLDS`."""
        if self.departures:
            return AuditResult.DEPARTS
        return AuditResult.HOLDS if self.events else AuditResult.NOTHING

    @property
    def exit_code(self) -> int:
        """The exit code of a command that made this audit."""
        return EXIT_CODES[self.verdict]


def audit(
    journals: Iterable[Journal],
    names: tuple[str, ...],
    passes: Passes,
    tick: Callable[[Journal], Tick] | None = None,
) -> Audit:
    """Audit the journals of platforms of one federation; `names` are the names of its platforms.

    `tick` returns, for each journal, a function that is called after each of its events.
    """
    replays = tuple(
        replay(each, names, passes, None if tick is None else tick(each)) for each in journals
    )
    return Audit(replays, compare(replays, names))
