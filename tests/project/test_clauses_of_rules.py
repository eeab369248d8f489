"""Clauses about the ledger's rules: which code, in which order, and what changes.

A case is a call that the rule accepts; a *fault* breaks one check of it.
Two faults at once must give the code of the one whose clause stands first (L-RULE-1).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from attrs import evolve, frozen

from web4core.ledger.rules import RULES, Call, Code, Outcome
from web4core.ledger.state import Account, Address, CrossTransfer, Phase
from web4core.ledger.transactions import (
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.types import ChainId, Nonce, PublicKey, TimeMs, TransactionId

CHAIN = ChainId(bytes(32))
ID, LOCKED = (TransactionId(bytes([each]) * 32) for each in (1, 2))
THOR, SPROUT, OWNER, STRANGER = (PublicKey(bytes([each]) * 32) for each in range(10, 14))
ALICE, CAROL = Address(platform="thor", agent="alice"), Address(platform="thor", agent="carol")
BOB, NOBODY = Address(platform="sprout", agent="bob"), Address(platform="thor", agent="nobody")
NOW_MS, EXPIRY_MS = 500, 1000


@frozen
class Case:
    """A call of a rule: the body, who signed, when, and what the ledger holds."""

    body: Any
    keys: tuple[PublicKey, ...]
    accounts: dict[Address, Account]
    transfers: dict[TransactionId, CrossTransfer]
    time_ms: int = NOW_MS

    def account(self, address: Address) -> Account | None:
        return self.accounts.get(address)

    def transfer(self, transfer: TransactionId) -> CrossTransfer | None:
        return self.transfers.get(transfer)

    def platform_key(self, platform: str) -> PublicKey | None:
        return {"thor": THOR, "sprout": SPROUT}.get(platform)

    def run(self) -> Outcome:
        return RULES[type(self.body)](self, self.body, Call(ID, TimeMs(self.time_ms), self.keys))


Fault = Callable[[Case], Case]
ACCOUNTS = {
    ALICE: Account(address=ALICE, owner=OWNER, available_uatp=100, locked_uatp=40, nonce=Nonce(7)),
    BOB: Account(address=BOB, owner=OWNER, available_uatp=10, locked_uatp=0, nonce=Nonce(0)),
    CAROL: Account(address=CAROL, owner=OWNER, available_uatp=10, locked_uatp=0, nonce=Nonce(0)),
}
TRANSFERS = {
    LOCKED: CrossTransfer(
        id=LOCKED,
        source=ALICE,
        destination=BOB,
        amount_uatp=40,
        expiry_ms=TimeMs(EXPIRY_MS),
        phase=Phase.LOCKED,
    )
}


def case(body: Any, *keys: PublicKey) -> Case:
    return Case(body, keys, ACCOUNTS, TRANSFERS)


OPEN = case(AccountOpen(CHAIN, NOBODY, OWNER), THOR, OWNER)
TRANSFER = case(
    Transfer(chain_id=CHAIN, source=ALICE, destination=CAROL, amount_uatp=100, nonce=Nonce(7)),
    OWNER,
)
LOCK = case(
    TransferLock(
        chain_id=CHAIN,
        source=ALICE,
        destination=BOB,
        amount_uatp=100,
        nonce=Nonce(7),
        expiry_ms=TimeMs(EXPIRY_MS),
    ),
    OWNER,
)
COMMIT = case(TransferCommit(CHAIN, LOCKED), SPROUT)
ROLLBACK = case(TransferRollback(CHAIN, LOCKED, ""), SPROUT)


def body(**change: Any) -> Fault:
    return lambda it: evolve(it, body=evolve(it.body, **change))


def signed_by(*keys: PublicKey) -> Fault:
    return lambda it: evolve(it, keys=keys)


def at(time_ms: int) -> Fault:
    return lambda it: evolve(it, time_ms=time_ms)


def without(which: str) -> Fault:
    def fault(it: Case) -> Case:
        gone = getattr(it.body, which)
        left = {address: each for address, each in it.accounts.items() if address != gone}
        return evolve(it, accounts=left)

    return fault


def subject_opened(it: Case) -> Case:
    address = it.body.address
    return evolve(
        it,
        accounts={
            **it.accounts,
            address: Account(
                address=address,
                owner=OWNER,
                available_uatp=0,
                locked_uatp=0,
                nonce=Nonce(0),
            ),
        },
    )


def settled(it: Case) -> Case:
    done = evolve(TRANSFERS[LOCKED], phase=Phase.COMMITTED)
    return evolve(it, transfers={LOCKED: done})


def pays_itself(it: Case) -> Case:
    return evolve(it, body=evolve(it.body, destination=it.body.source))


SPENDING = [
    (Code.WRONG_KEY, signed_by(STRANGER)),
    (Code.NONCE_USED, body(nonce=6)),
    (Code.NONCE_GAP, body(nonce=8)),
    (Code.AMOUNT_NOT_POSITIVE, body(amount_uatp=0)),
    (Code.INSUFFICIENT_FUNDS, body(amount_uatp=101)),
]
FAULTS: dict[str, tuple[Case, list[tuple[Code, Fault]]]] = {
    "open": (
        OPEN,
        [
            (Code.UNKNOWN_PLATFORM, body(address=Address(platform="asgard", agent="loki"))),
            (Code.WRONG_KEY, signed_by(THOR, STRANGER)),
            (Code.ACCOUNT_EXISTS, subject_opened),
        ],
    ),
    "transfer": (
        TRANSFER,
        [
            (Code.NOT_LOCAL, body(destination=BOB)),
            (Code.UNKNOWN_SOURCE, without("source")),
            (Code.UNKNOWN_DESTINATION, without("destination")),
            (Code.SAME_ACCOUNT, pays_itself),
            *SPENDING,
        ],
    ),
    "lock": (
        LOCK,
        [
            (Code.UNKNOWN_PLATFORM, body(destination=Address(platform="asgard", agent="loki"))),
            (Code.SAME_PLATFORM, body(destination=CAROL)),
            (Code.UNKNOWN_SOURCE, without("source")),
            (Code.UNKNOWN_DESTINATION, without("destination")),
            *SPENDING,
            (Code.EXPIRY_NOT_FUTURE, at(EXPIRY_MS)),
        ],
    ),
    "commit": (
        COMMIT,
        [
            (Code.UNKNOWN_TRANSFER, body(transfer=ID)),
            (Code.WRONG_KEY, signed_by(THOR)),
            (Code.ALREADY_SETTLED, settled),
            (Code.TRANSFER_EXPIRED, at(EXPIRY_MS)),
        ],
    ),
    "rollback": (
        ROLLBACK,
        [
            (Code.UNKNOWN_TRANSFER, body(transfer=ID)),
            (Code.ALREADY_SETTLED, settled),
            (Code.NOT_EXPIRED, signed_by(STRANGER)),
        ],
    ),
}
EXCLUSIVE = [
    {Code.NOT_LOCAL, Code.SAME_ACCOUNT},
    {Code.UNKNOWN_DESTINATION, Code.SAME_ACCOUNT},
    {Code.UNKNOWN_PLATFORM, Code.SAME_PLATFORM},
    {Code.NONCE_USED, Code.NONCE_GAP},
    {Code.AMOUNT_NOT_POSITIVE, Code.INSUFFICIENT_FUNDS},
]
"""Faults of which one call cannot have both."""

SINGLE = [
    pytest.param(good, code, fault, id=f"{name}: {code}")
    for name, (good, faults) in FAULTS.items()
    for code, fault in faults
]
PAIRS = [
    pytest.param(good, first, one, other, id=f"{name}: {first} before {second}")
    for name, (good, faults) in FAULTS.items()
    for (first, one), (second, other) in combinations(faults, 2)
    if {first, second} not in EXCLUSIVE
]


@pytest.mark.clause("L-OPEN-1", "L-OPEN-2", "L-OPEN-3", "L-XFER-1", "L-XFER-2", "L-XFER-3")
@pytest.mark.clause("L-XFER-4", "L-XFER-5", "L-XFER-6", "L-XFER-7", "L-LOCK-1", "L-LOCK-2")
@pytest.mark.clause("L-LOCK-3", "L-LOCK-4", "L-LOCK-5", "L-LOCK-6", "L-LOCK-7", "L-LOCK-8")
@pytest.mark.clause("L-COMMIT-1", "L-COMMIT-2", "L-COMMIT-3", "L-COMMIT-4")
@pytest.mark.clause("L-BACK-1", "L-BACK-2", "L-BACK-3", "L-RULE-2", "L-RULE-3")
@pytest.mark.parametrize(("good", "code", "fault"), SINGLE)
def test_a_fault_is_refused_with_its_code_alone(good: Case, code: Code, fault: Fault) -> None:
    assert fault(good).run() is code


@pytest.mark.clause("L-RULE-1", "L-RULE-3")
@pytest.mark.parametrize(("good", "first", "one", "other"), PAIRS)
def test_of_two_faults_the_first_check_gives_the_code(
    good: Case, first: Code, one: Fault, other: Fault
) -> None:
    assert other(one(good)).run() is first


@pytest.mark.clause("L-RULE-4")
def test_there_is_one_rule_for_each_kind_of_body() -> None:
    assert {type(good.body) for good, _ in FAULTS.values()} == RULES.keys()


@pytest.mark.clause("L-OPEN-4")
def test_an_opened_account_is_empty() -> None:
    assert OPEN.run() == (
        Account(address=NOBODY, owner=OWNER, available_uatp=0, locked_uatp=0, nonce=Nonce(0)),
    )


@pytest.mark.clause("L-XFER-8")
def test_a_transfer_moves_the_amount_and_uses_the_nonce() -> None:
    assert TRANSFER.run() == (
        Account(address=ALICE, owner=OWNER, available_uatp=0, locked_uatp=40, nonce=Nonce(8)),
        Account(address=CAROL, owner=OWNER, available_uatp=110, locked_uatp=0, nonce=Nonce(0)),
    )


@pytest.mark.clause("L-LOCK-9")
def test_a_lock_sets_the_amount_aside_and_is_named_by_its_transaction() -> None:
    assert LOCK.run() == (
        Account(address=ALICE, owner=OWNER, available_uatp=0, locked_uatp=140, nonce=Nonce(8)),
        CrossTransfer(
            id=ID,
            source=ALICE,
            destination=BOB,
            amount_uatp=100,
            expiry_ms=TimeMs(EXPIRY_MS),
            phase=Phase.LOCKED,
        ),
    )


@pytest.mark.clause("L-COMMIT-5")
def test_a_commit_credits_the_destination() -> None:
    assert COMMIT.run() == (
        CrossTransfer(
            id=LOCKED,
            source=ALICE,
            destination=BOB,
            amount_uatp=40,
            expiry_ms=TimeMs(EXPIRY_MS),
            phase=Phase.COMMITTED,
        ),
        Account(address=ALICE, owner=OWNER, available_uatp=100, locked_uatp=0, nonce=Nonce(7)),
        Account(address=BOB, owner=OWNER, available_uatp=50, locked_uatp=0, nonce=Nonce(0)),
    )


@pytest.mark.clause("L-BACK-4")
def test_a_rollback_returns_the_amount() -> None:
    assert ROLLBACK.run() == (
        CrossTransfer(
            id=LOCKED,
            source=ALICE,
            destination=BOB,
            amount_uatp=40,
            expiry_ms=TimeMs(EXPIRY_MS),
            phase=Phase.ROLLED_BACK,
        ),
        Account(address=ALICE, owner=OWNER, available_uatp=140, locked_uatp=0, nonce=Nonce(7)),
    )


@pytest.mark.clause("L-BACK-3")
def test_anyone_may_roll_back_from_the_expiry_on() -> None:
    late = at(EXPIRY_MS)(signed_by(STRANGER)(ROLLBACK))
    assert isinstance(late.run(), tuple)


@pytest.mark.clause("L-COMMIT-4")
def test_a_commit_a_millisecond_before_the_expiry_is_in_time() -> None:
    assert isinstance(at(EXPIRY_MS - 1)(COMMIT).run(), tuple)
