"""The validity of blocks, exactly, and the content of a new block.

The application is arbitrary: it may answer anything, and its answer is decisive.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import z3
from attrs import evolve

from web4core.application import Chosen, Refusal
from web4core.replica import blocks
from web4core.replica.state import Verdict
from web4core.types import TransactionId
from web4proofs.replica import arbitrary
from web4proofs.replica.invariant import FALSE, Part
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    Scene,
    applied,
    leaves_alone,
    now_ms,
    plainly,
    same_calls,
    verdict,
)
from web4proofs.symbolic import bind, choose, equal, optional, term


def prove_validity(attempt: Attempt) -> None:
    """A block is valid exactly by C-VALID-1, C-VALID-2 and C-VALID-4, and is checked once."""
    result_of = blocks._result

    def result() -> Case:
        scene = Scene(arbitrary.bare())
        block = arbitrary.block("block")
        outcome = choose((Refusal(TransactionId(b""), "a code"), applied("result")))
        asked: list[tuple[Any, ...]] = []

        def apply(*given: Any) -> Any:
            asked.append(given)
            return outcome

        config = evolve(scene.config, application=SimpleNamespace(apply=apply))
        state = evolve(scene.state, config=config)
        found = result_of(state, block)
        return Case((Part("whether the block follows", _follows(state, block, outcome, found)),))

    def judge() -> Case:
        known = optional(verdict)
        scene = Scene(arbitrary.bare(), verdict=known)
        block, fresh = arbitrary.block("block"), optional(lambda: applied("result"))
        names = {"_result": scene.noting("result", lambda _state, _block: fresh)}
        found = bind(blocks.judge, names)(scene.run, block)
        return Case(_judgement(scene, block, known, fresh, found))

    attempt.cases(result_of, result)
    attempt.cases(blocks.judge, judge)


def _follows(state: Any, block: Any, outcome: Any, found: Any) -> z3.BoolRef:
    header, tip = block.header, state.tip
    in_order = z3.And(
        equal(header.chain_id, state.config.chain_id),
        equal(header.height, state.height),
        equal(header.parent, tip.digest),
        term(header.time_ms) > term(tip.header.time_ms),
    )
    valid = FALSE
    if type(outcome) is not Refusal:
        valid = z3.And(in_order, equal(outcome.root, header.state_root))
    if found is None:
        return z3.Not(valid)
    return z3.And(valid, z3.BoolVal(found is outcome))


def _judgement(scene: Scene, block: Any, known: Any, fresh: Any, found: Any) -> tuple[Part, ...]:
    remembered = FALSE if known is None else equal(known.digest, block.digest)
    asked = scene.called("result")
    if not asked:
        goal = z3.And(remembered, z3.BoolVal(found is known.applied))
        return (Part("what it remembers is of this block", goal), leaves_alone(scene, ()))
    memo = scene.now.verdict
    goal = z3.And(z3.Not(remembered), z3.BoolVal(found is fresh))
    return (
        Part("it judges the block that it does not remember", goal),
        plainly(
            "by its state, and remembers that",
            same_calls(asked, [(scene.state, block)]),
            type(memo) is Verdict and memo.digest is block.digest and memo.applied is fresh,
        ),
        leaves_alone(scene, ()),
    )


def prove_fresh_block(attempt: Attempt) -> None:
    """A new block names this chain, this height and the tip, and is later than the tip."""

    def run() -> Case:
        stale = choose(((), (b"stale",)))
        chosen: Chosen[Any, Any] = Chosen((), applied("chosen"), stale)
        application = SimpleNamespace(choose=lambda *_given: chosen)
        scene = Scene(arbitrary.bare(), application=application)
        names = {
            "payload_root": scene.noting("root", lambda _items: arbitrary.digest("root")),
            "seal": scene.noting("seal", _sealed),
            "recheck": scene.noting("recheck"),
        }
        clock = now_ms()
        block = bind(blocks.fresh_block, names, (blocks.next_time,))(scene.run, clock)
        header, tip = block.header, scene.state.tip
        own, parent = term(clock), term(tip.header.time_ms)
        time = z3.If(own > parent, own, parent + 1)
        goal = z3.And(
            equal(header.chain_id, scene.config.chain_id),
            equal(header.height, scene.agreement.height),
            equal(header.parent, tip.digest),
            term(header.time_ms) == time,
        )
        memo: Any = scene.now.verdict
        remembered = type(memo) is Verdict and memo.digest is block.digest
        remembered = remembered and memo.applied is chosen.applied
        dropped = [(scene.run, stale, (), clock)] if stale else []
        parts = (
            Part("its root is that of its result", equal(header.state_root, chosen.applied.root)),
            plainly("what is stale is dropped", same_calls(scene.called("recheck"), dropped)),
            Part("C-VALID-1 and C-VALID-2, as far as consensus sees", goal),
            plainly("its result is remembered", remembered),
            leaves_alone(scene, ()),
        )
        return Case(parts)

    attempt.cases(blocks.fresh_block, run, (blocks.next_time,))


def _sealed(header: Any, payload: Any) -> Any:
    return evolve(arbitrary.block("sealed"), header=header, payload=payload)
