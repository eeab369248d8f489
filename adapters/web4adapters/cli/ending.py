"""How the command is ended from outside: SIGTERM and SIGHUP do what Ctrl-C does.

Each is raised in the main thread, so that whatever the command has started is stopped, and what it
has made for itself is removed, on the way out.
"""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLEANING_S = 12.0
"""How long further signals are ignored after one, since it is being obeyed."""


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
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, listener)


def leave() -> None:
    """Raise nothing any more: from now on a signal ends the process at once."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """The exit code that shells give to a process that this signal has ended."""
    number = interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT
    return 128 + number
