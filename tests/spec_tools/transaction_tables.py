"""The tables of `spec/transactions.md`: for each transaction its fields, signers and refusals.

Types come from the schemas, meanings from the docstrings under the fields, and the order of the
codes from the source of the rules.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

from web4core.ledger import rules, transactions
from web4core.ledger.rules import EXPLAINED, RULES, Code
from web4core.schema import Schema

SIGNED_BY: Final[dict[type, tuple[str, ...]]] = {
    transactions.AccountOpen: (
        "the key of the platform that `address` names",
        "the key that `owner` names",
    ),
    transactions.Transfer: ("the owner of `source`",),
    transactions.TransferLock: ("the owner of `source`",),
    transactions.TransferCommit: ("the platform of the transfer's destination",),
    transactions.TransferRollback: (
        "the platform of the transfer's destination; anybody once it has expired",
    ),
}
"""Who signs each transaction, in the order of its keys."""

_UNITS: Final = {"_uatp": "micro-ATP", "_ms": "ms since 1970"}


def body_named(name: str) -> type:
    """The class of a body."""
    (found,) = (kind for kind in RULES if kind.__name__ == name)
    return found


def form_of(kind: type) -> Schema[Any]:
    """How a body is written."""
    return next(
        schema
        for _, schema in transactions.BODY.fields
        if [name for name, _ in schema.fields] == list(kind.__annotations__)
    )


def meanings(kind: type) -> dict[str, str]:
    """The string under each field of a body."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for node, follower in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert isinstance(follower, ast.Expr)
            assert isinstance(follower.value, ast.Constant)
            found[node.target.id] = " ".join(str(follower.value.value).split())
    return found


def codes_of(kind: type) -> tuple[Code, ...]:
    """The codes that the rule of a body gives, in the order in which it checks."""
    found = dict.fromkeys(_returned(RULES[kind]))
    return tuple(found)


def _returned(function: Any) -> Iterator[Code]:
    """The codes in the order of the source; those of a called function stand at its call."""
    (tree,) = ast.parse(inspect.getsource(function)).body
    places: list[tuple[int, list[Code]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Attribute):
            places.append((node.lineno, [Code[node.value.attr]]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = vars(rules).get(node.func.id)
            if inspect.isfunction(called) and called.__module__ == rules.__name__:
                places.append((node.lineno, list(_returned(called))))
    for _, codes in sorted(places, key=lambda place: place[0]):
        yield from codes


def _unit(field: str) -> str:
    """The unit that the end of a name gives."""
    return next((unit for end, unit in _UNITS.items() if field.endswith(end)), "")


def transaction_table(name: str, phrase: Callable[[Schema[Any]], str]) -> str:
    """Fields, signers and codes of one transaction; `phrase` puts a schema into words."""
    kind = body_named(name)
    form, says = form_of(kind), meanings(kind)
    lines = ["| field | type | unit | range | meaning |", "|---|---|---|---|---|"]
    for field, schema in form.fields:
        named = f"`{field}` | `{kind.__annotations__[field]}`"
        lines.append(f"| {named} | {_unit(field)} | {phrase(schema)} | {says[field]} |")
    lines += ["", f"Label on the wire: `{form.label}`."]
    lines += [f"Signed by {', then by '.join(SIGNED_BY[kind])}."]
    lines += ["", "| refused, in this order | if |", "|---|---|"]
    lines += [f"| `{code.value}` | {EXPLAINED[code]} |" for code in codes_of(kind)]
    return "\n".join(lines)
