"""Messages, blocks and amounts in a few words, as the page shows them."""

from __future__ import annotations

from typing import Final

from web4core import (
    MICRO,
    Block,
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    Submission,
    ViewChange,
)

KINDS: Final = {
    Kind.PRE_PREPARE: "PRE-PREPARE",
    Kind.PREPARE: "PREPARE",
    Kind.COMMIT: "COMMIT",
    Kind.VIEW_CHANGE: "VIEW-CHANGE",
    Kind.STATUS: "STATUS",
}
BLOCK: Final = "BLOCK"
TRANSACTIONS: Final = "TRANSACTIONS"
NAMED_BY: Final = 4
"""The number of hexadecimal digits of its digest that name a block."""


def short(digest: bytes) -> str:
    """Return the short name of a block."""
    return digest.hex()[:NAMED_BY]


def kind_of(message: Message) -> str:
    """The kind of a message."""
    match message:
        case Decided():
            return BLOCK
        case Submission():
            return TRANSACTIONS
        case _:
            return KINDS[message.statement.kind]


def block_of(message: Message) -> Block | None:
    """The block that a message carries."""
    match message:
        case Proposal(block=block) | ViewChange(block=block) | Decided(block=block):
            return block
        case _:
            return None


def subject_of(message: Message) -> str:
    """The block that a message is about, if it is about one."""
    match message:
        case Submission() | ViewChange(prepared=None):
            return ""
        case Decided(block=block):
            return short(block.digest)
        case ViewChange(prepared=Certificate(digest=digest)):
            return short(digest)
        case _ if message.statement.kind is Kind.STATUS:
            return ""
        case _:
            return short(message.statement.digest)


def details_of(message: Message) -> str:
    """Tell the content of a message, but for its kind."""
    match message:
        case Decided(block=block, certificate=certificate):
            return (
                f"block {short(block.digest)} of height {block.header.height}, {_by(certificate)}"
            )
        case Submission(transactions=transactions):
            return f"{len(transactions)} waiting"
        case Proposal(statement=said, block=block, justification=shown):
            why = "" if shown is None else f", {_by(shown)}"
            return f"block {short(block.digest)}, height {said.height}, view {said.view}{why}"
        case ViewChange(statement=said, prepared=shown):
            lock = "no lock" if shown is None else f"lock on {short(shown.digest)}, {_by(shown)}"
            return f"into view {said.view} of height {said.height}, {lock}"
        case _:
            said = message.statement
            where = f"height {said.height}, view {said.view}"
            if said.kind is Kind.STATUS:
                return where
            return f"block {short(said.digest)}, {where}"


def _by(certificate: Certificate) -> str:
    kind, view = KINDS[certificate.kind], certificate.view
    return f"with {len(certificate.signatures)} {kind}s of view {view}"


def atp(amount_uatp: int) -> str:
    """An amount in ATP, without needless digits."""
    whole, rest = divmod(amount_uatp, MICRO)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".") if rest else str(whole)
