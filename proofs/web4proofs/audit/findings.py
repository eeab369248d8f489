"""What one fold has found so far, and at which event it is."""

from __future__ import annotations

from attrs import define, field

from web4core.invariants import Violation
from web4proofs.audit.journal import BEFORE, MAX_DEPARTURES, Departure


@define
class Findings:
    """The departures of one platform, as its own journal shows them."""

    platform: str
    number: int = BEFORE
    """Of the event that is looked at."""
    departures: list[Departure] = field(factory=list)
    more: int = 0
    """Departures beyond `MAX_DEPARTURES`."""
    _broken: tuple[Violation, ...] = ()

    def depart(self, clause: str, found: str) -> None:
        """The platform does not keep this clause at this event."""
        if len(self.departures) < MAX_DEPARTURES:
            departure = Departure(self.platform, self.platform, self.number, clause, found)
            self.departures.append(departure)
        else:
            self.more += 1

    def require(self, broken: tuple[Violation, ...]) -> None:
        """The invariants that a state breaks; what stays broken in the same way is told once."""
        for each in broken:
            if each not in self._broken:
                self.depart(each.clause, each.found)
        self._broken = broken
