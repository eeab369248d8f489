"""The trials of a federation: each causes one fault, and ends it."""

from __future__ import annotations

import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from attrs import frozen

from web4adapters.config import PLATFORM_FILE
from web4lab.chaos.load import Load
from web4lab.chaos.network import Network
from web4lab.chaos.proxy import Weather
from web4lab.demo.federation import POLL_S, LocalFederation, free_ports

TWIN: Final = "twin"
FULL_BYTES: Final = 64 * 1024
"""The size that a platform's files may grow to while its disk is full; its log stays below."""
STOP_TIMEOUT_S = 20.0


class TrialFailed(Exception):
    """A trial did not do what it was to do."""


@frozen
class Stage:
    """The federation, its links, its client, and the platform that the fault strikes."""

    federation: LocalFederation
    network: Network
    load: Load
    victim: str

    @property
    def others(self) -> tuple[str, ...]:
        """All platforms but the victim."""
        return tuple(name for name in self.federation.names if name != self.victim)


@frozen
class Trial:
    """A fault, whether a quorum remains during it, and the function that causes it."""

    name: str
    does: str
    goes_on: bool
    lasts: Callable[[Stage], Iterator[None]]
    """A generator that yields once, while the fault lasts."""

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """The fault, for as long as the block lasts."""
        yield from self.lasts(stage)


def _slow(stage: Stage) -> Iterator[None]:
    stage.network.everywhere(Weather(delay_s=0.02))
    yield
    stage.network.heal()


def _breaking(stage: Stage) -> Iterator[None]:
    stage.network.everywhere(Weather(breaks=0.01))
    yield
    stage.network.heal()


def _flipping(stage: Stage) -> Iterator[None]:
    stage.network.between([stage.victim], stage.others[:1], Weather(flips=0.2))
    yield
    stage.network.heal()


def _cut_off(stage: Stage) -> Iterator[None]:
    stage.network.between([stage.victim], stage.others, Weather(is_cut=True))
    yield
    stage.network.heal()


def _muted(stage: Stage) -> Iterator[None]:
    stage.network.mute(stage.victim)
    yield
    stage.network.heal()


def _deafened(stage: Stage) -> Iterator[None]:
    stage.network.deafen(stage.victim)
    yield
    stage.network.heal()


def _halved(stage: Stage) -> Iterator[None]:
    names = stage.federation.names
    half = len(names) // 2
    stage.network.between(names[:half], names[half:], Weather(is_cut=True))
    yield
    stage.network.heal()


def _paused(stage: Stage) -> Iterator[None]:
    process = stage.federation.processes[stage.victim]
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _killed(stage: Stage) -> Iterator[None]:
    stage.federation.kill(stage.victim)
    yield
    stage.federation.start(stage.victim)


def _full(stage: Stage) -> Iterator[None]:
    """The files of one platform cannot grow: it stops, reports it, and starts again with room."""
    process = stage.federation.processes[stage.victim]
    store = stage.federation.folder / stage.victim / "store"
    until_s = time.monotonic() + STOP_TIMEOUT_S
    while max(each.stat().st_size for each in store.iterdir()) <= FULL_BYTES:
        if time.monotonic() > until_s:
            raise TrialFailed(f"the store of {stage.victim} is too small to be full")
        time.sleep(POLL_S)
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, most))
    yield
    if process.wait(STOP_TIMEOUT_S) != 1:
        raise TrialFailed(f"{stage.victim} ended with {process.returncode} when its disk was full")
    if "stopped before anything unsaved was sent" not in stage.federation.tail(stage.victim):
        raise TrialFailed(f"{stage.victim} does not say that it stopped for its store")
    stage.federation.start(stage.victim)


def _twinned(stage: Stage) -> Iterator[None]:
    """A second process with a copy of everything, on another port; then it is ended."""
    federation = stage.federation
    if federation.stop(stage.victim) != 0:
        raise TrialFailed(f"{stage.victim} did not stop as asked")
    folder = federation.folder / TWIN
    shutil.copytree(federation.folder / stage.victim, folder)
    config = folder / PLATFORM_FILE
    own = federation.urls[stage.victim].rpartition(":")[2]
    (port,) = free_ports(1)
    config.write_text(config.read_text().replace(f"port = {own}", f"port = {port}"))
    federation.spawn(TWIN)
    federation.start(stage.victim)
    yield
    if federation.processes[TWIN].poll() is not None:
        raise TrialFailed(f"the twin ended: {federation.tail(TWIN)}")
    federation.stop(TWIN)


TRIALS: Final = (
    Trial("slow links", "20 ms each way, on all links", True, _slow),
    Trial("breaking links", "a link breaks at every hundredth write", True, _breaking),
    Trial("flipped bits", "one bit in a fifth of the writes of one link", True, _flipping),
    Trial("cut off", "one platform has no link", True, _cut_off),
    Trial("muted", "nothing that one platform sends arrives", True, _muted),
    Trial("deafened", "one platform hears nothing", True, _deafened),
    Trial("halved", "no link between two halves: no quorum", False, _halved),
    Trial("paused", "SIGSTOP, and later SIGCONT", True, _paused),
    Trial("killed", "SIGKILL, and started again", True, _killed),
    Trial("disk full", "the files of one platform cannot grow", True, _full),
    Trial(
        "two with one key", "a second process with a copy of key, guard and store", True, _twinned
    ),
)
"""All trials. The last makes its victim Byzantine, so no other comes after it."""
