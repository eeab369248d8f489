"""Reading the journal: each record builds on the one before, and damage is located.

Only the check that tells a torn tail from a damaged middle may live here. Clause: C-DURABLE-3.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import attrs

from web4adapters.storage.errors import CorruptMiddle, CorruptTail
from web4adapters.storage.records import chained_check

ROWS_AT_ONCE = 256

_Row: TypeAlias = tuple[object, object, object]


@attrs.frozen
class Position:
    """A place in the journal: a record's number and its check."""

    seq: int
    check: bytes


def events_after(connection: sqlite3.Connection, start: Position) -> Iterator[bytes]:
    """Yield the events after `start`, a few rows at a time."""
    seq = start.seq
    while rows := connection.execute(
        "SELECT seq, event FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, ROWS_AT_ONCE)
    ).fetchall():
        for _, event in rows:
            yield event
        seq = rows[-1][0]


def verified_end(connection: sqlite3.Connection, folder: Path, start: Position) -> Position:
    """Check every record after `start` and return where the journal ends.

    Raises CorruptTail or CorruptMiddle at the first record that is not what was written.
    """
    end = start
    rows = connection.execute(
        "SELECT seq, event, digest FROM journal WHERE seq > ? ORDER BY seq", (start.seq,)
    )
    for row in rows:
        if not _follows(end, row):
            raise _placed(folder, end, row, rows)
        end = _position(row, end)
    return end


def _follows(previous: Position, row: _Row) -> bool:
    """Tell whether a record is the next one and its check holds."""
    seq, event, check = row
    return (
        seq == previous.seq + 1
        and isinstance(event, bytes)
        and check == chained_check(previous.check, previous.seq + 1, event)
    )


def _position(row: _Row, otherwise: Position) -> Position:
    seq, _, check = row
    if isinstance(seq, int) and isinstance(check, bytes):
        return Position(seq, check)
    return otherwise


def _placed(
    folder: Path, sound: Position, bad: _Row, rest: Iterator[_Row]
) -> CorruptTail | CorruptMiddle:
    """The error for a bad record: after a torn tail nothing is sound, and no number is missing."""
    seq = sound.seq + 1
    if bad[0] != seq:
        return CorruptMiddle(folder, seq)
    # Either the event of the bad record has changed, or its check. The next record shows which:
    # it builds on the stored check, or on the check that the event ought to have.
    candidates = [_position(bad, sound)]
    if isinstance(bad[1], bytes):
        candidates.append(Position(seq, chained_check(sound.check, seq, bad[1])))
    for row in rest:
        if any(_follows(candidate, row) for candidate in candidates):
            return CorruptMiddle(folder, seq)
        candidates = [_position(row, sound)]
    return CorruptTail(folder, seq)
