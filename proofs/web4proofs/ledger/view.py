"""Symbolic states of the ledger, and the five rules as subjects of an exploration.

A state is arbitrary: any number of accounts, transfers and platforms, of which those come to life
that a rule looks at, in every way in which the names that it uses can coincide.
Only one thing is assumed of it, that an entry stands where its own name says (L-STATE-3); balances
may even be negative here, since no rule is allowed to rely on more than it checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from web4core.ledger import rules
from web4core.ledger.overlay import Overlay
from web4core.ledger.rules import RULES, Call
from web4core.ledger.state import (
    Account,
    Address,
    CrossTransfer,
    Entry,
    LedgerState,
    Phase,
    encode_entry,
    path_of,
)
from web4core.ledger.transactions import (
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    signers_needed,
)
from web4core.merkle import Map
from web4core.types import ChainId, PublicKey
from web4proofs.symbolic import (
    SymbolicMap,
    choose,
    identifier,
    integer,
    name_sort,
    octets_sort,
)
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import Subject

NAME: Final = name_sort("Name")
"""Names of platforms and of agents; one may be spelled as the other."""
BYTES: Final = octets_sort("Bytes", 32)
"""Keys and digests; a key may even be somebody's digest."""
CHAIN: Final = ChainId(bytes(32))
"""No rule looks at the chain: the decoder has compared it (L-TX-1)."""


def any_address(stem: str) -> Address:
    """Any address."""
    agent: Any = identifier(f"{stem}_agent", NAME)
    platform: Any = identifier(f"{stem}_platform", NAME)
    return Address(platform=platform, agent=agent)


def any_key(stem: str) -> Any:
    """Any key."""
    return identifier(stem, BYTES)


def any_digest(stem: str) -> Any:
    """Any digest."""
    return identifier(stem, BYTES)


def any_int(stem: str) -> Any:
    """Any integer."""
    return integer(stem)


def any_account(address: Address) -> Account:
    """Any account at this address."""
    return Account(
        address=address,
        owner=any_key("owner"),
        available_uatp=any_int("available"),
        locked_uatp=any_int("locked"),
        nonce=any_int("nonce"),
    )


def any_transfer(transfer: Any) -> CrossTransfer:
    """Any transfer of this id."""
    return CrossTransfer(
        id=transfer,
        source=any_address("source"),
        destination=any_address("destination"),
        amount_uatp=any_int("amount"),
        expiry_ms=any_int("expiry"),
        phase=choose(tuple(Phase)),
    )


class SymbolicView:
    """A `LedgerView` of an arbitrary state."""

    def __init__(self) -> None:
        self.accounts = SymbolicMap(any_account)
        self.transfers = SymbolicMap(any_transfer)
        self.platforms = SymbolicMap(lambda _platform: any_key("platform_key"))

    def account(self, address: Address) -> Any:
        """The account, if it is open."""
        return self.accounts.get(address)

    def transfer(self, transfer: Any) -> Any:
        """The transfer, if it exists."""
        return self.transfers.get(transfer)

    def platform_key(self, platform: Any) -> Any:
        """The platform's key, if it is of this federation."""
        return self.platforms.get(platform)

    def concretised(self, concretion: Concretion) -> Overlay:
        """The shipped view, of a state with the entries that were looked at."""
        return plain_view(*self.parts(concretion))

    def parts(self, concretion: Concretion) -> tuple[tuple[Entry, ...], Mapping[str, PublicKey]]:
        """Those entries, and the platforms' keys."""
        entries = [
            concretion(value)
            for _, value, _ in (*self.accounts.touched(), *self.transfers.touched())
            if value is not None
        ]
        keys = {
            concretion(platform): concretion(key)
            for platform, key, _ in self.platforms.touched()
            if key is not None
        }
        return tuple(entries), keys


def plain_view(entries: tuple[Entry, ...], platform_keys: Mapping[str, PublicKey]) -> Overlay:
    """A view of the state with exactly these entries."""
    placed = sorted(((path_of(entry), entry) for entry in entries), key=lambda pair: pair[0])
    return Overlay(LedgerState(Map[Entry].build(encode_entry, placed), 0), platform_keys)


def any_body(kind: type) -> Any:
    """Any body of this kind."""
    chain = CHAIN
    if kind is AccountOpen:
        return AccountOpen(chain, any_address("body"), any_key("body_owner"))
    if kind is TransferCommit:
        return TransferCommit(chain, any_digest("body_transfer"))
    if kind is TransferRollback:
        return TransferRollback(chain, any_digest("body_transfer"), "")
    source, destination = any_address("body_source"), any_address("body_destination")
    amount, nonce = any_int("body_amount"), any_int("body_nonce")
    if kind is Transfer:
        return Transfer(
            chain_id=chain, source=source, destination=destination, amount_uatp=amount, nonce=nonce
        )
    return TransferLock(
        chain_id=chain,
        source=source,
        destination=destination,
        amount_uatp=amount,
        nonce=nonce,
        expiry_ms=any_int("body_expiry"),
    )


def any_call(body: Any) -> Call:
    """Any call that the decoder lets through: as many keys as L-TX-3 asks for."""
    keys = tuple(any_key(f"key{number}") for number in range(signers_needed(body)))
    return Call(any_digest("call_id"), any_int("time"), keys)


def any_inputs(kind: type) -> tuple[SymbolicView, Any, Call]:
    """Any state, any body of this kind, any call."""
    body = any_body(kind)
    return SymbolicView(), body, any_call(body)


_SHARED: Final = {Transfer: (rules._spend_refused,), TransferLock: (rules._spend_refused,)}
"""What the rules share, by the kinds that use it."""


@frozen
class Rule:
    """One of the five transactions: its body, and its rule as `RULES` has it."""

    kind: type
    subject: Subject
    module: str = rules.__name__
    """Whose `RULES` it is of."""


def rule_of(kind: type) -> Rule:
    """The rule for a kind of body (L-RULE-4)."""
    shipped = RULES[kind]
    functions = (shipped, *_SHARED.get(kind, ()))
    return Rule(kind, Subject(functions, lambda: any_inputs(kind), shipped))


KINDS: Final = (AccountOpen, Transfer, TransferLock, TransferCommit, TransferRollback)
