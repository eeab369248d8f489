"""The proofs about the replica hold of the shipped code, and fail where a rule of it is broken.

A broken function is the shipped one with one piece of its source changed.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
from attrs import evolve

from web4core import certificates, gate
from web4core.consensus import rules, state
from web4core.replica import blocks, catchup
from web4proofs.replica import (
    THEOREMS,
    acting,
    arbitrary,
    asking,
    claiming,
    composing,
    counting,
    deciding,
    gating,
    judging,
    refinement,
    restating,
    searching,
    starting,
)
from web4proofs.replica.acting import Contract
from web4proofs.replica.proving import Attempt, attempt
from web4proofs.replica.scene import stepping
from web4proofs.symbolic.reach import Excuse
from web4proofs.theorem import Failure, Outcome, Theorem

QUICK = (
    *("P-CERT-1", "P-CERT-2", "P-COUNT-1", "P-SLOT-1", "P-START-1", "P-START-2"),
    *("P-GATE-1", "P-GATE-2", "P-GATE-3", "P-GATE-4", "P-GATE-5", "P-GATE-6"),
    *("P-ASK-2", "P-ASK-4", "P-ASK-5", "P-ASK-6"),
    *("P-STEP-2", "P-STEP-3", "P-STEP-4", "P-STEP-5", "P-STEP-7", "P-STEP-8"),
    *("P-STEP-9", "P-STEP-11"),
)
"""The theorems that take less than a second; `web4 check prove` tries all."""
SLOW = ("P-START-2", "P-ASK-4", "P-STEP-2", "P-STEP-11")
"""Those of them that take longest."""


@pytest.mark.parametrize(
    "theorem",
    [
        pytest.param(each, id=each.id, marks=[pytest.mark.slow] if each.id in SLOW else [])
        for each in THEOREMS
        if each.id in QUICK
    ],
)
def test_a_theorem_holds_of_the_shipped_code(theorem: Theorem) -> None:
    outcome = theorem.prove()

    assert outcome.failures == ()
    assert outcome.holds
    assert outcome.paths > 0
    assert outcome.executed


def test_every_quick_theorem_is_there() -> None:
    assert set(QUICK) <= {theorem.id for theorem in THEOREMS}


@pytest.fixture
def broken() -> Iterator[Callable[[Any, str, str], Any]]:
    """Gives a function with one piece of its source changed, as a module with it would have it."""
    made: list[str] = []

    def breaks(function: Any, old: str, new: str) -> Any:
        home = function.__code__.co_filename
        text = "".join(linecache.getlines(home))
        first = function.__code__.co_firstlineno - 1
        lines = text.splitlines(keepends=True)
        before, own = "".join(lines[:first]), "".join(lines[first:])
        assert old in own
        changed = before + own.replace(old, new, 1)
        name = f"<{function.__qualname__}, broken {len(made)}>"
        made.append(name)
        linecache.cache[name] = (len(changed), None, changed.splitlines(keepends=True), name)
        module: dict[str, Any] = {**function.__globals__}
        exec(compile(changed, name, "exec", dont_inherit=True), module)
        found = module[function.__name__]
        return FunctionType(found.__code__, function.__globals__, found.__name__)

    yield breaks
    for name in made:
        del linecache.cache[name]


def tried(*proofs: Callable[[Attempt], None]) -> Outcome:
    """What becomes of these proofs."""

    def prove(trying: Attempt) -> None:
        for each in proofs:
            each(trying)

    return attempt(prove)()


@pytest.fixture(autouse=True)
def few_states(monkeypatch: Any, request: Any) -> None:
    """A broken rule is broken in few states already: unlocked, or locked in this view."""
    if "theorem" not in request.fixturenames:
        few = ((False, False, False), (True, True, True))
        monkeypatch.setattr(arbitrary, "_COMBINATIONS", few)


def held(contract: Contract, original: Any, broken_one: Any) -> Outcome:
    """What becomes of a rule's contract when one of its functions is broken."""
    rule = broken_one if contract.rule is original else contract.rule
    through = tuple(broken_one if each is original else each for each in contract.through)
    changed = evolve(contract, rule=rule, through=through)
    return tried(lambda trying: acting.prove(trying, changed))


def told(outcome: Outcome, part: str) -> Failure:
    """The failure whose words these are among."""
    assert not outcome.holds
    found = [failure for failure in outcome.failures if part in failure.found]
    assert found, outcome.failures
    return found[0]


# --- rules that act ----------------------------------------------------------------------------


@pytest.mark.clause("C-PREP-3")
@pytest.mark.slow
def test_preparing_against_the_lock_is_no_step_of_the_protocol() -> None:
    names = {**acting.PREPARE.names, "lock_permits": lambda *_given: True}
    heedless = evolve(acting.PREPARE, names=names)

    told(tried(lambda trying: acting.prove(trying, heedless)), "the protocol permits prepare")


@pytest.mark.clause("C-PREP-3")
def test_a_dropped_lock_check_is_shown_with_a_program(broken: Any, monkeypatch: Any) -> None:
    heedless = broken(rules.lock_permits, "lock is None or lock.digest == digest", "True")
    monkeypatch.setattr(rules, "lock_permits", heedless)

    failure = told(tried(asking.prove_lock_permits), "whether the lock allows it")

    assert dict(failure.values).keys() >= {"lock", "digest", "justification"}
    assert failure.snippet is not None
    assert "lock_permits(" in failure.snippet
    exec(compile(failure.snippet, "<shown>", "exec"), {})


@pytest.mark.clause("C-PREP-2")
@pytest.mark.slow
def test_a_vote_for_a_view_that_was_left_is_seen(broken: Any) -> None:
    careless = broken(
        state.proposal_in_view,
        "if proposal is None or proposal.statement.view != agreement.view:",
        "if proposal is None:",
    )

    told(held(acting.LOCK_AND_COMMIT, state.proposal_in_view, careless), "it acts only where")


@pytest.mark.clause("C-PREP-2", "C-QUORUM-4")
@pytest.mark.slow
def test_looking_at_another_platform_s_proposal_is_seen(broken: Any) -> None:
    careless = broken(
        state.proposal_in_view,
        "index = proposer(agreement.height, agreement.view, agreement.n)",
        "index = agreement.me",
    )

    names = {**acting.LOCK_AND_COMMIT.names}
    del names["proposer"]
    changed = evolve(acting.LOCK_AND_COMMIT, names=names)

    told(held(changed, state.proposal_in_view, careless), "it does nothing only where")


@pytest.mark.clause("C-LOCK-1")
@pytest.mark.slow
def test_a_commit_without_a_certificate_is_no_step_of_the_protocol(broken: Any) -> None:
    hasty = broken(rules.lock_and_commit, "len(votes) < quorum(agreement.n)", "len(votes) < 1")
    changed = evolve(acting.LOCK_AND_COMMIT, rule=hasty, through=_without_quorum())

    told(tried(lambda trying: acting.prove(trying, changed)), "the protocol permits")


def _without_quorum() -> tuple[Any, ...]:
    kept = [each for each in acting.LOCK_AND_COMMIT.through if "quorum" not in each.__module__]
    return tuple(kept)


@pytest.mark.clause("C-LOCK-1")
@pytest.mark.slow
def test_counted_votes_show_nothing_if_signatures_could_be_forged(monkeypatch: Any) -> None:
    monkeypatch.setattr(refinement, "_authentic", lambda *_given: ())

    outcome = tried(lambda trying: acting.prove(trying, acting.LOCK_AND_COMMIT))

    told(outcome, "the protocol permits lock_and_commit")


@pytest.mark.clause("C-LOCK-3")
@pytest.mark.slow
def test_a_second_commit_in_a_view_is_no_step_of_the_protocol(broken: Any) -> None:
    forgetful = broken(
        rules.lock_and_commit, "agreement.said.commit is not None", "agreement.view < 0"
    )

    told(held(acting.LOCK_AND_COMMIT, rules.lock_and_commit, forgetful), "the protocol permits")


@pytest.mark.clause("C-VIEW-1")
def test_a_view_change_that_hides_the_lock_is_seen(broken: Any) -> None:
    secretive = broken(
        rules.enter, "prepared = None if lock is None else lock.certificate", "prepared = None"
    )

    told(held(acting.ENTER, rules.enter, secretive), "the draft is as the contract says")


@pytest.mark.clause("C-VIEW-1", "C-LOCK-1")
def test_a_time_out_that_clears_the_lock_is_no_step_of_the_protocol(broken: Any) -> None:
    forgetful = broken(
        rules.enter,
        "said=OwnStatements(), gathered=False)",
        "said=OwnStatements(), gathered=False, lock=None)",
    )

    told(held(acting.ENTER, rules.enter, forgetful), "enter does to locked what was done")


@pytest.mark.clause("C-VIEW-1")
def test_a_platform_that_stays_in_the_view_that_it_left_is_seen(broken: Any) -> None:
    stuck = broken(rules.enter, "evolve(agreement, view=view, said", "evolve(agreement, said")

    told(held(acting.ENTER, rules.enter, stuck), "the protocol permits enter")


@pytest.mark.clause("C-LOCK-1")
def test_a_rule_that_never_acts_is_seen_too(broken: Any) -> None:
    idle = broken(
        rules.enter, "evolve(moved, said=OwnStatements(view_change=draft)), draft", "moved, None"
    )

    told(held(acting.ENTER, rules.enter, idle), "it does nothing only where")


# --- certificates and the gate -----------------------------------------------------------------


@pytest.mark.clause("C-CERT-1", "C-CERT-2")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signer <= last", "signer < last"),
        (" or signer >= n", ""),
        ("quorum(n) <= len(signers)", "quorum(n) - 1 <= len(signers)"),
        ("last = signer", "last = -1"),
    ],
    ids=["repeated", "stranger", "one short", "in any order"],
)
def test_a_certificate_that_does_not_count_is_refused(
    old: str, new: str, broken: Any, monkeypatch: Any
) -> None:
    careless = broken(certificates.signers_count, old, new)
    monkeypatch.setattr(certificates, "signers_count", careless)

    assert not tried(counting.prove_signers_count).holds


@pytest.mark.clause("C-CERT-3", "C-CERT-4")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("proves_prepared", "certificate.view < below", "certificate.view <= below"),
        ("proves_prepared", "certificate.height == height", "True"),
        ("proves_decided", "certificate.digest == digest", "True"),
        ("proves_decided", "== Kind.COMMIT", "in (Kind.PREPARE, Kind.COMMIT)"),
    ],
    ids=["from the future", "another height", "another block", "of PREPAREs"],
)
def test_a_certificate_for_something_else_proves_nothing(
    name: str, old: str, new: str, broken: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(certificates, name, broken(getattr(certificates, name), old, new))

    told(tried(counting.prove_proofs), "it proves what it is taken for")


@pytest.mark.clause("W-MSG-6", "C-STMT-3", "C-VIEW-1")
@pytest.mark.parametrize(
    ("name", "old", "part"),
    [
        ("_check_proposal", "statement.digest != message.block.digest", "what passes, exactly"),
        ("_check_view_change", "statement.view == 0", "names the first clause"),
        (
            "_check_view_change",
            "(message.prepared is None) != (message.block is None)",
            "what passes, exactly",
        ),
    ],
    ids=["another block", "into view 0", "no block"],
)
def test_a_gate_that_lets_more_through_is_seen(
    name: str, old: str, part: str, broken: Any, monkeypatch: Any
) -> None:
    shipped = getattr(gate, name)
    careless = broken(shipped, old, "False")
    monkeypatch.setattr(gate, name, careless)
    monkeypatch.setitem(gating._CALLED, careless, gating._CALLED[shipped])
    monkeypatch.setitem(gating._SUMMARIES, careless, gating._SUMMARIES[shipped])

    prove = gating.prove_proposals if name == "_check_proposal" else gating.prove_view_changes
    told(tried(prove), part)


@pytest.mark.clause("W-MSG-2")
def test_a_signature_that_nobody_verifies_is_seen(broken: Any, monkeypatch: Any) -> None:
    lazy = broken(
        gate._certificate,
        "_signed(gate, certified_statement(certificate, signer), signature, checks)",
        "certified_statement(certificate, _signed and signer)",
    )
    monkeypatch.setattr(gate, "_certificate", lazy)

    told(tried(claiming.prove_parts), "each signature is claimed")


# --- counting and deciding ---------------------------------------------------------------------


@pytest.mark.clause("C-CERT-2")
def test_supporters_that_are_not_one_comprehension_are_refused(
    broken: Any, monkeypatch: Any
) -> None:
    cut_short = broken(
        state.supporters, "vote.statement.digest == digest\n    )", "True\n    )[:2]"
    )
    monkeypatch.setattr(state, "supporters", cut_short)

    told(tried(counting.prove_supporters), "not one comprehension")


@pytest.mark.clause("C-CERT-2")
def test_a_supporter_of_another_digest_is_seen(broken: Any, monkeypatch: Any) -> None:
    careless = broken(state.supporters, " and vote.statement.digest == digest", "")
    monkeypatch.setattr(state, "supporters", careless)

    told(tried(counting.prove_supporters), "one vote is a supporter or not")


@pytest.mark.clause("C-SLOT-2")
def test_a_later_message_of_the_same_view_does_not_replace_the_first(
    broken: Any, monkeypatch: Any
) -> None:
    careless = broken(
        state.keep, "present.statement.view >= statement", "present.statement.view > statement"
    )
    monkeypatch.setattr(state, "keep", careless)

    told(tried(counting.prove_keep), "only a message of a higher view goes in")


@pytest.mark.clause("C-DEC-1", "C-CERT-4")
def test_a_decision_on_prepares_is_seen(broken: Any, monkeypatch: Any) -> None:
    careless = broken(rules.certified, "agreement.slots.commits", "agreement.slots.prepares")
    monkeypatch.setattr(rules, "certified", careless)

    assert not tried(searching.prove_certified).holds


@pytest.mark.clause("C-DEC-1")
def test_a_decision_without_its_block_is_seen(broken: Any, monkeypatch: Any) -> None:
    careless = broken(
        rules.decision,
        "None if block is None else (block, certificate)",
        "(block, certificate)",
    )
    monkeypatch.setattr(rules, "decision", careless)

    told(tried(searching.prove_decision), "block and certificate, or nothing")


@pytest.mark.clause("C-NEW-3")
def test_a_lower_certificate_is_not_proposed_again(broken: Any, monkeypatch: Any) -> None:
    careless = broken(
        rules.reproposal, "message.prepared.view > best", "message.prepared.view < best"
    )
    monkeypatch.setattr(rules, "reproposal", careless)

    told(tried(searching.prove_reproposal), "the best so far")


# --- what applies the rules --------------------------------------------------------------------


@pytest.mark.clause("C-DEC-2")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "run.state.height + 1, run.state.upcoming",
            "run.state.height, run.state.upcoming",
            id="the same height again",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "if applied is None:", "if False:", id="an invalid block", marks=pytest.mark.slow
        ),
        pytest.param(
            "Decide(block, certificate)", "Decide(run.state.tip, certificate)", id="another block"
        ),
    ],
)
def test_a_wrong_decision_is_seen(old: str, new: str, broken: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(blocks, "advance", broken(blocks.advance, old, new))

    assert not tried(deciding.prove_advance).holds


@pytest.mark.clause("C-SYNC-1")
def test_a_decided_block_of_another_height_is_not_taken(broken: Any, monkeypatch: Any) -> None:
    careless = broken(catchup.on_decided, "if height == run.state.height", "if height >= 0")
    monkeypatch.setattr(catchup, "on_decided", careless)

    told(tried(deciding.prove_on_decided), "taken exactly at its height")


@pytest.mark.clause("C-FLOW-1")
@pytest.mark.slow
def test_a_rule_applied_to_a_state_of_before_is_seen(broken: Any, monkeypatch: Any) -> None:
    stale = broken(
        stepping._apply_rules,
        "run.take(rules.join(run.state.agreement))",
        "before = run.state.agreement\n        run.take(rules.join(before))",
    )
    stale = broken(
        stale, "rules.lock_and_commit(run.state.agreement)", "rules.lock_and_commit(before)"
    )
    monkeypatch.setattr(stepping, "_apply_rules", stale)

    told(tried(composing.prove_apply_rules), "each rule once, in order")


@pytest.mark.clause("C-NEW-2")
def test_a_timer_that_clears_what_was_said_is_seen(broken: Any, monkeypatch: Any) -> None:
    careless = broken(stepping._on_propose_timer, "gathered=True", "gathered=True, lock=None")
    monkeypatch.setattr(stepping, "_on_propose_timer", careless)

    told(tried(restating.prove_timers), "the wait is over, and nothing else changes")


@pytest.mark.clause("C-LOSS-1")
def test_a_restart_that_signs_something_else_is_seen(broken: Any, monkeypatch: Any) -> None:
    careless = broken(stepping._resend, "Sign(draft, others)", "Sign(status(state), others)")
    monkeypatch.setattr(stepping, "_resend", careless)

    told(tried(restating.prove_said_again), "or else signed again")


@pytest.mark.clause("C-VALID-1")
def test_a_block_with_another_root_is_not_valid(broken: Any, monkeypatch: Any) -> None:
    careless = broken(blocks._result, " or applied.root != header.state_root", "")
    monkeypatch.setattr(blocks, "_result", careless)

    told(tried(judging.prove_validity), "whether the block follows")


# --- how the proofs look at the code -----------------------------------------------------------


@pytest.mark.slow
def test_a_line_that_no_path_takes_is_seen(broken: Any, monkeypatch: Any) -> None:
    wordy = broken(
        blocks.advance,
        "    run.effects.append(Decide(block, certificate))",
        "    if certificate is None:\n        return\n"
        "    run.effects.append(Decide(block, certificate))",
    )
    monkeypatch.setattr(blocks, "advance", wordy)

    told(tried(deciding.prove_advance), '"certificate is None" is None is never reached')


def test_a_line_of_a_loop_that_no_path_takes_is_seen(broken: Any, monkeypatch: Any) -> None:
    wordy = broken(rules.certified, "if vote is None:", "if vote is None or vote is commits:")
    monkeypatch.setattr(rules, "certified", wordy)

    told(tried(searching.prove_certified), '"vote is commits" is true is never reached')


@pytest.mark.parametrize(
    "prove",
    [
        gating.prove_proposals,
        gating.prove_view_changes,
        gating.prove_decided,
        searching.prove_reproposal,
    ],
)
def test_every_excuse_is_for_what_is_there(prove: Callable[[Attempt], None]) -> None:
    idle = Excuse("web4core.gate._block", "line of nobody", "a test")
    trying = Attempt()
    prove(trying)
    trying.excuse(idle)
    assert trying.idle_excuses() == (idle,)


def test_code_that_takes_another_way_with_plain_values_is_seen(
    broken: Any, monkeypatch: Any
) -> None:
    curious = broken(
        rules.lock_permits,
        "lock.digest == digest",
        "(type(digest) is bytes or lock.digest == digest)",
    )
    monkeypatch.setattr(rules, "lock_permits", curious)

    told(tried(asking.prove_lock_permits), "not as the plain code does")


def test_what_cannot_be_followed_fails_the_theorem(broken: Any, monkeypatch: Any) -> None:
    hashing = broken(rules.lock_permits, "lock.digest == digest", "hash(lock.digest) == 0")
    monkeypatch.setattr(rules, "lock_permits", hashing)

    told(tried(asking.prove_lock_permits), "could not be followed")


@pytest.mark.clause("H-GENESIS-2")
def test_a_platform_that_starts_at_another_height_is_seen(broken: Any, monkeypatch: Any) -> None:
    early = broken(stepping.start, "config.me, 1, no_slots", "config.me, 0, no_slots")
    monkeypatch.setattr(stepping, "start", early)

    told(tried(starting.prove_start), "height 1, in view 0")
