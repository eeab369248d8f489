"""Clauses about one height, over every step of the runs that `diagrams/height.md` is drawn from.

Each platform of four, views 0 to 2, one block, the others saying what they like in any order; see
`tests/spec_tools/height_diagram.py`.
"""

from __future__ import annotations

import pytest

from tests.spec_tools.height_diagram import BLOCK, HEIGHT, N, Taken, recorded
from web4core.messages import Kind
from web4core.quorum import proposer

QUORUM = 3
ONE_HONEST = 2


def steps(rule: str) -> list[Taken]:
    taken = [each for each in recorded().steps if each.rule == rule]
    assert taken, f"no run took the step {rule!r}"
    return taken


def voters(votes: tuple[object, ...], view: int) -> list[int]:
    found = []
    for index, vote in enumerate(votes):
        statement = getattr(vote, "statement", None)
        if statement is not None and statement.view == view and statement.digest == BLOCK.digest:
            found.append(index)
    return found


@pytest.mark.clause("C-PROP-2")
def test_nobody_proposes_twice_in_a_view() -> None:
    assert [each for each in steps("propose") if each.before.said.proposal is not None] == []


@pytest.mark.clause("C-PROP-1", "C-QUORUM-4")
def test_only_the_proposer_of_the_view_proposes() -> None:
    turns = [proposer(HEIGHT, each.before.view, N) == each.before.me for each in steps("propose")]
    assert all(turns)


@pytest.mark.clause("C-NEW-2")
def test_a_later_view_is_opened_only_by_a_quorum_of_its_view_changes() -> None:
    heard = [
        sum(
            change is not None and change.statement.view == each.before.view
            for change in each.before.slots.view_changes
        )
        for each in steps("propose")
        if each.before.view > 0
    ]
    assert min(heard) >= QUORUM


@pytest.mark.clause("C-NEW-2")
def test_a_later_view_is_opened_by_all_or_after_the_delay() -> None:
    hasty = [
        each
        for each in steps("propose")
        if each.before.view > 0
        and not each.before.gathered
        and any(
            change is None or change.statement.view != each.before.view
            for change in each.before.slots.view_changes
        )
    ]
    assert hasty == []


@pytest.mark.clause("C-NEW-3")
def test_what_was_prepared_is_proposed_again_with_its_certificate() -> None:
    for each in steps("propose"):
        shown = [
            change.prepared
            for change in each.before.slots.view_changes
            if change is not None
            and change.statement.view == each.before.view
            and change.prepared is not None
        ]
        proposed = each.after.said.proposal
        assert proposed is not None
        highest = max((certificate.view for certificate in shown), default=None)
        carried = None if proposed.justification is None else proposed.justification.view
        assert carried == highest


@pytest.mark.clause("C-PREP-1")
def test_nobody_prepares_twice_in_a_view() -> None:
    assert [each for each in steps("prepare") if each.before.said.prepare is not None] == []


@pytest.mark.clause("C-PREP-2")
def test_a_vote_is_for_the_proposal_that_is_kept_of_the_view() -> None:
    for each in steps("prepare"):
        kept = each.before.slots.proposals[proposer(HEIGHT, each.before.view, N)]
        assert kept is not None
        assert kept.statement.view == each.before.view


@pytest.mark.clause("C-LOCK-1", "C-CERT-2")
def test_a_lock_rests_on_a_quorum_of_distinct_prepares_of_its_view() -> None:
    for each in steps("lock and commit"):
        lock = each.after.lock
        assert lock is not None
        assert lock.view == each.before.view
        signers = [signer for signer, _ in lock.certificate.signatures]
        assert signers == voters(each.before.slots.prepares, each.before.view)
        assert len(set(signers)) >= QUORUM


@pytest.mark.clause("C-LOCK-2", "I-LOCK-1")
def test_a_lock_has_its_block() -> None:
    locks = [each.after.lock for each in steps("lock and commit")]
    assert all(lock is not None and lock.block.digest == lock.digest for lock in locks)


@pytest.mark.clause("C-LOCK-3")
def test_nobody_commits_twice_in_a_view() -> None:
    assert [each for each in steps("lock and commit") if each.before.said.commit] == []


@pytest.mark.clause("C-DEC-1")
def test_a_decision_rests_on_a_quorum_of_commits_of_one_view() -> None:
    for each in steps("decide"):
        views = {vote.statement.view for vote in each.before.slots.commits if vote is not None}
        assert max(len(voters(each.before.slots.commits, view)) for view in views) >= QUORUM


@pytest.mark.clause("C-VIEW-1")
def test_views_only_grow() -> None:
    assert all(each.after.view > each.before.view for each in steps("join") + steps("time-out"))


@pytest.mark.clause("C-VIEW-2")
def test_a_view_is_joined_only_where_one_honest_platform_is_or_beyond() -> None:
    for each in steps("join"):
        there = [
            change
            for change in each.before.slots.view_changes
            if change is not None and change.statement.view >= each.after.view
        ]
        assert len(there) >= ONE_HONEST


@pytest.mark.clause("C-VIEW-1", "C-VIEW-3", "I-SAID-3")
def test_a_view_change_carries_the_certificate_and_the_block_of_the_lock() -> None:
    for each in steps("join") + steps("time-out"):
        said, lock = each.after.said.view_change, each.before.lock
        assert said is not None
        expected = (None, None) if lock is None else (lock.certificate, lock.block)
        assert (said.prepared, said.block) == expected


@pytest.mark.clause("I-SAID-1")
def test_every_word_is_the_platforms_own_and_of_its_view() -> None:
    for each in recorded().steps:
        said = each.after.said
        for draft in (said.view_change, said.proposal, said.prepare, said.commit):
            if draft is not None:
                statement = draft.statement
                assert (statement.signer, statement.view) == (each.after.me, each.after.view)
                assert statement.kind is not Kind.STATUS


@pytest.mark.clause("C-STMT-4", "I-SIGN-1")
def test_no_step_changes_a_word_within_a_view() -> None:
    for each in recorded().steps:
        before, after = each.before.said, each.after.said
        if each.before.view == each.after.view:
            assert before.proposal in (None, after.proposal)
            assert before.prepare in (None, after.prepare)
            assert before.commit in (None, after.commit)
