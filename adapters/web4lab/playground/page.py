"""The calls of the page: each does one thing, and returns the state after it, as JSON."""

from __future__ import annotations

import json
from typing import Final

from web4core import (
    MICRO,
    Nonce,
    RemoteProtocolError,
    TimeMs,
    TransactionId,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    account_path,
)
from web4lab.playground.driver import Playground
from web4lab.playground.fixtures import (
    ALICE,
    BOB,
    CAROL,
    LOCK_MS,
    NAMES,
    Body,
    Crypto,
    signed,
)
from web4lab.playground.view import told

PAY_UATP: Final = 5 * MICRO
LOCK_UATP: Final = 20 * MICRO
TOO_MUCH_UATP: Final = 5_000 * MICRO


class Page:
    """The federation behind the page."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto
        self._ground: Playground | None = None
        self._lock: TransactionId | None = None

    async def reset(self) -> str:
        """A new federation."""
        self._ground = await Playground.begin(self._crypto)
        self._lock = None
        return self._told()

    async def deliver(self, flight: int) -> str:
        """Let one message arrive."""
        await self._ground_now().deliver(flight)
        return self._told()

    async def drop(self, flight: int) -> str:
        """Drop one message."""
        self._ground_now().drop(flight)
        return self._told()

    async def delay(self, flight: int) -> str:
        """Put one message behind the others."""
        self._ground_now().delay(flight)
        return self._told()

    async def forge(self, flight: int) -> str:
        """Exchange a proposal for another one by the same platform."""
        await self._ground_now().forge(flight)
        return self._told()

    async def fire(self, index: int, kind: str) -> str:
        """Let one timer run out."""
        await self._ground_now().fire(index, kind)
        return self._told()

    async def crash(self, index: int) -> str:
        """Stop a platform."""
        self._ground_now().crash(index)
        return self._told()

    async def restart(self, index: int) -> str:
        """Start it again."""
        await self._ground_now().restart(index)
        return self._told()

    async def hand_in(self, what: str, index: int) -> str:
        """A client hands a transaction to a platform: pay, too-much, lock, commit or rollback."""
        ground = self._ground_now()
        word, body, text = self._order(ground, what)
        transaction = await signed(self._crypto, ground.keys, word, body)
        if isinstance(body, TransferLock):
            self._lock = transaction.id
        try:
            await ground.submit(index, transaction, f"{text}, by way of {NAMES[index]}")
        except RemoteProtocolError as error:
            raise RuntimeError(str(error)) from None
        return self._told()

    def _order(self, ground: Playground, what: str) -> tuple[str, Body, str]:
        """The signer's key, the body that it signs, and a text for the page."""
        chain_id, nonce = ground.gate.chain_id, _nonce(ground)
        transfer = self._lock or TransactionId(bytes(32))
        match what:
            case "lock":
                expiry_ms = TimeMs(ground.now_ms + LOCK_MS)
                lock = TransferLock(
                    chain_id=chain_id,
                    source=ALICE,
                    destination=BOB,
                    amount_uatp=LOCK_UATP,
                    nonce=nonce,
                    expiry_ms=expiry_ms,
                )
                return str(ALICE), lock, "Alice locks 20 ATP for Bob at sprout"
            case "commit":
                return "sprout", TransferCommit(chain_id, transfer), "sprout commits the transfer"
            case "rollback":
                back = TransferRollback(chain_id, transfer, "changed its mind")
                return "sprout", back, "sprout rolls the transfer back"
            case _:
                amount_uatp = TOO_MUCH_UATP if what == "too-much" else PAY_UATP
                body = Transfer(
                    chain_id=chain_id,
                    source=ALICE,
                    destination=CAROL,
                    amount_uatp=amount_uatp,
                    nonce=nonce,
                )
                return str(ALICE), body, f"Alice pays Carol {amount_uatp // MICRO} ATP"

    def _ground_now(self) -> Playground:
        if self._ground is None:
            raise RuntimeError("reset first")
        return self._ground

    def _told(self) -> str:
        return json.dumps(told(self._ground_now(), self._lock))


def _nonce(ground: Playground) -> Nonce:
    """Alice's next nonce, after all her transactions that wait anywhere."""
    found = 0
    for seat in ground.seats:
        state = seat.state
        waiting = state.config.application.waiting(state.pool, 100)
        hers = sum(1 for each in waiting if each.keys == (ground.keys[str(ALICE)],))
        found = max(found, state.app.entries.get(account_path(ALICE)).nonce + hers)
    return Nonce(found)
