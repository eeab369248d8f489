"""Real processes, real sockets, real files, and everything that can go wrong with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audited import audit_of_folder
from web4core.ledger.state import MICRO
from web4lab.chaos import FaultReport, Latency, Load, Outcome, tell_faults
from web4lab.chaos.scenario import ALICE, EVE, HOLD_S, SETTINGS
from web4lab.chaos.trials import TRIALS, Stage, Trial, TrialFailed
from web4lab.demo import LocalFederation
from web4lab.demo.federation import names_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
HOPS = 3
FEW = ("breaking links", "cut off", "halved", "killed")
"""What is done to larger federations; all is done to four."""
TWICE = "two with one key"
SMALL_DISK = "1m"
COMES_S = 60
"""How long to wait for what must come, on a machine that may be busy."""


def by_name(*names: str) -> tuple[Trial, ...]:
    return tuple(trial for trial in TRIALS if trial.name in names)


def go_through(folder: Path, n: int, trials: tuple[Trial, ...]) -> FaultReport:
    told: list[Latency | Outcome] = []
    report = tell_faults(folder, n, told.append, trials=trials)
    assert told == [*report.latencies, *report.outcomes]
    assert [outcome.trial for outcome in report.outcomes] == [trial.name for trial in trials]
    assert {outcome.trial: outcome.fault for outcome in report.outcomes if outcome.fault} == {}
    assert report.holds, report.checks
    twice = {
        names_of(n)[(place + 1) % n] for place, each in enumerate(trials) if each.name == TWICE
    }
    audit_of_folder(folder, names_of(n), frozenset(twice))
    return report


def measured(report: FaultReport) -> None:
    """No answer is faster than three one-way delays; a slow one is not much slower.

    What the machine needs for it is measured, too: without a delay.
    """
    assert [each.delay_ms for each in report.latencies] == [0, 10, 100]
    for each in report.latencies:
        assert each.low_ms >= HOPS * each.delay_ms
    at_once, _, slow = report.latencies
    assert slow.median_ms - at_once.median_ms < 2 * HOPS * slow.delay_ms


@pytest.mark.clause("C-LOSS-1", "C-LOSS-4", "C-SYNC-1", "C-PACE-1", "C-DURABLE-2", "W-LINK-6")
@pytest.mark.slow
def test_four_platforms_go_through_every_fault(tmp_path: Path) -> None:
    report = go_through(tmp_path / "f", 4, TRIALS)
    measured(report)
    assert report.blocks > 2 * len(TRIALS)


@pytest.mark.parametrize("n", [7, 10])
@pytest.mark.slow
def test_larger_federations_go_through_the_worst(n: int, tmp_path: Path) -> None:
    measured(go_through(tmp_path / "f", n, by_name(*FEW)))


def test_a_trial_in_which_nothing_goes_wrong_would_be_seen(tmp_path: Path) -> None:
    """That a half has no quorum is measured: with all links up it is found to be untrue."""

    def nothing(_stage: Stage) -> Iterator[None]:
        yield

    def too_much(_stage: Stage) -> Iterator[None]:
        yield
        raise TrialFailed("it did not happen")

    trials = (
        Trial("no fault", "and so a quorum", False, nothing),
        Trial("fails", "says so", True, too_much),
    )
    report = tell_faults(tmp_path / "f", 4, lambda _told: None, trials=trials, delays_ms=())
    first, second = (outcome.fault for outcome in report.outcomes)
    assert first is not None
    assert first.startswith("without a quorum")
    assert second == "it did not happen"
    assert not report.holds


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a new store and little more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs takes root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.clause("C-DURABLE-2", "A-DUR-1")
@pytest.mark.slow
def test_a_full_disk_stops_one_platform_and_with_room_it_comes_back(
    tmp_path: Path, small_disk: Path
) -> None:
    with LocalFederation(tmp_path / "f", 4, {ALICE: MICRO, EVE: 0}, SETTINGS) as federation:
        store, elsewhere = federation.folder / "legion" / "store", small_disk / "store"
        store.rename(tmp_path / "kept")
        shutil.copytree(tmp_path / "kept", elsewhere)
        store.symlink_to(elsewhere)
        federation.start()
        federation.wait_linked()
        process = federation.processes["legion"]
        with Load(federation, ALICE, EVE) as load:
            assert process.wait(COMES_S) == 1
            assert "stopped before anything unsaved was sent" in federation.tail("legion")
            assert load.goes_on(3, COMES_S)  # the others are a quorum
            store.unlink()
            shutil.copytree(elsewhere, store)
            federation.start("legion")
            time.sleep(HOLD_S)
        height = max(load.committed.values())
        until_s = time.monotonic() + COMES_S
        for name, client in federation.clients.items():
            while client.status()["height"] < height:
                assert time.monotonic() < until_s, federation.tail(name)
                time.sleep(0.1)
        digests = {client.block(height).digest for client in federation.clients.values()}
        assert len(digests) == 1
    audit_of_folder(tmp_path / "f", federation.names)
