"""The pool: what waits must not keep out what would apply."""

from __future__ import annotations

import pytest

from tests.support.federation import (
    ALICE,
    BOB,
    START_MS,
    Federation,
    Key,
    make_genesis,
    owner_key,
    platform_key,
    sign,
)
from tests.support.forge import tell
from web4core.application import Applied, Pooled
from web4core.effects import Refuse
from web4core.events import Received
from web4core.ledger.application import Ledger
from web4core.ledger.pool import MAX_LANE, Pool
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.messages import (
    Kind,
    Statement,
    Submission,
    ViewChangeDraft,
    prepared_reference,
)
from web4core.types import Nonce, TimeMs, TransactionId, View

CAROL = Address(platform="thor", agent="carol")
SPROUT = platform_key(1)
GENESIS = make_genesis(4, {ALICE: 1000, BOB: 500, CAROL: 100})
LEDGER = Ledger.of(GENESIS)
CHAIN = LEDGER.chain_id
NOW_MS = TimeMs(START_MS + 10)
EXPIRY_MS = TimeMs(NOW_MS + 100)
CAPACITY = 1000


class Waiting:
    """A ledger and what waits for it."""

    def __init__(self) -> None:
        self.state = LEDGER.initial(GENESIS.content)
        self.pool = LEDGER.empty_pool()

    def add(
        self, *transactions: Transaction, at_ms: int = NOW_MS, room: int = CAPACITY
    ) -> Pooled[Pool, Transaction]:
        pooled = LEDGER.admit(self.state, self.pool, transactions, TimeMs(at_ms), room)
        self.pool = pooled.pool
        return pooled

    def codes(
        self, *transactions: Transaction, at_ms: int = NOW_MS, room: int = CAPACITY
    ) -> list[str]:
        return [str(each.code) for each in self.add(*transactions, at_ms=at_ms, room=room).refused]

    def decide(self, *transactions: Transaction, at_ms: int = NOW_MS) -> list[str]:
        """A block with these; what falls out of the pool, by code."""
        applied = LEDGER.apply(self.state, transactions, TimeMs(at_ms))
        assert isinstance(applied, Applied)
        self.state = applied.state
        pooled = LEDGER.recheck(
            self.state, self.pool, applied.touched, transactions, TimeMs(at_ms + 1)
        )
        self.pool = pooled.pool
        return [str(each.code) for each in pooled.refused]


def pay(
    amount_uatp: int, nonce: int, payer: Address = ALICE, payee: Address = CAROL
) -> Transaction:
    return sign(
        Transfer(
            chain_id=CHAIN,
            source=payer,
            destination=payee,
            amount_uatp=amount_uatp,
            nonce=Nonce(nonce),
        ),
        owner_key(payer),
    )


def lock(amount_uatp: int, nonce: int, expiry_ms: int = EXPIRY_MS) -> Transaction:
    body = TransferLock(
        chain_id=CHAIN,
        source=ALICE,
        destination=BOB,
        amount_uatp=amount_uatp,
        nonce=Nonce(nonce),
        expiry_ms=TimeMs(expiry_ms),
    )
    return sign(body, owner_key(ALICE))


def commit(transfer: bytes) -> Transaction:
    return sign(TransferCommit(CHAIN, TransactionId(transfer)), SPROUT)


def roll_back(transfer: bytes, by: Key = SPROUT, reason: str = "no") -> Transaction:
    return sign(TransferRollback(CHAIN, TransactionId(transfer), reason), by)


@pytest.mark.clause("L-POOL-2")
def test_what_waits_counts_against_what_is_available() -> None:
    waiting = Waiting()
    codes = waiting.codes(pay(600, 0), lock(300, 1), pay(101, 2), pay(100, 2))
    assert codes == ["insufficient-funds"]
    assert waiting.pool.size == 3


@pytest.mark.clause("L-POOL-1")
def test_lanes_do_not_disturb_each_other() -> None:
    waiting = Waiting()
    waiting.add(*(pay(1, nonce) for nonce in range(MAX_LANE)))
    assert waiting.codes(pay(1, 0, CAROL, ALICE)) == []


@pytest.mark.clause("L-POOL-3")
def test_a_lane_has_a_bound() -> None:
    waiting = Waiting()
    codes = waiting.codes(*(pay(1, nonce) for nonce in range(MAX_LANE + 2)))
    assert codes == ["lane-full", "lane-full"]
    assert waiting.pool.size == MAX_LANE


@pytest.mark.clause("L-POOL-4")
def test_a_full_pool_refuses_what_would_apply_and_names_what_would_not() -> None:
    waiting = Waiting()
    assert waiting.codes(pay(1, 0), pay(1, 1), pay(5, 7), room=1) == ["pool-full", "nonce-gap"]


@pytest.mark.clause("L-POOL-2")
def test_a_transaction_that_waits_already_changes_nothing() -> None:
    waiting = Waiting()
    waiting.add(pay(1, 0))
    before = waiting.pool
    assert waiting.codes(pay(1, 0)) == []
    assert waiting.pool == before


@pytest.mark.clause("L-POOL-4")
def test_another_transaction_with_a_nonce_that_waits_is_outpaced() -> None:
    waiting = Waiting()
    assert waiting.codes(pay(1, 0), pay(2, 0)) == ["outpaced"]


@pytest.mark.clause("L-POOL-4")
def test_a_second_settlement_of_one_transfer_is_outpaced() -> None:
    waiting, locked = Waiting(), lock(200, 0)
    waiting.decide(locked)
    assert waiting.codes(commit(locked.id), roll_back(locked.id)) == ["outpaced"]


@pytest.mark.clause("L-POOL-4")
def test_a_second_opening_of_one_account_is_outpaced() -> None:
    erin = Address(platform="thor", agent="erin")
    first, second = (
        sign(AccountOpen(CHAIN, erin, key.public), platform_key(0), key)
        for key in (Key("one"), Key("another"))
    )
    assert Waiting().codes(first, second) == ["outpaced"]


@pytest.mark.clause("L-POOL-5")
def test_what_a_block_made_impossible_falls_out_with_its_code() -> None:
    waiting = Waiting()
    waiting.add(pay(1, 0), pay(1, 1))
    assert waiting.decide(pay(999, 0)) == ["nonce-used"]
    assert waiting.pool.size == 1


@pytest.mark.clause("L-POOL-5")
def test_what_depends_on_what_fell_out_falls_out_too() -> None:
    waiting = Waiting()
    waiting.add(pay(1, 0), pay(400, 1), pay(400, 2))
    assert waiting.decide(pay(700, 0)) == ["nonce-used", "insufficient-funds", "nonce-gap"]
    assert waiting.pool.size == 0


@pytest.mark.clause("L-POOL-5", "L-COMMIT-4", "L-BACK-3")
def test_a_commit_that_waited_too_long_does_not_keep_the_rollback_out() -> None:
    waiting, locked = Waiting(), lock(200, 0)
    waiting.decide(locked)
    waiting.add(commit(locked.id))
    pooled = waiting.add(roll_back(locked.id, Key("anyone")), at_ms=EXPIRY_MS)
    assert [str(each.code) for each in pooled.refused] == ["transfer-expired"]
    assert pooled.refused[0].item == commit(locked.id).id
    assert waiting.pool.size == 1


@pytest.mark.clause("L-POOL-5", "L-LOCK-8")
def test_a_lock_that_waited_too_long_does_not_block_its_account() -> None:
    waiting = Waiting()
    waiting.add(lock(200, 0), pay(1, 1))
    pooled = waiting.add(pay(5, 0), at_ms=EXPIRY_MS)
    assert [str(each.code) for each in pooled.refused] == ["expiry-not-future", "nonce-gap"]
    assert LEDGER.waiting(waiting.pool, 10) == (pay(5, 0),)


@pytest.mark.clause("L-POOL-5", "A-EFFECT-7")
def test_what_gossip_drives_out_of_the_pool_is_told_and_the_gossip_is_not() -> None:
    fed = Federation(4, byzantine=[1, 2, 3], accounts={ALICE: 1000, BOB: 500, CAROL: 100})
    late = TransferLock(
        chain_id=fed.chain_id,
        source=ALICE,
        destination=BOB,
        amount_uatp=200,
        nonce=Nonce(0),
        expiry_ms=TimeMs(fed.now_ms + 100),
    )
    stale = sign(late, owner_key(ALICE))
    fed.submit(0, stale)
    fed.now_ms += 200
    newer = sign(
        Transfer(
            chain_id=fed.chain_id, source=ALICE, destination=CAROL, amount_uatp=5, nonce=Nonce(0)
        ),
        owner_key(ALICE),
    )
    other = sign(
        Transfer(
            chain_id=fed.chain_id, source=ALICE, destination=CAROL, amount_uatp=6, nonce=Nonce(0)
        ),
        owner_key(ALICE),
    )
    tell(fed, 0, Submission((newer, other)))
    assert fed.nodes[0].refused == [Refuse(stale.id, "expiry-not-future")]


@pytest.mark.clause("L-POOL-6", "L-BLOCK-3")
def test_each_block_begins_with_another_lane() -> None:
    waiting = Waiting()
    waiting.add(pay(1, 0), pay(1, 0, CAROL, ALICE))
    firsts = {
        LEDGER.choose(waiting.state, waiting.pool, NOW_MS, bytes([each]) * 32, 1, 10**6).payload[0]
        for each in range(0, 256, 8)
    }
    assert len(firsts) == 2


@pytest.mark.clause("L-BLOCK-3", "A-APP-4")
def test_a_proposer_leaves_out_what_would_not_apply() -> None:
    waiting, locked = Waiting(), lock(200, 0)
    waiting.decide(locked)
    waiting.add(commit(locked.id), pay(1, 1))
    chosen = LEDGER.choose(waiting.state, waiting.pool, EXPIRY_MS, bytes(32), 10, 10**6)
    assert chosen.payload == (pay(1, 1),)


@pytest.mark.clause("L-BLOCK-3")
def test_a_block_keeps_within_items_and_bytes() -> None:
    waiting = Waiting()
    waiting.add(*(pay(1, nonce) for nonce in range(10)))
    size = len(pay(1, 0).encoded)
    few = LEDGER.choose(waiting.state, waiting.pool, NOW_MS, bytes(32), 3, 10**6)
    small = LEDGER.choose(waiting.state, waiting.pool, NOW_MS, bytes(32), 10, 4 * size)
    assert (len(few.payload), len(small.payload)) == (3, 4)


@pytest.mark.clause("A-APP-6")
def test_a_pool_survives_its_bytes() -> None:
    waiting = Waiting()
    waiting.add(pay(1, 0), lock(5, 1), pay(1, 0, CAROL, ALICE))
    data = LEDGER.pool_schema.encode(waiting.pool)
    assert LEDGER.pool_schema.decode(data, len(data)) == waiting.pool


@pytest.mark.clause("L-POOL-5", "A-APP-5")
def test_an_expired_lock_at_the_head_of_a_lane_is_told_by_the_next_proposer() -> None:
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _source, _to, _message: True
    proposer = 1  # of view 0 at height 1
    locks = [
        sign(
            TransferLock(
                chain_id=fed.chain_id,
                source=ALICE,
                destination=BOB,
                amount_uatp=1,
                nonce=Nonce(nonce),
                expiry_ms=TimeMs(fed.now_ms + expires_ms),
            ),
            owner_key(ALICE),
        )
        for nonce, expires_ms in ((0, 50), (1, 10**9))
    ]
    fed.feed(proposer, Received(Submission(tuple(locks)), fed.now_ms))
    node = fed.nodes[proposer]
    assert node.state.pool.size == 2
    assert node.state.agreement.said.proposal is not None
    # it has proposed both; in its next turn, four views on, the first is too late
    fed.now_ms += 1_000
    move_to(fed, 4, proposer)
    assert [(each.transaction, each.code) for each in node.refused] == [
        (locks[0].id, "expiry-not-future"),
        (locks[1].id, "nonce-gap"),
    ]


def move_to(fed: Federation, view: int, me: int) -> None:
    """Bring a platform into a view, in which it has heard from everybody."""
    for index in fed.nodes:
        if index != me:
            statement = Statement(Kind.VIEW_CHANGE, 1, View(view), prepared_reference(None), index)
            draft = ViewChangeDraft(statement, None, None)
            fed.feed(me, Received(fed.sign_as(index, draft), fed.now_ms))


@pytest.mark.clause("L-POOL-2")
def test_what_waits_is_judged_by_the_time_of_the_next_block() -> None:
    lock = TransferLock(
        chain_id=CHAIN,
        source=ALICE,
        destination=BOB,
        amount_uatp=1,
        nonce=Nonce(0),
        expiry_ms=EXPIRY_MS,
    )
    it = Waiting()
    assert it.codes(sign(lock, owner_key(ALICE)), at_ms=EXPIRY_MS) == ["expiry-not-future"]
    assert it.codes(sign(lock, owner_key(ALICE)), at_ms=EXPIRY_MS - 1) == []
