"""The abstract state of the ledger: functions from addresses and ids to accounts and transfers.

The contract and the invariants use these functions for every address and every transfer. So they
speak of all entries, not only of those that a rule looked at.
`Before` has uninterpreted functions, constrained only by what the execution has seen; `After` has
the same functions, except where a returned entry says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import z3

from web4core.ledger.state import Account, Address, CrossTransfer, Entry, Phase
from web4proofs.ledger.view import (
    BYTES,
    NAME,
    SymbolicView,
)
from web4proofs.symbolic import term

_BOOL, _INT = z3.BoolSort(), z3.IntSort()


class At(NamedTuple):
    """An address, as terms of the solver."""

    platform: z3.ExprRef
    agent: z3.ExprRef

    @classmethod
    def of(cls, address: Address) -> At:
        """Return the terms of an address of the code."""
        return cls(term(address.platform), term(address.agent))

    @classmethod
    def some(cls, name: str) -> At:
        """Return any address, for statements about every address."""
        platform = z3.Const(f"{name}_platform", NAME.of_solver)
        return cls(platform, z3.Const(f"{name}_agent", NAME.of_solver))

    def same(self, other: At) -> z3.BoolRef:
        """Return whether two addresses are the same."""
        return z3.And(self.platform == other.platform, self.agent == other.agent)


def some_transfer(name: str) -> z3.ExprRef:
    """Return any transfer id."""
    return z3.Const(name, BYTES.of_solver)


class Holding(NamedTuple):
    """An account, field by field."""

    is_open: z3.BoolRef
    owner: z3.ExprRef
    available: z3.ArithRef
    locked: z3.ArithRef
    nonce: z3.ArithRef

    def where(self, condition: z3.BoolRef, other: Holding) -> Holding:
        """Return this account where the condition holds, else the other."""
        return Holding(*_either(condition, self, other))


class Promise(NamedTuple):
    """A transfer across platforms, field by field; `phase` is 1, 2 or 3."""

    exists: z3.BoolRef
    source: At
    destination: At
    amount: z3.ArithRef
    expiry: z3.ArithRef
    phase: z3.ArithRef

    @property
    def is_open(self) -> z3.BoolRef:
        """Return whether the transfer exists and is locked."""
        return z3.And(self.exists, self.phase == int(Phase.LOCKED))

    def where(self, condition: z3.BoolRef, other: Promise) -> Promise:
        """Return this transfer where the condition holds, else the other."""
        return Promise(
            z3.If(condition, self.exists, other.exists),
            At(*_either(condition, self.source, other.source)),
            At(*_either(condition, self.destination, other.destination)),
            *_either(condition, self[3:], other[3:]),
        )


class State(Protocol):
    """A state of the ledger."""

    def account(self, at: At) -> Holding:
        """Return the account at an address; its fields have no meaning if none is open."""
        ...

    def transfer(self, transfer: z3.ExprRef) -> Promise:
        """Return the transfer with an id; its fields have no meaning if there is none."""
        ...


def _of_address(name: str, result: z3.SortRef) -> z3.FuncDeclRef:
    return z3.Function(name, NAME.of_solver, NAME.of_solver, result)


def _of_id(name: str, result: z3.SortRef) -> z3.FuncDeclRef:
    return z3.Function(name, BYTES.of_solver, result)


class Before:
    """The state before a transaction, and the platforms."""

    def __init__(self) -> None:
        self._is_open = _of_address("is_open", _BOOL)
        self._owner = _of_address("owner", BYTES.of_solver)
        self._available = _of_address("available", _INT)
        self._locked = _of_address("locked", _INT)
        self._nonce = _of_address("nonce", _INT)
        self._exists = _of_id("exists", _BOOL)
        self._ends = tuple(
            _of_id(f"{end}_{part}", NAME.of_solver)
            for end in ("source", "destination")
            for part in ("platform", "agent")
        )
        self._amount = _of_id("amount", _INT)
        self._expiry = _of_id("expiry", _INT)
        self._phase = _of_id("phase", _INT)
        self._is_platform = z3.Function("is_platform", NAME.of_solver, _BOOL)
        self._key = z3.Function("key", NAME.of_solver, BYTES.of_solver)

    def account(self, at: At) -> Holding:
        """Return the account at an address."""
        fields = (self._is_open, self._owner, self._available, self._locked, self._nonce)
        return Holding(*[field(*at) for field in fields])

    def transfer(self, transfer: z3.ExprRef) -> Promise:
        """Return the transfer with an id."""
        ends = [end(transfer) for end in self._ends]
        return Promise(
            self._exists(transfer),
            At(*ends[:2]),
            At(*ends[2:]),
            self._amount(transfer),
            self._expiry(transfer),
            self._phase(transfer),
        )

    def is_platform(self, platform: z3.ExprRef) -> z3.BoolRef:
        """Return whether a platform belongs to this federation."""
        return self._is_platform(platform)

    def key(self, platform: z3.ExprRef) -> z3.ExprRef:
        """Return the key of a platform of this federation."""
        return self._key(platform)

    def facts(self, view: SymbolicView) -> Iterator[z3.BoolRef]:
        """Yield the facts that the execution has seen of this state."""
        for address, account, _ in view.accounts.touched():
            yield _agrees(self.account(At.of(address)), _holding(account))
        for transfer, entry, _ in view.transfers.touched():
            yield _agrees(self.transfer(term(transfer)), _promise(entry))
        for platform, key, _ in view.platforms.touched():
            yield self.is_platform(term(platform)) == z3.BoolVal(key is not None)
            if key is not None:
                yield self.key(term(platform)) == term(key)


class After:
    """The state after a rule's entries; of several for an address or id the last one counts."""

    def __init__(self, before: State, entries: Iterable[Entry]) -> None:
        self._before = before
        self._entries = tuple(entries)

    def account(self, at: At) -> Holding:
        """Return the account at an address."""
        found = self._before.account(at)
        for entry in self._entries:
            if isinstance(entry, Account):
                here = At.of(entry.address).same(at)
                found = _holding(entry).where(here, found)
        return found

    def transfer(self, transfer: z3.ExprRef) -> Promise:
        """Return the transfer with an id."""
        found = self._before.transfer(transfer)
        for entry in self._entries:
            if isinstance(entry, CrossTransfer):
                here = term(entry.id) == transfer
                found = _promise(entry).where(here, found)
        return found


def same_holding(one: Holding, other: Holding) -> z3.BoolRef:
    """Return whether two accounts are the same, field by field, or both are not open."""
    fields = [a == b for a, b in zip(one[1:], other[1:], strict=True)]
    return z3.And(one.is_open == other.is_open, z3.Implies(one.is_open, z3.And(fields)))


def same_promise(one: Promise, other: Promise) -> z3.BoolRef:
    """Return whether two transfers are the same, field by field, or both do not exist."""
    terms = z3.And(
        one.source.same(other.source),
        one.destination.same(other.destination),
        one.amount == other.amount,
        one.expiry == other.expiry,
        one.phase == other.phase,
    )
    return z3.And(one.exists == other.exists, z3.Implies(one.exists, terms))


def _agrees(functions: Any, seen: Any) -> z3.BoolRef:
    """Require that the functions have the values seen, and no entry where none was seen."""
    if seen is None:
        return z3.Not(functions[0])
    same = same_holding if isinstance(functions, Holding) else same_promise
    return same(seen, functions)


def _holding(account: Account | None) -> Any:
    if account is None:
        return None
    fields = (account.owner, account.available_uatp, account.locked_uatp, account.nonce)
    return Holding(z3.BoolVal(True), *map(term, fields))


def _promise(transfer: CrossTransfer | None) -> Any:
    if transfer is None:
        return None
    return Promise(
        z3.BoolVal(True),
        At.of(transfer.source),
        At.of(transfer.destination),
        term(transfer.amount_uatp),
        term(transfer.expiry_ms),
        term(transfer.phase),
    )


def _either(condition: z3.BoolRef, one: Iterable[Any], other: Iterable[Any]) -> list[z3.ExprRef]:
    return [z3.If(condition, a, b) for a, b in zip(one, other, strict=True)]
