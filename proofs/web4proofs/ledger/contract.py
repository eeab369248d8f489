"""The contracts of the five transactions: when each is carried out, and what it then changes.

Each contract lists its requirements, in the order in which they are checked, and its effects if all
requirements hold; nothing else changes.
A refusal has the code of the first requirement that fails (L-RULE-1) and changes nothing
(L-RULE-2).
Only here the proofs restate the rules; they compare them with the shipped code, and the
specification prints them.
"""

from __future__ import annotations

from typing import Final

import z3

from web4core.ledger.rules import Code
from web4core.ledger.state import Phase
from web4core.ledger.transactions import (
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4proofs.ledger.abstract import At, Promise
from web4proofs.ledger.conditions import (
    Contract,
    Effect,
    Invariant,
    Moves,
    Opens,
    Requirement,
    Stands,
)
from web4proofs.symbolic import term


def _spending(key: str, nonce: str, amount: str) -> tuple[Requirement, ...]:
    """Return what L-RULE-3 requires of every spending, under the transaction's clauses."""
    return (
        Requirement(
            key,
            Code.WRONG_KEY,
            "the key is the source's owner's",
            lambda g: g.key == g.spender.owner,
        ),
        Requirement(
            nonce,
            Code.NONCE_USED,
            "the nonce is not below the source's",
            lambda g: g.the("nonce") >= g.spender.nonce,
        ),
        Requirement(
            nonce,
            Code.NONCE_GAP,
            "the nonce is not above the source's",
            lambda g: g.the("nonce") <= g.spender.nonce,
        ),
        Requirement(
            amount, Code.AMOUNT_NOT_POSITIVE, "the amount is above zero", lambda g: g.amount > 0
        ),
        Requirement(
            amount,
            Code.INSUFFICIENT_FUNDS,
            "no more than what is available to the source",
            lambda g: g.amount <= g.spender.available,
        ),
    )


_ENDS_ARE_ACCOUNTS: Final = Invariant(
    "I-SUPPLY-4",
    "both ends of a transfer are open accounts, on two platforms",
    lambda g: z3.Implies(
        g.pending.exists,
        z3.And(
            g.is_open(g.pending.source),
            g.is_open(g.pending.destination),
            g.pending.source.platform != g.pending.destination.platform,
        ),
    ),
)

OPEN: Final = Contract(
    AccountOpen,
    requires=(
        Requirement(
            "L-OPEN-1",
            Code.UNKNOWN_PLATFORM,
            "the platform is of this federation",
            lambda g: g.before.is_platform(g.the("address").platform),
        ),
        Requirement(
            "L-OPEN-2",
            Code.WRONG_KEY,
            "the first key is the platform's, the second the owner's",
            lambda g: z3.And(
                g.signed_by_platform_of(g.the("address")),
                term(g.call.keys[1]) == g.the("owner"),
            ),
        ),
        Requirement(
            "L-OPEN-3",
            Code.ACCOUNT_EXISTS,
            "the account is not open",
            lambda g: z3.Not(g.is_open(g.the("address"))),
        ),
    ),
    effects=(
        Effect(
            "L-OPEN-4",
            "the account is open, its owner as named, all else zero",
            lambda g: Opens(g.the("address"), g.the("owner")),
        ),
    ),
)

TRANSFER: Final = Contract(
    Transfer,
    requires=(
        Requirement(
            "L-XFER-1",
            Code.NOT_LOCAL,
            "source and destination are on one platform",
            lambda g: g.source.platform == g.destination.platform,
        ),
        Requirement(
            "L-XFER-2", Code.UNKNOWN_SOURCE, "the source is open", lambda g: g.is_open(g.source)
        ),
        Requirement(
            "L-XFER-3",
            Code.UNKNOWN_DESTINATION,
            "the destination is open",
            lambda g: g.is_open(g.destination),
        ),
        Requirement(
            "L-XFER-4",
            Code.SAME_ACCOUNT,
            "they are two accounts",
            lambda g: z3.Not(g.source.same(g.destination)),
        ),
        *_spending("L-XFER-5", "L-XFER-6", "L-XFER-7"),
    ),
    effects=(
        Effect(
            "L-XFER-8",
            "the amount leaves the source's available, and its nonce grows by one",
            lambda g: Moves(g.source, available=-g.amount, nonce=1),
        ),
        Effect(
            "L-XFER-8",
            "the amount comes to the destination's available",
            lambda g: Moves(g.destination, available=g.amount),
        ),
    ),
)

LOCK: Final = Contract(
    TransferLock,
    requires=(
        Requirement(
            "L-LOCK-1",
            Code.UNKNOWN_PLATFORM,
            "the destination's platform is of this federation",
            lambda g: g.before.is_platform(g.destination.platform),
        ),
        Requirement(
            "L-LOCK-2",
            Code.SAME_PLATFORM,
            "source and destination are on two platforms",
            lambda g: g.source.platform != g.destination.platform,
        ),
        Requirement(
            "L-LOCK-3", Code.UNKNOWN_SOURCE, "the source is open", lambda g: g.is_open(g.source)
        ),
        Requirement(
            "L-LOCK-4",
            Code.UNKNOWN_DESTINATION,
            "the destination is open",
            lambda g: g.is_open(g.destination),
        ),
        *_spending("L-LOCK-5", "L-LOCK-6", "L-LOCK-7"),
        Requirement(
            "L-LOCK-8",
            Code.EXPIRY_NOT_FUTURE,
            "the expiry is after the block's time",
            lambda g: g.the("expiry_ms") > g.time,
        ),
    ),
    effects=(
        Effect(
            "L-LOCK-9",
            "the amount moves from the source's available to its locked, its nonce grows by one",
            lambda g: Moves(g.source, available=-g.amount, locked=g.amount, nonce=1),
        ),
        Effect(
            "L-LOCK-9",
            "a transfer stands under the transaction's id, as named, in phase locked",
            lambda g: Stands(
                term(g.call.id),
                _promise(g.source, g.destination, g.amount, g.the("expiry_ms"), Phase.LOCKED),
            ),
        ),
    ),
)

COMMIT: Final = Contract(
    TransferCommit,
    requires=(
        Requirement(
            "L-COMMIT-1",
            Code.UNKNOWN_TRANSFER,
            "the transfer exists",
            lambda g: g.pending.exists,
        ),
        Requirement(
            "L-COMMIT-2",
            Code.WRONG_KEY,
            "the key is that of the destination's platform",
            lambda g: g.signed_by_platform_of(g.pending.destination),
        ),
        Requirement(
            "L-COMMIT-3",
            Code.ALREADY_SETTLED,
            "the transfer is locked",
            lambda g: g.pending.is_open,
        ),
        Requirement(
            "L-COMMIT-4",
            Code.TRANSFER_EXPIRED,
            "the block's time is before the expiry",
            lambda g: g.time < g.pending.expiry,
        ),
    ),
    effects=(
        Effect(
            "L-COMMIT-5",
            "the amount leaves the source's locked",
            lambda g: Moves(g.pending.source, locked=-g.pending.amount),
        ),
        Effect(
            "L-COMMIT-5",
            "the amount comes to the destination's available",
            lambda g: Moves(g.pending.destination, available=g.pending.amount),
        ),
        Effect(
            "L-COMMIT-5",
            "the transfer is committed, and otherwise as it was",
            lambda g: Stands(g.the("transfer"), _settled(g.pending, Phase.COMMITTED)),
        ),
    ),
    relies_on=(_ENDS_ARE_ACCOUNTS,),
)

ROLLBACK: Final = Contract(
    TransferRollback,
    requires=(
        Requirement(
            "L-BACK-1",
            Code.UNKNOWN_TRANSFER,
            "the transfer exists",
            lambda g: g.pending.exists,
        ),
        Requirement(
            "L-BACK-2",
            Code.ALREADY_SETTLED,
            "the transfer is locked",
            lambda g: g.pending.is_open,
        ),
        Requirement(
            "L-BACK-3",
            Code.NOT_EXPIRED,
            "the expiry has come, or the key is that of the destination's platform",
            lambda g: z3.Or(
                g.time >= g.pending.expiry, g.signed_by_platform_of(g.pending.destination)
            ),
        ),
    ),
    effects=(
        Effect(
            "L-BACK-4",
            "the amount moves from the source's locked back to its available",
            lambda g: Moves(g.pending.source, available=g.pending.amount, locked=-g.pending.amount),
        ),
        Effect(
            "L-BACK-4",
            "the transfer is rolled back, and otherwise as it was",
            lambda g: Stands(g.the("transfer"), _settled(g.pending, Phase.ROLLED_BACK)),
        ),
    ),
    relies_on=(_ENDS_ARE_ACCOUNTS,),
)

CONTRACTS: Final = {each.kind: each for each in (OPEN, TRANSFER, LOCK, COMMIT, ROLLBACK)}
"""The contract of each kind of body."""


def _promise(
    source: At, destination: At, amount: z3.ArithRef, expiry: z3.ArithRef, phase: Phase
) -> Promise:
    return Promise(z3.BoolVal(True), source, destination, amount, expiry, z3.IntVal(int(phase)))


def _settled(pending: Promise, phase: Phase) -> Promise:
    return pending._replace(phase=z3.IntVal(int(phase)))
