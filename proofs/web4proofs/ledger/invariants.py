"""Theorems: each rule keeps the invariants, whatever else is in the state.

The invariants are formulas about one address or one transfer. They are proved for any one, hence
for all.
A sum over all accounts or transfers is split into those that the rule named, and the rest, an
unknown number. The rule cannot have changed the rest, since it returns everything that it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import z3

from web4core.ledger.state import MAX_SUPPLY_UATP, Account, CrossTransfer, Phase
from web4core.ledger.transactions import MAX_NONCE, TransferLock
from web4core.schema import MAX_UINT
from web4proofs.ledger.abstract import At, Holding, State, some_transfer
from web4proofs.ledger.code_check import Statement
from web4proofs.ledger.rule_check import Case, judge
from web4proofs.ledger.view import (
    BYTES,
    KINDS,
    NAME,
    rule_of,
)
from web4proofs.symbolic import term
from web4proofs.theorem import Outcome, Theorem

ANYONE: Final = At.some("any")
ANY_TRANSFER: Final = some_transfer("any_transfer")

_INT = z3.IntSort()
_REST = z3.Function("other_open_transfers", NAME.of_solver, NAME.of_solver, _INT)
"""The sum of the open transfers from an address that the rule did not name."""
_LOCKED_BY = tuple(
    z3.Function(f"locked_by_{part}", BYTES.of_solver, NAME.of_solver)
    for part in ("platform", "agent")
)
_LOCKED_WITH = z3.Function("locked_with_nonce", BYTES.of_solver, _INT)
"""The source and nonce of the TransferLock with this digest as id; it has only one pair (A3)."""


class Scene:
    """A case, with all addresses and transfers that its statements are about."""

    def __init__(self, case: Case) -> None:
        self.case = case
        looked_at = [At.of(address) for address, _, _ in case.view.accounts.touched()]
        changed = [At.of(e.address) for e in case.entries if isinstance(e, Account)]
        self.accounts = (*looked_at, *changed)
        seen = [term(transfer) for transfer, _, _ in case.view.transfers.touched()]
        settled = [term(e.id) for e in case.entries if isinstance(e, CrossTransfer)]
        self.transfers = (*seen, *settled)

    @property
    def addresses(self) -> tuple[At, ...]:
        """Return the addresses that matter: named ones, ends of transfers, and any one."""
        before = self.case.before
        promises = [before.transfer(each) for each in (*self.transfers, ANY_TRANSFER)]
        ends = [end for promise in promises for end in (promise.source, promise.destination)]
        return (*self.accounts, *ends, ANYONE)


def nothing_negative(state: State, at: At, transfer: z3.ExprRef) -> z3.BoolRef:
    """Return I-SUPPLY-2 for one account and one transfer."""
    account, promise = state.account(at), state.transfer(transfer)
    return z3.And(
        z3.Implies(
            account.is_open,
            z3.And(account.available >= 0, account.locked >= 0, account.nonce >= 0),
        ),
        z3.Implies(promise.exists, promise.amount >= 1),
    )


def locked_is_promised(state: State, at: At, transfers: Sequence[z3.ExprRef]) -> z3.BoolRef:
    """Return I-SUPPLY-3 for one account: locked is the sum of its open transfers, else zero."""
    account = state.account(at)
    promised: z3.ArithRef = _REST(*at)
    for place, transfer in enumerate(transfers):
        promise = state.transfer(transfer)
        counts = z3.And(
            promise.is_open, promise.source.same(at), _first_of(transfers, place, _differ)
        )
        promised = promised + z3.If(counts, promise.amount, 0)
    return promised == z3.If(account.is_open, account.locked, 0)


def others_are_positive(at: At) -> z3.BoolRef:
    """Require that the sum of the open transfers not named by a rule is at least 0."""
    return _REST(*at) >= 0


def ends_are_accounts(state: State, transfer: z3.ExprRef) -> z3.BoolRef:
    """Return I-SUPPLY-4 for one transfer."""
    promise = state.transfer(transfer)
    return z3.Implies(
        promise.exists,
        z3.And(
            state.account(promise.source).is_open,
            state.account(promise.destination).is_open,
            promise.source.platform != promise.destination.platform,
        ),
    )


def id_is_spent(state: State, transfer: z3.ExprRef) -> z3.BoolRef:
    """Return L-STATE-4 for one transfer: the nonce of the transaction that locked it is used."""
    promise = state.transfer(transfer)
    locked_by = At(*[part(transfer) for part in _LOCKED_BY])
    return z3.Implies(
        promise.exists,
        z3.And(
            promise.source.same(locked_by),
            _LOCKED_WITH(transfer) < state.account(promise.source).nonce,
        ),
    )


def within_the_wire(state: State, at: At, transfer: z3.ExprRef) -> z3.BoolRef:
    """Return L-STATE-2 and W-TYPE-1 for an account and a transfer: all fields are in range."""
    account, promise = state.account(at), state.transfer(transfer)
    return z3.And(
        z3.Implies(
            account.is_open,
            z3.And(
                account.available <= MAX_SUPPLY_UATP,
                account.locked <= MAX_SUPPLY_UATP,
                account.nonce <= MAX_UINT,
            ),
        ),
        z3.Implies(
            promise.exists,
            z3.And(
                promise.amount <= MAX_SUPPLY_UATP,
                promise.expiry >= 0,
                promise.expiry <= MAX_UINT,
                promise.phase >= int(Phase.LOCKED),
                promise.phase <= int(Phase.ROLLED_BACK),
            ),
        ),
    )


def worth(account: Holding) -> z3.ArithRef:
    """Return the contribution of an account to the supply."""
    return z3.If(account.is_open, account.available + account.locked, 0)


def total(state: State, accounts: Sequence[At]) -> z3.ArithRef:
    """Return the part of the supply in these accounts, each counted once."""
    parts = [
        z3.If(_first_of(accounts, place, _elsewhere), worth(state.account(at)), 0)
        for place, at in enumerate(accounts)
    ]
    return z3.Sum([z3.IntVal(0), *parts])


def premises(case: Case) -> Iterator[z3.BoolRef]:
    """Yield the invariants before the transaction, and the decoder's checks of it."""
    scene = Scene(case)
    before = case.before
    transfers = (*scene.transfers, ANY_TRANSFER)
    for at in scene.addresses:
        yield locked_is_promised(before, at, scene.transfers)
        yield others_are_positive(at)
        for transfer in transfers:
            yield nothing_negative(before, at, transfer)
            yield within_the_wire(before, at, transfer)
    for transfer in transfers:
        yield ends_are_accounts(before, transfer)
        yield id_is_spent(before, transfer)
    yield total(before, scene.accounts) <= MAX_SUPPLY_UATP
    yield from _decoded(case)


def _decoded(case: Case) -> Iterator[z3.BoolRef]:
    """Yield the ranges of decoded values, and that an id identifies its TransferLock (A3)."""
    for name, maximum in (
        ("amount_uatp", MAX_SUPPLY_UATP),
        ("nonce", MAX_NONCE),
        ("expiry_ms", MAX_UINT),
    ):
        if hasattr(case.body, name):
            value = case.given.the(name)
            yield z3.And(value >= 0, value <= maximum)
    if case.rule.kind is TransferLock:
        identity = term(case.call.id)
        yield case.given.source.same(At(*[part(identity) for part in _LOCKED_BY]))
        yield _LOCKED_WITH(identity) == case.given.the("nonce")


def statements(case: Case) -> Iterator[Statement]:
    """Yield the invariants after it, for any address and any transfer."""
    scene = Scene(case)
    after = case.after
    supply = total(case.before, scene.accounts) == total(after, scene.accounts)
    yield _of("I-SUPPLY-1: the supply is as before", supply)
    yield _of("I-SUPPLY-2: nothing is negative", nothing_negative(after, ANYONE, ANY_TRANSFER))
    yield _of(
        "I-SUPPLY-3: locked is the sum of the open transfers",
        locked_is_promised(after, ANYONE, scene.transfers),
    )
    yield _of("I-SUPPLY-4: both ends are open, apart", ends_are_accounts(after, ANY_TRANSFER))
    yield _of("L-STATE-4: no id can come again", id_is_spent(after, ANY_TRANSFER))
    yield _of("L-STATE-2: nothing leaves its range", within_the_wire(after, ANYONE, ANY_TRANSFER))


def _of(name: str, formula: z3.BoolRef) -> Statement:
    return Statement(name, formula, lambda _model: f"afterwards this does not hold: {name}")


def _first_of(
    items: Sequence[z3.ExprRef], place: int, differ: Callable[[z3.ExprRef, z3.ExprRef], z3.BoolRef]
) -> z3.BoolRef:
    """Require that an item differs from those before it, so that a sum counts it once."""
    return z3.And([differ(items[place], earlier) for earlier in items[:place]])


def _differ(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    return one != other


def _elsewhere(one: At, other: At) -> z3.BoolRef:
    return z3.Not(one.same(other))


def keeps(kinds: Iterable[type]) -> Outcome:
    """Prove that the rules for these kinds of bodies keep the invariants."""
    return judge([rule_of(kind) for kind in kinds], statements, premises)


def _theorem(number: int, kind: type) -> Theorem:
    return Theorem(
        f"P-LEDGER-{number}",
        f"{kind.__name__} keeps the supply, leaves nothing negative and nothing out of the wire's "
        "range, keeps what is locked equal to the open transfers, keeps both ends of a transfer "
        "open on two platforms, and never makes an id usable again",
        ("I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4", "L-STATE-2", "L-STATE-4"),
        ("A3", "A11"),
        "any number of accounts and transfers, any supply up to 2^63 - 1",
        lambda: keeps((kind,)),
    )


THEOREMS: Final = tuple(_theorem(number, kind) for number, kind in enumerate(KINDS, len(KINDS) + 1))
