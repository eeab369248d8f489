"""The canonical form of a platform's state, without what does not influence its future.

`spec/exploration.md` explains under the names given here what is forgotten, and why that is sound.
A test explores small bounds with and without each of them, and compares.
"""

from __future__ import annotations

import enum
from typing import Final, TypeAlias, TypeVar

from attrs import evolve

from web4core.consensus.state import (
    FIRST_VIEW,
    Agreement,
    Lock,
    OwnStatements,
    Slots,
    begin,
    no_slots,
)
from web4core.messages import Certificate, Proposal, ProposalDraft, ViewChange, ViewChangeDraft
from web4core.quorum import proposer
from web4core.replica import State
from web4proofs.explore.message_set import FORGOTTEN

_Proposal = TypeVar("_Proposal", Proposal, ProposalDraft)
_ViewChange = TypeVar("_ViewChange", ViewChange, ViewChangeDraft)


class Forget(enum.Enum):
    """A part of the state that is forgotten."""

    PROPOSALS = "the proposals heard, but for one acted upon"
    PREPARES = "the PREPAREs heard"
    COMMITS = "the COMMITs heard"
    VIEW_CHANGES = "the VIEW-CHANGEs heard"
    UPCOMING = "what was heard for the next height"
    WAITED = "that the wait for VIEW-CHANGEs is over"
    AHEAD = "who is said to be ahead"
    TIMERS = "which timers run"
    SIGNERS = "who signed a certificate"
    JUSTIFICATION = "the certificate of the proposal acted upon"


Forgotten: TypeAlias = frozenset[Forget]
ALL: Final[Forgotten] = frozenset(Forget)
NOTHING: Final[Forgotten] = frozenset()


def canonical(state: State, heights: int, what: Forgotten = ALL) -> State:
    """Return the state without the forgotten parts, and with nothing beyond the last height."""
    n = state.config.n
    past = state.height > heights
    agreement = (
        begin(n, state.config.me, state.height, no_slots(n))
        if past
        else _agreement(state.agreement, what)
    )
    upcoming = past or state.height == heights or Forget.UPCOMING in what
    return evolve(
        state,
        tip_certificate=_tip_certificate(n, state.tip_certificate, what),
        agreement=agreement,
        upcoming=no_slots(n) if upcoming else state.upcoming,
        verdict=None,
        sync=None if past or Forget.AHEAD in what else state.sync,
        armed=() if past or Forget.TIMERS in what else state.armed,
    )


def _agreement(agreement: Agreement, what: Forgotten) -> Agreement:
    n = agreement.n
    return evolve(
        agreement,
        slots=_slots(agreement, what),
        said=_said(n, agreement.said, what),
        lock=_lock(n, agreement.lock, what),
        gathered=agreement.gathered and Forget.WAITED not in what,
    )


def _slots(agreement: Agreement, what: Forgotten) -> Slots:
    slots, nothing = agreement.slots, no_slots(agreement.n)
    return Slots(
        proposals=_acted_upon(agreement, what) if Forget.PROPOSALS in what else slots.proposals,
        prepares=(nothing if Forget.PREPARES in what else slots).prepares,
        commits=(nothing if Forget.COMMITS in what else slots).commits,
        view_changes=(nothing if Forget.VIEW_CHANGES in what else slots).view_changes,
    )


def _acted_upon(agreement: Agreement, what: Forgotten) -> tuple[Proposal | None, ...]:
    """Keep the proposal of the current view if this platform voted for it; it is then final."""
    said, turn = agreement.said, proposer(agreement.height, agreement.view, agreement.n)
    kept = agreement.slots.proposals[turn]
    if kept is not None:
        voted = said.prepare is not None or said.commit is not None
        current = kept.statement.view == agreement.view
        kept = _proposal(kept, what) if voted and current else None
    return tuple(kept if index == turn else None for index in range(agreement.n))


def _proposal(proposal: _Proposal, what: Forgotten) -> _Proposal:
    if Forget.JUSTIFICATION in what:
        return evolve(proposal, justification=None)
    return proposal


def _said(n: int, said: OwnStatements, what: Forgotten) -> OwnStatements:
    return evolve(
        said,
        view_change=_view_change(n, said.view_change, what),
        proposal=None if said.proposal is None else _proposal(said.proposal, what),
    )


def _view_change(n: int, change: _ViewChange | None, what: Forgotten) -> _ViewChange | None:
    if change is None or change.prepared is None:
        return change
    return evolve(change, prepared=_certificate(n, change.prepared, what))


def _lock(n: int, lock: Lock | None, what: Forgotten) -> Lock | None:
    return (
        None if lock is None else evolve(lock, certificate=_certificate(n, lock.certificate, what))
    )


def _certificate(n: int, certificate: Certificate, what: Forgotten) -> Certificate:
    """Return the certificate as if all had signed it: any quorum proves the same."""
    if Forget.SIGNERS not in what:
        return certificate
    return evolve(certificate, signatures=tuple((signer, FORGOTTEN) for signer in range(n)))


def _tip_certificate(
    n: int, certificate: Certificate | None, what: Forgotten
) -> Certificate | None:
    """Forget the view too: a decided block is decided, in whatever view."""
    if certificate is None or Forget.SIGNERS not in what:
        return certificate
    return evolve(_certificate(n, certificate, what), view=FIRST_VIEW)
