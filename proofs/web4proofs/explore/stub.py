"""A minimal application, for explorations of agreement alone.

One item waits always and everywhere and applies to every state, so a proposer has a block to
propose at every height.
Two blocks of a height then differ only in their time, and consensus sees only that they have two
digests.
"""

from __future__ import annotations

import hashlib
from typing import Final

from attrs import field, frozen

from web4core.application import Applied, Chosen, Pooled, Refusal
from web4core.chain import Genesis
from web4core.schema import Schema, octets, sequence, uint
from web4core.signature_check import SignatureCheck
from web4core.types import StateRoot, TransactionId


@frozen
class Tick:
    """The only item."""

    encoded: bytes

    @property
    def id(self) -> TransactionId:
        """The item's digest."""
        return TransactionId(hashlib.sha256(self.encoded).digest())


TICK: Final = Tick(b"tick")
_TICK: Final = Schema(
    lambda tick: tick.encoded, lambda plain: Tick(octets(1, 8).load(plain)), "a tick's bytes"
)
_COUNT: Final = uint()
_TICKS: Final[Schema[tuple[Tick, ...]]] = sequence(_TICK, 1)


@frozen
class Stub:
    """An application that counts the ticks of the chain."""

    state_schema: Schema[int] = field(default=_COUNT, repr=False)
    pool_schema: Schema[tuple[Tick, ...]] = field(default=_TICKS, repr=False)

    @classmethod
    def of(cls, _genesis: Genesis) -> Stub:
        """Return the same application for every chain."""
        return cls()

    def decode(self, encoded: bytes) -> Tick:
        """Decode any few bytes as a tick."""
        return _TICK.load(encoded)

    def signature_checks(self, item: Tick) -> tuple[SignatureCheck, ...]:  # noqa: ARG002  as `Application` has it
        """Return no check: a tick has no signature."""
        return ()

    def initial(self, content: bytes) -> int:  # noqa: ARG002  as `Application` has it
        """Return a count of zero."""
        return 0

    def root(self, state: int) -> StateRoot:
        """Return the digest of the count."""
        return StateRoot(hashlib.sha256(_COUNT.encode(state)).digest())

    def apply(
        self,
        state: int,
        payload: tuple[Tick, ...],
        time_ms: int,  # noqa: ARG002  as `Application` has it
    ) -> Applied[int] | Refusal:
        """Add the ticks to the count."""
        return self._counted(state + len(payload))

    def _counted(self, count: int) -> Applied[int]:
        return Applied(count, self.root(count), ())

    def empty_pool(self) -> tuple[Tick, ...]:
        """Return the pool with the tick, which is never empty."""
        return (TICK,)

    def pending(self, pool: tuple[Tick, ...]) -> int:
        """Return one, always."""
        return len(pool)

    def waiting(self, pool: tuple[Tick, ...], limit: int) -> tuple[Tick, ...]:
        """Return the tick."""
        return pool[:limit]

    def admit(
        self,
        state: int,  # noqa: ARG002  as `Application` has it
        pool: tuple[Tick, ...],
        items: tuple[Tick, ...],  # noqa: ARG002
        time_ms: int,  # noqa: ARG002
        capacity: int,  # noqa: ARG002
    ) -> Pooled[tuple[Tick, ...], Tick]:
        """Change nothing: the tick waits already."""
        return Pooled(pool, ())

    def choose(
        self,
        state: int,
        pool: tuple[Tick, ...],
        time_ms: int,  # noqa: ARG002  as `Application` has it
        start: bytes,  # noqa: ARG002
        items: int,
        size: int,  # noqa: ARG002
    ) -> Chosen[int, Tick]:
        """Choose the tick."""
        payload = pool[:items]
        return Chosen(payload, self._counted(state + len(payload)))

    def recheck(
        self,
        state: int,  # noqa: ARG002  as `Application` has it
        pool: tuple[Tick, ...],
        touched: tuple[bytes, ...] | None,  # noqa: ARG002
        included: tuple[Tick, ...],  # noqa: ARG002
        time_ms: int,  # noqa: ARG002
    ) -> Pooled[tuple[Tick, ...], Tick]:
        """Keep the tick waiting."""
        return Pooled(pool, ())
