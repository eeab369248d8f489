"""An honest platform: the shipped core driven as the shipped engine drives it, on simulated parts.

Events that wait are stepped together and written in one record; the store is synchronised, then the
guard, and only then do the effects leave.
A crash takes away everything but the disk.
The rules of the guard and of forgetting are the shipped functions; what is simulated is the disk
below them, the links, the clocks, and when the process runs at all.
Clauses: A-DUR-1, A-DUR-2, A-EFFECT-1 to A-EFFECT-8, C-GUARD-4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from web4adapters.runtime.engine import (
    BULK_ITEMS,
    MAX_ARRIVALS,
    MAX_BATCH,
    MAX_BULK,
    kind_of,
)
from web4adapters.runtime.recovery import Revived, has_forgotten
from web4adapters.signers.guard import refusal, remembering
from web4core import (
    FETCH_BLOCKS,
    Account,
    Accuse,
    Address,
    Connected,
    Decide,
    Decided,
    Effect,
    Elapsed,
    Event,
    Fetch,
    Halt,
    Ledger,
    Message,
    Received,
    Refuse,
    RemoteProtocolError,
    Request,
    Resumed,
    Send,
    SetTimer,
    Settings,
    Sign,
    State,
    Submission,
    Submitted,
    TimerKind,
    Transaction,
    account_path,
    configure,
    decode_event,
    decode_state,
    encode_state,
    frame,
    may_drop,
    open_packet,
    received_bytes,
    standing,
    start,
    step,
    with_signature,
)
from web4lab.simulation.disk import (
    Damaged,
    Disk,
    DiskFull,
    Record,
    Recovered,
    Store,
    StoredBlock,
)
from web4lab.simulation.environment import (
    DEFECTS,
    Answer,
    Clock,
    Environment,
    Remedy,
    StepRaised,
)
from web4lab.simulation.federation import Federation, platform_name
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS

IDLE_SAVE_US = 50 * MS
"""An event that causes nothing is saved with the next that does, or after this time."""


@frozen
class _Arrival:
    """An event that waits to be stepped; its clock reading is taken when it is."""

    make: Callable[[int], Event]
    message: bytes | None = None
    items: int = 0
    answer: Answer | None = None


@define
class _Batch:
    """What has been stepped and is not yet durable."""

    records: list[bytes] = field(factory=list)
    effects: list[Effect] = field(factory=list)
    answers: list[tuple[Answer, dict[bytes, str]]] = field(factory=list)
    urgent: bool = False


@define(eq=False)
class _Process:
    """What a crash takes away."""

    state: State
    durable: State
    snapshot_height: int
    arrivals: deque[_Arrival] = field(factory=deque)
    bulk: deque[_Arrival] = field(factory=deque)
    batch: _Batch = field(factory=_Batch)
    timers: dict[TimerKind, int] = field(factory=dict)
    refusals: dict[bytes, str] = field(factory=dict)
    saving: bool = False
    overdue: bool = False
    turn_is_due: bool = False


class Platform:
    """One honest platform: a machine that runs a process, or does not."""

    def __init__(self, index: int, around: Environment, clock: Clock, disk: Disk) -> None:
        self.index = index
        self.clock = clock
        self.disk = disk
        self.remedy = Remedy.LEAVE
        self.is_damaged = False
        """Whether its store has lost, since the last start, what it had promised to keep."""
        self.was_damaged = False
        """Whether it ever has."""
        self.blocks: dict[int, StoredBlock] = {}
        self.committed: dict[bytes, int] = {}
        """The height of each transaction in these blocks."""
        self._around = around
        self._process: _Process | None = None
        self._paused_until_us = 0
        self._timers_set = 0

    # --- the machine ---

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    @property
    def state(self) -> State | None:
        """What its process knows."""
        return None if self._process is None else self._process.state

    @property
    def is_at_rest(self) -> bool:
        """Whether everything that was stepped is durable."""
        process = self._process
        return process is not None and not (
            process.saving or process.batch.records or process.arrivals or process.bulk
        )

    def boot(self) -> None:
        """Start the process from what is on the disk."""
        if self._process is not None:
            return
        revived = self._recover()
        if revived is None:
            return
        witness, state = self._around.witness, revived.state
        self.disk.guard.open()
        witness.restarted(self, revived)
        self.is_damaged = False
        self._fall_silent(revived)
        self._process = _Process(state, state, state.height)
        witness.note(self.index, f"boots at height {state.height}")
        settings = self._around.settings_of(self.index)
        self._push(lambda now_ms: Resumed(now_ms, settings))
        self._around.booted(self.index)

    def _fall_silent(self, revived: Revived) -> None:
        """Where something signed was forgotten, sign nothing (C-GUARD-4, C-GUARD-6)."""
        guard = self.disk.guard
        if has_forgotten(guard.memory, revived):
            height = max(last.height for last in guard.memory.last if last is not None)
            guard.silence_through(height)
            self._around.witness.note(self.index, f"stays silent through height {height}")

    def crash(self, dice: Prng) -> None:
        """The power goes."""
        if self._process is not None:
            self._process = None
            cost = self.disk.crash(dice)
            self._around.witness.note(self.index, f"crashes; unsynced: {cost or 'nothing'}")

    def pause(self, until_us: int) -> None:
        """The process does not run for a while; what arrives waits."""
        self._paused_until_us = max(self._paused_until_us, until_us)

    @property
    def is_writing(self) -> bool:
        """Whether a crash now would find something unsynced."""
        return self._process is not None and self.disk.store.has_unsynced

    def _recover(self) -> Revived | None:
        """What the disk tells; None if the platform stays down."""
        around, store = self._around, self.disk.store
        try:
            recovered = store.recover()
        except Damaged as damaged:
            around.witness.note(self.index, f"{damaged}; the operator {self.remedy.value}")
            if self.remedy is Remedy.LEAVE:
                return None
            if self.remedy is Remedy.DROP:
                store.drop_from(damaged.record)
            else:
                self.disk.store = Store(store.seed)
            recovered = self.disk.store.recover()
        self.blocks.clear()
        self.committed.clear()
        for block in recovered.blocks:
            self._keep(block)
        return _folded(around.federation, platform_name(self.index), recovered)

    # --- what comes in ---

    def receive(self, source: int, packet: bytes) -> None:
        """Take a packet from the network, through the gate."""
        process = self._process
        if process is None:
            return
        try:
            contents = open_packet(packet)
        except RemoteProtocolError:  # a link would break off here; nothing of the packet is heard
            return
        for content in contents:
            if isinstance(content, Request):
                self._serve(source, content.height)
            else:
                self._open(process, content)

    def _open(self, process: _Process, data: bytes) -> None:
        federation = self._around.federation
        parsed = federation.parse(data)
        if isinstance(parsed, str) or may_drop(process.state, parsed.message):
            return
        if not federation.is_authentic(data, parsed):
            return
        message = parsed.message
        arrival = _Arrival(lambda now_ms: Received(message, now_ms), data, _items(message))
        if isinstance(message, Submission | Decided):
            self._take(process.bulk, arrival, MAX_BULK)
        else:
            self._take(process.arrivals, arrival, MAX_ARRIVALS)

    def submit(self, items: tuple[Transaction, ...], answer: Answer) -> None:
        """Take transactions from clients; they were checked at the door."""
        process = self._process
        if process is not None:
            arrival = _Arrival(lambda now_ms: Submitted(items, now_ms), None, len(items), answer)
            self._take(process.bulk, arrival, MAX_BULK)

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._push(lambda now_ms: Connected(peer, now_ms))

    def refusal_of(self, transaction: bytes) -> str | None:
        """The code with which a transaction was refused since the process started."""
        return None if self._process is None else self._process.refusals.get(transaction)

    def account(self, address: Address) -> Account | None:
        """An account as of the last block that is durable here."""
        if self._process is None:
            return None
        entry = self._process.durable.app.entries.get(account_path(address))
        return entry if isinstance(entry, Account) else None

    def _push(self, make: Callable[[int], Event], message: bytes | None = None) -> None:
        if self._process is not None:
            self._take(self._process.arrivals, _Arrival(make, message), MAX_ARRIVALS)

    def _take(self, queue: deque[_Arrival], arrival: _Arrival, limit: int) -> None:
        if len(queue) < limit:  # beyond, the links are made to wait, and their senders drop
            queue.append(arrival)
            self._wake()

    # --- the loop ---

    def _wake(self) -> None:
        process = self._process
        if process is not None and not process.turn_is_due and not process.saving:
            process.turn_is_due = True
            self._around.time.at(self._paused_until_us, lambda: self._turn(process))

    def _is_frozen(self, process: _Process, then: Callable[[_Process], None]) -> bool:
        """Whether this process is gone, or paused: then what was to be done is done later."""
        if process is not self._process:
            return True
        if self._around.time.now_us < self._paused_until_us:
            self._around.time.at(self._paused_until_us, lambda: then(process))
            return True
        return False

    def _turn(self, process: _Process) -> None:
        """Step what waits; save it if somebody waits for it."""
        if self._is_frozen(process, self._turn):
            return
        process.turn_is_due = False
        if process.saving:
            return
        for _ in range(min(len(process.arrivals), MAX_BATCH)):
            self._step(process, process.arrivals.popleft())
        items = 0
        while process.bulk and items < BULK_ITEMS:
            arrival = process.bulk.popleft()
            items += arrival.items
            self._step(process, arrival)
        if process.batch.urgent or process.overdue:
            self._save(process)
        if process.arrivals or process.bulk:
            self._wake()

    def _step(self, process: _Process, arrival: _Arrival) -> None:
        now_ms = self.clock.now_ms()
        event = arrival.make(now_ms)
        if arrival.message is None:
            record = self._around.federation.events.encode(event)
        else:
            record = received_bytes(arrival.message, now_ms)
        before = process.state
        try:
            transition = step(before, event)
        except DEFECTS as error:
            raise StepRaised(f"platform {self.index}: {event!r}: {error!r}") from error
        process.state = transition.state
        self._around.witness.stepped(self.index, record, before, transition.state)
        batch = process.batch
        if not batch.records:
            self._around.time.after(IDLE_SAVE_US, lambda: self._save_idle(process, batch))
        batch.records.append(record)
        for effect in transition.effects:
            if isinstance(effect, SetTimer):  # stays on the machine, so it need not wait
                self._set_timer(process, effect)
                continue
            batch.effects.append(effect)
            batch.urgent = True
            self._tell(effect)
        if arrival.answer is not None:
            refusals = [each for each in transition.effects if isinstance(each, Refuse)]
            codes: dict[bytes, str] = {each.transaction: each.code for each in refusals}
            batch.answers.append((arrival.answer, codes))
            batch.urgent = True

    def _tell(self, effect: Effect) -> None:
        """The witness hears of what was found at once, even if a crash unmakes it."""
        witness = self._around.witness
        if isinstance(effect, Decide):
            witness.decided(self.index, effect)
        elif isinstance(effect, Refuse):
            witness.refused(self.index, effect.transaction, effect.code)

    def _set_timer(self, process: _Process, effect: SetTimer) -> None:
        self._timers_set += 1
        token, timer = self._timers_set, effect.timer
        process.timers[timer.kind] = token

        def elapse() -> None:
            if process is self._process and process.timers.get(timer.kind) == token:
                del process.timers[timer.kind]
                self._push(lambda now_ms: Elapsed(timer, now_ms))

        self._around.time.after(self.clock.delay_us(effect.delay_ms), elapse)

    # --- saving, and only then speaking (A-DUR-1) ---

    def _save_idle(self, process: _Process, batch: _Batch) -> None:
        if process is self._process and process.batch is batch:
            process.overdue = True
            self._wake()

    def _save(self, process: _Process) -> None:
        batch, process.batch, process.overdue = process.batch, _Batch(), False
        if not batch.records:
            return
        decided = tuple(self._stored(each) for each in batch.effects if isinstance(each, Decide))
        try:
            self.disk.store.append(Record(tuple(batch.records), decided))
        except DiskFull:
            self._stop("the disk is full")
            return
        process.saving = True
        state = process.state
        self._around.witness.wrote(self.index, self.disk.store.records, state)
        self._around.time.after(
            len(batch.records) * self._around.event_us + self.disk.delay_us,
            lambda: self._synced(process, batch, decided, state),
        )

    def _synced(
        self, process: _Process, batch: _Batch, decided: tuple[StoredBlock, ...], state: State
    ) -> None:
        """The store has what was stepped; now the guard must have what will be signed."""
        if self._is_frozen(process, lambda later: self._synced(later, batch, decided, state)):
            return
        self.disk.store.sync()
        self._around.witness.saved(self.index, self.disk.store.records)
        process.durable = state
        for block in decided:
            self._keep(block)
        guard = self.disk.guard
        memory = guard.memory
        allowed: list[bool] = []
        for effect in batch.effects:
            if isinstance(effect, Sign):
                statement = effect.draft.statement
                allowed.append(refusal(memory, statement) is None)
                if allowed[-1]:
                    memory = remembering(memory, statement)
        if memory == guard.memory:
            self._release(process, batch, allowed)
        else:
            guard.write(memory)
            self._around.time.after(
                self.disk.delay_us, lambda: self._release(process, batch, allowed)
            )

    def _release(self, process: _Process, batch: _Batch, allowed: list[bool]) -> None:
        """Everything is durable: sign, and carry out the effects."""
        if self._is_frozen(process, lambda later: self._release(later, batch, allowed)):
            return
        self.disk.guard.sync()
        process.saving = False
        granted = iter(allowed)
        for effect in batch.effects:
            if isinstance(effect, Sign):
                if next(granted):
                    self._say(effect)
                else:
                    self._around.witness.note(self.index, "is not let sign by its guard")
            else:
                self._perform(process, effect)
            if process is not self._process:
                return
        for answer, codes in batch.answers:
            answer(codes)
        self._snapshot_if_due(process)
        self._wake()

    def _say(self, effect: Sign) -> None:
        federation = self._around.federation
        statement = effect.draft.statement
        message = with_signature(effect.draft, federation.signature(statement))
        self._around.witness.signed(statement)
        encoded = federation.gate.encode(message)
        self._send(message, encoded, effect.to)
        self._push(lambda now_ms: Received(message, now_ms), encoded)

    def _send(self, message: Message, encoded: bytes, to: tuple[int, ...]) -> None:
        packet, kind = frame(encoded), kind_of(message)
        for target in to:
            self._around.send(self.index, target, kind, packet)

    def _perform(self, process: _Process, effect: Effect) -> None:
        match effect:
            case Send(message=message, to=to):
                self._send(message, self._around.federation.gate.encode(message), to)
            case Fetch(height=height, to=target):
                self._around.send(self.index, target, "request", frame(Request(height)))
            case Refuse(transaction=transaction, code=code):
                process.refusals[transaction] = code
            case Accuse(evidence=evidence):
                self._around.witness.accused(self.index, evidence)
            case Halt():
                self._around.witness.halted(self.index, effect)
                self._stop(effect.reason)
            case _:  # a decision was stored, and a timer set, before
                pass

    def _stop(self, why: str) -> None:
        """The process ends by itself; nothing that is unsaved has left."""
        self._around.witness.note(self.index, f"stops: {why}")
        self._process = None

    # --- blocks ---

    def _stored(self, effect: Decide) -> StoredBlock:
        decided = self._around.federation.gate.encode(Decided(effect.block, effect.certificate))
        ids = tuple(item.id for item in effect.block.payload)
        return StoredBlock(effect.block.header.height, effect.block.digest, decided, ids)

    def _keep(self, block: StoredBlock) -> None:
        self.blocks[block.height] = block
        for transaction in block.transactions:
            self.committed.setdefault(transaction, block.height)

    def _serve(self, source: int, height: int) -> None:
        """Send decided blocks to who asks for them (A-EFFECT-5)."""
        for each in range(height, height + FETCH_BLOCKS):
            block = self.blocks.get(each)
            if block is None:
                return
            self._around.send(self.index, source, "decided", frame(block.decided))

    def _snapshot_if_due(self, process: _Process) -> None:
        blocks = self._around.snapshot_blocks
        state = process.durable
        if blocks == 0 or state.height - process.snapshot_height < blocks:
            return
        try:
            self.disk.store.append(Record((), (), encode_state(state)))
        except DiskFull:
            self._stop("the disk is full")
            return
        self.disk.store.sync()
        self._around.witness.wrote(self.index, self.disk.store.records, state)
        self._around.witness.saved(self.index, self.disk.store.records)
        process.snapshot_height = state.height


def _folded(federation: Federation, name: str, recovered: Recovered) -> Revived:
    """The fold of what is on a disk (A-DUR-2), and what was said in it."""
    if recovered.state is None:
        state = start(federation.genesis, name, Settings(), Ledger.of).state
    else:
        config = configure(federation.genesis, name, Settings(), federation.ledger)
        state = decode_state(config, recovered.state)
    begun = (state.height, state.agreement.view)
    said = [draft.statement for draft in standing(state.agreement)]
    for record in recovered.events:
        transition = step(state, decode_event(federation.events, record))
        state = transition.state
        drafts = [each.draft for each in transition.effects if isinstance(each, Sign)]
        said.extend(draft.statement for draft in drafts)
    return Revived(state, recovered.records, begun, frozenset(said))


def _items(message: Any) -> int:
    if isinstance(message, Submission):
        return len(message.transactions)
    return len(message.block.payload) if isinstance(message, Decided) else 0
