"""Consensus does not know the ledger: a notebook is agreed on just as well."""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from tests.support.federation import Federation
from web4core.application import Applied, Chosen, Pooled, Refusal
from web4core.chain import Genesis
from web4core.schema import Schema, octets, sequence
from web4core.signature_check import SignatureCheck
from web4core.types import StateRoot, TransactionId

MAX_NOTES = 1000


@frozen
class Note:
    """A line in the notebook."""

    encoded: bytes

    @property
    def id(self) -> TransactionId:
        return TransactionId(hashlib.sha256(self.encoded).digest())


_NOTE = Schema(
    lambda note: note.encoded, lambda plain: Note(octets(1, 100).load(plain)), "a note's bytes"
)
_NOTES: Schema[tuple[Note, ...]] = sequence(_NOTE, MAX_NOTES)


@frozen
class Notebook:
    """An application whose state is all notes, in order; the same note never stands in it twice."""

    state_schema: Schema[tuple[Note, ...]] = field(default=_NOTES, repr=False)
    pool_schema: Schema[tuple[Note, ...]] = field(default=_NOTES, repr=False)

    @classmethod
    def of(cls, _genesis: Genesis) -> Notebook:
        return cls()

    def decode(self, encoded: bytes) -> Note:
        return _NOTE.load(encoded)

    def signature_checks(self, item: Note) -> tuple[SignatureCheck, ...]:
        return ()

    def initial(self, content: bytes) -> tuple[Note, ...]:
        return ()

    def root(self, state: tuple[Note, ...]) -> StateRoot:
        return StateRoot(hashlib.sha256(_NOTES.encode(state)).digest())

    def apply(
        self, state: tuple[Note, ...], payload: tuple[Note, ...], time_ms: int
    ) -> Applied[tuple[Note, ...]] | Refusal:
        for note in payload:
            if note in state:
                return Refusal(note.id, "written-before")
            state = (*state, note)
        return Applied(state, self.root(state), ())

    def empty_pool(self) -> tuple[Note, ...]:
        return ()

    def pending(self, pool: tuple[Note, ...]) -> int:
        return len(pool)

    def waiting(self, pool: tuple[Note, ...], limit: int) -> tuple[Note, ...]:
        return pool[:limit]

    def admit(
        self,
        state: tuple[Note, ...],
        pool: tuple[Note, ...],
        items: tuple[Note, ...],
        time_ms: int,
        capacity: int,
    ) -> Pooled[tuple[Note, ...], Note]:
        added = tuple(note for note in items if note not in state and note not in pool)
        return Pooled(pool + added, (), added)

    def choose(
        self,
        state: tuple[Note, ...],
        pool: tuple[Note, ...],
        time_ms: int,
        start: bytes,
        items: int,
        size: int,
    ) -> Chosen[tuple[Note, ...], Note]:
        applied = self.apply(state, pool[:items], time_ms)
        assert isinstance(applied, Applied)
        return Chosen(pool[:items], applied)

    def recheck(
        self,
        state: tuple[Note, ...],
        pool: tuple[Note, ...],
        touched: tuple[bytes, ...] | None,
        included: tuple[Note, ...],
        time_ms: int,
    ) -> Pooled[tuple[Note, ...], Note]:
        return Pooled(tuple(note for note in pool if note not in state), ())


def test_four_platforms_agree_on_a_notebook() -> None:
    fed = Federation(4, application=Notebook.of)
    fed.submit(0, Note(b"first"), Note(b"second"))
    fed.submit(3, Note(b"third"))
    fed.settle()
    states = [node.state for node in fed.nodes.values()]
    written = [[note.encoded for note in state.app] for state in states]
    assert all(sorted(each) == [b"first", b"second", b"third"] for each in written)
    assert len({state.tip.digest for state in states}) == 1
