"""A local state as a state of the abstract protocol: what its relations mean of this platform.

The relations of `agreement.model` speak of what platforms have cast. Of the platform whose code is
executed they are read off its local state: what it has cast in its view is what it `said`, its lock
is its lock, the views that it has left are those below its own. What it cast earlier, in views that
it left and at heights that it decided, is no longer in its state: `past` remembers it.
Of all other platforms nothing is known.

So a rule takes a step of the protocol if the premises of an action hold of the reading before, and
the reading after is what the action makes of it, for every relation and all elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import z3
from attrs import frozen

from web4core.consensus.state import Agreement
from web4core.messages import Draft
from web4proofs.agreement import model
from web4proofs.agreement.logic import Relation, Sort, Variable
from web4proofs.agreement.symbolic_reading import Meaning, Reader
from web4proofs.replica.invariant import FALSE
from web4proofs.replica.terms import DIGEST
from web4proofs.symbolic import term

VIEW_SORT: Final = z3.DeclareSort("view")
PLATFORM_SORT: Final = z3.DeclareSort("platform")
QUORUM_SORT: Final = z3.DeclareSort("quorum")
HEIGHT_SORT: Final = z3.IntSort()

SORTS: Final[Mapping[Sort, z3.SortRef]] = {
    model.VIEW: VIEW_SORT,
    model.PLATFORM: PLATFORM_SORT,
    model.QUORUM: QUORUM_SORT,
    model.HEIGHT: HEIGHT_SORT,
    model.DIGEST: DIGEST.of_solver,
}

number = z3.Function("number", VIEW_SORT, z3.IntSort())
"""Views are numbered; the code knows their numbers."""

_ME: Final = z3.Const("this platform", PLATFORM_SORT)

Elements: TypeAlias = dict[Variable, z3.ExprRef]
"""What the parameters of an action stand for."""


@frozen
class Decision:
    """What a platform decided in a step: a digest, and the view of its commit certificate."""

    view: Any
    digest: Any


class Abstraction:
    """Reads local states of one platform as states of the abstract protocol."""

    def __init__(self) -> None:
        self.reader = Reader(SORTS)
        self._of_others = self.reader.symbols(model.RELATIONS)
        past = {
            relation: Relation(f"past {relation.name}", relation.sorts, relation.says)
            for relation in model.RELATIONS
        }
        symbols = self.reader.symbols(past.values())
        self._past: Meaning = lambda relation, of: symbols(past[relation], of)

    def first(self, agreement: Agreement) -> Meaning:
        """The reading of a state that has no past."""
        return self._reading(agreement, lambda _relation, _of: FALSE, ())

    def before(self, agreement: Agreement) -> Meaning:
        """The reading of a state before a step; of its past nothing is known."""
        return self._reading(agreement, self._past, ())

    def after(
        self, agreement: Agreement, before: Meaning, decisions: tuple[Decision, ...] = ()
    ) -> Meaning:
        """The reading of the state after a step: what was cast before it is past."""
        return self._reading(agreement, before, decisions)

    def view(self, value: Any, name: str) -> tuple[z3.ExprRef, z3.BoolRef]:
        """A view as an element, and that it has this number."""
        element = z3.Const(name, VIEW_SORT)
        return element, number(element) == term(value)

    def axioms(self) -> tuple[z3.BoolRef, ...]:
        """Views are numbered without repetition from 0, and this platform is honest."""
        v, w = z3.Const("v", VIEW_SORT), z3.Const("w", VIEW_SORT)
        return (
            z3.ForAll([v], number(v) >= 0),
            z3.ForAll([v, w], z3.Implies(number(v) == number(w), v == w)),
            self._of_others(model.honest, (_ME,)),
        )

    def me(self) -> z3.ExprRef:
        """The platform whose code is executed."""
        return _ME

    def _reading(
        self, agreement: Agreement, past: Meaning, decisions: tuple[Decision, ...]
    ) -> Meaning:
        local = _Local(agreement, past, decisions)

        def meaning(relation: Relation, of: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
            if relation is model.up_to:
                return number(of[0]) <= number(of[1])
            elsewhere = self._of_others(relation, of)
            if not relation.changes:
                return elsewhere
            return z3.If(of[0] == _ME, local.holds(relation, of), elsewhere)

        return meaning


@frozen
class _Local:
    """What the changing relations mean of this platform."""

    agreement: Agreement
    past: Meaning
    decisions: tuple[Decision, ...]

    def holds(self, relation: Relation, of: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
        height, view = of[1], number(of[2])
        here, now = term(self.agreement.height), term(self.agreement.view)
        past = self.past(relation, of)
        if relation is model.decided:
            return z3.Or(z3.And(height < here, past), self._decides(of))
        if relation is model.left:
            at_height = view < now
        elif relation is model.locked:
            at_height = self._locked(view, of[3])
        else:
            at_height = z3.If(view == now, self._said(relation, of[3]), z3.And(view < now, past))
        return z3.If(height == here, at_height, z3.And(height < here, past))

    def _said(self, relation: Relation, digest: z3.ExprRef) -> z3.BoolRef:
        draft = self._draft(relation)
        return FALSE if draft is None else term(draft.statement.digest) == digest

    def _draft(self, relation: Relation) -> Draft | None:
        said = self.agreement.said
        drafts: dict[Relation, Draft | None] = {
            model.proposed: said.proposal,
            model.prepared: said.prepare,
            model.committed: said.commit,
            model.announced: said.view_change,
        }
        return drafts[relation]

    def _locked(self, view: z3.ArithRef, digest: z3.ExprRef) -> z3.BoolRef:
        lock = self.agreement.lock
        if lock is None:
            return FALSE
        return z3.And(view <= term(lock.view), term(lock.digest) == digest)

    def _decides(self, of: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
        """Decided in this step, at the height that it ends."""
        ended = of[1] == term(self.agreement.height) - 1
        return z3.Or(
            [
                z3.And(ended, number(of[2]) == term(each.view), of[3] == term(each.digest))
                for each in self.decisions
            ]
        )
