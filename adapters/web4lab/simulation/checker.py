"""The judge: watches every honest platform, and says which invariant breaks, where and when.

The invariants are those of `web4core.invariants`. What is added here are promises of a whole
platform: what was durable is read back, what was acknowledged is finished, and nobody honest is
accused.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from attrs import frozen

from web4adapters.runtime.recovery import Revived, has_forgotten
from web4core import (
    Block,
    Decide,
    Decision,
    Evidence,
    Halt,
    State,
    Statement,
    Violation,
    chain_is_linked,
    check_decisions,
    check_statements,
    check_step,
    conflict,
    signing_bytes,
)
from web4lab.simulation.federation import Federation
from web4lab.simulation.platforms import Platform
from web4lab.simulation.virtual_time import MS, VirtualTime

KEPT_FOLDS = 4
"""How many of a platform's latest durable states are remembered, to compare with a restart."""

FORKS: Final = ("I-AGREE-1", "I-AGREE-2")
"""What must break when more than f platforms conspire, and what must not otherwise."""

Trace = Callable[[str], None]


class Broken(Exception):
    """An invariant does not hold; the run ends."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(str(violation))
        self.violation = violation


@frozen
class Fork:
    """Two blocks of one height, each decided by an honest platform."""

    first: Decide
    second: Decide


class Judge:
    """Hears of everything that honest platforms do. Raises `Broken` at the first violation."""

    def __init__(
        self,
        federation: Federation,
        time: VirtualTime,
        honest: tuple[int, ...],
        trace: Trace | None = None,
        forks_expected: bool = False,
    ) -> None:
        self._federation = federation
        self._time = time
        self._honest = honest
        self._trace = trace
        self._forks_expected = forks_expected
        self._hash = hashlib.sha256()
        self._first: dict[int, tuple[Decision, Decide]] = {}
        self._decisions: list[Decision] = []
        self._statements: dict[Statement, None] = {}
        self._folds: dict[int, dict[int, State]] = {index: {} for index in honest}
        self._durable: dict[int, int] = dict.fromkeys(honest, 0)
        self.acknowledged: dict[tuple[int, bytes], None] = {}
        self.refusals: dict[tuple[int, bytes], str] = {}
        self.evidence: dict[tuple[Statement, Statement], Evidence] = {}
        self.forks: list[Fork] = []
        self.listeners: list[Callable[[int, int], None]] = []
        """Told of each platform that decides, and of the height, when it does."""
        self.counts: Counter[str] = Counter()
        self.highest_view = 0

    # --- while the run goes on ---

    def stepped(self, platform: int, record: bytes, before: State, after: State) -> None:
        self._hash.update(b"%d %d " % (self._time.now_us, platform) + record)
        self.counts["events"] += 1
        self._require(check_step(before, after))
        if after.agreement.view > before.agreement.view and after.height == before.height:
            self.counts["view changes"] += 1
            self.highest_view = max(self.highest_view, after.agreement.view)

    def decided(self, platform: int, effect: Decide) -> None:
        block = effect.block
        self.note(platform, f"decides {_short(block)} in view {effect.certificate.view}")
        decision = Decision(platform, block)
        self._decisions.append(decision)
        first, known = self._first.setdefault(block.header.height, (decision, effect))
        violations = check_decisions((first, decision))
        if violations and self._forks_expected:
            self.forks.append(Fork(known, effect))
        else:
            self._require(violations)
        for listener in self.listeners:
            listener(platform, block.header.height)

    def signed(self, statement: Statement) -> None:
        self._statements[statement] = None

    def accused(self, platform: int, evidence: Evidence) -> None:
        culprit = evidence.first.signer
        self.note(platform, f"accuses {culprit}: two {evidence.first.kind.name}s")
        self.evidence[evidence.first, evidence.second] = evidence
        if not evidence_verifies(self._federation, evidence):
            self._break("C-EVID-1", f"the evidence of platform {platform} does not verify")
        if culprit in self._honest:
            self._break("C-EVID-2", f"platform {platform} accuses honest platform {culprit}")

    def refused(self, platform: int, transaction: bytes, code: str) -> None:
        self.counts["refusals"] += 1
        self.refusals[platform, transaction] = code

    def wrote(self, platform: int, records: int, state: State) -> None:
        folds = self._folds[platform]
        folds[records] = state
        if len(folds) > KEPT_FOLDS:
            del folds[next(iter(folds))]

    def saved(self, platform: int, records: int) -> None:
        self._durable[platform] = records

    def restarted(self, platform: Platform, revived: Revived) -> None:
        """What was durable is there again, and folds to the same state (A-DUR-2)."""
        self.counts["restarts"] += 1
        index, records = platform.index, revived.seq
        if platform.is_damaged:
            self._folds[index].clear()
            self._durable[index] = records
            return
        if records < self._durable[index]:
            lost = self._durable[index] - records
            self._break("C-DURABLE-1", f"platform {index} lost {lost} durable records")
        expected = self._folds[index].get(records)
        if expected is not None and expected != revived.state:
            self._break("A-DUR-2", f"the journal of platform {index} folds to another state")
        memory = platform.disk.guard.memory
        heights = [last.height for last in memory.last if last is not None]
        if max(heights, default=0) > memory.silent_through and has_forgotten(memory, revived):
            self._break("C-GUARD-4", f"platform {index} lost nothing, and is taken to have")

    def halted(self, platform: int, effect: Halt) -> None:
        self.counts["halts"] += 1
        if not self._forks_expected:
            self._break(effect.clause, f"platform {platform} halts: {effect.reason}")

    def note(self, platform: int, what: str) -> None:
        if self._trace is not None:
            self._trace(f"{self._time.now_us // MS:>8} ms  {platform:>2}  {what}")

    # --- in the end ---

    @property
    def blocks(self) -> int:
        """How many heights were decided."""
        return len(self._first)

    @property
    def chain(self) -> tuple[Block, ...]:
        """The first decision of each height."""
        return tuple(self._first[height][0].block for height in sorted(self._first))

    @property
    def decisions(self) -> tuple[Decide, ...]:
        """The same, with their certificates."""
        return tuple(self._first[height][1] for height in sorted(self._first))

    def digest(self) -> str:
        """A name for all that happened: equal runs have equal ones."""
        return self._hash.hexdigest()

    def conclude(self) -> None:
        """What can only be said of a whole run."""
        violations = check_decisions(self._decisions)
        if self._forks_expected:
            violations = tuple(each for each in violations if each.clause not in FORKS)
        self._require(violations)
        self._require(check_statements(self._statements))
        unlinked = chain_is_linked(self.chain)
        if unlinked is not None and not self._forks_expected:
            self._break("C-VALID-1", unlinked)

    def unfinished(self, finishers: Iterable[int]) -> tuple[str, ...]:
        """What these platforms acknowledged, and neither decided nor refused."""
        reliable = tuple(finishers)
        included = {item.id for block in self.chain for item in block.payload}
        return tuple(
            f"platform {platform} acknowledged {transaction.hex()[:16]}, and nothing came of it"
            for platform, transaction in self.acknowledged
            if platform in reliable
            and transaction not in included
            and (platform, transaction) not in self.refusals
        )

    def _require(self, violations: tuple[Violation, ...]) -> None:
        if violations:
            raise Broken(violations[0])

    def _break(self, clause: str, found: str) -> None:
        raise Broken(Violation(clause, "simulation", found))


def evidence_verifies(federation: Federation, evidence: Evidence) -> bool:
    """Whether evidence proves by itself that its signer contradicted itself (C-EVID-1)."""
    if not conflict(evidence.first, evidence.second):
        return False
    key = federation.gate.keys[evidence.first.signer]
    return all(
        federation.verify(key, signing_bytes(federation.chain_id, statement), signature)
        for statement, signature in (
            (evidence.first, evidence.first_signature),
            (evidence.second, evidence.second_signature),
        )
    )


def _short(block: Block) -> str:
    return f"block {block.header.height} {block.digest.hex()[:12]} of {len(block.payload)}"
