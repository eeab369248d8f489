"""The door of a platform: how many connections there are at a time, and who has to go.

The web server behind it sees only those that are let in.
A link is never cut; all others can be, so that a peer finds a place when strangers hold them all.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias, cast

from aiohttp import web
from aiohttp.typedefs import Middleware

from web4adapters.throttled_log import ThrottledLog
from web4adapters.transport.links import LINK_PATH
from web4core import LocalProtocolError

MAX_CONNECTIONS = 512
"""Connections at a time; fewer where the system lets the process open few files."""

MAX_ACCEPTED = 64
"""Connections taken from the system in one turn of the event loop."""

ACCEPT_TURNS = 3
"""Turns until a connection over the cap is closed: so many times as many may come on top of it."""

MAX_WAITING_OUTSIDE = 512
"""Connections that the system keeps until they are taken, if it lets so many wait."""

MAX_RESERVED_FILES = 32
"""Files that are not connections: the store, the guard, the log; links dialled come on top."""

HEAD_TIMEOUT_S = 10.0
"""How long a connection may take to send its first whole request head."""

KEEPALIVE_TIMEOUT_S = 20.0
"""How long a connection may stay without the next request."""

ANSWER_TIMEOUT_S = 60.0
"""How long a client may take to read an answer."""

log = logging.getLogger("web4.door")

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Visitors: TypeAlias = dict["_Visitor", None]


def find_room(platforms: int) -> tuple[int, int]:
    """How many connections there may be at a time, and how many are taken in one turn.

    Raises `LocalProtocolError` if the system lets the process open too few files.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS, MAX_ACCEPTED
    room = limit - MAX_RESERVED_FILES - platforms
    at_once = max(1, min(MAX_ACCEPTED, room // 8))
    places = min(MAX_CONNECTIONS, room - ACCEPT_TURNS * at_once)
    if places <= platforms:
        raise LocalProtocolError(
            f"the system lets this process open {limit} files, too few for {platforms} platforms;"
            " raise the limit, as by `ulimit -n 1024`"
        )
    return places, at_once


class ConnectionLimiter:
    """Lets connections in, knows which of them are being served, and cuts those that must go."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._by_transport: dict[asyncio.BaseTransport, _Visitor] = {}
        # in each, whoever came there first is first
        self._idle: _Visitors = {}
        self._served: _Visitors = {}
        self._links: _Visitors = {}
        self._seldom = ThrottledLog()

    async def open(
        self, server: Callable[[], asyncio.Protocol], host: str, port: int, at_once: int
    ) -> asyncio.Server:
        """Listen, and hand those who are let in to the web server.

        asyncio has one number for those taken at once and those who may wait for it, so that the
        second is set anew.
        """
        loop = asyncio.get_running_loop()
        visitor = partial(_Visitor, self, server)
        listening = await loop.create_server(visitor, host, port, backlog=at_once)
        for each in listening.sockets:
            with each.dup() as same:
                same.listen(MAX_WAITING_OUTSIDE)
        return listening

    def middleware(self) -> Middleware:
        """Tells the door which connections are being served."""

        @web.middleware
        async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
            transport = request.transport
            visitor = None if transport is None else self._by_transport.get(transport)
            if visitor is None:
                return await handler(request)
            self._move(visitor, self._links if request.path == LINK_PATH else self._served)
            try:
                return await handler(request)
            finally:
                self._move(visitor, self._idle)

        return middleware

    def _move(self, visitor: _Visitor, place: _Visitors) -> None:
        if visitor.transport not in self._by_transport:  # gone meanwhile
            return
        self._take_out(visitor)
        place[visitor] = None
        if place is self._idle:
            visitor.must_act_within(ANSWER_TIMEOUT_S)
        else:
            visitor.may_rest()

    def _take_out(self, visitor: _Visitor) -> None:
        for place in (self._idle, self._served, self._links):
            place.pop(visitor, None)

    def admit(self, visitor: _Visitor) -> bool:
        """Let a connection in, if there is a place or somebody can be sent away for it."""
        if len(self._by_transport) >= self._places and not self._make_room():
            self._seldom.warn(log, "full", "a connection was refused: all places hold links")
            return False
        self._by_transport[visitor.transport] = visitor
        self._idle[visitor] = None
        visitor.must_act_within(HEAD_TIMEOUT_S)
        return True

    def _make_room(self) -> bool:
        oldest = next(iter(self._idle), None) or next(iter(self._served), None)
        if oldest is None:
            return False
        text = "all %d places for connections are taken; the oldest that is no link was cut"
        self._seldom.warn(log, "taken", text, self._places)
        self.send_away(oldest)
        return True

    def send_away(self, visitor: _Visitor) -> None:
        """Cut a connection at once."""
        self.leave(visitor)
        visitor.transport.abort()

    def leave(self, visitor: _Visitor) -> None:
        """A connection is gone, or as good as gone."""
        self._by_transport.pop(visitor.transport, None)
        self._take_out(visitor)
        visitor.may_rest()


class _Visitor(asyncio.Protocol):
    """One connection: what comes over it goes on to the web server, once it is let in."""

    transport: asyncio.Transport

    def __init__(self, door: ConnectionLimiter, server: Callable[[], asyncio.Protocol]) -> None:
        self._door = door
        self._server = server
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None

    def must_act_within(self, seconds: float) -> None:
        """Be sent away after this time, unless a request comes first."""
        self.may_rest()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._door.send_away, self)

    def may_rest(self) -> None:
        """Forget the time that was set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Knock."""
        self.transport = cast(asyncio.Transport, transport)
        if not self._door.admit(self):
            self.transport.abort()
            return
        self._inner = self._server()
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._door.leave(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that nothing more comes."""
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the other end reads too slowly."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it has caught up."""
        if self._inner is not None:
            self._inner.resume_writing()
