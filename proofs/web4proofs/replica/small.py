"""Models with small numbers and with the real proposers, so that plain code can run on them.

A solver's model may have a federation of billions, whose slots nobody can count. And of `proposer`
the solver knows only the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import z3
from attrs import frozen

from web4proofs import smt

SMALL: Final = 4
"""The bound of numbers in such a model."""


@frozen
class _Within:
    """The bounds for a formula's numbers; it keeps the formula, so that no other gets its `id`."""

    formula: z3.ExprRef
    bounds: tuple[z3.BoolRef, ...]
    sizes: tuple[z3.ArithRef, ...]
    turns: tuple[z3.ExprRef, ...]


class Small:
    """Finds small models. It remembers the parts of formulas, since paths share most of them."""

    def __init__(self) -> None:
        self._within: dict[int, _Within] = {}
        self._bounds: dict[int, tuple[z3.ExprRef, z3.BoolRef]] = {}

    def model(self, formulas: Iterable[z3.BoolRef]) -> z3.ModelRef | None:
        """Return a small model of these formulas, if there is one."""
        given = tuple(formulas)
        found = [self._of(each) for each in given]
        bounds = {each.get_id(): each for one in found for each in one.bounds}
        sizes = {each.get_id(): each for one in found for each in one.sizes}
        turns = {each.get_id(): each for one in found for each in one.turns}
        taken = [
            turn == (turn.arg(0) + turn.arg(1)) % n
            for turn in turns.values()
            for n in sizes.values()
        ]
        _, model = smt.possible("a small model", (*given, *bounds.values(), *taken))
        return model

    def _of(self, formula: z3.BoolRef) -> _Within:
        known = self._within.get(formula.get_id())
        if known is not None:
            return known
        bounds: list[z3.BoolRef] = []
        sizes: list[z3.ArithRef] = []
        turns: list[z3.ExprRef] = []
        for term in _terms(formula):
            name = term.decl().name()
            if name == "proposer":
                turns.append(term)
            elif z3.is_int(term) and z3.is_const(term) and not z3.is_int_value(term):
                bounds.append(self._bound(term))
                if name.startswith("n!"):
                    sizes.append(term)
        made = _Within(formula, tuple(bounds), tuple(sizes), tuple(turns))
        return self._within.setdefault(formula.get_id(), made)

    def _bound(self, number: z3.ArithRef) -> z3.BoolRef:
        if number.get_id() not in self._bounds:
            bound = z3.And(number >= 0, number <= SMALL)
            self._bounds[number.get_id()] = (number, bound)
        return self._bounds[number.get_id()][1]


def _terms(formula: z3.ExprRef) -> Iterator[z3.ExprRef]:
    """Yield all terms without bound variables in a formula, each once."""
    waiting, seen = [formula], set()
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen or z3.is_quantifier(term):
            continue
        seen.add(term.get_id())
        yield term
        waiting.extend(term.children())
