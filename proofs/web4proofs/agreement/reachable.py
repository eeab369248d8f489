"""Runs of the protocol among few platforms, found by a solver.

A proof that nothing bad happens would also hold of a protocol in which nothing happens. So the same
actions are unrolled, step after step, over a handful of elements, and the solver searches a run
that reaches a given goal.
Plain Python replays the run before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import z3
from attrs import frozen

from web4proofs.agreement import finite
from web4proofs.agreement.finite import Element, Point, Step, Values, World
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
)
from web4proofs.agreement.model import Action, honest
from web4proofs.smt import ask
from web4proofs.theorem import Answer, Query

Truth: TypeAlias = z3.BoolRef | bool
"""A truth value: a plain one as long as it is known, else a formula without quantifiers."""

Facts: TypeAlias = Mapping[tuple[Relation, Point], Truth]
"""The truth of the changing relations after some steps."""


@frozen
class Run:
    """A run: its first world, and its steps."""

    start: World
    steps: tuple[Step, ...]

    def worlds(self) -> Iterator[World]:
        """Yield the worlds of the run, the first included."""
        world = self.start
        yield world
        for step in self.steps:
            world = finite.after(step, world)
            yield world

    @property
    def end(self) -> World:
        """The last world."""
        *_, last = self.worlds()
        return last

    def flaws(self) -> tuple[str, ...]:
        """Return the premises that a step does not meet when plain Python replays the run."""
        return tuple(
            f"{step}: {premise.name}"
            for step, world in zip(self.steps, self.worlds(), strict=False)
            for premise in finite.refused(step, world)
        )


def find(
    name: str,
    start: World,
    may: Callable[[Element], Sequence[Action]],
    goal: Formula,
    length: int,
    seed: int = 0,
) -> tuple[Query, Run | None]:
    """Find a run of at most `length` steps after which the goal holds.

    `may` returns the actions that a platform may take which is honest in this world.
    """
    taken = [
        step
        for (platform,) in sorted(start.facts[honest], key=str)
        for action in may(platform)
        for step in _instances(action, start, platform)
    ]
    before, then = _unknown(start, "before"), _unknown(start, "then")
    options = [z3.Bool(f"option {index}") for index in range(len(taken))]
    transition = z3.And(*_transition(start, taken, options, before, then))
    formulas: list[z3.BoolRef] = []
    choices: list[list[z3.BoolRef]] = []
    reached: Facts = _known(start)
    for number in range(length):
        following = _unknown(start, f"after {number}")
        chosen = [z3.Bool(f"step {number} is {index}") for index in range(len(taken))]
        pairs = (
            *((before[key], _formula(reached[key])) for key in before),
            *((then[key], following[key]) for key in then),
            *zip(options, chosen, strict=True),
        )
        formulas.extend((z3.AtMost(*chosen, 1), z3.substitute(transition, *pairs)))
        choices.append(chosen)
        reached = following
    formulas.append(_formula(_expand(goal, start, reached, {})))
    query, model = ask(name, formulas, Answer.SAT, seed=seed)
    if model is None:
        return query, None
    steps = tuple(
        step
        for chosen in choices
        for step, choice in zip(taken, chosen, strict=True)
        if z3.is_true(model[choice])
    )
    return query, Run(start, steps)


def _instances(action: Action, start: World, platform: Element) -> Iterator[Step]:
    """Yield the steps that this platform might take, given the relations that never change."""
    actor, *others = action.parameters
    nothing_known = _unknown(start, "at any time")
    for named in finite.choices(others, start):
        values = {actor: platform, **named}
        if all(
            _expand(premise.formula, start, nothing_known, values) is not False
            for premise in action.premises
        ):
            yield Step(action, values)


def _known(world: World) -> dict[tuple[Relation, Point], Truth]:
    return {
        (relation, point): point in found
        for relation, found in world.facts.items()
        if relation.changes
        for point in finite.points(relation, world.elements)
    }


def _unknown(world: World, when: str) -> dict[tuple[Relation, Point], z3.BoolRef]:
    return {
        (relation, point): z3.Bool(f"{relation.name}{point} {when}")
        for relation, point in _known(world)
    }


def _transition(
    start: World,
    taken: Sequence[Step],
    chosen: Sequence[z3.BoolRef],
    facts: Facts,
    then: Mapping[tuple[Relation, Point], z3.BoolRef],
) -> Iterator[z3.BoolRef]:
    """Yield that a chosen step is permitted and has its effect, and that all else stays."""
    movers: dict[tuple[Relation, Point], list[z3.BoolRef]] = {key: [] for key in facts}
    for step, choice in zip(taken, chosen, strict=True):
        for premise in step.action.premises:
            met = _expand(premise.formula, start, facts, step.values)
            yield z3.Implies(choice, _formula(met))
        for update in step.action.updates:
            for point in finite.points(update.relation, start.elements):
                key = (update.relation, point)
                inside = {**step.values, **dict(zip(update.variables, point, strict=True))}
                becomes = _expand(update.formula, start, facts, inside)
                if becomes is not facts[key]:  # without a change it is the same term
                    movers[key].append(choice)
                    yield z3.Implies(choice, then[key] == _formula(becomes))
    for key, moving in movers.items():
        yield z3.Or(*moving, then[key] == _formula(facts[key]))


def _expand(formula: Formula, world: World, facts: Facts, values: Values) -> Truth:
    """Return the formula with quantifiers expanded over these elements and known parts decided."""
    match formula:
        case Holds(relation, of):
            point = tuple(values[variable] for variable in of)
            return facts[relation, point] if relation.changes else point in world.facts[relation]
        case Defined(definition, of):
            inside = dict(zip(definition.variables, (values[each] for each in of), strict=True))
            return _expand(definition.body, world, facts, inside)
        case Equal(one, other):
            return values[one] == values[other]
        case Not(part):
            return _negated(_expand(part, world, facts, values))
        case And(parts):
            return _all(_expand(part, world, facts, values) for part in parts)
        case Or(parts):
            return _any(_expand(part, world, facts, values) for part in parts)
        case Implies(premise, conclusion):
            return _any(_expand(part, world, facts, values) for part in (Not(premise), conclusion))
        case ForAll(variables, body):
            return _all(
                _expand(body, world, facts, {**values, **named})
                for named in finite.choices(variables, world)
            )
        case Exists(variables, body):
            return _any(
                _expand(body, world, facts, {**values, **named})
                for named in finite.choices(variables, world)
            )


def _negated(truth: Truth) -> Truth:
    return not truth if isinstance(truth, bool) else z3.Not(truth)


def _all(truths: Iterable[Truth]) -> Truth:
    open_ones: list[z3.BoolRef] = []
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            open_ones.append(truth)
    if len(open_ones) == 1:
        return open_ones[0]
    return z3.And(open_ones) if open_ones else True


def _any(truths: Iterable[Truth]) -> Truth:
    open_ones: list[z3.BoolRef] = []
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            open_ones.append(truth)
    if len(open_ones) == 1:
        return open_ones[0]
    return z3.Or(open_ones) if open_ones else False


def _formula(truth: Truth) -> z3.BoolRef:
    return z3.BoolVal(truth) if isinstance(truth, bool) else truth
