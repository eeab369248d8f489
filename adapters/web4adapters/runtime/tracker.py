"""The outcomes of transactions that clients ask about, and the clients that wait for them.

It is bounded, and empty after a restart: committed transactions are in the store, waiting ones in
the pool.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress

from web4core import Block, Node

MAX_REFUSED = 65_536
"""Refusals remembered; the oldest is forgotten first."""

MAX_WAITERS = 65_536
"""Clients that may wait for a transaction at a time."""


class TransactionTracker:
    """Refusals, and futures that are set when a transaction is committed or refused."""

    def __init__(self, node: Node) -> None:
        state, application = node.state, node.gate.application
        limit = application.pending(state.pool)
        self._awaited = node.awaited
        self._pending = {item.id: None for item in application.waiting(state.pool, limit)}
        self._refused: OrderedDict[bytes, str] = OrderedDict()
        self._waiters: dict[bytes, list[asyncio.Future[None]]] = {}
        self._waiting = 0

    def pending(self, transaction: bytes) -> None:
        """A client's transaction has been taken."""
        self._refused.pop(transaction, None)
        self._pending[transaction] = None

    def is_pending(self, transaction: bytes) -> bool:
        """Whether a client's transaction was taken and nothing more is known of it."""
        return transaction in self._pending

    def refusal(self, transaction: bytes) -> str | None:
        """The code with which a transaction was refused lately."""
        return self._refused.get(transaction)

    def committed(self, block: Block) -> None:
        """The transactions of a block are committed."""
        for item in block.payload:
            self._settle(item.id)
            self._refused.pop(item.id, None)

    def refused(self, transaction: bytes, code: str) -> None:
        """A transaction will not be in a block."""
        self._refused[transaction] = code
        while len(self._refused) > MAX_REFUSED:
            self._refused.popitem(last=False)
        self._settle(transaction)

    def _settle(self, transaction: bytes) -> None:
        self._pending.pop(transaction, None)
        self._awaited.discard(transaction)
        for waiter in self._waiters.pop(transaction, ()):
            self._waiting -= 1
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, transaction: bytes, timeout_s: float) -> None:
        """Return when the outcome of a transaction is known, or the time is over."""
        if self._waiting >= MAX_WAITERS:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(transaction, [])
        waiters.append(waiter)
        self._awaited.add(transaction)
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await waiter
        finally:
            if self._waiters.get(transaction) is waiters:  # nothing is known yet
                self._forget(transaction, waiter)

    def _forget(self, transaction: bytes, waiter: asyncio.Future[None]) -> None:
        """A client waits no longer, because its time is over or it has gone."""
        waiters = self._waiters[transaction]
        waiters.remove(waiter)
        self._waiting -= 1
        if not waiters:
            del self._waiters[transaction]
            self._awaited.discard(transaction)
