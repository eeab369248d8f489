"""What real processes need to be tested as they run at a terminal."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from web4process.signals import ENDING


@pytest.fixture(autouse=True, scope="session")
def processes_hear_the_signals_that_end_them() -> Iterator[None]:
    """A process ignores what its parent ignores, as where tests run in the background."""
    ignored = [each for each in ENDING if signal.getsignal(each) is signal.SIG_IGN]
    for each in ignored:
        signal.signal(each, signal.SIG_DFL)
    yield
    for each in ignored:
        signal.signal(each, signal.SIG_IGN)
