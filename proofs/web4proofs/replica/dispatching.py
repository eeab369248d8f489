"""The dispatch of an event: first its handler, then the rules, then the timers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3
from attrs import evolve

from web4core.consensus.state import FIRST_VIEW
from web4core.effects import Halt
from web4core.errors import LocalProtocolError
from web4core.events import Connected, Elapsed, Received, Resumed, Submitted, Timer, TimerKind
from web4core.messages import Decided, Kind, Submission
from web4core.replica import catchup
from web4proofs.replica import arbitrary
from web4proofs.replica.framing import TIMER
from web4proofs.replica.invariant import Part
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    SAFE_FIELDS,
    Scene,
    event_ms,
    leaves_alone,
    plainly,
    stepping,
)
from web4proofs.symbolic import bind, choose, equal, optional


def prove_dispatch(attempt: Attempt) -> None:
    """An event goes to its handler, then rules and timers run; a halted platform does nothing."""

    def step() -> Case:
        halted = optional(lambda: Halt("C-DEC-4", "a reason"))
        halts_at = choose(("handler", "rules", None))
        scene = Scene(arbitrary.bare())
        state = evolve(scene.state, halted=halted)
        event = choose((*_EVENTS, None))
        order: list[tuple[str, Any]] = []

        def called(name: str) -> Callable[..., None]:
            def note(run: Any, *given: Any) -> None:
                order.append((name, given))
                if name == halts_at:
                    run.state = evolve(run.state, halted=Halt("C-DEC-4", "now"))

            return note

        names = {
            "_HANDLERS": {type(each): called("handler") for each in _EVENTS},
            "_apply_rules": called("rules"),
            "set_timers": called("timers"),
        }
        if event is None:
            refused = False
            try:
                bind(stepping.step, names)(state, event)
            except LocalProtocolError as error:
                refused = str(error).startswith("A-EVENT-1")
            return Case((plainly("what is no event is refused", refused, not order),))
        found = bind(stepping.step, names)(state, event)
        expected = _order(halted, halts_at)
        part = plainly(
            "handler, rules and timers, in this order, until it halts",
            [name for name, _ in order] == expected,
            not expected or order[0][1] == (event,),
            found.effects == (),
            halted is None or found.state is state,
        )
        return Case((part,))

    attempt.cases(stepping.step, step)
    _prove_handlers(attempt)


_EVENTS: tuple[Any, ...] = (
    Received(Submission(()), 7),
    Elapsed(TIMER, 7),
    Submitted((), 7),
    Connected(1, 7),
    Resumed(7),
)


def _order(halted: Halt | None, halts_at: str | None) -> list[str]:
    if halted is not None:
        return []
    whole = ["handler", "rules", "timers"]
    return whole if halts_at is None else whole[: whole.index(halts_at) + 1]


def _prove_handlers(attempt: Attempt) -> None:
    received, elapsed = stepping._on_received, stepping._on_elapsed

    def by_message() -> Case:
        scene = Scene(arbitrary.bare())
        block, shown = arbitrary.block("block"), arbitrary.certificate("shown", Kind.COMMIT)
        message = choose((_vote(), Submission(()), Decided(block, shown)))
        names = {
            "_on_submission": scene.noting("submission"),
            "on_decided": scene.noting("decided"),
            "_on_statement": scene.noting("statement"),
        }
        bind(received, names)(scene.run, Received(message, event_ms()))
        meant = {Submission: "submission", Decided: "decided"}.get(type(message), "statement")
        content = message.transactions if type(message) is Submission else message
        part = plainly(
            "a message goes to its handler, whole",
            [name for name, _ in scene.calls] == [meant],
            scene.calls[0][1][1] is content,
            scene.untouched(*SAFE_FIELDS),
        )
        return Case((part,))

    def by_timer() -> Case:
        timer = Timer(choose(tuple(TimerKind)), arbitrary.natural("at"), arbitrary.natural("in"))
        armed = choose(((), (_any_timer(),), (TIMER, _ANOTHER)))
        scene = Scene(arbitrary.bare(), armed=armed)
        names = {"_TIMERS": {kind: scene.noting(kind.name) for kind in TimerKind}}
        bind(elapsed, names)(scene.run, Elapsed(timer, event_ms()))
        runs = z3.Or([equal(each, timer) for each in armed])
        called = [name for name, _ in scene.calls]
        parts = (
            Part("only a timer that runs does anything", z3.BoolVal(bool(called)) == runs),
            plainly("and that by its kind", called in ([], [timer.kind.name])),
            Part("and runs no more, and every other goes on", _goes_on(scene, timer, called)),
            leaves_alone(scene, ()),
        )
        return Case(parts)

    attempt.cases(received, by_message)
    attempt.cases(elapsed, by_timer)
    _prove_tables(attempt)


_ANOTHER = Timer(TimerKind.SYNC, 1, FIRST_VIEW)
"""A timer that runs beside another one."""


def _goes_on(scene: Scene, timer: Timer, called: list[str]) -> z3.BoolRef:
    """Require that exactly the other timers are left."""
    if not called:
        return z3.BoolVal(scene.untouched("armed"))
    left = [any(each is one for one in scene.now.armed) for each in scene.state.armed]
    stays = [z3.Not(equal(each, timer)) for each in scene.state.armed]
    whole = len(scene.now.armed) == sum(left)
    return z3.And(
        z3.BoolVal(whole), *[z3.BoolVal(one) == stay for one, stay in zip(left, stays, strict=True)]
    )


def _vote() -> Any:
    return arbitrary.vote("vote", Kind.PREPARE)


def _any_timer() -> Timer:
    kind = choose(tuple(TimerKind))
    return Timer(kind, arbitrary.natural("armed at"), arbitrary.natural("armed in"))


def _prove_tables(attempt: Attempt) -> None:
    """The tables have exactly the handlers whose contracts are proved."""
    handlers = {
        Received: stepping._on_received,
        Elapsed: stepping._on_elapsed,
        Submitted: stepping._on_submitted,
        Connected: stepping._on_connected,
        Resumed: stepping._on_resumed,
    }
    timers = {
        TimerKind.VIEW: stepping._on_view_timer,
        TimerKind.PROPOSE: stepping._on_propose_timer,
        TimerKind.RESEND: stepping._on_resend_timer,
        TimerKind.SYNC: catchup.on_sync_timer,
        TimerKind.STATUS: catchup.on_status_timer,
    }
    if handlers != stepping._HANDLERS or timers != stepping._TIMERS:
        attempt.fail("tables", "an event or a timer goes to another handler")
