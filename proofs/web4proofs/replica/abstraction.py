"""The abstraction: a platform's local state as a state of the abstract protocol.

The relations of `agreement.model` speak of what platforms have cast. For the platform whose code is
executed, its local state gives them: `said` has its statements of its view, its lock is its lock,
and it has left the views below its own. Its earlier statements, of views that it left and heights
that it decided, are no longer in its state: `past` stands for them.
Nothing is known of the other platforms.

So a rule takes a step of the protocol if two conditions hold:

1. the premises of an action hold in the state before, and
2. the state after is the result of that action, for every relation and all elements.
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
"""The number of a view; the code only knows views by their numbers."""

_ME: Final = z3.Const("this platform", PLATFORM_SORT)

Elements: TypeAlias = dict[Variable, z3.ExprRef]
"""The values of an action's parameters."""


@frozen
class Decision:
    """A decision of a step: a digest, and the view of its commit certificate."""

    view: Any
    digest: Any


class Abstraction:
    """Maps local states of one platform to states of the abstract protocol."""

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
        """Return the meaning of a state without a past."""
        return self._reading(agreement, lambda _relation, _of: FALSE, ())

    def before(self, agreement: Agreement) -> Meaning:
        """Return the meaning of a state before a step, with any past."""
        return self._reading(agreement, self._past, ())

    def after(
        self, agreement: Agreement, before: Meaning, decisions: tuple[Decision, ...] = ()
    ) -> Meaning:
        """Return the meaning of the state after a step; earlier statements are in its past."""
        return self._reading(agreement, before, decisions)

    def view(self, value: Any, name: str) -> tuple[z3.ExprRef, z3.BoolRef]:
        """Return a view as an element, and the formula that it has this number."""
        element = z3.Const(name, VIEW_SORT)
        return element, number(element) == term(value)

    def axioms(self) -> tuple[z3.BoolRef, ...]:
        """Return that views are numbered from 0 without repetition, and this platform is honest."""
        v, w = z3.Const("v", VIEW_SORT), z3.Const("w", VIEW_SORT)
        return (
            z3.ForAll([v], number(v) >= 0),
            z3.ForAll([v, w], z3.Implies(number(v) == number(w), v == w)),
            self._of_others(model.honest, (_ME,)),
        )

    def me(self) -> z3.ExprRef:
        """Return the platform whose code is executed."""
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
    """The meaning of the changing relations for this platform."""

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
        """Return whether it decided this in this step, at the height that the step ends."""
        ended = of[1] == term(self.agreement.height) - 1
        return z3.Or(
            [
                z3.And(ended, number(of[2]) == term(each.view), of[3] == term(each.digest))
                for each in self.decisions
            ]
        )
