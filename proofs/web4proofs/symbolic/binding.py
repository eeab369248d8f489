"""Shipped functions, with some of the functions that they call replaced by summaries.

The code object stays that of the installed package; only the names that it looks up change.
A summary states the contract of the function that it replaces; that contract has its own proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, TypeVar, cast

from web4proofs.symbolic.engine import unmodelled

F = TypeVar("F", bound=Callable[..., Any])


def bind(function: F, names: Mapping[str, Any], through: Iterable[Callable[..., Any]] = ()) -> F:
    """Return a function with the same code that finds these values under these names.

    The names are global or built-in ones. Functions in `through` are bound in the same way: a call
    from one of these functions to another, by its own name, calls the bound one.
    Raises `LookupError` for a name that none of them looks up: a summary that nothing uses is a
    mistake.
    """
    bound = {each: _rebound(each) for each in (_function(function), *map(_function, through))}
    by_name = {original.__name__: copy for original, copy in bound.items()}
    used = {name for original in bound for name in _names(original.__code__)}
    unused = sorted(set(names) - used)
    if unused:
        raise LookupError(f"{function.__qualname__} looks up no {', '.join(unused)}")
    for copy in bound.values():
        copy.__globals__.update({**by_name, **names})
    return cast("F", bound[_function(function)])


def bind_late(
    function: Callable[..., Any],
    names: Mapping[str, Any],
    through: Iterable[Callable[..., Any]] = (),
) -> Callable[..., Any]:
    """Do as `bind` does, but only at the first call.

    For definitions at module level: if the code no longer looks up a name, one exploration ends
    with `Unmodelled`, and the import does not fail.
    """
    bound: list[Callable[..., Any]] = []

    def called(*arguments: Any, **named: Any) -> Any:
        if not bound:
            try:
                bound.append(bind(function, names, through))
            except LookupError as error:
                raise unmodelled(str(error)) from error
        return bound[0](*arguments, **named)

    return called


def _function(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise TypeError(f"only a plain function can be bound, not {function!r}")
    return function


def _rebound(function: FunctionType) -> FunctionType:
    namespace = dict(function.__globals__)
    copy = FunctionType(
        function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    return copy


def _names(code: Any) -> set[str]:
    """Return the global names and attributes that a function's code and its nested code look up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= _names(constant)
    return names
