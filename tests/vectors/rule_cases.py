"""Every rule of the ledger at work: transactions, and by hand what must come of each.

The cases of a transaction come in the order of its checks; those with "before" in their name break
two rules, and the earlier one must be named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import evolve, frozen

from tests.support.federation import ALICE, BOB, START_MS, Key, owner_key, platform_key, sign
from tests.vectors.fixtures import CAROL, federation
from web4core.ledger.state import (
    MAX_SUPPLY_UATP,
    Account,
    Address,
    CrossTransfer,
    Entry,
    Phase,
)
from web4core.ledger.transactions import (
    MAX_NONCE,
    AccountOpen,
    Body,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.schema import MAX_UINT
from web4core.types import Nonce, TimeMs, TransactionId

CHAIN: Final = federation().chain_id
NOW: Final = START_MS + 1_000
EXPIRY: Final = TimeMs(START_MS + 5_000)
ERIN, DAVE = Address(platform="sprout", agent="erin"), Address(platform="legion", agent="dave")
NOBODY, NOWHERE = Address(platform="thor", agent="nobody"), Address(platform="nowhere", agent="bob")
STRANGER = Key("a stranger")
THOR, SPROUT, LEGION = (platform_key(index) for index in range(3))
ALICES, BOBS, CAROLS = (owner_key(address) for address in (ALICE, BOB, CAROL))
LOCKED, COMMITTED, ROLLED_BACK, UNKNOWN = (bytes([digit]) * 32 for digit in (1, 2, 3, 9))
Keys = tuple[Key, ...]


def account(address: Address, available: int, locked: int, nonce: int) -> Account:
    """An account with its own owner's key."""
    return Account(
        address=address,
        owner=owner_key(address).public,
        available_uatp=available,
        locked_uatp=locked,
        nonce=Nonce(nonce),
    )


STATES: Mapping[str, tuple[Entry, ...]] = {
    "busy": (
        account(ALICE, 1_000, 300, 5),
        account(BOB, 500, 0, 0),
        account(CAROL, 0, 0, 0),
        CrossTransfer(
            id=TransactionId(LOCKED),
            source=ALICE,
            destination=BOB,
            amount_uatp=300,
            expiry_ms=EXPIRY,
            phase=Phase.LOCKED,
        ),
        CrossTransfer(
            id=TransactionId(COMMITTED),
            source=ALICE,
            destination=BOB,
            amount_uatp=40,
            expiry_ms=EXPIRY,
            phase=Phase.COMMITTED,
        ),
        CrossTransfer(
            id=TransactionId(ROLLED_BACK),
            source=ALICE,
            destination=BOB,
            amount_uatp=50,
            expiry_ms=EXPIRY,
            phase=Phase.ROLLED_BACK,
        ),
    ),
    "rich": (
        account(ALICE, MAX_SUPPLY_UATP - 7, 0, MAX_NONCE),
        account(BOB, 0, 0, 0),
        account(CAROL, 7, 0, 0),
    ),
}
"""The states before, by name."""

APPLIED: Mapping[type, str] = {
    AccountOpen: "L-OPEN-4",
    Transfer: "L-XFER-7 L-XFER-8",
    TransferLock: "L-LOCK-7 L-LOCK-8 L-LOCK-9 L-STATE-4",
    TransferCommit: "L-COMMIT-4 L-COMMIT-5 L-STATE-4",
    TransferRollback: "L-BACK-3 L-BACK-4 L-STATE-4",
}
"""The clauses of what applies."""

REFUSED: Mapping[type, Mapping[str, str]] = {
    AccountOpen: {
        "unknown-platform": "L-OPEN-1",
        "wrong-key": "L-OPEN-2",
        "account-exists": "L-OPEN-3",
    },
    Transfer: {
        "not-local": "L-XFER-1",
        "unknown-source": "L-XFER-2",
        "unknown-destination": "L-XFER-3",
        "same-account": "L-XFER-4",
        "wrong-key": "L-XFER-5 L-RULE-3",
        "nonce-used": "L-XFER-6 L-RULE-3",
        "nonce-gap": "L-XFER-6 L-RULE-3",
        "amount-not-positive": "L-XFER-7 L-RULE-3",
        "insufficient-funds": "L-XFER-7 L-RULE-3",
    },
    TransferLock: {
        "unknown-platform": "L-LOCK-1",
        "same-platform": "L-LOCK-2",
        "unknown-source": "L-LOCK-3",
        "unknown-destination": "L-LOCK-4",
        "wrong-key": "L-LOCK-5 L-RULE-3",
        "nonce-used": "L-LOCK-6 L-RULE-3",
        "nonce-gap": "L-LOCK-6 L-RULE-3",
        "amount-not-positive": "L-LOCK-7 L-RULE-3",
        "insufficient-funds": "L-LOCK-7 L-RULE-3",
        "expiry-not-future": "L-LOCK-8",
    },
    TransferCommit: {
        "unknown-transfer": "L-COMMIT-1",
        "wrong-key": "L-COMMIT-2",
        "already-settled": "L-COMMIT-3",
        "transfer-expired": "L-COMMIT-4",
    },
    TransferRollback: {
        "unknown-transfer": "L-BACK-1",
        "already-settled": "L-BACK-2",
        "not-expired": "L-BACK-3",
    },
}
"""The clause that refuses with each code, by the transaction."""


@frozen
class Case:
    """A body and who signs it, and what must come of it: a code, or the entries afterwards."""

    name: str
    body: Body
    keys: Keys
    code: str | None = None
    after: tuple[Entry, ...] = ()
    time_ms: int = NOW
    before: str = "busy"

    @property
    def clauses(self) -> str:
        """The clauses by which it applies or is refused."""
        if self.code is None:
            return APPLIED[type(self.body)]
        order = " L-RULE-1" if " before " in self.name else ""
        return REFUSED[type(self.body)][self.code] + order


def cases() -> Iterator[Case]:
    """All cases, transaction by transaction."""
    yield from _openings()
    yield from _transfers()
    yield from _transfers_refused()
    yield from _locks()
    yield from _locks_refused()
    yield from _commits()
    yield from _commits_refused()
    yield from _rollbacks()
    yield from _rollbacks_refused()


# --- AccountOpen ---------------------------------------------------------------------------------


def _open(address: Address, owner: Key | None = None) -> AccountOpen:
    return AccountOpen(CHAIN, address, (owner or owner_key(address)).public)


def _openings() -> Iterator[Case]:
    opened, dave = account(DAVE, 0, 0, 0), owner_key(DAVE)
    keys, exists = (LEGION, dave), "account-exists"
    yield Case("open", _open(DAVE), keys, after=(opened,))
    for name, owner in (("with Alice's key", ALICES), ("with the platform's key", LEGION)):
        after = (evolve(opened, owner=owner.public),)
        yield Case(f"open {name}", _open(DAVE, owner), (LEGION, owner), after=after)
    far = _open(NOWHERE)
    yield Case("open on no platform", far, (LEGION, owner_key(NOWHERE)), "unknown-platform")
    yield Case("open by another platform", _open(DAVE), (SPROUT, dave), "wrong-key")
    yield Case("open with another owner's signature", _open(DAVE), (LEGION, STRANGER), "wrong-key")
    yield Case("open with the keys exchanged", _open(DAVE), keys[::-1], "wrong-key")
    yield Case("open again", _open(BOB), (SPROUT, BOBS), exists)
    yield Case("open again for a stranger", _open(BOB, STRANGER), (SPROUT, STRANGER), exists)
    yield Case("open: platform before key", far, (STRANGER, STRANGER), "unknown-platform")
    yield Case("open: key before existence", _open(BOB), (THOR, BOBS), "wrong-key")


# --- Transfer ------------------------------------------------------------------------------------


def _pay(amount: int, nonce: int = 5, source: Address = ALICE, to: Address = CAROL) -> Transfer:
    return Transfer(
        chain_id=CHAIN, source=source, destination=to, amount_uatp=amount, nonce=Nonce(nonce)
    )


def _transfers() -> Iterator[Case]:
    for name, amount in (
        ("transfer", 250),
        ("transfer of one micro-ATP", 1),
        ("transfer of all that is available", 1_000),
    ):
        after = (account(ALICE, 1_000 - amount, 300, 6), account(CAROL, amount, 0, 0))
        yield Case(name, _pay(amount), (ALICES,), after=after)
    whole = _pay(MAX_SUPPLY_UATP - 7, MAX_NONCE)
    after = (account(ALICE, 0, 0, MAX_UINT), account(CAROL, MAX_SUPPLY_UATP, 0, 0))
    name = "transfer that makes the whole supply, with the last nonce"
    yield Case(name, whole, (ALICES,), after=after, before="rich")


def _transfers_refused() -> Iterator[Case]:
    alice, stranger, gone = (ALICES,), (STRANGER,), "unknown-destination"
    poor, nothing = "insufficient-funds", "amount-not-positive"
    to_bob, from_nobody = _pay(1, to=BOB), _pay(1, source=NOBODY)
    yield Case("transfer to another platform", to_bob, alice, "not-local")
    yield Case("transfer from nobody", from_nobody, (owner_key(NOBODY),), "unknown-source")
    yield Case("transfer to nobody", _pay(1, to=NOBODY), alice, gone)
    yield Case("transfer to itself", _pay(1, to=ALICE), alice, "same-account")
    yield Case("transfer signed by a stranger", _pay(1), stranger, "wrong-key")
    yield Case("transfer signed by the payee", _pay(1), (CAROLS,), "wrong-key")
    yield Case("transfer signed by the platform", _pay(1), (THOR,), "wrong-key")
    yield Case("transfer with the nonce below", _pay(1, 4), alice, "nonce-used")
    yield Case("transfer with nonce 0", _pay(1, 0), alice, "nonce-used")
    yield Case("transfer with the nonce above", _pay(1, 6), alice, "nonce-gap")
    yield Case("transfer of nothing", _pay(0), alice, nothing)
    yield Case("transfer of one more than is available", _pay(1_001), alice, poor)
    yield Case("transfer of available and locked", _pay(1_300), alice, poor)
    yield Case("transfer of 2^63 - 1", _pay(MAX_UINT), alice, poor)
    yield Case("transfer: platform before source", _pay(1, 5, NOBODY, BOB), stranger, "not-local")
    both = _pay(1, source=NOBODY, to=NOBODY)
    yield Case("transfer: source before destination", both, stranger, "unknown-source")
    yield Case("transfer: destination before key", _pay(1, to=NOBODY), stranger, gone)
    yield Case("transfer: account before key", _pay(1, to=ALICE), stranger, "same-account")
    yield Case("transfer: key before nonce", _pay(1, 4), stranger, "wrong-key")
    yield Case("transfer: used nonce before amount", _pay(0, 4), alice, "nonce-used")
    yield Case("transfer: nonce gap before funds", _pay(1_001, 6), alice, "nonce-gap")


# --- TransferLock --------------------------------------------------------------------------------


def _lock(
    amount: int, nonce: int = 5, source: Address = ALICE, to: Address = BOB, expiry: int = EXPIRY
) -> TransferLock:
    return TransferLock(
        chain_id=CHAIN,
        source=source,
        destination=to,
        amount_uatp=amount,
        nonce=Nonce(nonce),
        expiry_ms=TimeMs(expiry),
    )


def _locks() -> Iterator[Case]:
    for name, amount, expiry in (
        ("lock", 250, EXPIRY),
        ("lock of all that is available", 1_000, EXPIRY),
        ("lock of one micro-ATP for one millisecond", 1, NOW + 1),
        ("lock until 2^63 - 1", 1, MAX_UINT),
    ):
        body = _lock(amount, expiry=expiry)
        opened = CrossTransfer(
            id=sign(body, ALICES).id,
            source=ALICE,
            destination=BOB,
            amount_uatp=amount,
            expiry_ms=TimeMs(expiry),
            phase=Phase.LOCKED,
        )
        after = (account(ALICE, 1_000 - amount, 300 + amount, 6), opened)
        yield Case(name, body, (ALICES,), after=after)


def _locks_refused() -> Iterator[Case]:
    alice, stranger, gone = (ALICES,), (STRANGER,), "unknown-destination"
    poor, nothing, late = "insufficient-funds", "amount-not-positive", "expiry-not-future"
    yield Case("lock to no platform", _lock(1, to=NOWHERE), alice, "unknown-platform")
    yield Case("lock within a platform", _lock(1, to=CAROL), alice, "same-platform")
    from_nobody, from_nowhere = _lock(1, source=NOBODY), _lock(1, source=NOWHERE)
    yield Case("lock from nobody", from_nobody, (owner_key(NOBODY),), "unknown-source")
    yield Case("lock from no platform", from_nowhere, (owner_key(NOWHERE),), "unknown-source")
    yield Case("lock to nobody", _lock(1, to=ERIN), alice, gone)
    yield Case("lock signed by a stranger", _lock(1), stranger, "wrong-key")
    yield Case("lock signed by the payee", _lock(1), (BOBS,), "wrong-key")
    yield Case("lock with the nonce below", _lock(1, 4), alice, "nonce-used")
    yield Case("lock with the nonce above", _lock(1, 6), alice, "nonce-gap")
    yield Case("lock of nothing", _lock(0), alice, nothing)
    yield Case("lock of one more than is available", _lock(1_001), alice, poor)
    yield Case("lock that expires now", _lock(1, expiry=NOW), alice, late)
    yield Case("lock that has expired", _lock(1, expiry=NOW - 1), alice, late)
    yield Case("lock that expires at 0", _lock(1, expiry=0), alice, late)
    both = _lock(1, source=NOBODY, to=NOWHERE)
    yield Case("lock: platform before source", both, stranger, "unknown-platform")
    both = _lock(1, source=NOBODY, to=CAROL)
    yield Case("lock: same platform before source", both, stranger, "same-platform")
    yield Case(
        "lock: same platform before same account", _lock(1, to=ALICE), alice, "same-platform"
    )
    both = _lock(1, source=NOBODY, to=ERIN)
    yield Case("lock: source before destination", both, stranger, "unknown-source")
    yield Case("lock: destination before key", _lock(1, to=ERIN), stranger, gone)
    yield Case("lock: key before nonce", _lock(1, 6), stranger, "wrong-key")
    yield Case("lock: nonce before amount", _lock(0, 4), alice, "nonce-used")
    yield Case("lock: amount before expiry", _lock(0, expiry=NOW), alice, nothing)
    yield Case("lock: funds before expiry", _lock(1_001, expiry=NOW), alice, poor)


# --- TransferCommit and TransferRollback ---------------------------------------------------------


def _commit(transfer: bytes = LOCKED) -> TransferCommit:
    return TransferCommit(CHAIN, TransactionId(transfer))


def _commits() -> Iterator[Case]:
    settled = CrossTransfer(
        id=TransactionId(LOCKED),
        source=ALICE,
        destination=BOB,
        amount_uatp=300,
        expiry_ms=EXPIRY,
        phase=Phase.COMMITTED,
    )
    after = (settled, account(ALICE, 1_000, 0, 5), account(BOB, 800, 0, 0))
    for name, time_ms in (("commit", NOW), ("commit a millisecond early enough", EXPIRY - 1)):
        yield Case(name, _commit(), (SPROUT,), after=after, time_ms=time_ms)


def _commits_refused() -> Iterator[Case]:
    sprout, settled, late = (SPROUT,), "already-settled", "transfer-expired"
    yield Case("commit of no transfer", _commit(UNKNOWN), sprout, "unknown-transfer")
    yield Case("commit by the source's platform", _commit(), (THOR,), "wrong-key")
    yield Case("commit by a third platform", _commit(), (LEGION,), "wrong-key")
    yield Case("commit by the payer", _commit(), (ALICES,), "wrong-key")
    yield Case("commit by the payee", _commit(), (BOBS,), "wrong-key")
    yield Case("commit again", _commit(COMMITTED), sprout, settled)
    yield Case("commit after a rollback", _commit(ROLLED_BACK), sprout, settled)
    yield Case("commit at the expiry", _commit(), sprout, late, time_ms=EXPIRY)
    yield Case("commit after the expiry", _commit(), sprout, late, time_ms=EXPIRY + 1)
    yield Case("commit: transfer before key", _commit(UNKNOWN), (STRANGER,), "unknown-transfer")
    yield Case("commit: key before phase", _commit(COMMITTED), (THOR,), "wrong-key")
    both = _commit(ROLLED_BACK)
    yield Case("commit: phase before expiry", both, sprout, settled, time_ms=EXPIRY)


def _roll_back(transfer: bytes = LOCKED) -> TransferRollback:
    return TransferRollback(CHAIN, TransactionId(transfer), "no such agent")


def _rollbacks() -> Iterator[Case]:
    settled = CrossTransfer(
        id=TransactionId(LOCKED),
        source=ALICE,
        destination=BOB,
        amount_uatp=300,
        expiry_ms=EXPIRY,
        phase=Phase.ROLLED_BACK,
    )
    after = (settled, account(ALICE, 1_300, 0, 5))
    for name, key, time_ms in (
        ("by the destination's platform", SPROUT, NOW),
        ("by the destination's platform just early", SPROUT, EXPIRY - 1),
        ("by the destination's platform after the expiry", SPROUT, EXPIRY + 1),
        ("by the payer at the expiry", ALICES, EXPIRY),
        ("by a stranger at the expiry", STRANGER, EXPIRY),
        ("by a stranger after the expiry", STRANGER, EXPIRY + 1),
    ):
        yield Case(f"rollback {name}", _roll_back(), (key,), after=after, time_ms=time_ms)


def _rollbacks_refused() -> Iterator[Case]:
    sprout, settled, missing = (SPROUT,), "already-settled", "unknown-transfer"
    yield Case("rollback of no transfer", _roll_back(UNKNOWN), sprout, missing)
    yield Case("rollback again", _roll_back(ROLLED_BACK), sprout, settled)
    yield Case("rollback after a commit", _roll_back(COMMITTED), sprout, settled)
    for who, key in (
        ("the source's platform", THOR),
        ("the payer", ALICES),
        ("the payee", BOBS),
        ("a stranger", STRANGER),
    ):
        name = f"rollback by {who}, a millisecond early"
        yield Case(name, _roll_back(), (key,), "not-expired", time_ms=EXPIRY - 1)
    yield Case("rollback: transfer before key", _roll_back(UNKNOWN), (STRANGER,), missing)
    yield Case("rollback: phase before key", _roll_back(COMMITTED), (STRANGER,), settled)
