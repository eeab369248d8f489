"""Runs a Python function on symbolic values, along every path, by running it again and again.

Where the code asks a symbolic value for its truth, a run has to go one way.
Each run goes the way that a list of earlier decisions says, and beyond the end of that list takes
any side that the solver does not exclude; a side not taken is left for a later run.
When no side is left, every input has been covered: each of them satisfies the condition of exactly
one of the paths.

Only the bookkeeping of runs and decisions lives here; what a symbolic value is stands in `values`.
Three things keep a finished exploration from having missed something:

- what the values do not model raises `Unmodelled`, which the code under test cannot swallow;
- a side is dropped only if the solver says `unsat`, never for `unknown`;
- a run that does not meet the decisions it met before is an error.
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
"""Paths of one exploration, unless it says otherwise."""

FEASIBILITY_EFFORT = 2_000_000
"""Z3's steps for the question whether one side of a decision is possible."""


class Unmodelled(BaseException):
    """The code did what symbolic values cannot follow, so that nothing is known of it.

    Not an `Exception`, so that no handler of the code under test takes it for one of its own.
    """


class _Impossible(BaseException):
    """A run has gone where no input can: by an assumption, or by a side that the solver left open.

    It ends there, and is no path.
    """


@frozen
class Decision:
    """One fork of a run: which side it took of a condition, or which of several alternatives."""

    condition: z3.BoolRef | None
    """None for a choice among alternatives, which needs no solver."""
    taken: int
    """Of a condition 1 or 0, otherwise the number of the alternative."""
    alternatives: int = 2

    def repeats(self, condition: z3.BoolRef | None, alternatives: int) -> bool:
        """Whether a later run has arrived at this decision again."""
        if self.condition is None or condition is None:
            return self.condition is condition and self.alternatives == alternatives
        return bool(self.condition.eq(condition))


@frozen
class Path(Generic[T]):
    """One way through the code, and all inputs that take it."""

    value: T | None
    """What the function returned; None if it raised."""
    raised: Exception | None
    condition: tuple[z3.BoolRef, ...]
    """What holds of the inputs that take this path, assumptions included."""
    decisions: tuple[Decision, ...]
    made: tuple[z3.ExprRef, ...]
    """The solver constants that its inputs are made of."""
    model: z3.ModelRef | None = field(eq=False, repr=False)
    """An input that takes it, or None where the solver could not tell."""


@frozen
class Exploration(Generic[T]):
    """Every path of a function."""

    paths: tuple[Path[T], ...]
    questions: int
    """How often the solver was asked whether a side is possible."""
    unknown: int
    """How often it could not tell; the side was then taken."""


class _Run:
    """One run of the function, from a list of decisions on."""

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
        """An error to raise; it ends the exploration even if the code should swallow it."""
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
"""The run under way, if any: the one thing that symbolic values reach without being handed it."""


def explore(
    function: Callable[[], T], *, max_paths: int = MAX_PATHS, effort: int = FEASIBILITY_EFFORT
) -> Exploration[T]:
    """Run a function along every path.

    The function makes its own symbolic inputs, by `fresh` and what builds on it, and must make the
    same ones in each run.
    Raises `Unmodelled` where the code does what the values do not model, where it has more paths
    than allowed, and where no input at all satisfies the assumptions.
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
    """One path, or None if what was assumed on the way leaves no input for it."""
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
    """Whether code is being run on symbolic values just now."""
    return bool(_running)


def decide(condition: z3.BoolRef) -> bool:
    """Fork: the truth of a condition, which is both unless one side is impossible."""
    with _untraced():
        return _current().decide(condition)


def assume(condition: z3.BoolRef) -> None:
    """Leave out all inputs for which this does not hold."""
    with _untraced():
        _current().assume(condition)


def choose(alternatives: Sequence[T]) -> T:
    """Fork: each of several plain values, as the members of an enum, or None and a value."""
    return alternatives[_current().choose(len(alternatives))]


def optional(make: Callable[[], T]) -> T | None:
    """Fork: None, or what `make` makes."""
    return make() if choose((True, False)) else None


def fresh(stem: str, sort: z3.SortRef) -> z3.ExprRef:
    """A solver constant of which nothing is known; the stem names it for people."""
    return _current().fresh(stem, sort)


def unmodelled(what: str) -> Unmodelled:
    """The error to raise for what cannot be followed; it ends the exploration in any case."""
    return _running[0].stop(what) if _running else Unmodelled(what)


def _current() -> _Run:
    if not _running:
        raise Unmodelled("a symbolic value was asked for its truth outside of an exploration")
    return _running[0]


@contextmanager
def _untraced() -> Iterator[None]:
    """Keeps a tracer of the code under test, see `reach`, away from the solver's many calls."""
    tracer = sys.gettrace()
    if tracer is None:
        yield
        return
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
