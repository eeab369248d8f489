"""The oracle: the properties that must hold, checked without the explored code.

`of_a_step` checks one step of one platform; `disagreement`, `twice` and `two_certificates` check
the acts of all honest platforms together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from web4core import invariants
from web4core.chain import Block
from web4core.effects import Accuse, Decide, Effect, Halt, Sign
from web4core.messages import Certificate, Kind, Statement, conflict
from web4core.replica import State
from web4proofs.agreement.taken import fewest, most_faulty
from web4proofs.explore.blocks import Blocks


@frozen
class Broken:
    """A property that does not hold, by its clause, and the reason."""

    clause: str
    found: str

    def __str__(self) -> str:
        return f"{self.clause}: {self.found}"


def enough_to_join(n: int) -> int:
    """Return the size of a group that is certain to contain an honest platform."""
    return most_faulty(n) + 1


def of_a_step(
    before: State, after: State, effects: Iterable[Effect], blocks: Blocks
) -> tuple[Broken, ...]:
    """Return the properties that one step of an honest platform breaks."""
    found = [Broken(each.clause, f"{each.name}: {each.found}") for each in _invariants(after)]
    found.extend(_went_back(before, after))
    for effect in effects:
        match effect:
            case Sign(draft=draft):
                found.extend(_judged(before, after, draft.statement, blocks))
            case Decide(block=block, certificate=certificate):
                found.extend(_decided(before, block, certificate, blocks))
            case Accuse(evidence=evidence):
                if not conflict(evidence.first, evidence.second):
                    found.append(Broken("C-EVID-1", "an accusation without a conflict"))
            case Halt(clause=clause, reason=reason):
                found.append(Broken(clause, f"an honest platform halts: {reason}"))
            case _:
                pass
    return tuple(found)


def _invariants(state: State) -> tuple[invariants.Violation, ...]:
    return invariants.check_state(state)


def _went_back(before: State, after: State) -> list[Broken]:
    """Require that neither height nor view nor lock goes back."""
    if after.height != before.height:
        if after.height == before.height + 1:
            return []
        return [Broken("C-DEC-2", f"from height {before.height} to {after.height}")]
    was, now = before.agreement, after.agreement
    if now.view < was.view:
        return [Broken("C-VIEW-1", f"from view {was.view} back to {now.view}")]
    if was.lock is None or now.lock is was.lock:
        return []
    if now.lock is None:
        return [Broken("C-LOCK-1", "a lock is given up")]
    if now.lock.view < was.lock.view:
        return [Broken("C-LOCK-1", f"a lock of view {was.lock.view} becomes {now.lock.view}")]
    if now.lock.view == was.lock.view and now.lock.digest != was.lock.digest:
        return [Broken("C-LOCK-1", f"a second lock in view {now.lock.view}")]
    return []


def _judged(before: State, after: State, statement: Statement, blocks: Blocks) -> list[Broken]:
    """Require that a PREPARE is for a block that follows from the tip."""
    if statement.kind is not Kind.PREPARE:
        return []
    tip = after.tip if after.height == statement.height else before.tip
    known = blocks.by_digest.get(statement.digest)
    if known is None or (known.valid and known.parent == tip.digest):
        return []
    return [Broken("C-PREP-4", f"PREPARE for block {known.name}, which is not valid here")]


def _decided(before: State, block: Block, certificate: Certificate, blocks: Blocks) -> list[Broken]:
    """Require that a decision has a commit certificate, and a block that follows from the tip."""
    found: list[Broken] = []
    if not _proves(certificate, block, before.config.n):
        found.append(Broken("C-DEC-1", "a decision without a commit certificate"))
    known = blocks.by_digest.get(block.digest)
    if known is not None and not (known.valid and known.parent == before.tip.digest):
        found.append(Broken("C-DEC-4", f"block {known.name} is decided, which is not valid here"))
    return found


def _proves(certificate: Certificate, block: Block, n: int) -> bool:
    signers = {signer for signer, _ in certificate.signatures if 0 <= signer < n}
    return (
        certificate.kind is Kind.COMMIT
        and certificate.height == block.header.height
        and certificate.digest == block.digest
        and len(signers) >= fewest(n)
    )


def disagreement(decided: Mapping[int, Sequence[bytes]], blocks: Blocks) -> Broken | None:
    """Find two platforms that decided differently, each given by the blocks that it decided."""
    decisions = [
        invariants.Decision(platform, blocks.of(digest).block)
        for platform, digests in decided.items()
        for digest in digests
    ]
    found = invariants.agreement_holds(decisions)
    return None if found is None else Broken("I-AGREE-1", found)


def twice(statements: Iterable[Statement]) -> Broken | None:
    """Find two conflicting statements; an honest platform signs no such two."""
    found = invariants.check_statements(statements)
    return Broken("I-SIGN-1", found[0].found) if found else None


def two_certificates(
    statements: Iterable[Statement], byzantine: frozenset[int], n: int, blocks: Blocks
) -> Broken | None:
    """Find two blocks for which one kind of certificate can be made in one view.

    `statements` are those of honest platforms; Byzantine ones sign any statement.
    """
    signers: dict[tuple[Kind, int, int], dict[bytes, set[int]]] = {}
    for each in statements:
        if each.kind in (Kind.PREPARE, Kind.COMMIT):
            by_digest = signers.setdefault((each.kind, each.height, each.view), {})
            by_digest.setdefault(each.digest, set(byzantine)).add(each.signer)
    for (kind, height, view), by_digest in signers.items():
        certified = [digest for digest, who in by_digest.items() if len(who) >= fewest(n)]
        for one, other in itertools.combinations(certified, 2):
            names = f"{blocks.name(one)} and {blocks.name(other)}"
            where = f"in view {view} of height {height}"
            return Broken("C-CERT-1", f"q {kind.name}s for {names} {where}")
    return None
