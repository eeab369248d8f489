"""Theorems: each rule does exactly what its contract says, in every state.

1. The rule accepts if and only if all requirements of the contract hold.
2. Otherwise it refuses with the code of the first requirement that fails.
3. Afterwards every account and every transfer is as the contract says, also those that the
   transaction does not name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import z3

from web4core.ledger.rules import Code
from web4proofs.ledger.abstract import (
    At,
    Holding,
    Promise,
    same_holding,
    same_promise,
    some_transfer,
)
from web4proofs.ledger.code_check import Statement
from web4proofs.ledger.conditions import Contract, Given, Moves, Opens, Stands
from web4proofs.ledger.contract import CONTRACTS
from web4proofs.ledger.rule_check import Case, judge
from web4proofs.ledger.view import KINDS, rule_of
from web4proofs.theorem import Failure, Outcome, Theorem

_ANYONE: Final = At.some("any")
_ANY_TRANSFER: Final = some_transfer("any_transfer")


def exact(kind: type) -> Outcome:
    """Prove that the rule for a kind of body does exactly what its contract says."""
    contract = CONTRACTS[kind]
    disorder = out_of_order(contract)
    if disorder is not None:
        return Outcome(failures=(Failure(kind.__name__, disorder),))

    def premises(case: Case) -> Iterator[z3.BoolRef]:
        return (each.holds(case.given) for each in contract.relies_on)

    return judge((rule_of(kind),), lambda case: _statements(contract, case), premises)


def out_of_order(contract: Contract) -> str | None:
    """Check L-RULE-1: the requirements are in the published order of their codes."""
    order = list(Code)
    for one, other in pairwise(contract.requires):
        if order.index(one.code) > order.index(other.code):
            return f"{other.clause} is checked after {one.clause}, but its code comes before"
    return None


def _statements(contract: Contract, case: Case) -> Iterator[Statement]:
    if isinstance(case.answer, Code):
        yield _refused_rightly(contract, case, case.answer)
        return
    yield _accepted_rightly(contract, case)
    yield Statement(
        "every account is as the contract says",
        same_holding(case.after.account(_ANYONE), account_after(contract, case.given, _ANYONE)),
        lambda _model: f"an account is not as {_clauses(contract)} says",
    )
    yield Statement(
        "every transfer is as the contract says",
        same_promise(
            case.after.transfer(_ANY_TRANSFER),
            transfer_after(contract, case.given, _ANY_TRANSFER),
        ),
        lambda _model: f"a transfer is not as {_clauses(contract)} says",
    )


def _accepted_rightly(contract: Contract, case: Case) -> Statement:
    holds = [(each, each.holds(case.given)) for each in contract.requires]

    def explain(model: z3.ModelRef) -> str:
        broken = [each for each, formula in holds if not _is_true(model, formula)]
        return f"carried out, against {broken[0].clause}: {broken[0].says}"

    return Statement("carried out only if all holds", z3.And([f for _, f in holds]), explain)


def _refused_rightly(contract: Contract, case: Case, code: Code) -> Statement:
    """Require that the first requirement that fails is one with this code."""
    earlier: list[z3.BoolRef] = []
    first_fails: list[z3.BoolRef] = []
    for each in contract.requires:
        holds = each.holds(case.given)
        if each.code is code:
            first_fails.append(z3.And([*earlier, z3.Not(holds)]))
        earlier.append(holds)

    def explain(model: z3.ModelRef) -> str:
        for each, holds in zip(contract.requires, earlier, strict=True):
            if not _is_true(model, holds):
                return f"refused as {code.value}, but by {each.clause} it is {each.code.value}"
        return f"refused as {code.value}, although all that is required holds"

    return Statement(f"refused as {code.value}", z3.Or([z3.BoolVal(False), *first_fails]), explain)


def account_after(contract: Contract, given: Given, at: At) -> Holding:
    """Return an account as the contract requires it after an accepted transaction."""
    found = given.before.account(at)
    for effect in contract.effects:
        change = effect.change(given)
        if isinstance(change, Moves):
            here = change.at.same(at)
            found = found._replace(
                available=found.available + z3.If(here, change.available, 0),
                locked=found.locked + z3.If(here, change.locked, 0),
                nonce=found.nonce + z3.If(here, change.nonce, 0),
            )
        if isinstance(change, Opens):
            opened = Holding(
                z3.BoolVal(True), change.owner, z3.IntVal(0), z3.IntVal(0), z3.IntVal(0)
            )
            here = change.at.same(at)
            found = opened.where(here, found)
    return found


def transfer_after(contract: Contract, given: Given, transfer: z3.ExprRef) -> Promise:
    """Return a transfer as the contract requires it after an accepted transaction."""
    found = given.before.transfer(transfer)
    for effect in contract.effects:
        change = effect.change(given)
        if isinstance(change, Stands):
            found = change.promise.where(change.transfer == transfer, found)
    return found


def _is_true(model: z3.ModelRef, formula: z3.BoolRef) -> bool:
    return bool(z3.is_true(model.eval(formula, model_completion=True)))


def _clauses(contract: Contract) -> str:
    return " and ".join(dict.fromkeys(effect.clause for effect in contract.effects))


_KEEPING: Final = tuple(f"P-LEDGER-{number}" for number, _ in enumerate(KINDS, len(KINDS) + 1))
"""The theorems that the rules keep the invariants: see `invariants`."""

_SAYS: Final = (
    "{name} is carried out if and only if what {first} to {last} require holds, is otherwise "
    "refused with the code of the first that fails, and then changes exactly what {effect} says"
)


def _theorem(number: int, kind: type) -> Theorem:
    contract = CONTRACTS[kind]
    required = list(dict.fromkeys(each.clause for each in contract.requires))
    effects = list(dict.fromkeys(each.clause for each in contract.effects))
    says = _SAYS.format(
        name=kind.__name__, first=required[0], last=required[-1], effect=_clauses(contract)
    )
    clauses = (*required, *effects, "L-RULE-1", "L-RULE-2", "L-RULE-3", "L-RULE-4")
    scope = "any state, any amounts, times, nonces and keys, every way in which names can coincide"
    kept = ", ".join(each.clause for each in contract.relies_on)
    assumes = ("A11", *(_KEEPING if kept else ()))
    return Theorem(
        f"P-LEDGER-{number}",
        says,
        clauses,
        assumes,
        scope + (f" that keep {kept}" if kept else ""),
        lambda: exact(kind),
    )


THEOREMS: Final = tuple(_theorem(number, kind) for number, kind in enumerate(KINDS, 1))
