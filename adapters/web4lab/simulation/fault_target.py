"""What faults are inflicted on, and when: the target as a fault sees it, and windows of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from web4lab.simulation.network import Link, Network
from web4lab.simulation.platforms import Platform
from web4lab.simulation.virtual_time import VirtualTime


class FaultTarget(Protocol):
    """What faults are inflicted on."""

    @property
    def n(self) -> int:
        """How many platforms there are."""
        ...

    @property
    def time(self) -> VirtualTime:
        """Virtual time."""
        ...

    @property
    def network(self) -> Network:
        """The links."""
        ...

    def honest(self, index: int) -> Platform | None:
        """The platform, unless it is Byzantine."""
        ...

    def reconnect(self, links: tuple[Link, ...]) -> None:
        """These links work again, and both ends are told."""
        ...

    @property
    def has_byzantine(self) -> bool:
        """Whether any platform is Byzantine."""
        ...

    def when_decided(self, act: Callable[[int, int], None]) -> None:
        """Have this called with each platform that decides, and the height, at that moment."""
        ...

    def count(self, fault: str) -> None:
        """A fault has struck."""
        ...

    def leave(self, index: int) -> None:
        """A platform goes for good."""
        ...

    def reboot(self, index: int) -> None:
        """Start a platform again, unless the run has it stay down."""
        ...


@frozen
class Window:
    """From when to when, in milliseconds of virtual time."""

    start_ms: int
    end_ms: int

    def __str__(self) -> str:
        return f"{self.start_ms / 1000:g}-{self.end_ms / 1000:g} s"
