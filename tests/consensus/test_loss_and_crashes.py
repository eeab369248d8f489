"""What the network and the machines may do to a federation without stopping it."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.support.federation import ALICE, Federation, owner_key, sign, verify
from tests.support.forge import commit_one, opening, tell
from web4core.effects import Fetch, Send
from web4core.errors import RemoteProtocolError
from web4core.events import Connected, Elapsed, Received, TimerKind
from web4core.ledger.state import Address
from web4core.ledger.transactions import Transfer
from web4core.messages import (
    Decided,
    Kind,
    Message,
    Proposal,
    Statement,
    Status,
    StatusDraft,
    Submission,
    ViewChange,
    Vote,
)
from web4core.replica import may_drop, step
from web4core.types import Digest, Nonce, View

TIMERS_IN_VAIN = 40
"""Timers that run out while a federation is in parts."""


def at_rest(n: int = 4) -> Federation:
    """A federation with nothing to do."""
    fed = Federation(n)
    fed.settle()
    return fed


def reached(fed: Federation, index: int, height: int) -> bool:
    """Whether the platform is at this height."""
    return fed.height(index) == height


def finish(fed: Federation) -> None:
    """Let everybody do what is left to do."""
    fed.run(fed.finished)
    fed.check_statements()


def accounts(fed: Federation) -> set[int]:
    """How many accounts each platform knows; genesis opens two."""
    return {len(node.state.app.entries) for node in fed.nodes.values()}


def messages_of_a_run() -> list[Message]:
    """Every message between two platforms until two transactions are decided."""
    fed = at_rest()
    first = len(fed.sent)
    fed.submit(0, opening(fed, "carol"))
    fed.submit(2, opening(fed, "erin"))
    finish(fed)
    return [message for _, _, message in fed.sent[first:]]


RUN = messages_of_a_run()


def test_the_run_in_which_messages_are_lost_has_every_kind_of_the_normal_case() -> None:
    kinds = {m.statement.kind.name for m in RUN if isinstance(m, Vote | Proposal)}
    assert kinds == {"PRE_PREPARE", "PREPARE", "COMMIT"}
    assert any(isinstance(m, Submission) for m in RUN)


@pytest.mark.clause("C-LOSS-1", "C-LOSS-3")
@pytest.mark.parametrize("lost", range(len(RUN)))
def test_every_single_message_of_a_run_may_be_lost(lost: int) -> None:
    fed = at_rest()
    first = len(fed.sent)
    fed.cut = lambda _source, _target, _message: len(fed.sent) - first == lost + 1
    fed.submit(0, opening(fed, "carol"))
    fed.submit(2, opening(fed, "erin"))
    finish(fed)
    assert accounts(fed) == {4}


def is_a(kind: str, message: Message) -> bool:
    """Whether a message is of the kind with this name."""
    if isinstance(message, Decided | Submission):
        return kind == type(message).__name__
    return kind == message.statement.kind.name


@pytest.mark.clause("C-LOSS-1", "C-LOSS-3", "C-SYNC-1", "C-DEC-3")
@pytest.mark.parametrize("target", range(4))
@pytest.mark.parametrize(
    "kind", ["PRE_PREPARE", "PREPARE", "COMMIT", "VIEW_CHANGE", "STATUS", "Decided", "Submission"]
)
def test_a_platform_that_never_gets_one_kind_of_message_still_decides(
    kind: str, target: int
) -> None:
    fed = at_rest()
    fed.cut = lambda _source, to, message: to == target and is_a(kind, message)
    fed.submit(0, opening(fed, "carol"))
    fed.run(lambda: min(fed.height(index) for index in range(4)) >= 2)
    fed.check_statements()


@pytest.mark.clause("C-DEC-3", "A-EFFECT-5")
def test_a_platform_that_lacks_only_the_block_asks_those_who_certified_it() -> None:
    fed = at_rest()
    fed.cut = lambda _source, to, message: to == 3 and isinstance(message, Proposal)
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    assert fed.height(3) == 1
    _, timer = fed.nodes[3].timers[TimerKind.SYNC]
    effects = step(fed.nodes[3].state, Elapsed(timer, fed.now_ms)).effects
    assert [effect for effect in effects if isinstance(effect, Fetch)] == [Fetch(1, to=0)]


@pytest.mark.clause("C-PACE-6", "C-LOSS-3")
@pytest.mark.parametrize("target", range(4))
def test_a_platform_that_hears_nothing_of_a_height_learns_of_it_at_rest(target: int) -> None:
    fed = at_rest()
    fed.cut = lambda source, to, _message: target in (source, to)
    fed.submit((target + 1) % 4, opening(fed, "carol"))
    fed.run(lambda: min(fed.height(index) for index in range(4) if index != target) == 2)
    fed.settle()
    fed.cut = lambda _source, _to, _message: False
    assert fed.height(target) == 1
    until_ms = fed.now_ms + fed.settings.status_ms + fed.settings.sync_delay_ms
    fed.run(lambda: fed.height(target) == 2)
    assert fed.now_ms <= until_ms


@pytest.mark.clause("C-SYNC-3")
def test_votes_that_went_by_while_blocks_were_fetched_are_asked_for() -> None:
    fed = at_rest()
    fed.crash(3)
    for agent in ("carol", "dave", "erin"):
        fed.submit(0, opening(fed, agent))
        fed.run(fed.finished)
    assert fed.height(0) == 4
    fed.restart(3)
    fed.cut = lambda _source, to, message: to == 3 and isinstance(message, Vote | Proposal)
    fed.submit(0, opening(fed, "frank"))
    began_ms = fed.now_ms
    fed.settle()
    assert fed.now_ms == began_ms
    assert [fed.height(index) for index in range(4)] == [5, 5, 5, 5]


@pytest.mark.clause("C-SYNC-3")
def test_who_fetched_says_so_however_many_blocks_it_took() -> None:
    fed = at_rest()
    fed.crash(3)
    for number in range(33):
        fed.submit(0, opening(fed, f"agent{number}"))
        fed.run(partial(reached, fed, 0, number + 2))
    node = fed.nodes[3]
    node.up = True
    told = Statement(Kind.STATUS, 34, View(0), Digest(bytes(32)), 0)
    fed.feed(3, Received(fed.sign_as(0, StatusDraft(told)), fed.now_ms))
    assert node.state.sync is not None
    for height in range(1, 34):
        before = len(fed.signed)
        fed.feed(3, Received(fed.nodes[0].blocks[height], fed.now_ms))
    assert fed.height(3) == 34
    assert [(each.kind, each.height) for each in fed.signed[before:]] == [(Kind.STATUS, 34)]


@pytest.mark.clause("C-SYNC-4")
def test_who_hands_out_one_block_at_a_time_is_asked_no_more_often_than_others() -> None:
    fed = at_rest()
    fed.crash(3)
    for number in range(9):
        fed.submit(0, opening(fed, f"agent{number}"))
        fed.run(partial(reached, fed, 0, number + 2))
    node = fed.nodes[3]
    state = node.state
    for index in range(3):
        told = Statement(Kind.STATUS, 10, View(0), Digest(bytes(32)), index)
        state = step(state, Received(fed.sign_as(index, StatusDraft(told)), fed.now_ms)).state
    asked = []
    for height in range(1, 7):
        state = step(state, Received(fed.nodes[0].blocks[height], fed.now_ms)).state
        timer = next(each for each in state.armed if each.kind is TimerKind.SYNC)
        transition = step(state, Elapsed(timer, fed.now_ms))
        state = transition.state
        asked += [each.to for each in transition.effects if isinstance(each, Fetch)]
    assert sorted(asked) == [0, 0, 1, 1, 2, 2]


@pytest.mark.clause("C-LOSS-1")
def test_the_proposer_is_handed_all_that_waits_up_to_its_bound() -> None:
    accounts = {Address(platform="thor", agent=f"agent{number}"): 10**9 for number in range(5)}
    fed = Federation(4, accounts=accounts)
    fed.settle()
    fed.cut = lambda _source, _to, _message: True
    for address in accounts:
        payee = next(each for each in accounts if each != address)
        batch = [
            sign(
                Transfer(
                    chain_id=fed.chain_id,
                    source=address,
                    destination=payee,
                    amount_uatp=1,
                    nonce=Nonce(nonce),
                ),
                owner_key(address),
            )
            for nonce in range(60)
        ]
        fed.submit(0, *batch)
    _, timer = fed.nodes[0].timers[TimerKind.RESEND]
    effects = step(fed.nodes[0].state, Elapsed(timer, fed.now_ms)).effects
    handed = [each.message for each in effects if isinstance(each, Send) and each.to == (1,)]
    assert [len(each.transactions) for each in handed if isinstance(each, Submission)] == [256]
    assert len(handed) == 1


@pytest.mark.clause("A-EFFECT-7")
def test_whose_transaction_a_block_makes_impossible_is_told() -> None:
    fed = at_rest()
    fed.cut = lambda _source, to, message: to == 0 and isinstance(message, Submission)
    carol = Address(platform="thor", agent="carol")
    fed.submit(1, opening(fed, "carol"))
    fed.run(fed.finished)
    first = sign(
        Transfer(
            chain_id=fed.chain_id,
            source=ALICE,
            destination=carol,
            amount_uatp=10**9,
            nonce=Nonce(0),
        ),
        owner_key(ALICE),
    )
    second = sign(
        Transfer(
            chain_id=fed.chain_id, source=ALICE, destination=carol, amount_uatp=5, nonce=Nonce(0)
        ),
        owner_key(ALICE),
    )
    fed.cut = lambda _source, _to, message: isinstance(message, Submission)
    fed.submit(fed.height(0) % 4, first)
    other = (fed.height(0) + 1) % 4
    fed.submit(other, second)
    fed.run(fed.finished)
    told = {(each.transaction, each.code) for each in fed.nodes[other].refused}
    assert told == {(second.id, "nonce-used")}


@pytest.mark.clause("A-EFFECT-9")
def test_two_heights_at_once_leave_the_timers_of_the_last_one_running() -> None:
    """Whoever heard itself from within its effects would have those of the one before."""
    me, other = 3, at_rest()
    commit_one(other, "carol")
    commit_one(other, "dave")
    early = [
        message
        for source, target, message in other.sent
        if target == me and source != 1 and isinstance(message, Proposal | Vote)
        if message.statement.height == 2
    ]
    fed = at_rest()
    fed.now_ms = other.now_ms
    fed.cut = lambda _source, _to, _message: True
    fed.submit(me, opening(fed, "erin"))
    tell(fed, me, *early, other.nodes[me].blocks[1])
    node = fed.nodes[me]
    assert node.state.height == 3
    assert {timer for _, timer in node.timers.values()} >= set(node.state.armed)


def crash_points() -> int:
    """How many messages a run without faults delivers."""
    fed = at_rest()
    fed.submit(0, opening(fed, "carol"))
    count = 0
    while links := fed.loaded():
        fed.deliver(*links[0])
        count += 1
    return count


@pytest.mark.clause("A-DUR-2", "C-LOSS-1", "A-EVENT-5")
@pytest.mark.parametrize("index", range(4))
def test_one_platform_may_crash_and_restart_at_every_point_of_a_run(index: int) -> None:
    for point in range(crash_points() + 1):
        fed = at_rest()
        fed.submit(0, opening(fed, "carol"))
        for _ in range(point):
            fed.deliver(*fed.loaded()[0])
        fed.crash(index)
        fed.restart(index)
        finish(fed)
        assert accounts(fed) == {3}


@pytest.mark.clause("C-LOSS-4", "C-VIEW-1")
@pytest.mark.parametrize("index", range(4))
def test_a_platform_that_was_away_for_some_blocks_comes_back_by_itself(index: int) -> None:
    fed = at_rest()
    commit_one(fed, "before")
    fed.crash(index)
    for number in range(3):
        commit_one(fed, f"while{number}")
    fed.restart(index)
    finish(fed)
    assert accounts(fed) == {6}


@pytest.mark.clause("C-QUORUM-1", "C-VIEW-1")
@pytest.mark.parametrize("dead", [(0, 1), (1, 2), (0, 6), (3, 5)])
def test_seven_platforms_go_on_without_two_at_any_height(dead: tuple[int, int]) -> None:
    fed = at_rest(7)
    for index in dead:
        fed.crash(index)
    for number in range(7):
        commit_one(fed, f"agent{number}")
    assert {node.state.height for node in fed.nodes.values() if node.up} == {8}


@pytest.mark.clause("C-QUORUM-2")
@pytest.mark.parametrize("n", [1, 2, 3, 5, 6])
def test_federations_of_any_size_decide(n: int) -> None:
    fed = at_rest(n)
    commit_one(fed, "carol")
    commit_one(fed, "erin")
    assert {fed.height(index) for index in range(n)} == {3}


@pytest.mark.clause("C-QUORUM-2")
@pytest.mark.parametrize("seed", range(4))
def test_a_partition_of_seven_in_three_parts_decides_nothing_and_heals(seed: int) -> None:
    part = random.Random(seed).sample([0, 0, 0, 1, 1, 1, 2], 7)
    fed = at_rest(7)
    fed.cut = lambda source, target, _message: part[source] != part[target]
    for index in (0, 3, 6):
        fed.submit(index, opening(fed, f"agent{index}"))
    for _ in range(TIMERS_IN_VAIN):
        fed.settle()
        fed.fire_next_timer()
    assert {fed.height(index) for index in range(7)} == {1}
    fed.cut = lambda _source, _target, _message: False
    finish(fed)
    assert accounts(fed) == {5}


@pytest.mark.clause("C-PACE-2")
def test_views_do_not_run_away_while_there_is_no_quorum() -> None:
    fed = at_rest()
    fed.cut = lambda source, target, _message: (source < 2) != (target < 2)
    fed.submit(0, opening(fed, "carol"))
    for _ in range(10 * TIMERS_IN_VAIN):
        fed.settle()
        fed.fire_next_timer()
    assert max(node.state.agreement.view for node in fed.nodes.values()) <= 1


@pytest.mark.clause("C-LOSS-1", "C-LOSS-4", "C-SLOT-2")
@pytest.mark.parametrize("seed", range(10))
def test_doubled_and_reordered_messages_change_nothing(seed: int) -> None:
    dice = random.Random(seed)
    fed = at_rest()
    for number in range(3):
        fed.submit(dice.randrange(4), opening(fed, f"agent{number}"))
    while links := fed.loaded():
        source, target = dice.choice(links)
        queue = fed.wires[source, target]
        queue.rotate(dice.randrange(len(queue)))
        again = queue[0]
        fed.deliver(source, target)
        if dice.random() < 0.3:
            fed.feed(target, Received(fed.gate.open(again, verify), fed.now_ms))
    finish(fed)
    assert not any(node.evidence for node in fed.nodes.values())


@pytest.mark.clause("C-LOSS-4")
def test_a_link_that_comes_up_carries_what_was_said_before() -> None:
    fed = at_rest()
    fed.cut = lambda _source, target, _message: target == 3
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    assert fed.height(3) == 1
    fed.cut = lambda _source, _target, _message: False
    for other in range(3):
        fed.feed(other, Connected(3, fed.now_ms))
        fed.feed(3, Connected(other, fed.now_ms))
    fed.settle()
    assert fed.height(3) == 2


@pytest.mark.clause("C-LOSS-5")
def test_what_may_be_dropped_unread_is_of_decided_heights_only() -> None:
    fed = at_rest()
    commit_one(fed, "carol")
    state = fed.nodes[0].state
    votes = [m for _, _, m in fed.sent if isinstance(m, Vote | Proposal | Decided)]
    assert all(may_drop(state, message) for message in votes)
    assert not any(may_drop(fed.fresh(0), message) for message in votes)


@pytest.mark.clause("C-LOSS-5", "C-LOSS-3")
def test_what_shows_a_platform_to_be_behind_is_never_dropped_unread() -> None:
    fed = at_rest()
    fed.crash(1)
    commit_one(fed, "carol")
    state = fed.nodes[0].state
    others = [m for _, _, m in fed.sent if isinstance(m, Status | ViewChange | Submission)]
    assert not any(may_drop(state, message) for message in others)


@pytest.mark.clause("W-MSG-2")
def test_what_is_damaged_on_the_way_is_dropped_at_the_gate_and_made_up_for() -> None:
    fed = at_rest()
    fed.submit(0, opening(fed, "carol"))
    dice = random.Random(1)
    damaged = 0
    while links := fed.loaded():
        data = fed.wires[links[0]].popleft()
        if dice.random() < 0.2:
            damaged += 1
            with pytest.raises(RemoteProtocolError):
                fed.gate.open(data[:-1] + bytes([data[-1] ^ 1]), verify)
            continue
        fed.feed(links[0][1], Received(fed.gate.open(data, verify), fed.now_ms))
    finish(fed)
    assert damaged > 0


@pytest.mark.clause("A-EVENT-1", "A-EVENT-4")
def test_a_run_with_a_dead_proposer_uses_every_kind_of_statement() -> None:
    fed = at_rest()
    fed.crash(1)
    commit_one(fed, "carol")
    kinds = {m.statement.kind for _, _, m in fed.sent if not isinstance(m, Decided | Submission)}
    assert kinds == set(Kind)
