"""The target of faults, as a fault sees it, and the windows of time in which faults strike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from web4lab.simulation.network import Link, Network
from web4lab.simulation.platforms import Platform
from web4lab.simulation.virtual_time import VirtualTime


class FaultTarget(Protocol):
    """The target of faults."""

    @property
    def n(self) -> int:
        """The number of platforms."""
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
        """Tell both ends of these links that they work again."""
        ...

    @property
    def has_byzantine(self) -> bool:
        """Whether any platform is Byzantine."""
        ...

    def when_decided(self, act: Callable[[int, int], None]) -> None:
        """Register a function to be called with each platform that decides, and the height."""
        ...

    def count(self, fault: str) -> None:
        """Count a fault that has struck."""
        ...

    def leave(self, index: int) -> None:
        """Note that a platform will not come back."""
        ...

    def reboot(self, index: int) -> None:
        """Start a platform again, unless the run has it stay down."""
        ...


@frozen
class Window:
    """A span of virtual time, in milliseconds."""

    start_ms: int
    end_ms: int

    def __str__(self) -> str:
        return f"{self.start_ms / 1000:g}-{self.end_ms / 1000:g} s"
