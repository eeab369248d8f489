"""An honest platform: the shipped `Node`, driven on a simulated disk, links and clocks.

Each task of the node takes the time that its disk takes. A crash may come at any moment, and loses
everything but the disk.
The node decides the order of the tasks; this module only carries each of them out.
Clauses: A-DUR-1, A-DUR-2, A-EFFECT-1 to A-EFFECT-8, C-GUARD-4.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from web4adapters.runtime.engine import kind_of
from web4core import (
    FETCH_BLOCKS,
    Account,
    Accuse,
    Address,
    Answer,
    Connected,
    Decide,
    Decided,
    Elapsed,
    Event,
    Fetch,
    Flush,
    Halt,
    Journal,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Received,
    Refuse,
    Release,
    Remember,
    RemoteProtocolError,
    Request,
    SetTimer,
    SignAll,
    State,
    Submitted,
    TimerKind,
    Transaction,
    Write,
    account_path,
    encode_state,
    frame,
    open_packet,
)
from web4lab.simulation.disk import Damaged, Disk, DiskFull, Record, Store, StoredBlock
from web4lab.simulation.environment import (
    DEFECTS,
    Clock,
    Environment,
    Remedy,
    StepRaised,
    Told,
)
from web4lab.simulation.federation import platform_name
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS


@define(eq=False)
class _Process:
    """The state of the process, which a crash loses."""

    node: Node
    timers: dict[TimerKind, int] = field(factory=dict)
    refusals: dict[bytes, str] = field(factory=dict)
    saving: bool = False
    turn_is_due: bool = False


class Platform:
    """One honest platform: a machine whose process runs or is down."""

    def __init__(self, index: int, around: Environment, clock: Clock, disk: Disk) -> None:
        self.index = index
        self.clock = clock
        self.disk = disk
        self.remedy = Remedy.LEAVE
        self.is_damaged = False
        """Whether its store has lost durable data since the last start."""
        self.was_damaged = False
        """Whether it has ever lost durable data."""
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
        """The state of its node."""
        return None if self._process is None else self._process.node.state

    @property
    def is_at_rest(self) -> bool:
        """Whether everything that was stepped is durable."""
        process = self._process
        return process is not None and process.node.is_idle and not process.saving

    def boot(self) -> None:
        """Start the process from the disk."""
        if self._process is not None:
            return
        journal = self._read()
        if journal is None:
            return
        around = self._around
        self.disk.guard.open()
        try:
            node = Node(
                around.federation.genesis,
                platform_name(self.index),
                around.federation.ledger,
                journal=journal,
                memory=self.disk.guard.memory,
                settings=around.settings_of(self.index),
                snapshot_blocks=around.snapshot_blocks,
                gate=around.federation.gate,
            )
        except RemoteProtocolError as error:
            around.witness.unreadable(self.index, error)
            return
        around.witness.restarted(self.index, node, self.disk.guard.memory, self.is_damaged)
        self.is_damaged = False
        self._process = _Process(node)
        around.witness.note(self.index, f"boots at height {node.state.height}")
        if node.has_forgotten:
            silent = f"stays silent through height {node.silent_through}"
            around.witness.note(self.index, silent)
        self._wake()
        around.booted(self.index)

    def crash(self, dice: Prng) -> None:
        """Cut the power."""
        if self._process is not None:
            self._process = None
            cost = self.disk.crash(dice)
            self._around.witness.note(self.index, f"crashes; unsynced: {cost or 'nothing'}")

    def pause(self, until_us: int) -> None:
        """Stop the process for a while; arriving packets wait."""
        self._paused_until_us = max(self._paused_until_us, until_us)

    @property
    def is_writing(self) -> bool:
        """Whether a crash now would find something unsynced."""
        return self._process is not None and self.disk.store.has_unsynced

    def _read(self) -> Journal | None:
        """The content of the disk; None if the platform stays down."""
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
        return Journal(recovered.state, recovered.events, recovered.seq)

    # --- input ---

    def receive(self, source: int, packet: bytes) -> None:
        """Take a packet from the network, through the gate."""
        process = self._process
        if process is None:
            return
        try:
            contents = open_packet(packet)
        except RemoteProtocolError:  # a real link would break here; nothing of the packet is taken
            return
        for content in contents:
            if isinstance(content, Request):
                self._serve(source, content.height)
            else:
                self._open(process, content)

    def _open(self, process: _Process, data: bytes) -> None:
        federation = self._around.federation
        parsed = federation.parse(data)
        if isinstance(parsed, str) or process.node.is_late(parsed.message):
            return
        if federation.is_authentic(data, parsed):
            self._put(Received(parsed.message, self.clock.now_ms()), encoded=data)

    def submit(self, items: tuple[Transaction, ...], told: Told) -> None:
        """Take transactions from clients, who wait for their blocks; they passed the gate."""
        if self._process is not None:
            self._process.node.awaited.update(item.id for item in items)
            self._put(Submitted(items, self.clock.now_ms()), told=told)

    def connected(self, peer: int) -> None:
        """A link has come up."""
        self._put(Connected(peer, self.clock.now_ms()))

    def refusal_of(self, transaction: bytes) -> str | None:
        """The code with which a transaction was refused since the process started."""
        return None if self._process is None else self._process.refusals.get(transaction)

    def account(self, address: Address) -> Account | None:
        """An account as of the last block that is durable here."""
        if self._process is None:
            return None
        entry = self._process.node.durable.app.entries.get(account_path(address))
        return entry if isinstance(entry, Account) else None

    def _put(self, event: Event, *, encoded: bytes | None = None, told: Told | None = None) -> None:
        # without room, the links are made to wait, and their senders drop
        if self._process is not None and self._process.node.put(
            event, encoded=encoded, ticket=told
        ):
            self._wake()

    # --- the loop ---

    def _wake(self) -> None:
        process = self._process
        if process is not None and not process.turn_is_due:
            process.turn_is_due = True
            self._around.time.at(self._paused_until_us, lambda: self._turn(process))

    def _is_frozen(self, process: _Process, then: Callable[[_Process], None]) -> bool:
        """Whether this process is gone, or paused; if paused, the work is done later."""
        if process is not self._process:
            return True
        if self._around.time.now_us < self._paused_until_us:
            self._around.time.at(self._paused_until_us, lambda: then(process))
            return True
        return False

    def _turn(self, process: _Process) -> None:
        """Let the node take its waiting events, and begin with its tasks."""
        if self._is_frozen(process, self._turn):
            return
        process.turn_is_due = False
        self._step(process)
        self._work(process)

    def _step(self, process: _Process) -> None:
        witness = self._around.witness
        try:
            while (stepped := process.node.step(self.clock.now_ms())) is not None:
                witness.stepped(self.index, stepped)
                for timer in stepped.timers:
                    self._set_timer(process, timer)
                for effect in stepped.effects:  # the witness is told, even if a crash undoes it
                    if isinstance(effect, Decide):
                        witness.decided(self.index, effect)
                    elif isinstance(effect, Refuse):
                        witness.refused(self.index, effect.transaction, effect.code)
        except DEFECTS as error:
            raise StepRaised(f"platform {self.index}: {error!r}") from error

    def _set_timer(self, process: _Process, effect: SetTimer | Flush) -> None:
        if isinstance(effect, Flush):
            self._around.time.after(
                effect.delay_ms * MS, lambda: self._flush(process, effect.batch)
            )
            return
        self._timers_set += 1
        token, timer = self._timers_set, effect.timer
        process.timers[timer.kind] = token

        def elapse() -> None:
            if process is self._process and process.timers.get(timer.kind) == token:
                del process.timers[timer.kind]
                self._put(Elapsed(timer, self.clock.now_ms()))

        self._around.time.after(self.clock.delay_us(effect.delay_ms), elapse)

    def _flush(self, process: _Process, batch: int) -> None:
        if process is self._process:
            process.node.flush(batch)
            self._wake()

    # --- tasks ---

    def _work(self, process: _Process) -> None:
        """Carry out tasks until one takes time, or there is none."""
        while process is self._process and (task := process.node.next()) is not None:
            match task:
                case Write():
                    self._around.witness.writing(self.index, task, process.node.durable)
                    self._write(process, task)
                case Remember(memory=memory):
                    known = self.disk.guard.memory
                    self._around.witness.remembering(self.index, known, memory)
                    self.disk.guard.write(memory)
                    self._later(process, self.disk.delay_us, self._remembered)
                case SignAll():
                    self._sign(process, task)
                case Release(outputs=outputs):
                    self._around.witness.released(self.index, outputs)
                    for output in outputs:
                        self._perform(process, output)
                        if process is not self._process:
                            return
        self._snapshot_if_due(process)
        if process is self._process and process.node.has_work and not process.saving:
            self._wake()

    def _later(self, process: _Process, delay_us: int, then: Callable[[_Process], None]) -> None:
        process.saving = True
        self._around.time.after(delay_us, lambda: then(process))

    def _write(self, process: _Process, task: Write) -> None:
        blocks = tuple(self._stored(each) for each in task.blocks)
        try:
            self.disk.store.append(Record(task.records, blocks))
        except DiskFull:
            self._stop("the disk is full")
            return
        busy_us = len(task.records) * self._around.event_us
        self._later(
            process,
            busy_us + self.disk.delay_us,
            lambda later: self._written(later, len(task.records), blocks),
        )

    def _written(self, process: _Process, events: int, blocks: tuple[StoredBlock, ...]) -> None:
        if self._is_frozen(process, lambda later: self._written(later, events, blocks)):
            return
        self.disk.store.sync()
        self._around.witness.saved(self.index, events)
        for block in blocks:
            self._keep(block)
        process.saving = False
        process.node.written()
        self._work(process)

    def _remembered(self, process: _Process) -> None:
        if self._is_frozen(process, self._remembered):
            return
        self.disk.guard.sync()
        process.saving = False
        process.node.remembered()
        self._work(process)

    def _sign(self, process: _Process, task: SignAll) -> None:
        node, federation = process.node, self._around.federation
        witness, memory = self._around.witness, self.disk.guard.memory
        witness.signing(self.index, task, memory, node.waiting)
        node.signed([federation.signature(statement) for statement in task.statements])

    def _perform(self, process: _Process, output: Output) -> None:
        match output:
            case Outgoing(message=message, encoded=encoded, to=to):
                for target in to:
                    self._around.send(self.index, target, kind_of(message), frame(encoded))
            case NotSigned(conflict=conflict):
                self._around.witness.note(self.index, f"is not let sign by its guard: {conflict}")
            case Fetch(height=height, to=target):
                self._around.send(self.index, target, "request", frame(Request(height)))
            case Refuse(transaction=transaction, code=code):
                process.refusals[transaction] = code
                process.node.awaited.discard(transaction)
            case Decide(block=block):
                process.node.awaited.difference_update(item.id for item in block.payload)
            case Accuse(evidence=evidence):
                self._around.witness.accused(self.index, evidence)
            case Answer(ticket=ticket, refused=refused):
                if callable(ticket):
                    ticket(refused)
            case Halt():
                self._around.witness.halted(self.index, output)
                self._stop(output.reason)

    def _stop(self, why: str) -> None:
        """Stop the process by itself; no effect of an unsaved event has left."""
        self._around.witness.note(self.index, f"stops: {why}")
        self._process = None

    # --- blocks and snapshots ---

    def _stored(self, effect: Decide) -> StoredBlock:
        decided = self._around.federation.gate.encode(Decided(effect.block, effect.certificate))
        ids = tuple(item.id for item in effect.block.payload)
        return StoredBlock(effect.block.header.height, effect.block.digest, decided, ids)

    def _keep(self, block: StoredBlock) -> None:
        self.blocks[block.height] = block
        for transaction in block.transactions:
            self.committed.setdefault(transaction, block.height)

    def _serve(self, source: int, height: int) -> None:
        """Send decided blocks to the platform that asks for them (A-EFFECT-5)."""
        for each in range(height, height + FETCH_BLOCKS):
            block = self.blocks.get(each)
            if block is None:
                return
            self._around.send(self.index, source, "decided", frame(block.decided))

    def _snapshot_if_due(self, process: _Process) -> None:
        """Store a snapshot beside the work: events stepped meanwhile are not in it."""
        due = None if process is not self._process else process.node.snapshot()
        if due is None:
            return
        self._around.witness.snapshotted(self.index, due)
        record = Record((), (), encode_state(due.state), due.seq)

        def store() -> None:
            if process is not self._process:
                return
            try:
                self.disk.store.append(record)
            except DiskFull:
                self._stop("the disk is full")
                return
            self.disk.store.sync()
            process.node.snapshot_stored()

        self._around.time.after(self.disk.delay_us, store)
