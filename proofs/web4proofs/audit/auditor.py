"""An audit: every journal folded, and all of them compared."""

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
    """What an audit comes to."""

    HOLDS = "holds"
    DEPARTS = "departs"
    NOTHING = "nothing to audit"


EXIT_CODES: Final = {AuditResult.HOLDS: 0, AuditResult.NOTHING: 3, AuditResult.DEPARTS: 12}
"""The exit code of a command whose verdict this is."""


@frozen(eq=False)
class Audit:
    """What the journals of a federation, or of a part of it, show."""

    replays: tuple[Replayed, ...]
    across: tuple[Departure, ...]
    """What only several journals show together."""

    @property
    def departures(self) -> tuple[Departure, ...]:
        """All departures: journal by journal, then what they say of one another."""
        return (*(found for each in self.replays for found in each.departures), *self.across)

    def against(self, replay: Replayed) -> int:
        """How many departures are held against the platform of this journal."""
        return replay.more + sum(each.platform == replay.platform for each in self.departures)

    @property
    def events(self) -> int:
        """How many events were folded."""
        return sum(each.events for each in self.replays)

    @property
    def verdict(self) -> AuditResult:
        """Who looked at nothing has seen nothing amiss, and may not say that all is well."""
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
    """Audit the journals of platforms of one federation, whose platforms have these names.

    `tick` gives, for each journal, what is called after each of its events.
    """
    replays = tuple(
        replay(each, names, passes, None if tick is None else tick(each)) for each in journals
    )
    return Audit(replays, compare(replays, names))
