"""A *persona*: the real core without disk or guard; an adversary sends or changes its messages.

The common part of all Byzantine platforms lives here; their strategies are in `byzantine`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from attrs import define, evolve, field

from web4adapters.runtime.engine import kind_of
from web4core import (
    FETCH_BLOCKS,
    Connected,
    Decide,
    Decided,
    Digest,
    Elapsed,
    Event,
    Fetch,
    Kind,
    Ledger,
    Message,
    Received,
    RemoteProtocolError,
    Request,
    Resumed,
    Send,
    SetTimer,
    Sign,
    State,
    Statement,
    Submitted,
    TimerKind,
    Transaction,
    View,
    frame,
    open_packet,
    start,
    step,
)
from web4lab.simulation.environment import DEFECTS, Environment, StepRaised
from web4lab.simulation.federation import START_MS, Federation, platform_name
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS

Speak: TypeAlias = Callable[[Message, tuple[int, ...]], None]


@define(eq=False)
class ByzantineReplica:
    """A persona: a replica without disk or guard, whose messages go to the function `speak`."""

    index: int
    around: Environment
    state: State
    speak: Speak
    ahead_ms: int = 0
    """The milliseconds that its clock is ahead, so that two personas never make the same block."""
    blocks: dict[int, bytes] = field(factory=dict)
    on_decide: Callable[[], None] | None = None
    _timers: dict[TimerKind, int] = field(factory=dict)
    _timers_set: int = 0

    @classmethod
    def new(
        cls, index: int, around: Environment, speak: Speak, ahead_ms: int = 0
    ) -> ByzantineReplica:
        """A persona that knows nothing but the genesis."""
        genesis = around.federation.genesis
        state = start(genesis, platform_name(index), around.settings_of(index), Ledger.of).state
        return cls(index, around, state, speak, ahead_ms)

    def now_ms(self) -> int:
        """The reading of its clock."""
        return START_MS + self.around.time.now_us // MS + self.ahead_ms

    def resume(self) -> None:
        """Begin, or go on after a copy was made of it."""
        self.feed(Resumed(self.now_ms()))

    def hear(self, message: Message) -> None:
        """Take a message that passed the gate."""
        self.feed(Received(message, self.now_ms()))

    def feed(self, event: Event) -> None:
        """Step the core, and pass its messages on."""
        try:
            transition = step(self.state, event)
        except DEFECTS as error:
            raise StepRaised(f"a persona of platform {self.index}: {event!r}: {error!r}") from error
        self.state = transition.state
        for effect in transition.effects:
            match effect:
                case Sign(draft=draft, to=to):
                    message = self.around.federation.signed(draft)
                    self.around.time.after(0, partial(self.hear, message))
                    self.speak(message, to)
                case Send(message=message, to=to):
                    self.speak(message, to)
                case SetTimer(timer=timer, delay_ms=delay_ms):
                    self._set_timer(Elapsed(timer, 0), delay_ms)
                case Fetch(height=height, to=target):
                    request = frame(Request(height))
                    self.around.send(self.index, target, "request", request)
                case Decide(block=block, certificate=certificate):
                    decided = Decided(block, certificate)
                    encoded = self.around.federation.gate.encode(decided)
                    self.blocks[block.header.height] = encoded
                    if self.on_decide is not None:
                        self.around.time.after(0, self.on_decide)
                case _:
                    pass

    def _set_timer(self, event: Elapsed, delay_ms: int) -> None:
        self._timers_set += 1
        token, kind = self._timers_set, event.timer.kind
        self._timers[kind] = token

        def elapse() -> None:
            if self._timers.get(kind) == token:
                del self._timers[kind]
                self.feed(evolve(event, now_ms=self.now_ms()))

        self.around.time.after(delay_ms * MS, elapse)


class Adversary:
    """A Byzantine platform; this one sends nothing at all."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        self.index = index
        self.around = around
        self.dice = dice

    @property
    def federation(self) -> Federation:
        """The federation, as fixed by its genesis."""
        return self.around.federation

    @property
    def others(self) -> tuple[int, ...]:
        """All platforms but this one."""
        return tuple(each for each in range(self.federation.n) if each != self.index)

    def begin(self) -> None:
        """Start to misbehave."""

    def receive(self, source: int, packet: bytes) -> None:
        """Take a packet from the network."""

    def connected(self, peer: int) -> None:
        """A link has come up."""

    def submit(self, items: tuple[Transaction, ...]) -> None:
        """Take transactions from clients; it does not answer them."""

    def frames(self, packet: bytes) -> tuple[bytes | Request, ...]:
        """The frames of a packet; none if it is malformed."""
        try:
            return open_packet(packet)
        except RemoteProtocolError:
            return ()

    def messages(self, packet: bytes) -> tuple[Message, ...]:
        """The messages of a packet that pass the gate."""
        found: list[Message] = []
        for data in self.frames(packet):
            if isinstance(data, Request):
                continue
            parsed = self.federation.parse(data)
            if not isinstance(parsed, str) and self.federation.is_authentic(data, parsed):
                found.append(parsed.message)
        return tuple(found)

    def tell(self, message: Message, to: tuple[int, ...]) -> None:
        """Send a message as it is."""
        packet, kind = frame(self.federation.gate.encode(message)), kind_of(message)
        for target in to:
            self.around.send(self.index, target, kind, packet)

    def serve(self, persona: ByzantineReplica, source: int, height: int) -> None:
        """Answer a request for blocks, with those of a persona."""
        for each in range(height, height + FETCH_BLOCKS):
            if each not in persona.blocks:
                return
            self.around.send(self.index, source, "decided", frame(persona.blocks[each]))

    def every(self, least_ms: int, most_ms: int, act: Callable[[], None]) -> None:
        """Do something again and again, at irregular times."""

        def turn() -> None:
            act()
            self.every(least_ms, most_ms, act)

        self.around.time.after(self.dice.between(least_ms, most_ms) * MS, turn)

    def statement(self, kind: Kind, height: int, view: int, digest: bytes) -> Statement:
        """Something that this platform could sign."""
        return Statement(kind, height, View(view), Digest(digest), self.index)


class Puppeteer(Adversary):
    """A platform with one persona; by default it sends the persona's messages unchanged."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self.persona = ByzantineReplica.new(index, around, self.speak)

    def begin(self) -> None:
        self.persona.resume()

    def receive(self, source: int, packet: bytes) -> None:
        for content in self.frames(packet):
            if isinstance(content, Request):
                self.serve(self.persona, source, content.height)
        for message in self.messages(packet):
            self.heard(message)
            self.persona.hear(message)

    def connected(self, peer: int) -> None:
        self.persona.feed(Connected(peer, self.persona.now_ms()))

    def submit(self, items: tuple[Transaction, ...]) -> None:
        self.persona.feed(Submitted(items, self.persona.now_ms()))

    def heard(self, message: Message) -> None:
        """Look at a message before the persona takes it."""

    def speak(self, message: Message, to: tuple[int, ...]) -> None:
        """Send a message of the persona, or another one in its place."""
        self.tell(message, to)
