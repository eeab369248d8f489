"""One run: from a seed to a report.

First the faults strike that the seed has drawn; then the network works, absent platforms that are
to come back do, and all begun work must be finished in time.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from web4core import Violation, faulty
from web4lab.simulation import fork
from web4lab.simulation.checker import FORKS, Broken
from web4lab.simulation.cluster import Cluster
from web4lab.simulation.environment import StepRaised
from web4lab.simulation.federation import Federation, Signatures
from web4lab.simulation.swarm import Plan, draw
from web4lab.simulation.virtual_time import MS, SECOND, Circles

PATIENCE_US = 240 * SECOND
"""The longest that a healthy network may take to finish all begun work."""

LOOK_US = 100 * MS
"""The interval at which it is checked whether all is done."""

Auditor: TypeAlias = Callable[[Cluster], tuple[Violation, ...]]
"""Looks at a finished run, and returns the violations of its honest platforms."""

EXPECTED_OF_A_FORK: Final = (*FORKS, "C-DEC-4")
"""The clauses that an auditor finds broken when more than f conspire, and must not otherwise."""


class RunResult(enum.Enum):
    """The verdict on a run."""

    HOLDS = "holds"
    UNSAFE = "a safety property fails"
    STUCK = "a liveness property fails"
    INCONCLUSIVE = "a bound was reached"


EXIT_CODES = {
    RunResult.HOLDS: 0,
    RunResult.INCONCLUSIVE: 3,
    RunResult.UNSAFE: 12,
    RunResult.STUCK: 13,
}
"""The exit code of a command whose worst verdict this is."""


@frozen
class Options:
    """The options of runs; together with a seed, they determine everything."""

    n: int | None = None
    """The number of platforms; None lets the seed choose."""
    signatures: Signatures = Signatures.ED25519
    keep: tuple[int, ...] | None = None
    """The places of the faults to keep, of those that the seed draws; None keeps all."""
    fork: bool = False
    """Whether f + 1 Byzantine platforms conspire to fork the chain."""


@frozen
class Report:
    """The report of a run."""

    seed: int
    options: Options
    n: int
    verdict: RunResult
    clause: str
    """The clause that does not hold, or nothing."""
    found: str
    """A sentence: how the clause is broken, or what is unfinished."""
    faults: tuple[tuple[int, str], ...]
    """The faults that the seed drew: place and description."""
    blocks: int
    blocks_under_faults: int
    highest_view: int
    virtual_ms: int
    healed_ms: int
    """The time from the end of the faults until all was done."""
    counts: dict[str, int]
    struck: dict[str, int]
    messages: dict[str, int]
    sizes: dict[str, int]
    accused: tuple[int, ...]
    """Platforms against which there is evidence."""
    digest: str
    """A digest of all events: equal runs have equal ones."""
    culprits: tuple[int, ...] = field(default=())
    """After a fork: the platforms that the journals of the honest ones convict."""
    forks: tuple[int, ...] = ()
    """The heights at which honest platforms decided differently."""


@lru_cache(64)
def federation_of(n: int, signatures: Signatures) -> Federation:
    """The federation of this size; it remembers what it verified from run to run."""
    return Federation.of(n, signatures)


def run_seed(
    seed: int,
    options: Options | None = None,
    trace: Callable[[str], None] | None = None,
    auditor: Auditor | None = None,
) -> Report:
    """Make the run of this seed. `trace` is told what happens, line by line."""
    chosen = options or Options()
    return run_plan(draw(seed, chosen.n, chosen.keep), chosen, trace, auditor)


def run_plan(
    plan: Plan,
    options: Options,
    trace: Callable[[str], None] | None = None,
    auditor: Auditor | None = None,
) -> Report:
    """Make the run of this plan."""
    if options.fork:
        return _run_fork(plan, options, trace, auditor)
    cluster = Cluster(plan, federation_of(plan.n, options.signatures), trace)
    outcome = _audited(cluster, auditor, _judged(cluster, _course))
    return report_of(cluster, options, *outcome)


def _run_fork(
    plan: Plan,
    options: Options,
    trace: Callable[[str], None] | None,
    auditor: Auditor | None,
) -> Report:
    cluster = Cluster(
        fork.conspiring(plan),
        federation_of(plan.n, options.signatures),
        trace,
        {fork.STRATEGY: fork.Conspirator},
        forks_expected=True,
    )
    came_to = fork.Attempt()

    def course(cluster: Cluster) -> Outcome:
        fork.attempt(cluster, came_to)
        return _fork_verdict(cluster, came_to)

    outcome = _audited(cluster, auditor, _judged(cluster, course), EXPECTED_OF_A_FORK)
    report = report_of(cluster, options, *outcome)
    forks = tuple(dict.fromkeys(each.first.block.header.height for each in came_to.forks))
    return evolve(report, culprits=tuple(came_to.evidence), forks=forks)


def _fork_verdict(cluster: Cluster, came_to: fork.Attempt) -> Outcome:
    """The verdict on a fork: it holds if f + 1 or more are convicted, none of them honest."""
    for platform in came_to.evidence:
        if platform in cluster.platforms:
            return RunResult.UNSAFE, "C-EVID-1", f"honest platform {platform} is convicted"
    if not came_to.forks:
        return RunResult.INCONCLUSIVE, "", "the conspirators did not fork the chain in time"
    if len(came_to.evidence) <= faulty(cluster.n):
        found = f"a fork, and evidence against {len(came_to.evidence)} platforms only"
        return RunResult.INCONCLUSIVE, "C-EVID-2", found
    return RunResult.HOLDS, "", ""


Outcome: TypeAlias = tuple[RunResult, str, str]
"""A verdict, the clause that does not hold, and how."""


def _judged(cluster: Cluster, course: Callable[[Cluster], Outcome]) -> Outcome:
    try:
        return course(cluster)
    except Broken as broken:
        return RunResult.UNSAFE, broken.violation.clause, str(broken.violation)
    except StepRaised as raised:
        return RunResult.UNSAFE, "A-EVENT-4", str(raised)
    except Circles as circles:
        return RunResult.INCONCLUSIVE, "", str(circles)


def _audited(
    cluster: Cluster, auditor: Auditor | None, outcome: Outcome, expected: tuple[str, ...] = ()
) -> Outcome:
    """The outcome after the audit of the journals, unless the run is unsafe without it."""
    if auditor is None:
        return outcome
    found = [each for each in auditor(cluster) if each.clause not in expected]
    if not found or outcome[0] is RunResult.UNSAFE:
        return outcome
    return RunResult.UNSAFE, found[0].clause, str(found[0])


def _course(cluster: Cluster) -> Outcome:
    """Faults, healing, and the final account."""
    healed_us = cluster.plan.faults_ms * MS
    cluster.begin()
    cluster.time.run(healed_us)
    cluster.struck["blocks under faults"] = cluster.judge.blocks
    cluster.heal()
    left = _finish(cluster, healed_us + PATIENCE_US)
    cluster.judge.conclude()
    if left is not None:
        return RunResult.STUCK, "liveness", left
    forgotten = cluster.judge.unfinished(
        index for index in cluster.finishers if not cluster.platforms[index].was_damaged
    )
    if forgotten:
        return RunResult.STUCK, "A-EFFECT-7", forgotten[0]
    return RunResult.HOLDS, "", ""


def _finish(cluster: Cluster, deadline_us: int) -> str | None:
    """Let time pass until all is done; return what is unfinished when the time is over."""
    left: str | None = "the time is over"
    while cluster.time.now_us < deadline_us and left is not None:
        cluster.time.run(cluster.time.now_us + LOOK_US)
        left = cluster.unfinished()
    return left


def report_of(
    cluster: Cluster, options: Options, verdict: RunResult, clause: str, found: str
) -> Report:
    """The report of a run with this outcome."""
    plan, judge = cluster.plan, cluster.judge
    under_faults = cluster.struck.pop("blocks under faults", judge.blocks)
    accused = {each.first.signer: None for each in judge.evidence.values()}
    return Report(
        seed=plan.seed,
        options=options,
        n=plan.n,
        verdict=verdict,
        clause=clause,
        found=found,
        faults=tuple(
            (place, str(fault)) for place, fault in zip(plan.kept, plan.faults, strict=True)
        ),
        blocks=judge.blocks,
        blocks_under_faults=under_faults,
        highest_view=judge.highest_view,
        virtual_ms=cluster.time.now_us // MS,
        healed_ms=max(0, cluster.time.now_us // MS - plan.faults_ms),
        counts=_ordered(judge.counts),
        struck=_ordered(cluster.struck),
        messages=_ordered(cluster.traffic.messages),
        sizes=_ordered(cluster.traffic.sizes),
        accused=tuple(sorted(accused)),
        digest=judge.digest(),
    )


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts)}
