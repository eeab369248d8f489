"""Every message of the shapes that there are, within the bounds, whatever a gate may make of it.

Certificates are of any set of signers, also of too few or repeated ones, of either kind of vote and
of every view, and are attached to their own block and to others.
What is plain from the statement alone, that it is not its signer's turn or that nobody changes into
view 0, is tried without certificates.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

from attrs import evolve

from web4core.chain import Block
from web4core.gate import Gate
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    Statement,
    Status,
    ViewChange,
    Vote,
    certified_statement,
    prepared_reference,
    signing_bytes,
)
from web4core.quorum import proposer
from web4core.signature_check import SignatureCheck
from web4core.types import Digest, Signature, View
from web4proofs.agreement.taken import fewest
from web4proofs.explore.blocks import VALID_NAMES, Blocks, Known
from web4proofs.explore.subject import Bounds


def sign(key: bytes, message: bytes) -> Signature:
    """The modelled signature: a digest of the key and the bytes, which stands for having signed."""
    return Signature(hashlib.sha512(key + message).digest())


class Signer:
    """Signs for everybody, and remembers what each signature says."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.says: dict[SignatureCheck, Statement] = {}

    def signature(self, statement: Statement) -> Signature:
        """The signature of a statement by its signer."""
        key = self._gate.keys[statement.signer]
        message = signing_bytes(self._gate.chain_id, statement)
        claim = SignatureCheck(key, message, sign(key, message))
        self.says[claim] = statement
        return claim.signature

    def certificate(
        self, kind: Kind, height: int, view: View, digest: Digest, signers: tuple[int, ...]
    ) -> Certificate:
        """A certificate by these signers, few or many."""
        bare = Certificate(kind, height, view, digest, ())
        signed = tuple(
            (signer, self.signature(certified_statement(bare, signer))) for signer in signers
        )
        return evolve(bare, signatures=signed)


def imaginable(signer: Signer, blocks: Blocks, bounds: Bounds) -> Iterator[Message]:
    """All of them."""
    heights = range(1, bounds.heights + 1)
    for height in heights:
        for known in blocks.at(height):
            yield from _votes(signer, known, bounds)
            yield from _proposals(signer, known, blocks, bounds)
            yield from _decisions(signer, known, blocks, bounds)
        yield from _view_changes(signer, height, blocks, bounds)
    for height in range(1, bounds.heights + 3):
        for platform in range(bounds.n):
            statement = Statement(Kind.STATUS, height, View(0), Digest(bytes(32)), platform)
            yield Status(statement, signer.signature(statement))
            if height > bounds.heights:
                statement = evolve(statement, kind=Kind.COMMIT)
                yield Vote(statement, signer.signature(statement))


def _votes(signer: Signer, known: Known, bounds: Bounds) -> Iterator[Message]:
    for kind in (Kind.PREPARE, Kind.COMMIT):
        for view in map(View, range(bounds.views)):
            for platform in range(bounds.n):
                digest = known.block.digest
                statement = Statement(kind, known.height, view, digest, platform)
                yield Vote(statement, signer.signature(statement))


def _certificates(signer: Signer, known: Known, bounds: Bounds) -> Iterator[Certificate]:
    """Certificates of any set of signers, of either kind, and of every view."""
    for kind in (Kind.PREPARE, Kind.COMMIT):
        for view in map(View, range(bounds.views)):
            for signers in _signers(bounds.n):
                yield signer.certificate(kind, known.height, view, known.block.digest, signers)


def _signers(n: int) -> Iterator[tuple[int, ...]]:
    """Any set of platforms, and each that is too small with its last one again, up to a quorum."""
    for size in range(n + 1):
        for signers in itertools.combinations(range(n), size):
            yield signers
            if 0 < size < fewest(n):
                yield signers + signers[-1:] * (fewest(n) - size)


def _shown_for(
    signer: Signer, block: Block, blocks: Blocks, bounds: Bounds
) -> Iterator[Certificate]:
    """Certificates that somebody might attach to a block: its own, another's, another height's."""
    for known in blocks.by_digest.values():
        if known.block.digest == block.digest or known.name in VALID_NAMES:
            yield from _certificates(signer, known, bounds)


def _proposals(signer: Signer, known: Known, blocks: Blocks, bounds: Bounds) -> Iterator[Message]:
    shown: tuple[Certificate | None, ...] = (
        None,
        *_shown_for(signer, known.block, blocks, bounds),
    )
    for view in map(View, range(bounds.views)):
        for platform in range(bounds.n):
            statement = Statement(
                Kind.PRE_PREPARE, known.height, view, known.block.digest, platform
            )
            in_turn = platform == proposer(known.height, view, bounds.n)
            for justification in shown if in_turn else (None,):
                signature = signer.signature(statement)
                yield Proposal(statement, signature, known.block, justification)


def _view_changes(signer: Signer, height: int, blocks: Blocks, bounds: Bounds) -> Iterator[Message]:
    shown: list[tuple[Certificate | None, Block | None]] = [(None, None)]
    for known in blocks.at(height):
        shown.extend(
            (certificate, known.block)
            for certificate in _shown_for(signer, known.block, blocks, bounds)
        )
    for view in map(View, range(bounds.views)):
        for platform in range(bounds.n):
            for prepared, block in shown if view > 0 else shown[:1]:
                reference = prepared_reference(prepared)
                statement = Statement(Kind.VIEW_CHANGE, height, view, reference, platform)
                yield ViewChange(statement, signer.signature(statement), prepared, block)


def _decisions(signer: Signer, known: Known, blocks: Blocks, bounds: Bounds) -> Iterator[Message]:
    for certificate in _shown_for(signer, known.block, blocks, bounds):
        yield Decided(known.block, certificate)
