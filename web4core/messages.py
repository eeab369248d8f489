"""The messages that platforms send to one another.

A `Statement` is the few plain values that a platform signs; a message carries a statement, its
signature, and all else that the receiver needs to judge it.
A *draft* is a message that still lacks its signature, and a type of its own: the core emits drafts,
the adapter signs them.
Only data, what is signed, and the relation "these two conflict" live here.
Implements C-STMT-1 to C-STMT-5, C-CERT-1, C-EVID-1, W-MSG-1 to W-MSG-8.
"""

from __future__ import annotations

import enum
import struct
from typing import Any, TypeAlias, overload

from attrs import field, frozen

from web4core import codec
from web4core.chain import (
    DIGEST,
    HEIGHT,
    MAX_BLOCK_BYTES,
    MAX_ITEM_BYTES,
    MAX_PLATFORMS,
    SIGNATURE,
    Block,
    block_schema,
)
from web4core.hashing import ZERO_DIGEST, Tag, digest, domain
from web4core.schema import Schema, octets, optional, parts, record, refuse, sequence, uint, union
from web4core.types import ChainId, Digest, Signature, View

MAX_SUBMISSION = 256
"""Transactions in one gossip message (W-MSG-7)."""

MAX_MESSAGE_BYTES = 2 * MAX_BLOCK_BYTES
"""Length of any message: a block, a certificate, and room to spare (W-MSG-1)."""


class Kind(enum.IntEnum):
    """The kind of a statement; part of the bytes that are signed (C-STMT-2)."""

    PRE_PREPARE = 1
    """A proposal of a block."""
    PREPARE = 2
    """A vote that this block may be decided in this view."""
    COMMIT = 3
    """A vote that this block is decided, given a quorum."""
    VIEW_CHANGE = 4
    """The entry into a view above 0."""
    STATUS = 5
    """A hint about where the signer is; it binds to nothing."""


BINDING = (Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT, Kind.VIEW_CHANGE)
"""Kinds of which an honest platform signs one digest at most per height and view (C-STMT-4)."""


@frozen
class Statement:
    """The few values that one platform states and signs (C-STMT-1)."""

    kind: Kind
    """The kind of statement."""
    height: int
    """The height that it is about, 1 to `MAX_UINT`."""
    view: View
    """The view that it is about, 0 to `MAX_UINT`."""
    digest: Digest
    """The block voted for; in a VIEW-CHANGE the `prepared_reference`; in a STATUS the last block
    decided."""
    signer: int
    """The index of the platform that makes the statement, 0 to n - 1."""


@frozen
class Certificate:
    """A quorum of signed statements that differ in nothing but their signers (C-CERT-1)."""

    kind: Kind
    """The kind of the statements: PREPARE or COMMIT."""
    height: int
    """Their height."""
    view: View
    """Their view."""
    digest: Digest
    """The digest of the block that they vote for."""
    signatures: tuple[tuple[int, Signature], ...] = field(repr=False)
    """Pairs of signer and signature, by ascending signer, none twice (C-CERT-1)."""


@frozen
class Vote:
    """A signed PREPARE or COMMIT."""

    statement: Statement
    """The statement, of kind PREPARE or COMMIT."""
    signature: Signature = field(repr=False)
    """The signer's signature over `signing_bytes`, 64 bytes."""


@frozen
class Proposal:
    """A signed PRE-PREPARE: the block, and why a locked platform may vote for it."""

    statement: Statement
    """The statement, of kind PRE-PREPARE; its digest is the block's."""
    signature: Signature = field(repr=False)
    """The signer's signature over `signing_bytes`, 64 bytes."""
    block: Block
    """The block that is proposed."""
    justification: Certificate | None
    """A prepared certificate for the block, of a lower view; None for a fresh block (C-PREP-3)."""


@frozen
class ViewChange:
    """A signed VIEW-CHANGE: the highest prepared certificate its signer holds, and its block."""

    statement: Statement
    """The statement, of kind VIEW-CHANGE; its view is the one that is entered, from 1."""
    signature: Signature = field(repr=False)
    """The signer's signature over `signing_bytes`, 64 bytes."""
    prepared: Certificate | None
    """The certificate of the signer's lock; None without a lock."""
    block: Block | None
    """The block of that certificate; None exactly if `prepared` is (C-VIEW-3)."""


@frozen
class Status:
    """A signed hint: which height and view its signer is in. Carries no safety."""

    statement: Statement
    """The statement, of kind STATUS."""
    signature: Signature = field(repr=False)
    """The signer's signature over `signing_bytes`, 64 bytes."""


@frozen
class Decided:
    """A block and the commit certificate that proves it, whoever sends them."""

    block: Block
    """The block, of height 1 or more."""
    certificate: Certificate
    """The commit certificate for its digest (C-CERT-4)."""


@frozen
class Submission:
    """Transactions that wait to be ordered. Each carries the signatures of its own authors."""

    transactions: tuple[Any, ...]
    """The transactions, at most `MAX_SUBMISSION` (W-MSG-7)."""


@frozen
class Evidence:
    """Two statements that no honest platform signs both; it verifies on its own (C-EVID-1)."""

    first: Statement
    """One statement."""
    first_signature: Signature = field(repr=False)
    """The signature over it."""
    second: Statement
    """Another one of the same signer, in conflict with the first (C-STMT-4)."""
    second_signature: Signature = field(repr=False)
    """The signature over that."""


@frozen
class VoteDraft:
    """A PREPARE or COMMIT that is to be signed."""

    statement: Statement
    """The statement, of kind PREPARE or COMMIT."""


@frozen
class ProposalDraft:
    """A PRE-PREPARE that is to be signed."""

    statement: Statement
    """The statement, of kind PRE-PREPARE; its digest is the block's."""
    block: Block
    """The block that is proposed."""
    justification: Certificate | None
    """A prepared certificate for the block, of a lower view; None for a fresh block."""


@frozen
class ViewChangeDraft:
    """A VIEW-CHANGE that is to be signed."""

    statement: Statement
    """The statement, of kind VIEW-CHANGE; its view is the one that is entered, from 1."""
    prepared: Certificate | None
    """The certificate of the signer's lock; None without a lock."""
    block: Block | None
    """The block of that certificate; None exactly if `prepared` is (C-VIEW-3)."""


@frozen
class StatusDraft:
    """A STATUS that is to be signed."""

    statement: Statement
    """The statement, of kind STATUS."""


Draft: TypeAlias = VoteDraft | ProposalDraft | ViewChangeDraft | StatusDraft
"""A message of one signer before it is signed."""

SignedMessage: TypeAlias = Vote | Proposal | ViewChange | Status
"""A message of one signer, with its signature."""

Message: TypeAlias = Vote | Proposal | ViewChange | Status | Decided | Submission
"""All that one platform can send to another in the course of agreement."""

_FIXED = struct.Struct(">BQQ")


def signing_bytes(chain_id: ChainId, statement: Statement) -> bytes:
    """The bytes that a platform signs: domain, chain, kind, height, view, digest (C-STMT-2).

    All are of fixed length, so no two statements share their bytes (C-STMT-5).
    """
    fixed = _FIXED.pack(statement.kind, statement.height, statement.view)
    return domain(Tag.STATEMENT) + chain_id + fixed + statement.digest


@overload
def with_signature(draft: VoteDraft, signature: Signature) -> Vote: ...
@overload
def with_signature(draft: ProposalDraft, signature: Signature) -> Proposal: ...
@overload
def with_signature(draft: ViewChangeDraft, signature: Signature) -> ViewChange: ...
@overload
def with_signature(draft: StatusDraft, signature: Signature) -> Status: ...
def with_signature(draft: Draft, signature: Signature) -> SignedMessage:
    """The message that a draft becomes when its signer has signed `signing_bytes` (C-STMT-2)."""
    statement = draft.statement
    if isinstance(draft, VoteDraft):
        return Vote(statement, signature)
    if isinstance(draft, ProposalDraft):
        return Proposal(statement, signature, draft.block, draft.justification)
    if isinstance(draft, ViewChangeDraft):
        return ViewChange(statement, signature, draft.prepared, draft.block)
    return Status(statement, signature)


def prepared_reference(prepared: Certificate | None) -> Digest:
    """The digest by which a VIEW-CHANGE names the certificate that it carries (C-STMT-3).

    Without a certificate it is `ZERO_DIGEST`.
    """
    if prepared is None:
        return Digest(ZERO_DIGEST)
    return Digest(digest(Tag.PREPARED, prepared.view.to_bytes(8, "big"), prepared.digest))


def conflict(one: Statement, other: Statement) -> bool:
    """Whether no honest platform signs both (C-STMT-4)."""
    return (
        one.signer == other.signer
        and one.kind == other.kind
        and one.kind in BINDING
        and one.height == other.height
        and one.view == other.view
        and one.digest != other.digest
    )


def certified_statement(certificate: Certificate, signer: int) -> Statement:
    """The statement that one of the signers of a certificate has signed."""
    return Statement(
        certificate.kind, certificate.height, certificate.view, certificate.digest, signer
    )


# --- the wire ----------------------------------------------------------------------------------


def _load_kind(plain: Any) -> Kind:
    if type(plain) is not int or not 1 <= plain <= len(Kind):
        raise refuse("W-TYPE-1", "a kind of statement, 1 to 5", plain)
    return Kind(plain)


KIND: Schema[Kind] = Schema(int, _load_kind, "a kind of statement, 1 to 5")
SIGNER = uint(MAX_PLATFORMS - 1)

STATEMENT: Schema[Statement] = record(
    "statement", Statement, kind=KIND, height=HEIGHT, view=HEIGHT, digest=DIGEST, signer=SIGNER
)


def _dump_endorsement(pair: tuple[int, Signature]) -> Any:
    return pair


def _load_endorsement(plain: Any) -> tuple[int, Signature]:
    signer, signature = _ENDORSEMENT_PAIR.load(("by", *plain) if type(plain) is tuple else plain)
    return (signer, signature)


_ENDORSEMENT_PAIR: Schema[Any] = record("by", parts, signer=SIGNER, signature=SIGNATURE)
ENDORSEMENT: Schema[tuple[int, Signature]] = Schema(
    _dump_endorsement, _load_endorsement, "[signer, signature]"
)

CERTIFICATE: Schema[Certificate] = record(
    "certificate",
    Certificate,
    kind=KIND,
    height=HEIGHT,
    view=HEIGHT,
    digest=DIGEST,
    signatures=sequence(ENDORSEMENT, MAX_PLATFORMS),
)
"""The form of a certificate on the wire (C-CERT-1)."""
VOTE: Schema[Vote] = record("vote", Vote, statement=STATEMENT, signature=SIGNATURE)
STATUS: Schema[Status] = record("status", Status, statement=STATEMENT, signature=SIGNATURE)
EVIDENCE: Schema[Evidence] = record(
    "evidence",
    Evidence,
    first=STATEMENT,
    first_signature=SIGNATURE,
    second=STATEMENT,
    second_signature=SIGNATURE,
)
"""The form of evidence on the wire (C-EVID-1)."""


@frozen
class MessageSchemas:
    """The schemas of all messages, for one application's kind of transaction."""

    item: Schema[Any]
    """The form of a transaction: its bytes."""
    block: Schema[Block]
    """The form of a block (H-BLOCK-2, H-BLOCK-3)."""
    proposal: Schema[Proposal]
    """The form of a `Proposal`."""
    view_change: Schema[ViewChange]
    """The form of a `ViewChange`."""
    decided: Schema[Decided]
    """The form of a `Decided`."""
    submission: Schema[Submission]
    """The form of a `Submission`."""
    message: Schema[Message]
    """The form of any message, told apart by its label (W-MSG-1)."""


def message_schemas(decode_item: Any) -> MessageSchemas:
    """The forms of all messages, around the application's reader of transactions.

    `decode_item` raises `RemoteProtocolError` for bytes that are no transaction.
    """
    encoded = octets(1, MAX_ITEM_BYTES)
    item: Schema[Any] = Schema(
        lambda value: value.encoded,
        lambda plain: decode_item(encoded.load(plain)),
        "a transaction's bytes",
    )
    block = block_schema(decode_item)
    proposal: Schema[Proposal] = record(
        "proposal",
        Proposal,
        statement=STATEMENT,
        signature=SIGNATURE,
        block=block,
        justification=optional(CERTIFICATE),
    )
    view_change: Schema[ViewChange] = record(
        "view_change",
        ViewChange,
        statement=STATEMENT,
        signature=SIGNATURE,
        prepared=optional(CERTIFICATE),
        block=optional(block),
    )
    decided: Schema[Decided] = record("decided", Decided, block=block, certificate=CERTIFICATE)
    submission: Schema[Submission] = record(
        "submission", Submission, transactions=sequence(item, MAX_SUBMISSION)
    )
    return MessageSchemas(
        item,
        block,
        proposal,
        view_change,
        decided,
        submission,
        union(
            vote=(Vote, VOTE),
            proposal=(Proposal, proposal),
            view_change=(ViewChange, view_change),
            status=(Status, STATUS),
            decided=(Decided, decided),
            submission=(Submission, submission),
        ),
    )


def decided_bytes(*, block: bytes, certificate: bytes) -> bytes:
    """The bytes of a `Decided` from those of its parts, as a store keeps them.

    An array of three items is its head, then the bytes of each.
    """
    return b"\x83" + codec.encode("decided") + block + certificate
