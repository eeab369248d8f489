"""Every invariant can fail: each is shown a state or history that breaks it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from tests.support.federation import ALICE, BOB, Federation
from tests.support.forge import block_after, commit_one, opening, proposal, tell, vote
from web4core import invariants
from web4core.invariants import Decision
from web4core.ledger.state import (
    Account,
    Address,
    CrossTransfer,
    Entry,
    LedgerState,
    Phase,
    account_path,
    path_of,
)
from web4core.messages import Kind, Statement, ViewChangeDraft
from web4core.replica import State
from web4core.types import Digest, TimeMs, TransactionId, View


def locked_state() -> State:
    """A platform at height 2 that is locked and has voted."""
    fed = Federation(4, byzantine=[1, 2, 3])
    tall = Federation(4)
    tall.settle()
    commit_one(tall, "carol")
    tell(fed, 0, tall.nodes[0].blocks[1])
    fed.now_ms = tall.now_ms
    block = block_after(fed.nodes[0].state, [opening(fed, "erin")], fed.now_ms + 1)
    tell(fed, 0, proposal(fed, block))
    tell(fed, 0, *(vote(fed, Kind.PREPARE, each, block) for each in (1, 2)))
    return fed.nodes[0].state


STATE = locked_state()
AGREEMENT = STATE.agreement


def with_said(**said: Any) -> State:
    return evolve(STATE, agreement=evolve(AGREEMENT, said=evolve(AGREEMENT.said, **said)))


def with_lock(**changes: Any) -> State:
    assert AGREEMENT.lock is not None
    return evolve(STATE, agreement=evolve(AGREEMENT, lock=evolve(AGREEMENT.lock, **changes)))


def spoilt_states() -> dict[str, list[State]]:
    """For each invariant, states that break it."""
    lock, prepare, commit = AGREEMENT.lock, AGREEMENT.said.prepare, AGREEMENT.said.commit
    assert lock is not None
    assert prepare is not None
    assert commit is not None
    few = evolve(lock.certificate, signatures=lock.certificate.signatures[:2])
    twice = evolve(few, signatures=(*few.signatures, few.signatures[0]))
    moved = Statement(Kind.VIEW_CHANGE, 2, View(0), Digest(bytes(32)), 0)
    silent = evolve(AGREEMENT, said=evolve(AGREEMENT.said, commit=None))
    swapped = AGREEMENT.slots.prepares[::-1]
    assert STATE.tip_certificate is not None
    return {
        "I-LOCK-1": [
            with_lock(certificate=few),
            with_lock(certificate=twice),
            evolve(STATE, agreement=evolve(silent, lock=evolve(lock, view=View(1)))),
            with_lock(block=STATE.tip),
        ],
        "I-SAID-1": [
            with_said(prepare=evolve(prepare, statement=evolve(prepare.statement, signer=1))),
            with_said(prepare=evolve(prepare, statement=evolve(prepare.statement, view=View(1)))),
            with_said(prepare=evolve(prepare, statement=evolve(prepare.statement, height=1))),
        ],
        "I-SAID-2": [
            evolve(STATE, agreement=evolve(AGREEMENT, lock=None)),
            with_said(
                commit=evolve(commit, statement=evolve(commit.statement, digest=Digest(bytes(32))))
            ),
        ],
        "I-SAID-3": [with_said(view_change=ViewChangeDraft(moved, None, None))],
        "I-SLOT-1": [
            evolve(
                STATE,
                agreement=evolve(AGREEMENT, slots=evolve(AGREEMENT.slots, prepares=swapped)),
            ),
            evolve(STATE, upcoming=AGREEMENT.slots),
        ],
        "I-TIP-1": [
            evolve(STATE, tip_certificate=None),
            evolve(STATE, tip_certificate=evolve(STATE.tip_certificate, digest=Digest(bytes(32)))),
        ],
        "I-ROOT-1": [evolve(STATE, app=Federation(4).nodes[0].state.app)],
    }


SPOILT = spoilt_states()


def test_a_sound_state_breaks_nothing() -> None:
    assert invariants.check_state(STATE) == ()


@pytest.mark.clause(
    "I-LOCK-1", "I-SAID-1", "I-SAID-2", "I-SAID-3", "I-SLOT-1", "I-TIP-1", "I-ROOT-1"
)
@pytest.mark.parametrize("clause", SPOILT)
def test_an_invariant_of_a_platform_is_seen_to_break(clause: str) -> None:
    for state in SPOILT[clause]:
        assert [violation.clause for violation in invariants.check_state(state)] == [clause]


def test_every_invariant_of_a_platform_is_tried() -> None:
    assert SPOILT.keys() == invariants.STATE_INVARIANTS.keys()


# --- of the ledger -----------------------------------------------------------------------------

OPEN = CrossTransfer(
    id=TransactionId(bytes(32)),
    source=ALICE,
    destination=BOB,
    amount_uatp=10,
    expiry_ms=TimeMs(99),
    phase=Phase.LOCKED,
)


def ledger(*entries: Entry, **alice: Any) -> LedgerState:
    """The ledger of a fresh federation, with Alice's account changed and entries added."""
    state = Federation(4).nodes[0].state.app
    assert isinstance(state, LedgerState)
    account = state.entries.get(account_path(ALICE))
    assert isinstance(account, Account)
    changed = state.entries.set(account_path(ALICE), evolve(account, **alice))
    for entry in entries:
        changed = changed.set(path_of(entry), entry)
    return evolve(state, entries=changed)


@pytest.mark.clause("I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4")
@pytest.mark.parametrize(
    ("clause", "make"),
    [
        ("I-SUPPLY-1", lambda: ledger(available_uatp=1_000_000_001)),
        ("I-SUPPLY-2", lambda: ledger(nonce=-1)),
        ("I-SUPPLY-2", lambda: ledger(evolve(OPEN, amount_uatp=0))),
        ("I-SUPPLY-3", lambda: ledger(OPEN)),
        ("I-SUPPLY-3", lambda: ledger(available_uatp=999_999_990, locked_uatp=10)),
        (
            "I-SUPPLY-4",
            lambda: ledger(evolve(OPEN, destination=ALICE, phase=Phase.COMMITTED)),
        ),
        (
            "I-SUPPLY-4",
            lambda: ledger(
                evolve(
                    OPEN,
                    destination=Address(platform="sprout", agent="no"),
                    phase=Phase.ROLLED_BACK,
                )
            ),
        ),
    ],
)
def test_an_invariant_of_the_ledger_is_seen_to_break(
    clause: str, make: Callable[[], LedgerState]
) -> None:
    spoilt = make()
    broken = [each for each, holds in invariants.LEDGER_INVARIANTS.items() if holds(spoilt)]
    assert broken == [clause]


# --- of several platforms ----------------------------------------------------------------------


@pytest.mark.clause("I-AGREE-1", "I-AGREE-2")
def test_two_decisions_at_one_height_are_seen() -> None:
    fed = Federation(4)
    state = fed.nodes[0].state
    one = block_after(state, [opening(fed, "carol")], fed.now_ms + 1)
    same_root = block_after(state, [opening(fed, "carol")], fed.now_ms + 2)
    other = block_after(state, [opening(fed, "erin")], fed.now_ms + 1)
    assert invariants.check_decisions([Decision(0, one), Decision(1, one)]) == ()
    for second, clauses in ((same_root, ["I-AGREE-1"]), (other, ["I-AGREE-1", "I-AGREE-2"])):
        found = invariants.check_decisions([Decision(0, one), Decision(1, second)])
        assert [violation.clause for violation in found] == clauses


@pytest.mark.clause("I-SIGN-1", "C-STMT-4")
@pytest.mark.parametrize("kind", [Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT, Kind.VIEW_CHANGE])
def test_two_digests_in_one_view_are_seen(kind: Kind) -> None:
    first = Statement(kind, 1, View(2), Digest(bytes(32)), 0)
    assert invariants.check_statements([first, first, evolve(first, view=View(3))]) == ()
    found = invariants.check_statements([first, evolve(first, digest=Digest(bytes([1]) * 32))])
    assert [violation.clause for violation in found] == ["I-SIGN-1"]


@pytest.mark.clause("I-SIGN-1")
def test_a_status_binds_nobody() -> None:
    first = Statement(Kind.STATUS, 1, View(2), Digest(bytes(32)), 0)
    assert invariants.check_statements([first, evolve(first, digest=Digest(bytes([1]) * 32))]) == ()


@pytest.mark.clause("C-QUORUM-2")
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 100])
def test_quorums_intersect(n: int) -> None:
    assert invariants.quorums_intersect(n) is None
