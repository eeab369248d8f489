"""A platform that somebody else has started: `web4 run`, until whoever started it is gone.

Run as `python -m web4adapters.demo.member run CONFIG`, with the read end of a pipe as its standard
input: when the last write end is closed, also because its holder was killed, the platform stops.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from web4adapters.cli import main

LIFELINE = 0
"""The descriptor of standard input."""


def stop_when_left() -> None:
    """Stop this process, as SIGTERM does, when its standard input ends."""
    threading.Thread(target=_await_end, daemon=True).start()


def _await_end() -> None:
    while os.read(LIFELINE, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.argv[0] = "web4"
    stop_when_left()
    main()
