"""The mutation operators: small changes to a module's source, made by machine.

Each `Mutant` is the whole text of a module with one change in it.
The changes are typical mistakes: a condition dropped, negated or off by one, a check moved past its
neighbour, an update left out, a field or an enum member confused with another.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from attrs import frozen

Edit: TypeAlias = Callable[[ast.AST], None]
"""Changes a node of a fresh copy of the tree, in place."""

Change: TypeAlias = tuple[str, Edit]
"""The description of a change, and the change."""

_COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SWAPPED: Final[dict[type[ast.operator], type[ast.operator]]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}

Swaps: TypeAlias = Mapping[str, tuple[str, ...]]
"""By name of a field or member, others of the same type that people may confuse with it."""


@frozen
class Mutant:
    """A module with one change in it."""

    module: str
    function: str
    line: int
    change: str
    source: str

    @property
    def id(self) -> str:
        """Its place and its change: the same as long as the line and its function are."""
        return f"{self.module}.{self.function}:{self.change}"


def mutants(module: str, source: str, swaps: Swaps) -> Iterator[Mutant]:
    """Yield every change to every function of a module, one at a time, in order of the source."""
    tree = ast.parse(source)
    seen: dict[str, None] = {}
    told: Counter[str] = Counter()
    for function, path in _functions(tree):
        name = ".".join(_names(tree, path))
        for place, node in enumerate(ast.walk(function)):
            for change, edit in _changes(node, swaps):
                mutated = _with(tree, path, place, edit)
                if mutated in seen:
                    continue
                seen[mutated] = None
                told[f"{name}:{change}"] += 1
                times = told[f"{name}:{change}"]
                label = change if times == 1 else f"{change} ({times})"
                line = getattr(node, "lineno", function.lineno)
                yield Mutant(module, name, line, label, mutated)


_Path: TypeAlias = tuple[int, ...]
"""A function's position: its index in the module's body, or in that of a class in it."""


def _functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, _Path]]:
    for index, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef):
            yield node, (index,)
        elif isinstance(node, ast.ClassDef):
            for inner, member in enumerate(node.body):
                if isinstance(member, ast.FunctionDef):
                    yield member, (index, inner)


def _at(tree: ast.Module, path: _Path) -> list[ast.stmt]:
    """Return the nodes along a path: the class, if there is one, and the function."""
    found: list[ast.stmt] = [tree.body[path[0]]]
    for index in path[1:]:
        last = found[-1]
        assert isinstance(last, ast.ClassDef)
        found.append(last.body[index])
    return found


def _names(tree: ast.Module, path: _Path) -> list[str]:
    return [str(getattr(node, "name", "")) for node in _at(tree, path)]


def _with(tree: ast.Module, path: _Path, place: int, edit: Edit) -> str:
    changed = copy.deepcopy(tree)
    function = _at(changed, path)[-1]
    edit(list(ast.walk(function))[place])
    return ast.unparse(ast.fix_missing_locations(changed))


# --- the changes --------------------------------------------------------------------------------


def _changes(node: ast.AST, swaps: Swaps) -> Iterator[Change]:
    for kind, make in _MAKERS:
        if isinstance(node, kind):
            yield from make(node, swaps)


def _comparisons(node: ast.Compare, _swaps: Swaps) -> Iterator[Change]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARISONS.get(type(operator), ()):
            yield (
                f"`{ast.unparse(node)}` with {other.__name__}",
                lambda each, index=index, other=other: each.ops.__setitem__(index, other()),  # type: ignore[misc]
            )


def _conditions(node: ast.BoolOp, _swaps: Swaps) -> Iterator[Change]:
    for index, value in enumerate(node.values):
        yield (
            f"`{ast.unparse(value)}` dropped from `{ast.unparse(node)}`",
            lambda each, index=index: each.values.pop(index),  # type: ignore[misc]
        )
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"`{ast.unparse(node)}` with {other.__name__}", lambda each: setattr(each, "op", other())


def _guards(node: ast.If, _swaps: Swaps) -> Iterator[Change]:
    test = ast.unparse(node.test)
    yield f"never `if {test}`", lambda each: setattr(each, "test", ast.Constant(False))
    yield f"always `if {test}`", lambda each: setattr(each, "test", ast.Constant(True))


def _arithmetic(node: ast.BinOp, _swaps: Swaps) -> Iterator[Change]:
    other = _SWAPPED.get(type(node.op))
    if other is None or isinstance(node.left, ast.Constant | ast.JoinedStr):
        return
    text = ast.unparse(node)
    yield f"`{text}` with {other.__name__}", lambda each: setattr(each, "op", other())
    yield f"`{text}` without its right side", lambda each: setattr(each, "right", ast.Constant(0))


def _numbers(node: ast.Constant, _swaps: Swaps) -> Iterator[Change]:
    if type(node.value) is not int:
        return
    for other in (node.value + 1, node.value - 1):
        yield f"{other} for {node.value}", lambda each, other=other: setattr(each, "value", other)  # type: ignore[misc]


def _updates(node: ast.Call, swaps: Swaps) -> Iterator[Change]:
    """Leave out an update of `evolve`, or give its value to another field."""
    if ast.unparse(node.func) != "evolve":
        return
    given = {keyword.arg for keyword in node.keywords}
    for index, keyword in enumerate(node.keywords):
        yield (
            f"no update of {keyword.arg} in `{ast.unparse(node)}`",
            lambda each, index=index: each.keywords.pop(index),  # type: ignore[misc]
        )
        for other in swaps.get(str(keyword.arg), ()):
            if other not in given:
                yield (
                    f"update of {other} for {keyword.arg} in `{ast.unparse(node)}`",
                    lambda each, index=index, other=other: setattr(  # type: ignore[misc]
                        each.keywords[index], "arg", other
                    ),
                )


def _swapped(node: ast.Attribute, swaps: Swaps) -> Iterator[Change]:
    for other in swaps.get(node.attr, ()):
        yield (
            f"{other} for `{ast.unparse(node)}`",
            lambda each, other=other: setattr(each, "attr", other),  # type: ignore[misc]
        )


def _entries(node: ast.Return, _swaps: Swaps) -> Iterator[Change]:
    """Leave out an entry that a rule returns."""
    if not isinstance(node.value, ast.Tuple) or len(node.value.elts) < 2:  # noqa: PLR2004
        return
    for index, element in enumerate(node.value.elts):
        yield (
            f"`{ast.unparse(element)}` left out of `{ast.unparse(node)}`",
            lambda each, index=index: each.value.elts.pop(index),  # type: ignore[misc]
        )


def _order(node: ast.FunctionDef, _swaps: Swaps) -> Iterator[Change]:
    """Move a check past the next one: the same answers, but another refusal comes first."""
    for index in range(len(node.body) - 1):
        first, second = node.body[index : index + 2]
        if isinstance(first, ast.If) and isinstance(second, ast.If):
            yield (
                f"`if {ast.unparse(first.test)}` after `if {ast.unparse(second.test)}`",
                lambda each, index=index: each.body.insert(index, each.body.pop(index + 1)),  # type: ignore[misc]
            )


_MAKERS: Final[tuple[tuple[type[ast.AST], Callable[..., Iterator[Change]]], ...]] = (
    (ast.Compare, _comparisons),
    (ast.BoolOp, _conditions),
    (ast.If, _guards),
    (ast.BinOp, _arithmetic),
    (ast.Constant, _numbers),
    (ast.Call, _updates),
    (ast.Attribute, _swapped),
    (ast.Return, _entries),
    (ast.FunctionDef, _order),
)
