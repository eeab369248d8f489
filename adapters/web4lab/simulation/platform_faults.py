"""The faults of platforms; and, with the faults of the network, all faults of a run.

A fault is a plain value.
It strikes a target, and begins and ends by itself.
It ends before the run heals, unless it is of a kind that never ends: a Byzantine platform, or a
platform that stays away.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from web4lab.simulation.environment import Remedy
from web4lab.simulation.fault_target import FaultTarget, Window
from web4lab.simulation.network_faults import (
    Ambush,
    Clog,
    Corruption,
    Delay,
    Doubling,
    Loss,
    Partition,
    Reordering,
    Silencing,
)
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS


@frozen
class Crash:
    """A platform loses its power, and gets it back."""

    window: Window
    platform: int
    amid_write: bool
    """Whether it waits for a moment at which a write is not synchronised."""

    def inflict(self, target: FaultTarget, dice: Prng) -> None:
        """Crash it, and boot it again."""

        def strike() -> None:
            platform = target.honest(self.platform)
            if platform is None or target.time.now_us >= self.window.end_ms * MS:
                return
            if self.amid_write and not platform.is_writing:
                target.time.after(dice.between(50, 500), strike)
                return
            if platform.is_up:
                target.count("Crash")
            platform.crash(dice)

        target.time.at(self.window.start_ms * MS, strike)
        target.time.at(self.window.end_ms * MS, lambda: target.reboot(self.platform))

    def __str__(self) -> str:
        moment = " amid a write" if self.amid_write else ""
        return f"platform {self.platform} crashes{moment}, {self.window}"


@frozen
class Pause:
    """A platform's process does not run."""

    window: Window
    platform: int

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Stop it for a while."""

        def begin() -> None:
            platform = target.honest(self.platform)
            if platform is not None and platform.is_up:
                target.count("Pause")
                platform.pause(self.window.end_ms * MS)

        target.time.at(self.window.start_ms * MS, begin)

    def __str__(self) -> str:
        return f"platform {self.platform} is paused, {self.window}"


@frozen
class SlowDisk:
    """A platform's disk takes many times as long to synchronise."""

    window: Window
    platform: int
    times: int

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Make it slow, and fast again."""
        platform = target.honest(self.platform)
        if platform is None:
            return

        def set_to(times: int) -> None:
            platform.disk.slowness = times

        def begin() -> None:
            target.count("SlowDisk")
            set_to(self.times)

        target.time.at(self.window.start_ms * MS, begin)
        target.time.at(self.window.end_ms * MS, lambda: set_to(1))

    def __str__(self) -> str:
        return f"the disk of platform {self.platform} is {self.times} times as slow, {self.window}"


@frozen
class FullDisk:
    """A platform's disk is full, and its process stops; then there is room again."""

    window: Window
    platform: int

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Fill the disk, and free it."""
        platform = target.honest(self.platform)
        if platform is None:
            return

        def fill() -> None:
            target.count("FullDisk")
            platform.disk.store.full = True

        def free() -> None:
            platform.disk.store.full = False
            target.reboot(self.platform)

        target.time.at(self.window.start_ms * MS, fill)
        target.time.at(self.window.end_ms * MS, free)

    def __str__(self) -> str:
        return f"the disk of platform {self.platform} is full, {self.window}"


@frozen
class BitFlip:
    """A bit flips in a platform's store; it is found when the platform restarts."""

    window: Window
    platform: int
    remedy: Remedy

    def inflict(self, target: FaultTarget, dice: Prng) -> None:
        """Crash the platform, flip a bit, and boot it again."""
        platform = target.honest(self.platform)
        if platform is None:
            return

        def strike() -> None:
            target.count("BitFlip")
            platform.crash(dice)
            platform.remedy = self.remedy
            if platform.disk.store.flip(dice) is not None:
                platform.is_damaged = platform.was_damaged = True

        target.time.at(self.window.start_ms * MS, strike)
        target.time.at(self.window.end_ms * MS, lambda: target.reboot(self.platform))

    def __str__(self) -> str:
        return (
            f"a bit flips in the store of platform {self.platform}; if that is damage, "
            f"the operator {self.remedy.value}, {self.window}"
        )


@frozen
class ClockSkew:
    """A platform's time of day is wrong, for as long as the window."""

    window: Window
    platform: int
    ahead_ms: int

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Set the clock, and set it right."""
        platform = target.honest(self.platform)
        if platform is None:
            return

        def begin() -> None:
            target.count("ClockSkew")
            platform.clock.offset_ms += self.ahead_ms

        def end() -> None:
            platform.clock.offset_ms -= self.ahead_ms

        target.time.at(self.window.start_ms * MS, begin)
        target.time.at(self.window.end_ms * MS, end)

    def __str__(self) -> str:
        return f"the clock of platform {self.platform} jumps by {self.ahead_ms} ms, {self.window}"


@frozen
class Absent:
    """A platform goes down, and does not come back."""

    window: Window
    platform: int

    def inflict(self, target: FaultTarget, dice: Prng) -> None:
        """Crash it."""
        platform = target.honest(self.platform)
        if platform is None:
            return

        def strike() -> None:
            target.count("Absent")
            target.leave(self.platform)
            platform.crash(dice)

        target.time.at(self.window.start_ms * MS, strike)

    def __str__(self) -> str:
        return f"platform {self.platform} goes down at {self.window.start_ms / 1000:g} s, for good"


@frozen
class Byzantine:
    """A platform is Byzantine, from the beginning to the end."""

    platform: int
    strategy: str

    def inflict(self, target: FaultTarget, _dice: Prng) -> None:
        """Nothing to do: the target was made with it."""
        target.count(f"Byzantine: {self.strategy}")

    def __str__(self) -> str:
        return f"platform {self.platform} is Byzantine: {self.strategy}"


Fault: TypeAlias = (
    Loss
    | Doubling
    | Reordering
    | Corruption
    | Delay
    | Silencing
    | Ambush
    | Partition
    | Clog
    | Crash
    | Pause
    | SlowDisk
    | FullDisk
    | BitFlip
    | ClockSkew
    | Absent
    | Byzantine
)
