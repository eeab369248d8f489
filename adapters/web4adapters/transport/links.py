"""One WebSocket for each pair of platforms, kept up, with a bounded queue at this end.

The platform with the higher index dials; both ends prove who they are (`web4core.link`).
Frames are written as many at a time as are waiting.
A full queue drops new frames, and a broken link drops all waiting frames: after `connected`,
consensus sends again all that still matters.
A peer that breaks the protocol loses its link, and stays without one for a while.
Clauses: W-LINK-1 to W-LINK-7.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol, TypeAlias

import aiohttp
from aiohttp import WSMsgType, web

from web4adapters.throttled_log import ThrottledLog
from web4core import (
    HELLO,
    MAX_HANDSHAKE_BYTES,
    MAX_PACKET_BYTES,
    NONCE_BYTES,
    PROOF,
    WELCOME,
    ChainId,
    Frame,
    Hello,
    Proof,
    PublicKey,
    RemoteProtocolError,
    Signature,
    Verify,
    Welcome,
    check_hello,
    check_welcome,
    dials,
    link_signing_bytes,
    open_packet,
    packet,
    parse_proof,
    proof_check,
    welcome_check,
)

LINK_PATH = "/v1/link"

MAX_OUTBOX_BYTES = 32 * 1024 * 1024
"""Bytes that may wait for one peer; more is dropped."""

WRITE_BYTES = MAX_PACKET_BYTES // 16
"""A packet is closed when it reaches this size, so that urgent frames never wait long."""

MAX_READ_BYTES = MAX_PACKET_BYTES + 1
"""The limit for aiohttp, which refuses a message that is as long as its limit (W-LINK-5)."""

HANDSHAKE_TIMEOUT_S = 5.0
"""The longest that a caller may take to prove its identity."""

CLOSE_TIMEOUT_S = 1.0
"""The longest that a refused caller may take to close its connection."""

HEARTBEAT_S = 10.0
"""The interval at which a silent link is tested."""

RETRY_FIRST_S = 0.05
"""The first wait before a lost link is dialled again; it doubles."""

RETRY_LAST_S = 2.0
"""The longest wait, where the doubling ends."""

MAX_UNPROVEN = 64
"""Callers that have not yet proved their identity, at a time."""

SHUN_S = RETRY_LAST_S
"""The time for which a peer that broke the protocol gets no link, as the price of breaking it."""

STEADY_S = 60.0
"""A link that stood this long was sound: the error that breaks it is logged again."""

MAX_REASON_CHARACTERS = 200
"""Length of the logged text of an error that a peer or a caller caused."""

UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError)
"""The errors that a network causes on a link; they are no defect."""

log = logging.getLogger("web4.links")
Socket: TypeAlias = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


class LinkListener(Protocol):
    """The receiver of the frames that come over the links."""

    async def receive(self, peer: int, frames: tuple[Frame, ...]) -> None:
        """Frames from a peer; the link is not read further until this returns.

        Raises `RemoteProtocolError` if the link is to be closed.
        """
        ...

    def connected(self, peer: int) -> None:
        """A link has come up."""
        ...


class _Peer:
    """The queues to one peer, and its socket while there is one.

    Messages of agreement go before bulk frames: transactions, and old blocks.
    """

    def __init__(self) -> None:
        self.outbox: deque[bytes] = deque()
        self.bulk: deque[bytes] = deque()
        self.bulk_left = 0
        """The number of bulk frames that have left the queue, written or lost."""
        self.waiting_bytes = 0
        self.dropped = 0
        self.wake = asyncio.Event()
        self.socket: Socket | None = None
        self.judging = False
        """Whether a packet that came over its link is being checked."""
        self.shunned_until_s = 0.0

    def must_wait(self) -> bool:
        """Whether it may have no new link yet: each would bring one more packet to check."""
        return self.judging or time.monotonic() < self.shunned_until_s

    def next_packet(self) -> list[bytes]:
        """Frames to write at once: at least one, if any wait."""
        batch: list[bytes] = []
        size = 0
        bulk_before = len(self.bulk)
        for queue in (self.outbox, self.bulk):
            while queue and (not batch or size + len(queue[0]) <= WRITE_BYTES):
                framed = queue.popleft()
                size += len(framed)
                batch.append(framed)
        self.waiting_bytes -= size
        self.bulk_left += bulk_before - len(self.bulk)
        return batch

    def clear(self) -> None:
        self.bulk_left += len(self.bulk)
        self.outbox.clear()
        self.bulk.clear()
        self.waiting_bytes = 0


class Links:
    """All links of one platform."""

    def __init__(
        self,
        chain_id: ChainId,
        keys: tuple[PublicKey, ...],
        me: int,
        urls: Mapping[int, str],
        sign: Callable[[bytes], Signature],
        verify: Verify,
    ) -> None:
        self._chain_id = chain_id
        self._keys = keys
        self._me = me
        self._urls = urls
        self._sign = sign
        self._verify = verify
        self._listener: LinkListener | None = None
        self._peers = {index: _Peer() for index in range(len(keys)) if index != me}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unproven = 0
        self._throttled = ThrottledLog()
        self._broken = asyncio.Event()
        self._defect: Exception | None = None

    # --- what the runtime calls ---

    def send(self, peer: int, framed: bytes, *, bulk: bool) -> None:
        """Queue a frame for a peer; dropped if there is no link or no room.

        All other frames go before `bulk` frames.
        """
        each = self._peers[peer]
        if len(framed) > self.room(peer):
            each.dropped += 1
            return
        (each.bulk if bulk else each.outbox).append(framed)
        each.waiting_bytes += len(framed)
        each.wake.set()

    def room(self, peer: int) -> int:
        """Bytes that can be queued for a peer now; none without a link."""
        each = self._peers[peer]
        return 0 if each.socket is None else MAX_OUTBOX_BYTES - each.waiting_bytes

    def bulk_queued(self, peer: int) -> int:
        """The number of bulk frames ever queued for a peer, which numbers the last one."""
        each = self._peers[peer]
        return each.bulk_left + len(each.bulk)

    def bulk_left(self, peer: int) -> int:
        """The number of these that wait no longer."""
        return self._peers[peer].bulk_left

    def is_up(self, peer: int) -> bool:
        """Whether there is a link to this peer now."""
        return self._peers[peer].socket is not None

    @property
    def dropped(self) -> int:
        """The number of frames dropped because there was no link or no room."""
        return sum(peer.dropped for peer in self._peers.values())

    def routes(self) -> list[web.RouteDef]:
        """The route at which peers dial in."""
        return [web.get(LINK_PATH, self._answer)]

    def start(self, listener: LinkListener) -> None:
        """Begin to listen, and to dial the platforms that this one dials."""
        self._listener = listener
        for index in self._peers:
            if dials(me=self._me, other=index):
                self._spawn(self._dial_forever(index, listener))

    async def run(self) -> None:
        """Run until cancelled; a defect in a link is a defect of the platform, and raised here."""
        await asyncio.gather(self._raise_defect(), *self._tasks)

    async def _raise_defect(self) -> None:
        """Raise the defect of an answered link, which the web server's task would hide."""
        await self._broken.wait()
        if self._defect is not None:
            raise self._defect

    async def close(self) -> None:
        """Take all links down."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self._peers.values():
            if peer.socket is not None:
                await peer.socket.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- dialling ---

    async def _dial_forever(self, index: int, listener: LinkListener) -> None:
        delay_s = RETRY_FIRST_S
        async with aiohttp.ClientSession(trace_configs=[_no_redirects()]) as session:
            while True:
                began_s = time.monotonic()
                error = await self._dial(session, index, listener)
                if time.monotonic() - began_s >= STEADY_S:
                    self._forget(index)
                if error is None:
                    delay_s = RETRY_FIRST_S
                else:
                    self._tell(index, error)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)

    def _tell(self, index: int, error: Exception) -> None:
        """Log, throttled, why there is no link."""
        kind = (index, isinstance(error, RemoteProtocolError))
        text = "no link to platform %d at %s: %s"
        self._throttled.warn(log, kind, text, index, self._urls[index], _reason(error))

    def _forget(self, index: int) -> None:
        """Log again the next error of a link that was sound for long."""
        for broke_protocol in (False, True):
            self._throttled.forget((index, broke_protocol))

    async def _dial(
        self, session: aiohttp.ClientSession, index: int, listener: LinkListener
    ) -> Exception | None:
        """Dial, and serve the link until it ends; the error that ended it, if any."""
        try:
            await self._serve_dialled(session, index, listener)
        except (RemoteProtocolError, *UNREACHABLE) as error:
            return error
        return None

    async def _serve_dialled(
        self, session: aiohttp.ClientSession, index: int, listener: LinkListener
    ) -> None:
        url = self._urls[index].rstrip("/") + LINK_PATH
        async with session.ws_connect(
            url, max_msg_size=MAX_READ_BYTES, heartbeat=HEARTBEAT_S, compress=0
        ) as socket:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                await self._introduce(socket, index)
            await self._serve(index, socket, listener)

    async def _introduce(self, socket: Socket, index: int) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        await socket.send_bytes(HELLO.encode(Hello(self._chain_id, self._me, nonce)))
        welcome = check_welcome(await _handshake_bytes(socket), index)
        claim = welcome_check(self._chain_id, self._me, self._keys, nonce, welcome)
        if not self._verify(*claim):
            raise RemoteProtocolError("W-LINK-3", "the signature of the welcome is wrong")
        message = link_signing_bytes(
            self._chain_id,
            speaker=self._me,
            listener=index,
            challenge=welcome.nonce,
            own_nonce=nonce,
        )
        await socket.send_bytes(PROOF.encode(Proof(self._sign(message))))

    # --- answering ---

    async def _answer(self, request: web.Request) -> web.WebSocketResponse:
        if self._listener is None or self._unproven >= MAX_UNPROVEN:
            raise web.HTTPServiceUnavailable(text="too many callers; try again later")
        socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S,
            max_msg_size=MAX_READ_BYTES,
            heartbeat=HEARTBEAT_S,
            compress=False,
        )
        index = await self._admit(request, socket)
        if index is not None:
            await self._serve_caller(index, socket, self._listener)
        return socket

    async def _admit(self, request: web.Request, socket: web.WebSocketResponse) -> int | None:
        """The platform that calls, if it proves its identity and may have a link now."""
        self._unproven += 1
        try:
            await socket.prepare(request)
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                index = await self._examine(socket)
            if self._peers[index].must_wait():
                raise RemoteProtocolError("W-LINK-8", f"platform {index} has to wait for a link")
        except (RemoteProtocolError, *UNREACHABLE) as error:
            text = "a caller from %s was refused: %s"
            self._throttled.warn(log, "refused", text, request.remote, _reason(error))
            await _close(socket)
            return None
        finally:
            self._unproven -= 1
        return index

    async def _serve_caller(self, index: int, socket: Socket, listener: LinkListener) -> None:
        try:
            await self._serve(index, socket, listener)
        except RemoteProtocolError as error:
            text = "link to platform %d is closed: %s"
            self._throttled.warn(log, ("closed", index), text, index, error)
            self._peers[index].shunned_until_s = time.monotonic() + SHUN_S
            await _close(socket)
        except UNREACHABLE as error:
            log.debug("link to platform %d broke: %s", index, error)
        except Exception as error:
            self._defect = error
            self._broken.set()
            raise

    async def _examine(self, socket: Socket) -> int:
        hello = check_hello(
            await _handshake_bytes(socket), self._chain_id, n=len(self._keys), me=self._me
        )
        nonce = secrets.token_bytes(NONCE_BYTES)
        message = link_signing_bytes(
            self._chain_id,
            speaker=self._me,
            listener=hello.platform,
            challenge=hello.nonce,
            own_nonce=nonce,
        )
        await socket.send_bytes(WELCOME.encode(Welcome(self._me, nonce, self._sign(message))))
        proof = parse_proof(await _handshake_bytes(socket))
        claim = proof_check(self._chain_id, self._me, self._keys, nonce, hello, proof)
        if not self._verify(*claim):
            raise RemoteProtocolError("W-LINK-3", "the signature of the caller is wrong")
        return hello.platform

    # --- a link that is up ---

    async def _serve(self, index: int, socket: Socket, listener: LinkListener) -> None:
        """Read and write until the link breaks or is replaced (W-LINK-1)."""
        peer = self._peers[index]
        before, peer.socket = peer.socket, socket
        if before is not None:  # not awaited: the other end need not answer
            self._spawn(_close(before))
        peer.clear()
        log.info("link to platform %d is up", index)
        listener.connected(index)
        writer = asyncio.ensure_future(_write_forever(peer, socket))
        try:
            await self._read(index, socket, listener)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if peer.socket is socket:
                peer.socket = None
                peer.clear()
            log.info("link to platform %d is down", index)

    async def _read(self, index: int, socket: Socket, listener: LinkListener) -> None:
        peer = self._peers[index]
        async for message in socket:
            if peer.socket is not socket:
                return
            if message.type is not WSMsgType.BINARY:
                raise RemoteProtocolError("W-LINK-4", "only binary packets are sent over a link")
            peer.judging = True
            try:
                await listener.receive(index, open_packet(message.data))
            finally:
                peer.judging = False


def _reason(error: Exception) -> str:
    """The reason that an error gives; its class if it has no text."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    text = " ".join(str(error).split())[:MAX_REASON_CHARACTERS]
    return text or type(error).__name__


def _no_redirects() -> aiohttp.TraceConfig:
    """A configuration that fails on a redirect: a peer must not choose where our requests go."""

    async def refuse(*_: object) -> None:
        raise aiohttp.ClientError("it redirects to another address, which is not followed")

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config


async def _close(socket: Socket) -> None:
    with suppress(*UNREACHABLE):
        await socket.close(code=aiohttp.WSCloseCode.POLICY_VIOLATION)


async def _handshake_bytes(socket: Socket) -> bytes:
    message = await socket.receive()
    if message.type is not WSMsgType.BINARY or len(message.data) > MAX_HANDSHAKE_BYTES:
        raise RemoteProtocolError("W-LINK-2", "the handshake broke off")
    data: bytes = message.data
    return data


async def _write_forever(peer: _Peer, socket: Socket) -> None:
    """Write waiting frames, until cancelled or replaced; the rest is for the next link."""
    while True:
        await peer.wake.wait()
        if peer.socket is not socket:
            return
        peer.wake.clear()
        while peer.socket is socket and (batch := peer.next_packet()):
            await socket.send_bytes(packet(batch))
