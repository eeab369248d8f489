"""What broke an earlier federation, each by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from tests.support.federation import (
    ALICE,
    NAMES,
    START_MS,
    Federation,
    Key,
    owner_key,
    platform_key,
    sign,
    verify,
)
from web4core.chain import Block, Header, payload_root, seal
from web4core.errors import RemoteProtocolError
from web4core.events import Received
from web4core.ledger.state import Address
from web4core.ledger.transactions import AccountOpen, Transaction
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    ProposalDraft,
    Statement,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    prepared_reference,
    signing_bytes,
    with_signature,
)
from web4core.snapshot import encode_state
from web4core.types import Digest, TimeMs, View


def opening(fed: Federation, agent: str) -> Transaction:
    address = Address(platform="thor", agent=agent)
    body = AccountOpen(fed.chain_id, address, owner_key(address).public)
    return sign(body, platform_key(0), owner_key(address))


def commit_one(fed: Federation, agent: str) -> None:
    height = max(node.state.height for node in fed.nodes.values())
    up = next(index for index in fed.honest if fed.nodes[index].up)
    fed.submit(up, opening(fed, agent))
    fed.run(fed.at_height(height + 1))


def certificate(
    fed: Federation, kind: Kind, view: int, block: Block, signers: list[int]
) -> Certificate:
    height, digest = block.header.height, block.digest
    pairs = tuple(
        (
            s,
            platform_key(s).sign(
                signing_bytes(fed.chain_id, Statement(kind, height, View(view), digest, s))
            ),
        )
        for s in signers
    )
    return Certificate(kind, height, View(view), digest, pairs)


def decided_block(fed: Federation) -> Block:
    commit_one(fed, "carol")
    return fed.nodes[fed.honest[0]].blocks[1].block


def refused(fed: Federation, message: Message, clause: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        fed.gate.open(fed.gate.encode(message), verify)
    assert clause == caught.value.clause


@pytest.mark.clause("C-LOSS-2")
def test_votes_that_arrive_before_their_proposal_count() -> None:
    fed = Federation(4)
    fed.settle()
    fed.submit(0, opening(fed, "carol"))
    held = []
    for _ in range(50):
        for link in fed.loaded():
            data = fed.wires[link].popleft()
            message = fed.gate.open(data, verify)
            if link[1] == 3 and isinstance(message, Proposal):
                held.append(message)
            else:
                fed.feed(link[1], Received(message, fed.now_ms))
    assert fed.height(3) == 1
    fed.feed(3, Received(held[0], fed.now_ms))
    fed.settle()
    assert fed.height(3) == 2


@pytest.mark.clause("C-EVID-1", "C-EVID-2", "C-SLOT-2")
def test_two_proposals_in_one_view_give_evidence_and_no_fork() -> None:
    fed = Federation(4, byzantine=[1])
    fed.settle()
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    state = fed.nodes[0].state
    blocks = []
    for later in (1, 2):
        time_ms = fed.now_ms + later
        chosen = fed.ledger.choose(state.app, state.pool, TimeMs(time_ms), bytes(32), 10, 10**6)
        root = chosen.applied.root
        header = evolve(
            state.tip.header, height=1, parent=state.tip.digest, time_ms=TimeMs(time_ms)
        )
        payload = chosen.payload
        header = evolve(header, payload_root=payload_root(payload), state_root=root)
        blocks.append(seal(header, payload))
    for block, targets in zip(blocks, ((0, 2), (3, 0)), strict=True):
        statement = Statement(Kind.PRE_PREPARE, 1, View(0), block.digest, 1)
        message = fed.sign_as(1, ProposalDraft(statement, block, None))
        for target in targets:
            fed.send(1, target, message)
    fed.run(fed.at_height(2))
    fed.check_decisions()
    evidence = fed.nodes[0].evidence[0]
    assert evidence.first.digest != evidence.second.digest
    for statement, signature in (
        (evidence.first, evidence.first_signature),
        (evidence.second, evidence.second_signature),
    ):
        assert verify(platform_key(1).public, signing_bytes(fed.chain_id, statement), signature)


@pytest.mark.clause("C-CERT-1", "C-CERT-4")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: evolve(c, signatures=c.signatures[:2]),
        lambda c: evolve(c, signatures=(c.signatures[0], *c.signatures[:2])),
        lambda c: evolve(c, signatures=tuple(reversed(c.signatures))),
        lambda c: evolve(c, signatures=(*c.signatures[:2], (9, c.signatures[2][1]))),
        lambda c: evolve(c, height=2),
        lambda c: evolve(c, digest=bytes(32)),
        lambda c: evolve(c, kind=Kind.PREPARE),
    ],
    ids=["below quorum", "repeated", "unordered", "foreign", "height", "digest", "kind"],
)
def test_a_certificate_that_proves_nothing_is_refused(
    spoil: Callable[[Certificate], Certificate],
) -> None:
    fed = Federation(4)
    block = decided_block(fed)
    good = certificate(fed, Kind.COMMIT, 0, block, [0, 1, 2])
    fed.gate.open(fed.gate.encode(Decided(block, good)), verify)
    refused(fed, Decided(block, spoil(good)), "C-CERT-4")


@pytest.mark.clause("W-MSG-2")
def test_a_certificate_of_another_view_or_chain_does_not_verify() -> None:
    fed, other = Federation(4), Federation(5)
    block = decided_block(fed)
    good = certificate(fed, Kind.COMMIT, 0, block, [0, 1, 2])
    refused(fed, Decided(block, evolve(good, view=View(1))), "W-MSG-2")
    refused(fed, Decided(block, certificate(other, Kind.COMMIT, 0, block, [0, 1, 2])), "W-MSG-2")


@pytest.mark.clause("C-CERT-3", "C-VIEW-3", "C-STMT-3")
def test_forged_or_stale_prepared_certificates_are_refused() -> None:
    fed = Federation(4)
    block = decided_block(fed)

    def view_change(
        prepared: Certificate | None, view: int, named: Certificate | None
    ) -> ViewChange:
        statement = Statement(Kind.VIEW_CHANGE, 1, View(view), prepared_reference(named), 2)
        return fed.sign_as(2, ViewChangeDraft(statement, prepared, block if prepared else None))

    good = certificate(fed, Kind.PREPARE, 0, block, [0, 1, 2])
    fed.gate.open(fed.gate.encode(view_change(good, 1, good)), verify)
    stale = certificate(fed, Kind.PREPARE, 1, block, [0, 1, 2])
    refused(fed, view_change(stale, 1, stale), "C-CERT-3")
    few = certificate(fed, Kind.PREPARE, 0, block, [0, 1])
    refused(fed, view_change(few, 1, few), "C-CERT-3")
    refused(fed, view_change(good, 1, None), "C-STMT-3")
    refused(fed, evolve(view_change(good, 1, good), block=None), "C-VIEW-3")


@pytest.mark.clause("W-MSG-2", "W-MSG-3", "W-MSG-4", "W-MSG-6", "C-VIEW-1")
def test_an_outsider_without_a_key_is_not_heard() -> None:
    fed = Federation(4)
    block = decided_block(fed)
    vote = VoteDraft(Statement(Kind.PREPARE, 1, View(0), block.digest, 0))
    forged = Key("an outsider").sign(signing_bytes(fed.chain_id, vote.statement))
    refused(fed, with_signature(vote, forged), "W-MSG-2")
    stranger = evolve(vote.statement, signer=7)
    refused(fed, Vote(stranger, forged), "W-MSG-3")
    wrong_kind = evolve(vote.statement, kind=Kind.STATUS)
    refused(fed, fed.sign_as(0, VoteDraft(wrong_kind)), "W-MSG-4")
    not_its_turn = Statement(Kind.PRE_PREPARE, 1, View(0), block.digest, 2)
    refused(fed, fed.sign_as(2, ProposalDraft(not_its_turn, block, None)), "W-MSG-6")
    view_zero = Statement(Kind.VIEW_CHANGE, 1, View(0), prepared_reference(None), 2)
    refused(fed, fed.sign_as(2, ViewChangeDraft(view_zero, None, None)), "C-VIEW-1")


@pytest.mark.clause("C-LOCK-1", "C-NEW-3", "C-PREP-3")
def test_a_value_that_may_be_decided_survives_the_view_change() -> None:
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _s, _t, m: isinstance(m, Vote) and m.statement.kind is Kind.COMMIT
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    locks = {fed.nodes[i].state.agreement.lock for i in range(4)}
    digests = {lock.digest for lock in locks if lock is not None}
    assert len(digests) == 1
    fed.cut = lambda _s, _t, m: isinstance(m, Vote) and m.statement.view == 0
    fed.run(fed.at_height(2))
    decided = fed.nodes[0].blocks[1]
    assert decided.certificate.view > 0
    assert {decided.block.digest} == digests


@pytest.mark.clause("C-VIEW-1", "C-NEW-1", "C-PACE-1")
@pytest.mark.parametrize("dead", range(4))
def test_a_dead_proposer_at_any_height_costs_a_view_and_no_more(dead: int) -> None:
    fed = Federation(4)
    fed.settle()
    fed.crash(dead)
    for number in range(5):
        commit_one(fed, f"agent{number}")
    assert all(node.state.height == 6 for node in fed.nodes.values() if node.up)


@pytest.mark.clause("C-LOSS-1", "C-LOSS-3", "C-SYNC-1")
@pytest.mark.parametrize("lost", range(30))
def test_any_one_lost_message_is_made_up_for(lost: int) -> None:
    fed = Federation(4)
    fed.settle()
    count = 0

    def drop(_source: int, _target: int, _message: Message) -> bool:
        nonlocal count
        count += 1
        return count == lost + 1

    fed.cut = drop
    fed.submit(0, opening(fed, "carol"))
    fed.submit(2, opening(fed, "erin"))
    fed.run(lambda: all(node.state.pool.size == 0 for node in fed.nodes.values()))
    fed.run(fed.at_height(max(node.state.height for node in fed.nodes.values())))
    assert count > lost
    fed.check_decisions()


@pytest.mark.clause("I-AGREE-1")
@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_delivery_decides_the_same(seed: int) -> None:
    dice = random.Random(seed)
    fed = Federation(4)
    for agent in ("carol", "erin", "frank"):
        fed.submit(dice.randrange(4), opening(fed, agent))
    while links := fed.loaded():
        fed.deliver(*dice.choice(links))
    fed.run(fed.at_height(2))
    fed.check_decisions()


@pytest.mark.clause("C-QUORUM-2")
def test_a_partition_in_halves_decides_nothing_and_heals() -> None:
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda source, target, _message: (source < 2) != (target < 2)
    fed.submit(0, opening(fed, "carol"))
    fed.submit(2, opening(fed, "erin"))
    for _ in range(20):
        fed.settle()
        fed.fire_next_timer()
    assert all(node.state.height == 1 for node in fed.nodes.values())
    fed.cut = lambda _source, _target, _message: False
    fed.run(lambda: all(not node.state.pool.size for node in fed.nodes.values()))
    fed.check_decisions()
    fed.check_statements()


@pytest.mark.clause("C-VALID-1", "C-VALID-2", "C-VALID-3")
@pytest.mark.parametrize(
    "spoil",
    [
        {"parent": bytes(32)},
        {"time_ms": START_MS},
        {"time_ms": START_MS + 10_000_000},
        {"state_root": bytes(32)},
    ],
    ids=["parent", "time not later", "time far off", "state root"],
)
def test_a_block_that_does_not_follow_gets_no_vote(spoil: dict[str, Any]) -> None:
    fed = Federation(4, byzantine=[1])
    fed.settle()
    fed.submit(0, opening(fed, "carol"))
    state = fed.nodes[0].state
    time_ms = fed.now_ms + 1
    chosen = fed.ledger.choose(state.app, state.pool, TimeMs(time_ms), bytes(32), 10, 10**6)
    header = Header(
        fed.chain_id,
        1,
        state.tip.digest,
        TimeMs(time_ms),
        payload_root(chosen.payload),
        chosen.applied.root,
    )
    for each, voted in ((header, True), (evolve(header, **spoil), False)):
        block = seal(each, chosen.payload)
        statement = Statement(Kind.PRE_PREPARE, 1, View(0), block.digest, 1)
        message = fed.sign_as(1, ProposalDraft(statement, block, None))
        fresh = Federation(4, byzantine=[1])
        fresh.feed(0, Received(message, fed.now_ms))
        assert voted == (fresh.nodes[0].state.agreement.said.prepare is not None)


@pytest.mark.clause("C-SLOT-1")
def test_a_flood_of_far_future_statements_does_not_grow_the_state() -> None:
    fed = Federation(4, byzantine=[3])
    fed.settle()

    def flood(first: int) -> int:
        for number in range(first, first + 200):
            for height in (1, 2, 1_000_000 + number):
                statement = Statement(Kind.PREPARE, height, View(number), Digest(bytes(32)), 3)
                message = fed.sign_as(3, VoteDraft(statement))
                fed.feed(0, Received(message, fed.now_ms))
        return len(encode_state(fed.nodes[0].state))

    small = flood(0)
    assert flood(300) <= small + 64


@pytest.mark.clause("A-DUR-2")
def test_a_platform_restored_from_an_older_journal_bears_its_own_old_words() -> None:
    fed = Federation(4)
    fed.settle()
    node = fed.nodes[2]
    kept = len(node.journal)
    commit_one(fed, "carol")
    commit_one(fed, "erin")
    own = [m for s, _, m in fed.sent if s == 2 and isinstance(m, Vote | Proposal)]
    del node.journal[kept:]
    node.blocks.clear()
    node.state = fed.fresh(2)
    for message in own:
        fed.feed(2, Received(message, fed.now_ms))
    for height in (1, 2):
        fed.feed(2, Received(fed.nodes[0].blocks[height], fed.now_ms))
    assert fed.height(2) == 3


def test_names_of_platforms_and_accounts_are_distinct() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert ALICE.platform in NAMES
