"""Checks of rules of another package: `web4 check prove --rules package.module`.

The module defines rules of its own, in the shape of `web4core.ledger.rules`. Its `RULES` maps each
class of bodies to its `rule(view, body, call)`, which returns a refusal (a member of an enum) or
the entries that change.
Bodies are attrs classes whose fields are annotated `int`, `Address`, `bytes` or `str`. If bodies of
a class need more than one key, the module has their number in `SIGNERS`.

Each rule is executed unchanged, on any state in which nothing is negative and the locked amounts
cover the open transfers. Four properties are proved, or refuted by values that the plain code
confirms:

- conservation: the sum of available and locked amounts stays the same;
- nothing becomes negative;
- the rule answers with a refusal, which changes nothing, or with entries;
- the rule never raises.
"""

from __future__ import annotations

import importlib
import typing
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any, Final

import attrs
import z3

from web4core.ledger.rules import Call
from web4core.ledger.state import Address
from web4core.ledger.transactions import signers_needed
from web4proofs.ledger.code_check import Statement
from web4proofs.ledger.invariants import (
    ANY_TRANSFER,
    ANYONE,
    Scene,
    ends_are_accounts,
    locked_is_promised,
    nothing_negative,
    others_are_positive,
    total,
)
from web4proofs.ledger.rule_check import Case, judge
from web4proofs.ledger.view import (
    NAME,
    Rule,
    SymbolicView,
    any_address,
    any_digest,
    any_int,
    any_key,
)
from web4proofs.symbolic import identifier, term
from web4proofs.symbolic.subject import Subject
from web4proofs.theorem import Outcome, Theorem

_MAKERS: Final[Mapping[type, Callable[[str], Any]]] = {
    int: any_int,
    bytes: any_digest,
    str: lambda stem: identifier(stem, NAME),
    Address: any_address,
}
"""By the annotation of a body's field, the maker of any value of it."""


class NotRules(Exception):
    """The module does not define rules that could be checked; the text says why."""


def check_rules(module_name: str) -> tuple[Theorem, ...]:
    """Return a theorem for each rule of a module.

    Raises `NotRules` if the module cannot be imported or has no rules of the shape above.
    """
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise NotRules(f"{module_name} cannot be imported: {error}") from error
    rules = getattr(module, "RULES", None)
    if not isinstance(rules, Mapping) or not rules:
        raise NotRules(f"{module_name} has no RULES")
    signers = getattr(module, "SIGNERS", {})
    return tuple(
        _theorem(module_name, kind, rule, signers.get(kind)) for kind, rule in rules.items()
    )


def _theorem(module_name: str, kind: type, rule: Any, signers: int | None) -> Theorem:
    fields = _makers(kind)
    if not isinstance(rule, FunctionType):
        raise NotRules(f"the rule for {kind.__name__} is no plain function")

    def inputs() -> tuple[SymbolicView, Any, Call]:
        body = kind(**{alias: make(f"body_{alias}") for alias, make in fields.items()})
        count = signers_needed(body) if signers is None else signers
        keys = tuple(any_key(f"key{number}") for number in range(count))
        return SymbolicView(), body, Call(any_digest("call_id"), any_int("time"), keys)

    def prove() -> Outcome:
        subject = Subject((rule,), inputs, rule, wholly=False)
        return judge((Rule(kind, subject, module_name),), _statements, _premises)

    return Theorem(
        f"{module_name}.{kind.__name__}",
        f"{kind.__name__} keeps the sum of all balances, leaves nothing negative, keeps what is "
        "locked equal to the open transfers, changes nothing where it refuses, and never raises",
        ("I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4", "L-RULE-2"),
        ("A3", "A11"),
        "any state that keeps these invariants, any values of the body's fields",
        prove,
    )


def _makers(kind: Any) -> dict[str, Callable[[str], Any]]:
    """Return the maker of each field of a body."""
    if not (isinstance(kind, type) and attrs.has(kind)):
        raise NotRules(f"{kind!r} is no attrs class, as a body is")
    hints = typing.get_type_hints(kind)
    makers: dict[str, Callable[[str], Any]] = {}
    for field in attrs.fields(kind):
        hint = hints.get(field.name, object)
        make = _MAKERS.get(getattr(hint, "__supertype__", hint))  # a `NewType` counts as its base
        if make is None:
            known = ", ".join(each.__name__ for each in _MAKERS)
            raise NotRules(f"{kind.__name__}.{field.name} is of none of the types {known}")
        makers[field.alias or field.name] = make
    return makers


def _premises(case: Case) -> Iterator[z3.BoolRef]:
    """Yield the invariants before, and that no transfer has the new transaction's id (A3)."""
    scene = Scene(case)
    for at in scene.addresses:
        yield locked_is_promised(case.before, at, scene.transfers)
        yield others_are_positive(at)
        for transfer in (*scene.transfers, ANY_TRANSFER):
            yield nothing_negative(case.before, at, transfer)
    for transfer in (*scene.transfers, ANY_TRANSFER):
        yield ends_are_accounts(case.before, transfer)
    yield z3.Not(case.before.transfer(term(case.call.id)).exists)


def _statements(case: Case) -> Iterator[Statement]:
    scene = Scene(case)
    before, after = case.before, case.after
    sums = total(before, scene.accounts), total(after, scene.accounts)

    def explain(model: z3.ModelRef) -> str:
        one, other = (model.eval(each, model_completion=True) for each in sums)
        return f"the accounts have {one} micro-ATP together before, and {other} after"

    promised = locked_is_promised(after, ANYONE, scene.transfers)
    kept = sums[0] == sums[1]
    yield Statement("what is available and locked keeps its sum", kept, explain)
    yield _of("nothing is negative", nothing_negative(after, ANYONE, ANY_TRANSFER))
    yield _of("what is locked is the sum of the open transfers", promised)
    yield _of("both ends of a transfer are open, apart", ends_are_accounts(after, ANY_TRANSFER))


def _of(name: str, formula: z3.BoolRef) -> Statement:
    return Statement(name, formula, lambda _model: f"afterwards this does not hold: {name}")
