"""Runs that must exist, so that the proof of agreement is not vacuous.

Among four platforms, one of them Byzantine, a solver finds a run to a decision, and a run in which
a locked block is decided in a later view. Each is replayed in plain Python: every step must be
permitted, and the invariant must hold after each.
"""

from __future__ import annotations

from typing import Final

from web4proofs.agreement import finite
from web4proofs.agreement.logic import Formula, Not, both, some
from web4proofs.agreement.model import (
    AGREED,
    DECIDE,
    ENTER,
    LOCK_AND_COMMIT,
    PREPARE,
    PREPARE_JUSTIFIED,
    below,
    committed,
    d,
    decided,
    e,
    h,
    k,
    p,
    prepared,
    v,
    w,
)
from web4proofs.agreement.reachable import Run, find
from web4proofs.theorem import Failure, Outcome, Query

_RULES: Final = (PREPARE, PREPARE_JUSTIFIED, LOCK_AND_COMMIT, DECIDE, ENTER)
_BYZANTINE: Final = frozenset({3})

A_DECISION: Final[Formula] = some(p, h, v, d, holds=decided(p, h, v, d))

A_LATER_DECISION: Final[Formula] = some(
    *(p, k, h, v, w, d),
    holds=both(
        committed(p, h, v, d),
        below(v, w),
        prepared(p, h, w, d),
        decided(k, h, w, d),
        Not(some(e, holds=decided(k, h, v, e))),
    ),
)
"""A platform locked a block in one view; a later view prepared the same block and decided it."""


def a_decision(seed: int = 0) -> tuple[Query, Run | None]:
    """Find a run with two votes of each kind by honest platforms, and one by the Byzantine."""
    start = finite.federation(4, _BYZANTINE, views=1, digests=("A", "B"))
    return find("a decision", start, lambda _: _RULES, A_DECISION, 5, seed)


def a_later_decision(seed: int = 0) -> tuple[Query, Run | None]:
    """Find a run with a lock but no decision, a view change, and then the decision."""
    start = finite.federation(4, _BYZANTINE, views=2, digests=("A", "B"))
    name = "a decision after a lock and a view change"
    return find(name, start, lambda _: _RULES, A_LATER_DECISION, 10, seed)


def decisions_are_reached(seed: int = 0) -> Outcome:
    """Find both runs and replay them."""
    queries: list[Query] = []
    failures: list[Failure] = []
    for (query, run), goal in (
        (a_decision(seed), A_DECISION),
        (a_later_decision(seed), A_LATER_DECISION),
    ):
        queries.append(query)
        failures.extend(Failure(query.name, flaw) for flaw in flaws(run, goal))
    return Outcome(tuple(queries), failures=tuple(failures))


def flaws(run: Run | None, goal: Formula) -> tuple[str, ...]:
    """Return the reasons why a run is no example; none if it is one."""
    if run is None:
        return ("no such run was found",)
    broken = tuple(
        f"{claim.name} does not hold after {number} steps"
        for number, world in enumerate(run.worlds())
        for claim in finite.broken(AGREED.invariant, world)
    )
    missed = () if finite.holds(goal, run.end, {}) else ("the run does not get there",)
    return (*run.flaws(), *broken, *missed)
