"""One request over HTTP/1.1 to one place, and its whole answer by one deadline.

Redirects are not followed, cookies are not kept, and no proxy is used: the answer must come from
the platform itself.

All requests of a process go through one thread with an event loop. So a caller may ask from any
thread, also from within another event loop; a signal interrupts the caller who waits, and never the
loop. Connections are kept for the next request that only reads. A request with a body gets a
connection of its own: a kept one may be gone, and then nobody knows whether the body was taken.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias

import aiohttp
from attrs import frozen

from web4adapters.client.errors import ClientError, Unreachable
from web4process.signals import uninterrupted

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Length of an answer that a client reads; a full export is half of it."""

CLOSING_S = 1.0
"""The longest that the end of the process waits until the connections are closed."""


@frozen
class Answer:
    """A whole answer: its status, the reason phrase, and the body."""

    status: int
    reason: str
    body: bytes


@frozen
class _Request:
    place: str
    path: str
    body: bytes | None
    timeout_s: float


_Answers: TypeAlias = SimpleQueue[Answer | Exception]


def ask(place: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
    """GET a path, or POST a body to it; `ClientError` unless all is answered within the time."""
    try:
        return _wait(_Request(place, path, body, timeout_s))
    except TimeoutError:
        raise ClientError(f"{place} did not answer within {timeout_s:g} s") from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
        raise Unreachable(f"{place} is no place; write http://HOST:PORT in web4.toml") from None
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(f"{place} cannot be reached: {error.os_error}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ClientError(f"{place} broke off: {str(error) or type(error).__name__}") from None


def _wait(request: _Request) -> Answer:
    """Wait for the answer; an exchange whose caller was interrupted ends by its deadline."""
    answers: _Answers = SimpleQueue()
    with uninterrupted():
        _background().begin(request, answers)
    answer = answers.get()  # in one piece; the waits of `threading` break when interrupted
    if isinstance(answer, Exception):
        raise answer
    return answer


class _Background:
    """A thread with an event loop, and the sessions that live in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._reading: aiohttp.ClientSession | None = None
        self._writing: aiohttp.ClientSession | None = None
        self._exchanges: set[asyncio.Task[None]] = set()
        self._thread = Thread(target=self._loop.run_forever, name="web4-http", daemon=True)
        self._thread.start()

    def begin(self, request: _Request, answers: _Answers) -> None:
        """Start an exchange; its answer or its error is put into `answers`."""
        self._loop.call_soon_threadsafe(self._begin, request, answers)

    def close(self) -> None:
        """Close all connections, and end the thread."""
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._end()))
        self._thread.join(CLOSING_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _begin(self, request: _Request, answers: _Answers) -> None:
        task = self._loop.create_task(self._exchange(request, answers))
        self._exchanges.add(task)  # the loop itself keeps no task
        task.add_done_callback(self._exchanges.discard)

    async def _end(self) -> None:
        exchanges = tuple(self._exchanges)
        for task in exchanges:
            task.cancel()
        await asyncio.gather(*exchanges, return_exceptions=True)
        for session in (self._reading, self._writing):
            if session is not None:
                await session.close()
        await asyncio.sleep(0)  # closed connections leave the loop in the next round
        self._loop.stop()

    async def _exchange(self, request: _Request, answers: _Answers) -> None:
        try:
            answers.put(await self._answer(request))
        except Exception as error:  # noqa: BLE001  raised for the caller who waits
            answers.put(error)

    async def _answer(self, request: _Request) -> Answer:
        session = self._session(is_kept=request.body is None)
        async with session.request(
            "GET" if request.body is None else "POST",
            request.place + request.path,
            data=request.body,
            headers={"Content-Type": "application/json"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=request.timeout_s),
        ) as response:
            body = await _whole(request.place, response)
            return Answer(response.status, response.reason or "", body)

    def _session(self, *, is_kept: bool) -> aiohttp.ClientSession:
        """Return the session of requests that read, or of those with a body."""
        if is_kept:
            self._reading = self._reading or _new_session(is_kept=True)
            return self._reading
        self._writing = self._writing or _new_session(is_kept=False)
        return self._writing


def _new_session(*, is_kept: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=not is_kept),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def _whole(place: str, response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ClientError(f"{place} answers with more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


_STARTING = Lock()


def _background() -> _Background:
    """Return the one of this process; it is started by the first request."""
    with _STARTING:
        return _started()


@cache
def _started() -> _Background:
    return _Background()


def _close() -> None:
    if _started.cache_info().currsize:
        _started().close()
        _started.cache_clear()


_OF_PARENTS: list[_Background] = []


def _start_anew() -> None:
    """Leave the parent's connections to the parent: its thread does not come along in a fork."""
    if _started.cache_info().currsize:
        _OF_PARENTS.append(_started())
        _started.cache_clear()


atexit.register(_close)
os.register_at_fork(after_in_child=_start_anew)
