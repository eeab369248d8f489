"""The network: every ordered pair of platforms is a link that carries packets, late and in order.

Its faults are a list of troubles, each of which may lose, double, change or delay a packet, and a
list of links that are cut or clogged; they begin and end while a run goes on.
It carries bytes, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from attrs import frozen

from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import VirtualTime

Link: TypeAlias = tuple[int, int]
"""From one platform to another."""


@frozen
class Copy:
    """A packet on its way: its extra delay, and the bytes that will arrive."""

    late_us: int
    data: bytes
    overtakes: bool = False
    """Whether it may arrive before what was sent earlier."""


class Trouble(Protocol):
    """A fault of links at the moment."""

    def befall(self, link: Link, kind: str, copies: list[Copy], /) -> list[Copy]:
        """The copies of a packet with a message of this kind, after this fault."""
        ...


class Network:
    """All links between platforms."""

    def __init__(
        self,
        time: VirtualTime,
        dice: Prng,
        delay_us: int,
        jitter_us: int,
        deliver: Callable[[int, int, bytes], None],
    ) -> None:
        """`deliver(source, target, data)` is called for each packet that arrives."""
        self._time = time
        self._dice = dice
        self._delay_us = delay_us
        self._jitter_us = jitter_us
        self._deliver = deliver
        self._troubles: list[Trouble] = []
        self._cuts: Counter[Link] = Counter()
        self._clogged_until_us: dict[Link, int] = {}
        self._latest_us: dict[Link, int] = {}
        self.lost = 0
        """Packets of which no copy arrived."""

    def send(self, source: int, target: int, kind: str, data: bytes) -> None:
        """Put a packet on a link. Nothing is encrypted, so the network knows its kind."""
        link = (source, target)
        if self._cuts[link]:
            self.lost += 1
            return
        copies = [Copy(0, data)]
        for trouble in self._troubles:
            copies = trouble.befall(link, kind, copies)
        self.lost += not copies
        for copy in copies:
            self._carry(link, copy)

    def _carry(self, link: Link, copy: Copy) -> None:
        time = self._time
        arrives_us = time.now_us + self._delay_us + self._dice.below(self._jitter_us + 1)
        arrives_us = max(arrives_us + copy.late_us, self._clogged_until_us.get(link, 0))
        if not copy.overtakes:
            arrives_us = max(arrives_us, self._latest_us.get(link, 0))
            self._latest_us[link] = arrives_us
        source, target = link
        time.at(arrives_us, lambda: self._arrive(source, target, copy.data))

    def _arrive(self, source: int, target: int, data: bytes) -> None:
        if self._cuts[source, target]:
            self.lost += 1
        else:
            self._deliver(source, target, data)

    def begin(self, trouble: Trouble) -> None:
        """Apply this fault to every packet from now on."""
        self._troubles.append(trouble)

    def end(self, trouble: Trouble) -> None:
        """End this fault."""
        self._troubles.remove(trouble)

    def cut(self, links: Iterable[Link]) -> None:
        """Lose all that is on these links, and all that is sent, until they are mended."""
        for link in links:
            self._cuts[link] += 1

    def mend(self, links: Iterable[Link]) -> tuple[Link, ...]:
        """Undo one cut of each of these links; return those that work again."""
        mended = tuple(links)
        for link in mended:
            self._cuts[link] -= 1
        return tuple(link for link in mended if not self._cuts[link])

    def is_cut(self, one: int, other: int) -> bool:
        """Whether nothing passes between two platforms in one direction at least."""
        return self._cuts[one, other] > 0 or self._cuts[other, one] > 0

    def clog(self, links: Iterable[Link], until_us: int) -> None:
        """Hold all that is sent over these links from now on, until a moment."""
        for link in links:
            self._clogged_until_us[link] = max(until_us, self._clogged_until_us.get(link, 0))
