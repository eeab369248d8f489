"""Clauses about a whole platform, each tried on one state with one event.

What reaches `step` here is past the gate, so signatures are blank; certificates have their signers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, fields

from tests.spec_tools.examples import ALICE, BOB, TIME_MS, Example
from web4core import invariants
from web4core.application import Refusal
from web4core.chain import Block, Genesis, Header, Platform, payload_root, seal
from web4core.consensus.state import Lock, OwnStatements, keep
from web4core.ed25519 import verify
from web4core.effects import Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.events import Connected, Elapsed, Received, Resumed, Submitted, Timer, TimerKind
from web4core.ledger.application import Ledger, genesis_content
from web4core.ledger.state import Account, CrossTransfer, LedgerState, Phase, path_of
from web4core.ledger.transactions import assemble
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Proposal,
    Statement,
    Status,
    ViewChange,
    Vote,
    VoteDraft,
    prepared_reference,
)
from web4core.replica import State, Transition, start, step
from web4core.replica.blocks import judge
from web4core.replica.pacemaker import set_timers
from web4core.replica.state import Run
from web4core.settings import Settings
from web4core.types import (
    Digest,
    Nonce,
    PublicKey,
    Signature,
    StateRoot,
    TimeMs,
    TransactionId,
    View,
)

BLANK = Signature(bytes(64))
NOW_MS = TimeMs(TIME_MS + 1)
QUORUM = 3
SETTINGS = Settings()


@pytest.fixture(scope="module")
def example() -> Example:
    return Example()


def platform(example: Example, name: str = "thor") -> State:
    begun = start(example.genesis, name, SETTINGS, Ledger.of).state
    return step(begun, Resumed(NOW_MS)).state


def signed_by(kind: Kind, block: Block, count: int = QUORUM) -> Certificate:
    pairs = tuple((signer, BLANK) for signer in range(count))
    return Certificate(kind, block.header.height, View(0), block.digest, pairs)


def vote(kind: Kind, block: Block, signer: int) -> Received:
    return Received(Vote(Statement(kind, 1, View(0), block.digest, signer), BLANK), NOW_MS)


def proposal(block: Block) -> Received:
    statement = Statement(Kind.PRE_PREPARE, 1, View(0), block.digest, 1)
    return Received(Proposal(statement, BLANK, block, None), NOW_MS)


def decided(block: Block) -> Received:
    return Received(Decided(block, signed_by(Kind.COMMIT, block)), NOW_MS)


def with_root(block: Block, root: bytes) -> Block:
    return seal(evolve(block.header, state_root=StateRoot(root)), block.payload)


def fed(state: State, *events: Received) -> Transition:
    transition = Transition(state, ())
    for event in events:
        transition = step(transition.state, event)
    return transition


def done(effects: tuple[Effect, ...]) -> list[str]:
    """What effects do, in order: the kind of what is signed, or the name of the effect."""
    return [
        each.draft.statement.kind.name if isinstance(each, Sign) else type(each).__name__
        for each in effects
        if not isinstance(each, SetTimer)
    ]


# --- order of work and validity -----------------------------------------------------------------


@pytest.mark.clause("C-FLOW-1", "C-DEC-1")
def test_one_event_can_lead_through_all_rules_in_their_order(example: Example) -> None:
    block = example.block
    votes = [vote(kind, block, each) for kind in (Kind.PREPARE, Kind.COMMIT) for each in (1, 2, 3)]
    transition = fed(platform(example), *votes, proposal(block))
    assert done(transition.effects) == ["PREPARE", "COMMIT", "Decide"]


@pytest.mark.clause("C-DEC-2", "C-SYNC-1")
def test_a_decided_block_becomes_the_tip_and_the_next_height_begins(example: Example) -> None:
    state = fed(platform(example), decided(example.block)).state
    agreement = state.agreement
    assert (state.tip, agreement.height, agreement.view) == (example.block, 2, 0)
    assert (agreement.lock, agreement.said) == (None, OwnStatements())
    assert state.app == example.applied.state


@pytest.mark.clause("C-PREP-4", "C-VALID-1")
def test_a_block_with_another_state_root_gets_no_vote(example: Example) -> None:
    transition = fed(platform(example), proposal(with_root(example.block, bytes(32))))
    assert done(transition.effects) == []


@pytest.mark.clause("C-DEC-4", "A-EFFECT-8")
def test_a_certificate_for_an_invalid_block_halts_the_platform(example: Example) -> None:
    transition = fed(platform(example), decided(with_root(example.block, bytes(32))))
    assert [each.clause for each in transition.effects if isinstance(each, Halt)] == ["C-DEC-4"]


@pytest.mark.clause("C-DEC-4", "A-EFFECT-8")
def test_a_halted_platform_answers_nothing(example: Example) -> None:
    halted = fed(platform(example), decided(with_root(example.block, bytes(32)))).state
    assert step(halted, decided(example.block)) == Transition(halted, ())


@pytest.mark.clause("C-VALID-4")
def test_a_block_is_judged_alike_whatever_waits_and_whatever_was_heard(example: Example) -> None:
    idle = platform(example)
    busy = step(platform(example, "legion"), Submitted((example.transaction,), NOW_MS)).state
    busy = fed(busy, vote(Kind.PREPARE, example.block, 3)).state
    results = [judge(Run(state), example.block) for state in (idle, busy)]
    assert [result is not None and result.root for result in results] == [example.applied.root] * 2


@pytest.mark.clause("C-PROP-3")
def test_an_idle_proposer_proposes_nothing_in_view_0(example: Example) -> None:
    begun = start(example.genesis, "sprout", SETTINGS, Ledger.of).state
    assert "PRE_PREPARE" not in done(step(begun, Resumed(NOW_MS)).effects)


@pytest.mark.clause("C-PROP-3", "C-NEW-1")
def test_a_proposer_with_a_transaction_proposes_in_view_0(example: Example) -> None:
    state = platform(example, "sprout")
    assert "PRE_PREPARE" in done(step(state, Submitted((example.transaction,), NOW_MS)).effects)


# --- view change --------------------------------------------------------------------------------


def entered(signer: int, view: int) -> Received:
    statement = Statement(Kind.VIEW_CHANGE, 1, View(view), prepared_reference(None), signer)
    return Received(ViewChange(statement, BLANK, None, None), NOW_MS)


@pytest.mark.clause("C-VIEW-2", "C-QUORUM-3")
@pytest.mark.parametrize(
    ("views", "joined"),
    [((7,), 0), ((7, 4), 4), ((7, 4, 2), 4), ((2, 4, 7), 4), ((3, 3, 3), 3)],
)
def test_a_platform_joins_the_second_highest_view_of_four(
    example: Example, views: tuple[int, ...], joined: int
) -> None:
    heard = [entered(signer, view) for signer, view in enumerate(views, start=1)]
    assert fed(platform(example), *heard).state.agreement.view == joined


@pytest.mark.clause("C-VIEW-1", "C-VIEW-2")
def test_a_view_is_joined_once(example: Example) -> None:
    joined = fed(platform(example), entered(1, 7), entered(2, 4)).state
    assert done(fed(joined, entered(3, 2)).effects) == []


# --- pacemaker ----------------------------------------------------------------------------------


def in_view(example: Example, view: int, others_there: int) -> State:
    """Thor in a view, with so many other platforms that said they entered it."""
    state = platform(example)
    slots = state.agreement.slots
    for signer in range(others_there + 1):
        statement = Statement(Kind.VIEW_CHANGE, 1, View(view), prepared_reference(None), signer)
        slots = keep(slots, ViewChange(statement, BLANK, None, None))
    return evolve(state, agreement=evolve(state.agreement, view=View(view), slots=slots))


def timers(state: State) -> dict[TimerKind, int]:
    run = Run(evolve(state, armed=()))
    set_timers(run)
    found = [each for each in run.effects if isinstance(each, SetTimer)]
    assert len({each.timer.kind for each in found}) == len(found)
    return {each.timer.kind: each.delay_ms for each in found}


@pytest.mark.clause("C-PACE-3")
@pytest.mark.parametrize(
    ("view", "delay_ms"), [(1, 4_000), (2, 8_000), (4, 32_000), (5, 60_000), (2**62, 60_000)]
)
def test_the_view_time_out_doubles_up_to_its_cap(
    example: Example, view: int, delay_ms: int
) -> None:
    assert timers(in_view(example, view, 3))[TimerKind.VIEW] == delay_ms


@pytest.mark.clause("C-PACE-2")
@pytest.mark.parametrize(("others", "runs"), [(1, False), (2, True)])
def test_the_clock_of_a_later_view_starts_with_a_quorum(
    example: Example, others: int, runs: bool
) -> None:
    assert (TimerKind.VIEW in timers(in_view(example, 1, others))) is runs


@pytest.mark.clause("C-PACE-4")
def test_unfinished_work_is_said_again_every_resend_ms(example: Example) -> None:
    state = fed(platform(example), vote(Kind.PREPARE, example.block, 2)).state
    assert timers(state)[TimerKind.RESEND] == SETTINGS.resend_ms


@pytest.mark.clause("C-PACE-1", "C-PACE-6")
def test_without_work_a_platform_only_says_where_it_is(example: Example) -> None:
    assert timers(platform(example)) == {TimerKind.STATUS: SETTINGS.status_ms}


@pytest.mark.clause("C-PACE-5")
def test_a_timer_that_is_not_armed_changes_nothing(example: Example) -> None:
    state = fed(platform(example), vote(Kind.PREPARE, example.block, 2)).state
    stale = Elapsed(Timer(TimerKind.VIEW, 1, View(5)), NOW_MS)
    assert step(state, stale) == Transition(state, ())


# --- catching up --------------------------------------------------------------------------------


def status(signer: int, height: int) -> Received:
    return Received(
        Status(Statement(Kind.STATUS, height, View(0), Digest(bytes(32)), signer), BLANK), NOW_MS
    )


def fetched(effects: tuple[Effect, ...]) -> list[tuple[int, int]]:
    return [(each.height, each.to) for each in effects if isinstance(each, Fetch)]


@pytest.mark.clause("C-SYNC-2", "C-SYNC-3")
def test_far_behind_a_platform_asks_at_once(example: Example) -> None:
    assert fetched(fed(platform(example), status(2, 9)).effects) == [(1, 2)]


@pytest.mark.clause("C-SYNC-3")
def test_one_behind_a_platform_waits_first(example: Example) -> None:
    transition = fed(platform(example), status(2, 2))
    assert fetched(transition.effects) == []
    assert Timer(TimerKind.SYNC, 1, View(0)) in transition.state.armed


@pytest.mark.clause("C-SYNC-2")
def test_a_claim_is_the_highest_that_its_signer_made(example: Example) -> None:
    state = fed(platform(example), status(2, 9), status(2, 5), status(3, 4)).state
    assert state.sync is not None
    assert state.sync.peer_heights == (0, 0, 9, 4)


@pytest.mark.clause("C-SYNC-2", "C-DEC-3")
def test_the_signers_of_a_certificate_are_past_its_block(example: Example) -> None:
    commits = [vote(Kind.COMMIT, example.block, signer) for signer in (1, 2, 3)]
    state = fed(platform(example), *commits).state
    assert state.sync is not None
    assert state.sync.peer_heights == (0, 2, 2, 2)


@pytest.mark.clause("C-SYNC-2")
def test_the_signers_of_a_decided_block_ahead_are_past_it(example: Example) -> None:
    ahead = seal(evolve(example.block.header, height=5), example.block.payload)
    state = fed(platform(example), decided(ahead)).state
    assert state.sync is not None
    assert state.sync.peer_heights == (0, 6, 6, 0)  # the platform itself is among the signers


@pytest.mark.clause("C-SYNC-2")
def test_a_decided_block_of_an_earlier_height_is_no_claim(example: Example) -> None:
    before = fed(platform(example), decided(example.block)).state
    transition = fed(before, decided(example.block))
    assert transition.state.sync is None
    assert transition.effects == ()
    behind = fed(before, status(3, 9)).state
    assert behind.sync is not None
    assert fed(behind, decided(example.block)).state.sync == behind.sync


@pytest.mark.clause("C-SYNC-4")
def test_nobody_is_asked_who_is_no_further(example: Example) -> None:
    state = fed(platform(example), status(2, 9)).state
    assert state.sync is not None
    level = evolve(state, sync=evolve(state.sync, peer_heights=(0, state.height, 9, 0), turn=0))
    asked = step(level, Elapsed(Timer(TimerKind.SYNC, 1, View(0)), NOW_MS))
    assert fetched(asked.effects) == [(1, 2)]


@pytest.mark.clause("C-SYNC-3")
def test_when_all_32_have_come_the_next_are_asked_for(example: Example) -> None:
    state = fed(platform(example), status(2, 90)).state
    assert state.sync is not None
    assert (state.height, state.sync.asked) == (1, 33)
    for asked, expected in ((3, []), (2, [(2, 2)]), (1, [(2, 2)])):
        waiting = evolve(state, sync=evolve(state.sync, asked=asked))
        assert fetched(fed(waiting, decided(example.block)).effects) == expected


@pytest.mark.clause("C-LOSS-3")
def test_a_platform_does_not_answer_its_own_status(example: Example) -> None:
    state = fed(platform(example), decided(example.block)).state
    assert done(fed(state, status(0, 1)).effects) == []
    assert done(fed(state, status(2, 1)).effects) == ["Send"]


@pytest.mark.clause("C-LOSS-1")
def test_a_platform_alone_tells_nobody_where_it_is() -> None:
    alone = Genesis(
        "alone", TimeMs(0), (Platform("thor", PublicKey(bytes(32))),), genesis_content(())
    )
    begun = start(alone, "thor", SETTINGS, Ledger.of).state
    assert done(step(begun, Resumed(NOW_MS)).effects) == []


@pytest.mark.clause("A-EVENT-1", "A-EFFECT-8")
def test_what_is_no_event_is_misuse_even_of_a_halted_platform(example: Example) -> None:
    halted = evolve(platform(example), halted=Halt("C-DEC-4", "for good"))
    with pytest.raises(LocalProtocolError, match="A-EVENT-1"):
        step(halted, object())  # type: ignore[arg-type]


# --- blocks and applications --------------------------------------------------------------------


@pytest.mark.clause("L-BLOCK-1", "L-BLOCK-2")
def test_a_block_is_refused_for_the_first_transaction_that_does_not_apply(
    example: Example,
) -> None:
    state = example.ledger.initial(example.genesis.content)
    payload = (example.transaction, example.transaction)
    outcome = example.ledger.apply(state, payload, NOW_MS)
    assert outcome == Refusal(example.transaction.id, "nonce-used")
    assert state == example.ledger.initial(example.genesis.content)


@pytest.mark.clause("L-BLOCK-1", "A-APP-4")
def test_the_order_of_a_block_counts(example: Example) -> None:
    state = example.ledger.initial(example.genesis.content)
    second = evolve(example.body, nonce=Nonce(1))
    after = assemble(second, example.transaction.keys, (BLANK,))
    outcomes = [
        isinstance(example.ledger.apply(state, payload, NOW_MS), Refusal)
        for payload in ((example.transaction, after), (after, example.transaction))
    ]
    assert outcomes == [False, True]


@pytest.mark.clause("A-APP-1")
def test_what_is_no_item_is_refused(example: Example) -> None:
    with pytest.raises(RemoteProtocolError):
        example.ledger.decode(b"\x00")


@pytest.mark.clause("A-APP-1", "L-TX-4")
def test_an_item_names_its_keys_and_what_they_sign(example: Example) -> None:
    (claim,) = example.ledger.signature_checks(example.transaction)
    assert claim.key == example.transaction.keys[0]
    assert claim.message == b"web4/1/transaction\x00" + example.transaction.id


@pytest.mark.clause("A-APP-2")
def test_the_first_state_follows_from_the_content_alone(example: Example) -> None:
    content = example.genesis.content
    assert example.ledger.initial(content) == Ledger.of(example.genesis).initial(content)


@pytest.mark.clause("A-APP-3")
def test_states_that_differ_have_roots_that_differ(example: Example) -> None:
    before = example.ledger.initial(example.genesis.content)
    assert example.ledger.root(before) != example.ledger.root(example.applied.state)


@pytest.mark.clause("A-APP-4", "A-APP-5")
def test_what_is_chosen_from_the_pool_applies(example: Example) -> None:
    ledger, state = example.ledger, example.ledger.initial(example.genesis.content)
    pool = ledger.admit(state, ledger.empty_pool(), (example.transaction,), NOW_MS, 10).pool
    chosen = ledger.choose(state, pool, NOW_MS, bytes(32), 10, 10_000)
    assert chosen.payload == (example.transaction,)
    assert ledger.apply(state, chosen.payload, NOW_MS) == chosen.applied


@pytest.mark.clause("A-APP-6")
def test_state_and_pool_survive_their_bytes(example: Example) -> None:
    ledger, state = example.ledger, example.applied.state
    first = ledger.initial(example.genesis.content)
    pool = ledger.admit(first, ledger.empty_pool(), (example.transaction,), NOW_MS, 10).pool
    assert ledger.state_schema.decode(ledger.state_schema.encode(state), 1 << 20) == state
    assert ledger.pool_schema.decode(ledger.pool_schema.encode(pool), 1 << 20) == pool


# --- the contract of the core -------------------------------------------------------------------


@pytest.mark.clause("A-EVENT-2")
@pytest.mark.parametrize("event", [Received, Elapsed, Submitted, Connected, Resumed])
def test_every_event_carries_the_clock(event: type) -> None:
    assert "now_ms" in [each.name for each in fields(event)]


@pytest.mark.clause("A-EVENT-3", "W-MSG-2")
def test_a_message_without_its_signature_does_not_pass_the_gate(example: Example) -> None:
    data = example.gate.encode(evolve(example.vote(Kind.PREPARE, 2), signature=BLANK))
    with pytest.raises(RemoteProtocolError, match="W-MSG-2"):
        example.gate.open(data, verify)


FAR = View(2**63 - 1)
ODD = [
    pytest.param(
        Statement(Kind.STATUS, FAR, FAR, Digest(bytes(32)), 3), id="a status at the end of time"
    ),
    pytest.param(
        Statement(Kind.PREPARE, FAR, View(0), Digest(bytes(32)), 3), id="a vote far ahead"
    ),
    pytest.param(
        Statement(Kind.COMMIT, 1, FAR, Digest(bytes(32)), 3), id="a vote in the last view"
    ),
    pytest.param(
        Statement(Kind.PREPARE, 2, FAR, Digest(bytes(32)), 0), id="an own vote never cast"
    ),
    pytest.param(Statement(Kind.VIEW_CHANGE, 1, FAR, Digest(bytes(32)), 3), id="the last view"),
    pytest.param(
        Statement(Kind.VIEW_CHANGE, 1, View(1), Digest(bytes(32)), 0),
        id="an own view never entered",
    ),
]


@pytest.mark.clause("A-EVENT-4")
@pytest.mark.parametrize("statement", ODD)
@pytest.mark.parametrize("height", [1, 2])
def test_no_odd_word_keeps_a_platform_from_deciding(
    example: Example, statement: Statement, height: int
) -> None:
    state = platform(example)
    if height == 2:
        state = fed(state, decided(example.block)).state
    message: Any = Vote(statement, BLANK)
    if statement.kind is Kind.STATUS:
        message = Status(statement, BLANK)
    if statement.kind is Kind.VIEW_CHANGE:
        message = ViewChange(statement, BLANK, None, None)
    after = fed(state, Received(message, NOW_MS), decided(example.block)).state
    assert after.tip == example.block
    assert invariants.check_state(after) == ()


@pytest.mark.clause("A-EVENT-5", "C-LOSS-1")
def test_a_restart_says_again_what_the_platform_stands_for(example: Example) -> None:
    stood = fed(platform(example), proposal(example.block)).state
    assert done(step(stood, Resumed(NOW_MS)).effects) == ["PREPARE", "STATUS"]


@pytest.mark.clause("A-EVENT-5", "C-PACE-5")
def test_a_restart_sets_all_timers_anew(example: Example) -> None:
    stood = fed(platform(example), proposal(example.block)).state
    again = step(stood, Resumed(NOW_MS)).effects
    assert {each.timer for each in again if isinstance(each, SetTimer)} == set(stood.armed)


@pytest.mark.clause("A-EFFECT-1", "C-FLOW-1")
def test_a_word_counts_only_once_it_comes_back_signed(example: Example) -> None:
    transition = fed(platform(example), proposal(example.block))
    assert transition.state.agreement.slots.prepares == (None,) * 4
    back = fed(transition.state, vote(Kind.PREPARE, example.block, 0)).state
    assert [each is not None for each in back.agreement.slots.prepares] == [True, *[False] * 3]


@pytest.mark.clause("A-EFFECT-7")
def test_a_transaction_that_cannot_apply_is_refused_with_its_code(example: Example) -> None:
    costly = evolve(example.body, amount_uatp=2_000_000_000)
    item = assemble(costly, example.transaction.keys, (BLANK,))
    effects = step(platform(example), Submitted((item,), NOW_MS)).effects
    assert [each for each in effects if isinstance(each, Refuse)] == [
        Refuse(item.id, "insufficient-funds")
    ]


@pytest.mark.clause("C-LOSS-4")
def test_a_new_link_hears_what_the_platform_stands_for_and_nobody_else_does(
    example: Example,
) -> None:
    stood = fed(platform(example), proposal(example.block), vote(Kind.PREPARE, example.block, 0))
    effects = step(stood.state, Connected(2, NOW_MS)).effects
    assert done(effects) == ["Send", "STATUS"]
    assert [each.to for each in effects if isinstance(each, Send | Sign)] == [(2,), (2,)]


# --- invariants can fail ------------------------------------------------------------------------


def sound(example: Example) -> State:
    """Thor after block 1, with a vote kept at height 2."""
    return fed(platform(example), decided(example.block)).state


def in_agreement(**change: Any) -> Callable[[State], State]:
    return lambda state: evolve(state, agreement=evolve(state.agreement, **change))


def statement_at(kind: Kind, height: int, view: int, signer: int = 0) -> Statement:
    return Statement(kind, height, View(view), Digest(bytes(32)), signer)


def unproved_lock(state: State) -> State:
    certificate = Certificate(Kind.PREPARE, 2, View(0), state.tip.digest, ((0, BLANK),))
    lock = Lock(View(0), state.tip.digest, certificate, state.tip)
    return evolve(state, agreement=evolve(state.agreement, lock=lock))


def misplaced(state: State) -> State:
    strange = Vote(statement_at(Kind.PREPARE, 2, 0, signer=3), BLANK)
    slots = evolve(state.agreement.slots, prepares=(strange, None, None, None))
    return evolve(state, agreement=evolve(state.agreement, slots=slots))


def uncertified(state: State) -> State:
    return evolve(state, tip_certificate=None)


def ledger_with(*entries: Account | CrossTransfer) -> Callable[[State], State]:
    def change(state: State) -> State:
        held = state.app.entries
        for entry in entries:
            held = held.set(path_of(entry), entry)
        return evolve(state, app=LedgerState(held, state.app.supply_uatp))

    return change


OWNER = PublicKey(bytes(32))
BROKEN = [
    pytest.param("I-LOCK-1", unproved_lock, id="a lock with one signature"),
    pytest.param(
        "I-SAID-1",
        in_agreement(said=OwnStatements(prepare=VoteDraft(statement_at(Kind.PREPARE, 2, 4)))),
        id="a draft of another view",
    ),
    pytest.param(
        "I-SAID-2",
        in_agreement(said=OwnStatements(commit=VoteDraft(statement_at(Kind.COMMIT, 2, 0)))),
        id="a COMMIT without a lock",
    ),
    pytest.param("I-SAID-3", in_agreement(view=1), id="a later view without a VIEW-CHANGE"),
    pytest.param("I-SLOT-1", misplaced, id="a vote in another's slot"),
    pytest.param("I-TIP-1", uncertified, id="a tip without its certificate"),
    pytest.param(
        "I-ROOT-1",
        ledger_with(
            Account(address=BOB, owner=OWNER, available_uatp=1, locked_uatp=0, nonce=Nonce(0))
        ),
        id="another state",
    ),
    pytest.param(
        "I-SUPPLY-1",
        ledger_with(
            Account(address=BOB, owner=OWNER, available_uatp=1, locked_uatp=0, nonce=Nonce(0))
        ),
        id="money made",
    ),
    pytest.param(
        "I-SUPPLY-2",
        ledger_with(
            Account(address=BOB, owner=OWNER, available_uatp=-1, locked_uatp=0, nonce=Nonce(0))
        ),
        id="a debt",
    ),
    pytest.param(
        "I-SUPPLY-3",
        ledger_with(
            Account(address=BOB, owner=OWNER, available_uatp=0, locked_uatp=1, nonce=Nonce(0))
        ),
        id="locked for nothing",
    ),
    pytest.param(
        "I-SUPPLY-4",
        ledger_with(
            CrossTransfer(
                id=TransactionId(bytes(32)),
                source=ALICE,
                destination=BOB,
                amount_uatp=1,
                expiry_ms=TimeMs(2),
                phase=Phase.COMMITTED,
            )
        ),
        id="a transfer within a platform",
    ),
]


@pytest.mark.clause("I-LOCK-1", "I-SAID-1", "I-SAID-2", "I-SAID-3", "I-SLOT-1", "I-TIP-1")
@pytest.mark.clause("I-ROOT-1", "I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4")
@pytest.mark.parametrize(("clause", "breaks"), BROKEN)
def test_a_broken_invariant_is_seen(
    example: Example, clause: str, breaks: Callable[[State], State]
) -> None:
    found = invariants.check_state(breaks(sound(example)))
    assert clause in [violation.clause for violation in found]


def test_a_sound_state_breaks_no_invariant(example: Example) -> None:
    assert invariants.check_state(sound(example)) == ()


@pytest.mark.clause("I-AGREE-1", "I-AGREE-2")
def test_two_blocks_at_one_height_are_seen(example: Example) -> None:
    header = Header(
        example.gate.chain_id,
        1,
        Digest(bytes(32)),
        TimeMs(1),
        payload_root(()),
        StateRoot(bytes(32)),
    )
    decisions = [
        invariants.Decision(0, example.block),
        invariants.Decision(1, seal(header, ())),
    ]
    found = [violation.clause for violation in invariants.check_decisions(decisions)]
    assert found == ["I-AGREE-1", "I-AGREE-2"]


@pytest.mark.clause("C-DEC-2")
def test_a_decide_effect_carries_the_certificate(example: Example) -> None:
    effects = fed(platform(example), decided(example.block)).effects
    (decision,) = (each for each in effects if isinstance(each, Decide))
    assert decision.certificate == signed_by(Kind.COMMIT, example.block)
