"""Four platforms, and the messages on their way; nothing happens until the user says so.

Bytes leave a platform as flights, and arrive when they are delivered, in any order; timers run out
when they are told to; a crash loses all but the journal.
Signatures are made and verified by the host, asynchronously: `Gate.parse` collects them, and only a
verified message reaches `step`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from attrs import evolve

from web4core import (
    FETCH_BLOCKS,
    Accuse,
    Answer,
    Connected,
    Decide,
    Decided,
    Elapsed,
    Event,
    Fetch,
    Gate,
    Halt,
    Journal,
    Ledger,
    Memory,
    Message,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Proposal,
    ProposalDraft,
    Received,
    Refuse,
    Release,
    Remember,
    RemoteProtocolError,
    SetTimer,
    SignAll,
    Signature,
    State,
    Submitted,
    Task,
    TimerKind,
    Transaction,
    Write,
    key_is_acceptable,
    next_block,
    signature_is_acceptable,
    signing_bytes,
    with_signature,
)
from web4lab.playground.fixtures import BEGIN_MS, NAMES, Crypto, Keys, genesis_of, keys_of, private
from web4lab.playground.labels import details_of, kind_of, short, subject_of
from web4lab.playground.model import ASK, Flight, Row, Seat, said

DELIVERY_MS: Final = 1
"""The milliseconds by which the clock moves with a delivery."""
MAX_ROWS: Final = 400
"""The number of rows that are remembered."""
_key_is_acceptable = lru_cache(64)(key_is_acceptable)


class Playground:
    """The federation. Make one with `Playground.begin`."""

    def __init__(self, crypto: Crypto, keys: Keys) -> None:
        self.crypto = crypto
        self.keys = keys
        self.genesis = genesis_of(keys)
        self.ledger = Ledger.of(self.genesis)
        self.gate = Gate.of(self.genesis, self.ledger)
        self.now_ms = BEGIN_MS
        self.flights: list[Flight] = []
        self.rows: deque[Row] = deque(maxlen=MAX_ROWS)
        self._verified: set[tuple[bytes, bytes, bytes]] = set()
        self._next_id = 0
        self._notes: list[tuple[int, str, str]] = []
        self.seats = [Seat(self._node(index)) for index in range(len(NAMES))]

    @classmethod
    async def begin(cls, crypto: Crypto) -> Playground:
        """A federation whose platforms have all started, and greeted one another."""
        made = cls(crypto, await keys_of(crypto))
        for index in range(len(NAMES)):
            await made.drive(index)
        for flight in tuple(made.flights):
            await made.deliver(flight.id)
        made.rows.clear()
        return made

    # --- actions of the user ---

    async def deliver(self, flight_id: int) -> None:
        """Let a message arrive."""
        flight = self._take(flight_id)
        if flight is None:
            return
        self.now_ms += DELIVERY_MS
        seat = self.seats[flight.target]
        if not seat.up:
            self._tell("lost", flight, f"{NAMES[flight.target]} is down, and {said(flight)} lost")
            return
        if flight.data is None:
            self._answer(flight)
        else:
            await self._hear(flight.target, flight.data)
        self._tell("delivered", flight, f"{NAMES[flight.target]} gets {said(flight)}")

    def drop(self, flight_id: int) -> None:
        """Drop a message."""
        flight = self._take(flight_id)
        if flight is not None:
            self._tell("dropped", flight, f"{NAMES[flight.target]} never gets {said(flight)}")

    def delay(self, flight_id: int) -> None:
        """Put a message behind all others."""
        flight = self._take(flight_id)
        if flight is not None:
            self.flights.append(flight)

    async def fire(self, index: int, kind: str) -> None:
        """Let the clock move to a timer of a platform, and the timer run out."""
        seat = self.seats[index]
        found = seat.timers.pop(TimerKind[kind], None)
        if found is None or not seat.up:
            return
        due_ms, timer = found
        self.now_ms = max(self.now_ms, due_ms)
        await self.feed(index, Elapsed(timer, self.now_ms))
        self._happened("timer", index, kind, f"{NAMES[index]}'s {kind} timer runs out")

    def next_timer(self) -> tuple[int, int, str] | None:
        """The timer that runs out first: its time, its platform, and its kind."""
        due = [
            (due_ms, index, kind.name)
            for index, seat in enumerate(self.seats)
            if seat.up
            for kind, (due_ms, _) in seat.timers.items()
        ]
        return min(due, default=None)

    def crash(self, index: int) -> None:
        """Crash a platform: it loses all but its journal; its messages are still on their way."""
        self.seats[index].up = False
        self.seats[index].timers.clear()
        self._happened("crash", index, "crash", f"{NAMES[index]} crashes")

    async def restart(self, index: int) -> None:
        """Restart a platform: it folds its journal, and goes on from there (A-DUR-2)."""
        seat = self.seats[index]
        if seat.up:
            return
        seat.node, seat.up = self._node(index, seat.journal, seat.memory), True
        await self.drive(index)
        for other, its in enumerate(self.seats):
            if other != index and its.up:
                await self.feed(other, Connected(index, self.now_ms))
                await self.feed(index, Connected(other, self.now_ms))
        folded = f"{NAMES[index]} restarts from its journal of {len(seat.journal)} events"
        self._happened("restart", index, "restart", folded)

    async def submit(self, index: int, transaction: Transaction, text: str) -> None:
        """A client hands a transaction to a platform."""
        if not self.seats[index].up:
            nobody = f"{NAMES[index]} is down, and takes no transaction"
            self._happened("submit", index, "submit", nobody)
            return
        item, claims = self.gate.parse_item(transaction.encoded)
        for claim in claims:
            await self._check(*claim)
        self.now_ms += DELIVERY_MS
        await self.feed(index, Submitted((item,), self.now_ms))
        self._happened("submit", index, "submit", text)

    async def forge(self, flight_id: int) -> None:
        """Let the proposer equivocate: this receiver gets a block that the others do not get."""
        place = next((i for i, each in enumerate(self.flights) if each.id == flight_id), None)
        if place is None:
            return
        flight = self.flights[place]
        state = self.seats[flight.source].state
        message = None if flight.data is None else self.gate.parse(flight.data).message
        if not isinstance(message, Proposal) or message.statement.height != state.height:
            return
        block = next_block(state, message.block.header.time_ms + 1)
        statement = evolve(message.statement, digest=block.digest)
        draft = ProposalDraft(statement, block, None)
        said = signing_bytes(self.gate.chain_id, draft.statement)
        other = with_signature(draft, await self._sign(flight.source, said))
        about, text = subject_of(other), details_of(other)
        data = self.gate.encode(other)
        self.flights[place] = evolve(flight, about=about, text=text, data=data)
        source, target = NAMES[flight.source], NAMES[flight.target]
        lie = f"{source} betrays: it proposes block {about} to {target}, and another to others"
        self._happened("forge", flight.source, "forge", lie)

    # --- between the core and the network ---

    async def feed(self, index: int, event: Event) -> None:
        """Let a platform take an event, with all its consequences within the platform."""
        self.seats[index].node.put(event)
        await self.drive(index)

    async def drive(self, index: int) -> None:
        """Let the node of a platform take its waiting events, and carry out its tasks."""
        seat = self.seats[index]
        node = seat.node
        while node.has_work:
            while (stepped := node.step(self.now_ms)) is not None:
                self._note_changes(index, stepped.before, stepped.after)
                for timer in stepped.timers:
                    if isinstance(timer, SetTimer):
                        due_ms = self.now_ms + timer.delay_ms
                        seat.timers[timer.timer.kind] = (due_ms, timer.timer)
            node.flush()  # a disk in memory need not wait for more
            while (task := node.next()) is not None:
                await self._carry_out(index, seat, task)
        armed = seat.state.armed
        seat.timers = {kind: each for kind, each in seat.timers.items() if each[1] in armed}

    async def _carry_out(self, index: int, seat: Seat, task: Task) -> None:
        match task:
            case Write(records=records, blocks=blocks):
                seat.journal.extend(records)
                for each in blocks:
                    decided = Decided(each.block, each.certificate)
                    seat.blocks[each.block.header.height] = decided
                seat.node.written()
            case Remember(memory=memory):
                seat.memory = memory
                seat.node.remembered()
            case SignAll(messages=messages):
                seat.node.signed([await self._sign(index, each) for each in messages])
            case Release(outputs=outputs):
                for output in outputs:
                    self._perform(index, output)

    def _perform(self, index: int, output: Output) -> None:
        match output:
            case Outgoing(message=message, to=to):
                self._send(index, to, message)
            case Decide(block=block):
                self._notes.append((index, "decide", f"decides {short(block.digest)}"))
            case Fetch(height=height, to=target):
                text = f"blocks from height {height} on"
                self._launch(Flight(self._id(), index, target, ASK, "", text, height=height))
            case Accuse(evidence=evidence):
                culprit = NAMES[evidence.first.signer]
                self._notes.append((index, "alarm", f"accuses {culprit}"))
            case Refuse(code=code):
                self._notes.append((index, "alarm", f"refuses: {code}"))
            case Halt(clause=clause):
                self._notes.append((index, "alarm", f"halts ({clause})"))
            case NotSigned(statement=statement):
                self._notes.append((index, "alarm", f"does not sign a {statement.kind.name}"))
            case Answer():
                raise AssertionError("nobody waits for an answer here")

    async def _sign(self, index: int, message: bytes) -> Signature:
        signature = await self.crypto.sign(private(NAMES[index]), message.hex())
        return Signature(bytes.fromhex(signature))

    async def _hear(self, index: int, data: bytes) -> None:
        """Take bytes from outside through the gate, with all signatures verified (A-EVENT-3)."""
        parsed = self.gate.parse(data)
        for claim in parsed.checks:
            await self._check(*claim)
        await self.feed(index, Received(parsed.message, self.now_ms))

    async def _check(self, key: bytes, message: bytes, signature: bytes) -> None:
        claim = (key, message, signature)
        if claim in self._verified:
            return
        fit = _key_is_acceptable(key) and signature_is_acceptable(signature)
        if not fit or not await self.crypto.verify(key.hex(), message.hex(), signature.hex()):
            raise RemoteProtocolError("W-MSG-2", "a signature does not verify")
        self._verified.add(claim)

    def _send(self, source: int, to: tuple[int, ...], message: Message) -> None:
        about = (kind_of(message), subject_of(message), details_of(message))
        data = self.gate.encode(message)
        for target in to:
            self._launch(Flight(self._id(), source, target, *about, data))

    def _launch(self, flight: Flight) -> None:
        """Put a message on its way, unless an equal one is on its way already."""
        same = (flight.source, flight.target, flight.kind, flight.text, flight.data)
        if all((o.source, o.target, o.kind, o.text, o.data) != same for o in self.flights):
            self.flights.append(flight)

    def _answer(self, flight: Flight) -> None:
        blocks = self.seats[flight.target].blocks
        for height in range(flight.height, flight.height + FETCH_BLOCKS):
            if height in blocks:
                self._send(flight.target, (flight.source,), blocks[height])

    # --- the rows that are remembered ---

    def _note_changes(self, index: int, before: State, now: State) -> None:
        was, agreement = before.agreement, now.agreement
        if agreement.height == was.height and agreement.view > was.view:
            self._notes.append((index, "view", f"enters view {agreement.view}"))
        if agreement.lock is not None and agreement.lock != was.lock:
            lock = agreement.lock
            self._notes.append((index, "lock", f"locks {short(lock.digest)}"))

    def _tell(self, what: str, flight: Flight, text: str) -> None:
        ends = (flight.source, flight.target)
        self._add(what, ends, (flight.kind, flight.about), text)

    def _happened(self, what: str, index: int, kind: str, text: str) -> None:
        self._add(what, (index, index), (kind, ""), text)

    def _add(self, what: str, ends: tuple[int, int], about: tuple[str, str], text: str) -> None:
        told = "; ".join(f"{NAMES[who]} {words}" for who, _, words in self._notes)
        sentence = f"{text}. {told}." if told else f"{text}."
        self.rows.append(Row(self._id(), what, *ends, *about, sentence, tuple(self._notes)))
        self._notes.clear()

    # --- small things ---

    def _node(
        self, index: int, journal: Iterable[bytes] = (), memory: Memory | None = None
    ) -> Node:
        return Node(
            self.genesis,
            NAMES[index],
            self.ledger,
            journal=Journal(records=journal),
            memory=memory,
            gate=self.gate,
        )

    def _take(self, flight_id: int) -> Flight | None:
        for place, flight in enumerate(self.flights):
            if flight.id == flight_id:
                return self.flights.pop(place)
        return None

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id
