"""The smallest counterexample that a solver can find, as a value of the finite reading.

A solver's first model of a failure may have dozens of platforms. For people it is reduced to as few
elements of each sort as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import z3

from web4proofs.agreement.finite import Element, Point, Step, World, points
from web4proofs.agreement.logic import Relation, Sort, Variable
from web4proofs.agreement.model import (
    DIGEST,
    HEIGHT,
    PLATFORM,
    QUORUM,
    SORTS,
    VIEW,
    Action,
    Protocol,
    honest,
    up_to,
)
from web4proofs.agreement.symbolic_reading import Meaning, Reader
from web4proofs.smt import solver

MOST_ELEMENTS = 6
"""The limit of elements of one sort in a counterexample that is shown."""

_Names: TypeAlias = Mapping[Sort, Mapping[z3.ExprRef, str]]


def smallest(
    protocol: Protocol,
    formulas: Iterable[z3.BoolRef],
    action: Action | None,
    parameters: Mapping[Variable, z3.ExprRef],
) -> tuple[World, Step | None] | None:
    """Return a world in which the formulas hold, smallest sort by sort, and the step taken in it.

    Returns None if the world would need more than `MOST_ELEMENTS` elements of a sort.
    """
    known = list(formulas)
    reader = Reader()
    model = None
    for sort in SORTS:
        model = _shrink(known, reader.sorts[sort])
        if model is None:
            return None
    return None if model is None else _read(protocol, reader, model, action, parameters)


def _shrink(known: list[z3.BoolRef], sort: z3.SortRef) -> z3.ModelRef | None:
    """Bound the sort to as few elements as possible, add this to `known`, and return a model.

    Returns None above `MOST_ELEMENTS`. Each size is a new query: reusing the solver would cost more
    than it saves here.
    """
    any_one = z3.Const("any one", sort)
    for size in range(1, MOST_ELEMENTS + 1):
        few = [z3.Const(f"{sort.name()} {number}", sort) for number in range(size)]
        bounded = z3.ForAll([any_one], z3.Or([any_one == one for one in few]))
        asked = solver()
        asked.add(*known, bounded)
        if asked.check() == z3.sat:
            known.append(bounded)
            return asked.model()
    return None


def _read(
    protocol: Protocol,
    reader: Reader,
    model: z3.ModelRef,
    action: Action | None,
    parameters: Mapping[Variable, z3.ExprRef],
) -> tuple[World, Step | None]:
    meaning = reader.symbols(protocol.relations)
    universe = {sort: tuple(model.get_universe(reader.sorts[sort])) for sort in SORTS}
    true_of = {
        relation: [of for of in points(relation, universe) if _true(model, meaning, relation, of)]
        for relation in protocol.relations
    }
    names = _named(universe, true_of)
    facts = {
        relation: frozenset(_point(relation, of, names) for of in found)
        for relation, found in true_of.items()
    }
    elements: dict[Sort, tuple[Element, ...]] = {
        sort: tuple(sorted(names[sort].values())) for sort in SORTS
    }
    values = {
        variable: names[variable.sort][model.eval(constant, model_completion=True)]
        for variable, constant in parameters.items()
    }
    return World(elements, facts), None if action is None else Step(action, values)


def _true(model: z3.ModelRef, meaning: Meaning, relation: Relation, of: Sequence[Element]) -> bool:
    said = meaning(relation, tuple(of))
    return bool(z3.is_true(model.eval(said, model_completion=True)))


def _point(relation: Relation, of: Sequence[Element], names: _Names) -> Point:
    return tuple(names[sort][each] for sort, each in zip(relation.sorts, of, strict=True))


def _named(
    universe: Mapping[Sort, tuple[z3.ExprRef, ...]],
    true_of: Mapping[Relation, Sequence[Sequence[Element]]],
) -> _Names:
    """Return readable names: views in their order, Byzantine platforms with another letter."""
    uppers = [upper for _, upper in true_of[up_to]]
    views = sorted(universe[VIEW], key=uppers.count)
    good = {of[0] for of in true_of[honest]}
    platforms = sorted(universe[PLATFORM], key=lambda one: one not in good)
    return {
        HEIGHT: {one: f"h{at}" for at, one in enumerate(universe[HEIGHT])},
        DIGEST: {one: "ABCDEF"[at] for at, one in enumerate(universe[DIGEST])},
        VIEW: {one: f"v{at}" for at, one in enumerate(views)},
        QUORUM: {one: f"q{at}" for at, one in enumerate(universe[QUORUM])},
        PLATFORM: {
            one: f"{'p' if one in good else 'byzantine'}{at}" for at, one in enumerate(platforms)
        },
    }


def shown(world: World) -> tuple[tuple[str, str], ...]:
    """Return a world as pairs of name and text: the elements of each sort, then the facts."""
    sizes = tuple((sort.name, _row(world.elements[sort])) for sort in SORTS)
    facts = tuple(
        (relation.name, " ".join(f"({_row(point)})" for point in sorted(found, key=str)))
        for relation, found in world.facts.items()
        if found
    )
    return (*sizes, *facts)


def _row(elements: Iterable[Element]) -> str:
    return ", ".join(str(element) for element in elements)
