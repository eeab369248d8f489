"""What tells a process to end is obeyed, and never in the midst of starting another."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from web4proofs.workers import uninterrupted


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
