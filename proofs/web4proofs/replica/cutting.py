"""Shipped functions cut at the head of their loop, so that a contract holds for every length.

A loop that runs once for each platform cannot be executed for every number of them.
Floyd's method is to execute its parts: the code before the loop, one turn from any state that an
invariant allows, and the code after the loop. `cut` makes these parts from the source text.

Only the text of the parts is used. A text that is not that of the running function is refused, so
that the proved code is the code that runs.
The parts are compiled from that text: they are not the code object of the package.
"""

from __future__ import annotations

import ast
import copy
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, TypeAlias, TypeVar

from attrs import frozen

N = TypeVar("N", bound=ast.AST)


class OtherShape(Exception):
    """A function does not have the structure that its contract assumes."""


@frozen
class Reached:
    """A part ended at the head of the loop, with what is iterated over and the local variables."""

    iterated: Any
    variables: Mapping[str, Any]


@frozen
class Parts:
    """A function with one loop, in three parts.

    Each part takes the function's parameters by name; `turn` and `after` also take the variables at
    the head of the loop, and `turn` takes its element as `element`, if the loop has elements.
    A part returns what the function returns, or `Reached` when it comes to the head of the loop.
    `turn` returns `LEFT` when the condition of a `while` is false.
    """

    before: Callable[..., Any]
    turn: Callable[..., Any]
    after: Callable[..., Any]

    @property
    def all(self) -> tuple[Callable[..., Any], ...]:
        """Return the three parts; their steps have the line numbers of the shipped source."""
        return (self.before, self.turn, self.after)


LEFT = object()
"""The condition of a `while` no longer holds."""

_Loop: TypeAlias = ast.For | ast.While
_HEAD, _OUT, _ELEMENT = "_reached_", "_left_", "element"


def tree(function: Callable[..., Any]) -> ast.FunctionDef:
    """Return the syntax tree of a running function. Raises `OtherShape` if the source differs.

    The whole module is compiled again to compare, since code depends on the module's imports.
    """
    running: CodeType = function.__code__
    text = "".join(linecache.getlines(running.co_filename, _globals(function)))
    module = ast.parse(text)
    compiled = compile(module, running.co_filename, "exec", dont_inherit=True)
    if not any(_content(code) == _content(running) for code in _codes_at(compiled, running)):
        raise OtherShape(f"the source of {function.__qualname__} is not what runs")
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and _first_line(node) == running.co_firstlineno:
            return node
    raise OtherShape(f"{function.__qualname__} is no plain function")


def cut(function: Callable[..., Any]) -> Parts:
    """Return the parts of a function whose body has exactly one loop, at its top level.

    Names are looked up as the function looks them up, bound summaries included.
    """
    whole = tree(function)
    statements = _without_docstring(whole.body)
    places = [place for place, each in enumerate(statements) if isinstance(each, _Loop)]
    if len(places) != 1:
        raise OtherShape(f"{function.__qualname__} has {len(places)} loops in place of one")
    loop = statements[places[0]]
    assert isinstance(loop, _Loop)
    first, last = statements[: places[0]], statements[places[0] + 1 :]
    parameters = [argument.arg for argument in whole.args.args]
    _check_loop(function, loop, parameters)
    variables = sorted(_assigned(first) - set(parameters))
    make = _Maker(function, parameters, variables)
    over = loop.iter if isinstance(loop, ast.For) else ast.Constant(None)
    return Parts(
        before=make.function((), [*first, make.reached(over, loop)]),
        turn=make.function((*variables, *_element_of(loop)), make.turn(loop)),
        after=make.function(variables, last),
    )


def check_comprehension(function: Callable[..., Any], iterated: str) -> None:
    """Check that a function is `return tuple(... for x in iterated if ...)` and nothing else.

    Then the result for one element is the same among any number of others, at its position: a
    generator expression without `:=` carries nothing from one element to the next.
    """
    statements = _without_docstring(tree(function).body)
    match statements:
        case [
            ast.Return(
                ast.Call(
                    func=ast.Name("tuple"),
                    args=[ast.GeneratorExp(generators=[ast.comprehension(iter=over)]) as found],
                    keywords=[],
                )
            )
        ] if not _keeps_something(found) and ast.unparse(over) == iterated:
            return
    raise OtherShape(f"{function.__qualname__} is not one comprehension over {iterated}")


def check_stateless(function: Callable[..., Any]) -> None:
    """Check that every generator expression in a function has one `for`, no `if` and no `:=`.

    Then it gives one value for each element, which depends only on that element.
    """
    for node in ast.walk(tree(function)):
        if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
            plain = len(node.generators) == 1 and not node.generators[0].ifs
            if not plain or _keeps_something(node):
                raise OtherShape(f"{function.__qualname__} iterates in another way")


@frozen
class _Maker:
    """Makes the parts of one function."""

    origin: Callable[..., Any]
    parameters: list[str]
    variables: list[str]

    def reached(self, over: ast.expr, loop: _Loop) -> ast.Return:
        names = [ast.Constant(name) for name in self.variables]
        values: list[ast.expr] = [ast.Name(name, ast.Load()) for name in self.variables]
        known = ast.Dict(list(names), values)
        return _at(loop, ast.Return(ast.Call(ast.Name(_HEAD, ast.Load()), [over, known], [])))

    def turn(self, loop: _Loop) -> list[ast.stmt]:
        again = self.reached(ast.Constant(None), loop)
        body = [_Continues(again).visit(statement) for statement in loop.body]
        if isinstance(loop, ast.For):
            taken = ast.Assign([loop.target], ast.Name(_ELEMENT, ast.Load()))
            return [_at(loop, taken), *body, again]
        out = _at(loop, ast.Return(ast.Name(_OUT, ast.Load())))
        ends = _at(loop.test, ast.UnaryOp(ast.Not(), loop.test))
        return [_at(loop, ast.If(ends, [out], [])), *body, again]

    def function(self, more: Iterable[str], body: list[ast.stmt]) -> Callable[..., Any]:
        names = [*self.parameters, *more]
        arguments = ast.arguments(
            posonlyargs=[],
            args=[],
            kwonlyargs=[ast.arg(name) for name in names],
            kw_defaults=[None] * len(names),
            defaults=[],
        )
        made = ast.FunctionDef(self.origin.__name__, arguments, body or [ast.Pass()], [])
        made.lineno = made.end_lineno = self.origin.__code__.co_firstlineno
        module = ast.fix_missing_locations(ast.Module([made], []))
        namespace = {**_globals(self.origin), _HEAD: Reached, _OUT: LEFT}
        part = FunctionType(_code_of(module, made.name, self.origin), namespace)
        part.__qualname__ = self.origin.__qualname__
        part.__module__ = self.origin.__module__
        return part


def _at(where: ast.AST, node: N) -> N:
    """Return a node at the position of another one in the source."""
    ast.copy_location(node, where)
    return ast.fix_missing_locations(node)


class _Continues(ast.NodeTransformer):
    """Turns `continue` into a return to the head of the loop."""

    def __init__(self, again: ast.Return) -> None:
        self._again = again

    def visit_Continue(self, node: ast.Continue) -> ast.Return:
        return _at(node, copy.deepcopy(self._again))


def _check_loop(function: Callable[..., Any], loop: _Loop, parameters: list[str]) -> None:
    inner = [node for statement in loop.body for node in ast.walk(statement)]
    if _assigned(tree(function).body) & set(parameters):
        raise OtherShape(f"{function.__qualname__} changes one of its parameters")
    if loop.orelse or any(isinstance(node, ast.Break | _Loop) for node in inner):
        raise OtherShape(f"the loop of {function.__qualname__} breaks off, or holds another")


def _element_of(loop: _Loop) -> tuple[str, ...]:
    return (_ELEMENT,) if isinstance(loop, ast.For) else ()


def _assigned(statements: list[ast.stmt]) -> set[str]:
    """Return the local variables that statements assign to, except for a comprehension's own."""
    found: set[str] = set()
    waiting: list[ast.AST] = [*statements]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.comprehension):
            waiting.extend((node.iter, *node.ifs))
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _keeps_something(found: ast.AST) -> bool:
    return any(isinstance(node, ast.NamedExpr | ast.Await | ast.Yield) for node in ast.walk(found))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(ast.Constant(str())), *rest]:
            return rest
    return body


def _globals(function: Callable[..., Any]) -> dict[str, Any]:
    if not isinstance(function, FunctionType):
        raise OtherShape(f"{function!r} is no plain function")
    return function.__globals__


def _first_line(node: ast.FunctionDef) -> int:
    return min((decorator.lineno for decorator in node.decorator_list), default=node.lineno)


def _codes_at(compiled: CodeType, running: CodeType) -> Iterator[CodeType]:
    """Yield the code objects of a compiled module at the position of the running one."""
    for constant in compiled.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_firstlineno == running.co_firstlineno:
                yield constant
            yield from _codes_at(constant, running)


def _code_of(module: ast.Module, name: str, origin: Callable[..., Any]) -> CodeType:
    file = origin.__code__.co_filename
    compiled = compile(module, file, "exec", dont_inherit=True)
    return next(
        constant
        for constant in compiled.co_consts
        if isinstance(constant, CodeType) and constant.co_name == name
    )


def _content(code: CodeType) -> tuple[object, ...]:
    """Return all of a code object but its position: equal contents mean equal functions."""
    constants = tuple(
        _content(constant) if isinstance(constant, CodeType) else (type(constant), constant)
        for constant in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, constants, names, code.co_argcount, code.co_kwonlyargcount)
