"""The runs of which transcripts are kept: each plays a story around one watched platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import evolve

from tests.support.federation import ALICE, BOB, owner_key, sign
from tests.support.forge import (
    block_after,
    certificate,
    opening,
    paying,
    proposal,
    status,
    view_change,
    vote,
)
from tests.vectors.edge_runs import EDGES
from tests.vectors.fixtures import CAROL
from tests.vectors.watched import Watched, alone
from web4core.application import Applied
from web4core.chain import Block, seal
from web4core.events import Submitted, TimerKind
from web4core.ledger.transactions import TransferLock
from web4core.messages import Decided, Kind, Submission
from web4core.settings import Settings
from web4core.types import Digest, Nonce, StateRoot, TimeMs


def happy_path() -> Watched:
    """The proposer of height 1, from its start to rest; then it restarts."""
    fed = Watched(4, 1)
    fed.settle()
    fed.submit(0, paying(fed, CAROL, 250, 0))
    fed.settle()
    fed.submit(1, paying(fed, CAROL, 5, 1), opening(fed, "dave"))
    fed.settle()
    fed.time_out(TimerKind.STATUS)
    fed.settle()
    fed.crash(1)
    fed.restart(1)
    fed.settle()
    return fed


def view_change_with_lock() -> Watched:
    """Platform 3 locks in view 0, hears no COMMIT, and must propose the same block in view 2."""
    fed = Watched(4, 3)
    fed.settle()
    fed.cut = lambda _source, target, message: (
        target != 2
        and getattr(message, "statement", None) is not None
        and message.statement.kind is Kind.COMMIT  # type: ignore[union-attr]
    )
    fed.submit(0, paying(fed, CAROL, 250, 0))
    fed.settle()
    fed.cut = lambda source, target, _message: 2 in (source, target)
    for index in (0, 1, 3):
        fed.ring_when_due(index, TimerKind.VIEW)
    fed.settle()
    fed.run(lambda: all(fed.height(index) == 2 for index in (0, 1, 3)))
    fed.cut = lambda _source, _target, _message: False
    fed.time_out(TimerKind.STATUS)
    fed.settle()
    return fed


def lock_and_release() -> Watched:
    """A locked platform refuses another block, until a certificate at or above its lock comes."""
    fed = alone(silence="C-PREP-3")
    one, other = fed.fresh_block(1), fed.fresh_block(2, after_ms=2)
    fed.hear(proposal(fed, one))
    fed.hear(*(vote(fed, Kind.PREPARE, each, one) for each in (1, 2)))
    fed.hear(*(view_change(fed, each, 1, 1) for each in (1, 2)))
    fed.hear(proposal(fed, other, 1))
    fed.hear(*(vote(fed, Kind.PREPARE, each, other, 1) for each in (1, 2)))
    fed.hear(*(view_change(fed, each, 1, 2) for each in (1, 2)))
    justified = certificate(fed, Kind.PREPARE, other, 1, (1, 2, 3))
    fed.hear(proposal(fed, other, 2, justified))
    fed.hear(*(vote(fed, Kind.PREPARE, each, other, 2) for each in (1, 2)))
    fed.hear(*(vote(fed, Kind.COMMIT, each, other, 2) for each in (1, 2)))
    return fed


def lock_against_an_older_certificate() -> Watched:
    """A certificate below the lock does not release it; the locked block itself needs none."""
    fed = alone(silence="C-PREP-3")
    one, other = fed.fresh_block(1), fed.fresh_block(2, after_ms=2)
    fed.hear(*(view_change(fed, each, 1, 1) for each in (1, 2)))
    fed.hear(proposal(fed, one, 1))
    fed.hear(*(vote(fed, Kind.PREPARE, each, one, 1) for each in (1, 2)))
    fed.hear(*(view_change(fed, each, 1, 2) for each in (1, 2)))
    old = certificate(fed, Kind.PREPARE, other, 0, (1, 2, 3))
    fed.hear(proposal(fed, other, 2, old))
    fed.hear(*(view_change(fed, each, 1, 5) for each in (1, 2)))
    fed.hear(proposal(fed, one, 5))
    return fed


def new_proposer() -> Watched:
    """Platform 0 proposes in view 3: it waits for VIEW-CHANGEs, takes the highest certificate."""
    fed = alone()
    one, other = fed.fresh_block(1), fed.fresh_block(2, after_ms=2)
    low, high = (
        certificate(fed, Kind.PREPARE, each, view, (1, 2, 3))
        for each, view in ((one, 0), (other, 2))
    )
    fed.hear(view_change(fed, 1, 1, 3, low, one))
    fed.hear(view_change(fed, 2, 1, 3, high, other))
    fed.time_out(TimerKind.PROPOSE)
    fed.hear(*(view_change(fed, each, 1, 7) for each in (1, 2, 3)))
    return fed


def fresh_block_in_a_later_view() -> Watched:
    """Platform 0 proposes in view 3 without any certificate: an empty block, for want of work."""
    fed = alone()
    fed.hear(*(view_change(fed, each, 1, 3) for each in (1, 2, 3)))
    return fed


def joining() -> Watched:
    """Seven platforms, f = 2: it joins the third highest view, and not before."""
    fed = alone(7)
    for signer, view in ((1, 5), (2, 3), (3, 4), (4, 4), (1, 4), (5, 9), (6, 9)):
        fed.hear(view_change(fed, signer, 1, view))
    return fed


def equivocation() -> Watched:
    """Platform 1 signs two proposals, PREPAREs and VIEW-CHANGEs, and platform 3 two COMMITs."""
    fed = alone()
    one, other = fed.fresh_block(1), fed.fresh_block(2, after_ms=2)
    fed.hear(proposal(fed, one), proposal(fed, other), proposal(fed, one))
    fed.hear(*(vote(fed, Kind.PREPARE, 1, each) for each in (one, other)))
    fed.hear(vote(fed, Kind.PREPARE, 2, one), vote(fed, Kind.COMMIT, 2, other))
    prepared = certificate(fed, Kind.PREPARE, one, 0, (1, 2, 3))
    fed.hear(view_change(fed, 1, 1, 1), view_change(fed, 1, 1, 1, prepared, one))
    fed.hear(view_change(fed, 2, 1, 2, prepared, one), view_change(fed, 2, 1, 1))
    idle = status(fed, 3, 1)
    elsewhere = evolve(idle, statement=evolve(idle.statement, digest=Digest(bytes([1]) * 32)))
    fed.hear(idle, fed.sign_as(3, elsewhere))
    ahead = block_after(fed.nodes[0].state, [], fed.now_ms + 9)
    later = [seal(evolve(ahead.header, height=2, time_ms=TimeMs(time)), ()) for time in (1, 2)]
    fed.hear(*(vote(fed, Kind.COMMIT, 3, each) for each in later))
    return fed


def validity() -> Watched:
    """Proposals of blocks that are not valid, or too far from its clock, and their neighbours."""
    silence = "C-PREP-4 C-VALID-1 C-VALID-2 C-VALID-3 C-VALID-4"
    fed = alone(settings=Settings(clock_drift_ms=10), silence=silence)
    good = fed.fresh_block(1)
    wrong: Iterable[Block] = (
        seal(evolve(good.header, state_root=StateRoot(bytes(32))), good.payload),
        seal(evolve(good.header, parent=Digest(bytes(32))), good.payload),
        fed.fresh_block(10**9 + 1),
        fed.fresh_block(1, after_ms=11),
        seal(evolve(good.header, time_ms=TimeMs(fed.now_ms)), good.payload),
    )
    for view, following, block in zip((0, 1, 2, 4, 5), (1, 2, 4, 5, 6), wrong, strict=True):
        fed.hear(proposal(fed, block, view))
        fed.hear(*(view_change(fed, each, 1, following) for each in (1, 2)))
    fed.hear(proposal(fed, fed.fresh_block(1, after_ms=10), 6))
    fed.hear(*(view_change(fed, each, 1, 8) for each in (1, 2)))
    late = fed.fresh_block(1, after_ms=500)
    fed.hear(proposal(fed, late, 8, certificate(fed, Kind.PREPARE, late, 7, (1, 2, 3))))
    return fed


def catch_up() -> Watched:
    """Platform 3 misses three blocks, learns of it by STATUS, and fetches them."""
    fed = Watched(4, 3)
    fed.settle()
    fed.crash(3)
    for amount in range(3):
        fed.submit(0, paying(fed, CAROL, amount + 1, amount))
        fed.run(fed.at_height(amount + 2))
    fed.restart(3)
    fed.run(fed.at_height(4))
    fed.settle()
    return fed


def unanswered() -> Watched:
    """Nobody answers its questions: it asks in turn, and forgets the claims in the end."""
    fed = alone()
    fed.hear(status(fed, 1, 2))
    fed.hear(status(fed, 2, 9), status(fed, 3, 8))
    for _ in range(3 * 4):
        fed.time_out(TimerKind.SYNC)
    fed.hear(status(fed, 3, 2))
    return fed


def early_and_late() -> Watched:
    """Messages of the next height wait for it; those of a decided one are answered or ignored."""
    fed = alone()
    one = fed.fresh_block(1)
    decided = Decided(one, certificate(fed, Kind.COMMIT, one, 0, (1, 2, 3)))
    later = _on_top_of(fed, one)
    fed.hear(proposal(fed, later))
    fed.hear(*(vote(fed, Kind.PREPARE, each, later) for each in (1, 2)))
    fed.hear(vote(fed, Kind.COMMIT, 1, seal(evolve(later.header, height=3), ())))
    fed.hear(*(vote(fed, Kind.COMMIT, each, one) for each in (1, 2, 3)))
    fed.hear(decided)
    fed.hear(vote(fed, Kind.PREPARE, 3, one), status(fed, 2, 1), view_change(fed, 3, 1, 1))
    fed.hear(decided)
    return fed


def _on_top_of(fed: Watched, block: Block) -> Block:
    """A block of one payment on top of this one."""
    state = fed.nodes[0].state
    applied = fed.ledger.apply(state.app, block.payload, block.header.time_ms)
    assert isinstance(applied, Applied)
    ahead = evolve(state, tip=block, app=applied.state, agreement=evolve(state.agreement, height=2))
    return block_after(ahead, [paying(fed, CAROL, 2, 1)], fed.now_ms + 2)


def block_of_a_view_change() -> Watched:
    """COMMITs decide a block that it has seen in a VIEW-CHANGE only."""
    fed = alone()
    one = fed.fresh_block(1)
    prepared = certificate(fed, Kind.PREPARE, one, 0, (1, 2, 3))
    fed.hear(view_change(fed, 2, 1, 1, prepared, one))
    fed.hear(*(vote(fed, Kind.COMMIT, each, one) for each in (1, 2, 3)))
    return fed


def pool() -> Watched:
    """What may wait, what not and why, and what falls out by time or by a block."""
    fed = alone(settings=Settings(pool_items=65))
    lanes = [paying(fed, CAROL, 1, nonce) for nonce in range(65)]
    _submit(fed, lanes[0], paying(fed, CAROL, 2, 0), lanes[0], paying(fed, CAROL, 1, 5))
    _submit(fed, paying(fed, BOB, 1, 1), paying(fed, CAROL, 10**9, 1), paying(fed, CAROL, 0, 1))
    _submit(fed, *lanes[1:])
    _submit(fed, opening(fed, "dave"), opening(fed, "erin"), opening(fed, "alice"))
    fed.hear(Submission((opening(fed, "frank"), lanes[5])))
    fed.time_out(TimerKind.RESEND)
    taken = fed.fresh_block(7)
    fed.hear(Decided(taken, certificate(fed, Kind.COMMIT, taken, 0, (1, 2, 3))))
    return fed


def waiting_in_vain() -> Watched:
    """A lock expires while it waits: it falls out when the view ends, and then there is no work."""
    fed = alone()
    body = TransferLock(
        chain_id=fed.chain_id,
        source=ALICE,
        destination=BOB,
        amount_uatp=5,
        nonce=Nonce(0),
        expiry_ms=TimeMs(fed.now_ms + 1_500),
    )
    _submit(fed, sign(body, owner_key(ALICE)))
    fed.time_out(TimerKind.RESEND)
    fed.time_out(TimerKind.VIEW)
    return fed


def _submit(fed: Watched, *items: Any) -> None:
    fed.now_ms += 1
    fed.feed(fed.watched, Submitted(items, fed.now_ms))


def halting() -> Watched:
    """A quorum certifies an invalid block: the platform halts, and answers nothing any more."""
    fed = alone()
    good = fed.fresh_block(1)
    wrong = seal(evolve(good.header, state_root=StateRoot(bytes(32))), good.payload)
    fed.hear(Decided(wrong, certificate(fed, Kind.COMMIT, wrong, 0, (1, 2, 3))))
    fed.hear(proposal(fed, good))
    _submit(fed, opening(fed, "dave"))
    return fed


def single() -> Watched:
    """A federation of one: it proposes, prepares, commits and decides by itself."""
    fed = Watched(1, 0)
    _submit(fed, paying(fed, CAROL, 1, 0))
    _submit(fed, paying(fed, CAROL, 2, 1))
    return fed


Play = Callable[[], Watched]
RUNS: Final[dict[str, tuple[str, Play]]] = {
    play.__name__: (" ".join((play.__doc__ or "").split()), play)
    for play in (
        happy_path,
        view_change_with_lock,
        lock_and_release,
        lock_against_an_older_certificate,
        new_proposer,
        fresh_block_in_a_later_view,
        joining,
        equivocation,
        validity,
        catch_up,
        unanswered,
        early_and_late,
        block_of_a_view_change,
        pool,
        waiting_in_vain,
        halting,
        single,
        *EDGES,
    )
}
"""Every run by its name, with what it is about."""
