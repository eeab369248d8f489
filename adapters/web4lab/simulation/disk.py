"""The disk of a platform: a store and a guard, and what a power cut leaves of them.

Data written and not synchronised is lost at a crash, or kept in part, or torn.
The checks that find damage are those of the shipped store: each record's covers all before it.
Clauses: C-DURABLE-1 to C-DURABLE-3, C-GUARD-4; simulated is the operating system of assumption 6.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field, frozen

from web4adapters.storage.records import chained_check
from web4core import Memory, decode_plain, encode_plain
from web4lab.simulation.prng import Prng

CHECK_BYTES = 32
MAX_RECORD_BYTES = 1 << 28
SLOTS: Final = 2
LOST, TORN = "lost", "torn"


class DiskFull(Exception):
    """A write failed; the platform must stop (C-DURABLE-2)."""


class Damaged(Exception):
    """A record has changed, and others follow it: no crash does that (C-DURABLE-3)."""

    def __init__(self, record: int) -> None:
        super().__init__(f"record {record} is damaged")
        self.record = record


@frozen
class StoredBlock:
    """A decided block as it is kept: encoded as a `Decided`, with the ids of its transactions."""

    height: int
    digest: bytes
    decided: bytes
    transactions: tuple[bytes, ...]


@frozen
class Record:
    """One commit of the store: events, and the blocks that they decided.

    A record with a state is a snapshot: the first `seq` events are folded into that.
    """

    events: tuple[bytes, ...]
    blocks: tuple[StoredBlock, ...]
    state: bytes | None = None
    seq: int = 0


@frozen
class Recovered:
    """The start of a platform after a stop: a state, if any, the events since, and all blocks."""

    state: bytes | None
    seq: int
    """The number of events that are folded into the state."""
    events: tuple[bytes, ...]
    blocks: tuple[StoredBlock, ...]


@define(eq=False)
class Store:
    """Records, one after the other. They are durable once `sync` was called."""

    seed: bytes
    full: bool = False
    _records: list[bytes] = field(factory=list, init=False)
    _synced: int = field(default=0, init=False)
    _checks: list[bytes] = field(factory=list, init=False)
    _failed: bool = field(default=False, init=False)

    def append(self, record: Record) -> None:
        """Write a record into the cache of the operating system. Raises `DiskFull`."""
        if self.full or self._failed:
            self._failed = True  # C-DURABLE-2: after a failed write there is no other
            raise DiskFull
        body = _record_bytes(record)
        check = chained_check(self._last_check(), len(self._records) + 1, body)
        self._records.append(body + check)
        self._checks.append(check)

    def sync(self) -> None:
        """Make all that was written durable (C-DURABLE-1)."""
        self._synced = len(self._records)

    @property
    def records(self) -> int:
        """The number of records that were written."""
        return len(self._records)

    @property
    def has_unsynced(self) -> bool:
        """Whether a crash could lose something now."""
        return len(self._records) > self._synced

    def crash(self, dice: Prng) -> str | None:
        """Keep all durable records and, of the rest, those that happened to reach the disk."""
        unsynced = len(self._records) - self._synced
        if not unsynced:
            return None
        kept = self._synced + dice.below(unsynced + 1)
        torn = kept > self._synced and dice.chance(500)
        del self._records[kept:]
        if torn:
            last = self._records[-1]
            self._records[-1] = last[: dice.below(len(last))]
        return TORN if torn else LOST

    def flip(self, dice: Prng) -> int | None:
        """Flip a bit in a durable record; return the record's number.

        Often it is the newest: of all, the one that can pass for torn.
        """
        if not self._records:
            return None
        newest = len(self._records) - 1
        place = newest if dice.chance(500) else dice.below(newest + 1)
        damaged = bytearray(self._records[place])
        damaged[dice.below(len(damaged))] ^= 1 << dice.below(8)
        self._records[place] = bytes(damaged)
        return place + 1

    def recover(self) -> Recovered:
        """Read all that is sound. A bad last record was torn, and never counted (C-DURABLE-3).

        Raises `Damaged` for a bad one in the middle.
        """
        self._failed = False
        self._checks.clear()
        found: list[Record] = []
        for place, data in enumerate(self._records):
            body, check = data[:-CHECK_BYTES], data[-CHECK_BYTES:]
            if check != chained_check(self._last_check(), place + 1, body):
                if place + 1 < len(self._records):
                    raise Damaged(place + 1)
                self._records.pop()
                break
            self._checks.append(check)
            found.append(_record_of(body))
        self._synced = len(self._records)
        return _recovered(found)

    def events(self) -> tuple[bytes, ...]:
        """All events in sound records, for an auditor."""
        return tuple(
            event
            for data, check in zip(self._records, self._checks, strict=False)
            if data.endswith(check)
            for event in _record_of(data[:-CHECK_BYTES]).events
        )

    def drop_from(self, record: int) -> None:
        """Forget the records from this one on; an operator's decision."""
        del self._records[record - 1 :]

    def _last_check(self) -> bytes:
        return self._checks[-1] if self._checks else self.seed


@define(eq=False)
class GuardFile:
    """The guard's memory, in two slots that are written in turn.

    A crash in the middle of a write damages the slot that was written to; the other is the truth
    then, since no signature has left.
    """

    _slots: list[tuple[int, Memory] | None] = field(init=False)
    _written: tuple[int, Memory] | None = field(default=None, init=False)
    memory: Memory = field(default=Memory(), init=False)

    def __attrs_post_init__(self) -> None:
        self._slots = [(number, self.memory) for number in range(SLOTS)]

    def write(self, memory: Memory) -> None:
        """Write into the slot that is older."""
        number = 1 + max(slot[0] for slot in self._slots if slot is not None)
        self._written = (number, memory)

    def sync(self) -> None:
        """Make the last write durable; from now on it is `memory`."""
        if self._written is not None:
            self._slots[self._written[0] % SLOTS] = self._written
            self.memory = self._written[1]
            self._written = None

    def crash(self, dice: Prng) -> None:
        """Crash: the write that was not synchronised is lost, torn, or kept."""
        if self._written is not None:
            place = self._written[0] % SLOTS
            self._slots[place] = dice.pick((self._slots[place], None, self._written))
            self._written = None

    def open(self) -> None:
        """Read it again after a crash."""
        sound = [slot for slot in self._slots if slot is not None]
        _, self.memory = max(sound, key=lambda slot: slot[0])


@define(eq=False)
class Disk:
    """A platform's disk: the time of a sync, its store, and its guard."""

    store: Store
    sync_us: int
    slowness: int = 1
    """The factor by which a sync takes longer than usual at the moment."""
    guard: GuardFile = field(factory=GuardFile)

    def crash(self, dice: Prng) -> str | None:
        """Cut the power; return the store's loss."""
        self.guard.crash(dice)
        return self.store.crash(dice)

    @property
    def delay_us(self) -> int:
        """The time of a sync now."""
        return self.sync_us * self.slowness


def _record_bytes(record: Record) -> bytes:
    blocks = tuple(
        (block.height, block.digest, block.decided, block.transactions) for block in record.blocks
    )
    return encode_plain((record.events, blocks, record.state, record.seq))


def _record_of(body: bytes) -> Record:
    # the check of the record held, so these are the bytes that were written
    plain: Any = decode_plain(body, MAX_RECORD_BYTES)
    events, blocks, state, seq = plain
    return Record(events, tuple(StoredBlock(*block) for block in blocks), state, seq)


def _recovered(records: list[Record]) -> Recovered:
    newest = Record((), ())
    for record in records:
        if record.state is not None:
            newest = record
    events = tuple(event for record in records for event in record.events)
    blocks = tuple(block for record in records for block in record.blocks)
    return Recovered(newest.state, newest.seq, events[newest.seq :], blocks)
