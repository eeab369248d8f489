"""An application with next to nothing in it, so that only consensus is measured.

View 0 proposes no empty block (C-PROP-3), so its blocks carry one mark of eight bytes that nobody
signs, and its state is the number of marks so far.
"""

from __future__ import annotations

from attrs import frozen

from web4core import (
    DIGEST_BYTES,
    Applied,
    Chosen,
    Genesis,
    Pooled,
    Refusal,
    RemoteProtocolError,
    Schema,
    SignatureCheck,
    StateRoot,
    TransactionId,
    uint,
)

MARK_BYTES = 8


@frozen
class Mark:
    """The number of a block, as an item."""

    encoded: bytes

    @property
    def id(self) -> TransactionId:
        """Its own bytes, made as long as a digest."""
        return TransactionId(self.encoded.rjust(DIGEST_BYTES, b"\0"))


def _mark(number: int) -> Mark:
    return Mark(number.to_bytes(MARK_BYTES, "big"))


class Blank:
    """Always has one item waiting: the next mark."""

    state_schema: Schema[int] = uint()
    pool_schema: Schema[int] = uint()

    @classmethod
    def of(cls, _genesis: Genesis) -> Blank:
        """The same on every chain."""
        return cls()

    def decode(self, encoded: bytes) -> Mark:
        """A mark of eight bytes."""
        if len(encoded) != MARK_BYTES:
            raise RemoteProtocolError("W-TYPE-2", f"a mark has {MARK_BYTES} bytes")
        return Mark(encoded)

    def signature_checks(self, _item: Mark) -> tuple[SignatureCheck, ...]:
        """Nobody signs a mark."""
        return ()

    def initial(self, _content: bytes) -> int:
        """No marks yet."""
        return 0

    def root(self, state: int) -> StateRoot:
        """The count, as long as a digest."""
        return StateRoot(state.to_bytes(DIGEST_BYTES, "big"))

    def apply(self, state: int, payload: tuple[Mark, ...], _time_ms: int) -> Applied[int] | Refusal:
        """Count the one mark that comes next."""
        if payload != (_mark(state + 1),):
            return Refusal(TransactionId(b""), "out-of-turn")
        return Applied(state + 1, self.root(state + 1), ())

    def empty_pool(self) -> int:
        """There is nothing to remember."""
        return 0

    def pending(self, _pool: int) -> int:
        """There is always a next mark."""
        return 1

    def waiting(self, _pool: int, _limit: int) -> tuple[Mark, ...]:
        """No mark needs to be sent to others."""
        return ()

    def admit(
        self, _state: int, pool: int, _items: tuple[Mark, ...], _time_ms: int, _capacity: int
    ) -> Pooled[int, Mark]:
        """Nobody hands marks in."""
        return Pooled(pool, ())

    def choose(
        self, state: int, _pool: int, _time_ms: int, _start: bytes, _items: int, _size: int
    ) -> Chosen[int, Mark]:
        """The next mark."""
        return Chosen((_mark(state + 1),), Applied(state + 1, self.root(state + 1), ()))

    def recheck(
        self,
        _state: int,
        pool: int,
        _touched: tuple[bytes, ...] | None,
        _included: tuple[Mark, ...],
        _time_ms: int,
    ) -> Pooled[int, Mark]:
        """Nothing waits that could fall out."""
        return Pooled(pool, ())
