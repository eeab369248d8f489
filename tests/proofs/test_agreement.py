"""The proof of agreement holds, and fails with a small counterexample once a rule is broken."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable

import pytest
from attrs import evolve

from web4core.consensus import rules
from web4proofs.agreement import examples, finite, necessity
from web4proofs.agreement.induction import prove
from web4proofs.agreement.logic import Equal, Implies, Not, both, every, some
from web4proofs.agreement.model import (
    ACTIONS,
    AGREED,
    AGREEMENT,
    DECIDE,
    ENTER,
    JUDGED_FIRST,
    LOCK_AND_COMMIT,
    PREPARE,
    QUORUMS_MEET,
    UNAMBIGUOUS,
    Action,
    Claim,
    Premise,
    Protocol,
    Update,
    d,
    h,
    honest,
    k,
    locked,
    member,
    p,
    prepared_certificate,
    q,
    v,
)
from web4proofs.agreement.reachable import find
from web4proofs.theorem import Answer


def with_action(protocol: Protocol, changed: Action) -> Protocol:
    """What is proved of this action, in place of the one of its name; of no other."""
    assert any(action.name == changed.name for action in protocol.actions)
    return evolve(protocol, actions=(changed,))


def without(action: Action, *premises: str) -> Action:
    """The action without these premises."""
    kept = tuple(each for each in action.premises if each.name not in premises)
    assert len(kept) == len(action.premises) - len(premises)
    return evolve(action, premises=kept)


def not_updating(action: Action, name: str) -> Action:
    """The action that leaves this relation as it was."""
    kept = tuple(each for each in action.updates if each.relation.name != name)
    assert len(kept) == len(action.updates) - 1
    return evolve(action, updates=kept)


def unlocking() -> Action:
    """A platform that leaves a view forgets its lock."""
    (update,) = (each for each in LOCK_AND_COMMIT.updates if each.relation is locked)
    holder, at, *_ = update.variables
    others = Not(both(Equal(holder, p), Equal(at, h)))
    forgets = Update(locked, update.variables, both(others, locked(*update.variables)))
    return evolve(ENTER, updates=(*ENTER.updates, forgets))


def deciding_on_prepares() -> Action:
    """A platform that takes a prepared certificate for a commit certificate."""
    premise = Premise("prepared", prepared_certificate(q, h, v, d), "a quorum prepared this")
    return evolve(without(DECIDE, "committed_by_quorum"), premises=(DECIDE.premises[0], premise))


BROKEN_RULES: dict[str, Callable[[], Protocol]] = {
    "the lock is not asked": lambda: with_action(AGREED, without(PREPARE, "lock_agrees")),
    "two votes in a view": lambda: with_action(AGREED, without(PREPARE, "not_prepared")),
    "an unproved justification": lambda: with_action(
        AGREED, without(AGREED.action("prepare_justified"), "justified")
    ),
    "a justification older than the lock": lambda: with_action(
        AGREED, without(AGREED.action("prepare_justified"), "lock_not_above")
    ),
    "a COMMIT in a view that was left": lambda: with_action(
        AGREED, without(LOCK_AND_COMMIT, "not_left")
    ),
    "a COMMIT in a view not yet entered": lambda: with_action(
        AGREED, without(LOCK_AND_COMMIT, "reached")
    ),
    "a COMMIT without a certificate": lambda: with_action(
        AGREED, without(LOCK_AND_COMMIT, "prepared_by_quorum")
    ),
    "a COMMIT that does not lock": lambda: with_action(
        AGREED, not_updating(LOCK_AND_COMMIT, "locked")
    ),
    "a lock forgotten with the view": lambda: with_action(AGREED, unlocking()),
    "a decision without a certificate": lambda: with_action(
        AGREED, without(DECIDE, "committed_by_quorum")
    ),
    "a decision on PREPAREs": lambda: with_action(AGREED, deciding_on_prepares()),
    "a vote for an invalid block": lambda: with_action(
        JUDGED_FIRST, without(PREPARE, "judged_valid")
    ),
    "a second COMMIT": lambda: with_action(UNAMBIGUOUS, without(LOCK_AND_COMMIT, "not_committed")),
    "a second PRE-PREPARE": lambda: with_action(
        UNAMBIGUOUS, without(UNAMBIGUOUS.action("propose"), "not_proposed")
    ),
    "a view entered again": lambda: with_action(UNAMBIGUOUS, without(ENTER, "higher")),
    "a view that is not left": lambda: with_action(UNAMBIGUOUS, not_updating(ENTER, "left")),
    "quorums of f + 1": lambda: evolve(
        AGREED,
        axioms=(*(axiom for axiom in AGREED.axioms if axiom is not QUORUMS_MEET), HALF_A_QUORUM),
        actions=(),
    ),
}

SLOW = {
    "a justification older than the lock",
    "a COMMIT without a certificate",
    "a COMMIT in a view that was left",
    "a COMMIT in a view not yet entered",
    "a lock forgotten with the view",
    "an unproved justification",
}

HALF_A_QUORUM: Claim = Claim(
    "a_quorum_has_an_honest_one",
    every(q, holds=some(k, holds=both(honest(k), member(k, q)))),
    "a quorum of f + 1 has an honest platform, and nothing more",
)


@pytest.mark.clause("I-AGREE-1", "C-PREP-3", "C-LOCK-1", "C-DEC-1", "C-VIEW-1")
def test_the_invariant_of_agreement_is_kept_by_every_action() -> None:
    outcome = prove(AGREED)
    assert outcome.failures == ()
    assert outcome.holds
    assert len(outcome.queries) == 1 + 6 + 7 * (1 + 6) + 4 * 2


@pytest.mark.clause("I-SIGN-1", "C-STMT-4", "C-PROP-2", "C-PREP-1", "C-LOCK-3")
def test_an_honest_platform_casts_no_conflict_without_a_word_about_quorums() -> None:
    assert all(claim is not QUORUMS_MEET for claim in UNAMBIGUOUS.axioms)
    assert prove(UNAMBIGUOUS).holds


@pytest.mark.clause("C-PREP-4", "C-LOCK-1")
def test_what_is_decided_was_found_valid() -> None:
    assert prove(JUDGED_FIRST).holds


@pytest.mark.clause("C-PREP-1", "C-PREP-3", "C-LOCK-1", "C-DEC-1", "C-VIEW-1", "C-QUORUM-2")
@pytest.mark.parametrize(
    "broken",
    [pytest.param(each, marks=[pytest.mark.slow] if each in SLOW else []) for each in BROKEN_RULES],
)
def test_a_broken_rule_has_a_small_counterexample_that_replays(broken: str) -> None:
    outcome = prove(BROKEN_RULES[broken]())
    assert not outcome.holds
    assert outcome.failures
    for failure in outcome.failures:
        assert "NOT" not in failure.found
        sizes = dict(failure.values)
        assert all(sizes[sort] for sort in ("platform", "height", "view", "digest", "quorum"))
        assert len(sizes["platform"].split(", ")) <= 4
        assert len(sizes["view"].split(", ")) <= 3


def test_a_counterexample_tells_the_step_and_the_claim() -> None:
    outcome = prove(BROKEN_RULES["two votes in a view"]())
    told = {failure.query: failure for failure in outcome.failures}
    failure = told["prepare: prepared_once"]
    assert failure.found.startswith("prepared_once breaks by prepare(p = p0, h = h0, v = v0, d = ")
    assert ("prepared", "(p0, h0, v0, A)") in failure.values or (
        "prepared",
        "(p0, h0, v0, B)",
    ) in failure.values


def test_contradictory_premises_are_a_failure() -> None:
    absurd = Premise("absurd", both(honest(p), Not(honest(p))), "cannot be met")
    action = evolve(PREPARE, premises=(*PREPARE.premises, absurd))
    outcome = prove(with_action(AGREED, action))
    assert [failure.found for failure in outcome.failures] == ["contradictory premises"]
    assert outcome.failures[0].query == "prepare: possible"


def test_a_consequence_of_nothing_is_a_failure() -> None:
    idle = evolve(
        AGREED.consequences[0],
        claim=Claim(
            "idle",
            every(p, holds=Implies(both(honest(p), Not(honest(p))), honest(p))),
            "is about nobody",
        ),
    )
    outcome = prove(evolve(AGREED, actions=(), consequences=(idle,)))
    assert [failure.query for failure in outcome.failures] == ["idle: possible"]


def test_too_little_effort_is_a_failure() -> None:
    outcome = prove(with_action(AGREED, AGREED.action("prepare_justified")), effort=50)
    assert not outcome.holds
    assert "effort exhausted" in {failure.found for failure in outcome.failures}


def test_a_question_outside_the_decidable_fragment_is_refused() -> None:
    circular = Claim(
        "circular",
        every(p, holds=Implies(honest(p), some(q, holds=member(p, q)))),
        "every honest platform is in a quorum, while quorums have honest platforms",
    )
    outcome = prove(evolve(AGREED, axioms=(*AGREED.axioms, circular), actions=()))
    assert not outcome.holds
    assert outcome.queries == ()
    assert {failure.found for failure in outcome.failures} == {
        "outside the decidable fragment: platform -> quorum -> platform"
    }


@pytest.mark.clause("C-PREP-2", "C-LOCK-1", "C-DEC-1", "C-VIEW-1")
def test_a_decision_is_reached_also_after_a_lock_and_a_view_change() -> None:
    outcome = examples.decisions_are_reached()
    assert outcome.failures == ()
    assert outcome.holds


def test_no_decision_is_reached_in_fewer_steps_than_it_takes() -> None:
    start = finite.federation(4, frozenset({3}), views=1, digests=("A",))
    query, run = find("too short", start, lambda _: ACTIONS, examples.A_DECISION, 4)
    assert (query.got, run) == (Answer.UNSAT, None)
    assert examples.flaws(run, examples.A_DECISION) == ("no such run was found",)


@pytest.mark.clause("C-PREP-3", "I-AGREE-1")
def test_without_the_lock_four_platforms_fork() -> None:
    start = finite.federation(4, frozenset({3}), views=2, digests=("A", "B"))
    fork = Not(AGREEMENT.formula)
    forgetful = (without(PREPARE, "lock_agrees"), LOCK_AND_COMMIT, DECIDE, ENTER)
    _, run = find("a fork", start, lambda _: forgetful, fork, 12)
    assert run is not None
    assert finite.holds(fork, run.end, {})
    lawful = evolve(run, steps=tuple(as_written(step) for step in run.steps))
    assert {flaw.split(": ")[1] for flaw in lawful.flaws()} == {"lock_agrees"}


def as_written(step: finite.Step) -> finite.Step:
    """The same step, judged by the action as the protocol has it."""
    return evolve(step, action=AGREED.action(step.action.name))


@pytest.mark.clause("I-AGREE-1", "C-LOCK-1", "C-LOCK-3")
@pytest.mark.slow
def test_every_premise_of_a_commit_is_needed_or_listed() -> None:
    protocols = {"agreement": AGREED, "unambiguity": UNAMBIGUOUS}
    outcome = necessity.nothing_is_idle(actions=(LOCK_AND_COMMIT,), protocols=protocols)
    assert outcome.failures == ()
    assert outcome.holds


def test_an_idle_premise_that_is_not_listed_is_a_failure() -> None:
    outcome = necessity.nothing_is_idle({}, (AGREED.action("restart"),), {"validity": JUDGED_FIRST})
    assert [failure.query for failure in outcome.failures] == ["restart without honest"]
    assert not outcome.holds


def test_a_needed_premise_that_is_listed_is_a_failure() -> None:
    listed = {("decide", "committed_by_quorum"): "wrongly", ("decide", "honest"): "rightly"}
    outcome = necessity.nothing_is_idle(listed, (DECIDE,), {"validity": JUDGED_FIRST})
    assert [failure.query for failure in outcome.failures] == ["decide without committed_by_quorum"]


def test_every_reason_for_an_idle_premise_is_about_one_that_exists() -> None:
    exist = {(action.name, premise.name) for action in ACTIONS for premise in action.premises}
    assert set(necessity.IDLE) <= exist


def test_every_rule_that_takes_a_step_is_an_action() -> None:
    stepping = {
        name
        for name, function in inspect.getmembers(rules, inspect.isfunction)
        if function.__annotations__.get("return") == "RuleOutcome"
    }
    rendered = {rule for action in ACTIONS for rule in action.rules}
    assert {f"web4core.consensus.rules.{name}" for name in stepping} <= rendered


def test_every_action_names_functions_that_exist() -> None:
    for action in ACTIONS:
        assert action.rules
        for rule in action.rules:
            module, name = rule.rsplit(".", 1)
            assert callable(getattr(importlib.import_module(module), name))
