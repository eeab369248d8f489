"""The door keeps places free for peers, cuts whoever is silent, and never cuts a link."""

from __future__ import annotations

import asyncio
import http.client
import resource
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from attrs import define, field

from web4adapters.transport import limiter as module
from web4adapters.transport.limiter import ConnectionLimiter, find_room
from web4adapters.transport.links import LINK_PATH
from web4core.errors import LocalProtocolError
from web4core.ledger.state import MICRO, Address
from web4lab.demo import LocalFederation

WAIT_S = 30.0
"""How long to wait for what happens at once, unless the machine is busy."""
LONG_BYTES = 64 * 1024 * 1024


@define
class House:
    """A web server behind a door, and who has come through it."""

    port: int
    session: aiohttp.ClientSession
    free: asyncio.Event
    strangers: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(factory=list)

    async def knock(self, said: bytes = b"") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(said)
        await writer.drain()
        self.strangers.append((reader, writer))
        await asyncio.sleep(0.02)
        return reader

    async def ask(self, path: str = "/quick") -> bytes:
        reader = await self.knock(head(path))
        return await asyncio.wait_for(reader.readline(), WAIT_S)

    async def link(self) -> aiohttp.ClientWebSocketResponse:
        return await self.session.ws_connect(f"http://127.0.0.1:{self.port}{LINK_PATH}")


def head(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


@asynccontextmanager
async def house(places: int) -> AsyncIterator[House]:
    free = asyncio.Event()

    async def quick(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def slow(_: web.Request) -> web.Response:
        await free.wait()
        return web.Response(text="late")

    async def long(_: web.Request) -> web.Response:
        return web.Response(body=bytes(LONG_BYTES))

    async def link(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            await answer.send_str(message.data)
        return answer

    door = ConnectionLimiter(places)
    app = web.Application(middlewares=[door.middleware()])
    routes = {"/quick": quick, "/slow": slow, "/long": long, LINK_PATH: link}
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    server = await door.open(runner.server, "127.0.0.1", 0, 8)
    async with aiohttp.ClientSession() as session:
        built = House(server.sockets[0].getsockname()[1], session, free)
        try:
            yield built
        finally:
            free.set()
            server.close()
            await runner.cleanup()
            for _, writer in built.strangers:
                writer.close()
    await asyncio.sleep(0.05)


async def is_cut(reader: asyncio.StreamReader, within_s: float = WAIT_S) -> bool:
    try:
        async with asyncio.timeout(within_s):
            while await reader.read(1 << 20):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def test_when_all_places_are_taken_the_oldest_idle_connection_goes() -> None:
    async def play() -> None:
        async with house(3) as here:
            first, second, _ = [await here.knock() for _ in range(3)]
            assert b"200" in await here.ask()
            assert await is_cut(first)
            assert not await is_cut(second, 0.1)

    asyncio.run(play())


def test_a_link_is_not_cut_by_a_flood_and_finds_a_place_in_one() -> None:
    async def play() -> None:
        async with house(3) as here:
            before = await here.link()
            for path in ["/slow"] * 9:  # all other places are held by requests in work
                await here.knock(head(path))
            during = await here.link()
            for _ in range(9):
                await here.knock()
            for link in (before, during):
                await link.send_str("still here")
                assert await link.receive_str(timeout=WAIT_S) == "still here"
                await link.close()

    asyncio.run(play())


def test_whoever_finds_links_in_all_places_is_refused() -> None:
    async def play() -> None:
        async with house(2) as here:
            links = [await here.link() for _ in range(2)]
            assert await is_cut(await here.knock())
            await links[0].close()
            await asyncio.sleep(0.05)
            assert b"200" in await here.ask()
            await links[1].close()

    asyncio.run(play())


def test_a_head_that_does_not_come_is_waited_for_a_named_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "HEAD_TIMEOUT_S", 0.3)

    async def play() -> None:
        async with house(9) as here:
            link = await here.link()
            waiting = await here.knock(head("/slow"))
            silent, half = await here.knock(), await here.knock(b"GET /quick HTTP/1.1\r\nHo")
            assert await is_cut(silent)
            assert await is_cut(half)
            await asyncio.sleep(0.3)
            here.free.set()
            assert b"200" in await asyncio.wait_for(waiting.readline(), WAIT_S)
            await link.send_str("still here")
            assert await link.receive_str(timeout=WAIT_S) == "still here"
            await link.close()

    asyncio.run(play())


def test_an_answer_that_is_not_read_is_kept_a_named_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 0.3)

    async def play() -> None:
        async with house(9) as here:
            reader = await here.knock(head("/long"))
            await asyncio.sleep(
                0.8
            )  # the stream's buffer is full, and the rest waits at the server
            read = 0
            try:
                while chunk := await asyncio.wait_for(reader.read(1 << 20), WAIT_S):
                    read += len(chunk)
            except ConnectionError:
                pass
            assert read < LONG_BYTES

    asyncio.run(play())


@pytest.mark.parametrize("limit", [64, 256, 1024, 1 << 20, resource.RLIM_INFINITY])
def test_there_are_fewer_places_than_files(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    places, at_once = find_room(4)
    assert 4 < places <= module.MAX_CONNECTIONS
    assert 1 <= at_once <= module.MAX_ACCEPTED
    if limit != resource.RLIM_INFINITY:
        most = places + module.ACCEPT_TURNS * at_once + module.MAX_RESERVED_FILES + 4
        assert most <= limit


def test_too_few_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (40, 40))
    with pytest.raises(LocalProtocolError, match="`ulimit -n 1024`"):
        find_room(4)


def sent_again(connection: socket.socket) -> int:
    """How many packets the system had to send again: `tcpi_total_retrans` of Linux."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(told[100:], sys.byteorder)


class Poor(LocalFederation):
    """A federation that the system lets open few files."""

    def command(self, name: str) -> list[str]:
        return ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *super().command(name)]


@pytest.mark.e2e
def test_idle_connections_leave_a_platform_its_hearing_and_its_disk(tmp_path: Path) -> None:
    with Poor(tmp_path / "f", 1, {Address(platform="thor", agent="alice"): MICRO}) as federation:
        federation.start()
        port = int(federation.urls["thor"].rpartition(":")[2])
        before = federation.log("thor").stat().st_size
        with ExitStack() as idle:
            for _ in range(200):
                made = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
                idle.enter_context(made)
                assert sent_again(made) == 0, "the system kept its call"
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
            connection.request("GET", "/v1/health")
            assert connection.getresponse().status == 200
            connection.close()
        assert federation.log("thor").stat().st_size - before < 2_000
