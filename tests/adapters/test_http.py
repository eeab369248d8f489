"""One request to one place: its deadline, its bounds, its interruption."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

from tests.support.served import DRIP_S, answering, drip, drip_bytes, served
from web4adapters.client import ClientError, Unreachable, http
from web4adapters.client.http import Answer, ask

SOON_S = DRIP_S / 2
"""Half a second and what a busy machine adds; whoever waits for the end waits twice as long."""


def test_an_answer_has_one_deadline() -> None:
    with served(drip) as slow:
        began_s = time.monotonic()
        with pytest.raises(ClientError, match=r"did not answer within 0\.5 s"):
            ask(slow, "/v1/health", None, 0.5)
        assert time.monotonic() - began_s < SOON_S


def test_a_header_that_drips_meets_the_deadline_too() -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        drip_bytes(handler)

    with served(behaviour) as slow:
        began_s = time.monotonic()
        with pytest.raises(ClientError, match=r"did not answer within 0\.5 s"):
            ask(slow, "/", None, 0.5)
        assert time.monotonic() - began_s < SOON_S


def test_one_may_ask_from_within_an_event_loop() -> None:
    async def within(place: str) -> Answer:
        return ask(place, "/", None, 10)

    with served(answering(b"well")) as place:
        assert asyncio.run(within(place)).body == b"well"


# --- connections -------------------------------------------------------------------------------


class Connections:
    """Answers and keeps connections; remembers each request with the port that it came from."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int]] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = False
        self.requests.append((handler.command, handler.client_address[1]))
        answering(b"well", 200, **{"Set-Cookie": "a=b"})(handler)
        assert handler.headers["Cookie"] is None


def test_requests_that_read_share_a_connection() -> None:
    seen = Connections()
    with served(seen) as place:
        for _ in range(5):
            assert ask(place, "/", None, 10) == Answer(200, "OK", b"well")
    assert len(seen.requests) == 5
    assert len({port for _, port in seen.requests}) == 1


def test_a_request_with_a_body_has_a_connection_of_its_own() -> None:
    """A kept one may be gone, and nobody would know whether the body was taken."""
    seen = Connections()
    with served(seen) as place:
        for body in (None, b"{}", b"{}", None):
            ask(place, "/", body, 10)
    assert [command for command, _ in seen.requests] == ["GET", "POST", "POST", "GET"]
    first, *posted, last = (port for _, port in seen.requests)
    assert first == last
    assert len({first, *posted}) == 3


def test_a_place_that_has_closed_a_kept_connection_is_asked_anew() -> None:
    ports: list[int] = []

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = False
        if ports and handler.client_address[1] == ports[0]:
            handler.connection.shutdown(socket.SHUT_RDWR)  # without an answer
            handler.close_connection = True
            return
        ports.append(handler.client_address[1])
        answering(b"well")(handler)

    with served(behaviour) as place:
        for _ in range(3):
            assert ask(place, "/", None, 10).body == b"well"
    assert len(set(ports)) == 2


def test_many_may_ask_at_a_time_and_one_thread_serves_them() -> None:
    """More than aiohttp connects by itself, each of which takes a while."""
    many = 150

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        answering(b"well")(handler)

    with served(behaviour) as place, ThreadPoolExecutor(many) as pool:
        found = [pool.submit(ask, place, "/", None, 20) for _ in range(many)]
        assert {each.result().body for each in found} == {b"well"}
    assert [each.name for each in threading.enumerate()].count("web4-http") == 1


def test_a_slow_answer_holds_up_nobody_else() -> None:
    with served(drip) as slow, served(answering(b"well")) as quick, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, slow, "/", None, 2)
        assert ask(quick, "/", None, 1).body == b"well"
        assert not waiting.done()
        assert isinstance(waiting.exception(), ClientError)


# --- interruptions, and the end of the process -------------------------------------------------

INTERRUPTED = """
import signal, sys
from web4adapters.client.http import ask

signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
for step in range(100):
    try:
        signal.setitimer(signal.ITIMER_REAL, step * 20e-6 + 1e-6)
        ask(sys.argv[1], "/", None, 1)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        pass
"""
"""Interrupts at 100 moments of an exchange, from before its loop is there to after its answer."""


def test_an_interrupted_exchange_leaves_no_traceback() -> None:
    with served(answering(b"well")) as place:
        command = [sys.executable, "-c", INTERRUPTED, place]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


AFTER_INTERRUPTION = """
import signal, sys
from web4adapters.client.http import ask

slow, quick = sys.argv[1:]
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    ask(slow, "/", None, 60)
except KeyboardInterrupt:
    print("interrupted", ask(quick, "/", None, 5).body.decode())
"""
"""Interrupts the wait for one answer, asks for another, and ends while the first still drips."""


def test_the_process_ends_at_once_while_an_answer_is_on_its_way() -> None:
    with served(drip) as slow, served(answering(b"well")) as quick:
        command = [sys.executable, "-X", "dev", "-c", AFTER_INTERRUPTION, slow, quick]
        began_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert time.monotonic() - began_s < 10
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted well\n", "")


FORKED = """
import os, sys
from web4adapters.client.http import ask

place = sys.argv[1]
ask(place, "/", None, 5)
child = os.fork()
if child == 0:
    os._exit(0 if ask(place, "/", None, 5).body == b"well" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), ask(place, "/", None, 5).body.decode())
"""


def test_a_forked_process_asks_by_itself() -> None:
    with served(answering(b"well")) as place:
        command = [sys.executable, "-W", "ignore", "-c", FORKED, place]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 well\n", "")


# --- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "is_read"), [(10, True), (11, False)])
def test_an_answer_has_a_bound(length: int, is_read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10)
    with served(answering(b"x" * length)) as place:
        if is_read:
            assert len(ask(place, "/", None, 10).body) == length
        else:
            with pytest.raises(ClientError, match="more than 10 bytes"):
                ask(place, "/", None, 10)


@pytest.mark.parametrize("place", ["ftp://x", "http://127.0.0.1:x", "nonsense", "http://[::"])
def test_what_is_no_place_is_said_to_be_none(place: str) -> None:
    with pytest.raises(Unreachable, match=r"write http://HOST:PORT"):
        ask(place, "/", None, 1)
