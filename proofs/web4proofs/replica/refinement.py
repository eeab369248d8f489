"""The refinement: the one table from steps of the code to steps of the abstract protocol.

For each rule the table has the actions of `agreement.model` that its step may be, their parameters
in terms of the step, and what others have shown: certificates and counted votes.
Nothing else is written by hand: premises and effects are those of the model itself, which
`abstraction` interprets over the local state.
"""

from __future__ import annotations

from typing import Any, Final

import z3
from attrs import frozen

from web4core.consensus.state import Agreement
from web4core.messages import Certificate, Draft, Kind
from web4proofs.agreement import model
from web4proofs.agreement.logic import Definition
from web4proofs.agreement.model import Action
from web4proofs.agreement.symbolic_reading import Meaning
from web4proofs.replica.abstraction import QUORUM_SORT, Abstraction, Decision, Elements
from web4proofs.replica.invariant import Part, proves
from web4proofs.symbolic import term

FROM: Final = z3.Const("view v", z3.DeclareSort("view"))
TO: Final = z3.Const("view w", z3.DeclareSort("view"))
SHOWN: Final = z3.Const("view r", z3.DeclareSort("view"))
QUORUM: Final = z3.Const("quorum q", QUORUM_SORT)


@frozen
class Step:
    """The step of a rule: the state before and after, and what it cast or decided.

    `shown` is the certificate that it acted on; `voters` says that a quorum of votes was counted;
    `judged` is the digest of the block that the application found valid.
    """

    before: Agreement
    after: Agreement
    draft: Draft | None = None
    shown: Certificate | None = None
    voters: z3.BoolRef | None = None
    judged: Any = None
    decided: Decision | None = None


@frozen
class Candidate:
    """An action that a step may be, with the values of its parameters."""

    action: Action
    elements: Elements


def candidates(step: Step) -> tuple[Candidate, ...]:
    """Return the actions that a step may be, by what was cast: this is the table."""
    if step.decided is not None:
        return (_candidate("decide", step, step.decided.digest),)
    if step.draft is None:
        return (_candidate("restart", step, None),)
    statement = step.draft.statement
    names = _ACTIONS[statement.kind]
    return tuple(_candidate(name, step, statement.digest) for name in names)


_ACTIONS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PRE_PREPARE: ("propose",),
    Kind.PREPARE: ("prepare", "prepare_justified"),
    Kind.COMMIT: ("lock_and_commit",),
    Kind.VIEW_CHANGE: ("enter",),
}


def _candidate(name: str, step: Step, digest: Any) -> Candidate:
    elements: Elements = {
        model.p: _ME,
        model.h: term(step.before.height),
        model.v: FROM,
        model.w: TO,
        model.r: SHOWN,
        model.q: QUORUM,
    }
    if digest is not None:
        elements[model.d] = term(digest)
    return Candidate(model.AGREED.action(name), elements)


_ME: Final = Abstraction().me()


@frozen
class Question:
    """The goals to prove of a step, and the hypotheses."""

    hypotheses: tuple[z3.BoolRef, ...]
    parts: tuple[Part, ...]


def refines(step: Step) -> Question:
    """Return the question whether the protocol permits a step, with the same effects.

    It assumes the numbering of views, and that the statements of honest platforms which others show
    were cast by them (assumption 2): an honest platform signs only what it has cast.
    """
    abstraction = Abstraction()
    before = abstraction.before(step.before)
    decisions = () if step.decided is None else (step.decided,)
    after = abstraction.after(step.after, before, decisions)
    choices = candidates(step)
    hypotheses = (
        *abstraction.axioms(),
        *_numbers(abstraction, step),
        *_authentic(abstraction, step, before),
        *_judgement(before, step),
    )
    permitted = z3.Or([_premises(abstraction, each, before) for each in choices])
    names = " or ".join(each.action.name for each in choices)
    return Question(
        hypotheses,
        (
            Part(f"the protocol permits {names}", permitted),
            *_effects(abstraction, choices[0], before, after),
        ),
    )


def _numbers(abstraction: Abstraction, step: Step) -> tuple[z3.BoolRef, ...]:
    view = step.before.view if step.decided is None else step.decided.view
    named = [
        abstraction.view(view, FROM.decl().name())[1],
        abstraction.view(step.after.view, TO.decl().name())[1],
    ]
    if step.shown is not None:
        named.append(abstraction.view(step.shown.view, SHOWN.decl().name())[1])
    return tuple(named)


def _authentic(abstraction: Abstraction, step: Step, before: Meaning) -> tuple[z3.BoolRef, ...]:
    """Return what a certificate or counted votes prove of the honest ones among their signers."""
    height = term(step.before.height)

    def behind(what: Definition, view: z3.ExprRef, digest: Any) -> z3.BoolRef:
        bound = dict(zip(what.variables, (QUORUM, height, view, term(digest)), strict=True))
        return abstraction.reader.formula(what.body, before, bound)

    found = []
    if step.shown is not None:
        for kind, what in _SHOWS:
            view = FROM if step.decided is not None else SHOWN
            proved = proves(step.shown, kind, step.before.height, step.shown.digest)
            found.append(z3.Implies(proved, behind(what, view, step.shown.digest)))
    if step.voters is not None and step.draft is not None:
        prepared = behind(model.prepared_certificate, FROM, step.draft.statement.digest)
        found.append(z3.Implies(step.voters, prepared))
    return tuple(found)


_SHOWS: Final = (
    (Kind.PREPARE, model.prepared_certificate),
    (Kind.COMMIT, model.commit_certificate),
)


def _judgement(before: Meaning, step: Step) -> tuple[z3.BoolRef, ...]:
    if step.judged is None:
        return ()
    of = (_ME, term(step.before.height), term(step.judged))
    return (before(model.judged_valid, of),)


def _premises(abstraction: Abstraction, of: Candidate, before: Meaning) -> z3.BoolRef:
    return z3.And(
        [
            abstraction.reader.formula(premise.formula, before, of.elements)
            for premise in of.action.premises
        ]
    )


def _effects(
    abstraction: Abstraction, of: Candidate, before: Meaning, after: Meaning
) -> tuple[Part, ...]:
    """Return that each relation is after the step the action's result, for all elements."""
    expected = abstraction.reader.after(before, of.action, of.elements)
    parts = []
    for relation in model.RELATIONS:
        if relation.changes:
            names = [f"any {place} {sort.name}" for place, sort in enumerate(relation.sorts)]
            sorts = [abstraction.reader.sorts[sort] for sort in relation.sorts]
            some = tuple(map(z3.Const, names, sorts))
            same = after(relation, some) == expected(relation, some)
            parts.append(Part(f"{of.action.name} does to {relation.name} what was done", same))
    return tuple(parts)
