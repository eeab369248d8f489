"""What can go wrong with platforms; and, with the troubles of the network, all faults there are.

A fault is a plain value. It is inflicted on a world, begins and ends by itself, and ends before the
run heals unless it is of the kind that never does: a Byzantine platform, or one that stays away.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from web4adapters.simulation.dice import Dice
from web4adapters.simulation.stage import Window, World
from web4adapters.simulation.surroundings import Remedy
from web4adapters.simulation.virtual_time import MS
from web4adapters.simulation.weather import (
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


@frozen
class Crash:
    """The power of a platform goes, and comes back."""

    window: Window
    platform: int
    amid_write: bool
    """Whether it waits for a moment at which something is written and not synchronised."""

    def inflict(self, world: World, dice: Dice) -> None:
        """Crash it, and boot it again."""

        def strike() -> None:
            platform = world.honest(self.platform)
            if platform is None or world.time.now_us >= self.window.end_ms * MS:
                return
            if self.amid_write and not platform.is_writing:
                world.time.after(dice.between(50, 500), strike)
                return
            if platform.is_up:
                world.count("Crash")
            platform.crash(dice)

        world.time.at(self.window.start_ms * MS, strike)
        world.time.at(self.window.end_ms * MS, lambda: world.reboot(self.platform))

    def __str__(self) -> str:
        moment = " amid a write" if self.amid_write else ""
        return f"platform {self.platform} crashes{moment}, {self.window}"


@frozen
class Pause:
    """A platform's process does not run."""

    window: Window
    platform: int

    def inflict(self, world: World, _dice: Dice) -> None:
        """Stop it for a while."""

        def begin() -> None:
            platform = world.honest(self.platform)
            if platform is not None and platform.is_up:
                world.count("Pause")
                platform.pause(self.window.end_ms * MS)

        world.time.at(self.window.start_ms * MS, begin)

    def __str__(self) -> str:
        return f"platform {self.platform} is paused, {self.window}"


@frozen
class SlowDisk:
    """A platform's disk takes many times as long to synchronise."""

    window: Window
    platform: int
    times: int

    def inflict(self, world: World, _dice: Dice) -> None:
        """Make it slow, and fast again."""
        platform = world.honest(self.platform)
        if platform is None:
            return

        def set_to(times: int) -> None:
            platform.disk.slowness = times

        def begin() -> None:
            world.count("SlowDisk")
            set_to(self.times)

        world.time.at(self.window.start_ms * MS, begin)
        world.time.at(self.window.end_ms * MS, lambda: set_to(1))

    def __str__(self) -> str:
        return f"the disk of platform {self.platform} is {self.times} times as slow, {self.window}"


@frozen
class FullDisk:
    """A platform's disk takes no more, and its process stops; then there is room again."""

    window: Window
    platform: int

    def inflict(self, world: World, _dice: Dice) -> None:
        """Fill the disk, and free it."""
        platform = world.honest(self.platform)
        if platform is None:
            return

        def fill() -> None:
            world.count("FullDisk")
            platform.disk.store.full = True

        def free() -> None:
            platform.disk.store.full = False
            world.reboot(self.platform)

        world.time.at(self.window.start_ms * MS, fill)
        world.time.at(self.window.end_ms * MS, free)

    def __str__(self) -> str:
        return f"the disk of platform {self.platform} is full, {self.window}"


@frozen
class BitFlip:
    """A bit flips in a platform's store; it is found when the platform restarts."""

    window: Window
    platform: int
    remedy: Remedy

    def inflict(self, world: World, dice: Dice) -> None:
        """Crash the platform, flip a bit, and boot it again."""
        platform = world.honest(self.platform)
        if platform is None:
            return

        def strike() -> None:
            world.count("BitFlip")
            platform.crash(dice)
            platform.remedy = self.remedy
            if platform.disk.store.flip(dice) is not None:
                platform.is_damaged = platform.was_damaged = True

        world.time.at(self.window.start_ms * MS, strike)
        world.time.at(self.window.end_ms * MS, lambda: world.reboot(self.platform))

    def __str__(self) -> str:
        return (
            f"a bit flips in the store of platform {self.platform}; if that is damage, "
            f"the operator {self.remedy.value}, {self.window}"
        )


@frozen
class ClockSkew:
    """A platform's time of day is off, for as long as the window."""

    window: Window
    platform: int
    ahead_ms: int

    def inflict(self, world: World, _dice: Dice) -> None:
        """Set the clock, and set it right."""
        platform = world.honest(self.platform)
        if platform is None:
            return

        def begin() -> None:
            world.count("ClockSkew")
            platform.clock.offset_ms += self.ahead_ms

        def end() -> None:
            platform.clock.offset_ms -= self.ahead_ms

        world.time.at(self.window.start_ms * MS, begin)
        world.time.at(self.window.end_ms * MS, end)

    def __str__(self) -> str:
        return f"the clock of platform {self.platform} jumps by {self.ahead_ms} ms, {self.window}"


@frozen
class Absent:
    """A platform goes down, and does not come back."""

    window: Window
    platform: int

    def inflict(self, world: World, dice: Dice) -> None:
        """Crash it."""
        platform = world.honest(self.platform)
        if platform is None:
            return

        def strike() -> None:
            world.count("Absent")
            world.leave(self.platform)
            platform.crash(dice)

        world.time.at(self.window.start_ms * MS, strike)

    def __str__(self) -> str:
        return f"platform {self.platform} goes down at {self.window.start_ms / 1000:g} s, for good"


@frozen
class Byzantine:
    """A platform is in wrong hands, from the first moment to the last."""

    platform: int
    strategy: str

    def inflict(self, world: World, _dice: Dice) -> None:
        """Nothing to do: the world was made with it."""
        world.count(f"Byzantine: {self.strategy}")

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
