"""Queries to Z3, with the same answer to the same query on every machine.

Effort is bounded by `rlimit`, Z3's own count of its work, and never by the clock.
`unknown` is a possible answer, and no theorem accepts it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import z3

from web4proofs.theorem import Answer, Query

EFFORT = 50_000_000
"""Z3 steps that one query may cost; the dearest query of the default run needs few of them."""


def solver(seed: int = 0, effort: int = EFFORT) -> z3.Solver:
    """Return a solver with bounded effort and a fixed seed."""
    made = z3.Solver()
    made.set("rlimit", effort)
    made.set("random_seed", seed)
    return made


def ask(
    name: str,
    formulas: Iterable[z3.ExprRef],
    needed: Answer,
    *,
    seed: int = 0,
    effort: int = EFFORT,
) -> tuple[Query, z3.ModelRef | None]:
    """Ask whether these formulas can hold together; return the model if they can."""
    asked = solver(seed, effort)
    asked.add(*formulas)
    began_s = time.perf_counter()
    got = Answer(str(asked.check()))
    seconds = time.perf_counter() - began_s
    query = Query(name, needed, got, seconds, _effort_of(asked))
    return query, asked.model() if got is Answer.SAT else None


def valid(
    name: str,
    hypotheses: Iterable[z3.ExprRef],
    goal: z3.BoolRef,
    *,
    seed: int = 0,
    effort: int = EFFORT,
) -> tuple[Query, z3.ModelRef | None]:
    """Ask whether the goal follows from the hypotheses; a returned model is a counterexample."""
    return ask(name, [*hypotheses, z3.Not(goal)], Answer.UNSAT, seed=seed, effort=effort)


def possible(
    name: str, formulas: Iterable[z3.ExprRef], *, seed: int = 0, effort: int = EFFORT
) -> tuple[Query, z3.ModelRef | None]:
    """Ask for a model of these formulas, which shows that they do not contradict each other."""
    return ask(name, formulas, Answer.SAT, seed=seed, effort=effort)


def _effort_of(asked: z3.Solver) -> int:
    statistics = asked.statistics()
    known = "rlimit count" in statistics.keys()  # noqa: SIM118
    return int(statistics.get_key_value("rlimit count")) if known else 0
