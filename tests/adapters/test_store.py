"""The store: what it keeps through crashes, what it notices, whom it keeps out."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from web4adapters.storage import (
    CorruptMiddle,
    CorruptStore,
    CorruptTail,
    StorageError,
    Store,
    StoredBlock,
    StoreExists,
    StoreLocked,
    StoreMismatch,
    StoreMissing,
)
from web4adapters.storage.store import STORE_NAME
from web4core.errors import LocalProtocolError

CHAIN = b"\x11" * 32
OTHER_CHAIN = b"\x22" * 32
THOR = "Thor"
KILLS = 10
SPARSE = 97
"""Distance between the bytes that are flipped in a whole file."""


def event(seq: int) -> bytes:
    return b"event %d " % seq + b"." * (seq % 50)


def events(first: int, last: int) -> list[bytes]:
    return [event(seq) for seq in range(first, last + 1)]


def id_of(height: int, position: int) -> bytes:
    return height.to_bytes(16, "big") + position.to_bytes(16, "big")


def block(height: int, content: bytes = b"block") -> StoredBlock:
    return StoredBlock(
        height=height,
        view=height % 3,
        digest=height.to_bytes(32, "little"),
        block=content * (height + 1),
        certificate=b"certificate %d" % height,
        decided_ms=1_700_000_000_000 + height,
        transactions=tuple(id_of(height, position) for position in range(height % 4)),
    )


def open_store(folder: Path) -> Store:
    return Store.open(folder, CHAIN, THOR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "thor"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.create(folder, CHAIN, THOR) as store:
        store.recover()
        yield store


@pytest.fixture
def filled(folder: Path) -> Path:
    """A closed store with 10 events, 5 of them in a snapshot, and blocks 1 to 6."""
    with Store.create(folder, CHAIN, THOR) as store:
        store.recover()
        store.commit(events(1, 5), [block(height) for height in range(1, 4)])
        store.snapshot(5, 3, b"state after 5")
        store.commit(events(6, 10), [block(height) for height in range(4, 7)])
    return folder


def alter(folder: Path, statement: str, *parameters: object) -> None:
    """Change a closed store behind its back."""
    connection = sqlite3.connect(folder / STORE_NAME)
    try:
        changed = connection.execute(statement, parameters).rowcount
        connection.commit()
    finally:
        connection.close()
    assert changed == 1


def in_child(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


# --- what is kept ------------------------------------------------------------------------------


@pytest.mark.clause("C-DURABLE-1")
def test_every_commit_waits_for_the_disk(store: Store) -> None:
    """What a sync is worth cannot be seen without cutting the power; that it is asked for can."""
    (synchronous,) = store._writer.execute("PRAGMA synchronous").fetchone()
    (mode,) = store._writer.execute("PRAGMA journal_mode").fetchone()
    assert (synchronous, mode) == (2, "wal")  # 2 is FULL


@pytest.mark.clause("C-DURABLE-1")
def test_events_come_back_in_order(store: Store, folder: Path) -> None:
    store.commit(events(1, 2), [])
    store.commit(events(3, 600), [])
    store.close()

    with open_store(folder) as reopened:
        assert list(reopened.recover().events) == events(1, 600)


def test_a_commit_returns_the_number_of_its_last_event(store: Store) -> None:
    store.commit(events(1, 3), [])

    assert store.commit(events(4, 5), []) == 5


def test_a_new_store_recovers_to_nothing(store: Store) -> None:
    recovered = store.recover()

    assert (recovered.snapshot, list(recovered.events), recovered.last_seq) == (None, [], 0)


def test_a_snapshot_comes_back_with_the_events_after_it(filled: Path) -> None:
    with open_store(filled) as store:
        recovered = store.recover()

        assert (recovered.snapshot, recovered.snapshot_height, list(recovered.events)) == (
            b"state after 5",
            3,
            events(6, 10),
        )


def test_numbering_goes_on_after_a_snapshot_of_everything(store: Store, folder: Path) -> None:
    store.commit(events(1, 3), [])
    store.snapshot(3, 0, b"state")
    store.close()

    with open_store(folder) as reopened:
        reopened.recover()
        assert reopened.commit(events(4, 4), []) == 4


def test_only_the_two_newest_snapshots_are_kept(store: Store, folder: Path) -> None:
    for seq in range(1, 5):
        store.commit(events(seq, seq), [])
        store.snapshot(seq, seq, b"state %d" % seq)
    store.close()

    connection = sqlite3.connect(folder / STORE_NAME)
    kept = connection.execute("SELECT state FROM snapshots ORDER BY seq").fetchall()
    connection.close()
    assert kept == [(b"state 3",), (b"state 4",)]


@pytest.mark.parametrize("seq", [0, 4, 99])
def test_a_snapshot_of_records_that_are_not_there_is_refused(store: Store, seq: int) -> None:
    store.commit(events(1, 5), [])
    store.snapshot(5, 0, b"state")
    store.commit(events(6, 7), [])

    with pytest.raises(LocalProtocolError, match=f"no record {seq}"):
        store.snapshot(seq, 0, b"state")


def test_the_size_of_the_journal_is_that_of_the_events_since_the_snapshot(store: Store) -> None:
    store.commit([b"12345", b"678"], [])
    before = store.journal_bytes()
    store.snapshot(1, 0, b"state")

    assert (before, store.journal_bytes()) == (8, 3)


def test_the_size_of_the_journal_is_known_after_a_restart(filled: Path) -> None:
    with open_store(filled) as store:
        store.recover()

        assert store.journal_bytes() == len(b"".join(events(6, 10)))


def test_a_block_comes_back_as_it_was(filled: Path) -> None:
    with open_store(filled) as store:
        assert store.block(6) == block(6)


def test_a_block_that_is_not_here_is_none(filled: Path) -> None:
    with open_store(filled) as store:
        assert (store.block(0), store.block(7)) == (None, None)


def test_the_tip_is_the_highest_block(filled: Path) -> None:
    with open_store(filled) as store:
        assert store.tip() == block(6)


def test_a_new_store_has_no_tip(store: Store) -> None:
    assert store.tip() is None


def test_a_transaction_is_found_by_its_id(filled: Path) -> None:
    with open_store(filled) as store:
        assert store.transaction(id_of(3, 2)) == (3, 2)


def test_an_unknown_transaction_is_none(filled: Path) -> None:
    with open_store(filled) as store:
        assert store.transaction(id_of(3, 3)) is None


@pytest.mark.parametrize(
    ("height", "limit", "max_bytes", "heights"),
    [
        (2, 3, 10_000, [2, 3, 4]),
        (5, 9, 10_000, [5, 6]),
        (7, 9, 10_000, []),
        (1, 9, 0, [1]),
        (1, 0, 10_000, []),
        # block(1) has 10 + 13 bytes, block(2) 15 + 13, block(3) 20 + 13
        (1, 9, 23 + 28, [1, 2]),
        (1, 9, 23 + 28 + 32, [1, 2]),
        (1, 9, 23 + 28 + 33, [1, 2, 3]),
    ],
)
def test_blocks_are_given_up_to_a_count_and_a_size(
    filled: Path, height: int, limit: int, max_bytes: int, heights: list[int]
) -> None:
    with open_store(filled) as store:
        found = store.blocks_from(height, limit, max_bytes)

    assert [one.height for one in found] == heights


def test_a_block_stored_twice_is_stored_once(store: Store) -> None:
    store.commit([], [block(1)])
    store.commit([], [block(1), block(2)])

    assert [one.height for one in store.blocks_from(1, 9, 10_000)] == [1, 2]


def test_a_second_decision_at_one_height_stops_the_store(store: Store) -> None:
    store.commit([], [block(1)])
    other = attrs.evolve(block(1), digest=b"\xff" * 32)

    with pytest.raises(StorageError, match="another block"):
        store.commit([b"event"], [other])

    with pytest.raises(StorageError, match="stopped before"):
        store.commit([b"event"], [])


def test_a_gap_between_blocks_is_refused_and_nothing_of_the_batch_is_kept(store: Store) -> None:
    store.commit([], [block(1)])

    with pytest.raises(LocalProtocolError, match="after block 2 comes 3, not 4"):
        store.commit([b"event"], [block(2), block(4)])

    assert (store.block(2), store.commit([event(1)], [block(2)])) == (None, 1)


def test_what_is_read_does_not_wait_for_the_writer(store: Store) -> None:
    store.commit([], [block(1)])

    with store._writing() as connection:
        connection.execute("DELETE FROM blocks")
        seen = store.block(1)

    assert seen == block(1)


def test_nothing_is_written_before_recovery(filled: Path) -> None:
    with open_store(filled) as store, pytest.raises(LocalProtocolError, match="after `recover`"):
        store.commit([b"event"], [])


# --- whose store -------------------------------------------------------------------------------


def test_the_store_of_another_chain_is_refused(filled: Path) -> None:
    with pytest.raises(StoreMismatch, match="its chain is 1111"):
        Store.open(filled, OTHER_CHAIN, THOR)


def test_the_store_of_another_platform_is_refused(filled: Path) -> None:
    with pytest.raises(StoreMismatch, match="its platform is Thor, not Sprout"):
        Store.open(filled, CHAIN, "Sprout")


def test_another_format_is_refused(filled: Path) -> None:
    alter(filled, "UPDATE meta SET value = ? WHERE name = 'format'", b"999")

    with pytest.raises(StoreMismatch, match="its format is 999, not 1"):
        open_store(filled)


def test_a_missing_store_is_an_error_and_is_not_made_silently(folder: Path) -> None:
    folder.mkdir()

    with pytest.raises(StoreMissing, match="`web4 init`"):
        open_store(folder)

    assert list(folder.iterdir()) == []


def test_creating_never_overwrites(filled: Path) -> None:
    with pytest.raises(StoreExists):
        Store.create(filled, CHAIN, THOR)


def test_an_interrupted_creation_is_told_as_such(folder: Path) -> None:
    folder.mkdir()
    (folder / STORE_NAME).touch()

    with pytest.raises(StoreMissing, match="creation was interrupted"):
        open_store(folder)


def test_the_files_of_a_store_are_private(store: Store, folder: Path) -> None:
    store.commit([b"event"], [])

    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()]} == {0}


@pytest.mark.clause("C-DURABLE-4")
def test_a_second_process_is_told_who_has_the_store(store: Store, folder: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from web4adapters.storage import Store, StoreLocked\n"
        "try:\n"
        "    Store.open(pathlib.Path(sys.argv[1]), b'\\x11' * 32, 'Thor')\n"
        "except StoreLocked as error:\n"
        "    print(error.pid)\n"
    )
    child = in_child(program, str(folder))
    said, _ = child.communicate(timeout=60)

    assert said.strip() == str(os.getpid())


@pytest.mark.clause("C-DURABLE-4")
def test_a_second_opening_in_the_same_process_is_refused(store: Store, folder: Path) -> None:
    with pytest.raises(StoreLocked):
        open_store(folder)


def test_closing_lets_the_next_one_in(store: Store, folder: Path) -> None:
    store.close()
    store.close()

    with open_store(folder) as reopened:
        assert reopened.recover().last_seq == 0


# --- damage ------------------------------------------------------------------------------------


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize("column", ["event", "digest"])
def test_a_damaged_last_record_is_a_corrupt_tail(filled: Path, column: str) -> None:
    alter(filled, f"UPDATE journal SET {column} = x'00' WHERE seq = 10")

    with open_store(filled) as store, pytest.raises(CorruptTail) as caught:
        store.recover()

    assert caught.value.seq == 10


@pytest.mark.clause("C-DURABLE-3")
def test_several_damaged_last_records_are_a_corrupt_tail(filled: Path) -> None:
    for seq in (8, 9, 10):
        alter(filled, "UPDATE journal SET event = x'00', digest = x'00' WHERE seq = ?", seq)

    with open_store(filled) as store, pytest.raises(CorruptTail) as caught:
        store.recover()

    assert caught.value.seq == 8


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize("column", ["event", "digest"])
@pytest.mark.parametrize("seq", [6, 7, 8, 9])
def test_a_damaged_record_before_a_sound_one_is_a_corrupt_middle(
    filled: Path, column: str, seq: int
) -> None:
    alter(filled, f"UPDATE journal SET {column} = x'00' WHERE seq = ?", seq)

    with open_store(filled) as store, pytest.raises(CorruptMiddle) as caught:
        store.recover()

    assert caught.value.seq == seq


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize("seq", [6, 8, 9])
def test_a_lost_record_before_others_is_a_corrupt_middle(filled: Path, seq: int) -> None:
    alter(filled, "DELETE FROM journal WHERE seq = ?", seq)

    with open_store(filled) as store, pytest.raises(CorruptMiddle) as caught:
        store.recover()

    assert caught.value.seq == seq


@pytest.mark.clause("C-DURABLE-3")
def test_records_of_another_chain_are_not_taken_for_ours(tmp_path: Path, folder: Path) -> None:
    with Store.create(tmp_path / "other", OTHER_CHAIN, THOR) as other:
        other.recover()
        other.commit(events(1, 2), [])
    alter(tmp_path / "other", "UPDATE meta SET value = ? WHERE name = 'chain'", CHAIN)

    with open_store(tmp_path / "other") as store, pytest.raises(CorruptMiddle):
        store.recover()


def test_a_dropped_tail_leaves_the_sound_records_and_a_store_that_goes_on(filled: Path) -> None:
    alter(filled, "UPDATE journal SET event = x'00' WHERE seq = 10")
    with open_store(filled) as store:
        store.drop_tail(10)
        store.recover()
        store.commit([b"another tenth"], [])

        assert list(store.recover().events) == [*events(6, 9), b"another tenth"]


def test_dropping_too_short_a_tail_is_refused_and_drops_nothing(filled: Path) -> None:
    alter(filled, "UPDATE journal SET event = x'00' WHERE seq = 9")
    with open_store(filled) as store, pytest.raises(CorruptTail):
        store.drop_tail(10)

    with open_store(filled) as store, pytest.raises(CorruptMiddle):
        store.recover()


def test_a_tail_that_reaches_into_the_snapshot_is_not_dropped(filled: Path) -> None:
    with open_store(filled) as store, pytest.raises(LocalProtocolError, match="after record 5"):
        store.drop_tail(5)


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize("column", ["seq", "height", "state", "chained", "row_digest"])
def test_damage_to_any_part_of_the_snapshot_is_found(filled: Path, column: str) -> None:
    value = 77 if column in ("seq", "height") else b"damaged"
    alter(filled, f"UPDATE snapshots SET {column} = ?", value)

    with open_store(filled) as store, pytest.raises(CorruptStore, match="the snapshot at record"):
        store.recover()


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize(
    "column",
    ["view", "digest", "block", "certificate", "decided_ms", "ids", "row_digest"],
)
@pytest.mark.parametrize("value", [77, b"damaged", "text"])
def test_damage_to_any_part_of_a_block_is_found(filled: Path, column: str, value: object) -> None:
    alter(filled, f"UPDATE blocks SET {column} = ? WHERE height = 4", value)

    with open_store(filled) as store, pytest.raises(CorruptStore, match="block at height 4"):
        store.block(4)


@pytest.mark.clause("C-DURABLE-3")
def test_a_block_under_another_height_is_found(filled: Path) -> None:
    alter(filled, "UPDATE blocks SET height = 77 WHERE height = 6")

    with open_store(filled) as store, pytest.raises(CorruptStore, match="block at height 77"):
        store.tip()


@pytest.mark.clause("C-DURABLE-3")
def test_a_lost_block_below_the_tip_is_found(filled: Path) -> None:
    alter(filled, "DELETE FROM blocks WHERE height = 4")

    with open_store(filled) as store, pytest.raises(CorruptStore, match="block at height 4"):
        store.blocks_from(2, 9, 10_000)


@pytest.mark.clause("C-DURABLE-3")
@pytest.mark.parametrize("change", ["height = 2", "position = 1", "height = 99"])
def test_a_transaction_that_leads_elsewhere_is_found(filled: Path, change: str) -> None:
    alter(filled, f"UPDATE transactions SET {change} WHERE id = ?", id_of(3, 2))

    with open_store(filled) as store, pytest.raises(CorruptStore, match="index of transactions"):
        store.transaction(id_of(3, 2))


def read_all(folder: Path) -> tuple[object, ...]:
    with open_store(folder) as store:
        recovered = store.recover()
        blocks = [store.block(height) for height in range(8)]
        return recovered.snapshot, list(recovered.events), blocks, store.tip()


@pytest.mark.clause("C-DURABLE-3")
def test_no_flipped_byte_of_the_file_gives_a_false_answer(filled: Path) -> None:
    sound, truth = (filled / STORE_NAME).read_bytes(), read_all(filled)
    noticed = 0
    for offset in range(0, len(sound), SPARSE):
        flipped = bytearray(sound)
        flipped[offset] ^= 0x5A
        (filled / STORE_NAME).write_bytes(flipped)
        try:
            answer = read_all(filled)
        except StorageError:
            noticed += 1
        else:
            assert answer == truth, f"byte {offset}"

    assert noticed > 0


# --- crashes and broken disks ------------------------------------------------------------------


@pytest.mark.clause("C-DURABLE-1")
def test_a_log_cut_anywhere_leaves_whole_commits(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    batches = [(1, 1), (2, 4), (5, 5), (6, 40)]
    for first, last in batches:
        store.commit(events(first, last), [])
    main = (folder / STORE_NAME).read_bytes()
    log = (folder / f"{STORE_NAME}-wal").read_bytes()
    ends = set[int]()
    for cut in [*range(0, len(log), 1009), len(log)]:
        copy = tmp_path / f"cut{cut}"
        copy.mkdir()
        (copy / STORE_NAME).write_bytes(main)
        (copy / f"{STORE_NAME}-wal").write_bytes(log[:cut])
        with open_store(copy) as cut_store:
            found = list(cut_store.recover().events)
        assert found == events(1, len(found))
        ends.add(len(found))

    assert ends == {0, *(last for _, last in batches)}


WRITER = """
import pathlib, sys
from tests.adapters.test_store import THOR, CHAIN, block, event
from web4adapters.storage import Store
store = Store.open(pathlib.Path(sys.argv[1]), CHAIN, THOR)
recovered = store.recover()
seq, tip = recovered.last_seq, store.tip()
height = tip.height if tip else 0
print("ready", seq, height, flush=True)
while True:
    height += 1
    batch = [event(n) for n in range(seq + 1, seq + 4)]
    seq = store.commit(batch, [block(height)])
    print("saved", seq, height, flush=True)
    if height % 7 == 0:
        store.snapshot(seq, height, b"state %d" % seq)
"""


@pytest.mark.clause("C-DURABLE-1")
def test_a_killed_writer_loses_nothing_it_had_confirmed(folder: Path) -> None:
    Store.create(folder, CHAIN, THOR).close()
    pauses = random.Random(20)  # a fixed series of moments
    confirmed = (0, 0)
    for _ in range(KILLS):
        confirmed = max(confirmed, killed_writer(folder, pauses.uniform(0.0, 0.05)))
        with open_store(folder) as store:
            recovered = store.recover()
            first = recovered.last_seq - len(found := list(recovered.events)) + 1
            tip = store.tip()
            height = tip.height if tip else 0

            assert found == events(first, recovered.last_seq)
            assert (recovered.last_seq, height) >= confirmed
            assert recovered.last_seq == 3 * height
            assert [store.block(h) for h in range(1, height + 1)] == [
                block(h) for h in range(1, height + 1)
            ]

    assert confirmed > (0, 0)


def killed_writer(folder: Path, pause_s: float) -> tuple[int, int]:
    """Let a process write for a while, kill it, and return what it had confirmed."""
    child = in_child(WRITER, str(folder))
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(pause_s)
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=60)
    # A line may be cut by the kill; what it says had been saved all the same, but not all of it.
    whole = [line.split() for line in said.splitlines(keepends=True) if line.endswith("\n")]
    return max(((int(seq), int(height)) for _, seq, height in whole), default=(0, 0))


FILLER = """
import pathlib, resource, sys
from tests.adapters.test_store import THOR, CHAIN
from web4adapters.storage import StorageError, Store
store = Store.open(pathlib.Path(sys.argv[1]), CHAIN, THOR)
store.recover()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
saved = 0
try:
    for _ in range(1000):
        saved = store.commit([bytes(1000)], [])
except StorageError as error:
    print(saved, "first", "cannot be written" in str(error))
try:
    store.commit([b"small"], [])
except StorageError as error:
    print(saved, "then", "stopped before" in str(error))
"""


@pytest.mark.clause("C-DURABLE-2")
def test_a_full_disk_stops_the_store_and_keeps_what_was_confirmed(folder: Path) -> None:
    Store.create(folder, CHAIN, THOR).close()
    child = in_child(FILLER, str(folder))
    said, _ = child.communicate(timeout=60)
    lines = said.splitlines()
    saved = int(lines[0].split()[0])

    assert lines == [f"{saved} first True", f"{saved} then True"]
    with open_store(folder) as store:
        assert store.recover().last_seq == saved > 0


class Broken:
    """A connection on which one statement fails."""

    def __init__(self, connection: sqlite3.Connection, statement: str, error: Exception) -> None:
        self._connection = connection
        self._statement = statement
        self._error = error

    def execute(self, statement: str, *parameters: Sequence[int | str | bytes]) -> object:
        if statement.startswith(self._statement):
            raise self._error
        return self._connection.execute(statement, *parameters)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


WRITES: list[Callable[[Store], object]] = [
    lambda store: store.commit([b"event"], []),
    lambda store: store.snapshot(2, 0, b"state"),
    lambda store: store.drop_tail(2),
]


@pytest.mark.clause("C-DURABLE-2")
@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT"])
@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("disk I/O error"), OSError(5, "Input/output error")]
)
@pytest.mark.parametrize("write", WRITES)
def test_after_a_failed_write_every_write_fails(
    store: Store, statement: str, error: Exception, write: Callable[[Store], object]
) -> None:
    store.commit(events(1, 2), [])
    sound = store._writer
    store._writer = Broken(sound, statement, error)  # type: ignore[assignment]
    with pytest.raises(StorageError, match="cannot be written"):
        write(store)
    store._writer = sound

    with pytest.raises(StorageError, match="stopped before"):
        store.commit([b"event"], [])


@pytest.mark.clause("C-DURABLE-2")
def test_a_failed_write_leaves_what_was_there(store: Store, folder: Path) -> None:
    store.commit(events(1, 2), [block(1)])
    sound = store._writer
    store._writer = Broken(sound, "COMMIT", OSError(5, "error"))  # type: ignore[assignment]
    with pytest.raises(StorageError):
        store.commit(events(3, 4), [block(2)])
    store._writer = sound
    store.close()

    with open_store(folder) as reopened:
        assert (list(reopened.recover().events), reopened.tip()) == (events(1, 2), block(1))


def test_an_unwritable_place_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot be written"):
        Store.create(tmp_path / "file" / "thor", CHAIN, THOR)


def test_a_closed_store_answers_with_a_storage_error(store: Store) -> None:
    store.close()

    with pytest.raises(StorageError, match="cannot be read"):
        store.block(1)


# --- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [-1, 2**63])
def test_a_height_beyond_the_format_is_refused(store: Store, height: int) -> None:
    with pytest.raises(LocalProtocolError, match="not from 0 to"):
        store.block(height)


def test_an_id_of_another_length_is_refused(store: Store) -> None:
    with pytest.raises(LocalProtocolError, match="32 bytes"):
        store.commit([], [attrs.evolve(block(1), transactions=(b"short",))])


@pytest.mark.parametrize(("bound", "value"), [("MAX_EVENTS_PER_COMMIT", 1), ("MAX_EVENT_BYTES", 3)])
def test_a_batch_beyond_a_bound_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(f"web4adapters.storage.store.{bound}", value)

    with pytest.raises(LocalProtocolError, match=f"{value} at once|larger than {value}"):
        store.commit([b"1234", b"5678"], [])


def test_a_state_beyond_the_bound_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web4adapters.storage.store.MAX_STATE_BYTES", 3)

    with pytest.raises(LocalProtocolError, match="at most 3"):
        store.snapshot(0, 0, b"1234")
