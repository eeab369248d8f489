"""The pool of transactions that wait: one lane for each account and each transfer.

A lane holds transactions that apply one after another, so those of an account are in the order of
its nonces; a transaction that would not apply is refused at once, with its code.
Lanes do not disturb each other: only transactions by its owner lower an account's balance.
Implements L-POOL-1 to L-POOL-6.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import evolve, field, frozen

from web4core.application import Pooled, Refusal
from web4core.chain import MAX_ITEM_BYTES
from web4core.ledger.overlay import Overlay
from web4core.ledger.rules import Code
from web4core.ledger.state import ENTRY, Entry, LedgerState, account_path, transfer_path
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    TransferCommit,
    TransferRollback,
)
from web4core.merkle import Map
from web4core.schema import Schema, octets, record, sequence
from web4core.types import PublicKey, TimeMs, TransactionId

MAX_LANE = 64
"""Transactions of one account that may wait at a time (L-POOL-3)."""


class PoolCode(enum.StrEnum):
    """The reasons why the pool refuses a transaction that the rules would allow (L-POOL-4)."""

    POOL_FULL = "pool-full"
    """The pool holds as many transactions as it may."""
    LANE_FULL = "lane-full"
    """`MAX_LANE` transactions of this account or transfer wait."""
    OUTPACED = "outpaced"
    """A transaction that waits, or came first, has this nonce or this effect."""


POOL_EXPLAINED: Final[dict[PoolCode, str]] = {
    PoolCode.POOL_FULL: "too many transactions wait on this platform: try again later",
    PoolCode.LANE_FULL: f"{MAX_LANE} transactions of this account wait: try again later",
    PoolCode.OUTPACED: "another transaction with this effect or nonce waits or came first",
}
"""The meaning of each code of the pool, in a sentence that a client can be shown."""


@frozen
class Lane:
    """Transactions that apply in this order, and the entry that they act on, as they leave it."""

    transactions: tuple[Transaction, ...]
    subject: Entry


def _no_bytes(lane: Lane) -> bytes:
    return b"".join(transaction.id for transaction in lane.transactions)


def _no_lanes() -> Map[Lane]:
    return Map[Lane].empty(_no_bytes)


@frozen
class Pool:
    """All lanes, by the path of their subject, and how many transactions they hold."""

    lanes: Map[Lane] = field(factory=_no_lanes)
    size: int = 0


def lane_path(transaction: Transaction) -> bytes:
    """The lane of a transaction: of the account it debits or opens, or the transfer it settles.

    L-POOL-1.
    """
    body = transaction.body
    if isinstance(body, AccountOpen):
        return account_path(body.address)
    if isinstance(body, TransferCommit | TransferRollback):
        return transfer_path(body.transfer)
    return account_path(body.source)


def admit(
    state: LedgerState,
    keys: Mapping[str, PublicKey],
    pool: Pool,
    transaction: Transaction,
    time_ms: TimeMs,
    capacity: int,
) -> tuple[Pool, Code | PoolCode | None]:
    """Let a transaction wait behind the others of its lane, or say why not (L-POOL-2 to L-POOL-4).

    A transaction that waits already changes nothing.
    """
    path = lane_path(transaction)
    lane = pool.lanes.get(path)
    overlay = Overlay(state, keys)
    waiting: tuple[Transaction, ...] = ()
    if lane is not None:
        if transaction in lane.transactions:
            return pool, None
        if len(lane.transactions) >= MAX_LANE:
            return pool, PoolCode.LANE_FULL
        waiting = lane.transactions
        overlay.put((lane.subject,))
    outcome = overlay.run(transaction, time_ms)
    if isinstance(outcome, Code):
        return pool, _told_apart(state, keys, transaction, time_ms, outcome, lane)
    if pool.size >= capacity:  # L-POOL-4: only now, so that a refusal names the lasting reason
        return pool, PoolCode.POOL_FULL
    extended = Lane((*waiting, transaction), outcome[0])
    return Pool(pool.lanes.set(path, extended), pool.size + 1), None


def _told_apart(
    state: LedgerState,
    keys: Mapping[str, PublicKey],
    transaction: Transaction,
    time_ms: TimeMs,
    code: Code,
    lane: Lane | None,
) -> Code | PoolCode:
    """The code of a refusal; a transaction that would apply but for those that wait is outpaced.

    L-POOL-4.
    """
    if lane is not None and code in (Code.NONCE_USED, Code.ACCOUNT_EXISTS, Code.ALREADY_SETTLED):
        alone = Overlay(state, keys).run(transaction, time_ms)
        if not isinstance(alone, Code):
            return PoolCode.OUTPACED
    return code


def recheck(
    state: LedgerState,
    keys: Mapping[str, PublicKey],
    pool: Pool,
    touched: tuple[bytes, ...] | None,
    included: tuple[Transaction, ...],
    time_ms: TimeMs,
) -> Pooled[Pool, Transaction]:
    """Keep in each lane the transactions that still apply; refuse the others (L-POOL-5).

    `touched` names the entries that changed, `included` what a block took; None means all lanes.
    """
    done = {transaction.id for transaction in included}
    paths = touched
    if paths is None:
        paths = tuple(path for path, _ in pool.lanes.items())
    refused: list[Refusal] = []
    for path in paths:
        lane = pool.lanes.get(path)
        if lane is not None:
            pool = _revise_lane(state, keys, pool, path, lane, done, time_ms, refused)
    return Pooled(pool, tuple(refused))


def _revise_lane(
    state: LedgerState,
    keys: Mapping[str, PublicKey],
    pool: Pool,
    path: bytes,
    lane: Lane,
    done: set[TransactionId],
    time_ms: TimeMs,
    refused: list[Refusal],
) -> Pool:
    overlay = Overlay(state, keys)
    left: list[Transaction] = []
    subject = lane.subject
    for transaction in lane.transactions:
        if transaction.id in done:
            continue
        outcome = overlay.run(transaction, time_ms)
        if isinstance(outcome, Code):
            refused.append(Refusal(transaction.id, outcome))
            continue
        left.append(transaction)
        subject = outcome[0]
        overlay.put((subject,))
    size = pool.size - len(lane.transactions) + len(left)
    if not left:
        return Pool(pool.lanes.delete(path), size)
    return Pool(pool.lanes.set(path, evolve(lane, transactions=tuple(left), subject=subject)), size)


def in_order(pool: Pool, start: bytes) -> Iterator[tuple[Transaction, ...]]:
    """The lanes' transactions, beginning at a place that differs from block to block (L-POOL-6)."""
    for _, lane in pool.lanes.items_from(start):
        yield lane.transactions


MAX_LANES = 1 << 20
"""Lanes in a snapshot; a pool holds at most `settings.MAX_POOL` transactions."""


def pool_schema(decode: Callable[[bytes], Transaction]) -> Schema[Pool]:
    """The form of a pool in a snapshot: its lanes by ascending path."""
    item: Schema[Transaction] = Schema(
        lambda transaction: transaction.encoded,
        lambda plain: decode(octets(1, MAX_ITEM_BYTES).load(plain)),
        "a transaction's bytes",
    )
    lane: Schema[Lane] = record("lane", Lane, transactions=sequence(item, MAX_LANE), subject=ENTRY)
    lanes = sequence(lane, MAX_LANES)

    def load(plain: object) -> Pool:
        loaded = lanes.load(plain)
        placed = sorted(
            ((lane_path(each.transactions[0]), each) for each in loaded), key=lambda pair: pair[0]
        )
        return Pool(
            Map[Lane].build(_no_bytes, placed), sum(len(each.transactions) for each in loaded)
        )

    return Schema(
        lambda pool: tuple(lane.dump(each) for _, each in pool.lanes.items()), load, lanes.says
    )
