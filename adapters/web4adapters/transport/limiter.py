"""The limit on a platform's connections: how many are open at a time, and which one is cut.

The web server behind it sees only the connections that are admitted.
A link is never cut; every other connection can be, so that a peer can connect when strangers hold
all places.
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
"""Connections accepted from the system in one turn of the event loop."""

ACCEPT_TURNS = 3
"""Turns until a connection over the limit is closed: in each, `MAX_ACCEPTED` more may be open."""

MAX_WAITING_OUTSIDE = 512
"""Connections that the system keeps until they are accepted, if it lets so many wait."""

MAX_RESERVED_FILES = 32
"""Files that are not connections: the store, the guard, the log; dialled links are extra."""

HEAD_TIMEOUT_S = 10.0
"""The longest that a connection may take to send its first whole request head."""

KEEPALIVE_TIMEOUT_S = 20.0
"""The longest that a connection may stay without the next request."""

ANSWER_TIMEOUT_S = 60.0
"""The longest that a client may take to read an answer."""

log = logging.getLogger("web4.limiter")

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Connections: TypeAlias = dict["_Connection", None]


def find_room(platforms: int) -> tuple[int, int]:
    """The number of connections that may be open, and of those accepted in one turn.

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
    """Admits connections, knows which of them are being served, and cuts one when it is full."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._by_transport: dict[asyncio.BaseTransport, _Connection] = {}
        # each in the order of arrival
        self._idle: _Connections = {}
        self._served: _Connections = {}
        self._links: _Connections = {}
        self._throttled = ThrottledLog()

    async def open(
        self, server: Callable[[], asyncio.Protocol], host: str, port: int, at_once: int
    ) -> asyncio.Server:
        """Listen, and hand admitted connections to the web server.

        asyncio has one number for connections accepted at once and connections that may wait, so
        the second is set separately.
        """
        loop = asyncio.get_running_loop()
        connection = partial(_Connection, self, server)
        listening = await loop.create_server(connection, host, port, backlog=at_once)
        for each in listening.sockets:
            with each.dup() as same:
                same.listen(MAX_WAITING_OUTSIDE)
        return listening

    def middleware(self) -> Middleware:
        """The middleware that records which connections are being served."""

        @web.middleware
        async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
            transport = request.transport
            connection = None if transport is None else self._by_transport.get(transport)
            if connection is None:
                return await handler(request)
            self._move(connection, self._links if request.path == LINK_PATH else self._served)
            try:
                return await handler(request)
            finally:
                self._move(connection, self._idle)

        return middleware

    def _move(self, connection: _Connection, place: _Connections) -> None:
        if connection.transport not in self._by_transport:  # closed meanwhile
            return
        self._remove(connection)
        place[connection] = None
        if place is self._idle:
            connection.start_timer(ANSWER_TIMEOUT_S)
        else:
            connection.stop_timer()

    def _remove(self, connection: _Connection) -> None:
        for place in (self._idle, self._served, self._links):
            place.pop(connection, None)

    def admit(self, connection: _Connection) -> bool:
        """Admit a connection, if there is a place or another connection can be cut for it."""
        if len(self._by_transport) >= self._places and not self._make_room():
            self._throttled.warn(
                log,
                "full",
                "a connection was refused: all places hold links",
            )
            return False
        self._by_transport[connection.transport] = connection
        self._idle[connection] = None
        connection.start_timer(HEAD_TIMEOUT_S)
        return True

    def _make_room(self) -> bool:
        oldest = next(iter(self._idle), None) or next(iter(self._served), None)
        if oldest is None:
            return False
        text = "at the limit of %d connections, the oldest one that is not a link was cut"
        self._throttled.warn(log, "taken", text, self._places)
        self.send_away(oldest)
        return True

    def send_away(self, connection: _Connection) -> None:
        """Close a connection at once."""
        self.leave(connection)
        connection.transport.abort()

    def leave(self, connection: _Connection) -> None:
        """Forget a connection that is closed, or about to be."""
        self._by_transport.pop(connection.transport, None)
        self._remove(connection)
        connection.stop_timer()


class _Connection(asyncio.Protocol):
    """One connection: its bytes go on to the web server, once it is admitted."""

    transport: asyncio.Transport

    def __init__(self, limiter: ConnectionLimiter, server: Callable[[], asyncio.Protocol]) -> None:
        self._limiter = limiter
        self._server = server
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start_timer(self, seconds: float) -> None:
        """Be cut after this time, unless a request comes first."""
        self.stop_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._limiter.send_away, self)

    def stop_timer(self) -> None:
        """Cancel the time that was set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the limiter to be admitted."""
        self.transport = cast(asyncio.Transport, transport)
        if not self._limiter.admit(self):
            self.transport.abort()
            return
        self._inner = self._server()
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the limiter, and pass it on."""
        self._limiter.leave(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on received bytes."""
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
