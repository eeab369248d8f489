"""The five transactions: their fields, bytes, ids, and signers.

A transaction is a body and the keys that sign it, each with its signature.
Its id covers the body and the keys but no signature, since a signer can make many of those.
Implements L-TX-1 to L-TX-6.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import field, frozen

from web4core import codec
from web4core.chain import DIGEST, KEY, MAX_ITEM_BYTES, SIGNATURE, TIME_MS
from web4core.errors import RemoteProtocolError
from web4core.hashing import Tag, digest, domain
from web4core.ledger.state import ADDRESS, AMOUNT_UATP, Address
from web4core.schema import MAX_UINT, Schema, line, octets, parts, record, sequence, uint, union
from web4core.signature_check import SignatureCheck
from web4core.types import ChainId, Nonce, PublicKey, Signature, TimeMs, TransactionId

MAX_REASON_CHARACTERS = 120
"""Length of the reason that a rollback gives (L-TX-5)."""

MAX_NONCE = MAX_UINT - 1
"""The nonce after it still fits the wire (L-TX-2)."""


@frozen
class AccountOpen:
    """Open an account: signed by the platform, then by the owner's key (L-OPEN)."""

    chain_id: ChainId
    """The chain on which it counts (L-TX-1)."""
    address: Address
    """The address of the new account."""
    owner: PublicKey
    """The public key that will sign for it."""


@frozen(kw_only=True)
class Transfer:
    """Move an amount between two accounts of one platform: signed by the owner (L-XFER)."""

    chain_id: ChainId
    """The chain on which it counts (L-TX-1)."""
    source: Address
    """The account to debit."""
    destination: Address
    """The account to credit; another one, on the same platform (L-XFER-1, L-XFER-4)."""
    amount_uatp: int
    """The amount, in micro-ATP, 1 to `MAX_SUPPLY_UATP` (L-XFER-7)."""
    nonce: Nonce
    """The nonce of the source account, 0 to `MAX_NONCE` (L-XFER-6)."""


@frozen(kw_only=True)
class TransferLock:
    """Set an amount aside for an account on another platform: signed by the owner (L-LOCK).

    The id of this transaction becomes the id of the transfer.
    """

    chain_id: ChainId
    """The chain on which it counts (L-TX-1)."""
    source: Address
    """The account to debit."""
    destination: Address
    """The account that a commit credits; on another platform (L-LOCK-2)."""
    amount_uatp: int
    """The amount, in micro-ATP, 1 to `MAX_SUPPLY_UATP` (L-LOCK-7)."""
    nonce: Nonce
    """The nonce of the source account, 0 to `MAX_NONCE` (L-LOCK-6)."""
    expiry_ms: TimeMs
    """The first block time at which it cannot be committed, in milliseconds since 1970 (L-LOCK-8).
    """


@frozen
class TransferCommit:
    """Credit a locked amount to its destination: signed by the destination platform (L-COMMIT)."""

    chain_id: ChainId
    """The chain on which it counts (L-TX-1)."""
    transfer: TransactionId
    """The id of the transfer: that of its `TransferLock`."""


@frozen
class TransferRollback:
    """Return a locked amount: signed by the destination platform, or anybody once it has expired.

    L-BACK.
    """

    chain_id: ChainId
    """The chain on which it counts (L-TX-1)."""
    transfer: TransactionId
    """The id of the transfer: that of its `TransferLock`."""
    reason: str
    """One line for people, at most `MAX_REASON_CHARACTERS` characters; no rule reads it (L-TX-5).
    """


Body: TypeAlias = AccountOpen | Transfer | TransferLock | TransferCommit | TransferRollback
"""The body of a transaction: one of five."""


@frozen
class Transaction:
    """A body, the keys that sign it, and its bytes, which all else follows from."""

    encoded: bytes = field(repr=False)
    """The canonical bytes, 1 to `MAX_ITEM_BYTES`; two transactions are equal if these are."""
    id: TransactionId
    """The id; it covers body and keys, and no signature (L-TX-4)."""
    body: Body = field(eq=False)
    """One of the five bodies."""
    keys: tuple[PublicKey, ...] = field(eq=False, repr=False)
    """The keys that sign, in order: two for an `AccountOpen`, else one (L-TX-3)."""
    signatures: tuple[Signature, ...] = field(eq=False, repr=False)
    """The signature by each key, in the same order."""


def _transfer(
    chain_id: ChainId, source: Address, destination: Address, amount_uatp: int, nonce: Nonce
) -> Transfer:
    return Transfer(
        chain_id=chain_id,
        source=source,
        destination=destination,
        amount_uatp=amount_uatp,
        nonce=nonce,
    )


def _lock(
    chain_id: ChainId,
    source: Address,
    destination: Address,
    amount_uatp: int,
    nonce: Nonce,
    expiry_ms: TimeMs,
) -> TransferLock:
    return TransferLock(
        chain_id=chain_id,
        source=source,
        destination=destination,
        amount_uatp=amount_uatp,
        nonce=nonce,
        expiry_ms=expiry_ms,
    )


_NONCE = uint(MAX_NONCE)
BODY: Schema[Any] = union(
    open=(
        AccountOpen,
        record("open", AccountOpen, chain_id=DIGEST, address=ADDRESS, owner=KEY),
    ),
    transfer=(
        Transfer,
        record(
            "transfer",
            _transfer,
            chain_id=DIGEST,
            source=ADDRESS,
            destination=ADDRESS,
            amount_uatp=AMOUNT_UATP,
            nonce=_NONCE,
        ),
    ),
    lock=(
        TransferLock,
        record(
            "lock",
            _lock,
            chain_id=DIGEST,
            source=ADDRESS,
            destination=ADDRESS,
            amount_uatp=AMOUNT_UATP,
            nonce=_NONCE,
            expiry_ms=TIME_MS,
        ),
    ),
    commit=(
        TransferCommit,
        record("commit", TransferCommit, chain_id=DIGEST, transfer=DIGEST),
    ),
    rollback=(
        TransferRollback,
        record(
            "rollback",
            TransferRollback,
            chain_id=DIGEST,
            transfer=DIGEST,
            reason=line(MAX_REASON_CHARACTERS),
        ),
    ),
)

_ENVELOPE: Schema[Any] = record(
    "tx",
    parts,
    body=octets(1, MAX_ITEM_BYTES),
    keys=sequence(KEY, 2),
    signatures=sequence(SIGNATURE, 2),
)


def signers_needed(body: Body) -> int:
    """The number of keys that sign such a body (L-TX-3)."""
    return 2 if type(body) is AccountOpen else 1


def transaction_id(body_bytes: bytes, keys: tuple[PublicKey, ...]) -> TransactionId:
    """The digest by which everybody refers to it (L-TX-4)."""
    return TransactionId(digest(Tag.TRANSACTION, body_bytes, *keys))


def transaction_signing_bytes(transaction: TransactionId) -> bytes:
    """The bytes that each of the keys signs: domain and id (L-TX-4). The body names the chain."""
    return domain(Tag.TRANSACTION) + transaction


def draft(body: Body, keys: tuple[PublicKey, ...]) -> tuple[TransactionId, bytes]:
    """The id of a transaction not yet signed, and the bytes that each key has to sign (L-TX-4)."""
    identity = transaction_id(BODY.encode(body), keys)
    return identity, transaction_signing_bytes(identity)


def assemble(
    body: Body, keys: tuple[PublicKey, ...], signatures: tuple[Signature, ...]
) -> Transaction:
    """The transaction with these signatures, in the order of the keys (L-TX-6).

    `keys` are those that `draft` was given; neither their number nor a signature is checked here.
    """
    body_bytes = BODY.encode(body)
    encoded = codec.encode(("tx", body_bytes, keys, signatures))
    return Transaction(encoded, transaction_id(body_bytes, keys), body, keys, signatures)


def decode_transaction(encoded: bytes, chain_id: ChainId) -> Transaction:
    """The transaction with these bytes, or `RemoteProtocolError` (L-TX-1 to L-TX-3)."""
    body_bytes, keys, signatures = _ENVELOPE.decode(encoded, MAX_ITEM_BYTES)
    body = BODY.decode(body_bytes, MAX_ITEM_BYTES)
    if body.chain_id != chain_id:  # L-TX-1
        raise RemoteProtocolError("L-TX-1", "a transaction of another chain")
    if not len(keys) == len(signatures) == signers_needed(body):  # L-TX-3
        raise RemoteProtocolError("L-TX-3", f"{signers_needed(body)} signatures are needed")
    return Transaction(encoded, transaction_id(body_bytes, keys), body, keys, signatures)


def signature_checks_of(transaction: Transaction) -> tuple[SignatureCheck, ...]:
    """The signatures in a transaction; it counts only if all of them verify."""
    message = transaction_signing_bytes(transaction.id)
    return tuple(
        SignatureCheck(key, message, signature)
        for key, signature in zip(transaction.keys, transaction.signatures, strict=True)
    )
