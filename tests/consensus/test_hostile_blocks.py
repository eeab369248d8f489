"""Blocks that do not follow, made by a proposer whose turn it is; clocks that are wrong; and lies
about heights."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from tests.support.federation import ALICE, BOB, Federation, owner_key, sign
from tests.support.forge import (
    block_after,
    certificate,
    commit_one,
    opening,
    paying,
    proposal,
    statements,
    status,
    tell,
    view_change,
    vote,
)
from web4core.chain import Block, seal
from web4core.effects import Halt
from web4core.errors import RemoteProtocolError
from web4core.events import Elapsed, Event, Received, Resumed, TimerKind
from web4core.ledger.state import Address
from web4core.ledger.transactions import Transaction, TransferLock
from web4core.messages import Decided, Kind
from web4core.replica import State, step
from web4core.types import Nonce, TimeMs

CAROL = Address(platform="thor", agent="carol")
ACCOUNTS = {ALICE: 1000, BOB: 500, CAROL: 0}


def victim() -> Federation:
    """Platform 0 of four; the test holds the other keys, and 1 proposes at height 1."""
    return Federation(4, byzantine=[1, 2, 3], accounts=ACCOUNTS)


def votes_for(fed: Federation, block: Block) -> bool:
    """Whether the honest platform votes for this block."""
    tell(fed, 0, proposal(fed, block))
    return statements(fed, 0, Kind.PREPARE) != []


def lock_of(fed: Federation, amount_uatp: int, nonce: int) -> Transaction:
    """Alice sets an amount aside for Bob."""
    expiry_ms = fed.now_ms + 10_000
    body = TransferLock(
        chain_id=fed.chain_id,
        source=ALICE,
        destination=BOB,
        amount_uatp=amount_uatp,
        nonce=Nonce(nonce),
        expiry_ms=TimeMs(expiry_ms),
    )
    return sign(body, owner_key(ALICE))


@pytest.mark.clause("C-VALID-1", "H-BLOCK-1")
def test_a_block_that_follows_gets_a_vote() -> None:
    fed = victim()
    payload = [paying(fed, CAROL, 600, 0), lock_of(fed, 400, 1)]
    assert votes_for(fed, block_after(fed.nodes[0].state, payload, fed.now_ms + 1))


@pytest.mark.clause("L-BLOCK-1", "C-PREP-4")
@pytest.mark.parametrize(
    "amounts", [(600, 401), (1000, 1), (401, 600)], ids=["by one", "all and one", "lock last"]
)
def test_a_block_that_overspends_with_a_transfer_and_a_lock_gets_no_vote(
    amounts: tuple[int, int],
) -> None:
    fed = victim()
    payload = [paying(fed, CAROL, amounts[0], 0), lock_of(fed, amounts[1], 1)]
    assert not votes_for(fed, block_after(fed.nodes[0].state, payload, fed.now_ms + 1))


@pytest.mark.clause("L-BLOCK-1", "L-XFER-6")
def test_a_block_that_holds_a_transaction_twice_gets_no_vote() -> None:
    fed = victim()
    payload = [paying(fed, CAROL, 1, 0), paying(fed, CAROL, 1, 0)]
    assert not votes_for(fed, block_after(fed.nodes[0].state, payload, fed.now_ms + 1))


@pytest.mark.clause("L-BLOCK-1")
def test_a_block_whose_transactions_apply_only_in_another_order_gets_no_vote() -> None:
    fed = victim()
    payload = [paying(fed, CAROL, 1, 1), paying(fed, CAROL, 1, 0)]
    assert not votes_for(fed, block_after(fed.nodes[0].state, payload, fed.now_ms + 1))


@pytest.mark.clause("C-VALID-1")
def test_a_block_with_the_root_of_another_result_gets_no_vote() -> None:
    fed = victim()
    state = fed.nodes[0].state
    root = state.tip.header.state_root
    payload = [paying(fed, CAROL, 1, 0)]
    assert not votes_for(fed, block_after(state, payload, fed.now_ms + 1, root))


@pytest.mark.clause("H-BLOCK-2")
def test_a_block_whose_payload_is_not_what_its_header_commits_to_never_gets_in() -> None:
    fed = victim()
    block = block_after(fed.nodes[0].state, [paying(fed, CAROL, 1, 0)], fed.now_ms + 1)
    with pytest.raises(RemoteProtocolError, match="H-BLOCK-2"):
        tell(fed, 0, proposal(fed, evolve(block, payload=())))


@pytest.mark.clause("W-MSG-5")
@pytest.mark.parametrize(
    "change", [{"height": 2}, {"chain_id": bytes(32)}], ids=["height", "chain"]
)
def test_a_block_of_another_height_or_chain_never_gets_in(change: dict[str, Any]) -> None:
    fed = victim()
    block = block_after(fed.nodes[0].state, [], fed.now_ms + 1)
    other = seal(evolve(block.header, **change), ())
    honest = proposal(fed, block)
    named = evolve(honest.statement, digest=other.digest)
    message = fed.sign_as(1, evolve(honest, statement=named, block=other))
    with pytest.raises(RemoteProtocolError, match="W-MSG-5"):
        tell(fed, 0, message)


@pytest.mark.clause("C-VALID-2")
def test_a_block_that_is_not_later_than_its_parent_gets_no_vote() -> None:
    fed = victim()
    assert not votes_for(fed, block_after(fed.nodes[0].state, [], fed.now_ms))


@pytest.mark.clause("C-VALID-3")
@pytest.mark.parametrize(("off_ms", "voted"), [(10_000, True), (10_001, False)])
def test_a_fresh_block_may_be_off_by_the_drift_and_no_more(off_ms: int, voted: bool) -> None:
    fed = victim()
    assert votes_for(fed, block_after(fed.nodes[0].state, [], fed.now_ms + off_ms)) is voted


@pytest.mark.clause("C-VALID-3")
def test_a_block_that_a_quorum_prepared_may_be_old() -> None:
    fed = victim()
    block = block_after(fed.nodes[0].state, [], fed.now_ms + 1)
    fed.now_ms += 3_600_000
    tell(fed, 0, *(view_change(fed, each, 1, 4) for each in (2, 3)))
    prepared = certificate(fed, Kind.PREPARE, block, 0, (1, 2, 3))
    tell(fed, 0, proposal(fed, block, 4, prepared))
    assert [each.view for each in statements(fed, 0, Kind.PREPARE)] == [4]


class Skewed(Federation):
    """A federation in which one platform's clock is off by `skew_ms`."""

    skewed, skew_ms = 2, 0

    def feed(self, index: int, event: Event) -> None:
        if index == self.skewed:
            event = evolve(event, now_ms=max(0, event.now_ms + self.skew_ms))
        super().feed(index, event)


@pytest.mark.clause("C-VALID-3", "C-SYNC-1")
@pytest.mark.parametrize("skew_ms", [-3_600_000, -9_000, 9_000, 3_600_000])
def test_a_platform_with_a_wrong_clock_follows_and_stops_nobody(skew_ms: int) -> None:
    fed = Skewed(4)
    fed.skew_ms = skew_ms
    fed.settle()
    for number in range(5):
        commit_one(fed, f"agent{number}")
    assert {fed.height(index) for index in range(4)} == {6}


# --- a certified block that the application refuses --------------------------------------------


def halted() -> tuple[Federation, State, tuple[object, ...]]:
    """A platform to which a quorum proves an invalid block."""
    fed = victim()
    bad = block_after(fed.nodes[0].state, [], fed.now_ms + 1, bytes(32))
    proof = Decided(bad, certificate(fed, Kind.COMMIT, bad, 0, (1, 2, 3)))
    transition = step(fed.nodes[0].state, Received(proof, fed.now_ms))
    return fed, transition.state, transition.effects


@pytest.mark.clause("C-DEC-4", "A-EFFECT-8")
def test_a_certified_block_that_is_invalid_halts_the_platform() -> None:
    _, state, effects = halted()
    assert [type(effect) for effect in effects] == [Halt]
    assert state.halted == effects[0]
    assert state.height == 1


@pytest.mark.clause("A-EFFECT-8")
def test_a_platform_that_halted_does_nothing_any_more() -> None:
    fed, state, _ = halted()
    good = block_after(fed.nodes[0].state, [], fed.now_ms + 1)
    for event in (
        Received(proposal(fed, good), fed.now_ms),
        Received(vote(fed, Kind.COMMIT, 1, good), fed.now_ms),
        Resumed(fed.now_ms),
    ):
        transition = step(state, event)
        assert (transition.state, transition.effects) == (state, ())


# --- lies about heights ------------------------------------------------------------------------


@pytest.mark.clause("C-SYNC-2", "C-SYNC-4")
@pytest.mark.parametrize("liar", [0, 1, 2])
def test_lies_about_heights_do_not_keep_a_platform_from_catching_up(liar: int) -> None:
    fed = Federation(4, byzantine=[liar])
    fed.settle()
    fed.crash(3)
    fed.cut = lambda _source, target, _message: target == 3
    up = [index for index in range(3) if index != liar]
    tall = Federation(4)
    tall.settle()
    for number in range(5):
        commit_one(tall, f"agent{number}")
    for height in range(1, 6):
        for index in up:
            tell(fed, index, tall.nodes[0].blocks[height])
    fed.cut = lambda _source, _target, _message: False
    fed.restart(3)
    tell(fed, 3, status(fed, liar, 2**60), status(fed, liar, 7))
    fed.run(lambda: fed.height(3) == 6)


@pytest.mark.clause("C-SYNC-4")
def test_claims_that_nobody_makes_good_are_forgotten() -> None:
    fed = victim()
    tell(fed, 0, status(fed, 3, 2**60))
    for _ in range(20):
        timers = fed.nodes[0].timers
        if TimerKind.SYNC in timers:
            _, timer = timers.pop(TimerKind.SYNC)
            fed.feed(0, Elapsed(timer, fed.now_ms))
    assert fed.nodes[0].state.sync is None


@pytest.mark.clause("C-SYNC-3")
def test_one_height_ahead_is_no_reason_to_fetch_at_once() -> None:
    fed = victim()
    tell(fed, 0, status(fed, 3, 2))
    sync = fed.nodes[0].state.sync
    assert sync is not None
    assert sync.tries == 0


@pytest.mark.clause("C-SYNC-1")
def test_a_decided_block_is_taken_from_whoever_sends_it() -> None:
    fed, tall = victim(), Federation(4, accounts=ACCOUNTS)
    tall.settle()
    tall.submit(0, opening(tall, "erin"))
    tall.run(tall.at_height(2))
    tell(fed, 0, tall.nodes[3].blocks[1])
    assert fed.height(0) == 2
