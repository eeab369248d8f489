"""The application of the rules: every change of a replica's agreement is one of theirs.

Each function of `replica` that gets a `Run` is executed from any state with J; the functions that
it calls are replaced by their contracts, which are proved elsewhere. It must do exactly one of
these:

1. leave agreement, upcoming slots and tip unchanged;
2. slot a message that passed the gate, by `keep`;
3. take the step of a rule, as the rule returned it for the current agreement;
4. decide, on a commit certificate that counts, and begin the next height.

It signs only drafts that a rule cast, drafts that it stands for already, or its own STATUS.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3
from attrs import evolve

from web4core.consensus.rules import Reproposal
from web4core.effects import Halt, Sign
from web4core.messages import Kind
from web4core.replica.state import Run
from web4proofs.replica import arbitrary
from web4proofs.replica.cutting import LEFT, Parts, cut
from web4proofs.replica.invariant import (
    FALSE,
    TRUE,
    Part,
    proves,
    same,
)
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    SAFE_FIELDS,
    Payload,
    Scene,
    applied,
    now_ms,
    plainly,
    same_calls,
    stepping,
)
from web4proofs.symbolic import assume, bind, boolean, choose, equal, integer, optional, term


def stepping_rule(scene: Scene, name: str) -> Callable[..., Any]:
    """Summarise a rule that acts: it is called on the current agreement, and acts or not."""

    def answer(agreement: Any, *_more: Any) -> Any:
        current = agreement is scene.now.agreement
        scene.calls.append(("stale", ())) if not current else None
        if choose((True, False)):
            draft = arbitrary.vote_draft(f"{name}.draft", Kind.PREPARE)
            return arbitrary.bare(f"{name}.after."), draft
        return agreement, None

    return scene.noting(name, answer)


def took(scene: Scene, *effects: Any) -> bool:
    """Return whether exactly the rules' drafts are signed, for the current agreement."""
    return not scene.called("stale") and [type(each) for each in scene.effects] == list(effects)


def prove_take(attempt: Attempt) -> None:
    """`Run.take` takes the whole step of a rule: its state, and its draft to be signed."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        after = arbitrary.bare("after.")
        draft = optional(lambda: arbitrary.vote_draft("draft", Kind.PREPARE))
        Run.take(scene.run, (after, draft) if draft is not None else (scene.agreement, None))
        expected = scene.agreement if draft is None else after
        signed = [] if draft is None else [(draft, scene.config.others)]
        part = plainly(
            "the rule's state, and its draft",
            scene.now.agreement is expected,
            scene.untouched(*(name for name in SAFE_FIELDS if name != "agreement")),
            len(scene.effects) == len(signed),
            all(
                type(effect) is Sign and effect.draft is one and effect.to is to
                for effect, (one, to) in zip(scene.effects, signed, strict=False)
            ),
        )
        return Case((part,))

    attempt.cases(Run.take, run)


def prove_apply_rules(attempt: Attempt) -> None:
    """The rules are applied in order, each to the result of the one before: C-FLOW-1.

    Rounds continue while the last one ended a height, and end when the platform halts.
    """
    function = stepping._apply_rules
    parts = cut(function)
    attempt.cases(function, _before_rounds, label="start", parts=parts)
    attempt.cases(function, _one_round, label="one round", parts=parts)
    attempt.cases(function, _after_rounds, label="end", parts=parts)


_ORDER = ["join", "propose", "prepare", "lock_and_commit", "decide"]


def _rounds(scene: Scene) -> Parts:
    rules = SimpleNamespace(
        join=stepping_rule(scene, "join"),
        lock_and_commit=stepping_rule(scene, "lock_and_commit"),
    )
    names = {"rules": rules, "synchronise": scene.noting("synchronise")}
    for name in ("_propose", "_prepare", "_decide"):
        names[name] = scene.noting(name[1:], lambda run, _now: _goes_on(scene, run))
    return cut(bind(stepping._apply_rules, names))


def _before_rounds() -> Case:
    scene = Scene(arbitrary.bare())
    found = _rounds(scene).before(run=scene.run, now_ms=now_ms())
    last = term(found.variables["height"])
    first = Part("there is a first round", last != term(scene.agreement.height))
    return Case((first, plainly("nothing comes before it", not scene.calls)))


def _one_round() -> Case:
    halted = optional(lambda: Halt("C-DEC-4", "a reason"))
    scene, last = Scene(arbitrary.bare(), halted=halted), integer("last")
    found = _rounds(scene).turn(run=scene.run, now_ms=now_ms(), height=last)
    names = [name for name, _ in scene.calls]
    ends = z3.Or(last.term == term(scene.agreement.height), z3.BoolVal(halted is not None))
    goes = Part("it ends at a height gone through, or halted", z3.BoolVal(found is LEFT) == ends)
    if found is LEFT:
        return Case((goes, plainly("and does nothing more", not names)))
    signed = [type(effect) for effect in scene.effects]
    each = plainly(
        "each rule once, in order, on the current agreement",
        [name for name in names if name != "stale"] == _ORDER,
        took(scene, *signed),
        all(kind is Sign for kind in signed),
    )
    through = same(found.variables["height"], scene.agreement.height)
    return Case((goes, each, Part("the height of the round is remembered", through)))


def _after_rounds() -> Case:
    scene = Scene(arbitrary.bare())
    _rounds(scene).after(run=scene.run, now_ms=now_ms(), height=integer("last"))
    called = [name for name, _ in scene.calls]
    return Case((plainly("it asks for blocks", called == ["synchronise"], not scene.effects),))


def _goes_on(scene: Scene, run: Run) -> None:
    """Set any other agreement, as a called function may leave it."""
    if choose((True, False)):
        run.state = evolve(run.state, agreement=arbitrary.bare(f"later{len(scene.calls)}."))


def prove_propose(attempt: Attempt) -> None:
    """In its turn it proposes a block that may be decided already, or else a new one."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        turn, again = boolean("may propose"), optional(lambda: _reproposal(scene))
        fresh, pending = _block_now(scene), boolean("pending")
        rules = SimpleNamespace(
            may_propose=scene.noting("may_propose", lambda _agreement: turn),
            reproposal=scene.noting("reproposal", lambda _agreement: again),
            propose=stepping_rule(scene, "propose"),
        )
        names = {
            "rules": rules,
            "pending": scene.noting("pending", lambda _state: pending),
            "fresh_block": scene.noting("fresh_block", lambda _run, _now: fresh),
            "recheck": scene.noting("recheck"),
        }
        bind(stepping._propose, names)(scene.run, now_ms())
        return Case(_proposed(scene, turn, again, fresh, pending))

    attempt.cases(stepping._propose, run)


def _proposed(
    scene: Scene, turn: Any, again: Reproposal | None, fresh: Any, pending: Any
) -> tuple[Part, ...]:
    calls = scene.called("propose")
    above = term(scene.agreement.view) > 0
    some = z3.Or(above, z3.And(term(pending), term(fresh.payload.some)))
    proposes = z3.And(term(turn), TRUE if again is not None else some)
    given = TRUE
    if calls:
        _, block, why = calls[0]
        meant = (fresh, None) if again is None else (again.block, again.justification)
        given = z3.BoolVal(len(calls) == 1 and block is meant[0] and why is meant[1])
        if why is not None:
            shown = proves(why, Kind.PREPARE, scene.agreement.height, block.digest)
            given = z3.And(given, shown, term(why.view) < term(scene.agreement.view))
        given = z3.And(given, equal(block.header.height, scene.agreement.height))
    signed = [Sign] if scene.effects else []
    return (
        Part("it proposes only and always what it should", z3.BoolVal(bool(calls)) == proposes),
        Part("it proposes a block of this height, with its proof", given),
        plainly("it signs what the rule cast", took(scene, *signed)),
    )


def _reproposal(scene: Scene) -> Reproposal:
    block, shown = arbitrary.block("again"), arbitrary.certificate("why", Kind.PREPARE)
    agreement = scene.agreement
    assume(equal(block.header.height, agreement.height))
    assume(proves(shown, Kind.PREPARE, agreement.height, block.digest, agreement.view))
    return Reproposal(block, shown)


def _block_now(scene: Scene) -> Any:
    payload: Any = Payload()
    block = evolve(arbitrary.block("fresh"), payload=payload)
    assume(equal(block.header.height, scene.agreement.height))
    return block


def prove_prepare(attempt: Attempt) -> None:
    """The rule is always called with the verdict on this block, except for a new block whose
    time is too far from the clock: C-VALID-3."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        proposal = optional(lambda: arbitrary.proposal("proposal"))
        result = optional(lambda: applied("result"))
        rules = SimpleNamespace(
            awaits_verdict=scene.noting("awaits_verdict", lambda _agreement: proposal),
            prepare=stepping_rule(scene, "prepare"),
        )
        judge = scene.noting("judge", lambda _run, _block: result)
        now = now_ms()
        bind(stepping._prepare, {"rules": rules, "judge": judge})(scene.run, now)
        return Case(_judged(scene, proposal, result, now))

    attempt.cases(stepping._prepare, run)


def _judged(scene: Scene, proposal: Any, result: Any, now: Any) -> tuple[Part, ...]:
    calls, judged = scene.called("prepare"), scene.called("judge")
    asks = FALSE
    if proposal is not None:
        drift = scene.config.settings.clock_drift_ms
        off = term(proposal.block.header.time_ms) - now.term
        near = z3.And(off <= drift, -off <= drift)
        asks = z3.Or(z3.BoolVal(proposal.justification is not None), near)
    right = True
    if calls:
        right = len(calls) == 1 and calls[0][1] is (result is not None)
        right = right and same_calls(judged, [(scene.run, proposal.block)])
    return (
        Part("it asks the rule exactly then", z3.BoolVal(bool(calls)) == asks),
        plainly("with the verdict on the block", right),
        plainly("it signs what the rule cast", took(scene, *([Sign] if scene.effects else []))),
    )
