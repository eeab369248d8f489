"""The rules of FB-PBFT, each a guarded action of one platform at one height.

A rule looks at the agreement and either does nothing or takes one step: it returns the new
agreement and the draft to sign, if any.
Rules never call one another; the replica applies them in the order of this file after each event.
They correspond one to one to the actions of the abstract protocol that is proved.
Every message that reaches a rule passed the gate: signatures, certificates and form are right.

A platform's own statement is recorded when its draft is made, and counted when it comes back
signed.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import evolve, frozen

from web4core.chain import Block
from web4core.consensus.state import (
    Agreement,
    Lock,
    OwnStatements,
    certificate_of,
    gathered_view_changes,
    held_block,
    proposal_in_view,
    supporters,
    views_reached,
)
from web4core.messages import (
    Certificate,
    Draft,
    Kind,
    Proposal,
    ProposalDraft,
    Statement,
    ViewChange,
    ViewChangeDraft,
    VoteDraft,
    prepared_reference,
)
from web4core.quorum import proposer, quorum, with_an_honest_one
from web4core.types import Digest, View

RuleOutcome: TypeAlias = tuple[Agreement, Draft | None]
"""The result of a rule: the agreement after it, and the draft to be signed, if any."""


@frozen
class Reproposal:
    """The block that a new proposer must propose, since it may have been decided, and its proof."""

    block: Block
    justification: Certificate


def _statement(agreement: Agreement, kind: Kind, digest: Digest) -> Statement:
    return Statement(kind, agreement.height, agreement.view, digest, agreement.me)


def join(agreement: Agreement) -> RuleOutcome:
    """Enter the highest view that f + 1 platforms, one of them honest, have reached (C-VIEW-2)."""
    reached = sorted(views_reached(agreement), reverse=True)
    enough = with_an_honest_one(agreement.n)
    if len(reached) < enough or reached[enough - 1] <= agreement.view:
        return agreement, None
    return enter(agreement, reached[enough - 1])


def enter(agreement: Agreement, view: View) -> RuleOutcome:
    """Leave the current view for a higher one, for good; the VIEW-CHANGE has the lock (C-VIEW-1).

    The caller makes sure that `view` is higher.
    """
    lock = agreement.lock
    prepared = None if lock is None else lock.certificate
    block = None if lock is None else lock.block
    moved = evolve(agreement, view=view, said=OwnStatements(), gathered=False)
    statement = _statement(moved, Kind.VIEW_CHANGE, prepared_reference(prepared))
    draft = ViewChangeDraft(statement, prepared, block)
    return evolve(moved, said=OwnStatements(view_change=draft)), draft


def may_propose(agreement: Agreement) -> bool:
    """Whether this platform may propose now (C-NEW-1).

    It may if (1) it is the proposer, (2) it has not proposed in this view, and (3) above view 0, it
    has received enough VIEW-CHANGEs.
    """
    if proposer(agreement.height, agreement.view, agreement.n) != agreement.me:
        return False
    if agreement.said.proposal is not None:  # C-PROP-2
        return False
    if agreement.view == 0:
        return True
    heard = len(gathered_view_changes(agreement))
    # C-NEW-2: all, or a quorum and the short delay is over
    return heard == agreement.n or (heard >= quorum(agreement.n) and agreement.gathered)


def reproposal(agreement: Agreement) -> Reproposal | None:
    """The block of the highest prepared certificate that the VIEW-CHANGEs show (C-NEW-3).

    None: a fresh block may be proposed.
    """
    best: ViewChange | None = None
    for message in gathered_view_changes(agreement):
        if message.prepared is None:
            continue
        if best is None or best.prepared is None or message.prepared.view > best.prepared.view:
            best = message
    if best is None or best.prepared is None or best.block is None:
        return None
    return Reproposal(best.block, best.prepared)


def propose(agreement: Agreement, block: Block, justification: Certificate | None) -> RuleOutcome:
    """Propose this block in the current view, once (C-PROP-1, C-PROP-2)."""
    if not may_propose(agreement):
        return agreement, None
    statement = _statement(agreement, Kind.PRE_PREPARE, block.digest)
    draft = ProposalDraft(statement, block, justification)
    return evolve(agreement, said=evolve(agreement.said, proposal=draft)), draft


def lock_permits(lock: Lock | None, digest: Digest, justification: Certificate | None) -> bool:
    """Whether a platform with this lock may vote for this digest (C-PREP-3).

    It may if (1) it has no lock, (2) it is locked on the same digest, or (3) it is shown that a
    quorum prepared this digest in a view at or above the lock's.
    """
    if lock is None or lock.digest == digest:
        return True
    return (
        justification is not None
        and justification.digest == digest
        and justification.view >= lock.view
    )


def awaits_verdict(agreement: Agreement) -> Proposal | None:
    """The proposal that this platform would vote for, were its block valid (C-PREP-1, C-PREP-2)."""
    if agreement.said.prepare is not None:  # C-PREP-1: once in a view
        return None
    proposal = proposal_in_view(agreement)  # C-PREP-2: current view, right proposer
    if proposal is None:
        return None
    if not lock_permits(agreement.lock, proposal.statement.digest, proposal.justification):
        return None
    return proposal


def prepare(agreement: Agreement, valid: bool) -> RuleOutcome:
    """Vote PREPARE for the proposal of the current view, once the application has judged its block.

    C-PREP-1 to C-PREP-4.
    """
    proposal = awaits_verdict(agreement)
    if proposal is None or not valid:  # C-PREP-4
        return agreement, None
    draft = VoteDraft(_statement(agreement, Kind.PREPARE, proposal.statement.digest))
    return evolve(agreement, said=evolve(agreement.said, prepare=draft)), draft


def lock_and_commit(agreement: Agreement) -> RuleOutcome:
    """On a prepared certificate of the current view, with the block held: lock, vote COMMIT once.

    C-LOCK-1 to C-LOCK-3.
    """
    if agreement.said.commit is not None:  # C-LOCK-3
        return agreement, None
    proposal = proposal_in_view(agreement)  # C-LOCK-2: the block is held
    if proposal is None:
        return agreement, None
    digest = proposal.statement.digest
    votes = supporters(agreement.slots.prepares, agreement.view, digest)
    if len(votes) < quorum(agreement.n):  # C-LOCK-1
        return agreement, None
    lock = Lock(agreement.view, digest, certificate_of(votes), proposal.block)
    draft = VoteDraft(_statement(agreement, Kind.COMMIT, digest))
    return evolve(agreement, lock=lock, said=evolve(agreement.said, commit=draft)), draft


def certified(agreement: Agreement) -> Certificate | None:
    """The commit certificate that the COMMITs received so far make, of any view (C-DEC-1)."""
    needed = quorum(agreement.n)
    commits = agreement.slots.commits
    if sum(vote is not None for vote in commits) < needed:
        return None
    for vote in commits:
        if vote is None:
            continue
        votes = supporters(commits, vote.statement.view, vote.statement.digest)
        if len(votes) >= needed:
            return certificate_of(votes)
    return None


def decision(agreement: Agreement) -> tuple[Block, Certificate] | None:
    """The decided block, once the block and its commit certificate are held (C-DEC-1)."""
    certificate = certified(agreement)
    if certificate is None:
        return None
    block = held_block(agreement, certificate.digest)
    return None if block is None else (block, certificate)


def quorum_in_view(agreement: Agreement) -> bool:
    """Whether q platforms are in this view or beyond, so that its timer may run (C-PACE-2)."""
    reached = views_reached(agreement)
    return sum(view >= agreement.view for view in reached) >= quorum(agreement.n)


def standing(agreement: Agreement) -> tuple[Draft, ...]:
    """The drafts that this platform stands for now, oldest first (C-LOSS-1)."""
    said = agreement.said
    each = (said.view_change, said.proposal, said.prepare, said.commit)
    return tuple(draft for draft in each if draft is not None)
