"""The start of a platform: with J and with nothing cast, as the abstract protocol starts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import z3

from web4core import chain, quorum
from web4core.chain import MAX_PLATFORMS, Block, Header
from web4core.consensus import state
from web4core.consensus.state import FIRST_VIEW, Agreement, OwnStatements, Slots
from web4proofs.agreement import model
from web4proofs.replica import arbitrary
from web4proofs.replica.abstraction import Abstraction
from web4proofs.replica.invariant import Part, invariant, same
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import Scene, now_ms, plainly, same_calls, stepping
from web4proofs.symbolic import SymbolicInt, assume, bind, choose, equal, term

SIZES = tuple(range(1, MAX_PLATFORMS + 1))
"""Every number of platforms that a genesis allows (H-GENESIS-1)."""

SIZES_SAID = f"every N that a genesis allows (1 to {MAX_PLATFORMS})"


def prove_start(attempt: Attempt) -> None:
    """A new height has J if its slots are in order, and nothing is cast in it."""

    def begun() -> Case:
        n, me, height = map(arbitrary.number, ("n", "me", "height"))
        assume(z3.And(me.term >= 0, me.term < n.term, height.term >= 1))
        slots = arbitrary.slots("", height, n)
        found = state.begin(n, me, height, slots)
        expected = Agreement(n, me, height, slots, FIRST_VIEW, OwnStatements(), None, False)
        blank = Part("in view 0, unlocked, with nothing said", same(found, expected))
        given = Abstraction().axioms()
        parts = (blank, *invariant(found), *_uncast(found))
        arguments = (n, me, height, slots)
        return Case(parts, {"agreement": found}, arguments, found, given)

    def empty() -> Case:
        n = choose(SIZES)
        found, none = state.no_slots(n), (None,) * n
        part = plainly("no slot holds anything", found == Slots(none, none, none, none))
        return Case((part,), {"n": n}, (n,), found)

    attempt.cases(state.begin, begun)
    attempt.cases(state.no_slots, empty)
    attempt.cases(stepping.start, _started, (chain.genesis_block, state.begin))


def _started() -> Case:
    """Return the state with only the genesis: height 1, on block 0, with J."""
    scene = Scene(arbitrary.bare())
    n, me = scene.config.n, scene.config.me
    first, pool, empty = map(arbitrary.opaque, ("first state", "empty pool", "no slots"))
    root = arbitrary.digest("root")
    genesis: Any = SimpleNamespace(content=arbitrary.opaque("content"), time_ms=now_ms())
    app = SimpleNamespace(
        initial=scene.noting("initial", lambda _content: first),
        root=scene.noting("root", lambda _state: root),
        empty_pool=lambda: pool,
    )
    platform, settings = arbitrary.opaque("platform"), arbitrary.opaque("settings")
    identity, items = arbitrary.digest("identity"), arbitrary.digest("root of no items")
    names = {
        "configure": scene.noting("configure", lambda *_given: scene.config),
        "no_slots": scene.noting("no_slots", lambda _n: empty),
        "chain_id": scene.noting("chain_id", lambda _genesis: identity),
        "payload_root": scene.noting("payload_root", lambda _items: items),
        "seal": lambda header, payload: Block(header, payload, arbitrary.digest("block 0")),
    }
    bound = bind(stepping.start, names, (chain.genesis_block, state.begin))
    found = bound(genesis, platform, settings, scene.noting("application", lambda _of: app))
    now = found.state
    begun = Agreement(n, me, 1, empty, FIRST_VIEW, OwnStatements(), None, False)
    header = Header(identity, 0, identity, genesis.time_ms, items, root)
    asked: list[tuple[str, list[tuple[Any, ...]]]] = [
        ("application", [(genesis,)]),
        ("configure", [(genesis, platform, settings, app)]),
        ("initial", [(genesis.content,)]),
        ("root", [(first,)]),
        ("chain_id", [(genesis,)]),
        ("payload_root", [((),)]),
    ]
    return Case(
        (
            Part("height 1, in view 0, with nothing said", same(now.agreement, begun)),
            Part("on block 0, which is of the genesis", equal(now.tip.header, header)),
            Part("I-TIP-1", equal(now.tip.header.height, now.agreement.height - 1)),
            plainly(
                "and everything else as the genesis says",
                now.config is scene.config and now.app is first and now.pool is pool,
                now.upcoming is empty and now.tip.payload == (),
                (now.tip_certificate, now.verdict, now.sync, now.halted) == (None,) * 4,
                now.armed == () and found.effects == (),
                all(same_calls(scene.called(name), calls) for name, calls in asked),
                all(given[0] is n for given in scene.called("no_slots")),
            ),
        )
    )


def _uncast(agreement: Agreement) -> tuple[Part, ...]:
    """Return that no changing relation holds of this platform at first, for all elements."""
    abstraction = Abstraction()
    first = abstraction.first(agreement)
    parts = []
    for relation in model.RELATIONS:
        if relation.changes:
            sorts = [abstraction.reader.sorts[sort] for sort in relation.sorts]
            names = [f"any {place} {sort}" for place, sort in enumerate(sorts)]
            others = tuple(map(z3.Const, names[1:], sorts[1:]))
            held = first(relation, (abstraction.me(), *others))
            parts.append(Part(f"nothing is {relation.name}", z3.Not(held)))
    return tuple(parts)


def prove_turns(attempt: Attempt) -> None:
    """The proposer is platform (h + v) mod N, so each platform has its turn: C-QUORUM-4."""

    def run() -> Case:
        n = choose(SIZES)
        height, view = arbitrary.natural("height"), arbitrary.natural("view")
        found = quorum.proposer(height, view, n)
        index, sum_ = term(found), height.term + view.term
        turns = SymbolicInt(sum_ / n)
        goal = z3.And(index >= 0, index < n, sum_ == turns.term * n + index)
        shown = {"height": height, "view": view, "n": n}
        return Case((Part("(h + v) mod N", goal),), shown, (height, view, n), found)

    attempt.cases(quorum.proposer, run)
