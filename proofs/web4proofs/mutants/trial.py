"""Whether a proof catches a mutant: each is tried in a process of its own.

The process puts the mutant in place, and then tries the theorems that execute the changed function,
the quickest first, until one does not hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from attrs import frozen

from web4proofs.mutants.operators import Mutant
from web4proofs.running import Attempt, Verdict

LIMIT_S = 300.0
"""A mutant whose proofs take longer runs in circles: that is seen, and so it is caught."""

OUT_OF_TIME = "out of time"


class TrialError(Exception):
    """A mutant could not be tried, which says nothing about it."""


@frozen
class Trial:
    """What became of a mutant. `caught_by` is a theorem's id, or how else it showed, or None."""

    mutant: Mutant
    caught_by: str | None
    how: str
    seconds: float


Coverage = Mapping[str, tuple[str, ...]]
"""The theorems that execute a function, by its full name; the quickest first."""


def coverage(attempts: Sequence[Attempt]) -> Coverage:
    """Which theorems execute which function, as the proofs of the unbroken code told.

    Raises `TrialError` if one does not hold, since then every mutant would seem caught.
    """
    bad = [each.theorem.id for each in attempts if each.verdict is not Verdict.HOLDS]
    if bad or not attempts:
        raise TrialError(f"these do not hold on the unbroken code: {', '.join(bad) or 'none'}")
    found: dict[str, list[str]] = {}
    for attempt in sorted(attempts, key=lambda each: each.seconds):
        for executed in attempt.outcome.executed:
            found.setdefault(executed.name, []).append(attempt.theorem.id)
    return {name: tuple(identities) for name, identities in found.items()}


def trials(
    mutants: Iterable[Mutant], covered: Coverage, jobs: int | None = None
) -> Iterator[Trial]:
    """Try mutants, several at a time; each as it is done. Raises `TrialError`."""
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        futures = [pool.submit(trial, mutant, covered) for mutant in mutants]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def trial(mutant: Mutant, covered: Coverage) -> Trial:
    """Try one mutant."""
    asked = {
        "module": mutant.module,
        "source": mutant.source,
        "theorems": covered.get(f"{mutant.module}.{mutant.function}", ()),
    }
    began_s = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "web4proofs.mutants.child"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Trial(mutant, OUT_OF_TIME, f"no end within {LIMIT_S:.0f} s", LIMIT_S)
    if done.returncode != 0:
        raise TrialError(f"{mutant.id} could not be tried: {done.stderr.strip()[-500:]}")
    told = json.loads(done.stdout)
    return Trial(mutant, told["caught_by"], told["how"], time.monotonic() - began_s)
