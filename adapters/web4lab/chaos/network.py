"""All links of a federation, each through a proxy, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from attrs import evolve

from web4core import dials
from web4lab.chaos.proxy import FAIR, Relay, Weather

T = TypeVar("T")
START_TIMEOUT_S = 10.0


class Network:
    """A proxy for each pair of platforms; a context manager. Names are those of platforms."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._relays: dict[tuple[str, str], Relay] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def open(
        self, platforms: Mapping[str, tuple[str, int]]
    ) -> dict[tuple[str, str], tuple[str, int]]:
        """Open a proxy for each pair; where the first of a pair, the dialler, finds the second."""
        names = tuple(platforms)
        routes = {}
        for number, (me, other) in enumerate(itertools.permutations(range(len(names)), 2)):
            if dials(me=me, other=other):
                relay = Relay(platforms[names[other]], self._seed + number)
                port = self._wait(relay.start())
                self._relays[names[me], names[other]] = relay
                routes[names[me], names[other]] = ("127.0.0.1", port)
        return routes

    def everywhere(self, weather: Weather) -> None:
        """Set the same faults on all links."""
        for pair in self._relays:
            self._set(pair, weather)

    def heal(self) -> None:
        """Remove the faults from all links."""
        self.everywhere(FAIR)

    def between(self, some: Iterable[str], others: Iterable[str], weather: Weather) -> None:
        """Set the faults on all links between these platforms and those."""
        one, two = set(some), set(others)
        for dialler, listener in self._relays:
            if (dialler in one and listener in two) or (dialler in two and listener in one):
                self._set((dialler, listener), weather)

    def mute(self, name: str) -> None:
        """Lose all that this platform sends; it still receives from all others."""
        self._one_way(name, sends=True)

    def deafen(self, name: str) -> None:
        """Lose all that is sent to this platform; all others still receive from it."""
        self._one_way(name, sends=False)

    def _one_way(self, name: str, *, sends: bool) -> None:
        for dialler, listener in self._relays:
            if name in (dialler, listener):
                up = (name == dialler) == sends
                self._set((dialler, listener), evolve(FAIR, silent=(up, not up)))

    def _set(self, pair: tuple[str, str], weather: Weather) -> None:
        self._loop.call_soon_threadsafe(self._relays[pair].set, weather)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT_S)

    def __enter__(self) -> Network:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for relay in self._relays.values():
            self._wait(relay.close())
        self._wait(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._loop.close()

    async def _finish(self) -> None:
        """Let every task end before the loop does."""
        own = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not own]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
