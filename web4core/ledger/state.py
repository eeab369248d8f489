"""The content of the ledger: accounts and transfers, in one authenticated map.

Amounts are integers of micro-ATP.
Only data and its place in the map live here; the rules that change it are in `rules`.
Implements L-STATE-1 to L-STATE-5.
"""

from __future__ import annotations

import enum
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from web4core.chain import DIGEST, KEY, TIME_MS
from web4core.hashing import Tag, digest
from web4core.merkle import Map
from web4core.schema import MAX_UINT, Schema, name, record, refuse, uint, union
from web4core.types import Nonce, PublicKey, TimeMs, TransactionId

MICRO = 1_000_000
"""Micro-ATP in one ATP."""

MAX_SUPPLY_UATP = MAX_UINT
"""No ledger holds more, so that no sum of balances leaves the wire's range (L-STATE-2)."""


@frozen(kw_only=True)
class Address:
    """The address of an account: an agent of a platform, written agent@platform."""

    platform: str
    """The name of the platform, by W-TYPE-3."""
    agent: str
    """The name of the agent on that platform, by W-TYPE-3."""

    def __str__(self) -> str:
        return f"{self.agent}@{self.platform}"


@frozen(kw_only=True)
class Account:
    """An agent's balance (L-STATE-5)."""

    address: Address
    """The address; it never changes."""
    owner: PublicKey
    """The public key that signs for the account; it never changes."""
    available_uatp: int
    """The amount that can be spent, in micro-ATP, 0 to `MAX_SUPPLY_UATP`."""
    locked_uatp: int
    """The sum of its transfers that are locked, in micro-ATP (I-SUPPLY-3)."""
    nonce: Nonce
    """The nonce of the payment that comes next, from 0 (L-XFER-6)."""


class Phase(enum.IntEnum):
    """The phase of a cross-platform transfer. Committed and rolled back are final (L-STATE-4)."""

    LOCKED = 1
    """The amount is set aside in the source account."""
    COMMITTED = 2
    """The amount was credited to the destination."""
    ROLLED_BACK = 3
    """The amount went back to the source."""


@frozen(kw_only=True)
class CrossTransfer:
    """A transfer across platforms, named by the digest of the transaction that locked it."""

    id: TransactionId
    """The id of the `TransferLock` that made it."""
    source: Address
    """The account that was debited."""
    destination: Address
    """The account that a commit credits; on another platform (I-SUPPLY-4)."""
    amount_uatp: int
    """The amount, in micro-ATP, 1 to `MAX_SUPPLY_UATP`."""
    expiry_ms: TimeMs
    """The first block time at which it cannot be committed, in milliseconds since 1970."""
    phase: Phase
    """The phase; a settled transfer keeps it for good (L-STATE-4)."""


Entry: TypeAlias = Account | CrossTransfer
"""An entry of the ledger's map."""


class LedgerView(Protocol):
    """The part of a ledger that a rule may read. Reached by key only, never enumerated."""

    def account(self, address: Address) -> Account | None:
        """The account with this address, if it is open."""
        ...

    def transfer(self, transfer: TransactionId) -> CrossTransfer | None:
        """The transfer with this id, if it was ever locked."""
        ...

    def platform_key(self, platform: str) -> PublicKey | None:
        """The key of a platform of this federation."""
        ...


@frozen
class LedgerState:
    """Every account and transfer, by path (L-STATE-1), and the supply that genesis fixed."""

    entries: Map[Entry] = field(repr=False)
    """The accounts and transfers, by `path_of` (L-STATE-3)."""
    supply_uatp: int
    """The sum of all balances, in micro-ATP; it never changes (I-SUPPLY-1)."""


def account_path(address: Address) -> bytes:
    """The path of an account in the map, 32 bytes. No name contains the separator (L-STATE-3)."""
    return digest(Tag.MAP_KEY, b"account/", str(address).encode())


def transfer_path(transfer: TransactionId) -> bytes:
    """The path of a transfer in the map, 32 bytes (L-STATE-3)."""
    return digest(Tag.MAP_KEY, b"transfer/", transfer)


def path_of(entry: Entry) -> bytes:
    """The path of an entry in the map, 32 bytes (L-STATE-3)."""
    if isinstance(entry, Account):
        return account_path(entry.address)
    return transfer_path(entry.id)


# --- the wire ----------------------------------------------------------------------------------


def _address(platform: str, agent: str) -> Address:
    return Address(platform=platform, agent=agent)


def _account(
    address: Address, owner: PublicKey, available_uatp: int, locked_uatp: int, nonce: Nonce
) -> Account:
    return Account(
        address=address,
        owner=owner,
        available_uatp=available_uatp,
        locked_uatp=locked_uatp,
        nonce=nonce,
    )


ADDRESS: Schema[Address] = record("address", _address, platform=name(), agent=name())
AMOUNT_UATP = uint(MAX_SUPPLY_UATP)
NONCE = uint()
ACCOUNT: Schema[Account] = record(
    "account",
    _account,
    address=ADDRESS,
    owner=KEY,
    available_uatp=AMOUNT_UATP,
    locked_uatp=AMOUNT_UATP,
    nonce=NONCE,
)


def _load_phase(plain: Any) -> Phase:
    if type(plain) is not int or not 1 <= plain <= len(Phase):
        raise refuse("W-TYPE-1", "a phase, 1 to 3", plain)
    return Phase(plain)


PHASE: Schema[Phase] = Schema(int, _load_phase, "a phase, 1 to 3")


def _cross_transfer(
    identity: TransactionId,
    source: Address,
    destination: Address,
    amount_uatp: int,
    expiry_ms: TimeMs,
    phase: Phase,
) -> CrossTransfer:
    return CrossTransfer(
        id=identity,
        source=source,
        destination=destination,
        amount_uatp=amount_uatp,
        expiry_ms=expiry_ms,
        phase=phase,
    )


CROSS_TRANSFER: Schema[CrossTransfer] = record(
    "transfer",
    _cross_transfer,
    id=DIGEST,
    source=ADDRESS,
    destination=ADDRESS,
    amount_uatp=AMOUNT_UATP,
    expiry_ms=TIME_MS,
    phase=PHASE,
)
ENTRY: Schema[Entry] = union(account=(Account, ACCOUNT), transfer=(CrossTransfer, CROSS_TRANSFER))


def encode_entry(entry: Entry) -> bytes:
    """The bytes of an entry that the state root commits to (L-STATE-1)."""
    return ENTRY.encode(entry)


def empty_entries() -> Map[Entry]:
    """A map with no entries."""
    return Map[Entry].empty(encode_entry)
