"""The simulator: a seed is a run, what must hold does, and what is broken is found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest
from attrs import evolve

from tests.support.audited import run_many, run_seed, shrink
from web4core import certificates
from web4core.consensus import rules
from web4core.effects import Halt
from web4core.invariants import Violation
from web4core.quorum import faulty, quorum
from web4core.replica import pacemaker
from web4lab import simulation
from web4lab.simulation import (
    Options,
    Report,
    RunResult,
    Signatures,
    as_text,
    platform_faults,
    replay_command,
    report_json,
    shrunk_text,
    summary_json,
    summary_text,
    swarm,
)
from web4lab.simulation import disk as disks
from web4lab.simulation.byzantine import STRATEGIES

SMALL = Options(n=4)
A_RUN = """
from tests.support.audited import run_seed
from web4lab.simulation import as_text
print(as_text(run_seed(11)))
"""


def first_failure(seeds: Iterable[int], options: Options = SMALL) -> Report:
    for seed in seeds:
        report = run_seed(seed, options)
        if report.verdict is not RunResult.HOLDS:
            return report
    pytest.fail("every run holds")


# --- a run is a function of its seed -----------------------------------------------------------


def test_the_same_seed_is_the_same_run_whatever_ran_before() -> None:
    fresh = run_seed(5)
    run_seed(6)
    assert run_seed(5) == fresh


def test_two_seeds_are_two_runs() -> None:
    assert run_seed(5, SMALL).digest != run_seed(6, SMALL).digest


@pytest.mark.slow
def test_a_run_is_the_same_under_every_hash_seed() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", A_RUN],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert b"seed 11" in outputs[0]


@pytest.mark.slow
def test_runs_side_by_side_are_the_runs_one_after_another() -> None:
    assert run_many(range(4), SMALL, jobs=2) == run_many(range(4), SMALL, jobs=1)


def test_a_trace_tells_what_happened_and_changes_nothing() -> None:
    lines: list[str] = []
    report = run_seed(5, SMALL, trace=lines.append)
    assert report == run_seed(5, SMALL)
    assert sum("decides" in line for line in lines) >= report.blocks


def test_stand_in_signatures_give_runs_that_hold() -> None:
    options = Options(n=4, signatures=Signatures.STAND_IN)
    report = run_seed(5, options)
    assert report.verdict is RunResult.HOLDS
    assert "--stand-in-signatures" in replay_command(report)


# --- what must hold ----------------------------------------------------------------------------


@pytest.mark.clause("I-AGREE-1", "I-AGREE-2", "I-SIGN-1", "A-DUR-2", "C-DURABLE-1")
@pytest.mark.parametrize(
    "runs", [2, pytest.param(40, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_runs_hold_and_decide_blocks_under_faults(runs: int) -> None:
    summary = run_many(range(runs))
    assert [as_text(report) for report in summary.failures] == []
    assert summary.exit_code == 0
    assert summary.blocks_under_faults >= 2 * len(summary.reports)
    assert all(report.counts["audited"] > 0 for report in summary.reports)


@pytest.mark.clause("C-EVID-1", "C-DEC-4")
@pytest.mark.slow
def test_one_byzantine_platform_too_many_forks_the_chain_and_is_convicted() -> None:
    for seed in range(8):
        report = run_seed(seed, Options(fork=True))
        assert report.verdict is RunResult.HOLDS, as_text(report)
        assert report.forks
        assert len(report.culprits) >= faulty(report.n) + 1
        assert report.counts["halts"] > 0, "whoever sees the other side's certificate halts"


def test_the_audit_of_a_run_has_the_last_word() -> None:
    """What it finds makes the run unsafe, but for what a fork is made to bring about."""
    found = Violation("C-PREP-3", "audit", "as the journal shows")
    report = simulation.run_seed(5, SMALL, auditor=lambda _world: (found,))
    assert (report.verdict, report.clause) == (RunResult.UNSAFE, "C-PREP-3")
    fork = evolve(found, clause="I-AGREE-1")
    options = evolve(SMALL, fork=True)
    assert (
        simulation.run_seed(1, options, auditor=lambda _world: (fork,)).verdict is RunResult.HOLDS
    )
    report = simulation.run_seed(1, options, auditor=lambda _world: (fork, found))
    assert (report.verdict, report.clause) == (RunResult.UNSAFE, "C-PREP-3")


def test_no_run_is_no_success() -> None:
    assert run_many([]).exit_code != 0


# --- what a seed draws -------------------------------------------------------------------------


def test_the_seeds_draw_every_kind_of_fault_and_of_byzantine_platform() -> None:
    plans = [swarm.draw(seed) for seed in range(300)]
    kinds = {type(fault) for plan in plans for fault in plan.faults}
    strategies = {strategy for plan in plans for strategy in plan.byzantine.values()}
    assert kinds == set(platform_faults.Fault.__args__)
    assert strategies == set(STRATEGIES)


def test_most_seeds_leave_some_kind_of_fault_out() -> None:
    kinds = [{type(fault) for fault in swarm.draw(seed).faults} for seed in range(50)]
    assert all(len(each) < len(platform_faults.Fault.__args__) for each in kinds)


@pytest.mark.parametrize("n", [4, 7, 10])
def test_no_more_than_f_platforms_are_unreliable_in_the_end(n: int) -> None:
    lasting = (platform_faults.Byzantine, platform_faults.BitFlip, platform_faults.Absent)
    for seed in range(200):
        plan = swarm.draw(seed, n)
        unreliable = {fault.platform for fault in plan.faults if isinstance(fault, lasting)}
        assert len(unreliable) <= faulty(n)


def test_every_fault_is_over_when_the_network_heals() -> None:
    for seed in range(200):
        plan = swarm.draw(seed)
        ends = [fault.window.end_ms for fault in plan.faults if hasattr(fault, "window")]
        assert max(ends, default=0) <= plan.faults_ms


def test_kept_faults_are_the_same_as_among_all() -> None:
    whole = swarm.draw(5)
    assert swarm.draw(5, keep=(0, 2)).faults == (whole.faults[0], whole.faults[2])


# --- what is broken is found -------------------------------------------------------------------


@pytest.mark.clause("C-QUORUM-2")
def test_a_quorum_that_is_too_small_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rules, certificates, pacemaker):
        monkeypatch.setattr(module, "quorum", lambda n: quorum(n) - 1)
    report = first_failure(range(60))
    assert report.verdict is RunResult.UNSAFE
    assert report_json(report)["exit_code"] == 12


@pytest.mark.clause("C-VIEW-1")
@pytest.mark.slow
def test_a_platform_without_view_timer_is_stuck_and_shrinking_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = pacemaker._wanted_timers
    monkeypatch.setattr(
        pacemaker,
        "_wanted_timers",
        lambda state: tuple(each for each in wanted(state) if each[0].kind.name != "VIEW"),
    )
    report = first_failure(range(30))
    assert report.verdict is RunResult.STUCK
    shrunk = shrink(report)
    smallest = shrunk.report
    assert smallest.verdict is RunResult.STUCK
    assert 1 <= len(smallest.faults) <= 3 < len(report.faults)
    assert run_seed(smallest.seed, smallest.options) == smallest
    kept = ",".join(str(place) for place, _ in smallest.faults)
    assert f"--keep {kept}" in shrunk_text(shrunk)


@pytest.mark.clause("C-PREP-4", "C-DEC-4")
def test_votes_for_invalid_blocks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["web4core.replica.step"]
    monkeypatch.setattr(module, "judge", lambda _run, _block: Halt("", ""))
    report = first_failure(range(60))
    assert (report.verdict, report.clause) == (RunResult.UNSAFE, "C-DEC-4")


@pytest.mark.clause("C-DURABLE-1")
def test_a_disk_that_forgets_what_was_synchronised_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(disks.Store, "sync", lambda _store: None)
    report = first_failure(range(30))
    assert report.verdict is RunResult.UNSAFE


@pytest.mark.clause("A-EVENT-4")
def test_a_core_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(_agreement: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(rules, "lock_and_commit", raising)
    report = run_seed(5, SMALL)
    assert (report.verdict, report.clause) == (RunResult.UNSAFE, "A-EVENT-4")


# --- reports -----------------------------------------------------------------------------------


def test_a_summary_names_what_failed_and_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "join", lambda _agreement: 1 // 0)
    summary = run_many(range(2), SMALL, jobs=1)
    text = summary_text(summary)
    assert "2 runs, 0 hold" in text
    assert "replay: web4 simulate --seed 1 --platforms 4" in text
    assert summary.exit_code == summary_json(summary)["exit_code"] == 12
