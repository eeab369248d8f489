"""The transcript of a run for people: each event of a platform, and its effects."""

from __future__ import annotations

from collections.abc import Iterator

from web4core.effects import Accuse, Decide, Effect, Halt, Sign
from web4core.events import Connected, Elapsed, Event, Received
from web4core.messages import (
    Certificate,
    Decided,
    Draft,
    Kind,
    Message,
    Proposal,
    ProposalDraft,
    Statement,
    Status,
    StatusDraft,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
)
from web4proofs.explore.blocks import Blocks
from web4proofs.explore.execution import Line, Play


def transcript(play: Play) -> str:
    """Return every event of a run, and under it the acts of the platform."""
    byzantine = ", ".join(map(str, sorted(play.stage.byzantine))) or "nobody"
    lines = [f"N = {play.stage.bounds.n}, Byzantine: {byzantine}"]
    for number, line in enumerate(play.lines, start=1):
        lines.append(f"{number:4}. platform {line.platform} {_event(line.event, play.blocks)}")
        lines.extend(f"        {told}" for told in _effects(line, play.blocks))
    if play.broken is not None:
        lines.append(f"broken: {play.broken}")
    return "\n".join(lines)


def _event(event: Event, blocks: Blocks) -> str:
    match event:
        case Received(message=message):
            return f"hears {_message(message, blocks)}"
        case Elapsed(timer=timer):
            return f"waits no longer: {timer.kind.name} of view {timer.view}"
        case Connected(platform=other):
            return f"has a link to {other}"
        case _:
            return "starts"


def _effects(line: Line, blocks: Blocks) -> Iterator[str]:
    for effect in line.effects:
        told = _effect(effect, blocks)
        if told is not None:
            yield told


def _effect(effect: Effect, blocks: Blocks) -> str | None:
    match effect:
        case Sign(draft=draft):
            if draft.statement.kind is Kind.STATUS:
                return None
            return f"signs {_message(draft, blocks, own=True)}"
        case Decide(block=block):
            return f"decides {blocks.name(block.digest)} at height {block.header.height}"
        case Accuse(evidence=evidence):
            return f"accuses platform {evidence.first.signer}"
        case Halt(reason=reason):
            return f"halts: {reason}"
        case _:
            return None


def _message(message: Message | Draft, blocks: Blocks, *, own: bool = False) -> str:
    match message:
        case Vote(statement=statement) | VoteDraft(statement=statement):
            told = f"{_words(statement)} for {blocks.name(statement.digest)}"
        case (
            Proposal(statement=statement, block=block, justification=shown)
            | ProposalDraft(statement=statement, block=block, justification=shown)
        ):
            told = (
                f"{_words(statement)} of {blocks.name(block.digest)}{_certificate(shown, blocks)}"
            )
        case (
            ViewChange(statement=statement, prepared=shown)
            | ViewChangeDraft(statement=statement, prepared=shown)
        ):
            told = f"{_words(statement)}{_certificate(shown, blocks)}"
        case Status(statement=statement) | StatusDraft(statement=statement):
            told = _words(statement)
        case Decided(block=block, certificate=shown):
            return f"block {blocks.name(block.digest)}{_certificate(shown, blocks)}"
        case _:
            return "transactions"
    return told if own else f"{told}, by platform {message.statement.signer}"


def _words(statement: Statement) -> str:
    where = f"view {statement.view} of height {statement.height}"
    return f"{statement.kind.name.replace('_', '-')} in {where}"


def _certificate(certificate: Certificate | None, blocks: Blocks) -> str:
    if certificate is None:
        return ""
    signers = ", ".join(str(signer) for signer, _ in certificate.signatures)
    name = blocks.name(certificate.digest)
    kind = certificate.kind.name
    return f", with {kind}s for {name} in view {certificate.view} by {signers}"
