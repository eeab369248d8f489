"""The reading over finitely many elements, in plain Python, without a solver.

It serves to check real steps: those of an exploration, of the journals of running platforms, and of
the counterexamples and runs that a solver finds.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen

from web4core.quorum import quorum
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
from web4proofs.agreement.model import (
    DIGEST,
    HEIGHT,
    PLATFORM,
    QUORUM,
    RELATIONS,
    VIEW,
    Action,
    Claim,
    Premise,
    honest,
    judged_valid,
    member,
    up_to,
)

Element: TypeAlias = Hashable
Point: TypeAlias = tuple[Element, ...]
Values: TypeAlias = Mapping[Variable, Element]
"""The values of variables."""


@frozen
class World:
    """Finitely many elements of each sort, and the facts about them."""

    elements: Mapping[Sort, tuple[Element, ...]]
    facts: Mapping[Relation, frozenset[Point]] = field(repr=False)


@frozen
class Step:
    """An action with the values of its parameters."""

    action: Action
    values: Values

    def __str__(self) -> str:
        shown = ", ".join(f"{each.name} = {value}" for each, value in self.values.items())
        return f"{self.action.name}({shown})"


def holds(formula: Formula, world: World, values: Values) -> bool:
    """Return whether the formula is true in this world."""
    match formula:
        case Holds(relation, of):
            return tuple(values[variable] for variable in of) in world.facts[relation]
        case Defined(definition, of):
            inside = dict(zip(definition.variables, (values[each] for each in of), strict=True))
            return holds(definition.body, world, inside)
        case Equal(one, other):
            return values[one] == values[other]
        case Not(part):
            return not holds(part, world, values)
        case And(parts):
            return all(holds(part, world, values) for part in parts)
        case Or(parts):
            return any(holds(part, world, values) for part in parts)
        case Implies(premise, conclusion):
            return not holds(premise, world, values) or holds(conclusion, world, values)
        case ForAll(variables, body):
            return all(
                holds(body, world, {**values, **named}) for named in choices(variables, world)
            )
        case Exists(variables, body):
            return any(
                holds(body, world, {**values, **named}) for named in choices(variables, world)
            )


def choices(variables: Iterable[Variable], world: World) -> Iterator[dict[Variable, Element]]:
    """Yield every assignment of elements to these variables."""
    names = tuple(variables)
    for point in itertools.product(*(world.elements[variable.sort] for variable in names)):
        yield dict(zip(names, point, strict=True))


def points(relation: Relation, elements: Mapping[Sort, tuple[Element, ...]]) -> Iterator[Point]:
    """Yield every point of which the relation could hold."""
    return itertools.product(*(elements[sort] for sort in relation.sorts))


def refused(step: Step, world: World) -> tuple[Premise, ...]:
    """Return the step's premises that do not hold here; none if the step is permitted."""
    return tuple(
        premise
        for premise in step.action.premises
        if not holds(premise.formula, world, step.values)
    )


def after(step: Step, world: World) -> World:
    """Return the world after the step, whether it was permitted or not."""
    changed = {
        update.relation: frozenset(
            point
            for point in points(update.relation, world.elements)
            if holds(
                update.formula,
                world,
                {**step.values, **dict(zip(update.variables, point, strict=True))},
            )
        )
        for update in step.action.updates
    }
    return evolve(world, facts={**world.facts, **changed})


def steps(actions: Iterable[Action], world: World, platform: Element) -> Iterator[Step]:
    """Yield every permitted step of this platform."""
    for action in actions:
        actor, *others = action.parameters
        for named in choices(others, world):
            step = Step(action, {actor: platform, **named})
            if not refused(step, world):
                yield step


def explained(
    before: World, then: World, actions: Iterable[Action], platform: Element
) -> Step | None:
    """Return a permitted step of this platform from one world to the other; None if none is."""
    return next(
        (step for step in steps(actions, before, platform) if after(step, before) == then), None
    )


def broken(claims: Iterable[Claim], world: World) -> tuple[Claim, ...]:
    """Return the claims that do not hold here."""
    return tuple(claim for claim in claims if not holds(claim.formula, world, {}))


def federation(
    n: int,
    byzantine: frozenset[int],
    *,
    views: int,
    digests: tuple[str, ...],
    heights: tuple[int, ...] = (1,),
    size: int | None = None,
) -> World:
    """Return platforms 0 to n - 1 at the beginning.

    A quorum is any set of exactly `size` platforms, by default the shipped size; a larger set can
    sign nothing that these cannot. Every platform finds every block valid.
    """
    platforms = tuple(range(n))
    groups = tuple(itertools.combinations(platforms, quorum(n) if size is None else size))
    elements: dict[Sort, tuple[Element, ...]] = {
        HEIGHT: heights,
        DIGEST: digests,
        VIEW: tuple(range(views)),
        QUORUM: groups,
        PLATFORM: platforms,
    }
    given: dict[Relation, frozenset[Point]] = {
        honest: frozenset((each,) for each in platforms if each not in byzantine),
        member: frozenset((each, group) for group in groups for each in group),
        up_to: frozenset((w, v) for v in range(views) for w in range(v + 1)),
        judged_valid: frozenset(itertools.product(platforms, heights, digests)),
    }
    nothing: dict[Relation, frozenset[Point]] = {
        relation: frozenset() for relation in RELATIONS if relation.changes
    }
    return World(elements, {**given, **nothing})
