"""How a theorem about the shipped replica is tried: paths, questions, and what becomes of them.

An `Attempt` gathers what an `Outcome` tells. Everything that is to be proved of a path is asked in
one question; only where the answer is not the one needed are its parts asked one by one, to name
what does not hold and to show it with values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import z3
from attrs import frozen

from web4proofs import solving
from web4proofs.replica.cutting import OtherShape
from web4proofs.replica.invariant import Part
from web4proofs.replica.plain import Plain
from web4proofs.symbolic import Path, explore
from web4proofs.symbolic.reach import Excuse, Step, name_of, unreached, watched
from web4proofs.symbolic.subject import executed
from web4proofs.theorem import Answer, Failure, Outcome, Prove, Query

T = TypeVar("T")

MAX_LOST = 3
"""Paths that may fail before an attempt ends: more of them tell nothing more."""


@frozen
class Case:
    """What is to hold at the end of one path, what a failure shows, and the plain call.

    `given` is assumed beside the path's own condition, and must be possible with it.
    """

    parts: tuple[Part, ...]
    shown: Mapping[str, Any] = {}
    arguments: tuple[Any, ...] | None = None
    result: Any = None
    given: tuple[z3.BoolRef, ...] = ()


class Attempt:
    """One attempt to prove a theorem."""

    def __init__(self) -> None:
        self._queries: list[Query] = []
        self._failures: list[Failure] = []
        self._functions: dict[Callable[..., Any], None] = {}
        self._steps: list[Step] = []
        self._paths = 0
        self._lost = 0

    def paths(
        self, functions: Sequence[Callable[..., Any]], run: Callable[[], T]
    ) -> tuple[Path[T], ...]:
        """Every path of a run, in which these shipped functions are executed."""
        self._functions.update(dict.fromkeys(functions))

        def watching() -> T:
            with watched(functions) as steps:
                value = run()
            self._steps.extend(steps)
            return value

        found = explore(watching).paths
        self._paths += len(found)
        return found

    def cases(
        self,
        function: Callable[..., Any],
        run: Callable[[], Case],
        through: Sequence[Callable[..., Any]] = (),
        label: str = "",
    ) -> None:
        """Execute a function along every path, and ask each whether its parts hold."""
        name = name_of(function) + (f", {label}" if label else "")
        possible = False
        for number, path in enumerate(self.paths((function, *through), run)):
            case = None if self.lost else self.returned(name, path)
            if case is not None:
                given = (*path.condition, *case.given)
                if case.given and not possible:
                    possible = True
                    self.possible(f"{name}, what is assumed", given)
                shown = {**case.shown, **({} if case.result is None else {"result": case.result})}
                self.holds(
                    f"{name}, path {number}",
                    given,
                    case.parts,
                    shown,
                    _program(function, case),
                )

    def returned(self, name: str, path: Path[T]) -> T | None:
        """What a path returned; that it raised is a failure."""
        if path.raised is not None:
            self._lost += 1
            self.fail(name, f"raised {path.raised!r}")
        return path.value

    @property
    def lost(self) -> bool:
        """Whether so much has failed that more failures would tell nothing more."""
        return self._lost >= MAX_LOST

    def holds(
        self,
        name: str,
        hypotheses: Iterable[z3.BoolRef],
        parts: Sequence[Part],
        shown: Mapping[str, Any],
        snippet: Callable[[Plain], str | None] | None = None,
    ) -> bool:
        """Ask whether all parts follow; show what is broken if one does not."""
        given = tuple(hypotheses)
        goal = z3.And([part.formula for part in parts])
        query, _ = solving.valid(name, given, goal)
        if query.holds:
            self._queries.append(query)
            return True
        self._lost += 1
        for part in parts:
            one, model = solving.valid(f"{name}: {part.name}", given, part.formula)
            self._queries.append(one)
            if not one.holds:
                self._show(one, given, part, model, shown, snippet)
        return False

    def possible(self, name: str, formulas: Iterable[z3.ExprRef]) -> None:
        """Ask for an instance, so that nothing is proved from contradictory premises."""
        query, _ = solving.possible(name, formulas)
        self._queries.append(query)
        if query.got is Answer.UNSAT:
            self.fail(name, "the premises contradict one another")

    def fail(self, name: str, found: str) -> None:
        """What was found does not fit the theorem, whatever the solver says."""
        self._failures.append(Failure(name, found))

    def execute(self, *functions: Callable[..., Any]) -> None:
        """Note that these shipped functions were executed, or read for their shape."""
        self._functions.update(dict.fromkeys(functions))

    def reached(
        self, functions: Iterable[Callable[..., Any]], excuses: Sequence[Excuse] = ()
    ) -> None:
        """Check that every line and branch of these functions was on some path."""
        for place in () if self.lost else unreached(functions, self._steps, excuses):
            self.fail("reach", place)

    def outcome(self) -> Outcome:
        """What the attempt told."""
        return Outcome(
            tuple(self._queries),
            self._paths,
            executed(tuple(self._functions)),
            tuple(self._failures),
        )

    def _show(
        self,
        query: Query,
        given: tuple[z3.BoolRef, ...],
        part: Part,
        model: z3.ModelRef | None,
        shown: Mapping[str, Any],
        snippet: Callable[[Plain], str | None] | None,
    ) -> None:
        found = f"not so: {part.name}"
        if model is None or any(each.found.startswith(found) for each in self._failures):
            return
        plain = Plain(_small(given, part.formula) or model)
        values = tuple((name, plain.text(value)) for name, value in shown.items())
        program = None if snippet is None else snippet(plain)
        if snippet is not None and program is None:
            found += UNSEEN
        self._failures.append(Failure(query.name, found, values, program))


def _program(function: Callable[..., Any], case: Case) -> Callable[[Plain], str | None] | None:
    if case.arguments is None:
        return None
    arguments = case.arguments
    return lambda plain: plain.program(function, arguments, case.result)


UNSEEN = " (in the symbolic run; the plain call with these values does otherwise)"
"""Said of a counterexample that does not replay."""

SMALL = 4
"""Numbers in a counterexample are this small, where it can be."""


def _small(given: tuple[z3.BoolRef, ...], goal: z3.BoolRef) -> z3.ModelRef | None:
    """A model with small numbers, and with turns as they are, if there is one: it can be run."""
    terms = tuple(_terms((*given, goal)))
    numbers = [each for each in terms if z3.is_const(each) and z3.is_int(each)]
    bounds = [z3.And(each >= 0, each <= SMALL) for each in numbers if not z3.is_int_value(each)]
    sizes = [each for each in numbers if str(each).startswith("n!")]
    turns = [
        each == (each.arg(0) + each.arg(1)) % n
        for each in terms
        if each.decl().name() == "proposer"
        for n in sizes
    ]
    _, model = solving.valid("a small counterexample", (*given, *bounds, *turns), goal)
    return model


def _terms(formulas: Iterable[z3.ExprRef]) -> Iterable[z3.ExprRef]:
    """All terms without bound variables in formulas, each once."""
    waiting, seen = list(formulas), set()
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen or z3.is_quantifier(term):
            continue
        seen.add(term.get_id())
        yield term
        waiting.extend(term.children())


def attempt(function: Callable[[Attempt], None]) -> Prove:
    """A theorem's `prove` from a function that fills an attempt."""

    def prove() -> Outcome:
        trying = Attempt()
        try:
            function(trying)
        except (OtherShape, LookupError) as error:
            trying.fail("shape", f"the code is not built as its contract takes it to be: {error}")
        return trying.outcome()

    return prove
