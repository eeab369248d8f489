"""Virtual time: actions in order of time; a moment passes when nothing is left to do in it.

Nothing here waits. An hour in which nothing happens costs nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TypeAlias

MS = 1_000
"""Microseconds in a millisecond."""

SECOND = 1_000_000
"""Microseconds in a second."""

MAX_ACTIONS = 20_000_000
"""A run with more actions than this is given up, since it repeats without end."""

Action: TypeAlias = Callable[[], None]


class Circles(Exception):
    """A run had more actions than any run needs."""


class VirtualTime:
    """A clock that jumps from one action to the next. Microseconds, from 0."""

    def __init__(self) -> None:
        self.now_us = 0
        self.actions = 0
        self._order = 0
        self._waiting: list[tuple[int, int, Action]] = []

    def after(self, delay_us: int, action: Action) -> None:
        """Schedule an action after a delay; at equal times, the order is that of scheduling."""
        self.at(self.now_us + delay_us, action)

    def at(self, when_us: int, action: Action) -> None:
        """Schedule an action at a moment, or now if that is past."""
        self._order += 1
        heapq.heappush(self._waiting, (max(when_us, self.now_us), self._order, action))

    def run(self, until_us: int) -> None:
        """Do all that falls on this moment or before it. Raises `Circles`."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= until_us:
            self.now_us, _, action = heapq.heappop(waiting)
            self.actions += 1
            if self.actions > MAX_ACTIONS:
                raise Circles(f"{MAX_ACTIONS} actions by {self.now_us // SECOND} s")
            action()
        self.now_us = max(self.now_us, until_us)
