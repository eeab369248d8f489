"""The branches of the transition function that an exploration takes, and those that it does not.

A branch is one of the two outcomes of an `if`, `for` or `while` in the modules named here.
`sys.settrace` reports the order of executed lines; conditions inside an expression are not counted.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

from attrs import frozen

from web4proofs.explore.unreached import REASONS

MODULES: Final = (
    "web4core.consensus.rules",
    "web4core.consensus.state",
    "web4core.replica.blocks",
    "web4core.replica.catchup",
    "web4core.replica.pacemaker",
    "web4core.replica.state",
    "web4core.replica.step",
)
"""The transition function: all modules that `step` consists of, without the application."""

Arcs: TypeAlias = Mapping[str, frozenset[tuple[int, int]]]
"""By module, the pairs of lines that were executed one right after the other."""

_END: Final = -1
"""The successor of the last line that a function executes."""


@frozen
class Branch:
    """One outcome of one condition."""

    module: str
    function: str
    line: int
    condition: str
    outcome: bool

    @property
    def key(self) -> tuple[str, str, bool]:
        """The identity of a branch: it stays the same when the code around it moves."""
        return self.function, self.condition, self.outcome

    def __str__(self) -> str:
        taken = "" if self.outcome else "not "
        return f"{self.module}.{self.function}:{self.line} {taken}({self.condition})"


@frozen
class _Condition:
    """The lines of a condition, and the line that it leads to if it is true."""

    branch: Branch
    test: range
    body: range

    def outcome(self, arc: tuple[int, int]) -> bool | None:
        """Return the outcome of the condition that an arc shows; None if it shows none."""
        came_from, went_to = arc
        if came_from not in self.test or went_to in self.test:
            return None
        return went_to in self.body


class Tracer:
    """Records the arcs of the modules while it is on.

    A function is no longer traced once all its branches that can be taken have been.
    """

    def __init__(self) -> None:
        self._arcs: dict[str, set[tuple[int, int]]] = {name: set() for name in MODULES}
        self._names = {importlib.import_module(name).__file__: name for name in MODULES}
        self._untaken = {
            name: [each for each in _conditions(name) if each.branch.key not in REASONS]
            for name in MODULES
        }
        self._of_code: dict[CodeType, str | None] = {}

    @contextmanager
    def on(self) -> Iterator[None]:
        """Trace the calls made inside the block."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    @property
    def arcs(self) -> Arcs:
        """Return the arcs recorded so far."""
        return {name: frozenset(arcs) for name, arcs in self._arcs.items()}

    def _called(self, frame: FrameType, _event: str, _arg: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if code not in self._of_code:
            self._of_code[code] = self._names.get(code.co_filename)
        module = self._of_code[code]
        if module is None:
            return None
        arcs, last = self._arcs[module], frame.f_lineno

        def follow(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any]:
            nonlocal last
            if event in ("line", "return"):
                now = frame.f_lineno if event == "line" else _END
                if (last, now) not in arcs:
                    self._note(module, code, (last, now))
                last = now
            return follow

        return follow

    def _note(self, module: str, code: CodeType, arc: tuple[int, int]) -> None:
        """Record a new arc; stop tracing a function once all of its branches were taken."""
        self._arcs[module].add(arc)
        untaken = [
            each for each in self._untaken[module] if each.outcome(arc) is not each.branch.outcome
        ]
        self._untaken[module] = untaken
        lines = range(code.co_firstlineno, 1 + max(line or 0 for _, _, line in code.co_lines()))
        if not any(each.branch.line in lines for each in untaken):
            self._of_code[code] = None


def together(many: Iterable[Arcs]) -> Arcs:
    """Return the arcs of several runs together."""
    found: dict[str, frozenset[tuple[int, int]]] = {}
    for arcs in many:
        for name, pairs in arcs.items():
            found[name] = found.get(name, frozenset()) | pairs
    return found


def branches(arcs: Arcs) -> tuple[tuple[Branch, bool], ...]:
    """Return every branch of the modules, and whether it was taken."""
    found: list[tuple[Branch, bool]] = []
    for name in MODULES:
        for condition in _conditions(name):
            told = {condition.outcome(arc) for arc in arcs.get(name, ())}
            found.append((condition.branch, condition.branch.outcome in told))
    return tuple(found)


def _conditions(module: str) -> Iterator[_Condition]:
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.If | ast.While | ast.For):
                    yield from _outcomes(module, node.name, inner)


def _outcomes(
    module: str, function: str, node: ast.If | ast.While | ast.For
) -> Iterator[_Condition]:
    test = node.iter if isinstance(node, ast.For) else node.test
    text = ast.unparse(test)
    if isinstance(node, ast.For):
        text = f"another of {text}"
    lines = range(node.lineno, (test.end_lineno or test.lineno) + 1)
    body = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
    for outcome in (True, False):
        branch = Branch(module, function, node.lineno, text, outcome)
        yield _Condition(branch, lines, body)
