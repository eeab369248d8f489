"""The abstract protocol says the same in every reading: to a solver, in plain Python, as text."""

from __future__ import annotations

import functools
import random

import pytest
import z3
from attrs import evolve

from web4proofs.agreement import finite, text
from web4proofs.agreement.logic import (
    Equal,
    Formula,
    Implies,
    Not,
    Relation,
    Sort,
    both,
    either,
    every,
    some,
)
from web4proofs.agreement.model import (
    ACTIONS,
    AGREED,
    AGREEMENT,
    DEFINITIONS,
    DIGEST,
    JUDGED_FIRST,
    PLATFORM,
    PREPARE,
    RELATIONS,
    SORTS,
    UNAMBIGUOUS,
    VIEW,
    below,
    d,
    h,
    left,
    locked,
    p,
    prepared,
    q,
    r,
    up_to,
    v,
    w,
)
from web4proofs.agreement.symbolic_reading import Reader

ALWAYS = (
    *AGREED.axioms,
    *AGREED.invariant,
    *JUDGED_FIRST.invariant,
    *UNAMBIGUOUS.invariant,
    AGREEMENT,
)


def small() -> finite.World:
    """Four platforms, the last one Byzantine, at the beginning."""
    return finite.federation(4, frozenset({3}), views=2, digests=("A", "B"))


@pytest.mark.clause("I-AGREE-1", "I-SIGN-1")
@pytest.mark.parametrize("seed", range(3))
def test_permitted_steps_keep_the_invariants_in_plain_python(seed: int) -> None:
    dice = random.Random(seed)
    world = small()
    taken: set[str] = set()
    for _ in range(25):
        platform = dice.randrange(3)
        options = [
            step
            for step in finite.steps(ACTIONS, world, platform)
            if finite.after(step, world) != world
        ]
        if not options:
            continue
        step = dice.choice(options)
        taken.add(step.action.name)
        world = finite.after(step, world)
        assert finite.broken(ALWAYS, world) == ()
    assert len(taken) >= 3


def test_a_step_is_explained_by_the_action_that_was_taken() -> None:
    before = small()
    step = finite.Step(PREPARE, {p: 0, h: 1, v: 0, d: "A"})
    assert finite.refused(step, before) == ()
    found = finite.explained(before, finite.after(step, before), ACTIONS, 0)
    assert found == step
    assert finite.explained(before, finite.after(step, before), ACTIONS, 1) is None


def test_a_second_vote_is_refused_by_the_premise_that_forbids_it() -> None:
    first = finite.Step(PREPARE, {p: 0, h: 1, v: 0, d: "A"})
    second = finite.Step(PREPARE, {p: 0, h: 1, v: 0, d: "B"})
    voted = finite.after(first, small())
    assert [premise.name for premise in finite.refused(second, voted)] == ["not_prepared"]
    assert finite.explained(voted, finite.after(second, voted), ACTIONS, 0) is None


def test_a_step_that_changes_nothing_is_a_restart() -> None:
    found = finite.explained(small(), small(), ACTIONS, 0)
    assert found is not None
    assert found.action.name == "restart"


def test_a_new_lock_replaces_the_old_one() -> None:
    (update,) = (
        each for each in AGREED.action("lock_and_commit").updates if each.relation is locked
    )
    old = frozenset({(0, 1, 0, "A"), (1, 1, 0, "A")})
    world = evolve(small(), facts={**small().facts, locked: old})
    step = finite.Step(
        evolve(AGREED.action("lock_and_commit"), updates=(update,)),
        {p: 0, h: 1, v: 1, d: "B", q: (0, 1, 3)},
    )
    then = finite.after(step, world).facts[locked]
    assert then == {(0, 1, 0, "B"), (0, 1, 1, "B"), (1, 1, 0, "A")}


@pytest.mark.parametrize("seed", range(4))
def test_the_solver_and_plain_python_judge_a_world_alike(seed: int) -> None:
    """Random worlds, most of which break something: each claim has one truth value in both."""
    dice = random.Random(seed)
    world = small()
    facts = {
        relation: frozenset(
            point for point in finite.points(relation, world.elements) if dice.random() < 0.3
        )
        for relation in RELATIONS
    }
    world = evolve(world, facts={**facts, up_to: world.facts[up_to]})
    verdicts = []
    for claim in ALWAYS:
        plain = finite.holds(claim.formula, world, {})
        assert by_solver(claim.formula, world) is plain
        verdicts.append(plain)
    assert set(verdicts) == {True, False}


@functools.cache
def enumerated(name: str, size: int) -> tuple[z3.SortRef, list[z3.ExprRef]]:
    """A sort of the solver with exactly so many elements."""
    sort, elements = z3.EnumSort(
        f"{name} of {size}", [f"{name} {number} of {size}" for number in range(size)]
    )
    return sort, elements


def by_solver(formula: Formula, world: finite.World) -> bool:
    """The truth of a closed formula over sorts of exactly these elements."""
    sorts: dict[Sort, z3.SortRef] = {}
    names: dict[tuple[Sort, finite.Element], z3.ExprRef] = {}
    for sort in SORTS:
        elements = world.elements[sort]
        sorts[sort], known = enumerated(sort.name, len(elements))
        names.update(((sort, each), name) for each, name in zip(elements, known, strict=True))

    def is_point(relation: Relation, of: tuple[z3.ExprRef, ...], point: finite.Point) -> z3.BoolRef:
        pairs = zip(of, relation.sorts, point, strict=True)
        return z3.And([one == names[sort, each] for one, sort, each in pairs])

    def meaning(relation: Relation, of: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
        return z3.Or([is_point(relation, of, point) for point in world.facts[relation]])

    solver = z3.Solver()
    solver.add(Reader(sorts).formula(formula, meaning, {}))
    answer = solver.check()
    assert answer in (z3.sat, z3.unsat)
    return bool(answer == z3.sat)


def test_bound_variables_are_not_captured() -> None:
    """ "For all p some other p" is read with two names, in the solver and in plain Python."""
    honest_one = some(p, holds=AGREED.actions[0].premises[0].formula)
    nested = every(p, holds=both(honest_one, Not(Equal(p, p))))
    world = small()
    assert finite.holds(nested, world, {}) is False
    assert by_solver(nested, world) is False
    assert by_solver(honest_one, world) is True


def test_a_formula_is_shown_with_just_the_parentheses_it_needs() -> None:
    formula = every(
        *(p, h, v),
        holds=Implies(
            either(both(left(p, h, v), below(w, v)), Not(Equal(v, w))),
            some(d, holds=prepared(p, h, v, d)),
        ),
    )
    assert text.show(formula) == (
        "for all p, h, v: (left(p, h, v) and below(w, v)) or v != w"
        " -> (for some d: prepared(p, h, v, d))"
    )
    assert text.show(both()) == "true"
    assert text.show(either()) == "false"
    assert text.show(Not(either(Equal(v, w), Equal(v, r)))) == "not (v = w or v = r)"


def test_the_text_of_the_protocol_names_all_that_is_in_it() -> None:
    lines = "\n".join(text.protocol_lines(AGREED))
    objects = [each.name for each in (*RELATIONS, *DEFINITIONS)]
    claims = [each.name for each in (*AGREED.axioms, *AGREED.invariant)]
    for name in objects + claims:
        assert f" {name}" in lines
    for action in ACTIONS:
        assert f"action {action.name}(" in lines
        for premise in action.premises:
            assert f"    requires {premise.name}: " in lines
    assert "follows agreement: " in lines
    assert (
        "    left(p', h', v') := left(p', h', v') or (p' = p and h' = h and below(v', w))" in lines
    )


def test_a_relation_is_said_of_its_sorts_only() -> None:
    with pytest.raises(TypeError, match=r"left is said of \(platform, height, view\)"):
        left(p, v, h)
    with pytest.raises(TypeError, match="below is said of"):
        below(p, v)


def test_a_federation_starts_with_quorums_of_the_shipped_size() -> None:
    world = small()
    assert world.elements[PLATFORM] == (0, 1, 2, 3)
    assert world.elements[VIEW] == (0, 1)
    assert world.elements[DIGEST] == ("A", "B")
    for group in world.elements[q.sort]:
        assert isinstance(group, tuple)
        assert len(group) == 3
    assert finite.broken(AGREED.axioms, world) == ()
    two_of_four = finite.federation(4, frozenset({3}), views=2, digests=("A",), size=2)
    assert [claim.name for claim in finite.broken(AGREED.axioms, two_of_four)] == ["quorums_meet"]
