"""The interface between consensus and the application whose state the chain orders.

The ledger is the one that is shipped; another one replaces this one object.
Every method is a pure function of its arguments; states and pools are frozen values whose inside
only the application knows.
Implements the contract A-APP-1 to A-APP-6.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from attrs import frozen

from web4core.chain import Item
from web4core.schema import Schema
from web4core.signature_check import SignatureCheck
from web4core.types import StateRoot, TimeMs, TransactionId

StateT = TypeVar("StateT")
PoolT = TypeVar("PoolT")
ItemT = TypeVar("ItemT", bound=Item)


@frozen
class Applied(Generic[StateT]):
    """The result of a payload."""

    state: StateT
    """The application's state after the payload; only the application reads it."""
    root: StateRoot
    """The root of that state, 32 bytes (A-APP-3)."""
    touched: tuple[bytes, ...]
    """The paths of the entries that changed, 32 bytes each, none twice (A-APP-5)."""


@frozen
class Chosen(Generic[StateT, ItemT]):
    """A payload that applies, with its result."""

    payload: tuple[ItemT, ...]
    """The items of the next block, in the order in which they apply; may be empty."""
    applied: Applied[StateT]
    """The result of the payload (A-APP-4)."""
    stale: tuple[bytes, ...] = ()
    """The paths, 32 bytes each, of entries for which a waiting item no longer applies."""


@frozen
class Refusal:
    """An item that was not taken, and why."""

    item: TransactionId
    """The id of the item, 32 bytes."""
    code: str
    """The code of the first rule that it breaks; for the ledger a `Code` or a `PoolCode`."""


@frozen
class Pooled(Generic[PoolT, ItemT]):
    """The pool after a change, and the items that it dropped."""

    pool: PoolT
    """The pool after the change; only the application reads it."""
    refused: tuple[Refusal, ...]
    """The items that the pool dropped, each with the reason."""
    added: tuple[ItemT, ...] = ()
    """The items that began to wait, in the order in which they came."""


class Application(Protocol[StateT, PoolT, ItemT]):
    """A deterministic state machine with a pool of waiting items.

    It is generic in its state, its pool and its items.
    """

    @property
    def state_schema(self) -> Schema[StateT]:
        """The form in which a snapshot holds a state (A-APP-6)."""
        ...

    @property
    def pool_schema(self) -> Schema[PoolT]:
        """The form in which a snapshot holds a pool (A-APP-6)."""
        ...

    def decode(self, encoded: bytes) -> ItemT:
        """The item with these bytes, or `RemoteProtocolError` (A-APP-1)."""
        ...

    def signature_checks(self, item: ItemT) -> tuple[SignatureCheck, ...]:
        """The signatures in the item; it counts only if all of them verify (A-APP-1)."""
        ...

    def initial(self, content: bytes) -> StateT:
        """The state that the genesis describes, or `LocalProtocolError` (A-APP-2)."""
        ...

    def root(self, state: StateT) -> StateRoot:
        """The digest of a state: equal if and only if the states are (A-APP-3)."""
        ...

    def apply(
        self, state: StateT, payload: tuple[ItemT, ...], time_ms: TimeMs
    ) -> Applied[StateT] | Refusal:
        """Apply every item in order, or say which is the first that does not apply (A-APP-4)."""
        ...

    def empty_pool(self) -> PoolT:
        """A pool in which nothing waits."""
        ...

    def pending(self, pool: PoolT) -> int:
        """The number of items that wait."""
        ...

    def waiting(self, pool: PoolT, limit: int) -> tuple[ItemT, ...]:
        """Up to `limit` of the items that wait, in an order in which they apply."""
        ...

    def admit(
        self, state: StateT, pool: PoolT, items: tuple[ItemT, ...], time_ms: TimeMs, capacity: int
    ) -> Pooled[PoolT, ItemT]:
        """Let items wait that would apply after those already waiting (A-APP-5)."""
        ...

    def choose(
        self, state: StateT, pool: PoolT, time_ms: TimeMs, start: bytes, items: int, size: int
    ) -> Chosen[StateT, ItemT]:
        """The payload of the next block: at most so many items of so many bytes (A-APP-4).

        `start` is a digest that differs from block to block, for fairness.
        """
        ...

    def recheck(
        self,
        state: StateT,
        pool: PoolT,
        touched: tuple[bytes, ...] | None,
        included: tuple[ItemT, ...],
        time_ms: TimeMs,
    ) -> Pooled[PoolT, ItemT]:
        """Drop what was included or no longer applies (A-APP-5).

        `touched` names the entries that changed; None means look at everything.
        """
        ...


AnyApplication: TypeAlias = Application[Any, Any, Any]
"""An application as consensus holds it: consensus looks into no state, no pool and no item."""
