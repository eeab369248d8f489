"""A federation in memory: real replicas, real bytes, a network and a clock that a test commands.

Nothing happens by itself: messages wait in `wires` until somebody delivers, drops or doubles them,
timers wait in `timers`, and time moves when told to.
Every state is checked against `web4core.invariants` after every step.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar, overload

from attrs import define, evolve, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from web4core import invariants
from web4core.application import AnyApplication
from web4core.chain import Block, Genesis, Platform
from web4core.effects import Accuse, Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign
from web4core.errors import RemoteProtocolError
from web4core.events import (
    Connected,
    Elapsed,
    Event,
    Received,
    Resumed,
    Submitted,
    Timer,
    TimerKind,
)
from web4core.gate import Gate
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.state import Address
from web4core.ledger.transactions import Body, Transaction, assemble, draft
from web4core.messages import (
    Certificate,
    Decided,
    Draft,
    Evidence,
    Message,
    Proposal,
    ProposalDraft,
    SignedMessage,
    Statement,
    Status,
    StatusDraft,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    signing_bytes,
    with_signature,
)
from web4core.replica import State, configure, start, step
from web4core.settings import Settings
from web4core.snapshot import decode_event, encode_event, event_schema
from web4core.types import PublicKey, Signature, TimeMs

NAMES = ("thor", "sprout", "legion", "platform2", "odin", "freya", "loki", "baldr", "idun", "bragi")
START_MS = TimeMs(1_700_000_000_000)

MAX_HEAL_TIMERS = 4_000
"""How many timers may run out until all is done."""

D = TypeVar("D", bound=Draft)


def draft_of(message: Draft | SignedMessage) -> Draft:
    """A message without its signature; a draft is one already."""
    match message:
        case Vote(statement=statement):
            return VoteDraft(statement)
        case Proposal(statement=statement, block=block, justification=justification):
            return ProposalDraft(statement, block, justification)
        case ViewChange(statement=statement, prepared=prepared, block=block):
            return ViewChangeDraft(statement, prepared, block)
        case Status(statement=statement):
            return StatusDraft(statement)
    return message


@frozen
class Key:
    """A signing key made from a word, so that tests are the same every time."""

    word: str

    @property
    def private(self) -> Ed25519PrivateKey:
        return _private(self.word)

    @property
    def public(self) -> PublicKey:
        return _public(self.word)

    def sign(self, message: bytes) -> Signature:
        return Signature(self.private.sign(message))


@lru_cache(4096)
def _private(word: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())


@lru_cache(4096)
def _public(word: str) -> PublicKey:
    return PublicKey(_private(word).public_key().public_bytes_raw())


@lru_cache(1 << 16)
def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def platform_key(index: int) -> Key:
    return Key(f"platform {NAMES[index]}")


def owner_key(address: Address) -> Key:
    return Key(f"owner {address}")


ALICE = Address(platform="thor", agent="alice")
BOB = Address(platform="sprout", agent="bob")


def make_genesis(n: int, accounts: dict[Address, int] | None = None) -> Genesis:
    """A genesis of n platforms; alice@thor has 1000 ATP and, from n = 2, bob@sprout 500."""
    if accounts is None:
        accounts = {ALICE: 1_000_000_000}
        if n > 1:
            accounts[BOB] = 500_000_000
    return Genesis(
        chain="test",
        time_ms=START_MS,
        platforms=tuple(Platform(NAMES[i], platform_key(i).public) for i in range(n)),
        content=genesis_content(
            GenesisAccount(address, owner_key(address).public, amount)
            for address, amount in accounts.items()
        ),
    )


def sign(body: Body, *keys: Key) -> Transaction:
    """A transaction signed by these keys."""
    publics = tuple(key.public for key in keys)
    _, message = draft(body, publics)
    return assemble(body, publics, tuple(key.sign(message) for key in keys))


@define
class Node:
    """One platform: its state, its journal, its timers."""

    state: State
    journal: list[bytes] = field(factory=list)
    timers: dict[TimerKind, tuple[int, Timer]] = field(factory=dict)
    blocks: dict[int, Decided] = field(factory=dict)
    refused: list[Refuse] = field(factory=list)
    evidence: list[Evidence] = field(factory=list)
    inbox: deque[Event] = field(factory=deque)
    busy: bool = False
    up: bool = True


class Federation:
    """n platforms, of which `byzantine` have no replica: the test speaks for them."""

    def __init__(
        self,
        n: int,
        *,
        byzantine: Iterable[int] = (),
        settings: Settings | None = None,
        accounts: dict[Address, int] | None = None,
        check: bool = True,
        application: Callable[[Genesis], AnyApplication] = Ledger.of,
    ) -> None:
        self.n = n
        self.genesis = make_genesis(n, accounts)
        self.settings = settings or Settings()
        self.application = application
        self.ledger = application(self.genesis)
        self.gate = Gate.of(self.genesis, self.ledger)
        self.events = event_schema(self.ledger)
        self.chain_id = self.gate.chain_id
        self.byzantine = tuple(byzantine)
        self.honest = tuple(i for i in range(n) if i not in self.byzantine)
        self.now_ms: int = START_MS
        self.check = check
        self.wires: dict[tuple[int, int], deque[bytes]] = {}
        self.signed: list[Statement] = []
        self.sent: list[tuple[int, int, Message]] = []
        self.cut: Callable[[int, int, Message], bool] = lambda _source, _target, _message: False
        self.nodes: dict[int, Node] = {}
        for index in self.honest:
            self.nodes[index] = Node(self.fresh(index))
        for index in self.honest:
            self.feed(index, Resumed(self.now_ms))

    def fresh(self, index: int) -> State:
        return start(self.genesis, NAMES[index], self.settings, self.application).state

    # --- driving ---

    def feed(self, index: int, event: Event) -> None:
        """Take an event, then what the platform says to itself, each to its end (A-EFFECT-9)."""
        node = self.nodes[index]
        node.inbox.append(event)
        while node.inbox and not node.busy:
            node.busy = True
            self._take(index, node, node.inbox.popleft())
            node.busy = False

    def _take(self, index: int, node: Node, event: Event) -> None:
        """Journal an event, step, carry out the effects."""
        node.journal.append(encode_event(self.events, event))
        transition = step(node.state, event)
        node.state = transition.state
        if self.check:
            violations = invariants.check_state(node.state)
            assert not violations, violations
        for effect in transition.effects:
            self._perform(index, node, effect)

    def _perform(self, index: int, node: Node, effect: Effect) -> None:
        match effect:
            case Sign(draft=unsigned, to=to):
                message = self.sign_as(index, unsigned)
                self.signed.append(message.statement)
                for target in to:
                    self.send(index, target, message)
                self.feed(index, Received(message, self.now_ms))
            case Send(message=message, to=to):
                for target in to:
                    self.send(index, target, message)
            case SetTimer(timer=timer, delay_ms=delay_ms):
                node.timers[timer.kind] = (self.now_ms + delay_ms, timer)
            case Decide(block=block, certificate=certificate):
                assert block.header.height not in node.blocks
                node.blocks[block.header.height] = Decided(block, certificate)
                if self.check:
                    self.check_decisions()
            case Fetch(height=height, to=target):
                self._serve(index, target, height)
            case Refuse():
                node.refused.append(effect)
            case Accuse(evidence=evidence):
                node.evidence.append(evidence)
            case Halt():
                raise AssertionError(effect)

    def _serve(self, index: int, target: int, height: int) -> None:
        other = self.nodes.get(target)
        if other is None or not other.up:
            return
        for each in range(height, height + 32):
            if each in other.blocks:
                self.send(target, index, other.blocks[each])

    @overload
    def sign_as(self, index: int, unsigned: VoteDraft | Vote) -> Vote: ...
    @overload
    def sign_as(self, index: int, unsigned: ProposalDraft | Proposal) -> Proposal: ...
    @overload
    def sign_as(self, index: int, unsigned: ViewChangeDraft | ViewChange) -> ViewChange: ...
    @overload
    def sign_as(self, index: int, unsigned: StatusDraft | Status) -> Status: ...
    def sign_as(self, index: int, unsigned: Draft | SignedMessage) -> SignedMessage:
        """What this platform's key makes of a draft, or of a message whose signature is dropped."""
        message = signing_bytes(self.chain_id, unsigned.statement)
        return with_signature(draft_of(unsigned), platform_key(index).sign(message))

    def send(self, source: int, target: int, message: Message) -> None:
        """Put a message on the wire, as bytes, unless the link is cut or the target Byzantine."""
        self.sent.append((source, target, message))
        if target in self.byzantine or self.cut(source, target, message):
            return
        self.put(source, target, message)

    def put(self, source: int, target: int, message: Message) -> None:
        """Put a message on the wire, whatever is cut: one of a Byzantine platform, or one again."""
        self.wires.setdefault((source, target), deque()).append(self.gate.encode(message))

    def deliver(self, source: int, target: int) -> None:
        """Deliver the oldest message of a link through the gate."""
        data = self.wires[source, target].popleft()
        if self.nodes[target].up:
            self.feed(target, Received(self.gate.open(data, verify), self.now_ms))

    def hand_over(self, target: int, data: bytes) -> None:
        """Through the gate, which may refuse what Byzantine platforms made, and only so."""
        if not self.nodes[target].up:
            return
        try:
            message = self.gate.open(data, verify)
        except RemoteProtocolError:
            return
        self.feed(target, Received(message, self.now_ms))

    def loaded(self) -> list[tuple[int, int]]:
        """The links that hold messages, in a fixed order."""
        return sorted(link for link, queue in self.wires.items() if queue)

    def settle(self, limit: int = 100_000) -> None:
        """Deliver everything, link by link, until nothing is on its way."""
        for _ in range(limit):
            links = self.loaded()
            if not links:
                return
            for link in links:
                self.deliver(*link)
        raise AssertionError("the federation does not come to rest")

    def fire_next_timer(self) -> bool:
        """Move the clock to the next timer, and let it run out."""
        due = [
            (at_ms, index, kind)
            for index, node in self.nodes.items()
            if node.up
            for kind, (at_ms, _) in node.timers.items()
        ]
        if not due:
            return False
        _, index, kind = min(due)
        self.ring_when_due(index, kind)
        return True

    def ring_when_due(self, index: int, kind: TimerKind) -> None:
        """Move the clock to where a timer of a platform is due, and let it run out."""
        at_ms, _ = self.nodes[index].timers[kind]
        self.now_ms = max(self.now_ms, at_ms)
        self.ring(index, kind)

    def ring(self, index: int, kind: TimerKind) -> None:
        """Let a timer of a platform run out now, be it early or late."""
        _, timer = self.nodes[index].timers.pop(kind)
        self.feed(index, Elapsed(timer, self.now_ms))

    def run(self, until: Callable[[], bool], limit: int = 2_000) -> None:
        """Deliver everything and fire timers in order until the condition holds."""
        for _ in range(limit):
            self.settle()
            if until():
                return
            if not self.fire_next_timer():
                break
        raise AssertionError("the federation stopped short of its goal")

    def heal(self) -> None:
        """From here on all goes well: everybody is up and linked, and timers run in order."""
        for index in self.honest:
            if not self.nodes[index].up:
                self.restart(index)
        self.connect()
        for _ in range(MAX_HEAL_TIMERS):
            while links := self.loaded():
                for link in links:
                    self.hand_over(link[1], self.wires[link].popleft())
            if self.finished() or not self.fire_next_timer():
                return

    def connect(self) -> None:
        """All links between platforms that are up come up anew."""
        for index in self.up():
            for other in self.up():
                if index != other:
                    self.feed(index, Connected(other, self.now_ms))

    # --- what clients and faults do ---

    def submit(self, index: int, *transactions: Any) -> bool:
        """Hand transactions to a platform, as its clients do; whether it refuses none of them."""
        refused = len(self.nodes[index].refused)
        for transaction in transactions:
            item, claims = self.gate.parse_item(transaction.encoded)
            assert all(verify(*claim) for claim in claims)
            assert item == transaction
        self.now_ms += 1
        self.feed(index, Submitted(transactions, self.now_ms))
        return len(self.nodes[index].refused) == refused

    def crash_or_restart(self, index: int) -> None:
        """A platform falls, or one that fell comes back."""
        (self.crash if self.nodes[index].up else self.restart)(index)

    def crash(self, index: int) -> None:
        """Lose all but the journal, and what was on the wire."""
        node = self.nodes[index]
        node.up = False
        node.timers.clear()
        for link, queue in self.wires.items():
            if index in link:
                queue.clear()

    def restart(self, index: int) -> None:
        """Fold the journal again, then go on."""
        node = self.nodes[index]
        state = self.fresh(index)
        for record in node.journal:
            state = step(state, decode_event(self.events, record)).state
        assert state == node.state
        node.state = state
        node.up = True
        self.feed(index, Resumed(self.now_ms))
        for other in self.honest:
            if other != index and self.nodes[other].up:
                self.feed(other, Connected(index, self.now_ms))
                self.feed(index, Connected(other, self.now_ms))

    # --- what tests ask ---

    def height(self, index: int) -> int:
        return self.nodes[index].state.height

    def at_height(self, height: int) -> Callable[[], bool]:
        """Whether every honest platform that is up has reached this height."""
        return lambda: all(node.state.height >= height for node in self.nodes.values() if node.up)

    def up(self) -> list[int]:
        """The honest platforms that have not fallen."""
        return [index for index in self.honest if self.nodes[index].up]

    def finished(self) -> bool:
        """Whether all that are up are at one height, with nothing left to do."""
        states = [self.nodes[index].state for index in self.up()]
        same_height = len({state.height for state in states}) == 1
        return same_height and all(self.ledger.pending(state.pool) == 0 for state in states)

    def forgotten(self, acknowledged: Iterable[Transaction]) -> list[Transaction]:
        """What is neither in the chain nor refused."""
        nodes = self.nodes.values()
        decided = next(iter(nodes)).blocks.values()
        included = {item.id for each in decided for item in each.block.payload}
        refused = {refusal.transaction for node in nodes for refusal in node.refused}
        return [each for each in acknowledged if each.id not in included | refused]

    def check_decisions(self) -> None:
        """Agreement, over everything that any honest platform ever decided."""
        decisions = [
            invariants.Decision(index, decided.block)
            for index, node in self.nodes.items()
            for decided in node.blocks.values()
        ]
        violations = invariants.check_decisions(decisions)
        assert not violations, violations

    def check_statements(self) -> None:
        """No honest platform signed two conflicting statements, in all of its life."""
        violations = invariants.check_statements(self.signed)
        assert not violations, violations

    def ledger_of(self, index: int) -> object:
        return self.nodes[index].state.app


__all__ = [
    "ALICE",
    "BOB",
    "Block",
    "Certificate",
    "Federation",
    "Key",
    "configure",
    "evolve",
    "sign",
]
