"""From a run that fails to the fewest of its faults with which it still does.

Delta debugging (Zeller and Hildebrandt, 2002): leave out ever smaller parts for as long as the run
fails in the same way.
A run is determined by its seed and by the faults that are kept, so anybody can replay the result.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, frozen

from web4lab.simulation.run import Auditor, Report, run_seed

MAX_TRIALS = 200
"""Runs that shrinking may take."""


@frozen
class Shrunk:
    """The smallest run found that fails in the same way, and how many runs it took."""

    report: Report
    trials: int


def shrink(
    report: Report,
    progress: Callable[[Report], None] | None = None,
    auditor: Auditor | None = None,
) -> Shrunk:
    """Leave out faults of a run that fails, as long as it fails with the same verdict.

    The verdict decides, not the clause: the clause that first shows a fork may change on the way.
    """
    return _Search(report, progress or (lambda _report: None), auditor).smallest()


class _Search:
    def __init__(
        self, report: Report, progress: Callable[[Report], None], auditor: Auditor | None
    ) -> None:
        self._wanted = report.verdict
        self._best = report
        self._progress = progress
        self._auditor = auditor
        self._trials = 0

    def smallest(self) -> Shrunk:
        parts = 1
        while self._places and self._trials < MAX_TRIALS:
            if self._leave_one_out(parts):
                parts = max(parts - 1, 1)
            elif parts >= len(self._places):
                break
            else:
                parts = min(2 * parts, len(self._places))
        return Shrunk(self._best, self._trials)

    @property
    def _places(self) -> tuple[int, ...]:
        return tuple(place for place, _ in self._best.faults)

    def _leave_one_out(self, parts: int) -> bool:
        """Try without each of so many parts; keep the first that still fails."""
        places = self._places
        for part in range(parts):
            first = part * len(places) // parts
            last = (part + 1) * len(places) // parts
            if self._still_fails((*places[:first], *places[last:])):
                return True
        return False

    def _still_fails(self, keep: tuple[int, ...]) -> bool:
        if self._trials >= MAX_TRIALS:
            return False
        self._trials += 1
        options = evolve(self._best.options, keep=keep)
        tried = run_seed(self._best.seed, options, auditor=self._auditor)
        if tried.verdict is not self._wanted:
            return False
        self._best = tried
        self._progress(tried)
        return True
