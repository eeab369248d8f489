"""One request over HTTP/1.1 to one place, and its whole answer by one deadline.

Redirects are not followed, and no proxy is used: a platform answers for itself.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, cast
from urllib.parse import urlsplit

from attrs import frozen

from web4adapters.client.errors import ClientError, Unreachable

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Length of an answer that a client reads; a full export is half of it."""


_KINDS: dict[str, type[HTTPConnection]] = {"http": HTTPConnection, "https": HTTPSConnection}


@frozen
class Answer:
    """What came back: the status, its words, the body."""

    status: int
    reason: str
    body: bytes


class _Slow(OSError):
    """The deadline has passed before the answer was whole."""


class _Reader(io.RawIOBase):
    """The bytes of a socket, until a moment."""

    def __init__(self, source: socket.socket, until_s: float) -> None:
        self._socket = source
        self._until_s = until_s

    def readable(self) -> bool:
        """A socket can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or wait for it until the moment."""
        self._socket.settimeout(_left_s(self._until_s))
        return self._socket.recv_into(buffer)


class _Source:
    """What `HTTPResponse` wants of a socket."""

    def __init__(self, source: socket.socket, until_s: float) -> None:
        self._reader = _Reader(source, until_s)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file that the response reads."""
        return io.BufferedReader(self._reader)


def _left_s(until_s: float) -> float:
    left_s = until_s - time.monotonic()
    if left_s <= 0:
        raise _Slow
    return left_s


def ask(place: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
    """GET a path, or POST a body to it; `ClientError` unless all is answered within the time."""
    until_s = time.monotonic() + timeout_s
    connection = _connection(place, timeout_s)
    try:
        _connect(connection, place)
        return _exchange(connection, place, path, body, until_s)
    except (TimeoutError, _Slow):
        raise ClientError(f"{place} did not answer within {timeout_s:g} s") from None
    except (OSError, HTTPException) as error:
        raise ClientError(f"{place} broke off: {str(error) or type(error).__name__}") from None
    finally:
        connection.close()


def _connection(place: str, timeout_s: float) -> HTTPConnection:
    try:
        parts = urlsplit(place)
        kind = _KINDS[parts.scheme]
        return kind(parts.hostname or "", parts.port, timeout=timeout_s)
    except (KeyError, ValueError):
        raise Unreachable(f"{place} is no place; write http://HOST:PORT in web4.toml") from None


def _connect(connection: HTTPConnection, place: str) -> None:
    try:
        connection.connect()
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{place} cannot be reached: {error}") from None


def _exchange(
    connection: HTTPConnection, place: str, path: str, body: bytes | None, until_s: float
) -> Answer:
    connection.sock.settimeout(_left_s(until_s))
    method = "GET" if body is None else "POST"
    headers = {"Content-Type": "application/json", "Connection": "close"}
    connection.request(method, urlsplit(place).path + path, body, headers)
    source = _Source(connection.sock, until_s)
    response = HTTPResponse(cast("socket.socket", source), method=method)
    response.begin()
    return Answer(response.status, response.reason, response.read(MAX_ANSWER_BYTES))
