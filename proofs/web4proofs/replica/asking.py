"""The rules that only return an answer, each with its exact contract.

Those that loop over slots are in `searching`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import z3

from web4core import quorum
from web4core.consensus import rules, state
from web4core.consensus.state import Agreement
from web4core.messages import Certificate, Kind, Proposal
from web4proofs.replica import arbitrary, rows
from web4proofs.replica.counting import truth
from web4proofs.replica.cutting import check_stateless
from web4proofs.replica.invariant import FALSE, TRUE, Part
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import same_one
from web4proofs.replica.terms import proposer, proposer_of, quorum_of
from web4proofs.symbolic import (
    SymbolicBool,
    SymbolicInt,
    bind,
    choose,
    equal,
    integer,
    optional,
    term,
)

# --- the right answers -------------------------------------------------------------------------


def turn_has_come(agreement: Agreement) -> z3.BoolRef:
    """Return whether a platform may propose, by C-NEW-1, C-NEW-2 and C-PROP-2."""
    row: Any = agreement.slots.view_changes
    n, gathered = term(agreement.n), row.into(agreement.view)
    waited = z3.And(gathered >= quorum_of(n), term(agreement.gathered))
    return z3.And(
        proposer_of(agreement.height, agreement.view) == term(agreement.me),
        z3.BoolVal(agreement.said.proposal is None),
        z3.Or(term(agreement.view) == 0, gathered == n, waited),
    )


def proposal_of_view(agreement: Agreement) -> Proposal | None:
    """Return the kept proposal for the current view by its proposer, by C-PREP-2 and C-LOCK-2.

    It looks at the state and so may fork, as the code does.
    """
    place = proposer(agreement.height, agreement.view, agreement.n)
    found: Proposal | None = agreement.slots.proposals[place]
    if found is None or found.statement.view != agreement.view:
        return None
    return found


def lock_allows(lock: Any, digest: Any, shown: Certificate | None) -> z3.BoolRef:
    """Return C-PREP-3: unlocked, locked on this digest, or shown a certificate for it since."""
    if lock is None:
        return TRUE
    same = equal(lock.digest, digest)
    if shown is None:
        return same
    since = z3.And(equal(shown.digest, digest), term(shown.view) >= term(lock.view))
    return z3.Or(same, since)


# --- summaries ---------------------------------------------------------------------------------


def may_propose(agreement: Agreement) -> SymbolicBool:
    """Summarise `rules.may_propose`."""
    return SymbolicBool(turn_has_come(agreement))


def lock_permits(lock: Any, digest: Any, justification: Certificate | None) -> SymbolicBool:
    """Summarise `rules.lock_permits`."""
    return SymbolicBool(lock_allows(lock, digest, justification))


# --- without a loop ----------------------------------------------------------------------------


def prove_may_propose(attempt: Attempt) -> None:
    """A platform may propose exactly in its turn, once, and after it gathered enough."""
    through = (quorum.quorum, quorum.faulty)
    names = {
        "gathered_view_changes": rows.gathered_view_changes,
        "len": rows.length,
        "proposer": proposer,
    }
    bound = bind(rules.may_propose, names, through)

    def run() -> Case:
        agreement = arbitrary.agreement()
        found = truth(bound(agreement))
        part = Part("whether its turn has come", found == turn_has_come(agreement))
        return Case((part,), {"agreement": agreement}, (agreement,), SymbolicBool(found))

    attempt.cases(rules.may_propose, run, through)


def prove_lock_permits(attempt: Attempt) -> None:
    """The answer is exact for every lock, digest and certificate."""

    def run() -> Case:
        lock, digest = optional(lambda: arbitrary.lock("")), arbitrary.digest("digest")
        shown = arbitrary.maybe_certificate("justification", Kind.PREPARE)
        found = truth(rules.lock_permits(lock, digest, shown))
        part = Part("whether the lock allows it", found == lock_allows(lock, digest, shown))
        arguments = (lock, digest, shown)
        names = dict(zip(("lock", "digest", "justification"), arguments, strict=True))
        return Case((part,), names, arguments, SymbolicBool(found))

    attempt.cases(rules.lock_permits, run)


def prove_awaits_verdict(attempt: Attempt) -> None:
    """It is the view's proposal, if the platform has not prepared in it and its lock allows it."""
    bound = bind(
        rules.awaits_verdict,
        {"proposer": proposer, "lock_permits": lock_permits},
        (state.proposal_in_view,),
    )

    def run() -> Case:
        agreement = arbitrary.agreement()
        found = bound(agreement)
        expected = proposal_of_view(agreement)
        awaits = FALSE
        if expected is not None and agreement.said.prepare is None:
            digest, shown = expected.statement.digest, expected.justification
            awaits = lock_allows(agreement.lock, digest, shown)
        given = z3.Not(awaits) if found is None else z3.And(awaits, equal(found, expected))
        part = Part("the proposal to judge, or none", given)
        return Case((part,), {"agreement": agreement}, (agreement,), found)

    attempt.cases(rules.awaits_verdict, run, (state.proposal_in_view,))


def prove_standing(attempt: Attempt) -> None:
    """It is exactly `said`, oldest first; a statement is signed once its slot holds it."""

    def standing() -> Case:
        agreement = arbitrary.agreement()
        said = agreement.said
        each = (said.view_change, said.proposal, said.prepare, said.commit)
        expected = [draft for draft in each if draft is not None]
        found = rules.standing(agreement)
        same = len(found) == len(expected) and all(map(same_one, found, expected))
        part = Part("all that it stands for", z3.BoolVal(same))
        return Case((part,), {"agreement": agreement}, (agreement,), found)

    def signed() -> Case:
        agreement = arbitrary.silent()
        draft = arbitrary.message_in_order(choose(arbitrary.SLOTTED), agreement.height, agreement.n)
        found = state.signed(agreement, draft)
        there = arbitrary.slot_of(agreement.slots, draft)
        same = FALSE if there is None else equal(there.statement, draft.statement)
        given = z3.Not(same) if found is None else z3.And(same, equal(found, there))
        part = Part("what came back of it, or nothing", given)
        shown = {"agreement": agreement, "draft": draft}
        return Case((part,), shown, (agreement, draft), found)

    attempt.cases(rules.standing, standing)
    attempt.cases(state.signed, signed, (state.kept,))


def prove_quorum_in_view(attempt: Attempt) -> None:
    """It is exact whether q platforms are in this view or beyond: C-PACE-2."""
    through = (quorum.quorum, quorum.faulty)
    check_stateless(rules.quorum_in_view)

    def run() -> Case:
        agreement = arbitrary.silent()
        row: Any = agreement.slots.view_changes
        names = {"views_reached": rows.views_reached, "sum": _how_many_views(row)}
        found = truth(bind(rules.quorum_in_view, names, through)(agreement))
        expected = row.reached(agreement.view) >= quorum_of(term(agreement.n))
        part = Part("whether a quorum is in the view", found == expected)
        shown = {"agreement": agreement}
        return Case((part,), shown, (agreement,), SymbolicBool(found), walks=True)

    attempt.cases(rules.quorum_in_view, run, through)


def _how_many_views(row: rows.Row) -> Callable[[Iterator[Any]], SymbolicInt]:
    """Return a `sum` of whether each view is at least the given one."""

    def count(generator: Iterator[Any]) -> SymbolicInt:
        (counted,) = generator
        condition = truth(counted)
        if not z3.is_ge(condition) or not condition.arg(0).eq(rows.EACH_VIEW):
            return integer("another count")
        return SymbolicInt(row.reached(SymbolicInt(condition.arg(1))))

    return count
