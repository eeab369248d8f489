"""Plain values of the ledger as Python source, so that a counterexample is a program."""

from __future__ import annotations

import enum
from typing import Any

import attrs


def source_of(value: Any) -> str:
    """Return an expression for this value, with the names that the core gives its classes."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if type(value) is tuple:
        items = [source_of(each) for each in value]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if type(value) is dict:
        pairs = [f"{source_of(key)}: {source_of(each)}" for key, each in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if attrs.has(type(value)):
        fields = [
            f"{field.alias}={source_of(getattr(value, field.name))}"
            for field in attrs.fields(type(value))
            if field.init
        ]
        return f"{type(value).__name__}({', '.join(fields)})"
    return repr(value)


def lines_of(name: str, values: tuple[Any, ...]) -> list[str]:
    """Return an assignment of a tuple, one item a line."""
    return [f"{name} = (", *[f"    {source_of(value)}," for value in values], ")"]


def imports_of(*values: Any) -> list[str]:
    """Return the imports that the expressions for these values need."""
    classes: dict[str, type] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, enum.Enum) or attrs.has(type(value)):
            classes[type(value).__name__] = type(value)
        if type(value) is tuple:
            waiting.extend(value)
        if type(value) is dict:
            waiting.extend((*value, *value.values()))
        if attrs.has(type(value)):
            waiting.extend(getattr(value, field.name) for field in attrs.fields(type(value)))
    by_module: dict[str, list[str]] = {}
    for name in sorted(classes):
        by_module.setdefault(classes[name].__module__, []).append(name)
    return [f"from {module} import {', '.join(names)}" for module, names in by_module.items()]
