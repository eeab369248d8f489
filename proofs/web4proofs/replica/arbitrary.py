"""Arbitrary values of the code: statements, certificates, messages, and local states with J.

All are instances of the shipped classes with symbolic values in their fields. A function that makes
such a field has the type `Any`, since it stands for a plain value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from web4core.chain import Block, Header
from web4core.consensus.state import Agreement, Lock, OwnStatements, Slots
from web4core.messages import (
    Certificate,
    Kind,
    Proposal,
    ProposalDraft,
    Statement,
    Status,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
)
from web4proofs.replica.invariant import (
    invariant,
    kept_in_order,
    lock_is_proved,
    sizes,
    well_formed,
)
from web4proofs.replica.rows import Endorsements, Row
from web4proofs.replica.terms import DIGEST, SIGNATURE
from web4proofs.symbolic import (
    Sort,
    SymbolicInt,
    assume,
    boolean,
    choose,
    identifier,
    integer,
    optional,
)

OPAQUE = Sort("Opaque", lambda number: (number,), tuple)
"""Values that the code passes on and never inspects: payloads, pools, application states."""


def opaque(stem: str) -> Any:
    """Return any value of which only identity with others is known."""
    return identifier(stem, OPAQUE)


def number(stem: str) -> Any:
    """Return any integer."""
    return integer(stem)


def truth(stem: str) -> Any:
    """Return any truth value."""
    return boolean(stem)


def natural(stem: str) -> Any:
    """Return any integer that is not negative, as heights and views on the wire are (W-TYPE-1)."""
    made = integer(stem)
    assume(made.term >= 0)
    return made


def digest(stem: str) -> Any:
    """Return any digest."""
    return identifier(stem, DIGEST)


def signature(stem: str) -> Any:
    """Return any signature."""
    return identifier(stem, SIGNATURE)


def block(stem: str) -> Block:
    """Return any block; its digest names it (H-BLOCK-1)."""
    header = Header(
        digest(f"{stem}.chain"),
        natural(f"{stem}.height"),
        digest(f"{stem}.parent"),
        natural(f"{stem}.time_ms"),
        digest(f"{stem}.payload_root"),
        digest(f"{stem}.state_root"),
    )
    return Block(header, opaque(f"{stem}.payload"), digest(f"{stem}.digest"))


def statement(stem: str, kind: Kind, signer: Any = None) -> Statement:
    """Return any statement of this kind, by this signer or any."""
    return Statement(
        kind,
        natural(f"{stem}.height"),
        natural(f"{stem}.view"),
        digest(f"{stem}.digest"),
        natural(f"{stem}.signer") if signer is None else signer,
    )


def certificate(stem: str, kind: Kind) -> Certificate:
    """Return any certificate of this kind, whether its signatures count or not."""
    height, view = natural(f"{stem}.height"), natural(f"{stem}.view")
    named = digest(f"{stem}.digest")
    signatures: Any = Endorsements(boolean(f"{stem}.counts").term)
    return Certificate(kind, height, view, named, signatures)


def maybe_certificate(stem: str, kind: Kind) -> Certificate | None:
    """Return None or any certificate of this kind."""
    return optional(lambda: certificate(stem, kind))


def vote(stem: str, kind: Kind, signer: Any = None) -> Vote:
    """Return any PREPARE or COMMIT."""
    return Vote(statement(stem, kind, signer), signature(f"{stem}.signature"))


def vote_draft(stem: str, kind: Kind) -> VoteDraft:
    """Return any PREPARE or COMMIT before it is signed."""
    return VoteDraft(statement(stem, kind))


def status(stem: str) -> Status:
    """Return any STATUS."""
    return Status(statement(stem, Kind.STATUS), signature(f"{stem}.signature"))


def proposal(stem: str, signer: Any = None) -> Proposal:
    """Return any PRE-PREPARE."""
    return Proposal(
        statement(stem, Kind.PRE_PREPARE, signer),
        signature(f"{stem}.signature"),
        block(f"{stem}.block"),
        maybe_certificate(f"{stem}.justification", Kind.PREPARE),
    )


def proposal_draft(stem: str, justified: bool) -> ProposalDraft:
    """Return any PRE-PREPARE before it is signed; `justified` lets it have a justification."""
    return ProposalDraft(
        statement(stem, Kind.PRE_PREPARE),
        block(f"{stem}.block"),
        maybe_certificate(f"{stem}.justification", Kind.PREPARE) if justified else None,
    )


def view_change(stem: str, signer: Any = None, shows: bool | None = None) -> ViewChange:
    """Return any VIEW-CHANGE; `shows` says whether it has a certificate and block, None either."""
    with_certificate = choose((True, False)) if shows is None else shows
    return ViewChange(
        statement(stem, Kind.VIEW_CHANGE, signer),
        signature(f"{stem}.signature"),
        certificate(f"{stem}.prepared", Kind.PREPARE) if with_certificate else None,
        block(f"{stem}.block") if with_certificate else None,
    )


def view_change_draft(stem: str) -> ViewChangeDraft:
    """Return any VIEW-CHANGE before it is signed, with a certificate and its block, or neither."""
    with_certificate = choose((True, False))
    return ViewChangeDraft(
        statement(stem, Kind.VIEW_CHANGE),
        certificate(f"{stem}.prepared", Kind.PREPARE) if with_certificate else None,
        block(f"{stem}.block") if with_certificate else None,
    )


@frozen
class _Kind:
    """A kind of message that has slots, and the maker of any such message."""

    field: str
    kind: Kind
    make: Callable[[str, Any], Any]


_KINDS = (
    _Kind("proposals", Kind.PRE_PREPARE, proposal),
    _Kind("prepares", Kind.PREPARE, lambda stem, by: vote(stem, Kind.PREPARE, by)),
    _Kind("commits", Kind.COMMIT, lambda stem, by: vote(stem, Kind.COMMIT, by)),
    _Kind("view_changes", Kind.VIEW_CHANGE, view_change),
)


SLOTTED = tuple(each.kind for each in _KINDS)
"""The kinds of messages that have slots."""


def field_of(message: Any) -> str:
    """Return the field of `Slots` for messages of this kind."""
    return next(each.field for each in _KINDS if each.kind is message.statement.kind)


def slot_of(slots: Slots, message: Any) -> Any:
    """Return the content of the slot for this kind and signer; the signer is a platform."""
    return getattr(slots, field_of(message))[message.statement.signer]


def message_in_order(kind: Kind, height: Any, n: Any) -> Any:
    """Return any message of this kind and height that passed the gate."""
    of = next(each for each in _KINDS if each.kind is kind)
    message = of.make("message", None)
    assume(well_formed(message, kind, height, n))
    return message


def slots(stem: str, height: Any, n: Any) -> Slots:
    """Return any slots that are in order at this height."""
    return Slots(*[_row(stem, each, height, n) for each in _KINDS])


def _row(stem: str, of: _Kind, height: Any, n: Any) -> Any:
    def make(place: SymbolicInt) -> Any:
        return optional(lambda: in_order(place))

    def in_order(place: SymbolicInt) -> Any:
        message = of.make(f"{stem}{of.field}", place)
        assume(kept_in_order(message, row, place))
        return message

    row = Row(f"{stem}{of.field}", of.kind, height, n, make)
    return row


def agreement(stem: str = "", plain_height: int | None = None) -> Agreement:
    """Return any local state that satisfies J, at any height unless one is given.

    J permits each of the alternatives between which it chooses: view 0 or a higher one, and in
    either no lock, a lock of an earlier view, or a lock of this view with its COMMIT.
    """
    n = number(f"{stem}n")
    height: Any = number(f"{stem}height") if plain_height is None else plain_height
    moved, locked, committed = choose(_COMBINATIONS)
    made = Agreement(
        n,
        number(f"{stem}me"),
        height,
        slots(stem, height, n),
        number(f"{stem}view"),
        OwnStatements(
            view_change_draft(f"{stem}said") if moved else None,
            optional(lambda: proposal_draft(f"{stem}said", justified=moved)),
            optional(lambda: vote_draft(f"{stem}said", Kind.PREPARE)),
            vote_draft(f"{stem}said", Kind.COMMIT) if committed else None,
        ),
        lock(stem) if locked else None,
        truth(f"{stem}gathered"),
    )
    for part in invariant(made):
        assume(part.formula)
    return made


def silent(stem: str = "", bare: bool = False) -> Agreement:
    """Return any local state that satisfies J, for code that does not use `said`.

    With `bare`, it is for code that does not use the lock either.
    Code that uses them nevertheless is not modelled, so nothing is proved of it.
    """
    n, height = number(f"{stem}n"), number(f"{stem}height")
    made = Agreement(
        n,
        number(f"{stem}me"),
        height,
        slots(stem, height, n),
        number(f"{stem}view"),
        opaque("said"),
        opaque("lock") if bare else optional(lambda: lock(stem)),
        truth(f"{stem}gathered"),
    )
    assume(sizes(made).formula)
    if made.lock is not None and not bare:
        assume(lock_is_proved(made, made.lock).formula)
    return made


def bare(stem: str = "") -> Agreement:
    """Return any local state that satisfies J, for code that uses neither lock nor `said`."""
    return silent(stem, bare=True)


_COMBINATIONS = (
    (False, False, False),
    (False, True, True),
    (True, False, False),
    (True, True, False),
    (True, True, True),
)
"""Above view 0, locked, committed in this view. A lock of an earlier view needs a view above 0."""


def lock(stem: str) -> Lock:
    """Return any lock."""
    return Lock(
        natural(f"{stem}lock.view"),
        digest(f"{stem}lock.digest"),
        certificate(f"{stem}lock.certificate", Kind.PREPARE),
        block(f"{stem}lock.block"),
    )
