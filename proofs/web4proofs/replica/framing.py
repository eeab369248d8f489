"""The parts of a step outside agreement: pool, gossip, timers, help for others, catching up.

None of them changes agreement, slots or tip, and none signs anything but a STATUS of its own.
Two things are not proved: which timers are wanted, and which platform is asked for blocks when.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3
from attrs import evolve

from web4core.application import Pooled, Refusal
from web4core.consensus.state import FIRST_VIEW
from web4core.effects import Fetch, Refuse, Send, SetTimer, Sign
from web4core.events import Submitted, Timer, TimerKind
from web4core.messages import Kind
from web4core.replica import blocks, catchup, pacemaker
from web4core.replica.state import Run, Sync
from web4core.types import TransactionId
from web4proofs.replica import arbitrary
from web4proofs.replica.invariant import FALSE, Part
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    Scene,
    event_ms,
    leaves_alone,
    now_ms,
    plainly,
    same_calls,
    same_one,
    stepping,
)
from web4proofs.replica.terms import proposer, proposer_of
from web4proofs.symbolic import bind, choose, equal, optional, term


def prove_frames(attempt: Attempt) -> None:
    """Pool, timers and STATUS: each leaves agreement, slots and tip unchanged."""

    def framed(function: Any, call: Callable[[Scene], Any], *allowed: type, **known: Any) -> None:
        def run() -> Case:
            scene = Scene(arbitrary.bare(), **{name: make() for name, make in known.items()})
            more = call(scene)
            parts = (more,) if isinstance(more, Part) else ()
            return Case((leaves_alone(scene, allowed), *parts))

        attempt.cases(function, run, (catchup.broadcast_status, catchup.status))

    framed(
        catchup.assist_lagging,
        _helps,
        Send,
        tip_certificate=lambda: arbitrary.maybe_certificate("tip", Kind.COMMIT),
    )
    framed(catchup.broadcast_status, lambda on: catchup.broadcast_status(on.run), Sign)
    framed(catchup.on_status_timer, lambda on: catchup.on_status_timer(on.run, now_ms()), Sign)
    framed(pacemaker.set_timers, _sets_timers, SetTimer, armed=lambda: choose(((), (TIMER,))))
    for proof in (
        _prove_revision,
        _prove_admission,
        _prove_gossip,
        _prove_refusals,
        _prove_reminder,
    ):
        proof(attempt)


def _prove_revision(attempt: Attempt) -> None:
    """Items that no longer apply leave the pool, and their clients are told (A-APP-5)."""

    def run() -> Case:
        refused = choose(((), (Refusal(DROPPED, "a code"),)))
        pooled: Pooled[Any, Any] = Pooled(arbitrary.opaque("pool after"), refused)
        application = SimpleNamespace(recheck=lambda *_given: pooled)
        scene = Scene(arbitrary.bare(), application=application)
        blocks.recheck(scene.run, None, (), now_ms())
        told = [Refuse(DROPPED, "a code")] if refused else []
        part = plainly("as it says", scene.now.pool is pooled.pool, scene.effects == told)
        return Case((part, leaves_alone(scene, (Refuse,))))

    attempt.cases(blocks.recheck, run, (blocks.next_time, Run.refuse))


def _prove_admission(attempt: Attempt) -> None:
    """The application decides which items are admitted, and the pool is its result (A-APP-5)."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        items = (arbitrary.opaque("item"),)
        pooled = stepping._admit(scene.run, items, now_ms())
        taken = plainly("the pool is the application's", scene.now.pool is pooled.pool)
        return Case((taken, leaves_alone(scene, ())))

    attempt.cases(stepping._admit, run, (blocks.next_time,))


def _prove_gossip(attempt: Attempt) -> None:
    """Items from clients go to all others, in messages of a bounded size (W-MSG-7)."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        one, two, three = (arbitrary.opaque(name) for name in ("one", "two", "three"))
        added = choose(((), (one,), (one, two), (one, two, three)))
        refusal = Refusal(REFUSED, "a code")
        pooled: Pooled[Any, Any] = Pooled(arbitrary.opaque("pool"), (refusal,), added)
        admit = scene.noting("admit", lambda _run, _items, _now: pooled)
        event = Submitted((one,), event_ms())
        names = {"_admit": admit, "MAX_SUBMISSION": 2}
        bind(stepping._on_submitted, names)(scene.run, event)
        refused, *sent = scene.effects
        told = [_submitted(each) for each in sent]
        whole = [item for batch in told for item in batch]
        full = [len(batch) for batch in told] == {0: [], 1: [1], 2: [2], 3: [2, 1]}[len(added)]
        everything = full and len(whole) == len(added) and all(map(same_one, whole, added))
        some = term(scene.config.others.some)
        goal = z3.If(some, z3.BoolVal(everything), z3.BoolVal(not told))
        parts = (
            Part("all others hear of it", goal),
            plainly("a client hears of a refusal", refused == Refuse(REFUSED, "a code")),
            leaves_alone(scene, (Refuse, Send)),
        )
        return Case(parts)

    attempt.cases(stepping._on_submitted, run, (Run.refuse,))


def _submitted(effect: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = effect.message.transactions
    return found


def _prove_reminder(attempt: Attempt) -> None:
    """All is sent again, and the proposer of the view gets the items that wait here: C-LOSS-1."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        agreement, waiting = scene.agreement, choose(((), (arbitrary.opaque("waiting"),)))
        application = SimpleNamespace(waiting=lambda _pool, _limit: waiting)
        config = evolve(scene.config, application=application)
        scene.run.state = scene.state = evolve(scene.state, config=config)
        names = {"_resend": scene.noting("resend"), "proposer": proposer}
        bind(stepping._on_resend_timer, names)(scene.run, now_ms())
        turn = proposer_of(agreement.height, agreement.view)
        due = z3.And(z3.BoolVal(waiting != ()), turn != term(agreement.me))
        sent = list(scene.effects)
        right = [
            z3.And(z3.BoolVal(_submitted(each) is waiting), _is_to(each, turn)) for each in sent
        ]
        parts = (
            Part("what waits is handed on", z3.BoolVal(len(sent) == 1) == due),
            Part("to the proposer", z3.And(right)),
            plainly("all is said again", same_calls(scene.called("resend"), [(scene.run,)])),
            leaves_alone(scene, (Send,)),
        )
        return Case(parts)

    attempt.cases(stepping._on_resend_timer, run)


def _is_to(effect: Any, turn: z3.ArithRef) -> z3.BoolRef:
    return term(effect.to[0]) == turn if len(effect.to) == 1 else FALSE


def _prove_refusals(attempt: Attempt) -> None:
    """A refusal of a peer's item is told only to clients who waited here before (A-EFFECT-7)."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        dropped = TransactionId(choose((b"handed in", b"waited")))
        pooled: Pooled[Any, Any] = Pooled(arbitrary.opaque("pool"), (Refusal(dropped, "a code"),))
        names = {"_admit": lambda _run, _items, _now: pooled}
        items = (SimpleNamespace(id=b"handed in"),)
        bind(stepping._on_submission, names)(scene.run, items, now_ms())
        expected = [Refuse(dropped, "a code")] if dropped == b"waited" else []
        told = plainly("whoever waited hears of it", scene.effects == expected)
        return Case((told, leaves_alone(scene, (Refuse,))))

    attempt.cases(stepping._on_submission, run, (Run.refuse,))


DROPPED, REFUSED = TransactionId(b"dropped"), TransactionId(b"refused")
TIMER = Timer(TimerKind.RESEND, 1, FIRST_VIEW)


def _any_statement() -> Any:
    return arbitrary.statement("statement", choose(tuple(Kind)))


def _helps(scene: Scene) -> Part:
    """Require C-LOSS-3 above height 1, where the tip has a certificate."""
    statement, shown = _any_statement(), scene.state.tip_certificate
    catchup.assist_lagging(scene.run, statement)
    stuck = statement.kind in (Kind.VIEW_CHANGE, Kind.STATUS)
    another = term(statement.signer) != term(scene.agreement.me)
    if shown is None:
        return plainly("at height 1 nobody is behind", True)
    sent: list[Any] = list(scene.effects)
    right = [_is_to(each, term(statement.signer)) for each in sent]
    right += [
        z3.BoolVal(each.message.block is scene.state.tip and each.message.certificate is shown)
        for each in sent
    ]
    answers = z3.BoolVal(len(sent) == 1) == z3.And(z3.BoolVal(stuck), another)
    return Part("whoever is behind gets the tip, proved", z3.And(answers, *right))


def _sets_timers(scene: Scene) -> Part:
    """Require C-PACE-5: exactly those wanted timers are set that are not running."""
    other = (Timer(TimerKind.VIEW, 1, FIRST_VIEW), 7)
    wanted = choose(((), ((TIMER, 5),), (other,), (other, (TIMER, 5))))
    names = {"_wanted_timers": lambda _state: wanted}
    bind(pacemaker.set_timers, names)(scene.run)
    timers = tuple(timer for timer, _ in wanted)
    due = [SetTimer(timer, delay) for timer, delay in wanted if timer not in scene.state.armed]
    return plainly(
        "it sets what is wanted and does not run, and forgets the rest",
        scene.effects == due,
        scene.now.armed == timers,
    )


PLATFORMS_BEHIND = 4
"""The number of platforms for catching up: its list of heights has one place for each."""


def prove_catching_up(attempt: Attempt) -> None:
    """Catching up leaves agreement, slots and tip unchanged."""
    n, last = PLATFORMS_BEHIND, PLATFORMS_BEHIND * catchup.SYNC_ROUNDS

    def framed(function: Any, call: Callable[[Scene], Any], *allowed: type) -> None:
        def run() -> Case:
            sync = optional(lambda: _any_sync(n, last))
            scene = Scene(arbitrary.bare(), sync=sync)
            config = evolve(scene.config, n=n, me=1)
            agreement = evolve(scene.agreement, n=n, me=1)
            scene.agreement, scene.config = agreement, config
            scene.state = evolve(scene.state, config=config, agreement=agreement)
            scene.run.state = scene.state
            more = call(scene)
            parts = (more,) if isinstance(more, Part) else ()
            return Case((leaves_alone(scene, allowed), *parts))

        attempt.cases(function, run, (catchup._fetch,))

    framed(catchup.record_peer_height, _notes)
    framed(catchup.on_sync_timer, lambda on: catchup.on_sync_timer(on.run, now_ms()), Fetch)
    framed(catchup.synchronise, lambda on: catchup.synchronise(on.run), Fetch, Sign)


def _notes(scene: Scene) -> Part:
    """Require C-SYNC-2: the highest height that each other platform has shown is recorded."""
    sources, target = choose(((1,), (0, 1, 3), (2,))), arbitrary.natural("target")
    catchup.record_peer_height(scene.run, target, sources)
    before, after = _claims(scene.state), _claims(scene.now)
    kept = [
        term(new) == z3.If(target.term > term(old), target.term, term(old))
        if index in sources and index != scene.config.me
        else equal(new, old)
        for index, (old, new) in enumerate(zip(before, after, strict=True))
    ]
    return Part("the highest claim of each is kept", z3.And(kept))


def _claims(state: Any) -> tuple[Any, ...]:
    return (0,) * PLATFORMS_BEHIND if state.sync is None else tuple(state.sync.peer_heights)


def _any_sync(n: int, last: int) -> Sync:
    claims = tuple(arbitrary.natural(f"claim{index}") for index in range(n))
    turns = (0, 2, n)
    return Sync(
        claims, asked=arbitrary.natural("asked"), tries=choose((0, last)), turn=choose(turns)
    )
