"""The check of statements about shipped code, which all these theorems share.

The code is explored along every path and replayed. A statement is a formula about one path. If it
does not follow from the path's condition, the counterexample runs on the plain code before it is
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import z3
from attrs import frozen

from web4proofs import smt
from web4proofs.symbolic import MAX_PATHS, Exploration, Path, Unmodelled
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import (
    Subject,
    Taken,
    difference,
    executed,
    never_reached,
    paths_of,
    replay,
    taken_by,
)
from web4proofs.theorem import Failure, Outcome, Query


@frozen
class Statement:
    """A formula to prove of a path."""

    name: str
    formula: z3.BoolRef
    explain: Callable[[z3.ModelRef], str] | None = None
    """Returns a text that tells how a model breaks the statement."""


Statements: TypeAlias = Callable[[Taken], Iterable[Statement]]


@frozen
class Explored:
    """All paths of a subject, and the failures found while exploring and replaying them."""

    exploration: Exploration[Taken]
    failures: tuple[Failure, ...]


def explored(name: str, subject: Subject, max_paths: int = MAX_PATHS) -> Explored:
    """Run a subject along every path, and the plain code on an input of each."""
    try:
        exploration: Exploration[Taken] = paths_of(subject, max_paths)
        replays = replay(subject, exploration)
    except Unmodelled as reason:
        failure = Failure(name, f"the code could not be followed: {reason}")
        return Explored(Exploration((), 0, 0), (failure,))
    missed = [Failure(name, text) for text in never_reached(subject, exploration)]
    differ = [Failure(name, f"not as the plain code does: {t}") for t in replays.differences]
    return Explored(exploration, (*missed, *differ))


def check(name: str, subject: Subject, states: Statements, max_paths: int = MAX_PATHS) -> Outcome:
    """Prove these statements of every path of a subject, and that none of them raises."""
    found = explored(name, subject, max_paths)
    queries: list[Query] = []
    failures = list(found.failures)
    for number, path in enumerate(found.exploration.paths):
        taken = taken_by(path)
        asked = states(taken) if taken.raised is None else (_raises_nothing(taken.raised),)
        for statement in asked:
            where = f"{name}, path {number}: {statement.name}"
            query, model = smt.valid(where, path.condition, statement.formula)
            queries.append(query)
            if model is not None:
                failures.append(_shown(where, statement, subject, path, model))
    if not queries and not failures:
        failures.append(Failure(name, "nothing was asked of any path"))
    paths = len(found.exploration.paths)
    return Outcome(tuple(queries), paths, executed(subject.functions), tuple(failures))


def _raises_nothing(raised: Exception) -> Statement:
    return Statement("it raises nothing", z3.BoolVal(False), lambda _model: f"it raises {raised!r}")


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Return one outcome of several; it holds if they all do."""
    total = Outcome()
    for each in outcomes:
        total = Outcome(
            total.queries + each.queries,
            total.paths + each.paths,
            tuple(dict.fromkeys(total.executed + each.executed)),
            total.failures + each.failures,
        )
    return total


def _shown(
    where: str, statement: Statement, subject: Subject, path: Path[Taken], model: z3.ModelRef
) -> Failure:
    """Return a counterexample in values of the code, and whether the plain code confirms it."""
    taken = taken_by(path)
    concretion = Concretion(model)
    found = statement.explain(model) if statement.explain else "this does not hold"
    values = [(f"argument {n}", repr(concretion(each))) for n, each in enumerate(taken.arguments)]
    values.append(("result", repr(taken.raised or concretion(taken.result))))
    differs = difference(subject, taken, Concretion(model))
    if differs is not None:
        found += f"; it does not replay on the plain code: {differs}"
    return Failure(where, found, tuple(values))
