"""The judge: it watches every honest platform, and reports which invariant breaks, where and when.

The invariants are those of `web4core.invariants`. This module adds promises of a whole platform:
durable events are read back, acknowledged transactions are finished, and no honest platform is
accused.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from attrs import define, field, frozen

from web4core import (
    BINDING,
    Answer,
    Block,
    Decide,
    Decided,
    Decision,
    Effect,
    Event,
    Evidence,
    Halt,
    Memory,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Received,
    RemoteProtocolError,
    Send,
    SetTimer,
    Sign,
    SignAll,
    Snapshot,
    State,
    Statement,
    Stepped,
    Submission,
    Submitted,
    Violation,
    Write,
    chain_is_linked,
    check_decisions,
    check_statements,
    check_step,
    conflict,
    covers,
    has_forgotten,
    highest_signed,
    signing_bytes,
)
from web4lab.simulation.federation import Federation
from web4lab.simulation.virtual_time import MS, VirtualTime

KEPT_STATES = 2_048
"""The number of a platform's latest states that are kept, to compare with a restart or a snapshot.

A batch has fewer events, so that the last durable state is among them.
"""

FORKS: Final = ("I-AGREE-1", "I-AGREE-2")
"""The invariants that must break when more than f platforms conspire, and must not otherwise."""

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


@define(eq=False)
class _Life:
    """The record of one platform since the genesis; events are numbered."""

    seq: int = 0
    """Number of the last event that was taken."""
    durable: int = 0
    """Number of the last event that was acknowledged as durable."""
    states: dict[int, State] = field(factory=dict)
    """The states after the latest events."""
    owed: deque[tuple[int, Effect]] = field(factory=deque)
    """The effects not released yet, in order, each with the number of its event."""
    records: list[bytes] = field(factory=list)
    """The records of the events that were taken and not yet written."""
    decided: list[Decide] = field(factory=list)
    """The decisions of these events."""
    heard: int = 0
    """The number of events about agreement taken since the start."""
    silent_through: int = 0
    """Up to this height it signs nothing new, since it has forgotten its statements."""
    own: deque[tuple[int, Statement]] = field(factory=deque)
    """Its own statements that it has yet to receive, each with the number of its turn."""

    def took(self, state: State) -> None:
        """Count an event."""
        self.seq += 1
        self.states[self.seq] = state
        self.states.pop(self.seq - KEPT_STATES, None)


class Judge:
    """Takes note of everything that honest platforms do. Raises `Broken` at the first violation."""

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
        self._lives: dict[int, _Life] = {index: _Life() for index in honest}
        self.acknowledged: dict[tuple[int, bytes], None] = {}
        self.refusals: dict[tuple[int, bytes], str] = {}
        self.evidence: dict[tuple[Statement, Statement], Evidence] = {}
        self.forks: list[Fork] = []
        self.listeners: list[Callable[[int, int], None]] = []
        """Functions called with each platform that decides, and with the height."""
        self.counts: Counter[str] = Counter()
        self.highest_view = 0

    # --- while the run goes on ---

    def restarted(self, platform: int, node: Node, memory: Memory, is_damaged: bool) -> None:
        """Check that the durable events are read back, and fold to the same state (A-DUR-2)."""
        self.counts["restarts"] += 1
        seq = node.recovered.seq
        life = self._lives[platform]
        if not is_damaged:
            if seq < life.durable:
                self._break(
                    "C-DURABLE-1", f"platform {platform} lost {life.durable - seq} durable events"
                )
            expected = life.states.get(seq)
            if expected is not None and expected != node.state:
                self._break("A-DUR-2", f"the journal of platform {platform} folds to another state")
            if node.has_forgotten:
                self._break("C-GUARD-4", f"platform {platform} lost nothing, and is taken to have")
        life = self._lives[platform] = _Life(seq, seq, {seq: node.state})
        if has_forgotten(memory, node.recovered):
            life.silent_through = highest_signed(memory)

    def unreadable(self, platform: int, error: RemoteProtocolError) -> None:
        """Fail: a platform must be able to read what it wrote."""
        self._break("A-DUR-2", f"the journal of platform {platform} does not decode: {error}")

    def stepped(self, platform: int, stepped: Stepped) -> None:
        """Check that an event comes in its turn, and that the step keeps the invariants."""
        self._hash.update(b"%d %d " % (self._time.now_us, platform) + stepped.record)
        self.counts["events"] += 1
        before, after = stepped.before, stepped.after
        life = self._lives[platform]
        self._in_turn(platform, life, stepped.event)
        life.took(after)
        life.records.append(stepped.record)
        life.decided.extend(each for each in stepped.effects if isinstance(each, Decide))
        waits = (each for each in stepped.effects if not isinstance(each, SetTimer))
        life.owed.extend((life.seq, each) for each in waits)
        if [each for each in stepped.effects if isinstance(each, SetTimer)] != [
            each for each in stepped.timers if isinstance(each, SetTimer)
        ]:
            self._break("A-EFFECT-3", f"platform {platform} does not set the timers it should")
        self._require(check_step(before, after))
        if after.agreement.view > before.agreement.view and after.height == before.height:
            self.counts["view changes"] += 1
            self.highest_view = max(self.highest_view, after.agreement.view)

    def _in_turn(self, platform: int, life: _Life, event: Event) -> None:
        """Check that a platform receives its own statement behind all that had to come first."""
        heard: Statement | None = None
        if isinstance(event, Submitted):
            return
        if isinstance(event, Received):
            if isinstance(event.message, Submission | Decided):
                return
            heard = event.message.statement
        life.heard += 1
        if heard is not None and heard.signer == platform and heard not in self._statements:
            self._break("A-EFFECT-9", f"platform {platform} hears what it has not signed: {heard}")
        if life.own and life.own[0][0] == life.heard:
            _, due = life.own.popleft()
            if heard != due:
                self._break("A-EFFECT-9", f"platform {platform} does not hear in turn: {due}")

    def writing(self, platform: int, task: Write, durable: State) -> None:
        """All that was taken is written, in order, and clients are shown what is durable alone."""
        life = self._lives[platform]
        if task.records != tuple(life.records):
            self._break("A-DUR-1", f"platform {platform} writes other records than its events")
        life.records.clear()
        if task.blocks != tuple(life.decided):
            self._break("A-EFFECT-4", f"platform {platform} writes other blocks than it decided")
        life.decided.clear()
        shown = life.states.get(life.durable)
        if shown is not None and shown != durable:
            self._break("A-DUR-1", f"platform {platform} shows clients what is not durable")

    def remembering(self, platform: int, before: Memory, after: Memory) -> None:
        """A guard forgets nothing (C-GUARD-4)."""
        kept = after.silent_through >= before.silent_through and all(
            new is not None and (old == new or (old.height, old.view) < (new.height, new.view))
            for old, new in zip(before.last, after.last, strict=True)
            if old is not None
        )
        if not kept:
            self._break("C-GUARD-4", f"the guard of platform {platform} forgets what was signed")

    def saved(self, platform: int, events: int) -> None:
        """So many more events are durable."""
        self._lives[platform].durable += events

    def signing(self, platform: int, asked: SignAll, memory: Memory, waiting: int) -> None:
        """Check that journal and guard have each statement before it is signed (C-GUARD-4)."""
        life = self._lives[platform]
        caused = {
            effect.draft.statement
            for seq, effect in life.owed
            if isinstance(effect, Sign) and seq <= life.durable
        }
        chain_id = self._federation.chain_id
        if asked.messages != tuple(signing_bytes(chain_id, each) for each in asked.statements):
            self._break("C-STMT-2", f"platform {platform} signs other bytes than it says")
        for place, statement in enumerate(asked.statements):
            if statement not in caused:
                self._break("A-DUR-1", f"platform {platform} signs what its journal does not say")
            if not covers(memory, statement):
                self._break("C-GUARD-4", f"platform {platform} signs before its guard remembers")
            if (
                statement.kind in BINDING
                and statement.height <= life.silent_through
                and statement not in self._statements
            ):
                self._break("C-GUARD-6", f"platform {platform} has forgotten, and signs")
            self._statements[statement] = None
            life.own.append((life.heard + waiting + place + 1, statement))

    def released(self, platform: int, outputs: tuple[Output, ...]) -> None:
        """Check the order of released effects: all of durable events, and no others (A-DUR-1)."""
        life = self._lives[platform]
        for output in outputs:
            if isinstance(output, Answer):
                continue
            seq, effect = life.owed.popleft() if life.owed else (0, None)
            if effect is None or not _comes_of(output, effect):
                self._break("A-EFFECT-9", f"platform {platform} releases {output!r} out of turn")
            if seq > life.durable:
                self._break("A-DUR-1", f"platform {platform} releases {output!r} unsaved")
        if life.owed and life.owed[0][0] <= life.durable:
            self._break("A-EFFECT-9", f"platform {platform} keeps back {life.owed[0][1]!r}")

    def snapshotted(self, platform: int, snapshot: Snapshot) -> None:
        """Check that a snapshot is the state after the durable event that it names (A-DUR-2)."""
        life = self._lives[platform]
        if snapshot.seq > life.durable:
            self._break("A-DUR-2", f"platform {platform} takes a snapshot of what is not durable")
        expected = life.states.get(snapshot.seq)
        if expected is not None and expected != snapshot.state:
            self._break("A-DUR-2", f"platform {platform} takes a snapshot of another moment")

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
        """The number of heights that were decided."""
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
        """A digest of all events: equal runs have equal ones."""
        return self._hash.hexdigest()

    def conclude(self) -> None:
        """Check the invariants of a whole run."""
        violations = check_decisions(self._decisions)
        if self._forks_expected:
            violations = tuple(each for each in violations if each.clause not in FORKS)
        self._require(violations)
        self._require(check_statements(self._statements))
        unlinked = chain_is_linked(self.chain)
        if unlinked is not None and not self._forks_expected:
            self._break("C-VALID-1", unlinked)

    def unfinished(self, finishers: Iterable[int]) -> tuple[str, ...]:
        """The transactions that these platforms acknowledged, and neither decided nor refused."""
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


def _comes_of(output: Output, effect: Effect) -> bool:
    """Whether an output is what an effect asked for."""
    if isinstance(effect, Sign):
        said = effect.draft.statement
        if isinstance(output, NotSigned):
            return output.statement == said
        return (
            isinstance(output, Outgoing)
            and not isinstance(output.message, Submission | Decided)
            and output.message.statement == said
            and output.to == effect.to
        )
    if isinstance(effect, Send):
        return (
            isinstance(output, Outgoing)
            and output.message == effect.message
            and output.to == effect.to
        )
    return output == effect


def _short(block: Block) -> str:
    return f"block {block.header.height} {block.digest.hex()[:12]} of {len(block.payload)}"
