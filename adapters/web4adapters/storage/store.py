"""The durable store of one platform: its journal, its snapshots, its blocks, in one SQLite file.

Opening, writing, recovering and reading may live here; the meaning of the bytes is not known here.
Clauses: C-DURABLE-1 (events are on disk before `commit` returns), C-DURABLE-2 (after a failed
write there is no other), C-DURABLE-3 (damage is found, never served), C-DURABLE-4 (one process).

Writes go through one connection, from one thread at a time; reads through another, which sees
committed data only and never waits for a writer.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from web4adapters.files import PRIVATE_FOLDER_MODE, create_private, sync_folder
from web4adapters.storage.errors import (
    CorruptStore,
    StorageError,
    StoreExists,
    StoreMismatch,
    StoreMissing,
)
from web4adapters.storage.journal import Position, events_after, verified_end
from web4adapters.storage.lock import FolderLock
from web4adapters.storage.records import (
    BLOCK_COLUMNS,
    FORMAT_VERSION,
    ID_BYTES,
    MAX_INTEGER,
    SCHEMA,
    SNAPSHOT_COLUMNS,
    Recovered,
    StoredBlock,
    StoredSnapshot,
    block_row,
    chained_check,
    journal_seed,
    read_block,
    read_snapshot,
    snapshot_row,
)
from web4core import LocalProtocolError

STORE_NAME = "store.sqlite3"
KEPT_SNAPSHOTS = 2
"""The newest, and the one before it."""

MAX_EVENTS_PER_COMMIT = 65_536
"""Events in one commit; the engine has far fewer."""

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""Length of an event in the store; the core's own limit is lower."""

MAX_STATE_BYTES = 900_000_000
"""A snapshot is one value, and SQLite's own limit for one is a billion bytes."""

BUSY_TIMEOUT_S = 5
"""The longest wait for another program that reads the store."""

WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The write-ahead log is cut back to this after a large write, such as a snapshot."""

_RESTORE = "restore a copy of the store, or start an empty one with the guard kept and silenced"


class Store:
    """An open store; the process that has it keeps every other out."""

    def __init__(self, folder: Path, lock: FolderLock, seed: bytes) -> None:
        """Use `Store.create` and `Store.open`."""
        self._folder = folder
        self._lock = lock
        self._mutex = threading.Lock()
        self._failure: str | None = None
        self._recovered = False
        self._seed = seed
        self._end = Position(0, seed)
        self._journal_bytes = 0
        self._writer = _connect(folder, "rw")
        try:
            self._reader = _connect(folder, "ro")
        except BaseException:
            self._writer.close()
            raise

    @classmethod
    def create(cls, folder: Path, chain_id: bytes, platform: str) -> Store:
        """Make an empty store in `folder`, which may exist, and open it. Raises StorageError."""
        try:
            folder.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise _cannot_write(folder, error) from error
        with closing(FolderLock(folder)):
            _create_file(folder, chain_id, platform)
        return cls.open(folder, chain_id, platform)

    @classmethod
    def open(cls, folder: Path, chain_id: bytes, platform: str) -> Store:
        """Open the store of this platform on this chain. Raises StorageError.

        `recover` comes next: nothing can be written before.
        """
        if not (folder / STORE_NAME).is_file():
            raise StoreMissing(folder, "there is none", "`web4 init` creates it")
        lock = FolderLock(folder)
        try:
            store = cls(folder, lock, journal_seed(chain_id, platform))
        except sqlite3.Error as error:
            lock.close()
            raise _cannot_read(folder, "the file", error) from error
        except BaseException:
            lock.close()
            raise
        try:
            store._check_meta(chain_id, platform)
        except BaseException:
            store.close()
            raise
        return store

    def recover(self) -> Recovered:
        """Verify the journal and return the snapshot and the events to start from.

        The events are read as the iterator moves; read them before the next write.
        Raises CorruptTail, CorruptMiddle, CorruptStore.
        """
        snapshot, start = self._start()
        with self._mutex, self._reading("the journal"):
            self._end = verified_end(self._writer, self._folder, start)
            self._journal_bytes = self._count_journal_bytes()
        self._recovered = True
        return Recovered(
            snapshot=None if snapshot is None else snapshot.state,
            snapshot_height=0 if snapshot is None else snapshot.height,
            first_seq=start.seq + 1,
            events=self._events(start),
            last_seq=self._end.seq,
        )

    def commit(self, events: Sequence[bytes], decided: Sequence[StoredBlock]) -> int:
        """Append all of it in one transaction, durable on return; return the last event's number.

        A decided block that is stored already is passed over; one that differs from the stored
        one stops the store. Raises StorageError.
        """
        _check_batch(events, decided)
        rows, end = self._chained(events)
        with self._writing() as connection:
            connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", rows)
            for block in decided:
                self._insert_block(connection, block)
        # C-DURABLE-1: only now may an effect of these events leave.
        self._end = end
        self._journal_bytes += sum(map(len, events))
        return end.seq

    def snapshot(self, seq: int, height: int, state: bytes) -> None:
        """Keep `state`, into which all events up to `seq` are folded, and forget those events.

        The two newest snapshots stay. Raises StorageError.
        """
        _check_integers(height)
        if len(state) > MAX_STATE_BYTES:
            raise LocalProtocolError(f"a state of {len(state)} bytes; at most {MAX_STATE_BYTES}")
        with self._writing() as connection:
            row = snapshot_row(StoredSnapshot(seq, height, state, self._check_at(connection, seq)))
            connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("DELETE FROM journal WHERE seq <= ?", (seq,))
            connection.execute(
                "DELETE FROM snapshots WHERE seq NOT IN"
                " (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
                (KEPT_SNAPSHOTS,),
            )
        with self._mutex, self._reading("the journal"):
            self._journal_bytes = self._count_journal_bytes()

    def drop_tail(self, from_seq: int) -> None:
        """Forget the journal from record `from_seq` on; an operator's decision, never automatic.

        The statements of this platform in those records are forgotten: silence its guard.
        The records before must be sound; `recover` is needed afterwards. Raises StorageError.
        """
        _, start = self._start()
        if from_seq <= start.seq:
            raise LocalProtocolError(f"the journal starts after record {start.seq}")
        self._recovered = True
        try:
            with self._writing() as connection:
                connection.execute("DELETE FROM journal WHERE seq >= ?", (from_seq,))
                verified_end(connection, self._folder, start)
        finally:
            self._recovered = False

    def block(self, height: int) -> StoredBlock | None:
        """Return the block decided at `height`, if it is here."""
        _check_integers(height)
        found = self._read_blocks("WHERE height = ?", height)
        if not found:
            self._check_outside(height)
        return found[0] if found else None

    def blocks_from(self, height: int, limit: int, max_bytes: int) -> list[StoredBlock]:
        """Return consecutive blocks from `height` on: at most `limit`, and about `max_bytes`.

        The first is given at any size, so that the caller makes progress; after it, blocks and
        certificates together stay within `max_bytes`.
        """
        _check_integers(height, limit)
        taken: list[StoredBlock] = []
        size = 0
        while len(taken) < limit:
            block = self.block(height + len(taken))
            if block is None:
                break
            size += len(block.block) + len(block.certificate)
            if taken and size > max_bytes:
                break
            taken.append(block)
        return taken

    def tip(self) -> StoredBlock | None:
        """Return the highest block."""
        found = self._read_blocks("ORDER BY height DESC LIMIT ?", 1)
        return found[0] if found else None

    def transaction(self, transaction_id: bytes) -> tuple[int, int] | None:
        """Return the height and the position of a transaction, if it was decided."""
        with self._reading("the transactions"):
            found = self._reader.execute(
                "SELECT height, position FROM transactions WHERE id = ?", (transaction_id,)
            ).fetchone()
            if found is None:
                return None
            height, position = found
            there = self._reader.execute(
                "SELECT substr(ids, ? * ? + 1, ?) FROM blocks WHERE height = ?",
                (position, ID_BYTES, ID_BYTES, height),
            ).fetchone()
        # C-DURABLE-3: the index must lead to where the block itself has this id.
        if there != (transaction_id,):
            raise CorruptStore(self._folder, "the index of transactions", _RESTORE)
        return height, position

    def journal_bytes(self) -> int:
        """Return the size of all events since the last snapshot; after `recover`."""
        return self._journal_bytes

    def close(self) -> None:
        """Close the file and release its lock; safe to repeat."""
        with self._mutex:
            if self._failure == "closed":
                return
            self._failure = "closed"
            # The writer closes last: the last connection merges the write-ahead log.
            self._reader.close()
            with suppress(sqlite3.Error):
                self._writer.close()
            self._lock.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_meta(self, chain_id: bytes, platform: str) -> None:
        with self._reading("its description"):
            (tables,) = self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables == 0:
                raise StoreMissing(
                    self._folder, "its creation was interrupted", "remove it and create it again"
                )
            found = dict(self._writer.execute("SELECT name, value FROM meta").fetchall())
        for name, expected in _meta(chain_id, platform):
            if found.get(name) != expected:
                raise StoreMismatch(
                    self._folder,
                    f"its {name} is {_shown(found.get(name))}, not {_shown(expected)}",
                    "use the store that was made for this platform on this chain",
                )

    def _start(self) -> tuple[StoredSnapshot | None, Position]:
        with self._mutex, self._reading("the newest snapshot"):
            row = self._writer.execute(
                f"SELECT {SNAPSHOT_COLUMNS} FROM snapshots ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        if row is None:
            return None, Position(0, self._seed)
        snapshot = read_snapshot(row)
        if snapshot is None:
            raise CorruptStore(self._folder, f"the snapshot at record {row[0]}", _RESTORE)
        return snapshot, Position(snapshot.seq, snapshot.chained)

    def _events(self, start: Position) -> Iterator[bytes]:
        with self._reading("the journal"):
            yield from events_after(self._reader, start)

    def _count_journal_bytes(self) -> int:
        (size,) = self._writer.execute("SELECT total(length(event)) FROM journal").fetchone()
        return int(size)

    def _chained(self, events: Sequence[bytes]) -> tuple[list[tuple[int, bytes, bytes]], Position]:
        seq, check = self._end.seq, self._end.check
        rows: list[tuple[int, bytes, bytes]] = []
        for event in events:
            seq += 1
            check = chained_check(check, seq, event)
            rows.append((seq, event, check))
        return rows, Position(seq, check)

    def _check_at(self, connection: sqlite3.Connection, seq: int) -> bytes:
        """Return the check on which the record after `seq` builds."""
        if seq == self._end.seq:
            return self._end.check
        row = connection.execute("SELECT digest FROM journal WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise LocalProtocolError(f"the journal has no record {seq} to take a snapshot at")
        check: bytes = row[0]
        return check

    def _insert_block(self, connection: sqlite3.Connection, block: StoredBlock) -> None:
        stored = connection.execute(
            "SELECT digest FROM blocks WHERE height = ?", (block.height,)
        ).fetchone()
        if stored == (block.digest,):
            return
        if stored is not None:
            raise StorageError(
                self._folder,
                f"it has another block than {block.digest.hex()} at height {block.height}",
                "keep the store and the logs: two decisions at one height are a fork",
            )
        (tip,) = connection.execute("SELECT max(height) FROM blocks").fetchone()
        if tip is not None and block.height != tip + 1:
            raise LocalProtocolError(f"after block {tip} comes {tip + 1}, not {block.height}")
        connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", block_row(block))
        # Where an application decides one id twice, the first place stands.
        connection.executemany(
            "INSERT OR IGNORE INTO transactions VALUES (?, ?, ?)",
            [(id_, block.height, position) for position, id_ in enumerate(block.transactions)],
        )

    def _read_blocks(self, which: str, parameter: int) -> list[StoredBlock]:
        with self._reading("the blocks"):
            rows = self._reader.execute(
                f"SELECT {BLOCK_COLUMNS} FROM blocks {which}", (parameter,)
            ).fetchall()
        blocks: list[StoredBlock] = []
        for row in rows:
            block = read_block(row)
            if block is None:
                raise CorruptStore(self._folder, f"the block at height {row[0]}", _RESTORE)
            blocks.append(block)
        return blocks

    def _check_outside(self, height: int) -> None:
        """Refuse a gap: a height without a block must lie below all stored blocks or above them."""
        with self._reading("the blocks"):
            lowest, highest = self._reader.execute(
                "SELECT min(height), max(height) FROM blocks"
            ).fetchone()
        if lowest is not None and lowest < height < highest:
            raise CorruptStore(self._folder, f"the block at height {height}", _RESTORE)

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _cannot_read(self._folder, what, error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction. A storage error ends the store's life as a writer (C-DURABLE-2)."""
        with self._mutex:
            if self._failure is not None:
                raise StorageError(
                    self._folder, f"it stopped before ({self._failure})", "start the platform again"
                )
            if not self._recovered:
                raise LocalProtocolError("a store is written to after `recover`, not before")
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._fail(str(error))
                raise _cannot_write(self._folder, error) from error
            except StorageError as error:
                self._fail(error.reason)
                raise
            except BaseException:
                self._roll_back()
                raise

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._roll_back()

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            self._writer.execute("ROLLBACK")


def _connect(folder: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{(folder / STORE_NAME).absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # FULL syncs the log at each commit; without it a commit may be lost with the power.
        for pragma in (
            "synchronous = FULL",
            "cell_size_check = ON",
            "trusted_schema = OFF",
            f"journal_size_limit = {WAL_KEPT_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _create_file(folder: Path, chain_id: bytes, platform: str) -> None:
    """Make the file with its tables; either all of them are there afterwards, or none."""
    try:
        create_private(folder / STORE_NAME, b"")
        with closing(_connect(folder, "rw")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", _meta(chain_id, platform))
            connection.execute("COMMIT")
        sync_folder(folder)
    except FileExistsError:
        raise StoreExists(folder, "there is one already", "open it, or choose a folder") from None
    except (sqlite3.Error, OSError) as error:
        raise _cannot_write(folder, error) from error


def _meta(chain_id: bytes, platform: str) -> list[tuple[str, bytes]]:
    return [
        ("format", b"%d" % FORMAT_VERSION),
        ("chain", chain_id),
        ("platform", platform.encode()),
    ]


def _shown(value: object) -> str:
    if not isinstance(value, bytes):
        return "unreadable"
    return value.decode() if value.isascii() and value.decode().isprintable() else value.hex()


def _check_batch(events: Sequence[bytes], decided: Sequence[StoredBlock]) -> None:
    if len(events) > MAX_EVENTS_PER_COMMIT:
        raise LocalProtocolError(f"{len(events)} events; at most {MAX_EVENTS_PER_COMMIT} at once")
    if any(len(event) > MAX_EVENT_BYTES for event in events):
        raise LocalProtocolError(f"an event is larger than {MAX_EVENT_BYTES} bytes")
    for block in decided:
        _check_integers(block.height, block.view, block.decided_ms)
        if any(len(id_) != ID_BYTES for id_ in block.transactions):
            raise LocalProtocolError(f"the id of a transaction has {ID_BYTES} bytes")


def _check_integers(*numbers: int) -> None:
    if not all(0 <= number <= MAX_INTEGER for number in numbers):
        raise LocalProtocolError(f"a number is not from 0 to {MAX_INTEGER}: {numbers}")


def _cannot_write(folder: Path, error: Exception) -> StorageError:
    return StorageError(
        folder, f"it cannot be written ({error})", "see to the disk and start the platform again"
    )


def _cannot_read(folder: Path, what: str, error: sqlite3.Error) -> StorageError:
    # SQLite raises the others for a file that is not as it wrote it.
    if isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError):
        return StorageError(folder, f"{what} cannot be read ({error})", "see to the disk")
    return CorruptStore(folder, f"{what} ({error})", _RESTORE)
