"""Links let in whoever proves a platform's key, and nobody else, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web
from attrs import define, evolve, field

from tests.support.federation import Federation, platform_key, verify
from web4adapters.transport import Links, links
from web4adapters.transport.links import LINK_PATH
from web4core.errors import RemoteProtocolError
from web4core.link import (
    HELLO,
    MAX_HANDSHAKE_BYTES,
    MAX_PACKET_BYTES,
    NONCE_BYTES,
    PROOF,
    WELCOME,
    Frame,
    Hello,
    Proof,
    Request,
    Welcome,
    frame,
    link_signing_bytes,
)
from web4core.types import ChainId, Signature

FED = Federation(4, check=False)
CALLED, CALLER, OTHER = 0, 3, 1
OWN_NONCE = b"n" * NONCE_BYTES
WAIT_S = 30.0
"""How long to wait for what happens at once, unless the machine is busy."""
Socket = aiohttp.ClientWebSocketResponse


@define
class Listener:
    """What came over the links; may be told to fail, or to take its time."""

    ups: list[int] = field(factory=list)
    heard: list[tuple[int, tuple[Frame, ...]]] = field(factory=list)
    error: Exception | None = None
    free: asyncio.Event = field(factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.free.set()

    def connected(self, peer: int) -> None:
        self.ups.append(peer)

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        self.heard.append((peer, frames))
        await self.free.wait()
        if self.error is not None:
            raise self.error


@define
class Clock:
    now_s: float = 100.0

    def monotonic(self) -> float:
        return self.now_s


def links_of(me: int, urls: dict[int, str]) -> Links:
    return Links(FED.chain_id, FED.gate.keys, me, urls, platform_key(me).sign, verify)


@asynccontextmanager
async def served(routes: list[web.RouteDef]) -> AsyncIterator[str]:
    """Routes on a port of loopback; yields the URL."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def platform() -> AsyncIterator[tuple[Links, Listener, Callable[[], Awaitable[Socket]]]]:
    """The links of the platform that is called, what it hears, and how to reach it."""
    listener, called = Listener(), links_of(CALLED, {})
    called.start(listener)
    sockets: list[Socket] = []
    async with served(called.routes()) as url, aiohttp.ClientSession() as session:

        async def reach() -> Socket:
            socket = await session.ws_connect(
                url + LINK_PATH, max_msg_size=0, compress=0, autoclose=False
            )
            sockets.append(socket)
            return socket

        try:
            yield called, listener, reach
        finally:
            await asyncio.gather(*(socket.close() for socket in sockets), called.close())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


async def greet(socket: Socket, hello: Hello | None = None) -> Welcome:
    await socket.send_bytes(HELLO.encode(hello or Hello(FED.chain_id, CALLER, OWN_NONCE)))
    return WELCOME.decode(await socket.receive_bytes(timeout=WAIT_S), MAX_HANDSHAKE_BYTES)


def proof_of(speaker: int, welcome: Welcome, nonce: bytes = OWN_NONCE, key: int = -1) -> bytes:
    signer = platform_key(speaker if key < 0 else key)
    message = link_signing_bytes(
        FED.chain_id, speaker=speaker, listener=CALLED, challenge=welcome.nonce, own_nonce=nonce
    )
    return PROOF.encode(Proof(signer.sign(message)))


async def linked(reach: Callable[[], Awaitable[Socket]]) -> Socket:
    """A link of the caller's, proved."""
    socket = await reach()
    await socket.send_bytes(proof_of(CALLER, await greet(socket)))
    return socket


async def is_closed(socket: Socket) -> bool:
    message = await socket.receive(timeout=WAIT_S)
    return message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


# --- the one that is called ---


@pytest.mark.clause("W-LINK-2", "W-LINK-3")
def test_two_platforms_prove_themselves_to_each_other() -> None:
    async def play() -> None:
        async with platform() as (called, heard, _), served(called.routes()) as url:
            caller, at_caller = links_of(CALLER, dict.fromkeys(range(3), url)), Listener()
            caller.start(at_caller)
            await until(lambda: called.is_up(CALLER) and caller.is_up(CALLED))
            caller.send(CALLED, frame(b"word"), bulk=False)
            await until(lambda: heard.heard == [(CALLER, (b"word",))])
            await caller.close()

    asyncio.run(play())


async def _with_another_key(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(proof_of(CALLER, await greet(socket), key=OTHER))


async def _with_a_spent_proof(socket: Socket, spent: bytes) -> None:
    await greet(socket)
    await socket.send_bytes(spent)


async def _with_the_words_of_the_called(socket: Socket, _spent: bytes) -> None:
    welcome = await greet(socket)
    await socket.send_bytes(PROOF.encode(Proof(welcome.signature)))


async def _for_another_nonce(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(proof_of(CALLER, await greet(socket), nonce=bytes(NONCE_BYTES)))


async def _with_no_signature(socket: Socket, _spent: bytes) -> None:
    await greet(socket)
    await socket.send_bytes(PROOF.encode(Proof(Signature(bytes(64)))))


async def _with_a_long_proof(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(proof_of(CALLER, await greet(socket)) + bytes(MAX_HANDSHAKE_BYTES))


async def _with_text(socket: Socket, _spent: bytes) -> None:
    await greet(socket)
    await socket.send_str("let me in")


async def _with_a_long_hello(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(bytes(MAX_HANDSHAKE_BYTES + 1))


async def _of_another_chain(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(HELLO.encode(Hello(ChainId(bytes(32)), CALLER, OWN_NONCE)))


async def _as_the_called_itself(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(HELLO.encode(Hello(FED.chain_id, CALLED, OWN_NONCE)))


async def _as_nobody(socket: Socket, _spent: bytes) -> None:
    await socket.send_bytes(HELLO.encode(Hello(FED.chain_id, FED.n, OWN_NONCE)))


CALLERS = [
    _with_another_key,
    _with_a_spent_proof,
    _with_the_words_of_the_called,
    _for_another_nonce,
    _with_no_signature,
    _with_a_long_proof,
    _with_text,
    _with_a_long_hello,
    _of_another_chain,
    _as_the_called_itself,
    _as_nobody,
]


@pytest.mark.clause("W-LINK-1", "W-LINK-2", "W-LINK-3")
@pytest.mark.parametrize("impostor", CALLERS, ids=lambda each: each.__name__.strip("_"))
def test_a_caller_that_proves_nothing_is_refused(
    impostor: Callable[[Socket, bytes], Awaitable[None]],
) -> None:
    async def play() -> None:
        async with platform() as (called, listener, reach):
            first = await reach()
            spent = proof_of(CALLER, await greet(first))
            await first.send_bytes(spent)
            await until(lambda: called.is_up(CALLER))
            second = await reach()
            await impostor(second, spent)
            assert await is_closed(second)
            assert listener.ups == [CALLER]  # the first link is the only one, and stays
            await first.send_bytes(frame(Request(1)))
            await until(lambda: len(listener.heard) == 1)

    asyncio.run(play())


@pytest.mark.clause("W-LINK-2")
def test_the_nonces_of_the_called_are_fresh() -> None:
    async def play() -> None:
        async with platform() as (_, _, reach):
            nonces = {(await greet(await reach())).nonce for _ in range(8)}
            assert len(nonces) == 8

    asyncio.run(play())


# --- the one that calls ---


@define
class Impostor:
    """Answers in the name of the platform that is called, as `forge` has it."""

    forge: Callable[[Hello], bytes]
    hellos: list[Hello] = field(factory=list)
    proofs: list[bytes] = field(factory=list)

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = HELLO.decode(await socket.receive_bytes(), MAX_HANDSHAKE_BYTES)
        self.hellos.append(hello)
        await socket.send_bytes(self.forge(hello))
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            self.proofs.append(message.data)
        await socket.close()
        return socket


def welcome_to(
    hello: Hello, challenge: bytes | None = None, key: int = CALLED, listener: int = CALLER
) -> Welcome:
    nonce = challenge or hello.nonce
    message = link_signing_bytes(
        FED.chain_id, speaker=CALLED, listener=listener, challenge=nonce, own_nonce=OWN_NONCE
    )
    return Welcome(CALLED, OWN_NONCE, platform_key(key).sign(message))


FORGED: dict[str, Callable[[Hello], bytes]] = {
    "another key": lambda hello: WELCOME.encode(welcome_to(hello, key=OTHER)),
    "no signature": lambda hello: WELCOME.encode(
        evolve(welcome_to(hello), signature=Signature(bytes(64))),
    ),
    "a spent welcome": lambda hello: WELCOME.encode(welcome_to(hello, challenge=bytes(32))),
    "to another caller": lambda hello: WELCOME.encode(welcome_to(hello, listener=OTHER)),
    "another platform": lambda hello: WELCOME.encode(evolve(welcome_to(hello), platform=OTHER)),
    "too long": lambda hello: WELCOME.encode(welcome_to(hello)) + bytes(MAX_HANDSHAKE_BYTES),
    "nonsense": lambda _hello: b"\xff",
}


async def answered_by(impostor: Impostor, rounds: int) -> Listener:
    """What a platform hears that dials an impostor so many times."""
    async with served([web.get(LINK_PATH, impostor.answer)]) as url:
        # the two that nobody answers for are dialled in vain
        urls = {CALLED: url, 1: "http://127.0.0.1:1", 2: "http://127.0.0.1:1"}
        caller, listener = links_of(CALLER, urls), Listener()
        caller.start(listener)
        await until(lambda: len(impostor.hellos) >= rounds)
        await caller.close()
    return listener


@pytest.mark.clause("W-LINK-2", "W-LINK-3")
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_an_answer_that_proves_nothing_is_refused(forge: Callable[[Hello], bytes]) -> None:
    impostor = Impostor(forge)
    listener = asyncio.run(answered_by(impostor, 2))
    assert listener.ups == []
    assert impostor.proofs == []  # nothing is signed for whoever has not proved himself


@pytest.mark.clause("W-LINK-2", "W-LINK-3")
def test_the_nonces_of_the_caller_are_fresh_and_a_true_answer_is_taken() -> None:
    impostor = Impostor(lambda hello: WELCOME.encode(welcome_to(hello)))
    listener = asyncio.run(answered_by(impostor, 3))
    nonces = [hello.nonce for hello in impostor.hellos]
    assert len(set(nonces)) == len(nonces) >= 3
    assert CALLED in listener.ups
    assert len(PROOF.decode(impostor.proofs[0], MAX_HANDSHAKE_BYTES).signature) == 64


async def hears_nobody(caller: Links) -> None:
    """Let a platform dial for a while."""
    caller.start(Listener())
    await asyncio.sleep(0.5)
    await caller.close()


def test_a_redirect_is_not_followed(caplog: pytest.LogCaptureFixture) -> None:
    aimed_at: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        aimed_at.append(request.path)
        return web.Response()

    async def play() -> None:
        async with served([web.get("/victim", elsewhere)]) as victim:

            async def redirect(_: web.Request) -> web.Response:
                raise web.HTTPFound(f"{victim}/victim")

            async with served([web.get(LINK_PATH, redirect)]) as url:
                await hears_nobody(links_of(CALLER, dict.fromkeys(range(CALLER), url)))

    asyncio.run(play())
    assert aimed_at == []
    assert "it redirects to another address" in caplog.text


def test_a_platform_that_cannot_be_reached_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        asyncio.run(hears_nobody(links_of(OTHER, {CALLED: url})))
    (told,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert told.getMessage().startswith(f"no link to platform {CALLED} at {url}: ")


def test_what_ends_a_link_that_was_well_for_long_is_told_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(links, "STEADY_S", 0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        asyncio.run(hears_nobody(links_of(OTHER, {CALLED: url})))
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) > 1


def test_a_caller_that_says_nothing_is_told_to_be_slow(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(links, "HANDSHAKE_TIMEOUT_S", 0.1)

    async def play() -> None:
        async with platform() as (_, _, reach):
            await reach()
            await until(lambda: "was refused: it took too long" in caplog.text)

    asyncio.run(play())


# --- a link that is up ---


@pytest.mark.clause("W-LINK-5")
def test_a_packet_may_be_as_long_as_the_limit_and_no_longer() -> None:
    async def play() -> None:
        async with platform() as (_, listener, reach):
            socket = await linked(reach)
            half = frame(bytes(MAX_PACKET_BYTES // 2 - 5))
            await socket.send_bytes(half + half)
            await until(lambda: len(listener.heard) == 1)
            await socket.send_bytes(half + half + b"\x01")
            closing = await socket.receive(timeout=WAIT_S)
            assert closing.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG  # before it was read whole
            assert len(listener.heard) == 1

    asyncio.run(play())


@pytest.mark.clause("W-LINK-8")
def test_whoever_breaks_the_protocol_loses_the_link_and_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(links, "time", clock)

    async def play() -> None:
        async with platform() as (called, listener, reach):
            listener.error = RemoteProtocolError("W-LINK-8", "too much")
            socket = await linked(reach)
            await socket.send_bytes(frame(b"nonsense"))
            assert await is_closed(socket)
            assert await is_closed(await linked(reach))
            assert listener.ups == [CALLER]
            clock.now_s += links.SHUN_S
            await linked(reach)
            await until(lambda: called.is_up(CALLER))

    asyncio.run(play())


@pytest.mark.clause("W-LINK-1")
def test_a_new_link_replaces_the_old() -> None:
    async def play() -> None:
        async with platform() as (called, listener, reach):
            old = await linked(reach)
            await until(lambda: len(listener.ups) == 1)
            new = await linked(reach)
            await until(lambda: len(listener.ups) == 2)
            assert await is_closed(old)
            await new.send_bytes(frame(b"new"))
            await until(lambda: bool(listener.heard))
            called.send(CALLER, frame(b"answer"), bulk=False)
            assert await new.receive_bytes(timeout=WAIT_S) == frame(b"answer")
            assert listener.heard == [(CALLER, (b"new",))]

    asyncio.run(play())


@pytest.mark.clause("W-LINK-8")
def test_no_new_link_is_given_while_a_packet_of_the_old_is_judged() -> None:
    async def play() -> None:
        async with platform() as (_, listener, reach):
            listener.free.clear()
            old = await linked(reach)
            await old.send_bytes(frame(b"long work"))
            await until(lambda: bool(listener.heard))
            assert await is_closed(await linked(reach))
            listener.free.set()
            await asyncio.sleep(0)
            await linked(reach)
            await until(lambda: len(listener.ups) == 2)

    asyncio.run(play())


@pytest.mark.clause("W-LINK-2")
def test_silent_callers_hold_their_places_for_a_named_time_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(links, "MAX_UNPROVEN", 2)
    monkeypatch.setattr(links, "HANDSHAKE_TIMEOUT_S", 0.2)

    async def play() -> None:
        async with platform() as (_, listener, reach):
            for _silent in range(2):
                await reach()  # and do not even answer when told to hang up
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await reach()
            # A fifth of a second, the time to hang up, and what a busy machine adds.
            async with asyncio.timeout(WAIT_S):
                while not listener.ups:
                    with suppress(aiohttp.WSServerHandshakeError):
                        await linked(reach)
                    await asyncio.sleep(0.05)

    asyncio.run(play())


@pytest.mark.clause("A-DUR-1")
def test_a_defect_on_a_link_that_was_answered_stops_the_platform() -> None:
    async def play() -> None:
        async with platform() as (called, listener, reach):
            running = asyncio.ensure_future(called.run())
            listener.error = ZeroDivisionError("a defect")
            socket = await linked(reach)
            await socket.send_bytes(frame(b"word"))
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(running, WAIT_S)

    asyncio.run(play())


def test_bulk_frames_are_counted_as_they_leave_the_queue() -> None:
    async def play() -> None:
        async with platform() as (called, _, reach):
            assert called.room(CALLER) == 0
            await linked(reach)
            await until(lambda: called.is_up(CALLER))
            before = called.bulk_queued(CALLER)
            called.send(CALLER, frame(b"block"), bulk=True)
            called.send(CALLER, frame(b"vote"), bulk=False)
            assert called.bulk_queued(CALLER) == before + 1
            assert called.bulk_left(CALLER) == before
            await until(lambda: called.bulk_left(CALLER) == before + 1)
            assert called.room(CALLER) == links.MAX_OUTBOX_BYTES

    asyncio.run(play())


def test_frames_that_a_broken_link_lost_have_left_the_queue() -> None:
    async def play() -> None:
        async with platform() as (called, _, reach):
            await linked(reach)
            await until(lambda: called.is_up(CALLER))
            called.send(CALLER, frame(b"block"), bulk=True)
            queued = called.bulk_queued(CALLER)
            await called.close()  # before the writer had its turn
            await until(lambda: not called.is_up(CALLER))
            assert called.bulk_left(CALLER) == queued == called.bulk_queued(CALLER)

    asyncio.run(play())
