"""One platform's state of the agreement on one height.

Plain frozen values and functions that read them; nothing here decides anything.
Platforms are indices 0 .. n-1, blocks are digests, and every buffer is one slot for each signer and
kind, so that no flood can grow it (C-SLOT-1).
Implements C-SLOT-1 to C-SLOT-3, C-CERT-2.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from web4core.chain import Block
from web4core.messages import (
    Certificate,
    Draft,
    Kind,
    Proposal,
    ProposalDraft,
    Statement,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
)
from web4core.quorum import proposer
from web4core.types import Digest, View

_M = TypeVar("_M", Vote, Proposal, ViewChange)
SlotMessage: TypeAlias = Vote | Proposal | ViewChange
"""The messages that have a slot."""

FIRST_VIEW: Final = View(0)
"""The view in which every height begins."""


@frozen
class Slots:
    """The latest message of each kind by each signer; index is the signer (C-SLOT-1).

    Latest means of the highest view: an honest signer never goes back to a lower view, so nothing
    that it signs is lost.
    """

    proposals: tuple[Proposal | None, ...] = field(repr=False)
    """The PRE-PREPARE of each platform, or None; one place for each index."""
    prepares: tuple[Vote | None, ...] = field(repr=False)
    """The PREPARE of each platform, or None."""
    commits: tuple[Vote | None, ...] = field(repr=False)
    """The COMMIT of each platform, or None."""
    view_changes: tuple[ViewChange | None, ...] = field(repr=False)
    """The VIEW-CHANGE of each platform, or None."""


@frozen
class Lock:
    """A prepared certificate that this platform voted COMMIT on, and its block (C-LOCK-1)."""

    view: View
    """The view of the certificate."""
    digest: Digest
    """The digest of the block."""
    certificate: Certificate
    """The prepared certificate (C-CERT-3)."""
    block: Block
    """The block itself, so that it can be proposed again."""


@frozen
class OwnStatements:
    """The statements this platform stands for in its view, as drafts; None is "not yet".

    Each is set once in a view and never changed: this is what "at most once" rests on.
    """

    view_change: ViewChangeDraft | None = None
    """The VIEW-CHANGE by which this platform entered the view; None in view 0 alone (I-SAID-3)."""
    proposal: ProposalDraft | None = None
    """Its PRE-PREPARE in this view (C-PROP-2)."""
    prepare: VoteDraft | None = None
    """Its PREPARE in this view (C-PREP-1)."""
    commit: VoteDraft | None = None
    """Its COMMIT in this view (C-LOCK-3)."""


@frozen
class Agreement:
    """One platform's local state for one height."""

    n: int
    """The number of platforms, 1 to `MAX_PLATFORMS`."""
    me: int
    """The index of this platform, 0 to n - 1."""
    height: int
    """The height that is being agreed on, from 1."""
    slots: Slots
    """The messages received at this height, this platform's own included."""
    view: View = FIRST_VIEW
    """The view that this platform is in; it never goes back at one height."""
    said: OwnStatements = OwnStatements()
    """The statements that this platform has made in this view."""
    lock: Lock | None = None
    """The lock, kept from view to view until the height ends (C-LOCK-1)."""
    gathered: bool = False
    """True once the wait for more VIEW-CHANGEs than a quorum is over in this view (C-NEW-2)."""


def no_slots(n: int) -> Slots:
    """Slots without any message."""
    empty = (None,) * n
    return Slots(empty, empty, empty, empty)


def begin(n: int, me: int, height: int, slots: Slots) -> Agreement:
    """The agreement on a new height, with the messages that came early for it."""
    return Agreement(n, me, height, slots)


_SLOT_OF: Final = {
    Kind.PRE_PREPARE: "proposals",
    Kind.PREPARE: "prepares",
    Kind.COMMIT: "commits",
    Kind.VIEW_CHANGE: "view_changes",
}


def kept(slots: Slots, statement: Statement) -> SlotMessage | None:
    """The message in the slot for this kind and signer, of any view."""
    held: tuple[SlotMessage | None, ...] = getattr(slots, _SLOT_OF[statement.kind])
    return held[statement.signer]


def keep(slots: Slots, message: SlotMessage) -> Slots:
    """Put a message into its slot, unless that holds one of the same or a later view (C-SLOT-2).

    The first message of a view stays; a different second one is evidence, and replaces nothing.
    """
    statement = message.statement
    present = kept(slots, statement)
    if present is not None and present.statement.view >= statement.view:
        return slots
    name = _SLOT_OF[statement.kind]
    held: tuple[Any, ...] = getattr(slots, name)
    change: dict[str, Any] = {
        name: (*held[: statement.signer], message, *held[statement.signer + 1 :])
    }
    return evolve(slots, **change)


def supporters(votes: tuple[Vote | None, ...], view: int, digest: bytes) -> tuple[Vote, ...]:
    """The votes for this digest in this view, one a signer, by ascending signer (C-CERT-2)."""
    return tuple(
        vote
        for vote in votes
        if vote is not None and vote.statement.view == view and vote.statement.digest == digest
    )


def certificate_of(votes: tuple[Vote, ...]) -> Certificate:
    """The certificate that these votes make; the caller has counted them (C-CERT-2)."""
    statement = votes[0].statement
    return Certificate(
        statement.kind,
        statement.height,
        statement.view,
        statement.digest,
        tuple((vote.statement.signer, vote.signature) for vote in votes),
    )


def proposal_in_view(agreement: Agreement) -> Proposal | None:
    """The proposal of the current view's proposer for the current view, if it has come."""
    index = proposer(agreement.height, agreement.view, agreement.n)
    proposal = agreement.slots.proposals[index]
    if proposal is None or proposal.statement.view != agreement.view:
        return None
    return proposal


def held_block(agreement: Agreement, digest: bytes) -> Block | None:
    """A block with this digest, wherever in the state it is held (C-SLOT-3)."""
    if agreement.lock is not None and agreement.lock.digest == digest:
        return agreement.lock.block
    for message in (*agreement.slots.proposals, *agreement.slots.view_changes):
        if message is not None and message.block is not None and message.block.digest == digest:
            return message.block
    return None


def views_reached(agreement: Agreement) -> tuple[View, ...]:
    """The latest view that each platform entered by a VIEW-CHANGE; the others are left out."""
    return tuple(
        message.statement.view for message in agreement.slots.view_changes if message is not None
    )


def gathered_view_changes(agreement: Agreement) -> tuple[ViewChange, ...]:
    """The VIEW-CHANGEs into exactly the current view, one a signer."""
    return tuple(
        message
        for message in agreement.slots.view_changes
        if message is not None and message.statement.view == agreement.view
    )


def signed(agreement: Agreement, draft: Draft) -> SlotMessage | None:
    """The signed form of a draft, once it has come back."""
    present = kept(agreement.slots, draft.statement)
    if present is not None and present.statement == draft.statement:
        return present
    return None
