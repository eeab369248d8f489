"""The reading for a solver: formulas of `logic` as formulas of Z3.

The meaning of a relation is a parameter, a function from elements to a truth value. It may be an
uninterpreted relation, as in the proof for any number of platforms; its value after an action
(`Reader.after`); or an expression over the local state of a replica.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import z3

from web4proofs.agreement.logic import (
    And,
    Defined,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Implies,
    Not,
    Or,
    Relation,
    Sort,
    Variable,
)
from web4proofs.agreement.model import SORTS, Action

Meaning: TypeAlias = Callable[[Relation, tuple[z3.ExprRef, ...]], z3.BoolRef]
"""Returns whether a relation holds of these elements."""

Bound: TypeAlias = Mapping[Variable, z3.ExprRef]
"""The values of the free variables of a formula."""


class Reader:
    """Translates formulas, with one solver sort for each of their sorts.

    It owns the names of bound variables: no two quantifiers share one, so that no variable is
    captured when one formula is translated inside another.
    """

    def __init__(self, sorts: Mapping[Sort, z3.SortRef] | None = None) -> None:
        self.sorts = sorts or {sort: z3.DeclareSort(sort.name) for sort in SORTS}
        self._numbers = itertools.count()

    def formula(self, formula: Formula, meaning: Meaning, bound: Bound) -> z3.BoolRef:
        """Return the solver's formula, given the meaning of relations and free variables."""
        match formula:
            case Holds(relation, of):
                return meaning(relation, tuple(bound[variable] for variable in of))
            case Defined(definition, of):
                inside = dict(zip(definition.variables, (bound[each] for each in of), strict=True))
                return self.formula(definition.body, meaning, inside)
            case Equal(one, other):
                return bound[one] == bound[other]
            case Not(part):
                return z3.Not(self.formula(part, meaning, bound))
            case And(parts):
                return z3.And([self.formula(part, meaning, bound) for part in parts])
            case Or(parts):
                return z3.Or([self.formula(part, meaning, bound) for part in parts])
            case Implies(premise, conclusion):
                return z3.Implies(
                    self.formula(premise, meaning, bound), self.formula(conclusion, meaning, bound)
                )
            case ForAll(variables, body):
                names = self.named(variables)
                return z3.ForAll(
                    list(names.values()), self.formula(body, meaning, {**bound, **names})
                )
            case Exists(variables, body):
                names = self.named(variables)
                return z3.Exists(
                    list(names.values()), self.formula(body, meaning, {**bound, **names})
                )

    def named(self, variables: Iterable[Variable]) -> dict[Variable, z3.ExprRef]:
        """Return a new element for each of these variables."""
        return {
            variable: z3.Const(f"{variable.name}.{next(self._numbers)}", self.sorts[variable.sort])
            for variable in variables
        }

    def symbols(self, relations: Iterable[Relation]) -> Meaning:
        """Return the meaning that constrains none of these relations."""
        declared = {
            relation: z3.Function(
                relation.name, *(self.sorts[sort] for sort in relation.sorts), z3.BoolSort()
            )
            for relation in relations
        }
        return lambda relation, of: declared[relation](*of)

    def after(self, meaning: Meaning, action: Action, bound: Bound) -> Meaning:
        """Return the meaning of the relations after this action with these parameters."""
        updates = {update.relation: update for update in action.updates}

        def then(relation: Relation, of: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
            update = updates.get(relation)
            if update is None:
                return meaning(relation, of)
            inside = {**bound, **dict(zip(update.variables, of, strict=True))}
            return self.formula(update.formula, meaning, inside)

        return then
