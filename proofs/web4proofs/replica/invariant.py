"""The invariant J of one platform's local state after every event, as solver formulas.

J is assumed of the state before a step, and proved of the state after it.
Its parts are those of `spec/invariants.md`; of every slot it says what the gate ensures.
"""

from __future__ import annotations

from typing import Any

import attrs
import z3
from attrs import frozen

from web4core.consensus.state import Agreement, Lock, OwnStatements
from web4core.messages import (
    Certificate,
    Draft,
    Kind,
    Proposal,
    ProposalDraft,
    SignedMessage,
    ViewChange,
    ViewChangeDraft,
)
from web4proofs.replica.rows import Row
from web4proofs.replica.terms import prepared_reference, proposer_of
from web4proofs.symbolic import SymbolicBool, equal, term

TRUE = z3.BoolVal(True)
FALSE = z3.BoolVal(False)


@frozen
class Part:
    """One part of an invariant or a contract, and the clause that it renders."""

    name: str
    formula: z3.BoolRef


def same(one: Any, other: Any) -> z3.BoolRef:
    """Return a formula for the equality of two values, with truth values inside them.

    A row is equal only to itself.
    """
    if one is other:
        return TRUE
    if Row in (type(one), type(other)):
        return FALSE
    if SymbolicBool in (type(one), type(other)):
        comparable = isinstance(one, bool) and isinstance(other, bool)
        return term(one) == term(other) if comparable else FALSE
    if attrs.has(type(one)) and type(one) is type(other):
        names = [each.name for each in attrs.fields(type(one)) if each.eq]
        return z3.And([same(getattr(one, name), getattr(other, name)) for name in names])
    return equal(one, other)


def proves(
    certificate: Certificate | None,
    kind: Kind,
    height: Any,
    digest: Any,
    below: Any | None = None,
) -> z3.BoolRef:
    """Require that a certificate counts and proves this (C-CERT-1, C-CERT-3, C-CERT-4)."""
    if certificate is None:
        return FALSE
    view = term(certificate.view)
    return z3.And(
        equal(certificate.kind, kind),
        equal(certificate.height, height),
        equal(certificate.digest, digest),
        view >= 0,
        TRUE if below is None else view < term(below),
        certificate.signatures.count,
    )


def well_formed(message: Draft | SignedMessage, kind: Kind, height: Any, n: Any) -> z3.BoolRef:
    """Return what the gate ensures of messages of this kind and height, without signatures."""
    statement = message.statement
    signer = term(statement.signer)
    of_kind = z3.And(
        equal(statement.kind, kind),
        equal(statement.height, height),
        term(statement.view) >= 0,
        signer >= 0,
        signer < term(n),
    )
    if isinstance(message, Proposal | ProposalDraft):
        return z3.And(of_kind, _proposal_in_order(message))
    if isinstance(message, ViewChange | ViewChangeDraft):
        return z3.And(of_kind, _view_change_in_order(message))
    return of_kind


def _proposal_in_order(message: Proposal | ProposalDraft) -> z3.BoolRef:
    """Return W-MSG-5, W-MSG-6 and C-CERT-3."""
    statement, block, shown = message.statement, message.block, message.justification
    return z3.And(
        term(statement.signer) == proposer_of(statement.height, statement.view),
        equal(statement.digest, block.digest),
        equal(block.header.height, statement.height),
        TRUE
        if shown is None
        else proves(shown, Kind.PREPARE, statement.height, block.digest, statement.view),
    )


def _view_change_in_order(message: ViewChange | ViewChangeDraft) -> z3.BoolRef:
    """Return C-VIEW-1, C-VIEW-3, C-STMT-3, W-MSG-5 and C-CERT-3."""
    statement, shown, block = message.statement, message.prepared, message.block
    named = z3.And(term(statement.view) >= 1, equal(statement.digest, prepared_reference(shown)))
    if shown is None or block is None:
        return z3.And(named, z3.BoolVal(shown is None and block is None))
    return z3.And(
        named,
        equal(block.header.height, statement.height),
        proves(shown, Kind.PREPARE, statement.height, block.digest, statement.view),
    )


def invariant(agreement: Agreement) -> tuple[Part, ...]:
    """Return J of an agreement, without its slots, for each of which `kept_in_order` has J."""
    in_view_0 = term(agreement.view) == 0
    return (
        sizes(agreement),
        lock_is_proved(agreement, agreement.lock),
        Part("I-SAID-1: what it stands for is its own", _own(agreement, agreement.said)),
        Part("I-SAID-2: it has a lock of this view if it committed", _committed(agreement)),
        Part(
            "I-SAID-3: it stands for a VIEW-CHANGE above view 0",
            in_view_0 == z3.BoolVal(agreement.said.view_change is None),
        ),
    )


def sizes(agreement: Agreement) -> Part:
    """Return that it is a platform of the federation, in a view and at a height."""
    n, me = term(agreement.n), term(agreement.me)
    height, view = term(agreement.height), term(agreement.view)
    return Part(
        "it is a platform of the federation, in a view and at a height",
        z3.And(n >= 1, me >= 0, me < n, height >= 1, view >= 0),
    )


def lock_is_proved(agreement: Agreement, lock: Lock | None) -> Part:
    """Return that a lock has a certificate of its view that counts, and its block (I-LOCK-1)."""
    formula = TRUE
    if lock is not None:
        formula = z3.And(
            proves(lock.certificate, Kind.PREPARE, agreement.height, lock.digest),
            equal(lock.certificate.view, lock.view),
            term(lock.view) <= term(agreement.view),
            equal(lock.block.digest, lock.digest),
            equal(lock.block.header.height, agreement.height),
        )
    return Part("I-LOCK-1: the lock is proved", formula)


def kept_in_order(message: SignedMessage | None, row: Row, place: Any) -> z3.BoolRef:
    """Return J of a place: None, or a message of this signer that passed the gate (I-SLOT-1)."""
    if message is None:
        return TRUE
    return z3.And(
        term(message.statement.signer) == term(place),
        well_formed(message, row.kind, row.height, row.n),
    )


def _own(agreement: Agreement, said: OwnStatements) -> z3.BoolRef:
    each = (
        (said.view_change, Kind.VIEW_CHANGE),
        (said.proposal, Kind.PRE_PREPARE),
        (said.prepare, Kind.PREPARE),
        (said.commit, Kind.COMMIT),
    )
    return z3.And(
        [
            z3.And(
                equal(draft.statement.signer, agreement.me),
                equal(draft.statement.view, agreement.view),
                well_formed(draft, kind, agreement.height, agreement.n),
            )
            for draft, kind in each
            if draft is not None
        ]
    )


def _committed(agreement: Agreement) -> z3.BoolRef:
    commit, lock = agreement.said.commit, agreement.lock
    of_this_view = FALSE if lock is None else term(lock.view) == term(agreement.view)
    if commit is None:
        return z3.Not(of_this_view)
    return z3.And(
        of_this_view,
        FALSE if lock is None else equal(lock.digest, commit.statement.digest),
    )
