"""What consensus asks of the application whose state the chain orders.

The ledger is the one that is shipped; another one replaces this one object.
Every method is a pure function of its arguments; states and pools are frozen values whose inside
only the application knows.
Implements the contract A-APP-1 to A-APP-6.
"""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen

from web4core.chain import Item
from web4core.schema import Schema
from web4core.signature_check import SignatureCheck


@frozen
class Applied:
    """The state after a payload, its root, and the paths of the entries that it changed."""

    state: Any
    root: bytes
    touched: tuple[bytes, ...]


@frozen
class Chosen:
    """A payload that applies, with its result.

    `stale` are the paths of entries for which something waits in vain: what applied when it came
    may have expired since, so they are to be looked at anew (A-APP-5).
    """

    payload: tuple[Any, ...]
    applied: Applied
    stale: tuple[bytes, ...] = ()


@frozen
class Refusal:
    """Why an item was not taken: its id and the code of the rule that it breaks."""

    item: bytes
    code: str


@frozen
class Pooled:
    """The pool after a change, and what fell out of it."""

    pool: Any
    refused: tuple[Refusal, ...]
    added: tuple[Any, ...] = ()


class Application(Protocol):
    """A deterministic state machine with a pool of waiting items."""

    @property
    def state_schema(self) -> Schema[Any]:
        """How a state is written into a snapshot and read back (A-APP-6)."""
        ...

    @property
    def pool_schema(self) -> Schema[Any]:
        """How a pool is written into a snapshot and read back (A-APP-6)."""
        ...

    def decode(self, encoded: bytes) -> Item:
        """The item with these bytes, or `RemoteProtocolError` (A-APP-1)."""
        ...

    def signature_checks(self, item: Any) -> tuple[SignatureCheck, ...]:
        """The signatures without which the item means nothing (A-APP-1)."""
        ...

    def initial(self, content: bytes) -> Any:
        """The state that the genesis describes, or `LocalProtocolError` (A-APP-2)."""
        ...

    def root(self, state: Any) -> bytes:
        """The digest of a state: equal if and only if the states are (A-APP-3)."""
        ...

    def apply(self, state: Any, payload: tuple[Any, ...], time_ms: int) -> Applied | Refusal:
        """Apply every item in order, or say which is the first that does not apply (A-APP-4)."""
        ...

    def empty_pool(self) -> Any:
        """A pool in which nothing waits."""
        ...

    def pending(self, pool: Any) -> int:
        """How many items wait."""
        ...

    def waiting(self, pool: Any, limit: int) -> tuple[Any, ...]:
        """Up to `limit` of the items that wait, in an order in which they apply."""
        ...

    def admit(
        self, state: Any, pool: Any, items: tuple[Any, ...], time_ms: int, capacity: int
    ) -> Pooled:
        """Let items wait that would apply after those already waiting (A-APP-5)."""
        ...

    def choose(
        self, state: Any, pool: Any, time_ms: int, start: bytes, items: int, size: int
    ) -> Chosen:
        """The payload of the next block: at most so many items of so many bytes (A-APP-4).

        `start` is a digest that differs from block to block, for fairness.
        """
        ...

    def recheck(
        self,
        state: Any,
        pool: Any,
        touched: tuple[bytes, ...] | None,
        included: tuple[Any, ...],
        time_ms: int,
    ) -> Pooled:
        """Drop what was included or no longer applies (A-APP-5).

        `touched` names the entries that changed; None means look at everything.
        """
        ...
