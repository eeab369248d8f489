"""How a platform starts: with J, and with nothing cast, as the abstract protocol starts."""

from __future__ import annotations

import z3

from web4core import quorum
from web4core.consensus import state
from web4core.consensus.state import Agreement, Said, Slots
from web4proofs.agreement import model
from web4proofs.replica import arbitrary
from web4proofs.replica.abstraction import Abstraction
from web4proofs.replica.invariant import Part, invariant, same
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import plainly
from web4proofs.symbolic import SymbolicInt, assume, choose, term

SIZES = (1, 2, 3, 4, 5, 6, 7, 10, 13, 128)
"""The federations for which plain numbers are executed: the smallest, and the largest allowed."""


def prove_start(attempt: Attempt) -> None:
    """A new height has J if its slots are in order, and nothing is cast in it."""

    def begun() -> Case:
        n, me, height = map(arbitrary.number, ("n", "me", "height"))
        assume(z3.And(me.term >= 0, me.term < n.term, height.term >= 1))
        slots = arbitrary.slots("", height, n)
        found = state.begin(n, me, height, slots)
        expected = Agreement(n, me, height, slots, 0, Said(), None, False)
        blank = Part("in view 0, unlocked, with nothing said", same(found, expected))
        given = Abstraction().axioms()
        return Case((blank, *invariant(found), *_uncast(found)), given=given)

    def empty() -> Case:
        n = choose(SIZES)
        found, none = state.no_slots(n), (None,) * n
        return Case((plainly("no slot holds anything", found == Slots(none, none, none, none)),))

    attempt.cases(state.begin, begun)
    attempt.cases(state.no_slots, empty)


def _uncast(agreement: Agreement) -> tuple[Part, ...]:
    """That no relation that changes holds of this platform at first, of any elements."""
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
    """C-QUORUM-4: the proposer is platform (h + v) mod N, so each has its turn."""

    def run() -> Case:
        n = choose(SIZES)
        height, view = arbitrary.natural("height"), arbitrary.natural("view")
        found = quorum.proposer(height, view, n)
        index, sum_ = term(found), height.term + view.term
        turns = SymbolicInt(sum_ / n)
        goal = z3.And(index >= 0, index < n, sum_ == turns.term * n + index)
        return Case((Part("(h + v) mod N", goal),), {"height": height, "view": view})

    attempt.cases(quorum.proposer, run)
