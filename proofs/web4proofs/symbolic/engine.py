"""Runs a Python function on symbolic values, along every path, by running it again and again.

Where the code asks a symbolic value for its truth, a run takes one side.
Each run first repeats a list of earlier decisions; beyond the end of that list it takes any side
that the solver does not exclude, and leaves the other side for a later run.
When no side is left, every input has been covered: each of them satisfies the condition of exactly
one of the paths.

Only the bookkeeping of runs and decisions lives here; the symbolic values live in `values`.
Three rules ensure that a finished exploration has missed nothing:

- an operation that the values do not model raises `Unmodelled`, which the code cannot swallow;
- a side is dropped only if the solver says `unsat`, never for `unknown`;
- a run that does not repeat its earlier decisions is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import z3
from attrs import field, frozen

from web4proofs import smt

T = TypeVar("T")

MAX_PATHS = 10_000
"""The default limit of paths of one exploration."""

FEASIBILITY_EFFORT = 2_000_000
"""Z3 steps for the query whether one side of a decision is possible."""


class Unmodelled(BaseException):
    """The code used an operation that symbolic values do not model, so its result is unknown.

    It is no `Exception`, so that no handler of the code under test catches it.
    """


class _Impossible(BaseException):
    """The run has no input left: by an assumption, or on a side that the solver could not exclude.

    The run ends there, and does not count as a path.
    """


@frozen
class Decision:
    """One fork of a run: the side of a condition that it took, or the alternative that it chose."""

    condition: z3.BoolRef | None
    """The condition; None for a choice among alternatives, which needs no solver."""
    taken: int
    """1 or 0 for a condition, otherwise the number of the alternative."""
    alternatives: int = 2

    def repeats(self, condition: z3.BoolRef | None, alternatives: int) -> bool:
        """Return whether a later run has arrived at this decision again."""
        if self.condition is None or condition is None:
            return self.condition is condition and self.alternatives == alternatives
        return bool(self.condition.eq(condition))


@frozen
class Path(Generic[T]):
    """One path through the code, with all inputs that take it."""

    value: T | None
    """The result of the function; None if it raised."""
    raised: Exception | None
    condition: tuple[z3.BoolRef, ...]
    """The formulas that hold for the inputs of this path, assumptions included."""
    decisions: tuple[Decision, ...]
    made: tuple[z3.ExprRef, ...]
    """The solver constants of which its inputs consist."""
    model: z3.ModelRef | None = field(eq=False, repr=False)
    """An input that takes the path; None if the solver could not find one."""


@frozen
class Exploration(Generic[T]):
    """Every path of a function."""

    paths: tuple[Path[T], ...]
    questions: int
    """The number of queries whether a side is possible."""
    unknown: int
    """The number of such queries answered `unknown`; the side was then taken."""


class _Run:
    """One run of the function, which repeats a list of decisions and goes on from there."""

    def __init__(self, solver: z3.Solver, known: Sequence[Decision]) -> None:
        self.solver = solver
        self.known = known
        self.decisions: list[Decision] = []
        self.condition: list[z3.BoolRef] = []
        self.left: list[tuple[Decision, ...]] = []
        self.made: list[z3.ExprRef] = []
        self.questions = 0
        self.unknown = 0
        self.unmodelled: Unmodelled | None = None

    def fresh(self, stem: str, sort: z3.SortRef) -> z3.ExprRef:
        constant = z3.Const(f"{stem}!{len(self.made)}", sort)
        self.made.append(constant)
        return constant

    def assume(self, condition: z3.BoolRef) -> None:
        self.condition.append(condition)
        self.solver.add(condition)

    def decide(self, condition: z3.BoolRef) -> bool:
        condition = z3.simplify(condition)
        if z3.is_true(condition):
            return True
        if z3.is_false(condition):
            return False
        known = self._known(condition, 2)
        decision = known if known is not None else self._decided(condition)
        self.decisions.append(decision)
        self.assume(condition if decision.taken else z3.Not(condition))
        return bool(decision.taken)

    def choose(self, alternatives: int) -> int:
        if alternatives < 1:
            raise self.stop("a choice among nothing")
        known = self._known(None, alternatives)
        if known is None:
            known = Decision(None, 0, alternatives)
            for other in range(alternatives - 1, 0, -1):
                self.left.append((*self.decisions, Decision(None, other, alternatives)))
        self.decisions.append(known)
        return known.taken

    def stop(self, what: str) -> Unmodelled:
        """Return an error to raise; it ends the exploration even if the code swallows it."""
        self.unmodelled = self.unmodelled or Unmodelled(what)
        return self.unmodelled

    def _known(self, condition: z3.BoolRef | None, alternatives: int) -> Decision | None:
        place = len(self.decisions)
        if place >= len(self.known):
            return None
        known = self.known[place]
        if not known.repeats(condition, alternatives):
            raise self.stop(f"another run decided {known.condition} where this one met {condition}")
        return known

    def _decided(self, condition: z3.BoolRef) -> Decision:
        holds = self._possible(condition)
        fails = self._possible(z3.Not(condition))
        if holds and fails:
            self.left.append((*self.decisions, Decision(condition, 0)))
        if not holds and not fails:
            raise _Impossible
        return Decision(condition, int(holds))

    def _possible(self, condition: z3.BoolRef) -> bool:
        self.questions += 1
        answer = self.solver.check(condition)
        self.unknown += answer == z3.unknown
        return bool(answer != z3.unsat)


_running: list[_Run] = []
"""The present run, if any: the one global that symbolic values use."""


def explore(
    function: Callable[[], T], *, max_paths: int = MAX_PATHS, effort: int = FEASIBILITY_EFFORT
) -> Exploration[T]:
    """Run a function along every path.

    The function makes its own symbolic inputs, with `fresh` and what builds on it, and must make
    the same ones in each run.
    Raises `Unmodelled` in three cases: the code uses an operation that the values do not model, it
    has more paths than allowed, or no input satisfies the assumptions.
    """
    solver = smt.solver(effort=effort)
    left: list[tuple[Decision, ...]] = [()]
    paths: list[Path[T]] = []
    questions = unknown = 0
    while left:
        if len(paths) >= max_paths:
            raise Unmodelled(f"more than {max_paths} paths")
        run = _Run(solver, left.pop())
        solver.push()
        path = _along(run, function)
        solver.pop()
        left.extend(run.left)
        questions += run.questions
        unknown += run.unknown
        if path is not None:
            paths.append(path)
    if not paths:
        raise Unmodelled("no input satisfies the assumptions")
    return Exploration(tuple(paths), questions, unknown)


def _along(run: _Run, function: Callable[[], T]) -> Path[T] | None:
    """Return one path; None if the assumptions made on the way leave no input for it."""
    value: T | None = None
    raised: Exception | None = None
    if _running:
        raise Unmodelled("an exploration within an exploration")
    _running.append(run)
    try:
        value = function()
    except _Impossible:
        return None
    except Exception as error:  # noqa: BLE001 - whatever the code raises is its result
        raised = error
    finally:
        _running.clear()
    if run.unmodelled is not None:
        raise run.unmodelled
    if len(run.decisions) < len(run.known):
        raise Unmodelled("a run ended before it met the decisions of an earlier one")
    answer = run.solver.check()
    if answer == z3.unsat:
        return None
    model = run.solver.model() if answer == z3.sat else None
    return Path(value, raised, tuple(run.condition), tuple(run.decisions), tuple(run.made), model)


def is_running() -> bool:
    """Return whether code is being run on symbolic values at this moment."""
    return bool(_running)


def decide(condition: z3.BoolRef) -> bool:
    """Fork over the truth of a condition, unless one side is impossible."""
    with _untraced():
        return _current().decide(condition)


def assume(condition: z3.BoolRef) -> None:
    """Leave out all inputs that do not satisfy the condition."""
    with _untraced():
        _current().assume(condition)


def choose(alternatives: Sequence[T]) -> T:
    """Fork over several plain values, such as the members of an enum, or None and a value."""
    return alternatives[_current().choose(len(alternatives))]


def optional(make: Callable[[], T]) -> T | None:
    """Fork over None and the value that `make` returns."""
    return make() if choose((True, False)) else None


def fresh(stem: str, sort: z3.SortRef) -> z3.ExprRef:
    """Return a new, unconstrained solver constant; people read the stem as its name."""
    return _current().fresh(stem, sort)


def unmodelled(what: str) -> Unmodelled:
    """Return the error for an operation that is not modelled; it always ends the exploration."""
    return _running[0].stop(what) if _running else Unmodelled(what)


def _current() -> _Run:
    if not _running:
        raise Unmodelled("a symbolic value was asked for its truth outside of an exploration")
    return _running[0]


@contextmanager
def _untraced() -> Iterator[None]:
    """Pause a tracer of the code under test, see `reach`, during the solver's many calls."""
    tracer = sys.gettrace()
    if tracer is None:
        yield
        return
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
