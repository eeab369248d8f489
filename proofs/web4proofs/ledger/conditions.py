"""The parts of a contract: requirements and effects, in terms of the state before.

They contain no rule of the ledger; the contracts are in `contract`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import z3
from attrs import frozen

from web4core.ledger.rules import Call, Code
from web4core.ledger.state import Address
from web4proofs.ledger.abstract import At, Before, Holding, Promise
from web4proofs.symbolic import term


@frozen
class Given:
    """The subject of a contract: the state before, the body, and the call."""

    before: Before
    body: Any
    call: Call

    def the(self, field: str) -> Any:
        """Return a field of the body, as a term."""
        value = getattr(self.body, field)
        return At.of(value) if isinstance(value, Address) else term(value)

    @property
    def source(self) -> At:
        """The source that the body names."""
        return At(*self.the("source"))

    @property
    def destination(self) -> At:
        """The destination that the body names."""
        return At(*self.the("destination"))

    @property
    def spender(self) -> Holding:
        """The account at the source."""
        return self.before.account(self.source)

    @property
    def amount(self) -> z3.ArithRef:
        """The amount that the body names."""
        return self.the("amount_uatp")

    @property
    def pending(self) -> Promise:
        """The transfer that the body names."""
        return self.before.transfer(self.the("transfer"))

    @property
    def key(self) -> z3.ExprRef:
        """The first key that signed."""
        return term(self.call.keys[0])

    @property
    def time(self) -> z3.ArithRef:
        """The block's time."""
        return term(self.call.time_ms)

    def is_open(self, at: At) -> z3.BoolRef:
        """Return whether an account is open."""
        return self.before.account(at).is_open

    def signed_by_platform_of(self, at: At) -> z3.BoolRef:
        """Return whether the first key is that of the platform of an address."""
        is_its_key = self.key == self.before.key(at.platform)
        return z3.And(self.before.is_platform(at.platform), is_its_key)


@frozen
class Requirement:
    """A condition, its clause, and the code of the refusal if it fails."""

    clause: str
    code: Code
    says: str
    holds: Callable[[Given], z3.BoolRef]


@frozen
class Moves:
    """A change of an account by these amounts; a field that is not named stays."""

    at: At
    available: z3.ArithRef = 0
    locked: z3.ArithRef = 0
    nonce: z3.ArithRef = 0


@frozen
class Opens:
    """The opening of an account that was not open, with nothing in it."""

    at: At
    owner: z3.ExprRef


@frozen
class Stands:
    """The value of a transfer afterwards."""

    transfer: z3.ExprRef
    promise: Promise


Change: TypeAlias = Moves | Opens | Stands


@frozen
class Effect:
    """One change, and the clause that asks for it."""

    clause: str
    says: str
    change: Callable[[Given], Change]


@frozen
class Invariant:
    """A property of the state before, and its clause."""

    clause: str
    says: str
    holds: Callable[[Given], z3.BoolRef]


@frozen
class Contract:
    """All requirements and effects of a transaction."""

    kind: type
    requires: tuple[Requirement, ...]
    effects: tuple[Effect, ...]
    relies_on: tuple[Invariant, ...] = ()
    """The invariants of the state that the contract assumes; if none, it holds of all states."""


def table_of(contract: Contract) -> str:
    """Return a contract as a table in Markdown, for the specification."""
    rows = [f"| {r.clause} | {r.says} | `{r.code.value}` |" for r in contract.requires]
    rows += [f"| {effect.clause} | then {effect.says} | |" for effect in contract.effects]
    return "\n".join(("| clause | what holds | else |", "|---|---|---|", *rows)) + "\n"
