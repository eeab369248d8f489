"""Renamings that change nothing: of a height's two blocks, and of platforms that never propose.

The rules compare digests only for equality, and use a platform's index only to find the proposer.
So a state and its renamed image have the same future up to names, and one of them is enough.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from web4core.chain import Block
from web4core.consensus.state import Agreement, Lock, OwnStatements, Slots
from web4core.messages import (
    Certificate,
    Kind,
    Proposal,
    ProposalDraft,
    Statement,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    prepared_reference,
)
from web4core.replica import State
from web4core.types import Digest, View
from web4proofs.explore.blocks import Blocks, Known
from web4proofs.explore.message_set import Bits, Statements
from web4proofs.explore.subject import Bounds

_Vote = TypeVar("_Vote", Vote, VoteDraft)
_Proposal = TypeVar("_Proposal", Proposal, ProposalDraft)
_ViewChange = TypeVar("_ViewChange", ViewChange, ViewChangeDraft)


@frozen(eq=False)
class Renaming:
    """New names for blocks and platforms; the others keep their names."""

    blocks: Mapping[Digest, Block] = field(repr=False)
    platforms: tuple[int, ...]
    references: Mapping[bytes, Digest] = field(repr=False)

    @property
    def moves_platforms(self) -> bool:
        """Whether any platform gets another name."""
        return self.platforms != tuple(range(len(self.platforms)))

    @property
    def moves_blocks(self) -> bool:
        """Whether any block gets another name."""
        return any(self.digest(digest) != digest for digest in self.blocks)

    def digest(self, digest: Digest) -> Digest:
        """Return a block's digest, or a certificate's reference, after the renaming."""
        block = self.blocks.get(digest)
        return self.references.get(digest, digest) if block is None else block.digest

    def block(self, block: Block) -> Block:
        """Return a block after the renaming."""
        return self.blocks.get(block.digest, block)

    def statement(self, statement: Statement) -> Statement:
        """Return a statement after the renaming."""
        return evolve(
            statement,
            digest=self.digest(statement.digest),
            signer=self.platforms[statement.signer],
        )

    def bits(self, bits: Bits, statements: Statements) -> Bits:
        """Return a set of statements after the renaming."""
        return statements.bits(self.statement(each) for each in statements.of(bits))

    def state(self, state: State) -> State:
        """Return a platform's state after the renaming."""
        certificate = state.tip_certificate
        return evolve(
            state,
            config=evolve(state.config, me=self.platforms[state.config.me]),
            tip=self.block(state.tip),
            tip_certificate=None if certificate is None else self._certificate(certificate),
            agreement=self._agreement(state.agreement),
            upcoming=self._slots(state.upcoming),
        )

    def _agreement(self, agreement: Agreement) -> Agreement:
        lock = agreement.lock
        return evolve(
            agreement,
            me=self.platforms[agreement.me],
            slots=self._slots(agreement.slots),
            said=self._said(agreement.said),
            lock=None if lock is None else self._lock(lock),
        )

    def _slots(self, slots: Slots) -> Slots:
        return Slots(
            proposals=self._placed(tuple(map(self._proposal, slots.proposals))),
            prepares=self._placed(tuple(map(self._vote, slots.prepares))),
            commits=self._placed(tuple(map(self._vote, slots.commits))),
            view_changes=self._placed(tuple(map(self._view_change, slots.view_changes))),
        )

    def _placed(self, held: tuple[Any, ...]) -> tuple[Any, ...]:
        by_platform = dict(zip(self.platforms, held, strict=True))
        return tuple(by_platform[index] for index in range(len(held)))

    def _said(self, said: OwnStatements) -> OwnStatements:
        return OwnStatements(
            view_change=self._view_change(said.view_change),
            proposal=self._proposal(said.proposal),
            prepare=self._vote(said.prepare),
            commit=self._vote(said.commit),
        )

    def _lock(self, lock: Lock) -> Lock:
        return Lock(
            lock.view,
            self.digest(lock.digest),
            self._certificate(lock.certificate),
            self.block(lock.block),
        )

    def _certificate(self, certificate: Certificate) -> Certificate:
        signatures = sorted(
            (self.platforms[signer], signature) for signer, signature in certificate.signatures
        )
        digest = self.digest(certificate.digest)
        return evolve(certificate, digest=digest, signatures=tuple(signatures))

    def _vote(self, vote: _Vote | None) -> _Vote | None:
        return None if vote is None else evolve(vote, statement=self.statement(vote.statement))

    def _proposal(self, proposal: _Proposal | None) -> _Proposal | None:
        if proposal is None:
            return None
        shown = proposal.justification
        return evolve(
            proposal,
            statement=self.statement(proposal.statement),
            block=self.block(proposal.block),
            justification=None if shown is None else self._certificate(shown),
        )

    def _view_change(self, change: _ViewChange | None) -> _ViewChange | None:
        if change is None:
            return None
        return evolve(
            change,
            statement=self.statement(change.statement),
            prepared=None if change.prepared is None else self._certificate(change.prepared),
            block=None if change.block is None else self.block(change.block),
        )


def renamings(
    blocks: Blocks, bounds: Bounds, byzantine: frozenset[int], settled: tuple[Digest, ...] = ()
) -> tuple[Renaming, ...]:
    """Return all renamings that change nothing within the bounds, without the identity.

    Settled blocks keep their names.
    """
    found = [
        Renaming(mapping, platforms, _references(mapping, bounds))
        for mapping in _of_blocks(blocks)
        for platforms in _of_platforms(bounds, byzantine)
    ]
    return tuple(
        each
        for each in found
        if all(each.digest(digest) == digest for digest in settled)
        and (each.moves_platforms or each.moves_blocks)
    )


def _of_platforms(bounds: Bounds, byzantine: frozenset[int]) -> Iterator[tuple[int, ...]]:
    """Yield permutations of the honest platforms that never propose within the bounds."""
    alike = [
        index
        for index in range(bounds.n)
        if index not in byzantine and index not in bounds.proposers()
    ]
    for permuted in itertools.permutations(alike):
        new = dict(zip(alike, permuted, strict=True))
        yield tuple(new.get(index, index) for index in range(bounds.n))


def _of_blocks(blocks: Blocks) -> Iterator[Mapping[Digest, Block]]:
    """Yield swaps of the valid blocks after one parent, together with all blocks after them."""
    known = blocks.by_digest.values()
    parents = list(dict.fromkeys(each.parent for each in known))
    for swapped in itertools.product((False, True), repeat=len(parents)):
        swaps = dict(zip(parents, swapped, strict=True))
        yield _swapped(blocks, swaps)


def _swapped(blocks: Blocks, swaps: Mapping[Digest, bool]) -> Mapping[Digest, Block]:
    """Return the mapping that swaps the two valid blocks after each of these parents."""
    new: dict[Digest, Known] = {}

    def place(parent: Digest, new_parent: Digest) -> None:
        here = [each for each in blocks.by_digest.values() if each.parent == parent]
        there = [each for each in blocks.by_digest.values() if each.parent == new_parent]
        if swaps.get(parent):
            there[0], there[1] = there[1], there[0]
        for old, image in zip(here, there, strict=True):
            new[old.block.digest] = image
            place(old.block.digest, image.block.digest)

    for first in dict.fromkeys(each.parent for each in blocks.at(1)):
        place(first, first)
    return {digest: known.block for digest, known in new.items()}


def _references(mapping: Mapping[Digest, Block], bounds: Bounds) -> dict[bytes, Digest]:
    """Return the references of VIEW-CHANGEs to certificates, before and after the renaming."""
    return {
        _reference(digest, block.header.height, view): _reference(
            block.digest, block.header.height, view
        )
        for digest, block in mapping.items()
        for view in map(View, range(bounds.views))
    }


def _reference(digest: Digest, height: int, view: View) -> Digest:
    return prepared_reference(Certificate(Kind.PREPARE, height, view, digest, ()))
