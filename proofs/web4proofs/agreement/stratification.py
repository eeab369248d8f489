"""The check that a question lies in a fragment that the solver decides.

Formulas of relations and quantifiers are decidable if elements cannot require ever new ones.
"For all x of this sort there is a y of that sort" makes elements of the second sort depend on
those of the first, and so does a function. If these dependences form no circle, finitely many
elements suffice (effectively propositional logic, with several sorts).
Outside this fragment a proof and a failure both end in `unknown`, so a question outside is refused.
"""

from __future__ import annotations

from typing import TypeAlias

import z3

Dependences: TypeAlias = frozenset[tuple[str, str]]
"""Pairs of sorts; elements of the second sort depend on elements of the first."""

_Sources: TypeAlias = frozenset[str]
"""The sorts of the universals that a bound variable depends on; for a universal its own sort."""


def circle(among: Dependences) -> tuple[str, ...]:
    """Return sorts that depend on one another in a circle; empty if none do."""
    edges: dict[str, set[str]] = {}
    for source, target in among:
        edges.setdefault(source, set()).add(target)
    for start in sorted(edges):
        path = _back_to(start, edges)
        if path:
            return path
    return ()


def dependences(formula: z3.BoolRef) -> Dependences:
    """Return the dependences between sorts that the formula makes if it is asserted."""
    found: set[tuple[str, str]] = set()
    _walk(formula, True, (), found)
    return frozenset(found)


def _back_to(start: str, edges: dict[str, set[str]]) -> tuple[str, ...]:
    """Return a path along the edges from a sort to itself; empty if there is none."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while paths:
        path = paths.pop()
        for target in sorted(edges.get(path[-1], ())):
            if target == start:
                return (*path, start)
            if target not in seen:
                seen.add(target)
                paths.append((*path, target))
    return ()


def _walk(
    term: z3.ExprRef, asserted: bool, scope: tuple[_Sources, ...], found: set[tuple[str, str]]
) -> None:
    """Collect the dependences of a term; `asserted` is False under an odd number of negations."""
    if z3.is_quantifier(term):
        _walk_quantifier(term, asserted, scope, found)
    elif z3.is_not(term):
        _walk(term.arg(0), not asserted, scope, found)
    elif z3.is_implies(term):
        _walk(term.arg(0), not asserted, scope, found)
        _walk(term.arg(1), asserted, scope, found)
    elif _both_ways(term):
        for part in term.children():
            _walk(part, True, scope, found)
            _walk(part, False, scope, found)
    elif z3.is_app(term):
        function = term.decl()
        if function.kind() == z3.Z3_OP_UNINTERPRETED and function.range() != z3.BoolSort():
            for place in range(function.arity()):
                found.add((function.domain(place).name(), function.range().name()))
        for part in term.children():
            _walk(part, asserted, scope, found)


def _both_ways(term: z3.ExprRef) -> bool:
    """Return whether parts count as asserted and denied at once, as in equivalence and if."""
    if not z3.is_app(term):
        return False
    kind = term.decl().kind()
    if kind in (z3.Z3_OP_ITE, z3.Z3_OP_XOR):
        return bool(z3.is_bool(term))
    return kind in (z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT) and bool(z3.is_bool(term.arg(0)))


def _walk_quantifier(
    term: z3.QuantifierRef, asserted: bool, scope: tuple[_Sources, ...], found: set[tuple[str, str]]
) -> None:
    """Let an existential depend on exactly the universals around it that it mentions.

    It also depends on those that a mentioned existential depends on.
    Leaving out the others is sound: the existential can be moved out of their scope.
    """
    universal = bool(term.is_forall()) == asserted
    sorts = [term.var_sort(place).name() for place in range(term.num_vars())]
    if universal:
        inner = tuple(frozenset((sort,)) for sort in sorts)
    else:
        mentioned = (scope[-1 - index] for index in _free(term, 0))
        sources = frozenset[str]().union(*mentioned)
        found.update((source, sort) for source in sources for sort in sorts)
        inner = (sources,) * len(sorts)
    _walk(term.body(), asserted, (*scope, *inner), found)


def _free(term: z3.ExprRef, bound: int) -> frozenset[int]:
    """Return the variables bound outside the term, by distance; `bound` are bound inside."""
    if z3.is_var(term):
        index = z3.get_var_index(term)
        return frozenset((index - bound,)) if index >= bound else frozenset()
    if z3.is_quantifier(term):
        return _free(term.body(), bound + term.num_vars())
    return frozenset[int]().union(*(_free(part, bound) for part in term.children()))
