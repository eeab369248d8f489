"""Ending a process from outside: SIGTERM and SIGHUP do the same as Ctrl-C.

Each signal is raised in the main thread, so that a command, before it ends, stops the processes
that it has started and removes its temporary files.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

HEARD = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a process that works, once it has begun."""

ENDING = (signal.SIGINT, *HEARD)
"""Signals that tell a process to end; the first tells all processes at a terminal."""

CLEANING_S = 12.0
"""The time for which further signals are ignored after one, since the process is ending already."""


class Ended(KeyboardInterrupt):
    """The command was told to end; carries the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Listener:
    def __init__(self) -> None:
        self._deaf_until_s = 0.0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if now_s >= self._deaf_until_s:
            self._deaf_until_s = now_s + CLEANING_S
            _end(number)


def _end(number: int) -> NoReturn:
    raise Ended(number)


def listen() -> None:
    """Raise `Ended` at each of the signals, but for those that were ignored from the start."""
    listener = _Listener()
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, listener)


def leave() -> None:
    """Raise no more: from now on a signal ends the process at once."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """The exit code that shells give to a process that this signal has ended."""
    number = interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT
    return 128 + number


def supervise(work: Callable[[], int]) -> NoReturn:
    """Run a command to its end, or until a signal ends it; then exit with its code."""
    try:
        listen()
        code = work()
        leave()
    except KeyboardInterrupt as interrupt:
        code = exit_code(interrupt)
    leave()
    sys.exit(code)


@contextmanager
def deaf_to(*signals: int) -> Iterator[None]:
    """Block these signals; processes that are started meanwhile never receive them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Act on a signal to end after the block, not within: nothing is left half started."""
    heard: list[int] = []
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():  # no other is ever interrupted
            for each in ENDING:
                if signal.getsignal(each) not in (signal.SIG_IGN, None):
                    before[each] = signal.signal(each, lambda number, _: heard.append(number))
        yield
    finally:
        for number, handler in reversed(before.items()):
            signal.signal(number, handler)
        for number in heard[:1]:
            signal.raise_signal(number)
