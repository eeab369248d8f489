"""The rules of the five transactions, each a function of plain values.

A rule reads what it needs by key, checks everything, and returns either the code of the first check
that fails, in the order of `Code`, or the entries that change, whole.
It cannot write, so a refusal cannot leave anything behind (L-RULE-2).
Types were checked at the wire; a rule never looks at one.
Implements L-RULE-1 to L-RULE-4 and every clause L-OPEN-*, L-XFER-*, L-LOCK-*, L-COMMIT-*, L-BACK-*.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from web4core.ledger.state import Account, CrossTransfer, Entry, LedgerView, Phase
from web4core.ledger.transactions import (
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.types import Nonce, PublicKey, TimeMs, TransactionId


class Code(enum.StrEnum):
    """The reasons to refuse a transaction, in the order in which the checks are made (L-RULE-1)."""

    UNKNOWN_PLATFORM = "unknown-platform"
    """The platform is not in the genesis."""
    NOT_LOCAL = "not-local"
    """The two accounts of a `Transfer` are on two platforms."""
    SAME_PLATFORM = "same-platform"
    """The two accounts of a `TransferLock` are on one platform."""
    UNKNOWN_SOURCE = "unknown-source"
    """The account to debit is not open."""
    UNKNOWN_DESTINATION = "unknown-destination"
    """The account to credit is not open."""
    SAME_ACCOUNT = "same-account"
    """The account pays itself."""
    UNKNOWN_TRANSFER = "unknown-transfer"
    """No transfer has this id."""
    WRONG_KEY = "wrong-key"
    """Another key has to sign."""
    ACCOUNT_EXISTS = "account-exists"
    """The account is open."""
    NONCE_USED = "nonce-used"
    """The nonce is below the account's."""
    NONCE_GAP = "nonce-gap"
    """The nonce is above the account's."""
    ALREADY_SETTLED = "already-settled"
    """The transfer is committed or rolled back."""
    AMOUNT_NOT_POSITIVE = "amount-not-positive"
    """The amount is 0."""
    INSUFFICIENT_FUNDS = "insufficient-funds"
    """The amount exceeds the available balance."""
    EXPIRY_NOT_FUTURE = "expiry-not-future"
    """The expiry is not after the block's time."""
    TRANSFER_EXPIRED = "transfer-expired"
    """The block's time is at or after the expiry."""
    NOT_EXPIRED = "not-expired"
    """The block's time is before the expiry, and the signer is not the destination platform."""


EXPLAINED: Final[dict[Code, str]] = {
    Code.UNKNOWN_PLATFORM: "the platform is not part of this federation",
    Code.NOT_LOCAL: "the accounts are on two platforms: lock the amount instead",
    Code.SAME_PLATFORM: "both accounts are on one platform: use a local transfer",
    Code.UNKNOWN_SOURCE: "the account to debit is not open",
    Code.UNKNOWN_DESTINATION: "the account to credit is not open",
    Code.SAME_ACCOUNT: "an account cannot pay itself",
    Code.UNKNOWN_TRANSFER: "no transfer with this id was ever locked",
    Code.WRONG_KEY: "the key that signed may not do this",
    Code.ACCOUNT_EXISTS: "the account is open already",
    Code.NONCE_USED: "a transaction with this nonce was carried out before",
    Code.NONCE_GAP: "a transaction with a lower nonce must come first",
    Code.ALREADY_SETTLED: "the transfer was committed or rolled back before",
    Code.AMOUNT_NOT_POSITIVE: "the amount must be at least 1 micro-ATP",
    Code.INSUFFICIENT_FUNDS: "the amount exceeds what is available",
    Code.EXPIRY_NOT_FUTURE: "the expiry is not after the block's time",
    Code.TRANSFER_EXPIRED: "the transfer has expired: it can only be rolled back",
    Code.NOT_EXPIRED: "before expiry only the destination platform may roll back",
}
"""The meaning of each code, in a sentence that a client can be shown."""


@frozen
class Call:
    """The input of a rule beside the body: id, block time, and keys whose signatures verified."""

    id: TransactionId
    time_ms: TimeMs
    keys: tuple[PublicKey, ...]


Outcome: TypeAlias = Code | tuple[Entry, ...]
"""A refusal, or the entries as they are afterwards; the transaction's own subject comes first."""


def account_open(view: LedgerView, body: AccountOpen, call: Call) -> Outcome:
    """Open an account with nothing in it (L-OPEN-1 to L-OPEN-4)."""
    platform_key = view.platform_key(body.address.platform)
    if platform_key is None:  # L-OPEN-1
        return Code.UNKNOWN_PLATFORM
    if call.keys[0] != platform_key or call.keys[1] != body.owner:  # L-OPEN-2
        return Code.WRONG_KEY
    if view.account(body.address) is not None:  # L-OPEN-3
        return Code.ACCOUNT_EXISTS
    opened = Account(
        address=body.address, owner=body.owner, available_uatp=0, locked_uatp=0, nonce=Nonce(0)
    )
    return (opened,)  # L-OPEN-4


def transfer(view: LedgerView, body: Transfer, call: Call) -> Outcome:
    """Move an amount within a platform (L-XFER-1 to L-XFER-8)."""
    if body.source.platform != body.destination.platform:  # L-XFER-1
        return Code.NOT_LOCAL
    source = view.account(body.source)
    if source is None:  # L-XFER-2
        return Code.UNKNOWN_SOURCE
    destination = view.account(body.destination)
    if destination is None:  # L-XFER-3
        return Code.UNKNOWN_DESTINATION
    if body.source == body.destination:  # L-XFER-4
        return Code.SAME_ACCOUNT
    refusal = _spend_refused(source, body.amount_uatp, body.nonce, call)  # L-XFER-5 to L-XFER-7
    if refusal is not None:
        return refusal
    debited = evolve(
        source,
        available_uatp=source.available_uatp - body.amount_uatp,
        nonce=Nonce(source.nonce + 1),
    )
    credited = evolve(destination, available_uatp=destination.available_uatp + body.amount_uatp)
    return (debited, credited)  # L-XFER-8


def transfer_lock(view: LedgerView, body: TransferLock, call: Call) -> Outcome:
    """Set an amount aside for an account on another platform (L-LOCK-1 to L-LOCK-9)."""
    if view.platform_key(body.destination.platform) is None:  # L-LOCK-1
        return Code.UNKNOWN_PLATFORM
    if body.source.platform == body.destination.platform:  # L-LOCK-2
        return Code.SAME_PLATFORM
    source = view.account(body.source)
    if source is None:  # L-LOCK-3
        return Code.UNKNOWN_SOURCE
    if view.account(body.destination) is None:  # L-LOCK-4
        return Code.UNKNOWN_DESTINATION
    refusal = _spend_refused(source, body.amount_uatp, body.nonce, call)  # L-LOCK-5 to L-LOCK-7
    if refusal is not None:
        return refusal
    if body.expiry_ms <= call.time_ms:  # L-LOCK-8
        return Code.EXPIRY_NOT_FUTURE
    debited = evolve(
        source,
        available_uatp=source.available_uatp - body.amount_uatp,
        locked_uatp=source.locked_uatp + body.amount_uatp,
        nonce=Nonce(source.nonce + 1),
    )
    opened = CrossTransfer(
        id=call.id,
        source=body.source,
        destination=body.destination,
        amount_uatp=body.amount_uatp,
        expiry_ms=body.expiry_ms,
        phase=Phase.LOCKED,
    )
    return (debited, opened)  # L-LOCK-9


def transfer_commit(view: LedgerView, body: TransferCommit, call: Call) -> Outcome:
    """Credit a locked amount to its destination (L-COMMIT-1 to L-COMMIT-5)."""
    pending = view.transfer(body.transfer)
    if pending is None:  # L-COMMIT-1
        return Code.UNKNOWN_TRANSFER
    if call.keys[0] != view.platform_key(pending.destination.platform):  # L-COMMIT-2
        return Code.WRONG_KEY
    source = view.account(pending.source)
    destination = view.account(pending.destination)
    if pending.phase is not Phase.LOCKED or source is None or destination is None:  # L-COMMIT-3
        return Code.ALREADY_SETTLED
    if call.time_ms >= pending.expiry_ms:  # L-COMMIT-4
        return Code.TRANSFER_EXPIRED
    debited = evolve(source, locked_uatp=source.locked_uatp - pending.amount_uatp)
    credited = evolve(destination, available_uatp=destination.available_uatp + pending.amount_uatp)
    return (evolve(pending, phase=Phase.COMMITTED), debited, credited)  # L-COMMIT-5


def transfer_rollback(view: LedgerView, body: TransferRollback, call: Call) -> Outcome:
    """Return a locked amount to where it came from (L-BACK-1 to L-BACK-4)."""
    pending = view.transfer(body.transfer)
    if pending is None:  # L-BACK-1
        return Code.UNKNOWN_TRANSFER
    source = view.account(pending.source)
    if pending.phase is not Phase.LOCKED or source is None:  # L-BACK-2
        return Code.ALREADY_SETTLED
    by_destination = call.keys[0] == view.platform_key(pending.destination.platform)
    if call.time_ms < pending.expiry_ms and not by_destination:  # L-BACK-3
        return Code.NOT_EXPIRED
    returned = evolve(
        source,
        available_uatp=source.available_uatp + pending.amount_uatp,
        locked_uatp=source.locked_uatp - pending.amount_uatp,
    )
    return (evolve(pending, phase=Phase.ROLLED_BACK), returned)  # L-BACK-4


def _spend_refused(source: Account, amount_uatp: int, nonce: Nonce, call: Call) -> Code | None:
    """The checks that every spending of an owner's money shares (L-RULE-3)."""
    if call.keys[0] != source.owner:
        return Code.WRONG_KEY
    if nonce < source.nonce:
        return Code.NONCE_USED
    if nonce > source.nonce:
        return Code.NONCE_GAP
    if amount_uatp <= 0:
        return Code.AMOUNT_NOT_POSITIVE
    if source.available_uatp < amount_uatp:
        return Code.INSUFFICIENT_FUNDS
    return None


RULES: Final[dict[type, Callable[[LedgerView, Any, Call], Outcome]]] = {
    AccountOpen: account_open,
    Transfer: transfer,
    TransferLock: transfer_lock,
    TransferCommit: transfer_commit,
    TransferRollback: transfer_rollback,
}
"""The rule of each type of body; the dispatch stays outside the rules (L-RULE-4)."""
