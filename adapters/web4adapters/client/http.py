"""One request over HTTP/1.1 to one place, and its whole answer by one deadline.

Redirects are not followed, and no proxy is used: a platform answers for itself.
The exchange has a thread with an event loop of its own, so that a caller may ask from any thread,
also from within another event loop; a signal interrupts the caller who waits, never the loop.
"""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from threading import Thread

import aiohttp
from attrs import frozen

from web4adapters.client.errors import ClientError, Unreachable
from web4process.signals import uninterrupted

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Length of an answer that a client reads; a full export is half of it."""


@frozen
class Answer:
    """A whole answer: its status, the reason phrase, and the body."""

    status: int
    reason: str
    body: bytes


def ask(place: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
    """GET a path, or POST a body to it; `ClientError` unless all is answered within the time."""
    try:
        return _beside(place, path, body, timeout_s)
    except TimeoutError:
        raise ClientError(f"{place} did not answer within {timeout_s:g} s") from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
        raise Unreachable(f"{place} is no place; write http://HOST:PORT in web4.toml") from None
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(f"{place} cannot be reached: {error.os_error}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ClientError(f"{place} broke off: {str(error) or type(error).__name__}") from None


def _beside(place: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
    """Wait for the exchange; one that nobody waits for any more ends by its deadline."""
    answers: SimpleQueue[Answer | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            answers.put(asyncio.run(_exchange(place, path, body, timeout_s)))
        except BaseException as error:  # noqa: BLE001  raised for the one who waits
            answers.put(error)

    with uninterrupted():
        Thread(target=work, name="web4-asking", daemon=True).start()
    answer = answers.get()  # in one piece; the waits of `threading` break when interrupted
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _exchange(place: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    method = "GET" if body is None else "POST"
    async with (
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
        session.request(
            method, place + path, data=body, headers=headers, allow_redirects=False
        ) as response,
    ):
        return Answer(response.status, response.reason or "", await _whole(place, response))


async def _whole(place: str, response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ClientError(f"{place} answers with more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)
