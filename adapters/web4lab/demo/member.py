"""A platform that another process has started: it runs until that process is gone.

Run as `python -m web4lab.demo.member CONFIG`, with the read end of a pipe as its standard input.
When the last write end is closed, also because its holder was killed, the platform stops.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from web4adapters.node import run_command
from web4process.signals import supervise

LIFELINE = 0
"""The descriptor of standard input."""


def stop_when_left() -> None:
    """Stop this process, as SIGTERM does, when its standard input ends."""
    threading.Thread(target=_await_end, daemon=True).start()


def _await_end() -> None:
    while os.read(LIFELINE, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _run() -> int:
    return run_command(Path(sys.argv[1]))


if __name__ == "__main__":
    stop_when_left()
    supervise(_run)
