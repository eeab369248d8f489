"""Who can be named after a fork: who signed twice in a view, not who voted in two views."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from web4core import messages
from web4core.invariants import nobody_signs_twice
from web4core.messages import Kind, Statement
from web4proofs.agreement import accountability, finite
from web4proofs.agreement.induction import prove
from web4proofs.agreement.model import AGREED, AGREEMENT, committed, prepared
from web4proofs.theorem import Answer, Query


@pytest.mark.clause("I-AGREE-1")
def test_where_platforms_disagree_two_quorums_share_no_honest_one() -> None:
    assert prove(accountability.FORKED_BY_MANY).holds


def test_that_rests_on_every_conjunct_being_weakened_alike() -> None:
    actions = (AGREED.action("lock_and_commit"),)
    strict = evolve(accountability.FORKED_BY_MANY, invariant=AGREED.invariant, actions=actions)
    assert not prove(strict).holds


@pytest.mark.clause("C-STMT-4", "C-EVID-1")
def test_the_shipped_conflict_is_that_of_the_specification() -> None:
    outcome = accountability.conflict_is_exactly_two_digests_in_one_view()
    assert outcome.failures == ()
    assert outcome.holds
    assert outcome.paths >= len(Kind) ** 2


def any_view(one: Statement, other: Statement) -> bool:
    """Takes votes across views for a conflict."""
    return (
        one.signer == other.signer
        and one.kind == other.kind
        and one.kind in messages.BINDING
        and one.height == other.height
        and one.digest != other.digest
    )


def status_too(one: Statement, other: Statement) -> bool:
    """Takes two hints for a conflict."""
    same = one.signer == other.signer and one.kind == other.kind
    return (
        same
        and one.height == other.height
        and one.view == other.view
        and (one.digest != other.digest)
    )


@pytest.mark.clause("C-STMT-4")
@pytest.mark.parametrize("wrong", [any_view, status_too])
def test_another_idea_of_conflict_is_refused_with_two_statements(
    wrong: Callable[[Statement, Statement], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "conflict", wrong)
    outcome = accountability.conflict_is_exactly_two_digests_in_one_view()
    assert not outcome.holds
    failure = outcome.failures[0]
    assert failure.found.startswith("conflict() says True, C-STMT-4 says False")
    assert "NOT" not in failure.found
    monkeypatch.undo()
    scope: dict[str, object] = {}
    assert failure.snippet is not None
    exec(failure.snippet.replace("print(", "told = ("), scope)
    assert scope["told"] is False


@pytest.mark.clause("C-PREP-3", "C-LOCK-1")
def test_who_prepares_against_its_commit_was_shown_a_certificate() -> None:
    assert prove(accountability.UNLOCKED_BY_PROOF).holds


@pytest.mark.clause("C-PREP-3")
@pytest.mark.parametrize(
    ("action", "premise"),
    [("prepare", "lock_agrees"), ("prepare_justified", "lock_not_above")],
)
def test_who_skips_the_lock_may_have_no_certificate_to_show(action: str, premise: str) -> None:
    actions = tuple(
        evolve(each, premises=tuple(one for one in each.premises if one.name != premise))
        if each.name == action
        else each
        for each in accountability.UNLOCKED_BY_PROOF.actions
    )
    outcome = prove(evolve(accountability.UNLOCKED_BY_PROOF, actions=actions))
    assert f"{action}: turned_by_proof" in {failure.query for failure in outcome.failures}


@pytest.mark.clause("C-PREP-3", "C-STMT-4")
def test_an_honest_platform_may_prepare_against_its_commit() -> None:
    _, run = accountability.an_honest_one_may_turn()
    assert run is not None
    assert run.flaws() == ()
    assert finite.holds(accountability.TURNED, run.end, {})
    assert finite.broken(AGREED.invariant, run.end) == ()
    assert nobody_signs_twice(accountability.statements(run.end)) is None


@pytest.mark.clause("C-STMT-4", "C-EVID-1")
def test_two_who_forget_their_lock_fork_four_and_no_statements_conflict() -> None:
    _, run = accountability.a_fork_may_name_nobody()
    assert run is not None
    assert run.flaws() == ()
    assert finite.broken((AGREEMENT,), run.end) == (AGREEMENT,)
    assert nobody_signs_twice(accountability.statements(run.end)) is None
    lawful = evolve(
        run,
        steps=tuple(evolve(each, action=AGREED.action(each.action.name)) for each in run.steps),
    )
    assert {flaw.split(": ")[1] for flaw in lawful.flaws()} == {"lock_agrees"}


def test_statements_that_conflict_would_be_seen() -> None:
    world = finite.federation(4, frozenset(), views=1, digests=("A", "B"))
    twice = frozenset({(2, 1, 0, "A"), (2, 1, 0, "B")})
    once = frozenset({(2, 1, 0, "A")})
    guilty = evolve(world, facts={**world.facts, committed: twice})
    apart = evolve(world, facts={**world.facts, committed: once, prepared: once})
    assert nobody_signs_twice(accountability.statements(guilty)) is not None
    assert nobody_signs_twice(accountability.statements(apart)) is None


def test_an_example_that_is_not_found_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (Query("a run", Answer.SAT, Answer.UNSAT, 0.0), None)
    monkeypatch.setattr(accountability, "an_honest_one_may_turn", lambda: nothing)
    monkeypatch.setattr(accountability, "a_fork_may_name_nobody", lambda: nothing)
    outcome = accountability.two_statements_do_not_always_tell()
    assert not outcome.holds
    assert [failure.found for failure in outcome.failures] == ["no such run was found"] * 2
