"""What a platform votes for, in which view, and what may change its mind: each rule attacked.

One honest platform at a time, and a test that speaks for all the others.
"""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from tests.support.federation import Federation, verify
from tests.support.forge import (
    block_after,
    certificate,
    commit_one,
    opening,
    proposal,
    statements,
    tell,
    view_change,
    vote,
)
from web4core.chain import Block
from web4core.effects import Decide, Send, SetTimer, Sign
from web4core.errors import RemoteProtocolError
from web4core.events import Elapsed, Received, Timer, TimerKind
from web4core.messages import (
    Kind,
    Statement,
    Submission,
    Vote,
    VoteDraft,
    conflict,
    signing_bytes,
)
from web4core.replica import step
from web4core.settings import Settings
from web4core.types import Digest, Signature, View

ME = 0
"""The one honest platform; at height 1 it proposes in view 3."""


def alone(settings: Settings | None = None) -> Federation:
    """Platform 0 of four; the test holds the other three keys."""
    return Federation(4, byzantine=[1, 2, 3], settings=settings)


def two_blocks(fed: Federation) -> tuple[Block, Block]:
    """Two valid blocks of height 1."""
    state = fed.nodes[ME].state
    return (
        block_after(state, [opening(fed, "carol")], fed.now_ms + 1),
        block_after(state, [opening(fed, "erin")], fed.now_ms + 2),
    )


def prepares(fed: Federation) -> list[tuple[int, bytes]]:
    """The views and digests that the honest platform has voted PREPARE for."""
    return [(each.view, each.digest) for each in statements(fed, ME, Kind.PREPARE)]


def lock_on(fed: Federation, block: Block, view: int = 0) -> None:
    """Make the honest platform lock on this block in this view, where it must be already."""
    tell(fed, ME, proposal(fed, block, view))
    tell(fed, ME, *(vote(fed, Kind.PREPARE, each, block, view) for each in (1, 2)))
    lock = fed.nodes[ME].state.agreement.lock
    assert lock is not None
    assert (lock.view, lock.digest) == (view, block.digest)


def move_to(fed: Federation, view: int) -> None:
    """Make the honest platform enter a view, by the word of two others."""
    height = fed.height(ME)
    tell(fed, ME, *(view_change(fed, each, height, view) for each in (1, 2)))
    assert fed.nodes[ME].state.agreement.view == view


# --- PREPARE -----------------------------------------------------------------------------------


@pytest.mark.clause("C-PREP-2")
def test_the_first_of_two_proposals_gets_the_only_vote() -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, proposal(fed, first), proposal(fed, second))
    assert prepares(fed) == [(0, first.digest)]


@pytest.mark.clause("C-PREP-1")
def test_a_proposal_heard_again_gets_no_second_vote() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block), proposal(fed, block), proposal(fed, block))
    assert prepares(fed) == [(0, block.digest)]


@pytest.mark.clause("C-PREP-2", "C-VIEW-1")
def test_a_proposal_of_a_view_that_was_left_gets_no_vote() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    move_to(fed, 1)
    tell(fed, ME, proposal(fed, block, 0))
    assert prepares(fed) == []


@pytest.mark.clause("C-PREP-2")
def test_a_proposal_of_a_later_view_gets_its_vote_there() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block, 1))
    assert prepares(fed) == []
    move_to(fed, 1)
    assert prepares(fed) == [(1, block.digest)]


@pytest.mark.clause("C-PREP-3")
def test_a_locked_platform_does_not_vote_for_another_block() -> None:
    fed = alone()
    locked, other = two_blocks(fed)
    lock_on(fed, locked)
    move_to(fed, 1)
    tell(fed, ME, proposal(fed, other, 1))
    assert prepares(fed) == [(0, locked.digest)]


@pytest.mark.clause("C-PREP-3")
def test_a_locked_platform_votes_for_its_own_block_again() -> None:
    fed = alone()
    locked, _ = two_blocks(fed)
    lock_on(fed, locked)
    move_to(fed, 1)
    tell(fed, ME, proposal(fed, locked, 1))
    assert prepares(fed) == [(0, locked.digest), (1, locked.digest)]


@pytest.mark.clause("C-PREP-3")
def test_a_certificate_older_than_the_lock_does_not_unlock() -> None:
    fed = alone()
    old, locked = two_blocks(fed)
    move_to(fed, 1)
    lock_on(fed, locked, 1)
    move_to(fed, 2)
    stale = certificate(fed, Kind.PREPARE, old, 0, (1, 2, 3))
    tell(fed, ME, proposal(fed, old, 2, stale))
    assert prepares(fed) == [(1, locked.digest)]


@pytest.mark.clause("C-PREP-3")
def test_a_certificate_younger_than_the_lock_unlocks() -> None:
    fed = alone()
    locked, other = two_blocks(fed)
    lock_on(fed, locked)
    move_to(fed, 2)
    younger = certificate(fed, Kind.PREPARE, other, 1, (1, 2, 3))
    tell(fed, ME, proposal(fed, other, 2, younger))
    assert prepares(fed)[-1] == (2, other.digest)


@pytest.mark.clause("C-PREP-4")
def test_an_invalid_block_gets_no_vote_in_any_view() -> None:
    fed = alone()
    bad = block_after(fed.nodes[ME].state, [opening(fed, "carol")], fed.now_ms + 1, bytes(32))
    tell(fed, ME, proposal(fed, bad))
    move_to(fed, 1)
    tell(fed, ME, proposal(fed, bad, 1))
    assert prepares(fed) == []


# --- certificates ------------------------------------------------------------------------------


@pytest.mark.clause("C-CERT-3")
@pytest.mark.parametrize("view", [2, 3])
def test_a_certificate_of_the_proposals_own_view_or_later_justifies_nothing(view: int) -> None:
    fed = alone()
    _, other = two_blocks(fed)
    future = certificate(fed, Kind.PREPARE, other, view, (1, 2, 3))
    with pytest.raises(RemoteProtocolError, match="C-CERT-3"):
        tell(fed, ME, proposal(fed, other, 2, future))


@pytest.mark.clause("C-CERT-3")
def test_a_certificate_for_another_block_justifies_nothing() -> None:
    fed = alone()
    locked, other = two_blocks(fed)
    real = certificate(fed, Kind.PREPARE, locked, 0, (1, 2, 3))
    with pytest.raises(RemoteProtocolError, match="C-CERT-3"):
        tell(fed, ME, proposal(fed, other, 1, real))


@pytest.mark.clause("C-CERT-3")
def test_a_commit_certificate_does_not_pass_for_a_prepared_one() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    commits = certificate(fed, Kind.COMMIT, block, 0, (1, 2, 3))
    with pytest.raises(RemoteProtocolError, match="C-CERT-3"):
        tell(fed, ME, view_change(fed, 1, 1, 1, commits, block))


@pytest.mark.clause("C-CERT-1")
@pytest.mark.parametrize("n", [4, 5, 7])
def test_one_signer_less_than_a_quorum_proves_nothing(n: int) -> None:
    fed = Federation(n, byzantine=range(1, n))
    block, _ = two_blocks(fed)
    full = certificate(fed, Kind.PREPARE, block)
    tell(fed, ME, view_change(fed, 1, 1, 1, full, block))
    short = evolve(full, signatures=full.signatures[:-1])
    with pytest.raises(RemoteProtocolError, match="C-CERT-3"):
        tell(fed, ME, view_change(fed, 2, 1, 1, short, block))


@pytest.mark.clause("W-MSG-2")
@pytest.mark.parametrize("which", range(3))
def test_every_signature_in_a_certificate_is_verified(which: int) -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    real = certificate(fed, Kind.PREPARE, block)
    pairs = list(real.signatures)
    pairs[which] = (pairs[which][0], Signature(bytes(64)))
    with pytest.raises(RemoteProtocolError, match="W-MSG-2"):
        tell(fed, ME, view_change(fed, 1, 1, 1, evolve(real, signatures=tuple(pairs)), block))


# --- lock and COMMIT ---------------------------------------------------------------------------


@pytest.mark.clause("C-LOCK-1")
def test_a_quorum_of_prepares_locks_and_commits() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    lock_on(fed, block)
    assert statements(fed, ME, Kind.COMMIT) == [
        Statement(Kind.COMMIT, 1, View(0), block.digest, ME)
    ]


@pytest.mark.clause("C-LOCK-1", "C-CERT-2")
def test_one_platform_that_votes_often_makes_no_quorum() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block))
    tell(fed, ME, *(vote(fed, Kind.PREPARE, 1, block) for _ in range(5)))
    assert fed.nodes[ME].state.agreement.lock is None


@pytest.mark.clause("C-LOCK-1", "C-CERT-2")
def test_prepares_of_two_views_or_two_blocks_make_no_quorum() -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, proposal(fed, first), vote(fed, Kind.PREPARE, 1, first))
    tell(fed, ME, vote(fed, Kind.PREPARE, 2, first, 1), vote(fed, Kind.PREPARE, 3, second))
    assert fed.nodes[ME].state.agreement.lock is None


@pytest.mark.clause("C-LOCK-2", "C-LOSS-2")
def test_prepares_lock_only_once_the_block_is_there() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, *(vote(fed, Kind.PREPARE, each, block) for each in (1, 2, 3)))
    assert fed.nodes[ME].state.agreement.lock is None
    tell(fed, ME, proposal(fed, block))
    assert fed.nodes[ME].state.agreement.lock is not None


@pytest.mark.clause("C-LOCK-3")
def test_more_prepares_bring_no_second_commit() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    lock_on(fed, block)
    tell(fed, ME, vote(fed, Kind.PREPARE, 3, block), vote(fed, Kind.PREPARE, 1, block))
    assert len(statements(fed, ME, Kind.COMMIT)) == 1


@pytest.mark.clause("C-LOCK-1")
def test_a_quorum_of_prepares_for_a_view_that_was_left_does_not_lock() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block), vote(fed, Kind.PREPARE, 1, block))
    move_to(fed, 1)
    tell(fed, ME, vote(fed, Kind.PREPARE, 2, block), vote(fed, Kind.PREPARE, 3, block))
    assert fed.nodes[ME].state.agreement.lock is None


# --- deciding ----------------------------------------------------------------------------------


@pytest.mark.clause("C-DEC-1", "C-SLOT-3")
def test_a_commit_certificate_of_another_view_decides() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block))
    tell(fed, ME, *(vote(fed, Kind.COMMIT, each, block, 6) for each in (1, 2, 3)))
    assert fed.nodes[ME].blocks[1].certificate.view == 6


@pytest.mark.clause("C-DEC-1", "C-CERT-2")
def test_commits_of_two_views_decide_nothing() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, proposal(fed, block))
    tell(fed, ME, vote(fed, Kind.COMMIT, 1, block), vote(fed, Kind.COMMIT, 2, block))
    tell(fed, ME, vote(fed, Kind.COMMIT, 3, block, 1))
    assert fed.height(ME) == 1


@pytest.mark.clause("C-SLOT-3", "C-DEC-1")
def test_a_block_that_came_in_a_view_change_is_held() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    prepared = certificate(fed, Kind.PREPARE, block, 0, (1, 2, 3))
    tell(fed, ME, view_change(fed, 1, 1, 1, prepared, block))
    tell(fed, ME, *(vote(fed, Kind.COMMIT, each, block) for each in (1, 2, 3)))
    assert fed.height(ME) == 2


@pytest.mark.clause("C-DEC-2", "C-LOSS-2")
def test_what_came_early_for_the_next_height_counts_when_it_begins() -> None:
    fed, ahead = alone(), Federation(4)
    ahead.settle()
    commit_one(ahead, "carol")
    second = block_after(ahead.nodes[ME].state, [opening(fed, "erin")], fed.now_ms + 50)
    tell(fed, ME, proposal(fed, second))
    tell(fed, ME, *(vote(fed, Kind.COMMIT, each, second) for each in (1, 2, 3)))
    assert fed.height(ME) == 1
    tell(fed, ME, ahead.nodes[ME].blocks[1])
    assert fed.height(ME) == 3


@pytest.mark.clause("C-QUORUM-2", "C-LOCK-1", "C-NEW-3")
def test_what_one_platform_decided_is_what_all_decide_after_the_view_change() -> None:
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _source, target, message: (
        target != 2 and isinstance(message, Vote) and message.statement.kind is Kind.COMMIT
    )
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    assert [fed.height(index) for index in range(4)] == [1, 1, 2, 1]
    decided = fed.nodes[2].blocks[1].block
    fed.cut = lambda source, target, message: (
        2 in (source, target) or (isinstance(message, Vote) and message.statement.view == 0)
    )
    fed.run(lambda: all(fed.height(index) == 2 for index in (0, 1, 3)))
    assert fed.nodes[0].blocks[1].certificate.view > 0
    assert fed.nodes[0].blocks[1].block == decided


@pytest.mark.clause("C-FLOW-1")
def test_one_event_may_prepare_and_decide() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    for kind in (Kind.PREPARE, Kind.COMMIT):
        tell(fed, ME, *(vote(fed, kind, each, block) for each in (1, 2, 3)))
    opened = fed.gate.open(fed.gate.encode(proposal(fed, block)), verify)
    effects = step(fed.nodes[ME].state, Received(opened, fed.now_ms)).effects
    signed = [effect.draft.statement.kind for effect in effects if isinstance(effect, Sign)]
    assert signed == [Kind.PREPARE, Kind.COMMIT]
    assert [effect.block for effect in effects if isinstance(effect, Decide)] == [block]


# --- view change -------------------------------------------------------------------------------


@pytest.mark.clause("C-VIEW-1", "C-STMT-3")
def test_a_view_change_shows_the_lock_and_its_block() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    lock_on(fed, block)
    move_to(fed, 1)
    said = fed.nodes[ME].state.agreement.said.view_change
    assert said is not None
    assert said.prepared is not None
    assert (said.prepared.digest, said.block) == (block.digest, block)


@pytest.mark.clause("C-VIEW-2")
def test_the_word_of_f_platforms_moves_nobody() -> None:
    fed = alone()
    tell(fed, ME, *(view_change(fed, 1, 1, view) for view in (1, 5, 10**15)))
    assert fed.nodes[ME].state.agreement.view == 0


@pytest.mark.clause("C-VIEW-2")
@pytest.mark.parametrize(
    ("views", "joined"), [((1, 1), 1), ((3, 9), 3), ((9, 3, 5), 5), ((2, 2**40), 2)]
)
def test_scattered_views_are_joined_where_an_honest_platform_must_be(
    views: tuple[int, ...], joined: int
) -> None:
    fed = alone()
    for signer, view in enumerate(views, start=1):
        tell(fed, ME, view_change(fed, signer, 1, view))
    assert fed.nodes[ME].state.agreement.view == joined


@pytest.mark.clause("C-VIEW-2")
def test_nobody_goes_back_to_an_earlier_view() -> None:
    fed = alone()
    move_to(fed, 5)
    tell(fed, ME, *(view_change(fed, each, 1, 2) for each in (1, 2, 3)))
    assert fed.nodes[ME].state.agreement.view == 5


@pytest.mark.clause("C-NEW-1", "C-NEW-2")
def test_a_new_proposer_waits_for_a_quorum_and_then_for_the_delay() -> None:
    fed = alone()
    move_to(fed, 3)
    assert statements(fed, ME, Kind.PRE_PREPARE) == []
    _, timer = fed.nodes[ME].timers[TimerKind.PROPOSE]
    fed.feed(ME, Elapsed(timer, fed.now_ms))
    assert len(statements(fed, ME, Kind.PRE_PREPARE)) == 1


@pytest.mark.clause("C-NEW-2")
def test_a_new_proposer_that_heard_everybody_does_not_wait() -> None:
    fed = alone()
    move_to(fed, 3)
    tell(fed, ME, view_change(fed, 3, 1, 3))
    assert len(statements(fed, ME, Kind.PRE_PREPARE)) == 1


@pytest.mark.clause("C-NEW-2")
def test_view_changes_into_other_views_do_not_count_for_the_new_proposer() -> None:
    fed = alone()
    tell(fed, ME, view_change(fed, 1, 1, 3), view_change(fed, 2, 1, 4), view_change(fed, 3, 1, 2))
    assert fed.nodes[ME].state.agreement.view == 3
    assert TimerKind.PROPOSE not in fed.nodes[ME].timers
    assert statements(fed, ME, Kind.PRE_PREPARE) == []


@pytest.mark.clause("C-NEW-3")
def test_a_new_proposer_proposes_the_block_of_the_highest_certificate() -> None:
    fed = alone()
    lower, higher = two_blocks(fed)
    first = certificate(fed, Kind.PREPARE, lower, 0, (1, 2, 3))
    second = certificate(fed, Kind.PREPARE, higher, 1, (1, 2, 3))
    tell(fed, ME, view_change(fed, 1, 1, 3, second, higher))
    tell(fed, ME, view_change(fed, 2, 1, 3, first, lower), view_change(fed, 3, 1, 3))
    said = fed.nodes[ME].state.agreement.said.proposal
    assert said is not None
    assert (said.block, said.justification) == (higher, second)


@pytest.mark.clause("C-PROP-2", "C-NEW-3")
def test_a_certificate_that_comes_after_the_proposal_brings_no_second_one() -> None:
    fed = alone()
    move_to(fed, 3)
    _, timer = fed.nodes[ME].timers[TimerKind.PROPOSE]
    fed.feed(ME, Elapsed(timer, fed.now_ms))
    block, _ = two_blocks(fed)
    prepared = certificate(fed, Kind.PREPARE, block, 0, (1, 2, 3))
    tell(fed, ME, view_change(fed, 3, 1, 3, prepared, block))
    assert len(statements(fed, ME, Kind.PRE_PREPARE)) == 1


@pytest.mark.clause("C-PROP-1", "C-PROP-2")
def test_transactions_that_come_later_bring_no_second_proposal() -> None:
    fed = Federation(4, byzantine=[0, 2, 3])
    fed.submit(1, opening(fed, "carol"))
    fed.submit(1, opening(fed, "erin"))
    assert [each.view for each in statements(fed, 1, Kind.PRE_PREPARE)] == [0]


@pytest.mark.clause("C-PROP-3")
def test_nobody_proposes_an_empty_block_in_view_zero() -> None:
    fed = Federation(4, byzantine=[0, 2, 3])
    tell(fed, 1, view_change(fed, 2, 1, 1), Submission(()))
    assert statements(fed, 1, Kind.PRE_PREPARE) == []


@pytest.mark.clause("C-NEW-1")
def test_a_platform_whose_turn_it_is_not_proposes_nothing() -> None:
    fed = alone()
    fed.submit(ME, opening(fed, "carol"))
    assert statements(fed, ME, Kind.PRE_PREPARE) == []


# --- evidence and statements -------------------------------------------------------------------


@pytest.mark.clause("C-EVID-2", "A-EFFECT-6")
def test_a_platform_that_votes_for_two_blocks_is_accused_and_its_first_vote_stands() -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, vote(fed, Kind.COMMIT, 2, first), vote(fed, Kind.COMMIT, 2, second))
    (evidence,) = fed.nodes[ME].evidence
    assert conflict(evidence.first, evidence.second)
    held = fed.nodes[ME].state.agreement.slots.commits[2]
    assert held is not None
    assert held.statement.digest == first.digest


@pytest.mark.clause("C-EVID-1")
def test_evidence_verifies_on_its_own() -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, vote(fed, Kind.PREPARE, 3, first), vote(fed, Kind.PREPARE, 3, second))
    (evidence,) = fed.nodes[ME].evidence
    key = fed.genesis.platforms[3].key
    for statement, signature in (
        (evidence.first, evidence.first_signature),
        (evidence.second, evidence.second_signature),
    ):
        assert verify(key, signing_bytes(fed.chain_id, statement), signature)


@pytest.mark.clause("C-STMT-4", "C-EVID-2")
def test_words_in_two_views_or_of_two_kinds_are_no_evidence() -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, vote(fed, Kind.PREPARE, 3, first), vote(fed, Kind.PREPARE, 3, second, 1))
    tell(fed, ME, vote(fed, Kind.COMMIT, 3, second))
    assert fed.nodes[ME].evidence == []


@pytest.mark.clause("C-STMT-1", "C-STMT-2", "C-STMT-5")
@pytest.mark.parametrize(
    "change",
    [{"kind": Kind.COMMIT}, {"height": 2}, {"view": 1}, {"digest": bytes(31) + b"\1"}],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_does_not_carry_over_to_another_statement(change: dict[str, Any]) -> None:
    fed = alone()
    statement = Statement(Kind.PREPARE, 1, View(0), Digest(bytes(32)), 1)
    signed = fed.sign_as(1, VoteDraft(statement))
    with pytest.raises(RemoteProtocolError, match="W-MSG-2"):
        tell(fed, ME, evolve(signed, statement=evolve(statement, **change)))


@pytest.mark.clause("C-STMT-5")
def test_a_signature_does_not_carry_over_to_another_chain() -> None:
    fed, other = alone(), Federation(5)
    signed = other.sign_as(1, VoteDraft(Statement(Kind.PREPARE, 1, View(0), Digest(bytes(32)), 1)))
    with pytest.raises(RemoteProtocolError, match="W-MSG-2"):
        tell(fed, ME, signed)


@pytest.mark.clause("C-SLOT-2")
def test_a_later_view_takes_the_slot_and_an_earlier_one_does_not() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    for view, kept in ((2, 2), (1, 2), (3, 3)):
        tell(fed, ME, vote(fed, Kind.PREPARE, 1, block, view))
        held = fed.nodes[ME].state.agreement.slots.prepares[1]
        assert held is not None
        assert held.statement.view == kept


# --- the pacemaker -----------------------------------------------------------------------------


@pytest.mark.clause("C-PACE-1")
def test_no_view_times_out_while_there_is_no_work() -> None:
    fed = Federation(4)
    fed.settle()
    commit_one(fed, "carol")
    idle = (Timer(TimerKind.STATUS, 2, View(0)),)
    assert [node.state.armed for node in fed.nodes.values()] == [idle] * 4


@pytest.mark.clause("C-PACE-1")
def test_a_waiting_transaction_starts_the_clock_of_view_zero() -> None:
    fed = alone()
    fed.submit(ME, opening(fed, "carol"))
    assert {each.kind for each in fed.nodes[ME].state.armed} == {TimerKind.VIEW, TimerKind.RESEND}


@pytest.mark.clause("C-PACE-2")
def test_the_clock_of_a_later_view_waits_for_a_quorum_to_be_there() -> None:
    fed = alone()
    fed.submit(ME, opening(fed, "carol"))
    _, timer = fed.nodes[ME].timers.pop(TimerKind.VIEW)
    fed.feed(ME, Elapsed(timer, fed.now_ms))
    assert TimerKind.VIEW not in {each.kind for each in fed.nodes[ME].state.armed}
    tell(fed, ME, view_change(fed, 1, 1, 1), view_change(fed, 2, 1, 1))
    assert TimerKind.VIEW in {each.kind for each in fed.nodes[ME].state.armed}


@pytest.mark.clause("C-PACE-3")
def test_the_time_out_doubles_with_each_view_up_to_its_maximum() -> None:
    fed = alone(Settings(view_timeout_ms=100, view_timeout_max_ms=700))
    delays = []
    for view in (1, 2, 3, 60):
        move_to(fed, view)
        at_ms, _ = fed.nodes[ME].timers[TimerKind.VIEW]
        delays.append(at_ms - fed.now_ms)
    assert delays == [200, 400, 700, 700]


@pytest.mark.clause("C-PACE-4", "C-LOSS-1")
def test_what_a_platform_stands_for_is_said_again_and_again() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    lock_on(fed, block)
    for _ in range(3):
        _, timer = fed.nodes[ME].timers.pop(TimerKind.RESEND)
        effects = step(fed.nodes[ME].state, Elapsed(timer, fed.now_ms)).effects
        sent = [each.message for each in effects if isinstance(each, Send)]
        kinds = [each.statement.kind for each in sent if isinstance(each, Vote)]
        assert kinds == [Kind.PREPARE, Kind.COMMIT]
        fed.feed(ME, Elapsed(timer, fed.now_ms))


@pytest.mark.clause("C-LOSS-1")
def test_the_proposer_is_handed_what_waits() -> None:
    fed = alone()
    transaction = opening(fed, "carol")
    fed.submit(ME, transaction)
    _, timer = fed.nodes[ME].timers[TimerKind.RESEND]
    effects = step(fed.nodes[ME].state, Elapsed(timer, fed.now_ms)).effects
    assert Send(Submission((transaction,)), (1,)) in effects


@pytest.mark.clause("C-PACE-5")
def test_a_timer_that_was_not_set_does_nothing() -> None:
    fed = alone()
    fed.submit(ME, opening(fed, "carol"))
    node = fed.nodes[ME]
    _, timer = node.timers[TimerKind.VIEW]
    for stale in (evolve(timer, view=View(1)), evolve(timer, height=2), evolve(timer, height=0)):
        transition = step(node.state, Elapsed(stale, fed.now_ms))
        assert (transition.state, transition.effects) == (node.state, ())


@pytest.mark.clause("C-PACE-5")
def test_a_timer_that_runs_is_not_set_again() -> None:
    fed = alone()
    fed.submit(ME, opening(fed, "carol"))
    opened = fed.gate.open(fed.gate.encode(view_change(fed, 1, 1, 1)), verify)
    effects = step(fed.nodes[ME].state, Received(opened, fed.now_ms)).effects
    assert [effect for effect in effects if isinstance(effect, SetTimer)] == []
