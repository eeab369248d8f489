"""The attempt to prove a theorem about the shipped replica: its paths, questions and failures.

An `Attempt` collects the parts of an `Outcome`. Everything to prove of a path is one question. Only
if its answer is not the one needed, its parts are asked one by one, to name the part that does not
hold and to show it with values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import z3
from attrs import frozen

from web4proofs import smt
from web4proofs.replica.cutting import OtherShape, Parts
from web4proofs.replica.invariant import Part
from web4proofs.replica.plain import NotPlain, Plain, comparable
from web4proofs.replica.small import Small
from web4proofs.symbolic import Path, Unmodelled, explore
from web4proofs.symbolic.reach import Excuse, SourceLine, name_of, places_of, unreached, watched
from web4proofs.symbolic.subject import executed
from web4proofs.theorem import Answer, Failure, Outcome, Prove, Query

T = TypeVar("T")

MAX_LOST = 3
"""The number of failing paths after which an attempt ends: more of them add no information."""


@frozen
class Case:
    """The goals at the end of one path, the values that a failure shows, and the plain call.

    A case with `arguments` is replayed: the plain function is called with the arguments that a
    model of the path gives, and must return the `result` of that model.
    It must also execute the same instructions, unless it `walks` over something symbolic.
    `given` is assumed beside the path's own condition, and must be possible with it.
    """

    parts: tuple[Part, ...]
    shown: Mapping[str, Any] = {}
    arguments: tuple[Any, ...] | None = None
    result: Any = None
    given: tuple[z3.BoolRef, ...] = ()
    walks: bool = False


@frozen
class Walk(Generic[T]):
    """A path, and the instructions of the functions under proof that were executed on it."""

    path: Path[T]
    functions: tuple[Callable[..., Any], ...]
    steps: tuple[SourceLine, ...]


class Attempt:
    """One attempt to prove a theorem."""

    def __init__(self) -> None:
        self._queries: list[Query] = []
        self._failures: list[Failure] = []
        self._functions: dict[Callable[..., Any], None] = {}
        self._cut: dict[Callable[..., Any], Parts] = {}
        self._excuses: list[Excuse] = []
        self._steps: set[SourceLine] = set()
        self._small = Small()
        self._paths = 0
        self._lost = 0

    def paths(
        self,
        functions: Sequence[Callable[..., Any]],
        run: Callable[[], T],
        parts: Parts | None = None,
    ) -> tuple[Walk[T], ...]:
        """Return every path of a run that executes these shipped functions, or parts of one."""
        self._functions.update(dict.fromkeys(functions))
        watching = (*functions, *(() if parts is None else parts.all))

        def watches() -> tuple[T, list[SourceLine]]:
            with watched(watching) as steps:
                return run(), steps

        walks = []
        for path in explore(watches).paths:
            value, steps = path.value or (None, ())
            rest = (path.raised, path.condition, path.decisions, path.made, path.model)
            walks.append(Walk(Path(value, *rest), watching, tuple(steps)))
            self._steps.update(steps)
        self._paths += len(walks)
        return tuple(walks)

    def cases(
        self,
        function: Callable[..., Any],
        run: Callable[[], Case],
        through: Sequence[Callable[..., Any]] = (),
        label: str = "",
        parts: Parts | None = None,
    ) -> None:
        """Execute a function along every path, and ask for each whether its parts hold.

        Of a function whose loop is cut, `parts` are executed and must be reached, in place of it.
        """
        name = name_of(function) + (f", {label}" if label else "")
        possible = False
        if parts is not None:
            self._cut[function] = parts
        for number, walk in enumerate(self.paths((function, *through), run, parts)):
            path = walk.path
            case = None if self.lost else self.returned(name, path)
            if case is not None:
                if case.arguments is not None:
                    where = f"{name}, path {number}"
                    self.replay(where, walk, function, case.arguments, case.result, case.walks)
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

    def replay(
        self,
        name: str,
        walk: Walk[Any],
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        result: Any,
        walks: bool = False,
    ) -> None:
        """Run the plain function on an input of a path; it must do as the path did.

        It then calls shipped code, also where the path had a summary.
        """
        model = self._small.model(walk.path.condition)
        if model is None:
            self.fail(name, "not replayed: no small input takes this path")
            return
        plain = Plain(model)
        try:
            given, expected = [plain(each) for each in arguments], plain(result)
        except NotPlain as error:
            self.fail(name, f"not replayed: {error}")
            return
        with watched(walk.functions) as steps:
            try:
                found = function(*given)
            except Exception as error:  # noqa: BLE001 - whatever the code raises is its result
                found = error
        if comparable(found) != comparable(expected):
            self.fail(name, f"not as the plain code does: {given!r} gave {found!r}")
        elif not walks and tuple(steps) != walk.steps:
            self.fail(name, f"not as the plain code does: {given!r} took another way")

    def returned(self, name: str, path: Path[T]) -> T | None:
        """Return the result of a path; if the path raised, this is a failure."""
        if path.raised is not None:
            self._lost += 1
            self.fail(name, f"raised {path.raised!r}")
        return path.value

    @property
    def lost(self) -> bool:
        """Return whether so much has failed that more failures would add no information."""
        return self._lost >= MAX_LOST

    def holds(
        self,
        name: str,
        hypotheses: Iterable[z3.BoolRef],
        parts: Sequence[Part],
        shown: Mapping[str, Any],
        snippet: Callable[[Plain], str | None] | None = None,
    ) -> bool:
        """Ask whether all parts follow; show one that does not."""
        given = tuple(hypotheses)
        goal = z3.And([part.formula for part in parts])
        query, _ = smt.valid(name, given, goal)
        if query.holds:
            self._queries.append(query)
            return True
        self._lost += 1
        for part in parts:
            one, model = smt.valid(f"{name}: {part.name}", given, part.formula)
            self._queries.append(one)
            if not one.holds:
                self._show(one, given, part, model, shown, snippet)
        return False

    def possible(self, name: str, formulas: Iterable[z3.ExprRef]) -> None:
        """Ask for a model, so that nothing is proved from contradictory premises."""
        query, _ = smt.possible(name, formulas)
        self._queries.append(query)
        if query.got is Answer.UNSAT:
            self.fail(name, "the premises contradict one another")

    def fail(self, name: str, found: str) -> None:
        """Record a finding that does not fit the theorem, whatever the solver says."""
        self._failures.append(Failure(name, found))

    def end(self, name: str, found: str) -> None:
        """Record a last finding: code that was not executed after it is no further failure."""
        self.fail(name, found)
        self._lost = MAX_LOST

    def excuse(self, *excuses: Excuse) -> None:
        """Name code of the functions under proof that is on no path, with the reason."""
        self._excuses.extend(excuses)

    def idle_excuses(self) -> tuple[Excuse, ...]:
        """Return the excuses for places that the code does not have, which excuse nothing.

        Changed code may have any; a test requires that the shipped code has none.
        """
        executed = self._executed()
        there = {(name_of(each), place) for each in executed for place in places_of(each)}
        return tuple(each for each in self._excuses if not each.is_among(there))

    def _executed(self) -> list[Callable[..., Any]]:
        return [
            part
            for function in self._functions
            for part in (self._cut[function].all if function in self._cut else (function,))
        ]

    def _reached(self) -> None:
        """Check that some path reached every line and branch of every executed function."""
        idle = self.idle_excuses()
        excuses = [each for each in self._excuses if each not in idle]
        for place in () if self.lost else unreached(self._executed(), self._steps, excuses):
            self.fail("reach", place)

    def outcome(self) -> Outcome:
        """Return the outcome, with the code that no path reached as a failure."""
        self._reached()
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
        plain = Plain(self._small.model((*given, z3.Not(part.formula))) or model)
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
"""The note on a counterexample that does not replay."""


def attempt(function: Callable[[Attempt], None]) -> Prove:
    """Return a theorem's `prove` from a function that fills an attempt."""

    def prove() -> Outcome:
        trying = Attempt()
        try:
            function(trying)
        except (OtherShape, LookupError) as error:
            trying.end("shape", f"the code is not built as its contract takes it to be: {error}")
        except Unmodelled as reason:
            trying.end("executor", f"the code could not be followed: {reason}")
        return trying.outcome()

    return prove
