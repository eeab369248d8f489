"""A platform's irrevocable actions at one height, as relations of the abstract protocol.

A `Standing` gives the relations of `agreement.model` for one platform. `cast` and `decide` take a
step of the protocol from it, by the same formulas that are proved. Finitely many elements suffice
to evaluate them:

- views: those that the standing or the step mentions, since a platform has left all lower views;
- quorums: the largest groups that were shown to sign a certificate, filled up if they are too
  small; if any quorum satisfies the formulas, these do;
- honest platforms: all of them, so each signature of a certificate must have been shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from web4core.consensus.rules import standing as drafts_of
from web4core.messages import Certificate, Kind, Statement, prepared_reference
from web4core.replica import State
from web4core.types import Digest, View
from web4proofs.agreement import finite, model
from web4proofs.agreement.finite import Step, World
from web4proofs.agreement.logic import Relation, Sort
from web4proofs.agreement.protocol import Premise
from web4proofs.agreement.taken import RELATION_OF, casting, closest, fewest, step_of

Voters: TypeAlias = Mapping[int, Iterable[int]]
"""By view, the platforms that were shown to have voted for a digest."""

Elements: TypeAlias = tuple[finite.Element, ...]

NOBODY: Final[Voters] = {}


@frozen
class Standing:
    """A platform's view and lock at a height, and all statements that it has cast there."""

    n: int
    me: int
    height: int
    view: int = 0
    lock: tuple[View, Digest] | None = None
    """View and digest."""
    cast: tuple[Statement, ...] = ()

    @classmethod
    def of(cls, state: State, cast: tuple[Statement, ...] = ()) -> Standing:
        """Return the standing of a platform with this state that has also cast these statements."""
        agreement, lock = state.agreement, state.agreement.lock
        drafts = (draft.statement for draft in drafts_of(agreement))
        return cls(
            agreement.n,
            agreement.me,
            agreement.height,
            agreement.view,
            None if lock is None else (lock.view, lock.digest),
            tuple(dict.fromkeys((*cast, *drafts))),
        )

    @property
    def said(self) -> frozenset[Statement]:
        """The statements that it has cast in its view."""
        return frozenset(each for each in self.cast if each.view == self.view)

    @property
    def reference(self) -> Digest:
        """The digest that a VIEW-CHANGE with its lock names (C-STMT-3)."""
        if self.lock is None:
            return prepared_reference(None)
        return prepared_reference(Certificate(Kind.PREPARE, self.height, *self.lock, ()))


Taken: TypeAlias = tuple[Standing, tuple[Premise, ...]]
"""The standing after a step, and the premises that the step lacked."""


def cast(standing: Standing, statement: Statement, prepared: Voters, valid: bool) -> Taken:
    """Cast a statement; `prepared` are the platforms shown to have voted PREPARE for its digest."""
    backing: Voters = NOBODY
    if statement.kind is Kind.PREPARE:
        backing = {view: voters for view, voters in prepared.items() if voters}
    elif statement.kind is Kind.COMMIT:
        backing = {statement.view: prepared.get(statement.view, ())}
    world = _world(standing, statement, Kind.PREPARE, backing, valid)
    here = (standing.me, statement.height, statement.view, statement.digest)
    step, lacking = closest(casting(statement.kind, *here, world), world)
    return _after(standing, statement, step, world), lacking


def decide(standing: Standing, certificate: Certificate, committed: Voters) -> tuple[Premise, ...]:
    """Return the premises that a decision on this certificate lacks.

    `committed` are the platforms that were shown to have voted COMMIT for its digest.
    """
    signers = {signer for signer, _ in certificate.signatures}
    shown = signers.intersection(committed.get(certificate.view, ()))
    named = Statement(
        Kind.COMMIT, certificate.height, certificate.view, certificate.digest, standing.me
    )
    world = _world(standing, named, Kind.COMMIT, {certificate.view: shown}, True)
    (quorum,) = world.elements[model.QUORUM]
    here = (standing.me, named.height, named.view, named.digest)
    return finite.refused(step_of(model.DECIDE, *here, quorum), world)


# --- as a world of finitely many elements ---


def _world(standing: Standing, at: Statement, kind: Kind, backing: Voters, valid: bool) -> World:
    """Return a world of this platform's standing and the others' votes of one kind."""
    me, height = standing.me, standing.height
    votes = {view: set(voters) for view, voters in backing.items()}
    for each in standing.cast:
        if each.kind is kind and each.digest == at.digest and each.view in votes:
            votes[each.view].add(me)
    elements = _elements(standing, at, votes)
    facts = _facts(standing, elements)
    facts[model.judged_valid] = {(me, height, at.digest)} if valid else set()
    for view, voters in votes.items():
        facts[RELATION_OF[kind]].update((voter, height, view, at.digest) for voter in voters)
    return World(elements, {relation: frozenset(points) for relation, points in facts.items()})


def _elements(standing: Standing, at: Statement, votes: Voters) -> Mapping[Sort, Elements]:
    """Return the elements that the standing, the statement or the votes mention."""
    known = (at, *standing.cast)
    views = {0, standing.view, *votes, *(each.view for each in known)}
    digests = [each.digest for each in known]
    if standing.lock is not None:
        views.add(standing.lock[0])
        digests.append(standing.lock[1])
    groups = dict.fromkeys(_group(voters, standing.n) for voters in votes.values())
    members = {standing.me, *(each for group in groups for each in group)}
    return {
        model.HEIGHT: (standing.height,),
        model.DIGEST: tuple(dict.fromkeys(digests)),
        model.VIEW: tuple(sorted(views)),
        model.QUORUM: tuple(groups),
        model.PLATFORM: tuple(sorted(members)),
    }


def _facts(
    standing: Standing, elements: Mapping[Sort, Elements]
) -> dict[Relation, set[tuple[Any, ...]]]:
    """Return the facts about this platform, and those that hold of all from the beginning."""
    me, height = standing.me, standing.height
    views: tuple[Any, ...] = elements[model.VIEW]
    groups: tuple[Any, ...] = elements[model.QUORUM]
    facts: dict[Relation, set[tuple[Any, ...]]] = {each: set() for each in model.RELATIONS}
    facts[model.honest] = {(each,) for each in elements[model.PLATFORM]}
    facts[model.member] = {(each, group) for group in groups for each in group}
    facts[model.up_to] = {(low, high) for high in views for low in views if low <= high}
    facts[model.left] = {(me, height, view) for view in views if view < standing.view}
    if standing.lock is not None:
        held, digest = standing.lock
        facts[model.locked] = {(me, height, view, digest) for view in views if view <= held}
    for each in standing.cast:
        facts[RELATION_OF[each.kind]].add((me, height, each.view, each.digest))
    return facts


def _group(voters: Iterable[int], n: int) -> tuple[int, ...]:
    """Return these voters as a quorum, with further platforms if they are too few."""
    have = set(voters)
    rest = (each for each in range(n) if each not in have)
    while len(have) < fewest(n):
        have.add(next(rest))
    return tuple(sorted(have))


def _after(standing: Standing, statement: Statement, step: Step, world: World) -> Standing:
    """Return the standing after the step, whether the step was permitted or not."""
    alone = evolve(world, elements={**world.elements, model.PLATFORM: (standing.me,)})
    facts: Mapping[Relation, frozenset[tuple[Any, ...]]] = finite.after(step, alone).facts
    left = {view for _, _, view in facts[model.left]}
    views: tuple[Any, ...] = world.elements[model.VIEW]
    return evolve(
        standing,
        view=min(view for view in views if view not in left),
        lock=max(((view, digest) for _, _, view, digest in facts[model.locked]), default=None),
        cast=tuple(dict.fromkeys((*standing.cast, statement))),
    )
