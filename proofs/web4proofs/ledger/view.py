"""Symbolic views of the ledger, and the five rules as subjects of an exploration.

A state is arbitrary: it has any number of accounts, transfers and platforms. Those that a rule
looks at are made during the run, in every way in which the names that it uses can coincide.
The only assumption is that an entry stands where its own name says (L-STATE-3). Balances may even
be negative, since no rule may rely on more than it checks.
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
"""Names of platforms and of agents; a platform and an agent may have the same name."""
BYTES: Final = octets_sort("Bytes", 32)
"""Keys and digests; a key may even equal a digest."""
CHAIN: Final = ChainId(bytes(32))
"""The chain id, which no rule looks at: the decoder has compared it (L-TX-1)."""


def any_address(stem: str) -> Address:
    """Return any address."""
    agent: Any = identifier(f"{stem}_agent", NAME)
    platform: Any = identifier(f"{stem}_platform", NAME)
    return Address(platform=platform, agent=agent)


def any_key(stem: str) -> Any:
    """Return any key."""
    return identifier(stem, BYTES)


def any_digest(stem: str) -> Any:
    """Return any digest."""
    return identifier(stem, BYTES)


def any_int(stem: str) -> Any:
    """Return any integer."""
    return integer(stem)


def any_account(address: Address) -> Account:
    """Return any account at this address."""
    return Account(
        address=address,
        owner=any_key("owner"),
        available_uatp=any_int("available"),
        locked_uatp=any_int("locked"),
        nonce=any_int("nonce"),
    )


def any_transfer(transfer: Any) -> CrossTransfer:
    """Return any transfer with this id."""
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
        """Return the account, if it is open."""
        return self.accounts.get(address)

    def transfer(self, transfer: Any) -> Any:
        """Return the transfer, if it exists."""
        return self.transfers.get(transfer)

    def platform_key(self, platform: Any) -> Any:
        """Return the platform's key, if it belongs to this federation."""
        return self.platforms.get(platform)

    def concretised(self, concretion: Concretion) -> Overlay:
        """Return the shipped view of a state with the entries that were looked at."""
        return plain_view(*self.parts(concretion))

    def parts(self, concretion: Concretion) -> tuple[tuple[Entry, ...], Mapping[str, PublicKey]]:
        """Return those entries, and the platforms' keys."""
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
    """Return a view of the state with exactly these entries."""
    placed = sorted(((path_of(entry), entry) for entry in entries), key=lambda pair: pair[0])
    return Overlay(LedgerState(Map[Entry].build(encode_entry, placed), 0), platform_keys)


def any_body(kind: type) -> Any:
    """Return any body of this kind."""
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
    """Return any call that the decoder accepts: with as many keys as L-TX-3 asks for."""
    keys = tuple(any_key(f"key{number}") for number in range(signers_needed(body)))
    return Call(any_digest("call_id"), any_int("time"), keys)


def any_inputs(kind: type) -> tuple[SymbolicView, Any, Call]:
    """Return any state, any body of this kind, and any call."""
    body = any_body(kind)
    return SymbolicView(), body, any_call(body)


_SHARED: Final = {Transfer: (rules._spend_refused,), TransferLock: (rules._spend_refused,)}
"""The functions that rules share, by the kinds that use them."""


@frozen
class Rule:
    """One of the five transactions: its body, and its rule in `RULES`."""

    kind: type
    subject: Subject
    module: str = rules.__name__
    """The module whose `RULES` has it."""


def rule_of(kind: type) -> Rule:
    """Return the rule for a kind of body (L-RULE-4)."""
    shipped = RULES[kind]
    functions = (shipped, *_SHARED.get(kind, ()))
    return Rule(kind, Subject(functions, lambda: any_inputs(kind), shipped))


KINDS: Final = (AccountOpen, Transfer, TransferLock, TransferCommit, TransferRollback)
