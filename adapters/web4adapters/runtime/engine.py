"""The asyncio driver of a `Node`: it carries out its tasks with a real disk, key, clock and links.

The node decides the order of the tasks; this module only carries each of them out.
A storage or guard error ends the loop: the platform stops and never goes on with unsaved events.
Clauses: A-DUR-1, A-EFFECT-1 to A-EFFECT-8.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any, Protocol

from attrs import frozen

from web4adapters.runtime.tracker import TransactionTracker
from web4adapters.signers import GuardedSigner
from web4adapters.storage import Store, StoredBlock
from web4adapters.throttled_log import ThrottledLog
from web4core import (
    CERTIFICATE,
    Accuse,
    Answer,
    Connected,
    Decide,
    Decided,
    Elapsed,
    Event,
    Evidence,
    Fetch,
    Flush,
    Gate,
    Halt,
    Message,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Proposal,
    Received,
    Refuse,
    Release,
    Remember,
    Request,
    SetTimer,
    SignAll,
    Snapshot,
    State,
    Statement,
    Status,
    Submitted,
    Task,
    TimerKind,
    TransactionId,
    ViewChange,
    Vote,
    Write,
    encode_state,
    frame,
)

MAX_EVIDENCE = 256
"""Pieces of evidence kept for the operator."""

log = logging.getLogger("web4.engine")


class Outbound(Protocol):
    """The part of the links that the engine needs."""

    def send(self, peer: int, framed: bytes, *, bulk: bool) -> None:
        """Queue a frame; it may be dropped. All other frames go before `bulk` frames."""
        ...


class NodeHalted(Exception):
    """The core found the chain impossible."""


@frozen
class PeerPosition:
    """The latest position that a peer reported: height and view."""

    height: int
    view: int
    at_s: float


def wall_clock_ms() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000


def kind_of(message: Message) -> str:
    """The name under which a message is counted."""
    if isinstance(message, Vote | Proposal | ViewChange | Status):
        return "proposal" if isinstance(message, Proposal) else message.statement.kind.name.lower()
    return "decided" if isinstance(message, Decided) else "submission"


class Engine:
    """One platform's node, kept alive."""

    def __init__(self, node: Node, store: Store, signer: GuardedSigner, outbound: Outbound) -> None:
        self.node = node
        self.store = store
        self.tracker = TransactionTracker(node)
        self.heard: dict[int, PeerPosition] = {}
        self.sent: Counter[str] = Counter()
        self.evidence: deque[Evidence] = deque(maxlen=MAX_EVIDENCE)
        self.decided_blocks = 0
        self._accused = ThrottledLog()
        self._signer = signer
        self._outbound = outbound
        self._answers: dict[int, asyncio.Future[dict[TransactionId, str]]] = {}
        self._tickets = 0
        self._arrived = asyncio.Event()
        self._arrived.set()
        self._failure: Exception | None = None
        self._room = asyncio.Event()
        self._timers: dict[TimerKind, asyncio.TimerHandle] = {}
        self._snapshot: asyncio.Task[None] | None = None

    @property
    def gate(self) -> Gate:
        """The gate of this chain."""
        return self.node.gate

    @property
    def state(self) -> State:
        """The state after all that was stepped."""
        return self.node.state

    @property
    def durable(self) -> State:
        """The state after all durable events, which may be shown to clients."""
        return self.node.durable

    # --- events in ---

    async def receive(self, message: Message, encoded: bytes) -> None:
        """Take a peer's message that passed the gate, when there is room for it."""
        await self._put(Received(message, wall_clock_ms()), encoded=encoded)

    async def submit(self, items: tuple[Any, ...]) -> dict[TransactionId, str]:
        """Hand in transactions; once that is durable, the code of each that was refused."""
        self._tickets += 1
        ticket = self._tickets
        answer: asyncio.Future[dict[TransactionId, str]] = (
            asyncio.get_running_loop().create_future()
        )
        self._answers[ticket] = answer
        try:
            await self._put(Submitted(items, wall_clock_ms()), ticket=ticket)
            return await answer
        finally:
            self._answers.pop(ticket, None)

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._put_own(Connected(peer, wall_clock_ms()))

    def fail(self, error: Exception) -> None:
        """Stop, since the store failed in another reader (A-DUR-1); `run` raises the error."""
        self._failure = error
        self._arrived.set()

    def note(self, statement: Statement) -> None:
        """Remember the position that a peer reports, for the operator."""
        self.heard[statement.signer] = PeerPosition(
            statement.height, statement.view, time.monotonic()
        )

    async def _put(
        self, event: Event, *, encoded: bytes | None = None, ticket: int | None = None
    ) -> None:
        while not self.node.put(event, encoded=encoded, ticket=ticket):
            self._room.clear()
            await self._room.wait()
        self._arrived.set()

    def _put_own(self, event: Event) -> None:
        self.node.put(event)
        self._arrived.set()

    # --- the loop ---

    async def run(self) -> None:
        """Drive the node until cancelled, or until something cannot go on."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                if self._failure is not None:
                    raise self._failure
                self._turn()
                self._room.set()
                await asyncio.sleep(0)
                self._snapshot_if_due()
        finally:
            for handle in self._timers.values():
                handle.cancel()
            if self._snapshot is not None:
                self._snapshot.cancel()
                await asyncio.wait({self._snapshot})

    def _turn(self) -> None:
        """Let the node take the waiting events, and carry out its tasks.

        This is done in the event loop: handing it to a thread and back takes longer than a sync of
        the disk, and events that arrive meanwhile share the next sync.
        """
        while (stepped := self.node.step(wall_clock_ms())) is not None:
            for timer in stepped.timers:
                self._set_timer(timer)
        while (task := self.node.next()) is not None:
            self._carry_out(task)
        if self.node.has_work:
            self._arrived.set()

    def _carry_out(self, task: Task) -> None:
        match task:
            case Write(records=records, blocks=blocks):
                self.store.commit(records, [self._stored(each) for each in blocks])
                self.node.written()
            case Remember(memory=memory):
                self._signer.remember(memory)
                self.node.remembered()
            case SignAll(statements=statements):
                self.node.signed(self._signer.sign_statements(statements))
            case Release(outputs=outputs):
                self._release(outputs)

    def _set_timer(self, timer: SetTimer | Flush) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(timer, Flush):
            loop.call_later(timer.delay_ms / 1000, self._flush, timer.batch)
            return
        running = self._timers.get(timer.timer.kind)
        if running is not None:
            running.cancel()
        elapsed = Elapsed(timer.timer, wall_clock_ms())
        self._timers[timer.timer.kind] = loop.call_later(
            timer.delay_ms / 1000, self._put_own, elapsed
        )

    def _flush(self, batch: int) -> None:
        self.node.flush(batch)
        self._arrived.set()

    def _stored(self, effect: Decide) -> StoredBlock:
        block, certificate = effect.block, effect.certificate
        return StoredBlock(
            height=block.header.height,
            view=certificate.view,
            digest=block.digest,
            block=self.gate.schemas.block.encode(block),
            certificate=CERTIFICATE.encode(certificate),
            decided_ms=wall_clock_ms(),
            transactions=tuple(item.id for item in block.payload),
        )

    # --- outputs ---

    def _release(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self._perform(output)

    def _perform(self, output: Output) -> None:
        match output:
            case Outgoing(message=message, encoded=encoded, to=to):
                self.sent[kind_of(message)] += len(to)
                framed = frame(encoded)
                for peer in to:
                    self._outbound.send(peer, framed, bulk=output.is_bulk)
            case NotSigned(statement=statement, conflict=conflict):
                log.warning("not signed: %s", conflict or statement)
            case Decide(block=block):
                self.decided_blocks += 1
                self.tracker.committed(block)
            case Refuse(transaction=transaction, code=code):
                self.tracker.refused(transaction, code)
            case Answer(ticket=int(ticket), refused=refused):
                answer = self._answers.get(ticket)
                if answer is not None and not answer.done():
                    answer.set_result(refused)
            case Fetch(height=height, to=peer):
                self._outbound.send(peer, frame(Request(height)), bulk=False)
            case Accuse(evidence=evidence):
                self._accuse(evidence)
            case Halt(clause=clause, reason=reason):
                raise NodeHalted(f"{clause}: {reason}")

    def _accuse(self, evidence: Evidence) -> None:
        """Keep evidence, and log it; a platform that signs twice at will must not fill the disk."""
        self.evidence.append(evidence)
        signer = evidence.first.signer
        before = self._accused.before(signer)
        if before is not None:
            log.error("platform %d signed twice: %s (%d before)", signer, evidence, before)

    # --- snapshots ---

    def _snapshot_if_due(self) -> None:
        due = self.node.snapshot()
        if due is not None:
            self._snapshot = asyncio.ensure_future(self._store_snapshot(due))
            self._snapshot.add_done_callback(self._snapshot_ended)

    def _snapshot_ended(self, task: asyncio.Task[None]) -> None:
        """Stop before anything else is done, if the snapshot could not be stored (A-DUR-1)."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.fail(error)

    async def _store_snapshot(self, due: Snapshot) -> None:
        """Encode a state in a thread, beside the work, since states never change; then store it."""
        loop = asyncio.get_running_loop()
        encoded = await loop.run_in_executor(None, encode_state, due.state)
        height = due.state.tip.header.height
        self.store.snapshot(due.seq, height, encoded)
        self.node.snapshot_stored()
        log.info("snapshot at height %d, %d bytes", height, len(encoded))
