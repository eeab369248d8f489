"""The inputs of a platform so far, from its journal: the votes of each signer, and the blocks.

They are kept apart from the slots of the audited code, and count signers, never messages
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
    """Yield the certificates that a message carries."""
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
    """Yield every statement whose signature a message carries, also inside certificates."""
    if not isinstance(message, Decided | Submission):
        yield message.statement
    for certificate in certificates_in(message):
        yield from certified(certificate)


def certified(certificate: Certificate) -> Iterator[Statement]:
    """Yield the statements that a certificate proves."""
    return (certified_statement(certificate, signer) for signer, _ in certificate.signatures)


def block_in(message: Message) -> Block | None:
    """Return the block that a message carries; None if it carries none."""
    return message.block if isinstance(message, Decided | Proposal | ViewChange) else None


@define
class Heard:
    """The votes and blocks received for heights that are not decided yet."""

    _votes: dict[int, dict[tuple[Kind, bytes], dict[int, set[int]]]] = field(factory=dict)
    """The signers, by height, by kind and digest, and by view."""
    _blocks: dict[int, dict[bytes, Block]] = field(factory=dict)

    def vote(self, statement: Statement) -> None:
        """Record a signed vote."""
        if statement.kind in (Kind.PREPARE, Kind.COMMIT):
            named = self._votes.setdefault(statement.height, {})
            views = named.setdefault((statement.kind, statement.digest), {})
            views.setdefault(statement.view, set()).add(statement.signer)

    def block(self, block: Block) -> None:
        """Record a block."""
        self._blocks.setdefault(block.header.height, {}).setdefault(block.digest, block)

    def forget_below(self, height: int) -> None:
        """Forget the heights below this one; they are decided."""
        for kept in (self._votes, self._blocks):
            for each in [each for each in kept if each < height]:
                del kept[each]

    def voters(self, kind: Kind, height: int, digest: bytes) -> dict[int, set[int]]:
        """Return the voters for this digest, by view."""
        return self._votes.get(height, {}).get((kind, digest), {})

    def find(self, height: int, digest: bytes) -> Block | None:
        """Return the block with this digest, if a message has carried it."""
        return self._blocks.get(height, {}).get(digest)
