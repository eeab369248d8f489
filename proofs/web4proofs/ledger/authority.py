"""Theorems: which keys may move what, and that a settled transfer stays settled.

They follow from the contracts, in every state that keeps the invariants (`invariants`).
They are proved of the code directly, since readers want to know them, and they are true of any
sound set of rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import z3

from web4core.ledger.state import Phase
from web4proofs.ledger.code_check import Statement
from web4proofs.ledger.invariants import ANY_TRANSFER, ANYONE, premises
from web4proofs.ledger.rule_check import Case, judge
from web4proofs.ledger.view import KINDS, rule_of
from web4proofs.symbolic import term
from web4proofs.theorem import Outcome, Theorem

_LOCKED, _COMMITTED, _ROLLED_BACK = (z3.IntVal(int(phase)) for phase in Phase)


def by_right(case: Case) -> Iterator[Statement]:
    """Yield that nothing is spent, opened or settled without a key that may do so."""
    given = case.given
    before, after = case.before.account(ANYONE), case.after.account(ANYONE)
    yield _of(
        "nobody's balance falls without its owner's key",
        z3.Implies(
            z3.And(before.is_open, after.available < before.available), given.key == before.owner
        ),
    )
    yield _of(
        "nobody's nonce grows without its owner's key",
        z3.Implies(z3.And(before.is_open, after.nonce != before.nonce), given.key == before.owner),
    )
    yield _of(
        "no account opens without its platform's key and its owner's",
        z3.Implies(z3.And(after.is_open, z3.Not(before.is_open)), _may_open(case)),
    )
    one, other = case.before.transfer(ANY_TRANSFER), case.after.transfer(ANY_TRANSFER)
    by_platform = given.signed_by_platform_of(one.destination)
    settled = z3.And(one.exists, one.phase == _LOCKED)
    yield _of(
        "no transfer is committed without its destination's platform, before the expiry",
        z3.Implies(
            z3.And(settled, other.phase == _COMMITTED),
            z3.And(by_platform, given.time < one.expiry),
        ),
    )
    yield _of(
        "no transfer is rolled back before the expiry without its destination's platform",
        z3.Implies(
            z3.And(settled, other.phase == _ROLLED_BACK),
            z3.Or(by_platform, given.time >= one.expiry),
        ),
    )


def _may_open(case: Case) -> z3.BoolRef:
    if len(case.call.keys) != 2:  # noqa: PLR2004 - the platform's and the owner's
        return z3.BoolVal(False)
    opened = case.after.account(ANYONE)
    by_owner = term(case.call.keys[1]) == opened.owner
    return z3.And(case.given.signed_by_platform_of(ANYONE), by_owner)


def for_good(case: Case) -> Iterator[Statement]:
    """Yield that accounts and transfers keep their terms, and that money goes where it should."""
    before, after = case.before.account(ANYONE), case.after.account(ANYONE)
    yield _of(
        "an account stays open, and its owner the same",
        z3.Implies(before.is_open, z3.And(after.is_open, after.owner == before.owner)),
    )
    yield _of(
        "a nonce stays or grows by one",
        z3.Implies(
            before.is_open,
            z3.Or(after.nonce == before.nonce, after.nonce == before.nonce + 1),
        ),
    )
    one, other = case.before.transfer(ANY_TRANSFER), case.after.transfer(ANY_TRANSFER)
    yield _of(
        "a transfer stays, and its terms with it",
        z3.Implies(
            one.exists,
            z3.And(
                other.exists,
                other.source.same(one.source),
                other.destination.same(one.destination),
                other.amount == one.amount,
                other.expiry == one.expiry,
            ),
        ),
    )
    yield _of(
        "a settled transfer stays as it was settled",
        z3.Implies(
            z3.And(one.exists, one.phase != _LOCKED),
            z3.And(other.phase == one.phase, _nothing_moves(case)),
        ),
    )
    yield from _settling(case)


def _settling(case: Case) -> Iterator[Statement]:
    """Yield that a transfer's money goes to its destination or back to its source, only once."""
    one, other = case.before.transfer(ANY_TRANSFER), case.after.transfer(ANY_TRANSFER)
    was_open = z3.And(one.exists, one.phase == _LOCKED)
    for phase, payee in ((_COMMITTED, one.destination), (_ROLLED_BACK, one.source)):
        paid = case.after.account(payee).available - case.before.account(payee).available
        source = case.after.account(one.source).locked - case.before.account(one.source).locked
        yield _of(
            f"a transfer settled as {phase} pays its amount to the right account",
            z3.Implies(
                z3.And(was_open, other.phase == phase),
                z3.And(paid == one.amount, source == -one.amount),
            ),
        )
    before, after = case.before.account(ANYONE), case.after.account(ANYONE)
    fewer = z3.And(before.is_open, after.locked < before.locked)
    settles = [
        z3.And(
            _settles(case, term(transfer)), case.before.transfer(term(transfer)).source.same(ANYONE)
        )
        for transfer, _, _ in case.view.transfers.touched()
    ]
    yield _of(
        "nothing leaves what is locked but by settling a transfer from there",
        z3.Implies(fewer, z3.Or([z3.BoolVal(False), *settles])),
    )


def _settles(case: Case, transfer: z3.ExprRef) -> z3.BoolRef:
    one, other = case.before.transfer(transfer), case.after.transfer(transfer)
    return z3.And(one.exists, one.phase == _LOCKED, other.phase != _LOCKED)


def _nothing_moves(case: Case) -> z3.BoolRef:
    """Require that no account changes if the transfer named is the settled one."""
    named = [term(transfer) for transfer, _, _ in case.view.transfers.touched()]
    before, after = case.before.account(ANYONE), case.after.account(ANYONE)
    still = z3.And(after.available == before.available, after.locked == before.locked)
    is_named = z3.Or([z3.BoolVal(False), *[each == ANY_TRANSFER for each in named]])
    return z3.Implies(z3.And(is_named, before.is_open), still)


def _of(says: str, formula: z3.BoolRef) -> Statement:
    return Statement(says, formula, lambda _model: f"broken: {says}")


def prove_by_right() -> Outcome:
    """Prove the first of the theorems below."""
    return judge([rule_of(kind) for kind in KINDS], by_right, premises)


def prove_for_good() -> Outcome:
    """Prove the second."""
    return judge([rule_of(kind) for kind in KINDS], for_good, premises)


_SCOPE: Final = (
    "any number of accounts and transfers, in any state that keeps the invariants of P-LEDGER-6 to "
    "P-LEDGER-10; all five transactions"
)
_KEPT: Final = ("A3", "A11", *(f"P-LEDGER-{number}" for number in (*range(6, 11), 16)))
"""The invariants hold in the first state, and each transaction keeps them: see `invariants`."""

THEOREMS: Final = (
    Theorem(
        "P-LEDGER-11",
        "no balance falls and no nonce grows without the owner's key, no account opens without "
        "its platform's and its owner's, and no transfer settles without its destination's "
        "platform, unless it has expired and goes back to its source",
        ("L-OPEN-2", "L-XFER-5", "L-LOCK-5", "L-COMMIT-2", "L-COMMIT-4", "L-BACK-3"),
        ("A2", *_KEPT),
        _SCOPE,
        prove_by_right,
    ),
    Theorem(
        "P-LEDGER-12",
        "an account stays open with its owner, a nonce grows by one or not at all, and a transfer "
        "keeps its terms, settles at most once, and pays only its destination or its source",
        ("L-STATE-4", "L-STATE-5", "L-COMMIT-3", "L-COMMIT-5", "L-BACK-2", "L-BACK-4"),
        _KEPT,
        _SCOPE,
        prove_for_good,
    ),
)
