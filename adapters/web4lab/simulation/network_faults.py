"""The faults of the network: plain values, each with the time and the way in which it strikes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from attrs import field, frozen

from web4core import proposer
from web4lab.simulation.fault_target import FaultTarget, Window
from web4lab.simulation.network import Copy, Link, Trouble
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS


@frozen
class _Loss:
    per_mille: int
    dice: Prng = field(eq=False)

    def befall(self, _link: Link, _kind: str, copies: list[Copy]) -> list[Copy]:
        return [copy for copy in copies if not self.dice.chance(self.per_mille)]


@frozen
class _Doubling:
    per_mille: int
    late_us: int
    dice: Prng = field(eq=False)

    def befall(self, _link: Link, _kind: str, copies: list[Copy]) -> list[Copy]:
        again = [
            Copy(copy.late_us + self.dice.below(self.late_us), copy.data, overtakes=True)
            for copy in copies
            if self.dice.chance(self.per_mille)
        ]
        return copies + again


@frozen
class _Reordering:
    per_mille: int
    late_us: int
    dice: Prng = field(eq=False)

    def befall(self, _link: Link, _kind: str, copies: list[Copy]) -> list[Copy]:
        return [
            Copy(copy.late_us + self.dice.below(self.late_us), copy.data, overtakes=True)
            if self.dice.chance(self.per_mille)
            else copy
            for copy in copies
        ]


@frozen
class _Corruption:
    per_mille: int
    dice: Prng = field(eq=False)

    def befall(self, _link: Link, _kind: str, copies: list[Copy]) -> list[Copy]:
        return [
            Copy(copy.late_us, self._flipped(copy.data), copy.overtakes)
            if self.dice.chance(self.per_mille)
            else copy
            for copy in copies
        ]

    def _flipped(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        damaged[self.dice.below(len(damaged))] ^= 1 << self.dice.below(8)
        return bytes(damaged)


@frozen
class _Delay:
    late_us: int
    dice: Prng = field(eq=False)

    def befall(self, _link: Link, _kind: str, copies: list[Copy]) -> list[Copy]:
        return [
            Copy(copy.late_us + self.dice.below(self.late_us), copy.data, copy.overtakes)
            for copy in copies
        ]


@frozen
class _Silencing:
    kind: str
    targets: tuple[int, ...]

    def befall(self, link: Link, kind: str, copies: list[Copy]) -> list[Copy]:
        return [] if kind == self.kind and link[1] in self.targets else copies


@frozen
class _Ambient(ABC):
    """A fault of packets on all links during a window."""

    window: Window

    @abstractmethod
    def trouble(self, dice: Prng, /) -> Trouble:
        """The fault of each packet."""

    def inflict(self, target: FaultTarget, dice: Prng) -> None:
        """Begin and end the fault in its time."""
        trouble = self.trouble(dice)

        def begin() -> None:
            target.count(type(self).__name__)
            target.network.begin(trouble)

        target.time.at(self.window.start_ms * MS, begin)
        target.time.at(self.window.end_ms * MS, lambda: target.network.end(trouble))


@frozen
class Loss(_Ambient):
    """Packets are lost."""

    per_mille: int

    def trouble(self, dice: Prng, /) -> _Loss:
        """The fault of each packet."""
        return _Loss(self.per_mille, dice)

    def __str__(self) -> str:
        return f"{self.per_mille / 10:g} % of packets are lost, {self.window}"


@frozen
class Doubling(_Ambient):
    """Packets arrive twice."""

    per_mille: int
    late_ms: int

    def trouble(self, dice: Prng, /) -> _Doubling:
        """The fault of each packet."""
        return _Doubling(self.per_mille, self.late_ms * MS, dice)

    def __str__(self) -> str:
        late = f"again up to {self.late_ms} ms later"
        return f"{self.per_mille / 10:g} % of packets arrive {late}, {self.window}"


@frozen
class Reordering(_Ambient):
    """Packets overtake one another."""

    per_mille: int
    late_ms: int

    def trouble(self, dice: Prng, /) -> _Reordering:
        """The fault of each packet."""
        return _Reordering(self.per_mille, self.late_ms * MS, dice)

    def __str__(self) -> str:
        share = f"{self.per_mille / 10:g} % of packets"
        return f"{share} are overtaken, up to {self.late_ms} ms late, {self.window}"


@frozen
class Corruption(_Ambient):
    """Bits flip on the way."""

    per_mille: int

    def trouble(self, dice: Prng, /) -> _Corruption:
        """The fault of each packet."""
        return _Corruption(self.per_mille, dice)

    def __str__(self) -> str:
        return f"a bit flips in {self.per_mille / 10:g} % of packets, {self.window}"


@frozen
class Delay(_Ambient):
    """Links are slow."""

    late_ms: int

    def trouble(self, dice: Prng, /) -> _Delay:
        """The fault of each packet."""
        return _Delay(self.late_ms * MS, dice)

    def __str__(self) -> str:
        return f"packets are up to {self.late_ms} ms late, {self.window}"


@frozen
class Silencing(_Ambient):
    """One kind of message does not reach some platforms: the network is on nobody's side."""

    kind: str
    targets: tuple[int, ...]

    def trouble(self, _dice: Prng, /) -> _Silencing:
        """The fault of each packet."""
        return _Silencing(self.kind, self.targets)

    def __str__(self) -> str:
        return f"no {self.kind} reaches platforms {_listed(self.targets)}, {self.window}"


@frozen
class Partition:
    """Some platforms do not reach the rest; one-way if the rest still reach them."""

    window: Window
    side: tuple[int, ...]
    one_way: bool
    reconnects: bool
    """Whether the links come up anew afterwards, or only go on."""

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Cut the links, and mend them."""
        rest = [index for index in range(target.n) if index not in self.side]
        links = [(one, other) for one in self.side for other in rest]
        if not self.one_way:
            links += [(other, one) for one, other in links]

        def begin() -> None:
            target.count("OneWay" if self.one_way else "Partition")
            target.network.cut(links)

        def end() -> None:
            mended = target.network.mend(links)
            if self.reconnects:
                target.reconnect(mended)

        target.time.at(self.window.start_ms * MS, begin)
        target.time.at(self.window.end_ms * MS, end)

    def __str__(self) -> str:
        verb = "are not heard by" if self.one_way else "are cut off from"
        return f"platforms {_listed(self.side)} {verb} the rest, {self.window}"


@frozen
class Clog:
    """All packets from a platform, or to it, are held back, and arrive together in the end."""

    window: Window
    platform: int
    outward: bool

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Clog the links."""
        others = [index for index in range(target.n) if index != self.platform]
        links = [(self.platform, other) for other in others]
        if not self.outward:
            links = [(other, one) for one, other in links]

        def begin() -> None:
            target.count("Clog")
            target.network.clog(links, self.window.end_ms * MS)

        target.time.at(self.window.start_ms * MS, begin)

    def __str__(self) -> str:
        direction = "from" if self.outward else "to"
        return f"links {direction} platform {self.platform} are clogged, {self.window}"


@frozen
class Ambush:
    """COMMITs reach one platform only; once it has decided, it is cut off for a while.

    So it alone knows the decision, while the others change views: locks are for this case.
    Where there are Byzantine platforms, the network waits for a height at which one of them is to
    propose next.
    """

    window: Window
    platform: int
    hold_ms: int
    """The time after the decision for which the others still receive no COMMIT."""
    apart_ms: int
    """The time after the decision for which the platform is cut off."""

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Wait for the decision, and strike once."""
        others = tuple(index for index in range(target.n) if index != self.platform)
        links = [(self.platform, other) for other in others]
        links += [(other, one) for one, other in links]
        silence = _Silencing("commit", others)
        end_us = self.window.end_ms * MS
        waiting = [True]

        def sprung(decider: int, height: int) -> None:
            now_us = target.time.now_us
            if decider != self.platform or not waiting or not self._is_now(now_us):
                return
            if target.has_byzantine and target.honest(proposer(height, 1, target.n)) is not None:
                return
            waiting.clear()
            target.count("Ambush")
            target.network.cut(links)
            target.time.at(min(now_us + self.hold_ms * MS, end_us), lift)
            target.time.at(min(now_us + self.apart_ms * MS, end_us), lambda: _mend(target, links))

        def lift() -> None:
            target.network.end(silence)

        def give_up() -> None:
            if waiting:
                waiting.clear()
                lift()

        target.when_decided(sprung)
        target.time.at(self.window.start_ms * MS, lambda: target.network.begin(silence))
        target.time.at(end_us, give_up)

    def _is_now(self, now_us: int) -> bool:
        return self.window.start_ms * MS <= now_us < self.window.end_ms * MS

    def __str__(self) -> str:
        return (
            f"COMMITs reach platform {self.platform} only; when it has decided, it is cut off for "
            f"{self.apart_ms} ms, {self.window}"
        )


def _mend(target: FaultTarget, links: list[Link]) -> None:
    target.reconnect(target.network.mend(links))


def _listed(platforms: tuple[int, ...]) -> str:
    return ", ".join(map(str, platforms)) or "none"
