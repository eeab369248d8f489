"""Many runs, several at a time, reported in the order of their seeds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from attrs import frozen

from web4lab.simulation.run import (
    EXIT_CODES,
    Auditor,
    Options,
    Report,
    RunResult,
    run_seed,
)
from web4process.workers import working

MAX_JOBS = 64
"""Processes at a time, whatever is asked for."""

_WORST_FIRST: Final = (RunResult.UNSAFE, RunResult.STUCK, RunResult.INCONCLUSIVE)

Progress = Callable[[Report], None]


@frozen
class Summary:
    """The results of many runs."""

    reports: tuple[Report, ...]

    @property
    def verdict(self) -> RunResult:
        """The worst of all verdicts; without any run, inconclusive."""
        verdicts = [report.verdict for report in self.reports]
        if not verdicts:
            return RunResult.INCONCLUSIVE
        return next((worst for worst in _WORST_FIRST if worst in verdicts), RunResult.HOLDS)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that made these runs."""
        return EXIT_CODES[self.verdict]

    @property
    def failures(self) -> tuple[Report, ...]:
        """The runs that do not hold, in the order of their seeds."""
        return tuple(each for each in self.reports if each.verdict is not RunResult.HOLDS)

    @property
    def blocks(self) -> int:
        """Heights decided in all runs together."""
        return sum(report.blocks for report in self.reports)

    @property
    def blocks_under_faults(self) -> int:
        """Of these, the number decided before the faults were over."""
        return sum(report.blocks_under_faults for report in self.reports)

    def total(self, of: Callable[[Report], dict[str, int]]) -> dict[str, int]:
        """Counts of all runs together, by name."""
        total: Counter[str] = Counter()
        for report in self.reports:
            total.update(of(report))
        return {name: total[name] for name in sorted(total)}


def run_many(
    seeds: Iterable[int],
    options: Options | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    auditor: Auditor | None = None,
) -> Summary:
    """Make the runs of these seeds; `progress` is called with each that is done, in any order.

    With several `jobs`, the auditor must be a function of a module.
    """
    chosen = options or Options()
    told = progress or (lambda _report: None)
    wanted = tuple(seeds)
    workers = min(jobs or os.cpu_count() or 1, len(wanted), MAX_JOBS)
    if workers <= 1:
        runs = (run_seed(seed, chosen, auditor=auditor) for seed in wanted)
        return Summary(tuple(_and_tell(report, told) for report in runs))
    make = partial(run_seed, options=chosen, auditor=auditor)
    return Summary(_side_by_side(wanted, make, workers, told))


def _side_by_side(
    seeds: Sequence[int], make: Callable[[int], Report], workers: int, told: Progress
) -> tuple[Report, ...]:
    found: dict[int, Report] = {}
    with working(make, seeds, workers) as done:
        for seed, future in done:
            found[seed] = _and_tell(future.result(), told)
    return tuple(found[seed] for seed in seeds)


def _and_tell(report: Report, told: Progress) -> Report:
    told(report)
    return report
