"""The runner: it proves theorems side by side, one process for each core, and collects the results.

Even a single proof runs in a process of its own, since a solver cannot be stopped from outside.

A theorem is proved anew each time: nothing is kept from an earlier run, so a changed function
cannot pass by an old proof.
"""

from __future__ import annotations

import enum
import os
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from attrs import frozen

from web4process.workers import working
from web4proofs.theorem import Answer, Outcome, Theorem

MAX_JOBS = 64
"""The limit of parallel processes, whatever the user asks for."""


class ProofResult(enum.Enum):
    """The result for one theorem."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    BROKE_OFF = "broke off"


EXIT_CODES = {
    ProofResult.HOLDS: 0,
    ProofResult.BROKE_OFF: 1,
    ProofResult.UNDECIDED: 3,
    ProofResult.FAILS: 12,
}
"""The exit code of a run, by its worst result."""

_WORST_FIRST = (ProofResult.FAILS, ProofResult.BROKE_OFF, ProofResult.UNDECIDED)


@frozen
class Attempt:
    """A theorem, and the result of an attempt to prove it."""

    theorem: Theorem
    verdict: ProofResult
    outcome: Outcome
    seconds: float
    error: str = ""
    """The exception that ended the attempt; empty if none did."""


@frozen
class _Told:
    """The answer of a worker process. The theorem's function cannot be sent, and is left out."""

    outcome: Outcome
    seconds: float
    error: str


def verdict_of(outcome: Outcome) -> ProofResult:
    """Return the result of an outcome. `unknown` without a failure leaves the theorem undecided."""
    if outcome.holds:
        return ProofResult.HOLDS
    wrong = [query for query in outcome.queries if not query.holds]
    if not outcome.failures and wrong and all(query.got is Answer.UNKNOWN for query in wrong):
        return ProofResult.UNDECIDED
    return ProofResult.FAILS


def exit_code(attempts: Sequence[Attempt]) -> int:
    """Return the exit code of a run. A run that tried nothing proves nothing."""
    verdicts = [attempt.verdict for attempt in attempts]
    if not verdicts:
        return EXIT_CODES[ProofResult.BROKE_OFF]
    for verdict in _WORST_FIRST:
        if verdict in verdicts:
            return EXIT_CODES[verdict]
    return EXIT_CODES[ProofResult.HOLDS]


def attempt(theorem: Theorem) -> Attempt:
    """Try to prove a theorem in this process."""
    return _attempt_of(theorem, _try(theorem))


def _try(theorem: Theorem) -> _Told:
    began_s = time.perf_counter()
    outcome, error = Outcome(), ""
    try:
        outcome = theorem.prove()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  what the executor cannot model is no Exception on purpose
        error = traceback.format_exc()
    return _Told(outcome, time.perf_counter() - began_s, error)


def _attempt_of(theorem: Theorem, told: _Told) -> Attempt:
    verdict = ProofResult.BROKE_OFF if told.error else verdict_of(told.outcome)
    return Attempt(theorem, verdict, told.outcome, told.seconds, told.error)


Find = Callable[[], Sequence[Theorem]]
"""A module-level function that finds the theorems in a worker, since they cannot be sent there."""


def run(
    theorems: Sequence[Theorem],
    find: Find,
    told: Callable[[Attempt], None],
    jobs: int | None = None,
) -> tuple[Attempt, ...]:
    """Try to prove these theorems, several at a time; call `told` with each attempt as it ends.

    `find` is called in the worker processes; it must return at least the same theorems there.
    """
    if not theorems:
        return ()
    workers = min(jobs or os.cpu_count() or 1, len(theorems), MAX_JOBS)
    by_id = {theorem.id: theorem for theorem in theorems}
    found: dict[str, Attempt] = {}
    with working(_try_by_id, tuple(by_id), workers, partial(_prepare, find)) as done:
        for name, future in done:
            theorem = by_id[name]
            found[theorem.id] = _and_tell(_attempt_of(theorem, _result(future)), told)
    return tuple(found[theorem.id] for theorem in theorems)


def _and_tell(done: Attempt, told: Callable[[Attempt], None]) -> Attempt:
    told(done)
    return done


def _result(future: Future[_Told]) -> _Told:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return _Told(Outcome(), 0.0, f"the process of the proof ended: {error}")


_found: dict[str, Theorem] = {}
"""The theorems of this worker process, by id."""


def _prepare(find: Find) -> None:
    _found.update((theorem.id, theorem) for theorem in find())


def _try_by_id(identity: str) -> _Told:
    return _try(_found[identity])
