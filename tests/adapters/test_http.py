"""One request to one place: its deadline, its bounds, its interruption."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
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
