"""The rules that loop over slots, each with its exact contract.

Their loops are cut at the head, see `cutting`: the code before the loop, one turn for an arbitrary
message, and the code after it are executed. The invariant of each loop is stated beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import z3
from attrs import evolve

from web4core import quorum
from web4core.consensus import rules, state
from web4core.consensus.rules import Reproposal
from web4core.consensus.state import Agreement
from web4core.messages import Certificate, Kind, ViewChange
from web4proofs.replica import arbitrary, rows
from web4proofs.replica.cutting import Reached, cut
from web4proofs.replica.invariant import FALSE, Part, kept_in_order, proves
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import same_one
from web4proofs.replica.terms import quorum_of
from web4proofs.symbolic import (
    SymbolicInt,
    assume,
    bind,
    choose,
    equal,
    integer,
    optional,
    term,
)
from web4proofs.symbolic.reach import Excuse


def prove_certified(attempt: Attempt) -> None:
    """It returns a certificate, which counts, if and only if q COMMITs agree: C-DEC-1.

    The loop looks at every kept COMMIT, whatever the others are. If none of them has q supporters,
    no digest has q in any view, since its supporters would be among them.
    """
    through = (quorum.quorum, quorum.faulty)

    def bound(row: Any) -> Any:
        names = {
            "supporters": rows.supporters,
            "certificate_of": rows.certificate_of,
            "len": rows.length,
            "sum": _how_many_messages(row),
        }
        return cut(bind(rules.certified, names, through))

    def before() -> Case:
        agreement = arbitrary.silent()
        row: Any = agreement.slots.commits
        one, other = (row.any_one(),), (arbitrary.opaque("of another kind"),)
        slots = evolve(agreement.slots, commits=one, prepares=other, proposals=other)
        walked = evolve(agreement, slots=evolve(slots, view_changes=other))
        found = bound(row).before(agreement=walked)
        enough = row.messages() >= quorum_of(term(agreement.n))
        if type(found) is not Reached:
            goal = z3.And(z3.Not(enough), z3.BoolVal(found is None))
        else:
            goal = z3.BoolVal(found.iterated is one and found.variables["commits"] is one)
            goal = z3.And(goal, term(found.variables["needed"]) == quorum_of(term(agreement.n)))
        return Case((Part("it stops only where there are fewer than q COMMITs", goal),))

    def turn() -> Case:
        agreement = arbitrary.silent()
        row: Any = agreement.slots.commits
        vote = row.any_one()
        needed = SymbolicInt(quorum_of(term(agreement.n)))
        variables = {"commits": row, "needed": needed}
        found = bound(row).turn(agreement=agreement, element=vote, **variables)
        goal = _certified_by(agreement, row, vote, found, variables)
        return Case((Part("it returns what has q COMMITs, and that counts", goal),))

    def after() -> Case:
        agreement = arbitrary.silent()
        row: Any = agreement.slots.commits
        found = bound(row).after(agreement=agreement, commits=row, needed=agreement.n)
        return Case((Part("none of them has q: nothing is certified", z3.BoolVal(found is None)),))

    for label, run in (("start", before), ("one COMMIT", turn), ("end", after)):
        attempt.cases(rules.certified, run, through, label, cut(rules.certified))


def _certified_by(
    agreement: Agreement, row: Any, vote: Any, found: Any, variables: dict[str, Any]
) -> z3.BoolRef:
    if vote is None:
        return z3.BoolVal(type(found) is Reached and found.variables == variables)
    said = vote.statement
    enough = row.support(said.view, said.digest) >= quorum_of(term(agreement.n))
    if type(found) is Reached:
        return z3.And(z3.Not(enough), z3.BoolVal(_unchanged(found, variables)))
    counts = proves(found, Kind.COMMIT, agreement.height, said.digest)
    return z3.And(enough, counts, equal(found.view, said.view))


def _unchanged(found: Reached, variables: dict[str, Any]) -> bool:
    return all(found.variables[name] is value for name, value in variables.items())


def _how_many_messages(row: rows.Row) -> Callable[[Iterator[Any]], SymbolicInt]:
    """Return a `sum` of whether each place has a message, given one that represents each."""

    def count(generator: Iterator[Any]) -> SymbolicInt:
        (counted,) = generator
        _, one = row.known[-1]
        if counted is not (one is not None):
            return integer("another count")
        return SymbolicInt(row.messages())

    return count


def prove_held_block(attempt: Attempt) -> None:
    """It finds the block of the lock, or of any kept proposal or VIEW-CHANGE: C-SLOT-3.

    A block is found if and only if one of them carries it; it has the digest and the height.
    """
    parts = cut(state.held_block)

    def before() -> Case:
        agreement, digest = arbitrary.silent(), arbitrary.digest("digest")
        slots: Any = agreement.slots
        one, other = slots.proposals.any_one(), slots.view_changes.any_one()
        walked = evolve(agreement, slots=evolve(slots, proposals=(one,), view_changes=(other,)))
        found = parts.before(agreement=walked, digest=digest)
        lock = agreement.lock
        of_lock = FALSE if lock is None else equal(lock.digest, digest)
        if type(found) is not Reached:
            goal = z3.And(of_lock, _is_block(agreement, found, digest))
        else:
            kept = (one, other)
            both = len(found.iterated) == len(kept) and all(map(same_one, found.iterated, kept))
            goal = z3.And(z3.Not(of_lock), z3.BoolVal(both))
        return Case((Part("the lock's block, or all that is kept is looked at", goal),))

    def turn() -> Case:
        agreement, digest = arbitrary.silent(), arbitrary.digest("digest")
        slots: Any = agreement.slots
        message = choose((slots.proposals, slots.view_changes)).any_one()
        found = parts.turn(agreement=agreement, digest=digest, element=message)
        carries = FALSE
        if message is not None and message.block is not None:
            carries = equal(message.block.digest, digest)
        if type(found) is Reached:
            goal = z3.Not(carries)
        else:
            goal = z3.And(carries, _is_block(agreement, found, digest))
        return Case((Part("the block of one that carries it", goal),))

    def after() -> Case:
        agreement, digest = arbitrary.silent(), arbitrary.digest("digest")
        found = parts.after(agreement=agreement, digest=digest)
        return Case((Part("none carries it: none is held", z3.BoolVal(found is None)),))

    for label, run in (("start", before), ("one message", turn), ("end", after)):
        attempt.cases(state.held_block, run, label=label, parts=parts)


def _is_block(agreement: Agreement, found: Any, digest: Any) -> z3.BoolRef:
    if found is None:
        return FALSE
    return z3.And(equal(found.digest, digest), equal(found.header.height, agreement.height))


def prove_decision(attempt: Attempt) -> None:
    """A decision is a certificate that counts, with its block; there is one if both exist."""

    def run() -> Case:
        agreement = arbitrary.silent()
        certificate = maybe_certified(agreement)
        block = optional(lambda: arbitrary.block("held"))
        asked: list[Any] = []

        def held_block(_agreement: Any, digest: Any) -> Any:
            asked.append(digest)
            return block

        names = {"certified": lambda _agreement: certificate, "held_block": held_block}
        found = bind(rules.decision, names)(agreement)
        complete = certificate is not None and block is not None
        goal = FALSE
        if found is None:
            goal = z3.BoolVal(not complete)
        elif complete and certificate is not None:
            same = found[0] is block and found[1] is certificate
            goal = z3.And(z3.BoolVal(same), equal(asked[-1], certificate.digest))
        return Case((Part("block and certificate, or nothing", goal),))

    attempt.cases(rules.decision, run)


def maybe_certified(agreement: Agreement) -> Certificate | None:
    """Return any result that `certified` can have for an agreement."""

    def made() -> Certificate:
        certificate = arbitrary.certificate("certified", Kind.COMMIT)
        assume(proves(certificate, Kind.COMMIT, agreement.height, certificate.digest))
        return certificate

    return optional(made)


def prove_reproposal(attempt: Attempt) -> None:
    """It picks a gathered VIEW-CHANGE with a certificate of the highest view: C-NEW-3.

    The loop keeps the best so far: none if none had a certificate, or else one of them, such that
    none of them has a higher view.
    """
    bound = bind(rules.reproposal, {"gathered_view_changes": rows.gathered_view_changes})
    parts = cut(bound)

    def before() -> Case:
        agreement = arbitrary.silent()
        found = parts.before(agreement=agreement)
        started = type(found) is Reached and type(found.iterated) is rows.Gathered
        goal = started and found.variables == {"best": None}
        of_view = equal(found.iterated.view, agreement.view) if started else FALSE
        return Case((Part("it looks at all of this view", z3.And(z3.BoolVal(goal), of_view)),))

    def turn() -> Case:
        agreement = arbitrary.silent()
        best = optional(lambda: _gathered("best", agreement, shows=True))
        message = _gathered("message", agreement)
        found = parts.turn(agreement=agreement, best=best, element=message)
        return Case((Part("the best so far, the message included", _best(best, message, found)),))

    def after() -> Case:
        agreement = arbitrary.silent()
        best = optional(lambda: _gathered("best", agreement, shows=True))
        found = parts.after(agreement=agreement, best=best)
        goal = z3.BoolVal(found is None)
        if best is not None:
            block: Any = best.block
            shown: Any = best.prepared
            goal = FALSE if found is None else equal(found, Reproposal(block, shown))
        return Case((Part("the block and certificate of the best", goal),))

    for label, run in (("start", before), ("one VIEW-CHANGE", turn), ("end", after)):
        attempt.cases(rules.reproposal, run, label=label, parts=parts)
    attempt.excuse(*_TOGETHER)


_TOGETHER = tuple(
    Excuse(
        "web4core.consensus.rules.reproposal",
        f'"best.{field} is None" is None',
        "the best is a VIEW-CHANGE with a certificate, and its block comes with that (P-GATE-4)",
    )
    for field in ("prepared", "block")
)


def _gathered(stem: str, agreement: Agreement, shows: bool | None = None) -> ViewChange:
    message = arbitrary.view_change(stem, shows=shows)
    row: Any = agreement.slots.view_changes
    assume(kept_in_order(message, row, message.statement.signer))
    assume(equal(message.statement.view, agreement.view))
    return message


def _best(best: ViewChange | None, message: ViewChange, found: Any) -> z3.BoolRef:
    if type(found) is not Reached:
        return FALSE
    chosen = found.variables["best"]
    shown: list[Any] = [
        each for each in (best, message) if each is not None and each.prepared is not None
    ]
    if not shown:
        return z3.BoolVal(chosen is None)
    if not any(chosen is each for each in shown):
        return FALSE
    return z3.And([term(chosen.prepared.view) >= term(each.prepared.view) for each in shown])
