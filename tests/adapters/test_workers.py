"""What tells a process to end is obeyed, and never in the midst of starting another."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from web4process.signals import uninterrupted
from web4process.workers import as_done

INTERRUPTED = """
import signal
from concurrent.futures import Future
from threading import Thread
from web4process.workers import as_done

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
for step in range(30):
    futures = {Future(): number for number in range(5_000)}
    done = as_done(futures)
    try:
        signal.setitimer(signal.ITIMER_REAL, step * 1e-4 + 1e-6, 0.05)
        next(done)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
    worker = Thread(target=lambda: [future.set_result(None) for future in futures])
    worker.start()
    worker.join()
"""
"""Interrupts who waits, at 30 moments; then the work is done, which needs the futures' locks."""


def test_who_waits_and_is_interrupted_stops_no_work() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_item_comes_with_its_work_when_it_is_done() -> None:
    first: Future[int] = Future()
    second: Future[int] = Future()
    done = as_done({first: "first", second: "second"})
    second.set_result(2)
    assert next(done) == ("second", second)
    first.set_exception(ValueError())
    assert next(done) == ("first", first)
    assert list(done) == []


class Told(Exception):
    """A signal was heard."""


@pytest.fixture
def listening() -> Iterator[None]:
    def tell(number: int, _frame: object) -> None:
        raise Told(number)

    before = signal.signal(signal.SIGTERM, tell)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("listening")
def test_a_signal_waits_for_the_end_of_the_block() -> None:
    steps = []

    def start() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            steps.append("done")

    with pytest.raises(Told):
        start()
    assert steps == ["done"]
    with pytest.raises(Told):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.usefixtures("listening")
def test_what_has_failed_is_not_lost_for_a_signal() -> None:
    def fail() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("it cannot be started")

    with pytest.raises(Told) as told:
        fail()
    assert isinstance(told.value.__context__, ValueError)


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with uninterrupted():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_may_use_it() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
