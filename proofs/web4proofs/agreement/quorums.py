"""The arithmetic of quorums for every N, which the abstract protocol assumes.

The shipped functions of `web4core.quorum` are executed unchanged on any N >= 1, and the solver is
asked about their results.

Groups of platforms are counted by the regions into which they divide the federation: two quorums
and the Byzantine platforms make eight regions, each with any number of members. The proofs need
nothing else about sets, so linear arithmetic decides them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import z3
from attrs import evolve, frozen

from web4core import quorum as shipped
from web4proofs.smt import ask
from web4proofs.symbolic import SymbolicInt, Unmodelled, assume, term
from web4proofs.symbolic.subject import (
    Subject,
    executed,
    never_reached,
    paths_of,
    replay,
    taken_by,
)
from web4proofs.theorem import Answer, Failure, Outcome, Query

Size: TypeAlias = Callable[[int], int]
"""A number of platforms as a function of N."""

_N: Final = z3.Int("N")


@frozen
class Sizes:
    """The formulas under proof."""

    faulty: Size
    quorum: Size
    with_an_honest_one: Size


SHIPPED: Final = Sizes(shipped.faulty, shipped.quorum, shipped.with_an_honest_one)


@frozen
class Terms:
    """The results of the formulas for any N, as terms in N."""

    sizes: Sizes
    faulty: z3.ArithRef
    quorum: z3.ArithRef
    with_an_honest_one: z3.ArithRef

    @classmethod
    def of(cls, sizes: Sizes) -> Terms:
        """Execute them. Raises `Unmodelled` for anything but plain integer arithmetic."""
        functions = (sizes.faulty, sizes.quorum, sizes.with_an_honest_one)
        return cls(sizes, *(_of_all(function) for function in functions))


def _of_all(size: Size) -> z3.ArithRef:
    """Return a function's result along all its paths; each path is replayed on an input of it."""

    def any_n() -> tuple[Any, ...]:
        assume(_N >= 1)
        return (SymbolicInt(_N),)

    subject = Subject((size,), any_n, size)
    exploration = paths_of(subject)
    cases: list[tuple[z3.BoolRef, z3.ArithRef]] = []
    for path in exploration.paths:
        taken = taken_by(path)
        if taken.raised is not None:
            raise Unmodelled(f"{size.__name__} raises {taken.raised!r}")
        cases.append((z3.And(*path.condition), term(taken.result)))
    for wrong in (*replay(subject, exploration).differences, *never_reached(subject, exploration)):
        raise Unmodelled(wrong)
    _, whole = cases[-1]
    for condition, value in cases[:-1]:
        whole = z3.If(condition, value, whole)
    return whole


@frozen
class Groups:
    """Groups among N platforms, given by the sizes of their regions."""

    names: tuple[str, ...]
    regions: Mapping[frozenset[str], z3.ArithRef]

    @classmethod
    def of(cls, *names: str) -> Groups:
        """Return any groups with these names."""
        subsets = itertools.chain.from_iterable(
            itertools.combinations(names, size) for size in range(len(names) + 1)
        )
        return cls(
            names,
            {frozenset(inside): z3.Int("_".join(("in", *inside))) for inside in subsets},
        )

    def are(self) -> tuple[z3.BoolRef, ...]:
        """Return formulas for these being groups among N >= 1 platforms."""
        sizes = tuple(self.regions.values())
        return (_N >= 1, *(size >= 0 for size in sizes), z3.Sum(sizes) == _N)

    def count(self, *inside: str, outside: Iterable[str] = ()) -> z3.ArithRef:
        """Count the platforms that are in all groups `inside` and in no group `outside`."""
        wanted, barred = frozenset(inside), frozenset(outside)
        return z3.Sum(
            [
                size
                for region, size in self.regions.items()
                if wanted <= region and not barred & region
            ]
        )


@frozen
class Goal:
    """A formula to prove, with conditions of its own."""

    name: str
    goal: z3.BoolRef
    where: tuple[z3.BoolRef, ...] = ()


def two_quorums_share_more_than_f(sizes: Sizes = SHIPPED, least: int = 1) -> Outcome:
    """Any two quorums share more than f platforms, hence an honest one; for N from `least` on."""

    def prove() -> Outcome:
        of = Terms.of(sizes)
        groups = Groups.of("one", "other", "byzantine")
        large = of.quorum
        quorums = (least <= _N, groups.count("one") >= large, groups.count("other") >= large)
        few = groups.count("byzantine") <= of.faulty
        honest = groups.count("one", "other", outside=("byzantine",))
        shared = groups.count("one", "other")
        return _follow(
            of,
            groups,
            (
                Goal("two quorums share more than f", shared > of.faulty, quorums),
                Goal("two quorums share an honest platform", honest >= 1, (*quorums, few)),
                Goal(
                    "where they share none, more than f are not honest",
                    groups.count("byzantine") > of.faulty,
                    (*quorums, honest == 0),
                ),
                Goal("of one platform less they need not", 2 * (large - 1) - _N <= of.faulty),
            ),
        )

    return _executed(sizes, prove)


def a_quorum_needs_no_faulty_one(sizes: Sizes = SHIPPED) -> Outcome:
    """The honest platforms alone are a quorum, and f is as large as it can be below a third."""

    def prove() -> Outcome:
        of = Terms.of(sizes)
        groups = Groups.of("byzantine")
        few = groups.count("byzantine") <= of.faulty
        honest = groups.count(outside=("byzantine",))
        f = of.faulty
        return _follow(
            of,
            groups,
            (
                Goal("the honest platforms are a quorum", honest >= of.quorum, (few,)),
                Goal("f is below a third of N", z3.And(f >= 0, 3 * f < _N)),
                Goal("f + 1 is not", 3 * (f + 1) >= _N),
                Goal("a quorum is of 1 to N", z3.And(of.quorum >= 1, of.quorum <= _N)),
            ),
        )

    return _executed(sizes, prove)


def f_plus_1_have_an_honest_one(sizes: Sizes = SHIPPED) -> Outcome:
    """Of f + 1 platforms one is honest, of f none need be, and of a quorum f + 1 are."""

    def prove() -> Outcome:
        of = Terms.of(sizes)
        groups = Groups.of("some", "byzantine")
        few = groups.count("byzantine") <= of.faulty
        size = groups.count("some")
        honest = groups.count("some", outside=("byzantine",))
        enough = of.with_an_honest_one
        told = _follow(
            of,
            groups,
            (
                Goal("one of f + 1 is honest", honest >= 1, (few, size >= enough)),
                Goal("f + 1 of a quorum are honest", honest >= enough, (few, size >= of.quorum)),
                Goal("it is f + 1", enough == of.faulty + 1),
            ),
        )
        name = "of f none need be honest"
        query, _ = ask(name, (*groups.are(), few, size == enough - 1, honest == 0), Answer.SAT)
        failures = () if query.holds else (Failure(name, "fewer would do"),)
        return Outcome((*told.queries, query), failures=(*told.failures, *failures))

    return _executed(sizes, prove)


def _follow(of: Terms, groups: Groups, goals: tuple[Goal, ...]) -> Outcome:
    """Ask for each goal whether its conditions are possible, and whether it follows from them."""
    queries: list[Query] = []
    failures: list[Failure] = []
    for goal in goals:
        given = (*groups.are(), *goal.where)
        possible, _ = ask(f"{goal.name}: possible", given, Answer.SAT)
        query, _ = ask(goal.name, (*given, z3.Not(goal.goal)), Answer.UNSAT)
        queries.extend((possible, query))
        if not possible.holds:
            failures.append(Failure(possible.name, "contradictory premises"))
        if not query.holds:
            failures.append(_smallest(of, groups, goal))
    return Outcome(tuple(queries), failures=tuple(failures))


def _smallest(of: Terms, groups: Groups, goal: Goal) -> Failure:
    """Return the smallest N for which a goal fails, with the sizes of the groups."""
    optimize = z3.Optimize()
    optimize.add(*groups.are(), *goal.where, z3.Not(goal.goal))
    optimize.minimize(_N)
    if optimize.check() != z3.sat:
        return Failure(goal.name, "the solver found no instance")
    model = optimize.model()

    def value(counted: z3.ArithRef) -> int:
        return int(model.eval(counted, model_completion=True).as_long())

    n = value(_N)
    shared = [("the groups share", groups.count(*groups.names[:2]))]
    counted = [*((name, groups.count(name)) for name in groups.names), *shared]
    plain = (of.sizes.faulty(n), of.sizes.quorum(n), of.sizes.with_an_honest_one(n))
    same = plain == (value(of.faulty), value(of.quorum), value(of.with_an_honest_one))
    note = "" if same else "; the plain functions do NOT give these sizes"
    return Failure(
        goal.name,
        f"fails at N = {n}, with f = {plain[0]} and quorums of {plain[1]}{note}",
        (("N", str(n)), *((name, str(value(size))) for name, size in counted)),
        f"from web4core.quorum import faulty, quorum\nprint({n}, faulty({n}), quorum({n}))\n",
    )


def _executed(sizes: Sizes, prove: Callable[[], Outcome]) -> Outcome:
    """Run a proof; report anything but plain integer arithmetic as a failure, not as an error."""
    functions = (sizes.faulty, sizes.quorum, sizes.with_an_honest_one)
    try:
        outcome = prove()
    except Unmodelled as unmodelled:
        return Outcome(failures=(Failure("sizes as terms in N", f"not arithmetic: {unmodelled}"),))
    return evolve(outcome, paths=len(functions), executed=executed(functions))
