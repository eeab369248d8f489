"""Real steps as actions of the protocol, for explorations and audits.

It has the relation of each kind of statement, the actions that cast a statement, and the sizes of
certificates. These sizes follow from their purpose, and are not those of the code under check.
Nothing here asks a solver.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from web4core.messages import Kind
from web4proofs.agreement import finite, model
from web4proofs.agreement.finite import Element, Step, World
from web4proofs.agreement.logic import Relation
from web4proofs.agreement.protocol import Action, Premise

RELATION_OF: Final[Mapping[Kind, Relation]] = {
    Kind.PRE_PREPARE: model.proposed,
    Kind.PREPARE: model.prepared,
    Kind.COMMIT: model.committed,
    Kind.VIEW_CHANGE: model.announced,
}
"""The relation that holds of a statement once it was cast, by kind."""


def most_faulty(n: int) -> int:
    """Return the largest number of Byzantine platforms among n: less than a third."""
    return max(f for f in range(n) if 3 * f < n)


def fewest(n: int) -> int:
    """Return the size of a quorum by its purpose: two quorums share more than f platforms."""
    return next(size for size in range(1, n + 1) if 2 * size - n > most_faulty(n))


def step_of(action: Action, *values: Element) -> Step:
    """Return an action with these values for its parameters, in order."""
    return Step(action, dict(zip(action.parameters, values, strict=True)))


def casting(
    kind: Kind, me: Element, height: Element, view: Element, digest: Element, world: World
) -> Iterator[Step]:
    """Yield the actions that cast a statement, with all choices that the statement leaves open."""
    here = (me, height, view, digest)
    quorums, views = world.elements[model.QUORUM], world.elements[model.VIEW]
    match kind:
        case Kind.PRE_PREPARE:
            yield step_of(model.PROPOSE, *here)
        case Kind.PREPARE:
            yield step_of(model.PREPARE, *here)
            for shown, quorum in itertools.product(views, quorums):
                yield step_of(model.PREPARE_JUSTIFIED, *here, shown, quorum)
        case Kind.COMMIT:
            yield from (step_of(model.LOCK_AND_COMMIT, *here, quorum) for quorum in quorums)
        case Kind.VIEW_CHANGE:
            for current in views:
                yield step_of(model.ENTER, me, height, current, view, digest)
        case Kind.STATUS:
            yield step_of(model.RESTART, me, height)


def closest(steps: Iterable[Step], world: World) -> tuple[Step, tuple[Premise, ...]]:
    """Return the first permitted step, else the one that lacks the fewest premises.

    The premises that it lacks are returned with it.
    """
    best: tuple[Step, tuple[Premise, ...]] | None = None
    for step in steps:
        lacking = finite.refused(step, world)
        if not lacking:
            return step, ()
        if best is None or len(lacking) < len(best[1]):
            best = (step, lacking)
    if best is None:
        raise ValueError("there is no step to choose from")
    return best
