"""The five rules that act, each with its exact contract: when it acts, and what it then does.

A rule that acts less often than its contract says would still be safe, but could keep a federation
from deciding. So the contracts say "if and only if".
They follow `spec/consensus.md`. Each is proved by executing the shipped rule from any local state
that satisfies J. After each step J must hold again, and the abstract protocol must permit it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3
from attrs import evolve, frozen

from web4core import quorum
from web4core.consensus import rules, state
from web4core.consensus.state import Agreement, Lock, OwnStatements
from web4core.messages import Draft, Kind, ProposalDraft, Statement, ViewChangeDraft, VoteDraft
from web4proofs.replica import arbitrary, asking, rows
from web4proofs.replica.invariant import Part, invariant, proves, same, well_formed
from web4proofs.replica.proving import Attempt
from web4proofs.replica.refinement import Step, refines
from web4proofs.replica.terms import (
    faulty_of,
    prepared_reference,
    proposer,
    quorum_of,
)
from web4proofs.symbolic import assume, bind, boolean, equal, integer, term
from web4proofs.symbolic.reach import name_of


@frozen
class Expected:
    """The contract of one call: whether the rule acts, and what it then returns.

    `more` must hold as well, and `step` is the step for the abstract protocol.
    """

    acts: z3.BoolRef
    after: Agreement
    draft: Draft
    step: Step
    more: tuple[Part, ...] = ()


@frozen
class Call:
    """One call of a rule, with its result and the expected one."""

    arguments: tuple[Any, ...]
    before: Agreement
    result: tuple[Agreement, Draft | None]
    expected: Expected


@frozen
class Contract:
    """A rule and its contract.

    `expects` gets the arguments and the draft that was made, if any. A contract that leaves
    something open, as `join` does the view among equals, takes it from the draft.
    """

    rule: Callable[..., Any]
    through: tuple[Callable[..., Any], ...]
    names: dict[str, Any]
    arguments: Callable[[], tuple[Any, ...]]
    expects: Callable[[tuple[Any, ...], Draft | None], Expected]


def prove(attempt: Attempt, contract: Contract) -> None:
    """Execute a rule along every path, and check each by its contract, J and the protocol."""
    rule = bind(contract.rule, contract.names, contract.through)
    functions = (contract.rule, *contract.through)

    def run() -> Call:
        arguments = contract.arguments()
        result = rule(*arguments)
        return Call(arguments, arguments[0], result, contract.expects(arguments, result[1]))

    acted = False
    name = name_of(contract.rule)
    for number, walk in enumerate(attempt.paths(functions, run)):
        path = walk.path
        call = None if attempt.lost else attempt.returned(name, path)
        if call is None:
            continue
        attempt.replay(f"{name}, path {number}", walk, contract.rule, call.arguments, call.result)
        _hold(attempt, f"{name}, path {number}", path.condition, call, contract.rule)
        if call.result[1] is not None and not acted:
            acted = True
            attempt.possible(
                f"{name} acts", (*path.condition, *refines(call.expected.step).hypotheses)
            )
    if not acted:
        attempt.fail(name, "it never acts")


def _hold(
    attempt: Attempt,
    name: str,
    condition: tuple[z3.BoolRef, ...],
    call: Call,
    rule: Callable[..., Any],
) -> None:
    after, draft = call.result
    shown = {"agreement": call.before, "draft": draft, "after": after}
    arguments = call.arguments

    def program(plain: Any) -> str | None:
        found: str | None = plain.program(rule, arguments, call.result)
        return found

    if draft is None:
        parts: tuple[Part, ...] = (
            Part("it does nothing only where it is not to act", z3.Not(call.expected.acts)),
            Part("nothing changes where nothing is cast", same(after, call.before)),
        )
        attempt.holds(name, condition, parts, shown, program)
        return
    question = refines(evolve(call.expected.step, after=after, draft=draft))
    parts = (
        *question.parts,
        *invariant(after),
        Part("it acts only where it is to", call.expected.acts),
        Part("the state after is as the contract says", same(after, call.expected.after)),
        Part("the draft is as the contract says", same(draft, call.expected.draft)),
        Part(
            "the draft would pass the gate",
            well_formed(draft, draft.statement.kind, call.before.height, call.before.n),
        ),
        *call.expected.more,
    )
    attempt.holds(name, (*condition, *question.hypotheses), parts, shown, program)


# --- the contracts -----------------------------------------------------------------------------


def _cast(agreement: Agreement, kind: Kind, digest: Any, view: Any = None) -> Statement:
    at = agreement.view if view is None else view
    return Statement(kind, agreement.height, at, digest, agreement.me)


def _entered(agreement: Agreement, view: Any) -> tuple[Agreement, ViewChangeDraft]:
    """Return the state in a higher view, with its lock and only its VIEW-CHANGE (C-VIEW-1)."""
    lock = agreement.lock
    prepared = None if lock is None else lock.certificate
    draft = ViewChangeDraft(
        _cast(agreement, Kind.VIEW_CHANGE, prepared_reference(prepared), view),
        prepared,
        None if lock is None else lock.block,
    )
    said = OwnStatements(view_change=draft)
    after = Agreement(
        agreement.n, agreement.me, agreement.height, agreement.slots, view, said, lock, False
    )
    return after, draft


def _expects_enter(arguments: tuple[Any, ...], _draft: Draft | None) -> Expected:
    agreement, view = arguments
    after, draft = _entered(agreement, view)
    return Expected(z3.BoolVal(True), after, draft, Step(agreement, after, draft))


def _any_higher_view() -> tuple[Any, ...]:
    agreement, view = arbitrary.agreement(), integer("next view")
    assume(view.term > term(agreement.view))
    return (agreement, view)


ENTER = Contract(
    rules.enter,
    (rules._statement,),
    {"prepared_reference": prepared_reference},
    _any_higher_view,
    _expects_enter,
)
"""It is only called with a higher view, as the contracts of its callers require."""


def _expects_join(arguments: tuple[Any, ...], draft: Draft | None) -> Expected:
    """Check C-VIEW-2: the (f + 1)-th highest of the views reached, if it is above its own."""
    (agreement,) = arguments
    row: Any = agreement.slots.view_changes
    enough = faulty_of(term(agreement.n)) + 1
    acts = row.reached(agreement.view + 1) >= enough
    view = agreement.view + 1 if draft is None else draft.statement.view
    after, expected = _entered(agreement, view)
    highest = z3.And(row.reached(view) >= enough, row.reached(view + 1) < enough)
    return Expected(
        acts,
        after,
        expected,
        Step(agreement, after, expected),
        (Part("f + 1 platforms have reached the view, and no higher one", highest),),
    )


JOIN = Contract(
    rules.join,
    (rules.enter, rules._statement, quorum.with_an_honest_one, quorum.faulty),
    {
        "views_reached": rows.views_reached,
        "sorted": rows.descending,
        "len": rows.length,
        "prepared_reference": prepared_reference,
    },
    lambda: (arbitrary.agreement(),),
    _expects_join,
)


def _any_block_to_propose() -> tuple[Any, ...]:
    """Return a block of this height; a justification is for it, of an earlier view (C-NEW-3)."""
    agreement = arbitrary.agreement()
    block, justification = arbitrary.block("fresh"), None
    if agreement.said.view_change is not None:  # above view 0, by J
        justification = arbitrary.maybe_certificate("why", Kind.PREPARE)
    assume(equal(block.header.height, agreement.height))
    if justification is not None:
        assume(proves(justification, Kind.PREPARE, agreement.height, block.digest, agreement.view))
    return (agreement, block, justification)


def _expects_propose(arguments: tuple[Any, ...], _draft: Draft | None) -> Expected:
    agreement, block, justification = arguments
    draft = ProposalDraft(_cast(agreement, Kind.PRE_PREPARE, block.digest), block, justification)
    said = agreement.said
    after = Agreement(
        *(agreement.n, agreement.me, agreement.height, agreement.slots, agreement.view),
        OwnStatements(said.view_change, draft, said.prepare, said.commit),
        *(agreement.lock, agreement.gathered),
    )
    return Expected(asking.turn_has_come(agreement), after, draft, Step(agreement, after, draft))


PROPOSE = Contract(
    rules.propose,
    (rules._statement,),
    {"may_propose": asking.may_propose},
    _any_block_to_propose,
    _expects_propose,
)


def _nothing(agreement: Agreement) -> Expected:
    """Return the contract of a state without a proposal to act on; the draft is not compared."""
    draft = VoteDraft(_cast(agreement, Kind.PREPARE, arbitrary.digest("none")))
    return Expected(z3.BoolVal(False), agreement, draft, Step(agreement, agreement, draft))


def _expects_prepare(arguments: tuple[Any, ...], _draft: Draft | None) -> Expected:
    agreement, valid = arguments
    proposal = asking.proposal_of_view(agreement)
    if proposal is None:
        return _nothing(agreement)
    said = agreement.said
    digest, shown = proposal.statement.digest, proposal.justification
    allowed = asking.lock_allows(agreement.lock, digest, shown)
    acts = z3.And(z3.BoolVal(said.prepare is None), allowed, term(valid))
    draft = VoteDraft(_cast(agreement, Kind.PREPARE, digest))
    after = Agreement(
        *(agreement.n, agreement.me, agreement.height, agreement.slots, agreement.view),
        OwnStatements(said.view_change, said.proposal, draft, said.commit),
        *(agreement.lock, agreement.gathered),
    )
    step = Step(agreement, after, draft, shown=shown, judged=proposal.block.digest)
    return Expected(acts, after, draft, step)


PREPARE = Contract(
    rules.prepare,
    (rules.awaits_verdict, rules._statement, state.proposal_in_view),
    {"proposer": proposer, "lock_permits": asking.lock_permits},
    lambda: (arbitrary.agreement(), boolean("valid")),
    _expects_prepare,
)


def _expects_commit(arguments: tuple[Any, ...], _draft: Draft | None) -> Expected:
    (agreement,) = arguments
    proposal = asking.proposal_of_view(agreement)
    if proposal is None:
        return _nothing(agreement)
    said, digest = agreement.said, proposal.statement.digest
    row: Any = agreement.slots.prepares
    n, votes = term(agreement.n), row.support(agreement.view, digest)
    enough = votes >= quorum_of(n)
    draft = VoteDraft(_cast(agreement, Kind.COMMIT, digest))
    lock = Lock(
        agreement.view,
        digest,
        rows.made_of(row, agreement.view, digest, votes),
        proposal.block,
    )
    after = Agreement(
        *(agreement.n, agreement.me, agreement.height, agreement.slots, agreement.view),
        OwnStatements(said.view_change, said.proposal, said.prepare, draft),
        *(lock, agreement.gathered),
    )
    step = Step(agreement, after, draft, voters=enough)
    acts = z3.And(z3.BoolVal(said.commit is None), enough)
    return Expected(acts, after, draft, step)


LOCK_AND_COMMIT = Contract(
    rules.lock_and_commit,
    (state.proposal_in_view, rules._statement, quorum.quorum, quorum.faulty),
    {
        "proposer": proposer,
        "supporters": rows.supporters,
        "certificate_of": rows.certificate_of,
        "len": rows.length,
    },
    lambda: (arbitrary.agreement(),),
    _expects_commit,
)
