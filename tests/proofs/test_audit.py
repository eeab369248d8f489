"""`web4proofs.audit`: an honest journal passes, and whatever departs is named.

A platform is broken, or a journal changed, and the audit must say who departs, at which event, and
from which clause: with the core that was broken, and with the sound one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from attrs import evolve

from tests.support.audited import audit_of, journal_of
from tests.support.federation import Federation
from tests.support.forge import (
    block_after,
    certificate,
    commit_one,
    opening,
    proposal,
    tell,
    view_change,
    vote,
)
from web4core.chain import Block
from web4core.consensus import rules
from web4core.consensus.state import Agreement
from web4core.effects import Accuse, Decide, Effect
from web4core.events import Received
from web4core.messages import Decided, Evidence, Kind, Statement, Vote
from web4core.snapshot import decode_event, decode_state, encode_event, encode_state
from web4core.types import Digest, Signature, StateRoot, View
from web4proofs.audit import Audit, AuditResult, Departure, Journal
from web4proofs.audit.findings import Findings
from web4proofs.audit.inputs import Heard
from web4proofs.audit.step_checker import Follower

ME = 0


def journal(fed: Federation, index: int, records: Sequence[bytes] | None = None) -> Journal:
    """The journal of a platform, or with these records in place of its own."""
    whole = journal_of(fed, index)
    if records is None:
        return whole
    return evolve(whole, events=[decode_event(fed.events, each) for each in records])


def audited(fed: Federation, *journals: Journal) -> Audit:
    """Audit these, or the journals of all."""
    return audit_of(fed, journals or None)


def only(found: Audit) -> Departure:
    """The one departure."""
    assert len(found.departures) == 1, [str(each) for each in found.departures]
    return found.departures[0]


def number_of(fed: Federation, index: int, when: Callable[[object], bool]) -> int:
    """The number of the first event in a journal of which this is so."""
    for number, record in enumerate(fed.nodes[index].journal, 1):
        event = decode_event(fed.events, record)
        if isinstance(event, Received) and when(event.message):
            return number
    pytest.fail("there is no such event")


def alone() -> Federation:
    """Platform 0 of four, unchecked; the test holds the other three keys."""
    return Federation(4, byzantine=[1, 2, 3], check=False)


def two_blocks(fed: Federation) -> tuple[Block, Block]:
    state = fed.nodes[ME].state
    return (
        block_after(state, [opening(fed, "carol")], fed.now_ms + 1),
        block_after(state, [opening(fed, "erin")], fed.now_ms + 2),
    )


def own(kind: Kind, block: Block, view: int = 0) -> Callable[[object], bool]:
    """Whether a message is this vote of the platform's own."""
    wanted = Statement(kind, block.header.height, View(view), block.digest, ME)
    return lambda message: isinstance(message, Vote) and message.statement == wanted


# --- what holds ---------------------------------------------------------------------------------


@pytest.mark.clause("I-AGREE-1", "I-AGREE-2", "I-SIGN-1", "A-DUR-2")
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_the_journals_of_honest_platforms_hold(n: int) -> None:
    fed = Federation(n)
    for agent in ("carol", "erin", "frank"):
        commit_one(fed, agent)
    found = audited(fed)
    assert [str(each) for each in found.departures] == []
    assert found.verdict is AuditResult.HOLDS
    assert [each.decided for each in found.replays] == [3] * n
    assert found.events == sum(len(node.journal) for node in fed.nodes.values())


@pytest.mark.clause("C-VIEW-1", "C-PREP-3")
def test_view_changes_locks_and_restarts_hold() -> None:
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _source, _to, message: (
        isinstance(message, Vote) and message.statement.kind is Kind.COMMIT
    )
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    fed.run(lambda: all(node.state.agreement.view >= 2 for node in fed.nodes.values()))
    assert any(node.state.agreement.lock for node in fed.nodes.values())
    fed.crash(1)
    fed.restart(1)
    fed.cut = lambda *_: False
    fed.run(fed.at_height(2))
    assert [str(each) for each in audited(fed).departures] == []


@pytest.mark.clause("A-DUR-2", "A-DUR-4")
def test_an_audit_can_begin_from_a_snapshot_and_claims_no_more() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    saved = encode_state(fed.nodes[1].state)
    before = len(fed.nodes[1].journal)
    commit_one(fed, "erin")
    state = decode_state(fed.fresh(1).config, saved)
    events = [decode_event(fed.events, each) for each in fed.nodes[1].journal[before:]]
    found = audited(fed, Journal(state, events, before + 1), journal(fed, 0))
    assert [str(each) for each in found.departures] == []
    (replay, _) = found.replays
    assert (replay.span.first, replay.span.height) == (before + 1, 2)
    assert (replay.events, replay.decided) == (len(events), 1)


@pytest.mark.clause("C-GUARD-4")
def test_a_platform_that_lost_its_journal_is_not_blamed_where_it_is_silent() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    blamed = audited(fed, journal(fed, 0), journal(fed, 1, fed.nodes[1].journal[:1]))
    assert only(blamed).clause == "A-DUR-1"
    silent = evolve(journal(fed, 1, fed.nodes[1].journal[:1]), silent_through=1)
    assert audited(fed, journal(fed, 0), silent).departures == ()


def test_no_event_is_nothing_to_audit() -> None:
    fed = Federation(4)
    found = audited(fed, journal(fed, 0, []))
    assert (found.verdict, found.exit_code) == (AuditResult.NOTHING, 3)


# --- a platform that is broken -----------------------------------------------------------------


def against_its_lock(fed: Federation) -> Block:
    """Have platform 0 locked on one block, and shown another in view 1; returns the other."""
    locked, other = two_blocks(fed)
    tell(fed, ME, proposal(fed, locked))
    tell(fed, ME, *(vote(fed, Kind.PREPARE, each, locked) for each in (1, 2)))
    tell(fed, ME, *(view_change(fed, each, 1, 1) for each in (1, 2)))
    tell(fed, ME, proposal(fed, other, 1))
    return other


@pytest.mark.clause("C-PREP-3")
def test_a_vote_against_the_lock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = alone()
    with monkeypatch.context() as broken:
        broken.setattr(rules, "lock_permits", lambda *_: True)
        other = against_its_lock(fed)
        found = only(audited(fed))
        assert (found.platform, found.clause) == ("thor", "C-PREP-3")
        assert found.event == len(fed.nodes[ME].journal) - 1
    voted = number_of(fed, ME, own(Kind.PREPARE, other, 1))
    found = only(audited(fed))
    assert (found.platform, found.clause, found.event) == ("thor", "C-PREP-3", voted)
    assert "it signed PREPARE" in found.found


@pytest.mark.clause("C-PREP-3")
def test_a_vote_against_an_earlier_commit_holds_where_a_certificate_allows_it() -> None:
    fed = alone()
    other = against_its_lock(fed)
    unlocks = certificate(fed, Kind.PREPARE, other, 1, (1, 2, 3))
    tell(fed, ME, *(view_change(fed, each, 1, 2) for each in (1, 2)))
    tell(fed, ME, proposal(fed, other, 2, unlocks))
    assert number_of(fed, ME, own(Kind.PREPARE, other, 2))
    assert audited(fed).departures == ()


@pytest.mark.clause("C-VIEW-1")
def test_a_vote_below_the_view_that_was_left_is_named() -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    tell(fed, ME, *(view_change(fed, each, 1, 1) for each in (1, 2)))
    tell(fed, ME, vote(fed, Kind.PREPARE, ME, block))
    found = only(audited(fed))
    assert (found.platform, found.clause) == ("thor", "C-VIEW-1")
    assert found.event == len(fed.nodes[ME].journal)


@pytest.mark.clause("C-VIEW-1")
def test_a_platform_that_goes_back_to_a_view_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = alone()
    tell(fed, ME, *(view_change(fed, each, 1, 2) for each in (1, 2)))
    enter = rules.enter

    def back_once(agreement: Agreement, view: int) -> rules.RuleOutcome:
        return enter(agreement, View(1 if agreement.view == 2 else view))

    monkeypatch.setattr(rules, "enter", back_once)
    tell(fed, ME, *(view_change(fed, each, 1, 3) for each in (1, 2)))
    assert fed.nodes[ME].state.agreement.view == 3
    found = audited(fed)
    assert {(each.platform, each.clause) for each in found.departures} == {("thor", "C-VIEW-1")}


@pytest.mark.clause("C-LOCK-1")
def test_a_commit_without_a_prepared_certificate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    with monkeypatch.context() as broken:
        broken.setattr(rules, "quorum", lambda _n: 2)
        tell(fed, ME, proposal(fed, block), vote(fed, Kind.PREPARE, 1, block))
        found = audited(fed)
        assert {each.clause for each in found.departures} >= {"C-LOCK-1", "I-LOCK-1"}
    committed = number_of(fed, ME, own(Kind.COMMIT, block))
    found_by_sound = only(audited(fed))
    assert (found_by_sound.clause, found_by_sound.event) == ("C-LOCK-1", committed)


@pytest.mark.clause("C-DEC-1")
def test_a_decision_without_a_commit_certificate_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    monkeypatch.setattr(rules, "quorum", lambda _n: 2)
    tell(fed, ME, proposal(fed, block))
    tell(fed, ME, *(vote(fed, Kind.COMMIT, each, block) for each in (1, 2)))
    found = audited(fed)
    assert {each.clause for each in found.departures} >= {"C-DEC-1", "I-TIP-1"}
    assert {each.platform for each in found.departures} == {"thor"}


@pytest.mark.clause("C-PREP-1", "I-SIGN-1")
def test_two_prepares_in_one_view_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = alone()
    first, second = two_blocks(fed)
    tell(fed, ME, proposal(fed, first), vote(fed, Kind.PREPARE, ME, second))
    twice, signed = audited(fed).departures
    assert (twice.clause, twice.event) == ("C-PREP-1", len(fed.nodes[ME].journal))
    assert (signed.platform, signed.clause) == ("thor", "I-SIGN-1")


@pytest.mark.clause("C-PREP-4")
def test_a_vote_for_a_block_that_does_not_apply_is_named() -> None:
    fed = alone()
    invalid = block_after(fed.nodes[ME].state, [], fed.now_ms + 1, root=bytes(32))
    tell(fed, ME, proposal(fed, invalid), vote(fed, Kind.PREPARE, ME, invalid))
    found = only(audited(fed))
    assert (found.clause, found.event) == ("C-PREP-4", len(fed.nodes[ME].journal))


@pytest.mark.clause("I-SAID-2", "I-LOCK-1")
def test_a_state_that_breaks_an_invariant_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = alone()
    block, _ = two_blocks(fed)
    sound = rules.lock_and_commit

    def forgetful(agreement: Agreement) -> rules.RuleOutcome:
        locked, draft = sound(agreement)
        return evolve(locked, lock=None), draft

    monkeypatch.setattr(rules, "lock_and_commit", forgetful)
    tell(fed, ME, proposal(fed, block))
    tell(fed, ME, *(vote(fed, Kind.PREPARE, each, block) for each in (1, 2)))
    told = [each.clause for each in audited(fed).departures]
    assert set(told) >= {"I-SAID-2", "C-LOCK-1"}
    assert told.count("I-SAID-2") == 1, "what stays broken is told once"


@pytest.mark.clause("A-EVENT-4")
def test_a_core_that_raises_is_named_and_ends_the_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    fed = Federation(4)
    commit_one(fed, "carol")

    def defect(_agreement: Agreement) -> rules.RuleOutcome:
        raise KeyError("a defect")

    monkeypatch.setattr(rules, "join", defect)
    found = audited(fed, journal(fed, 0))
    assert (only(found).clause, only(found).event) == ("A-EVENT-4", 1)


# --- a journal that was changed ----------------------------------------------------------------


@pytest.mark.clause("A-DUR-1")
def test_an_event_that_was_cut_out_is_missed_where_its_effect_comes_back() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    records = list(fed.nodes[1].journal)
    height_1 = fed.nodes[1].blocks[1].block
    heard = number_of(fed, 1, lambda message: getattr(message, "block", None) == height_1)
    del records[heard - 1]
    found = audited(fed, journal(fed, 1, records))
    assert found.departures[0].clause in ("A-DUR-1", "C-PREP-4")
    assert found.departures[0].platform == "sprout"


@pytest.mark.clause("A-EVENT-3")
def test_a_forged_signature_is_named() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    records = list(fed.nodes[1].journal)
    at = number_of(fed, 1, lambda each: isinstance(each, Vote) and each.statement.signer == 2)
    event = decode_event(fed.events, records[at - 1])
    assert isinstance(event, Received)
    assert isinstance(event.message, Vote)
    forged = evolve(event, message=evolve(event.message, signature=Signature(bytes(64))))
    records[at - 1] = encode_event(fed.events, forged)
    found = audited(fed, journal(fed, 1, records)).departures[0]
    assert (found.platform, found.event, found.clause) == ("sprout", at, "A-EVENT-3")


@pytest.mark.clause("A-DUR-2", "A-EFFECT-4")
def test_blocks_that_are_kept_must_be_those_of_the_journal() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    commit_one(fed, "erin")
    blocks = [fed.nodes[0].blocks[height] for height in (1, 2)]
    assert audited(fed, evolve(journal(fed, 0), blocks=blocks)).departures == ()
    lacking = only(audited(fed, evolve(journal(fed, 0), blocks=blocks[:1])))
    assert (lacking.platform, lacking.clause) == ("thor", "A-EFFECT-4")
    more = audited(fed, evolve(journal(fed, 0, fed.nodes[0].journal[:1]), blocks=blocks))
    assert "A-DUR-2" in {each.clause for each in more.departures}


@pytest.mark.clause("C-GUARD-4")
def test_a_guard_that_signed_more_than_the_journal_says_is_named() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    signed = Statement(Kind.COMMIT, 2, View(0), Digest(bytes(32)), 0)
    found = only(audited(fed, evolve(journal(fed, 0), guarded=(signed,))))
    assert (found.platform, found.clause) == ("thor", "C-GUARD-4")


# --- several journals --------------------------------------------------------------------------


def forked() -> Federation:
    """Platforms 0 and 3 are honest, and decide differently by the votes of the other two."""
    fed = Federation(4, byzantine=[1, 2], check=False)
    fed.cut = lambda *_: True
    state = fed.nodes[ME].state
    for index, agent in ((0, "carol"), (3, "erin")):
        block = block_after(state, [opening(fed, agent)], fed.now_ms + 1 + index)
        tell(fed, index, proposal(fed, block))
        tell(fed, index, *(vote(fed, Kind.PREPARE, each, block) for each in (1, 2)))
        proof = certificate(fed, Kind.COMMIT, block, 0, sorted((index, 1, 2)))
        tell(fed, index, Decided(block, proof))
    return fed


@pytest.mark.clause("I-AGREE-1", "I-AGREE-2", "I-SIGN-1")
def test_a_fork_is_named_with_those_who_signed_both_sides() -> None:
    fed = forked()
    assert audited(fed, journal(fed, 0)).departures == ()
    assert audited(fed, journal(fed, 3)).departures == ()
    found = audited(fed).departures
    assert {(each.platform, each.clause) for each in found} == {
        ("platform2", "I-AGREE-1"),
        ("platform2", "I-AGREE-2"),
        ("sprout", "I-SIGN-1"),
        ("legion", "I-SIGN-1"),
    }
    decided = number_of(fed, 3, lambda message: isinstance(message, Decided))
    assert {each.event for each in found if each.clause == "I-AGREE-1"} == {decided}


@pytest.mark.clause("A-DUR-1")
def test_what_others_heard_of_a_platform_must_be_in_its_own_journal() -> None:
    fed = Federation(4)
    commit_one(fed, "carol")
    block = block_after(fed.nodes[0].state, [opening(fed, "erin")], fed.now_ms + 1)
    tell(fed, 0, vote(fed, Kind.PREPARE, 1, block))
    found = only(audited(fed))
    assert (found.platform, found.journal, found.clause) == ("sprout", "thor", "A-DUR-1")
    assert found.event == len(fed.nodes[0].journal)


def test_a_departure_is_told_in_one_line() -> None:
    own = Departure("thor", "thor", 7, "C-PREP-3", "why")
    seen = Departure("thor", "sprout", 9, "A-DUR-1", "why")
    assert str(own) == "thor, event 7: C-PREP-3: why"
    assert str(seen) == "thor, by event 9 of sprout: A-DUR-1: why"


# --- one check at a time ------------------------------------------------------------------------


def followed(fed: Federation, *effects: Effect, seen: tuple[Statement, ...] = ()) -> list[str]:
    """The clauses that a platform at height 1 departs from by these effects.

    It has received the COMMITs of all certificates among them, so that nothing else is amiss.
    """
    findings, heard = Findings("thor"), Heard()
    follower = Follower(fed.fresh(ME), findings, heard, seen)
    for effect in effects:
        if isinstance(effect, Decide):
            heard.block(effect.block)
            for digest in (effect.block.digest, effect.certificate.digest):
                for signer in range(fed.n):
                    at = (effect.certificate.height, effect.certificate.view)
                    heard.vote(Statement(Kind.COMMIT, *at, digest, signer))
        follower.take(effect)
    return [each.clause for each in findings.departures]


def decision_of(fed: Federation, height: int) -> Decide:
    decided = fed.nodes[ME].blocks[height]
    return Decide(decided.block, decided.certificate)


@pytest.fixture(scope="module")
def grown() -> Federation:
    """Four platforms that have decided two blocks."""
    fed = Federation(4)
    commit_one(fed, "carol")
    commit_one(fed, "erin")
    return fed


@pytest.mark.clause("C-DEC-1")
def test_decisions_in_order_by_their_certificates_hold(grown: Federation) -> None:
    assert followed(grown, decision_of(grown, 1), decision_of(grown, 2)) == []


@pytest.mark.clause("C-DEC-2")
def test_a_decision_of_another_height_is_named(grown: Federation) -> None:
    assert "C-DEC-2" in followed(grown, decision_of(grown, 2))


@pytest.mark.clause("C-CERT-4")
def test_a_decision_on_a_certificate_for_another_block_is_named(grown: Federation) -> None:
    made = decision_of(grown, 1)
    other = evolve(made.certificate, digest=Digest(bytes(32)))
    assert "C-CERT-4" in followed(grown, evolve(made, certificate=other))


@pytest.mark.clause("C-DEC-4")
def test_a_decision_of_a_block_that_does_not_apply_is_named(grown: Federation) -> None:
    made = decision_of(grown, 1)
    header = evolve(made.block.header, state_root=StateRoot(bytes(32)))
    block = evolve(made.block, header=header)
    certified = evolve(made.certificate, digest=block.digest)
    assert followed(grown, Decide(block, certified)) == ["C-DEC-4"]


@pytest.mark.clause("C-EVID-1")
def test_an_accusation_without_two_conflicting_statements_that_were_shown_is_named(
    grown: Federation,
) -> None:
    first, second = (
        Statement(Kind.PREPARE, 1, View(0), Digest(bytes([each]) * 32), 2) for each in (1, 2)
    )
    signature = Signature(bytes(64))
    accused = Accuse(Evidence(first, signature, second, signature))
    alike = Accuse(Evidence(first, signature, first, signature))
    assert followed(grown, accused, seen=(first, second)) == []
    assert followed(grown, accused, seen=(first,)) == ["C-EVID-1"]
    assert followed(grown, alike, seen=(first,)) == ["C-EVID-1"]
