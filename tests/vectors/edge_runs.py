"""Runs at the edge of a rule: just far enough or not, too early, too late, or once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from attrs import evolve

from tests.support.federation import ALICE, BOB, owner_key, platform_key, sign
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
from tests.vectors.fixtures import CAROL
from tests.vectors.watched import Watched, alone
from web4core.chain import Block, seal
from web4core.events import Connected, Resumed, TimerKind
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.messages import Decided, Kind, Submission
from web4core.quorum import with_an_honest_one
from web4core.settings import Settings
from web4core.types import Nonce, TimeMs


def _enter(fed: Watched, view: int) -> None:
    """The fewest others that can lead the watched platform into a view."""
    height, enough = fed.height(fed.watched), with_an_honest_one(fed.n)
    fed.hear(*(view_change(fed, each, height, view) for each in range(1, 1 + enough)))


def _decided(fed: Watched, block: Block, signers: Iterable[int] = (1, 2, 3)) -> Decided:
    """A block with COMMITs of view 1."""
    return Decided(block, certificate(fed, Kind.COMMIT, block, 1, signers))


def _empty(fed: Watched, after_ms: int = 1) -> Block:
    """A block without items on the watched platform's tip."""
    return block_after(fed.nodes[fed.watched].state, [], fed.now_ms + after_ms)


def _proposed(fed: Watched) -> Block:
    """The block that the watched platform proposes."""
    mine = fed.nodes[fed.watched].state.agreement.said.proposal
    assert mine is not None
    return mine.block


# --- proposals and votes -------------------------------------------------------------------------


def clock() -> Watched:
    """A block too far ahead of its clock, or behind, gets no vote; once the clock is near it does.

    The bound itself is near enough.
    """
    fed = alone(3, settings=Settings(clock_drift_ms=10), silence="C-PREP-4 C-VALID-3")
    ahead, behind, near = (_empty(fed, each) for each in (11, 1, 2))
    fed.hear(proposal(fed, ahead))
    fed.now_ms += 1
    fed.ring_stale(TimerKind.SYNC, 1, 0)
    fed.now_ms += 11
    _enter(fed, 1)
    fed.hear(proposal(fed, behind, 1))
    _enter(fed, 3)
    fed.hear(proposal(fed, near, 3))
    return fed


def release_at_the_lock() -> Watched:
    """A certificate of the very view of its lock, for another block, releases it."""
    fed = alone(3)
    one, other = _empty(fed), _empty(fed, 2)
    fed.hear(proposal(fed, one), vote(fed, Kind.PREPARE, 1, one))
    _enter(fed, 1)
    fed.hear(proposal(fed, other, 1, certificate(fed, Kind.PREPARE, other, 0, (1, 2))))
    fed.hear(vote(fed, Kind.PREPARE, 1, other, 1))
    return fed


def ahead_of_its_view() -> Watched:
    """What is said in a later view waits: it enters that view, prepares and commits at one event.

    A later PREPARE takes the place of an earlier one.
    """
    fed = alone(3)
    one, other = _empty(fed), _empty(fed, 2)
    early = vote(fed, Kind.PREPARE, 1, one)
    fed.hear(early, proposal(fed, other, 3))
    fed.hear(*(vote(fed, Kind.PREPARE, each, other, 3) for each in (1, 2)), early)
    _enter(fed, 3)
    return fed


def commits_of_another_view() -> Watched:
    """COMMITs of one view decide, be it behind or ahead of its own; those of two do not add up."""
    fed = alone(3)
    one = _empty(fed)
    fed.hear(proposal(fed, one))
    _enter(fed, 3)
    fed.hear(vote(fed, Kind.COMMIT, 1, one), vote(fed, Kind.COMMIT, 2, one, 1))
    fed.hear(vote(fed, Kind.COMMIT, 1, one, 1))
    other = _empty(fed, 2)
    fed.hear(proposal(fed, other))
    fed.hear(*(vote(fed, Kind.COMMIT, each, other, 3) for each in (1, 2)))
    return fed


def said_again() -> Watched:
    """It says again what it stands for in its view, and signs what it never got back signed."""
    fed = alone()
    fed.hear(view_change(fed, 1, 1, 3))
    fed.mute = True
    fed.hear(view_change(fed, 2, 1, 3))
    fed.feed(0, Connected(3, fed.now_ms))
    fed.mute = False
    fed.time_out(TimerKind.RESEND)
    fed.mute = True
    fed.time_out(TimerKind.PROPOSE)
    fed.mute = False
    fed.time_out(TimerKind.RESEND)
    mine = _proposed(fed)
    fed.hear(vote(fed, Kind.PREPARE, 1, mine, 3))
    fed.mute = True
    fed.hear(vote(fed, Kind.PREPARE, 2, mine, 3))
    fed.feed(0, Connected(3, fed.now_ms))
    fed.feed(0, Resumed(fed.now_ms))
    return fed


# --- settings and timers -------------------------------------------------------------------------


def new_settings() -> Watched:
    """Settings hold from the Resumed that carries them; one without any leaves them as they are."""
    fed = alone(silence="A-SET-2 C-PREP-4 C-VALID-3")
    short = Settings(view_timeout_ms=300, resend_ms=200, status_ms=70)
    fed.feed(0, Resumed(fed.now_ms, evolve(short, clock_drift_ms=10, pool_items=1)))
    fed.submit(0, opening(fed, "dave"), opening(fed, "erin"))
    fed.hear(proposal(fed, _empty(fed, 11)))
    fed.feed(0, Resumed(fed.now_ms))
    fed.feed(0, Resumed(fed.now_ms, Settings()))
    fed.submit(0, opening(fed, "erin"))
    return fed


def stale_timers() -> Watched:
    """A timer of another height or view, or that does not run, does nothing."""
    fed = alone()
    _enter(fed, 1)
    for kind in (TimerKind.VIEW, TimerKind.RESEND):
        for height, view in ((1, 0), (1, 2), (2, 1)):
            fed.ring_stale(kind, height, view)
    fed.ring_stale(TimerKind.PROPOSE, 1, 1)
    for kind in (TimerKind.SYNC, TimerKind.STATUS):
        fed.ring_stale(kind, 1, 0)
    fed.time_out(TimerKind.VIEW)
    fed.ring_stale(TimerKind.VIEW, 1, 2)
    return fed


# --- catching up ---------------------------------------------------------------------------------


def claims_of_blocks() -> Watched:
    """The signers of a block ahead claim the height after it; those of a decided one nothing.

    Claims never fall; if it never asked, it forgets them without a STATUS.
    """
    fed = alone()
    one = _empty(fed)
    three, four, six = (seal(evolve(one.header, height=each), ()) for each in (3, 4, 6))
    fed.hear(status(fed, 1, 2), _decided(fed, one))
    fed.hear(_decided(fed, three, (0, 1, 2)), _decided(fed, six))
    fed.hear(_decided(fed, four, (0, 1, 3)), _decided(fed, one, (0, 2, 3)))
    return fed


def asking_again() -> Watched:
    """It asks again once its height has grown by 32 since it asked last, and then the next one."""
    fed = alone(3)
    fed.hear(*(status(fed, each, 36) for each in (1, 2)))
    for height in range(1, 36):
        fed.hear(_decided(fed, _empty(fed, height), (1, 2)))
        if height == 1:
            fed.time_out(TimerKind.SYNC)
    return fed


# --- the pool ------------------------------------------------------------------------------------


def full_block() -> Watched:
    """Lanes are taken from the tip's digest on and round, until the next item is one too many.

    That is so by `block_items` at first, then by `block_bytes`: a smaller item would still fit.
    """
    fed = Watched(1, 0, choice="L-BLOCK-3 L-POOL-6", settings=Settings(block_items=2))
    fed.submit(0, *(opening(fed, agent) for agent in ("dave", "erin", "frank")))
    fed.feed(0, Resumed(fed.now_ms, Settings(block_bytes=2_048)))
    fed.mute = True
    long = (opening(fed, letter * 64) for letter in "abcdef")
    fed.submit(0, paying(fed, CAROL, 1, 0), *long)
    return fed


def outpaced() -> Watched:
    """Outpaced is what applies to the tip's state and not after what waits; other codes stay."""
    fed = alone()
    locked = _lock(fed, BOB, fed.now_ms + 1_000)
    fed.hear(_decided(fed, block_after(fed.nodes[0].state, [locked], fed.now_ms + 1)))
    commit, back, again = _settlements(fed, locked)
    fed.submit(0, commit, back)
    dave = AccountOpen(fed.chain_id, Address(platform="thor", agent="dave"), owner_key(BOB).public)
    fed.submit(0, opening(fed, "dave"), sign(dave, platform_key(0), owner_key(BOB)))
    fed.submit(0, paying(fed, CAROL, 1, 1), paying(fed, CAROL, 1, 0), opening(fed, "alice"))
    fed.hear(_decided(fed, block_after(fed.nodes[0].state, [back], fed.now_ms + 2)))
    fed.submit(0, again)
    return fed


def _lock(fed: Watched, payee: Address, expiry_ms: int, nonce: int = 0) -> Transaction:
    """Alice locks for Bob, or Bob for Alice."""
    source = BOB if payee == ALICE else ALICE
    body = TransferLock(
        chain_id=fed.chain_id,
        source=source,
        destination=payee,
        amount_uatp=5,
        nonce=Nonce(nonce),
        expiry_ms=TimeMs(expiry_ms),
    )
    return sign(body, owner_key(source))


def _settlements(fed: Watched, locked: Transaction) -> tuple[Transaction, ...]:
    """A commit of a transfer and two rollbacks, all by the destination's platform."""
    bodies = (
        TransferCommit(fed.chain_id, locked.id),
        TransferRollback(fed.chain_id, locked.id, ""),
        TransferRollback(fed.chain_id, locked.id, "again"),
    )
    return tuple(sign(body, platform_key(1)) for body in bodies)


def lapsing() -> Watched:
    """What time made impossible falls out where it is in the way, and where it would be proposed.

    If nothing is left then, nothing is proposed in view 0.
    """
    fed = alone(2, choice="L-BLOCK-3 L-POOL-5")
    fed.submit(0, _lock(fed, BOB, fed.now_ms + 1_000))
    fed.now_ms += 1_000
    fed.hear(Submission((paying(fed, CAROL, 1, 0),)))
    fed.submit(0, _lock(fed, BOB, fed.now_ms + 1_000, 1), paying(fed, CAROL, 1, 2))
    fed.submit(0, opening(fed, "dave"))
    fed.now_ms += 1_000
    fed.hear(view_change(fed, 1, 1, 1))
    fed.submit(0, _lock(fed, ALICE, fed.now_ms + 1_000))
    fed.now_ms += 1_000
    fed.submit(0, _lock(fed, ALICE, fed.now_ms + 1_000))
    fed.now_ms += 1_000
    mine = _proposed(fed)
    fed.hear(*(vote(fed, kind, 1, mine, 1) for kind in (Kind.PREPARE, Kind.COMMIT)))
    return fed


EDGES: Final[tuple[Callable[[], Watched], ...]] = (
    clock,
    release_at_the_lock,
    ahead_of_its_view,
    commits_of_another_view,
    said_again,
    new_settings,
    stale_timers,
    claims_of_blocks,
    asking_again,
    full_block,
    outpaced,
    lapsing,
)
