"""The rows of a store as plain values, and the check that each row carries.

Values, checks and the SQL that lays them out may live here; nothing that opens a file.
Clause: C-DURABLE-3 (reading gives what was written, or an error).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence, Sized

import attrs

FORMAT_VERSION = 1
"""The layout of a store; another one is refused."""

ID_BYTES = 32
"""The id of a transaction (L-TX-4)."""

MAX_INTEGER = 2**63 - 1
"""SQLite has no larger integers; heights, views and times stay below it for ever."""

SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, event BLOB NOT NULL, digest BLOB NOT NULL)",
    """CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, height INTEGER NOT NULL,
       state BLOB NOT NULL, chained BLOB NOT NULL, row_digest BLOB NOT NULL)""",
    """CREATE TABLE blocks (height INTEGER PRIMARY KEY, view INTEGER NOT NULL,
       digest BLOB NOT NULL, block BLOB NOT NULL, certificate BLOB NOT NULL,
       decided_ms INTEGER NOT NULL, ids BLOB NOT NULL, row_digest BLOB NOT NULL)""",
    """CREATE TABLE transactions (id BLOB PRIMARY KEY, height INTEGER NOT NULL,
       position INTEGER NOT NULL) WITHOUT ROWID""",
)
BLOCK_COLUMNS = "height, view, digest, block, certificate, decided_ms, ids, row_digest"
SNAPSHOT_COLUMNS = "seq, height, state, chained, row_digest"


def _size(value: Sized) -> str:
    """Stand in for a value too long to show."""
    return f"<{len(value)}>"


@attrs.frozen
class StoredBlock:
    """A decided block as it is kept.

    `block` and `certificate` are encoded by the caller; `digest` names the block;
    `decided_ms` is this platform's clock then; `transactions` are the 32-byte ids, in order.
    """

    height: int
    view: int
    digest: bytes
    block: bytes = attrs.field(repr=_size)
    certificate: bytes = attrs.field(repr=_size)
    decided_ms: int
    transactions: tuple[bytes, ...] = attrs.field(default=(), repr=_size)


@attrs.frozen
class StoredSnapshot:
    """A state, and the journal record up to which all events are folded into it.

    `chained` is the check of that record, on which the next one builds.
    """

    seq: int
    height: int
    state: bytes = attrs.field(repr=_size)
    chained: bytes = attrs.field(repr=False)


@attrs.frozen
class Recovered:
    """The start of a platform after a stop: a snapshot, if any, then the events since, in order."""

    snapshot: bytes | None = attrs.field(repr=False)
    snapshot_height: int
    first_seq: int
    """The number of the first of the events, if there are any."""
    events: Iterator[bytes]
    last_seq: int


def journal_seed(chain_id: bytes, platform: str) -> bytes:
    """Return the value on which the check of the first journal record builds."""
    return _digest(b"web4 journal", chain_id, platform.encode())


def chained_check(previous: bytes, seq: int, event: bytes) -> bytes:
    """Return the check of a journal record; it covers every record before it."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + event).digest()


def block_row(block: StoredBlock) -> tuple[object, ...]:
    """Return the row of a block, its check last."""
    values = (
        block.height,
        block.view,
        block.digest,
        block.block,
        block.certificate,
        block.decided_ms,
        b"".join(block.transactions),
    )
    return (*values, _digest(b"web4 block", *values))


def read_block(row: Sequence[object]) -> StoredBlock | None:
    """Return the block of a row, or None when its check does not hold."""
    match row:
        case (
            int(height),
            int(view),
            bytes(digest),
            bytes(block),
            bytes(certificate),
            int(decided_ms),
            bytes(ids),
            bytes(check),
        ) if check == _digest(
            b"web4 block", height, view, digest, block, certificate, decided_ms, ids
        ):
            transactions = tuple(ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES))
            return StoredBlock(height, view, digest, block, certificate, decided_ms, transactions)
        case _:
            return None


def snapshot_row(snapshot: StoredSnapshot) -> tuple[object, ...]:
    """Return the row of a snapshot, its check last."""
    values = (snapshot.seq, snapshot.height, snapshot.state, snapshot.chained)
    return (*values, _digest(b"web4 snapshot", *values))


def read_snapshot(row: Sequence[object]) -> StoredSnapshot | None:
    """Return the snapshot of a row, or None when its check does not hold."""
    match row:
        case (int(seq), int(height), bytes(state), bytes(chained), bytes(check)) if (
            check == _digest(b"web4 snapshot", seq, height, state, chained)
        ):
            return StoredSnapshot(seq, height, state, chained)
        case _:
            return None


def _digest(domain: bytes, *values: int | bytes) -> bytes:
    """Hash these values, each with its size, so that no byte of one can pass as its neighbour's."""
    running = hashlib.sha256(domain)
    for value in values:
        if isinstance(value, int):
            running.update(struct.pack(">cq", b"i", value))
        else:
            running.update(struct.pack(">cq", b"b", len(value)))
            running.update(value)
    return running.digest()
