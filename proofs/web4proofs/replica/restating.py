"""Timers, links and restarts: they leave a view by the rule, and send own statements again.

A restart casts nothing: it only sends again the statements that the journal led to.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import z3

from web4core.consensus.state import FIRST_VIEW
from web4core.effects import Send, Sign
from web4core.events import Connected, Resumed, Timer, TimerKind
from web4core.messages import Kind
from web4core.settings import Settings
from web4proofs.replica import arbitrary
from web4proofs.replica.composing import stepping_rule, took
from web4proofs.replica.cutting import Reached, cut
from web4proofs.replica.invariant import (
    TRUE,
    Part,
)
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    SAFE_FIELDS,
    Scene,
    event_ms,
    is_own_status,
    now_ms,
    plainly,
    same_calls,
    stepping,
)
from web4proofs.symbolic import bind, boolean, choose, equal, optional, term


def prove_timers(attempt: Attempt) -> None:
    """A view ends only by the rule, into the next; the wait for others ends by `gathered`."""

    def view_timer() -> Case:
        scene = Scene(arbitrary.bare())
        work = boolean("work")
        rules = SimpleNamespace(enter=stepping_rule(scene, "enter"))
        names = {
            "rules": rules,
            "recheck": scene.noting("recheck"),
            "has_work": scene.noting("has_work", lambda _state: work),
        }
        bind(stepping._on_view_timer, names)(scene.run, now_ms())
        entered = scene.called("enter")
        next_view = TRUE
        if entered:
            next_view = equal(entered[0][1], scene.agreement.view + 1)
        parts = (
            Part("it leaves the view if there is work", z3.BoolVal(bool(entered)) == term(work)),
            Part("for the next one", next_view),
            plainly("by the rule", took(scene, *([Sign] if scene.effects else []))),
        )
        return Case(parts)

    def propose_timer() -> Case:
        scene = Scene(arbitrary.bare())
        stepping._on_propose_timer(scene.run, now_ms())
        before, after = scene.agreement, scene.now.agreement
        names = ("n", "me", "height", "slots", "view", "said", "lock")
        part = plainly(
            "the wait is over, and nothing else changes",
            after.gathered is True,
            all(getattr(before, name) is getattr(after, name) for name in names),
            scene.untouched(*(name for name in SAFE_FIELDS if name != "agreement")),
            not scene.effects,
        )
        return Case((part,))

    attempt.cases(stepping._on_view_timer, view_timer)
    attempt.cases(stepping._on_propose_timer, propose_timer)


def prove_said_again(attempt: Attempt) -> None:
    """Own statements are repeated: sent if signed, or else signed; nothing changes.

    A restart only does this, so it casts nothing (C-LOSS-1, A-EVENT-5).
    """

    def turn(function: Any, to_one: bool) -> Case:
        scene = Scene(arbitrary.bare())
        draft = arbitrary.vote_draft("draft", Kind.PREPARE)
        back = optional(lambda: arbitrary.vote("signed", Kind.PREPARE))
        names = {"signed": scene.noting("signed", lambda _agreement, _draft: back)}
        more = {"event": _connected()} if to_one else {}
        parts = cut(bind(function, {**names, "rules": SimpleNamespace(standing=_none)}))
        local = {"state": scene.state, "others": scene.config.others}
        variables = {"to": (1,)} if to_one else local
        found = parts.turn(run=scene.run, element=draft, **variables, **more)
        expected: Any = [] if to_one else [Sign]
        kinds = [type(effect) for effect in scene.effects]
        part = plainly(
            "it is sent if it came back signed, or else signed again",
            type(found) is Reached,
            kinds == ([Send] if back is not None else expected),
            all(_says(effect, draft, back) for effect in scene.effects),
            scene.untouched(*SAFE_FIELDS),
        )
        return Case((part,))

    def restart() -> Case:
        scene = Scene(arbitrary.bare(), armed=(Timer(TimerKind.RESEND, 1, FIRST_VIEW),))
        names = {"_resend": scene.noting("resend")}
        settings = choose((None, Settings(resend_ms=7)))
        event = Resumed(event_ms(), settings)
        bind(stepping._on_resumed, names)(scene.run, event)
        fixed = ("chain_id", "n", "me", "application")
        now, before = scene.now.config, scene.config
        part = plainly(
            "a restart forgets the timers, takes its settings, and says all again",
            scene.untouched(*(name for name in SAFE_FIELDS if name != "config")),
            all(getattr(now, name) is getattr(before, name) for name in fixed),
            now.settings is (before.settings if settings is None else settings),
            scene.now.armed == (),
            same_calls(scene.called("resend"), [(scene.run,)]),
            not scene.effects,
        )
        return Case((part,))

    resend, connected = stepping._resend, stepping._on_connected
    for function, to_one in ((resend, False), (connected, True)):
        one = partial(turn, function, to_one)
        attempt.cases(function, one, label="one draft", parts=cut(function))
        ends = partial(_ends, function)
        attempt.cases(function, ends, label="start and end", parts=cut(function))
    attempt.cases(stepping._on_resumed, restart)


def _none(_agreement: Any) -> tuple[Any, ...]:
    return ()


def _connected() -> Connected:
    return Connected(1, event_ms())


def _says(effect: Any, draft: Any, back: Any) -> bool:
    if back is None:
        return type(effect) is Sign and effect.draft is draft
    return type(effect) is Send and effect.message is back


def _ends(function: Any) -> Case:
    """Return the code around the loop: it visits all own statements, then sends a STATUS."""
    scene = Scene(arbitrary.bare())
    standing = arbitrary.opaque("standing")
    rules = SimpleNamespace(standing=scene.noting("standing", lambda _agreement: standing))
    connected = function is stepping._on_connected
    names: dict[str, Any] = {"rules": rules}
    if not connected:
        names["broadcast_status"] = scene.noting("broadcast_status")
    parts = cut(bind(function, names))
    more = {"event": _connected()} if connected else {}
    found = parts.before(run=scene.run, **more)
    linked = TRUE if not connected else scene.config.others.another.term
    goes_on = Part(
        "for every link to another platform", z3.BoolVal(type(found) is Reached) == linked
    )
    if type(found) is not Reached:
        return Case((goes_on, plainly("nothing is done", found is None, not scene.effects)))
    parts.after(run=scene.run, **found.variables, **more)
    status = [type(effect) for effect in scene.effects] == [Sign] and is_own_status(
        scene, scene.effects[0]
    )
    part = plainly(
        "of the current agreement, and then its own STATUS",
        found.iterated is standing,
        scene.called("standing")[0][0] is scene.agreement,
        status if connected else same_calls(scene.called("broadcast_status"), [(scene.run,)]),
        scene.untouched(*SAFE_FIELDS),
    )
    return Case((goes_on, part))
