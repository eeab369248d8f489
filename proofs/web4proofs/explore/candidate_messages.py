"""The candidate messages: every message of every shape within the bounds, before the gate.

Certificates have any set of signers, also too small ones and ones with repetitions, either kind of
vote, and any view. They are attached to their own block and to others.
Messages whose statement alone is wrong (it is not the signer's turn, or a VIEW-CHANGE into view 0)
are tried without certificates.
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
    """Return a modelled signature: a digest of the key and the bytes, which stands for signing."""
    return Signature(hashlib.sha512(key + message).digest())


class Signer:
    """Signs for every platform, and remembers the statement of each signature."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.says: dict[SignatureCheck, Statement] = {}

    def signature(self, statement: Statement) -> Signature:
        """Return the signature of a statement by its signer."""
        key = self._gate.keys[statement.signer]
        message = signing_bytes(self._gate.chain_id, statement)
        claim = SignatureCheck(key, message, sign(key, message))
        self.says[claim] = statement
        return claim.signature

    def certificate(
        self, kind: Kind, height: int, view: View, digest: Digest, signers: tuple[int, ...]
    ) -> Certificate:
        """Return a certificate by these signers, however many they are."""
        bare = Certificate(kind, height, view, digest, ())
        signed = tuple(
            (signer, self.signature(certified_statement(bare, signer))) for signer in signers
        )
        return evolve(bare, signatures=signed)


def candidates(signer: Signer, blocks: Blocks, bounds: Bounds) -> Iterator[Message]:
    """Yield all candidate messages."""
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
    """Yield certificates of every set of signers, either kind, and every view."""
    for kind in (Kind.PREPARE, Kind.COMMIT):
        for view in map(View, range(bounds.views)):
            for signers in _signers(bounds.n):
                yield signer.certificate(kind, known.height, view, known.block.digest, signers)


def _signers(n: int) -> Iterator[tuple[int, ...]]:
    """Yield every set of platforms; those below a quorum also with their last one repeated."""
    for size in range(n + 1):
        for signers in itertools.combinations(range(n), size):
            yield signers
            if 0 < size < fewest(n):
                yield signers + signers[-1:] * (fewest(n) - size)


def _shown_for(
    signer: Signer, block: Block, blocks: Blocks, bounds: Bounds
) -> Iterator[Certificate]:
    """Yield certificates to attach to a block: its own, another block's, another height's."""
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
