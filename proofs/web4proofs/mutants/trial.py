"""The trial of a mutant on an instrument, in a process of its own.

The process puts the mutant in place and runs the instrument until a failure shows: the theorems
that execute the changed function (the quickest first), the exploration, or simulations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial

from attrs import frozen

from web4process.signals import uninterrupted
from web4process.workers import as_done
from web4proofs.mutants.named import Instrument, Named
from web4proofs.mutants.operators import Mutant
from web4proofs.runner import Attempt, ProofResult

LIMIT_S = 300.0
"""A mutant whose proofs take longer loops for ever; that is observable, so it is caught."""

POLL_S = 0.05

OUT_OF_TIME = "out of time"
OUT_OF_MEMORY = "out of memory"
"""The text for a mutant that exhausts its memory; that is observable, too."""


class TrialError(Exception):
    """A mutant could not be tried, which says nothing about it."""


@frozen
class Trial:
    """The result for a mutant. `caught_by` is a theorem's id, another observation, or None."""

    mutant: Mutant
    caught_by: str | None
    how: str
    seconds: float


Coverage = Mapping[str, tuple[str, ...]]
"""By full name of a function, the theorems that execute it, the quickest first."""


def coverage(attempts: Sequence[Attempt]) -> Coverage:
    """Return the theorems that execute each function, from attempts on the unbroken code.

    Raises `TrialError` if one does not hold, since then every mutant would seem caught.
    """
    bad = [each.theorem.id for each in attempts if each.verdict is not ProofResult.HOLDS]
    if bad or not attempts:
        raise TrialError(f"these do not hold on the unbroken code: {', '.join(bad) or 'none'}")
    found: dict[str, list[str]] = {}
    for attempt in sorted(attempts, key=lambda each: each.seconds):
        for executed in attempt.outcome.executed:
            found.setdefault(executed.name, []).append(attempt.theorem.id)
    return {name: tuple(identities) for name, identities in found.items()}


_children: set[subprocess.Popen[str]] = set()
"""The processes that are trying mutants at present."""


def trials(
    tries: Iterable[Callable[[], Trial]], jobs: int | None = None
) -> Generator[Trial, None, None]:
    """Try mutants, several at a time; yield each result as it is ready. Raises `TrialError`.

    When it is closed or interrupted, running trials end.
    """
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        futures: dict[Future[Trial], Callable[[], Trial]] = {}
        try:
            with uninterrupted():
                futures.update((pool.submit(each), each) for each in tries)
                done = as_done(futures)
            for _, future in done:
                yield future.result()
        finally:
            _end(futures)


def _end(futures: Iterable[Future[Trial]]) -> None:
    for future in futures:
        future.cancel()
    while wait(futures, POLL_S).not_done:
        for child in tuple(_children):
            child.kill()


def named_trials(
    broken: Iterable[tuple[Named, Mutant]],
    covered: Coverage,
    simulation: str,
    jobs: int | None = None,
) -> Generator[tuple[str, Trial], None, None]:
    """Try each mutant on its instrument, and yield its name and its trial. Raises `TrialError`.

    `simulation` names the module that simulates a mutant in a process of its own.
    Mutants that tests must catch cannot be tried here.
    """
    tries = {
        Instrument.PROOF: lambda mutant: by_proof(mutant, covered),
        Instrument.EXPLORATION: by_exploration,
        Instrument.SIMULATION: lambda mutant: by_simulation(mutant, simulation),
    }
    chosen = (partial(tries[named.by], mutant) for named, mutant in broken)
    with closing(trials(chosen, jobs)) as found:
        for each in found:
            yield each.mutant.change, each


def by_proof(mutant: Mutant, covered: Coverage) -> Trial:
    """Try one mutant on the theorems that execute the changed function."""
    theorems = covered.get(f"{mutant.module}.{mutant.function}", ())
    return _tried(mutant, "web4proofs.mutants.child", {"theorems": theorems})


def by_exploration(mutant: Mutant) -> Trial:
    """Try one mutant on every state of a small federation."""
    return _tried(mutant, "web4proofs.mutants.exploration_trial", {})


def by_simulation(mutant: Mutant, simulation: str) -> Trial:
    """Try one mutant on simulated federations; `simulation` is the module that makes them."""
    return _tried(mutant, simulation, {})


def _tried(mutant: Mutant, child: str, asked: Mapping[str, object]) -> Trial:
    """Run a child process on the mutant, with further arguments, and return its finding."""
    began_s = time.monotonic()
    order = json.dumps({"module": mutant.module, "source": mutant.source, **asked})
    try:
        code, out, errors = _told([sys.executable, "-m", child], order)
    except subprocess.TimeoutExpired:
        return Trial(mutant, OUT_OF_TIME, f"no end within {LIMIT_S:.0f} s", LIMIT_S)
    if code != 0 and MemoryError.__name__ in errors:
        return Trial(mutant, OUT_OF_MEMORY, "it has no end", time.monotonic() - began_s)
    if code != 0:
        raise TrialError(f"{mutant.id} could not be tried: {errors.strip()[-500:]}")
    told = json.loads(out)
    return Trial(mutant, told["caught_by"], told["how"], time.monotonic() - began_s)


def _told(command: Sequence[str], order: str) -> tuple[int, str, str]:
    """Give a child this order; return its exit code, its output and its errors."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        _children.add(process)
        try:
            out, errors = process.communicate(order, LIMIT_S)
        finally:
            process.kill()
            _children.discard(process)
    return process.returncode, out, errors
