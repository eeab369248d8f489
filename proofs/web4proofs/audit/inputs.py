"""What a journal has shown a platform by now: who voted for what, and which blocks there are.

It is kept apart from the slots of the code that is judged, and counts signers, never messages
(C-CERT-2).
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from web4core.chain import Block
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    Statement,
    Submission,
    ViewChange,
    certified_statement,
)


def certificates_in(message: Message) -> Iterator[Certificate]:
    """The certificates that a message carries."""
    carried: Certificate | None = None
    if isinstance(message, Decided):
        carried = message.certificate
    elif isinstance(message, Proposal):
        carried = message.justification
    elif isinstance(message, ViewChange):
        carried = message.prepared
    if carried is not None:
        yield carried


def statements_in(message: Message) -> Iterator[Statement]:
    """Every statement whose signature a message carries, those in certificates too."""
    if not isinstance(message, Decided | Submission):
        yield message.statement
    for certificate in certificates_in(message):
        yield from certified(certificate)


def certified(certificate: Certificate) -> Iterator[Statement]:
    """The statements that a certificate shows."""
    return (certified_statement(certificate, signer) for signer, _ in certificate.signatures)


def block_in(message: Message) -> Block | None:
    """The block that a message carries."""
    return message.block if isinstance(message, Decided | Proposal | ViewChange) else None


@define
class Heard:
    """The votes and blocks of heights that are not over yet."""

    _votes: dict[int, dict[tuple[Kind, bytes], dict[int, set[int]]]] = field(factory=dict)
    """By height, kind and digest, and view: who signed."""
    _blocks: dict[int, dict[bytes, Block]] = field(factory=dict)

    def vote(self, statement: Statement) -> None:
        """Somebody signed this."""
        if statement.kind in (Kind.PREPARE, Kind.COMMIT):
            named = self._votes.setdefault(statement.height, {})
            views = named.setdefault((statement.kind, statement.digest), {})
            views.setdefault(statement.view, set()).add(statement.signer)

    def block(self, block: Block) -> None:
        """Somebody showed this block."""
        self._blocks.setdefault(block.header.height, {}).setdefault(block.digest, block)

    def forget_below(self, height: int) -> None:
        """These heights are over."""
        for kept in (self._votes, self._blocks):
            for each in [each for each in kept if each < height]:
                del kept[each]

    def voters(self, kind: Kind, height: int, digest: bytes) -> dict[int, set[int]]:
        """By view, who voted for this digest."""
        return self._votes.get(height, {}).get((kind, digest), {})

    def find(self, height: int, digest: bytes) -> Block | None:
        """The block of this digest, if anybody has shown it."""
        return self._blocks.get(height, {}).get(digest)
