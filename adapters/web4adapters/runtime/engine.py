"""The driver: takes events in, steps the core, makes them durable, carries out the effects.

One loop: step the core for every event that has arrived, write them all in one commit, sign, and
only then perform the effects.
So one fsync serves many events, and nothing leaves the machine before its cause is on disk.
A storage or guard error ends the loop: the node stops and never goes on unsaved.
Clauses: A-DUR-1, A-EFFECT-1 to A-EFFECT-8.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from attrs import Factory, define, frozen

from web4adapters.runtime.tracker import TransactionTracker
from web4adapters.signers import Conflict, GuardedSigner
from web4adapters.storage import Store, StoredBlock
from web4adapters.throttled_log import ThrottledLog
from web4core import (
    CERTIFICATE,
    Accuse,
    Connected,
    Decide,
    Decided,
    Effect,
    Elapsed,
    Event,
    Evidence,
    Fetch,
    Gate,
    Halt,
    Message,
    Proposal,
    Received,
    Refuse,
    Request,
    Send,
    SetTimer,
    Sign,
    Signature,
    State,
    Statement,
    Status,
    Submission,
    Submitted,
    TimerKind,
    ViewChange,
    Vote,
    encode_state,
    event_schema,
    frame,
    received_bytes,
    step,
    with_signature,
)

MAX_ARRIVALS = 8_192
"""Events that may wait to be stepped; beyond, links and clients are made to wait."""

IDLE_SAVE_S = 0.05
"""An event that causes nothing is saved with the next that does, or after this time."""

MAX_BULK = 256
"""Events with transactions that may wait; beyond, links and clients are made to wait."""

BULK_ITEMS = 256
"""Transactions taken into the pool before the votes that came meanwhile get their turn."""

MAX_BATCH = 512
"""Events in one commit."""

MAX_EVIDENCE = 256
"""Pieces of evidence kept for the operator."""

SNAPSHOT_JOURNAL_BYTES = 64 * 1024 * 1024
"""A snapshot is also taken when the journal has grown by this much."""

log = logging.getLogger("web4.engine")


class Outbound(Protocol):
    """What the engine needs of the links."""

    def send(self, peer: int, framed: bytes, *, bulk: bool) -> None:
        """Queue a frame; it may be dropped. `bulk` frames let all others pass."""
        ...


class NodeHalted(Exception):
    """The core found the chain impossible."""


@define
class _Batch:
    """What has been stepped and is not yet durable."""

    records: list[bytes] = Factory(list)
    effects: list[Effect] = Factory(list)
    answers: list[tuple[asyncio.Future[dict[bytes, str]], dict[bytes, str]]] = Factory(list)
    urgent: bool = False
    """Something in it waits to leave the machine."""


@frozen
class Heard:
    """The latest that a peer said of where it is."""

    height: int
    view: int
    at_s: float


@define
class _Arrival:
    """An event that waits to be stepped; its clock reading is taken when it is."""

    make: Callable[[int], Event]
    message: bytes | None = None
    items: int = 0
    answer: asyncio.Future[dict[bytes, str]] | None = None


def wall_clock_ms() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000


def kind_of(message: Message) -> str:
    """The name under which a message is counted."""
    if isinstance(message, Vote | Proposal | ViewChange | Status):
        return "proposal" if isinstance(message, Proposal) else message.statement.kind.name.lower()
    return "decided" if isinstance(message, Decided) else "submission"


class Engine:
    """One platform's core, kept alive."""

    def __init__(
        self,
        state: State,
        seq: int,
        gate: Gate,
        store: Store,
        guard: GuardedSigner,
        outbound: Outbound,
        snapshot_blocks: int,
    ) -> None:
        self.state = state
        self.durable = state
        """The state as of the last commit: what may be shown to clients."""
        self.gate = gate
        self.store = store
        self.fates = TransactionTracker(state)
        self.heard: dict[int, Heard] = {}
        self.sent: Counter[str] = Counter()
        self.evidence: deque[Evidence] = deque(maxlen=MAX_EVIDENCE)
        self.decided_blocks = 0
        self._accused = ThrottledLog()
        self._guard = guard
        self._outbound = outbound
        self._schema = event_schema(gate.application)
        self._arrivals: deque[_Arrival] = deque()
        self._bulk: deque[_Arrival] = deque()
        self._arrived = asyncio.Event()
        self._failure: Exception | None = None
        self._room = asyncio.Event()
        self._batch = _Batch()
        self._overdue = False
        self._timers: dict[TimerKind, asyncio.TimerHandle] = {}
        self._snapshot_blocks = snapshot_blocks
        self._snapshot_height = state.height
        self._snapshot_bytes = store.journal_bytes()
        self._snapshot: asyncio.Task[None] | None = None
        self._seq = seq

    # --- events in ---

    def push(self, make: Callable[[int], Event], message: bytes | None = None) -> None:
        """Take an event of our own: a timer, our own voice, a link that came up.

        `message` is the encoded message of a `Received`.
        """
        self._arrivals.append(_Arrival(make, message))
        self._arrived.set()

    async def offer(self, make: Callable[[int], Event], message: bytes) -> None:
        """Take a message of a peer about agreement, when there is room for it."""
        await self._room_in(self._arrivals, MAX_ARRIVALS)
        self.push(make, message)

    async def offer_bulk(self, make: Callable[[int], Event], message: bytes, items: int) -> None:
        """Take a peer's transactions, when there is room for them; they let all else pass."""
        await self._room_in(self._bulk, MAX_BULK)
        self._bulk.append(_Arrival(make, message, items))
        self._arrived.set()

    async def _room_in(self, queue: deque[_Arrival], limit: int) -> None:
        while len(queue) >= limit:
            self._room.clear()
            await self._room.wait()

    async def submit(self, items: tuple[Any, ...]) -> dict[bytes, str]:
        """Hand in transactions; once that is durable, the code of each that was refused."""
        await self._room_in(self._bulk, MAX_BULK)
        answer: asyncio.Future[dict[bytes, str]] = asyncio.get_running_loop().create_future()
        self._bulk.append(_Arrival(partial(Submitted, items), items=len(items), answer=answer))
        self._arrived.set()
        return await answer

    def fail(self, error: Exception) -> None:
        """Stop, since the store failed somebody who reads from it (A-DUR-1); `run` raises it."""
        self._failure = error
        self._arrived.set()

    def note(self, statement: Statement) -> None:
        """Remember where a peer says it is, for the operator."""
        self.heard[statement.signer] = Heard(statement.height, statement.view, time.monotonic())

    # --- the loop ---

    async def run(self) -> None:
        """Step and save until cancelled, or until something cannot go on.

        The first event, pushed before, should be a `Resumed` (A-EVENT-5).
        """
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                if self._failure is not None:
                    raise self._failure
                self._step_waiting()
                if self._batch.urgent or self._overdue:
                    self._save()
                self._room.set()
                await asyncio.sleep(0)
                await self._snapshot_if_due()
        finally:
            for handle in self._timers.values():
                handle.cancel()

    def _step_waiting(self) -> None:
        for _ in range(min(len(self._arrivals), MAX_BATCH)):
            self._step(self._arrivals.popleft())
        items = 0
        while self._bulk and items < BULK_ITEMS:
            arrival = self._bulk.popleft()
            items += arrival.items
            self._step(arrival)
        if self._arrivals or self._bulk:
            self._arrived.set()

    def _step(self, arrival: _Arrival) -> None:
        now_ms = wall_clock_ms()
        event = arrival.make(now_ms)
        transition = step(self.state, event)
        self.state = transition.state
        batch = self._batch
        if arrival.message is None:
            batch.records.append(self._schema.encode(event))
        else:
            batch.records.append(received_bytes(arrival.message, now_ms))
        for effect in transition.effects:
            if isinstance(effect, SetTimer):  # stays here, need not wait (A-EFFECT-9)
                self._set_timer(effect)
            else:
                batch.effects.append(effect)
                batch.urgent = batch.urgent or self._leaves(effect)
        if arrival.answer is not None:
            refused: dict[bytes, str] = {
                effect.transaction: effect.code
                for effect in transition.effects
                if isinstance(effect, Refuse)
            }
            batch.answers.append((arrival.answer, refused))
            batch.urgent = True
        if not batch.urgent and len(batch.records) == 1:
            asyncio.get_running_loop().call_later(IDLE_SAVE_S, self._save_idle)

    def _leaves(self, effect: Effect) -> bool:
        """Whether somebody outside waits for this effect; if not, its sync can be shared."""
        if isinstance(effect, Decide):
            return any(self.fates.is_awaited(item.id) for item in effect.block.payload)
        return True

    def _save_idle(self) -> None:
        self._overdue = True
        self._arrived.set()

    def _save(self) -> None:
        """Make what was stepped durable, sign what it says, and only then let it out (A-DUR-1).

        Done in the event loop: handing it to a thread and back takes longer than the sync itself,
        and what arrives meanwhile shares the next one.
        """
        batch, self._batch, self._overdue = self._batch, _Batch(), False
        if not batch.records:
            return
        decided = [self._stored(effect) for effect in batch.effects if isinstance(effect, Decide)]
        self._seq = self.store.commit(batch.records, decided)
        statements = [
            effect.draft.statement for effect in batch.effects if isinstance(effect, Sign)
        ]
        signatures = self._guard.sign_statements(statements) if statements else []
        self.durable = self.state
        self._perform_all(batch.effects, signatures)
        for answer, refused in batch.answers:
            if not answer.done():
                answer.set_result(refused)

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

    # --- effects out ---

    def _perform_all(
        self, effects: Iterable[Effect], signatures: list[Signature | Conflict]
    ) -> None:
        given = iter(signatures)
        for effect in effects:
            if isinstance(effect, Sign):
                self._say(effect, next(given))
            else:
                self._perform(effect)

    def _say(self, effect: Sign, signature: Signature | Conflict) -> None:
        if isinstance(signature, Conflict):
            log.warning("not signed: %s", signature)
            return
        message = with_signature(effect.draft, signature)
        encoded = self.gate.encode(message)
        self._send(message, encoded, effect.to)
        self.push(partial(Received, message), encoded)

    def _send(self, message: Message, encoded: bytes, to: tuple[int, ...]) -> None:
        framed = frame(encoded)
        self.sent[kind_of(message)] += len(to)
        for peer in to:
            self._outbound.send(peer, framed, bulk=isinstance(message, Submission | Decided))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Send(message=message, to=to):
                self._send(message, self.gate.encode(message), to)
            case Decide(block=block):
                self.decided_blocks += 1
                self.fates.committed(block)
            case Refuse(transaction=transaction, code=code):
                self.fates.refused(transaction, code)
            case Fetch(height=height, to=peer):
                self._outbound.send(peer, frame(Request(height)), bulk=False)
            case Accuse(evidence=evidence):
                self._accuse(evidence)
            case Halt(clause=clause, reason=reason):
                raise NodeHalted(f"{clause}: {reason}")
            case Sign() | SetTimer():
                raise TypeError(f"{type(effect).__name__} is not performed here")

    def _accuse(self, evidence: Evidence) -> None:
        """Keep it, and log it, but let no platform that signs twice at will fill the disk."""
        self.evidence.append(evidence)
        signer = evidence.first.signer
        before = self._accused.before(signer)
        if before is not None:
            log.error("platform %d signed twice: %s (%d before)", signer, evidence, before)

    def _set_timer(self, effect: SetTimer) -> None:
        running = self._timers.get(effect.timer.kind)
        if running is not None:
            running.cancel()
        loop = asyncio.get_running_loop()
        make = partial(Elapsed, effect.timer)
        self._timers[effect.timer.kind] = loop.call_later(effect.delay_ms / 1000, self.push, make)

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self.push(partial(Connected, peer))

    # --- snapshots ---

    async def _snapshot_if_due(self) -> None:
        if self._snapshot is not None:
            if not self._snapshot.done():
                return
            self._snapshot.result()
            self._snapshot = None
        grown = self.store.journal_bytes() - self._snapshot_bytes
        blocks = self.durable.height - self._snapshot_height
        if blocks >= self._snapshot_blocks or grown >= SNAPSHOT_JOURNAL_BYTES:
            self._snapshot = asyncio.ensure_future(self._take_snapshot(self._seq, self.durable))

    async def _take_snapshot(self, seq: int, state: State) -> None:
        """Encode a state in a thread, beside the work, since states never change; then store it."""
        loop = asyncio.get_running_loop()
        encoded = await loop.run_in_executor(None, encode_state, state)
        height = state.tip.header.height
        self.store.snapshot(seq, height, encoded)
        self._snapshot_height = state.height
        self._snapshot_bytes = self.store.journal_bytes()
        log.info("snapshot at height %d, %d bytes", height, len(encoded))


__all__ = ["Engine", "Heard", "NodeHalted", "Submission", "kind_of", "wall_clock_ms"]
