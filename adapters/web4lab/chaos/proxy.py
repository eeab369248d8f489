"""One TCP link through which bytes pass late, damaged, in one direction only, or not at all.

TCP loses nothing while a connection stands, so a loss in the network shows as a link that breaks,
with the loss of all bytes on their way.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from contextlib import suppress
from typing import Final, TypeAlias

from attrs import frozen

CHUNK_BYTES: Final = 16 * 1024
MAX_DELAYED_BYTES: Final = 8 * 1024 * 1024
"""Bytes that may be on their way; a link with more is not read until some have arrived."""

UP, DOWN = 0, 1
"""From the end that dials to the end that listens, and back."""


@frozen
class Weather:
    """The faults of a link. `breaks` and `flips` are probabilities for each chunk."""

    delay_s: float = 0.0
    """The delay in one direction."""
    is_cut: bool = False
    silent: tuple[bool, bool] = (False, False)
    """Whether all that goes up, and all that goes down, is lost."""
    breaks: float = 0.0
    flips: float = 0.0


FAIR: Final = Weather()
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Listens on one port, and passes on to another. Lives in the event loop that started it."""

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        self.weather = FAIR
        self._target = target
        self._dice = random.Random(seed)
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port, and return it."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def set(self, weather: Weather) -> None:
        """Change the faults. A connection that has lost bytes breaks, since TCP never skips any."""
        self.weather = weather
        for connection in tuple(self._connections):
            if weather.is_cut or (connection.has_hole and weather.silent == FAIR.silent):
                connection.abort()

    async def close(self) -> None:
        """Break every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.is_cut:
            writer.transport.abort()
            return
        try:
            beyond = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, self._dice, (reader, writer), beyond)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


class _Connection:
    """Two streams, joined both ways."""

    def __init__(self, relay: Relay, dice: random.Random, near: Streams, far: Streams) -> None:
        self.has_hole = False
        self._relay = relay
        self._dice = dice
        self._near = near
        self._far = far

    def abort(self) -> None:
        for _, writer in (self._near, self._far):
            writer.transport.abort()

    async def run(self) -> None:
        """Pass bytes on until either end closes."""
        ways = (
            self._pass(self._near[0], self._far[1], UP),
            self._pass(self._far[0], self._near[1], DOWN),
        )
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int
    ) -> None:
        """Pass one direction on: read, apply the faults, write when it is due."""
        delayed = _Delayed(writer)
        deliver = asyncio.ensure_future(delayed.run())
        try:
            with suppress(ConnectionError):
                while chunk := await reader.read(CHUNK_BYTES):
                    await self._weather(chunk, way, delayed)
                await delayed.drained()
        finally:
            deliver.cancel()
            await asyncio.gather(deliver, return_exceptions=True)

    async def _weather(self, chunk: bytes, way: int, delayed: _Delayed) -> None:
        weather = self._relay.weather
        if weather.silent[way]:
            self.has_hole = True
            return
        if self._dice.random() < weather.breaks:
            raise ConnectionAbortedError
        if self._dice.random() < weather.flips:
            chunk = self._flipped(chunk)
        await delayed.put(chunk, weather.delay_s)

    def _flipped(self, chunk: bytes) -> bytes:
        place = self._dice.randrange(len(chunk))
        flipped = chunk[place] ^ 1 << self._dice.randrange(8)
        return chunk[:place] + bytes([flipped]) + chunk[place + 1 :]


class _Delayed:
    """Bytes on their way, in order, each with the time at which it is due."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()

    async def put(self, chunk: bytes, delay_s: float) -> None:
        due_s = asyncio.get_running_loop().time() + delay_s
        async with self._changed:
            await self._changed.wait_for(lambda: self._bytes < MAX_DELAYED_BYTES)
            self._waiting.append((due_s, chunk))
            self._bytes += len(chunk)
            self._changed.notify_all()

    async def drained(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting)

    async def run(self) -> None:
        """Write each chunk when it is due, until cancelled or the connection is gone."""
        loop = asyncio.get_running_loop()
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._waiting)
                due_s, chunk = self._waiting[0]
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self._writer.write(chunk)
            with suppress(ConnectionError):
                await self._writer.drain()
            async with self._changed:
                self._waiting.popleft()
                self._bytes -= len(chunk)
                self._changed.notify_all()
