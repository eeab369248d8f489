"""The end of a height: on a commit certificate that counts, for a kept and valid block.

The step is the protocol's `decide`, and the next height begins with J.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import z3

from web4core.consensus import state as consensus
from web4core.consensus.state import Agreement
from web4core.effects import Decide, Halt
from web4core.messages import Decided, Kind
from web4core.replica import blocks, catchup
from web4core.replica.state import Sync
from web4proofs.replica import arbitrary
from web4proofs.replica.abstraction import Decision
from web4proofs.replica.invariant import (
    FALSE,
    TRUE,
    Part,
    invariant,
    proves,
    same,
)
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.refinement import Step, refines
from web4proofs.replica.scene import (
    SAFE_FIELDS,
    Scene,
    applied,
    now_ms,
    plainly,
    same_calls,
    stepping,
)
from web4proofs.replica.searching import maybe_certified
from web4proofs.symbolic import assume, bind, choose, equal, optional


def prove_decide(attempt: Attempt) -> None:
    """It advances on the result of `decision`, and requests the block if that is missing."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        certificate = maybe_certified(scene.agreement)
        block = optional(lambda: arbitrary.block("held"))
        made = None if certificate is None or block is None else (block, certificate)
        rules = SimpleNamespace(
            certified=scene.noting("certified", lambda _agreement: certificate),
            decision=scene.noting("decision", lambda _agreement: made),
        )
        names = {
            "rules": rules,
            "advance": scene.noting("advance"),
            "record_peer_height": scene.noting("ahead"),
            "signers": scene.noting("signers", lambda _certificate: arbitrary.opaque("signers")),
        }
        clock = now_ms()
        bind(stepping._decide, names)(scene.run, clock)
        advanced = [] if made is None else [(scene.run, *made, clock)]
        missing = certificate is not None and made is None
        part = plainly(
            "it advances if and only if block and certificate are there",
            same_calls(scene.called("advance"), advanced),
            len(scene.called("ahead")) == int(missing),
            same_calls(scene.called("certified"), [(scene.agreement,)]),
            scene.untouched(*SAFE_FIELDS),
            not scene.effects,
        )
        next_height = [
            equal(given[1], scene.agreement.height + 1) for given in scene.called("ahead")
        ]
        return Case((part, Part("C-DEC-3: its signers are one ahead", z3.And(next_height))))

    attempt.cases(stepping._decide, run)


def prove_on_decided(attempt: Attempt) -> None:
    """A decided block is taken if it is of this height: then its certificate is for it."""

    def run() -> Case:
        scene = Scene(arbitrary.bare())
        block = arbitrary.block("block")
        certificate = arbitrary.certificate("certificate", Kind.COMMIT)
        height = block.header.height
        assume(proves(certificate, Kind.COMMIT, height, block.digest))
        names = {
            "advance": scene.noting("advance"),
            "record_peer_height": scene.noting("ahead"),
            "signers": scene.noting("signers"),
        }
        bind(catchup.on_decided, names)(scene.run, Decided(block, certificate), now_ms())
        advances = scene.called("advance")
        here = equal(height, scene.agreement.height)
        ready = FALSE
        if advances:
            _, given, shown, _ = advances[0]
            ready = _may_advance(scene.agreement, given, shown)
        parts = (
            Part("taken exactly at its height", z3.BoolVal(bool(advances)) == here),
            Part("with its certificate", ready if advances else TRUE),
            plainly("nothing else", scene.untouched(*SAFE_FIELDS), not scene.effects),
        )
        return Case(parts)

    attempt.cases(catchup.on_decided, run)


def _may_advance(agreement: Agreement, block: Any, certificate: Any) -> z3.BoolRef:
    """Return the precondition of `advance`: a block of this height, and a certificate for it."""
    return z3.And(
        equal(block.header.height, agreement.height),
        proves(certificate, Kind.COMMIT, agreement.height, block.digest),
    )


HALTING_HEIGHTS = (1, 2**64 - 1)
"""The heights at which halting is executed."""


def prove_advance(attempt: Attempt) -> None:
    """A certified valid block is decided and the next height begins; for another it halts."""

    def run() -> Case:
        result, empty = optional(lambda: applied("result")), arbitrary.opaque("no slots")
        # the text of a halt has the height, and text cannot be symbolic
        height = choose(HALTING_HEIGHTS) if result is None else None
        sync = None if result is None else optional(lambda: _SYNC)
        scene = Scene(arbitrary.agreement(plain_height=height), sync=sync)
        block = arbitrary.block("block")
        certificate = arbitrary.certificate("certificate", Kind.COMMIT)
        assume(_may_advance(scene.agreement, block, certificate))
        names = {
            "judge": scene.noting("judge", lambda _run, _block: result),
            "recheck": scene.noting("recheck"),
            "no_slots": scene.noting("no_slots", lambda _n: empty),
        }
        bind(blocks.advance, names, (consensus.begin,))(scene.run, block, certificate, now_ms())
        if result is None:
            part = plainly(
                "it halts, and decides nothing",
                scene.untouched(*(name for name in SAFE_FIELDS if name != "halted")),
                [type(effect) for effect in scene.effects] == [Halt],
                type(scene.now.halted) is Halt,
            )
            return Case((part,))
        return _advanced(scene, Decided(block, certificate), result, empty)

    attempt.cases(blocks.advance, run, (consensus.begin,))


def _advanced(scene: Scene, of: Decided, result: Any, empty: Any) -> Case:
    block, certificate = of.block, of.certificate
    before, after, now = scene.agreement, scene.now.agreement, scene.now
    begun = Agreement(before.n, before.me, before.height + 1, scene.upcoming)
    step = Step(before, after, shown=certificate, decided=Decision(certificate.view, block.digest))
    question = refines(step)
    parts = (
        plainly(
            "it decides this block on this certificate, and nothing else",
            _decides(scene, block, certificate),
            now.tip is block,
            now.tip_certificate is certificate,
            now.app is result.state,
            now.verdict is None,
            now.halted is None,
            same_calls(scene.called("judge"), [(scene.run, block)]),
        ),
        Part("the next height begins in view 0, unlocked", same(after, begun)),
        Part("I-TIP-1", equal(now.tip.header.height, after.height - 1)),
        _goes_on(scene, block, result, empty),
        *invariant(after),
        *question.parts,
    )
    return Case(parts, given=question.hypotheses)


_SYNC = Sync((9,), asked=8, tries=7, turn=1)
"""The state of a platform that catches up, for the first decided block that it gets."""


def _goes_on(scene: Scene, block: Any, result: Any, empty: Any) -> Part:
    """Require that slots, open requests (C-SYNC-4) and the pool begin anew."""
    ((_, touched, included, _),) = scene.called("recheck")
    return plainly(
        "what comes after the height begins anew",
        scene.now.upcoming is empty,
        same_calls(scene.called("no_slots"), [(scene.agreement.n,)]),
        scene.now.sync
        == (None if scene.state.sync is None else Sync((9,), asked=8, tries=0, turn=1)),
        touched is result.touched and included is block.payload,
    )


def _decides(scene: Scene, block: Any, certificate: Any) -> bool:
    match scene.effects:
        case [Decide(block=decided, certificate=shown)]:
            return decided is block and shown is certificate
    return False
