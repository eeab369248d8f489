"""One platform without I/O: it says what is to be done, and in which order.

`step` says what an event does to a platform.
A `Node` drives `step` and owns the order of all that follows from it.
Events go in; tasks come out as plain values.
The program around it, the driver, carries out each task and acknowledges it.
A task is handed out only after all that it depends on was acknowledged:

    put(event)          an event waits for its turn
    step(now_ms)        takes the next event; the timers that it sets may be set at once
    next() -> Write     events, and the blocks that they decided, to be made durable
        written()
    next() -> Remember  the guard's memory, to be made durable
        remembered()
    next() -> SignAll   what is to be signed
        signed(...)
    next() -> Release   what may leave the machine, in the order of the events

A batch is all that was stepped since the last `Write`.
One batch is made durable at a time; `step` may take further events meanwhile, for the next batch.
`Remember` and `SignAll` are left out where a batch needs none.
The platform's own signed messages are queued for itself, behind all events that wait already.
`snapshot()` hands out, from time to time, a durable state to be stored beside the journal.

Here is no I/O, no clock, no thread, and no key.
Implements A-NODE-1, A-NODE-2, A-DUR-1, A-DUR-2, A-EFFECT-1, A-EFFECT-8, A-EFFECT-9, A-EVENT-5,
C-GUARD-4, C-LOSS-5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from attrs import Factory, define, evolve, field, frozen

from web4core.application import AnyApplication
from web4core.chain import Genesis
from web4core.ed25519 import SIGNATURE_BYTES
from web4core.effects import Accuse, Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign
from web4core.errors import LocalProtocolError
from web4core.events import Connected, Elapsed, Event, Received, Resumed, Submitted
from web4core.gate import Gate
from web4core.guard import Conflict, Memory, admit
from web4core.messages import (
    Decided,
    Message,
    Statement,
    Submission,
    signing_bytes,
    with_signature,
)
from web4core.recovery import Journal, fold, guarded
from web4core.replica import State, may_drop, step
from web4core.settings import Settings
from web4core.snapshot import event_schema, received_bytes
from web4core.types import Signature, TransactionId

MAX_ARRIVALS: Final = 8_192
"""Events that may wait to be stepped; beyond, links and clients are made to wait."""

MAX_BULK: Final = 256
"""Events with transactions that may wait; beyond, links and clients are made to wait."""

BULK_ITEMS: Final = 256
"""Transactions that a turn takes in; then the votes that came meanwhile get a turn."""

MAX_BATCH: Final = 512
"""Events in one commit, at most."""

FLUSH_MS: Final = 50
"""The longest wait, in milliseconds, of an event that nobody waits for, to share a commit."""

SNAPSHOT_JOURNAL_BYTES: Final = 64 * 1024 * 1024
"""A snapshot is also due when the journal has grown by this much."""


# --- tasks --------------------------------------------------------------------------------------


@frozen
class Write:
    """Make all of this durable in one commit, then call `Node.written` (A-DUR-1)."""

    records: tuple[bytes, ...] = field(repr=False)
    """The encoded events, in order, to be appended to the journal."""
    blocks: tuple[Decide, ...]
    """The blocks that these events decided, to be kept with their certificates (A-EFFECT-4)."""


@frozen
class Remember:
    """Make the guard's memory durable, then call `Node.remembered` (C-GUARD-4)."""

    memory: Memory
    """The memory that the guard must have before any signature of this batch exists."""


@frozen
class SignAll:
    """Sign each of these, then call `Node.signed` with the signatures (A-EFFECT-1)."""

    statements: tuple[Statement, ...]
    """The statements, in order."""
    messages: tuple[bytes, ...] = field(repr=False)
    """The bytes to be signed, one string for each statement (C-STMT-2)."""


@frozen
class Outgoing:
    """A message for other platforms; it may be lost (A-EFFECT-2)."""

    message: Message
    """The message."""
    encoded: bytes = field(repr=False)
    """Its bytes, as a link carries them."""
    to: tuple[int, ...]
    """Indices of the platforms that it is for."""

    @property
    def is_bulk(self) -> bool:
        """Whether all other messages may overtake it."""
        return is_bulk(self.message)


@frozen
class NotSigned:
    """A statement that was not signed, so that nothing is sent (C-GUARD-1)."""

    statement: Statement
    """The statement that would have been made."""
    conflict: Conflict | None
    """Why the guard forbids it; None if the signer itself refused."""


@frozen
class Answer:
    """The outcome for transactions that a client handed in, once it is durable."""

    ticket: Hashable
    """The ticket that the driver gave with the event, to know its client by."""
    refused: dict[TransactionId, str]
    """The code for the id of each transaction that was refused; all others were taken."""


Output: TypeAlias = Outgoing | NotSigned | Decide | Refuse | Fetch | Accuse | Halt | Answer
"""Anything that may leave the machine once its cause is durable."""


@frozen
class Release:
    """Carry this out, in order; nothing is to be acknowledged."""

    outputs: tuple[Output, ...]
    """The effects of the batch, in the order of its events (A-EFFECT-9)."""


Task: TypeAlias = Write | Remember | SignAll | Release
"""Any task; the driver carries it out and, but for `Release`, acknowledges it."""


@frozen
class Flush:
    """Call `Node.flush` with this batch after a while, since nobody waits for it (A-NODE-3)."""

    batch: int
    """Number of the batch."""
    delay_ms: int
    """The longest that the driver may wait, in milliseconds."""


@frozen
class Stepped:
    """One event taken."""

    event: Event
    """The event, with the clock reading of its turn."""
    record: bytes = field(repr=False)
    """Its bytes for the journal."""
    before: State = field(repr=False)
    """The state before it."""
    after: State = field(repr=False)
    """The state after it."""
    effects: tuple[Effect, ...]
    """The effects that `step` asked for; tasks carry them out, but for the timers."""
    timers: tuple[SetTimer | Flush, ...]
    """Timers to be set at once: they stay on the machine, so they need not wait (A-DUR-1)."""


@frozen
class Snapshot:
    """A state to be stored beside the journal; then call `Node.snapshot_stored`."""

    seq: int
    """Number of the last event that is folded into it."""
    state: State = field(repr=False)
    """The state; `encode_state` gives its bytes, in another thread if that pays."""


# --- the node -----------------------------------------------------------------------------------


@frozen
class _Waiting:
    """An event that waits for its turn."""

    event: Event
    encoded: bytes | None
    ticket: Hashable | None
    items: int


@define
class _Batch:
    """The events stepped since the last `Write`, and their effects."""

    number: int
    records: list[bytes] = Factory(list[bytes])
    effects: list[Effect | Answer] = Factory(list[Effect | Answer])
    state: State | None = None
    urgent: bool = False
    """Whether somebody waits for something in it."""


class Node:
    """One platform's core, its queues, and the order of its effects."""

    def __init__(
        self,
        genesis: Genesis,
        platform: str,
        application: AnyApplication,
        *,
        journal: Journal | None = None,
        memory: Memory | None = None,
        settings: Settings | None = None,
        snapshot_blocks: int = 0,
        gate: Gate | None = None,
    ) -> None:
        """Recover a platform from its journal and its guard's memory, or start one from nothing.

        `application` is the application of this chain, such as `Ledger.of(genesis)`.
        The first event, `Resumed` with `settings`, waits already (A-EVENT-5).
        `snapshot_blocks` is the number of blocks between two snapshots; 0 means none are taken.
        `gate` may be one that exists for this genesis and application.
        A node whose recovered state is halted takes no event: look at `state.halted` before the
        start (A-EFFECT-8).
        Raises `LocalProtocolError` if the genesis does not name the platform, if gate, memory or
        numbers do not fit, or if the snapshot is another platform's; and `RemoteProtocolError` if
        the journal does not decode.
        """
        _check_parts(journal, memory, snapshot_blocks)
        self.gate = gate or Gate.of(genesis, application)
        """The gate that messages for this node must have passed."""
        self.recovered = fold(genesis, platform, application, journal or Journal())
        """The result of folding the journal."""
        self.state = self.recovered.state
        """The state after the last event that was stepped."""
        if self.gate.chain_id != self.state.config.chain_id:
            raise LocalProtocolError("A-NODE-2: the gate is another chain's")
        self.durable = self.state
        """The state after the last event that is durable: what clients may be shown."""
        self.seq = self.recovered.seq
        """Number of the last event that is durable."""
        self.awaited: set[bytes] = set()
        """Ids of transactions whose block somebody waits for; the driver keeps it up to date."""
        self._memory = memory or Memory()
        self._safe_memory = guarded(self._memory, self.recovered)
        self.has_forgotten = self._safe_memory != self._memory
        """Whether the guard knew of a statement that the journal did not (C-GUARD-4)."""
        self._schema = event_schema(application)
        self._arrivals: deque[_Waiting] = deque()
        self._bulk: deque[_Waiting] = deque()
        self._in_turn = False
        self._turn_events = 0  # how many events about agreement this turn may still take
        self._turn_items = 0  # how many transactions
        self._batch = _Batch(1)
        self._flushing = False
        self._closed: _Batch | None = None
        self._conflicts: tuple[Conflict | None, ...] = ()
        self._ready: Task | None = None
        self._handed: Task | None = None
        self._snapshot_blocks = snapshot_blocks
        self._snapshot_height = self.recovered.begun[0]
        self._journal_bytes = self.recovered.size
        self._snapshot: Snapshot | None = None
        self._arrivals.append(_Waiting(Resumed(0, settings), None, None, 0))

    # --- what may be asked ---

    @property
    def silent_through(self) -> int:
        """The height up to which the guard lets this platform sign nothing new; 0: no height."""
        return self._safe_memory.silent_through

    @property
    def is_idle(self) -> bool:
        """Whether no event waits, and all that was stepped is durable and released."""
        return not (
            self.has_work
            or self._batch.records
            or self._ready is not None
            or self._handed is not None
        )

    @property
    def waiting(self) -> int:
        """The number of events about agreement that wait for their turn."""
        return len(self._arrivals)

    @property
    def has_work(self) -> bool:
        """Whether an event waits for its turn."""
        return self.state.halted is None and bool(self._arrivals or self._bulk)

    def has_room(self, event: Event) -> bool:
        """Whether an event of this kind may wait; if not, its sender has to."""
        if _is_bulk_event(event):
            return len(self._bulk) < MAX_BULK
        return len(self._arrivals) < MAX_ARRIVALS

    def is_late(self, message: Message) -> bool:
        """Whether a message can have no effect any more: drop it before its signatures are checked.

        C-LOSS-5.
        """
        return may_drop(self.state, message)

    # --- events in ---

    def put(
        self, event: Event, *, encoded: bytes | None = None, ticket: Hashable | None = None
    ) -> bool:
        """Let an event wait for its turn; it gets the clock reading of that turn.

        `encoded` are the bytes of the message of a `Received`, if they are at hand: those that
        passed the gate, since the journal keeps them as they are.
        With a `ticket`, an `Answer` follows once the event is durable.
        False says that there is no room for what comes from outside (`has_room`): the driver lets
        it wait, or drops it.
        Raises `LocalProtocolError` for a value that is no event.
        """
        if event.__class__ not in _EVENTS:
            raise LocalProtocolError(f"A-EVENT-1: {type(event).__name__} is not an event")
        if encoded is not None and not (isinstance(event, Received) and encoded.__class__ is bytes):
            raise LocalProtocolError("A-EVENT-3: encoded bytes belong to the message of a Received")
        if isinstance(event, Received | Submitted) and not self.has_room(event):
            return False
        waiting = _Waiting(event, encoded, ticket, _items(event))
        (self._bulk if _is_bulk_event(event) else self._arrivals).append(waiting)
        return True

    def flush(self, batch: int | None = None) -> None:
        """Make a batch durable with the next call of `next`, although nobody waits for it.

        Without a number it is the open batch; a batch that was closed already needs nothing.
        """
        if batch is None or batch == self._batch.number:
            self._flushing = True

    def step(self, now_ms: int) -> Stepped | None:
        """Take the next event of this turn, at this clock reading; None when the turn is over.

        A turn takes what waits about agreement, then transactions up to a bound; at its end the
        driver asks `next`.
        Nothing is taken while the batch is full, nor once the chain has halted.
        """
        queue = self._queue()
        if queue is None:
            return None
        waiting, before = queue[0], self.state
        event = waiting.event
        if event.now_ms != now_ms:
            event = evolve(event, now_ms=now_ms)
        record = self._record(event, waiting.encoded)
        transition = step(before, event)
        # Only from here on the node changes: an event that raises stays where it is.
        queue.popleft()
        if queue is self._arrivals:
            self._turn_events -= 1
        else:
            self._turn_items -= max(1, waiting.items)
        self.state = transition.state
        timers = self._add(waiting, record, transition.effects)
        return Stepped(event, record, before, transition.state, transition.effects, timers)

    def _queue(self) -> deque[_Waiting] | None:
        """The queue whose first event is next in this turn; None at the end of the turn."""
        if self.state.halted is not None or len(self._batch.records) >= MAX_BATCH:
            return None
        if not self._in_turn:
            self._in_turn = True
            self._turn_events, self._turn_items = len(self._arrivals), BULK_ITEMS
        if self._arrivals and self._turn_events > 0:
            return self._arrivals
        if self._bulk and self._turn_items > 0:
            return self._bulk
        self._in_turn = False
        return None

    def _record(self, event: Event, encoded: bytes | None) -> bytes:
        if encoded is None:
            return self._schema.encode(event)
        return received_bytes(encoded, event.now_ms)

    def _add(
        self, waiting: _Waiting, record: bytes, effects: tuple[Effect, ...]
    ) -> tuple[SetTimer | Flush, ...]:
        """Put an event and its effects into the batch; the timers that it sets."""
        batch = self._batch
        timers: list[SetTimer] = []
        batch.records.append(record)
        batch.state = self.state
        for effect in effects:
            if isinstance(effect, SetTimer):
                timers.append(effect)
            else:
                batch.effects.append(effect)
                batch.urgent = batch.urgent or self._is_urgent(effect)
        if waiting.ticket is not None:
            refused = {each.transaction: each.code for each in effects if isinstance(each, Refuse)}
            batch.effects.append(Answer(waiting.ticket, refused))
            batch.urgent = True
        if not batch.urgent and len(batch.records) == 1:
            return (*timers, Flush(batch.number, FLUSH_MS))
        return tuple(timers)

    def _is_urgent(self, effect: Effect) -> bool:
        """Whether somebody waits for this effect; if not, its commit can be shared."""
        if isinstance(effect, Decide):
            return any(item.id in self.awaited for item in effect.block.payload)
        return True

    # --- tasks out ---

    def next(self) -> Task | None:
        """The next task; None when there is none, or the last one is not acknowledged yet."""
        if self._handed is not None:
            return None
        task = self._ready or self._first_task()
        self._ready = None
        if not isinstance(task, Release):
            self._handed = task
        return task

    def _first_task(self) -> Task | None:
        """Make the guard remember a silence first; then close the batch, if it is due."""
        if self._closed is None and self._safe_memory != self._memory:
            self._closed = _Batch(0)
            return Remember(self._safe_memory)
        batch = self._batch
        is_full = len(batch.records) >= MAX_BATCH
        if not batch.records or not (batch.urgent or self._flushing or is_full):
            return None
        self._closed, self._batch, self._flushing = batch, _Batch(batch.number + 1), False
        decided = tuple(each for each in batch.effects if isinstance(each, Decide))
        return Write(tuple(batch.records), decided)

    def written(self) -> None:
        """The `Write` is durable."""
        self._acknowledge(Write)
        batch = self._in_work()
        self.seq += len(batch.records)
        self._journal_bytes += sum(map(len, batch.records))
        if batch.state is not None:
            self.durable = batch.state
        statements = tuple(_statements(batch))
        self._safe_memory, self._conflicts = admit(self._memory, statements)
        if self._safe_memory != self._memory:
            self._ready = Remember(self._safe_memory)
        else:
            self._ask_signatures()

    def remembered(self) -> None:
        """The `Remember` is durable."""
        self._acknowledge(Remember)
        self._memory = self._safe_memory
        self._ask_signatures()

    def _ask_signatures(self) -> None:
        allowed = tuple(
            statement
            for statement, conflict in zip(
                _statements(self._in_work()), self._conflicts, strict=True
            )
            if conflict is None
        )
        if allowed:
            chain_id = self.gate.chain_id
            self._ready = SignAll(allowed, tuple(signing_bytes(chain_id, each) for each in allowed))
        else:
            self._release(())

    def signed(self, signatures: Sequence[Signature | None]) -> None:
        """The signatures that `SignAll` asked for, in order; None where the signer refused.

        Raises `LocalProtocolError`, and takes nothing, if they are not as many as the statements,
        or one is neither None nor 64 bytes.
        """
        asked = self._handed
        if isinstance(asked, SignAll):
            _check_signatures(asked, signatures)
        self._acknowledge(SignAll)
        self._release(signatures)

    def _release(self, signatures: Sequence[Signature | None]) -> None:
        """Release the batch, since all that it depends on is durable; queue its signed messages."""
        batch, self._closed = self._in_work(), None
        given, conflicts = iter(signatures), iter(self._conflicts)
        self._conflicts = ()
        outputs: list[Output] = []
        for effect in batch.effects:
            match effect:
                case Sign():
                    conflict = next(conflicts)
                    signature = next(given) if conflict is None else None
                    outputs.append(self._said(effect, signature, conflict))
                case Send(message=message, to=to):
                    outputs.append(Outgoing(message, self.gate.encode(message), to))
                case SetTimer():
                    raise LocalProtocolError("A-EFFECT-3: a timer was set when it was asked for")
                case _:
                    outputs.append(effect)
        self._ready = Release(tuple(outputs)) if outputs else None

    def _said(
        self, effect: Sign, signature: Signature | None, conflict: Conflict | None
    ) -> Outgoing | NotSigned:
        if signature is None:
            return NotSigned(effect.draft.statement, conflict)
        message = with_signature(effect.draft, signature)
        encoded = self.gate.encode(message)
        # A-EFFECT-9: in its turn, behind all that waits; there is always room for it.
        self._arrivals.append(_Waiting(Received(message, 0), encoded, None, 0))
        return Outgoing(message, encoded, effect.to)

    def _acknowledge(self, kind: type[Task]) -> None:
        if not isinstance(self._handed, kind):
            handed = "no task" if self._handed is None else f"a {type(self._handed).__name__}"
            raise LocalProtocolError(
                f"A-DUR-1: a {kind.__name__} is acknowledged, but {handed} is in work"
            )
        self._handed = None

    def _in_work(self) -> _Batch:
        if self._closed is None:
            raise LocalProtocolError("A-DUR-1: no batch is in work")
        return self._closed

    # --- snapshots ---

    def snapshot(self) -> Snapshot | None:
        """A snapshot to be stored, if one is due and none is in work (A-DUR-2).

        It is of the last durable state, whatever has been stepped since.
        """
        if self._snapshot is not None or self._snapshot_blocks == 0:
            return None
        blocks = self.durable.height - self._snapshot_height
        if blocks < self._snapshot_blocks and self._journal_bytes < SNAPSHOT_JOURNAL_BYTES:
            return None
        self._snapshot = Snapshot(self.seq, self.durable)
        self._journal_bytes = 0
        return self._snapshot

    def snapshot_stored(self) -> None:
        """The `Snapshot` is durable, and the journal before it may go."""
        if self._snapshot is None:
            raise LocalProtocolError("A-DUR-2: no snapshot is in work")
        self._snapshot_height = self._snapshot.state.height
        self._snapshot = None


def _check_parts(journal: Journal | None, memory: Memory | None, snapshot_blocks: int) -> None:
    if snapshot_blocks.__class__ is not int or snapshot_blocks < 0:
        raise LocalProtocolError(f"A-NODE-2: snapshot_blocks is {snapshot_blocks!r}; 0 or more")
    if memory is not None and memory.__class__ is not Memory:
        raise LocalProtocolError(f"A-NODE-2: memory is a {type(memory).__name__}, no Memory")
    if journal is not None and journal.__class__ is not Journal:
        raise LocalProtocolError(f"A-NODE-2: journal is a {type(journal).__name__}, no Journal")


def _check_signatures(asked: SignAll, signatures: Sequence[Signature | None]) -> None:
    if not isinstance(signatures, list | tuple) or len(signatures) != len(asked.statements):
        given = len(signatures) if isinstance(signatures, list | tuple) else "no list of"
        raise LocalProtocolError(
            f"A-EFFECT-1: {given} signatures for {len(asked.statements)} statements"
        )
    for each in signatures:
        if each is not None and (each.__class__ is not bytes or len(each) != SIGNATURE_BYTES):
            raise LocalProtocolError(
                f"A-EFFECT-1: a signature is {SIGNATURE_BYTES} bytes, or None where it was refused"
            )


_EVENTS: Final = frozenset({Connected, Elapsed, Received, Resumed, Submitted})


def is_bulk(message: Message) -> bool:
    """Whether all other messages may overtake this one: transactions, and blocks of the past."""
    return isinstance(message, Submission | Decided)


def _is_bulk_event(event: Event) -> bool:
    return isinstance(event, Submitted) or (isinstance(event, Received) and is_bulk(event.message))


def _items(event: Event) -> int:
    """The number of transactions in an event."""
    if isinstance(event, Submitted):
        return len(event.transactions)
    message: Any = event.message if isinstance(event, Received) else None
    if isinstance(message, Submission):
        return len(message.transactions)
    return len(message.block.payload) if isinstance(message, Decided) else 0


def _statements(batch: _Batch) -> Iterable[Statement]:
    return (each.draft.statement for each in batch.effects if isinstance(each, Sign))
