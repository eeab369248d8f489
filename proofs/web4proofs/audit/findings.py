"""The findings of one replay so far, and the event at which it stands."""

from __future__ import annotations

from attrs import define, field

from web4core.invariants import Violation
from web4proofs.audit.journal import BEFORE, MAX_DEPARTURES, Departure


@define
class Findings:
    """The departures of one platform, from its own journal."""

    platform: str
    number: int = BEFORE
    """The number of the present event."""
    departures: list[Departure] = field(factory=list)
    more: int = 0
    """The number of departures beyond `MAX_DEPARTURES`."""
    _broken: tuple[Violation, ...] = ()

    def depart(self, clause: str, found: str) -> None:
        """Record that the platform departs from this clause at this event."""
        if len(self.departures) < MAX_DEPARTURES:
            departure = Departure(self.platform, self.platform, self.number, clause, found)
            self.departures.append(departure)
        else:
            self.more += 1

    def require(self, broken: tuple[Violation, ...]) -> None:
        """Record the invariants that a state breaks, each only when it breaks anew."""
        for each in broken:
            if each not in self._broken:
                self.depart(each.clause, each.found)
        self._broken = broken
