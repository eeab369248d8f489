"""One platform between the core and a runtime: what is the same wherever it is embedded.

It carries out effects as far as that needs no runtime: it journals, signs, hears its own voice, and
keeps its timers. What is left to a driver is to move bytes between inboxes and to wait.
Four of these with their keys made of words are a federation.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeAlias

from attrs import asdict
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.runtimes.replay import Crypto, Document
from web4adapters.signers import Verifier
from web4core import (
    Accuse,
    Address,
    Decide,
    Decided,
    Draft,
    Elapsed,
    Event,
    Fetch,
    Gate,
    Genesis,
    GenesisAccount,
    Halt,
    Ledger,
    Platform,
    Received,
    Refuse,
    RemoteProtocolError,
    Resumed,
    Send,
    SetTimer,
    Settings,
    Sign,
    Signed,
    Submitted,
    Timer,
    TimerKind,
    Transaction,
    Transfer,
    assemble,
    draft,
    event_schema,
    genesis_content,
    signing_bytes,
    start,
    step,
    with_signature,
)
from web4core.chain import GENESIS
from web4core.ledger.state import account_path

NAMES = ("thor", "sprout", "legion", "platform2")
PAYMENTS_UATP = (250, 30, 7, 400)
"""What the Alice of each platform pays to the Bob there, by way of that platform."""
LIMIT_S = 20.0
"""How long a federation may take before a driver gives up."""
SETTINGS = Settings(view_timeout_ms=400, resend_ms=150, status_ms=300, sync_delay_ms=50)
"""Short waits, so that a busy machine costs a view rather than the test."""


class Ask(NamedTuple):
    """A platform asks another for the blocks from a height on (A-EFFECT-5)."""

    height: int
    asker: int


class Paid(NamedTuple):
    """Clients hand in transactions."""

    transactions: tuple[Transaction, ...]


Parcel: TypeAlias = bytes | Ask | Paid
"""What is put into the inbox of a platform; bytes are a message of a peer."""

Outgoing: TypeAlias = list[tuple[int, Parcel]]
"""What is to be put into which inboxes."""

Post: TypeAlias = Callable[[Outgoing], None]


def posting(inboxes: list[Callable[[Parcel], object]]) -> Post:
    """A way to send, given how to put something into each inbox."""

    def post(outgoing: Outgoing) -> None:
        for peer, parcel in outgoing:
            inboxes[peer](parcel)

    return post


def key_of(word: str) -> Ed25519PrivateKey:
    """A key made of a word, so that each run has the same."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())


def _public(word: str) -> bytes:
    return key_of(word).public_key().public_bytes_raw()


def sign(private: bytes, message: bytes) -> bytes:
    """A signature by a private key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


CRYPTO = Crypto(sign, Verifier())


@cache
def genesis() -> Genesis:
    """Four platforms; the Alice of each has 1000 micro-ATP, the Bob of each none."""
    accounts = [
        GenesisAccount(Address(platform=name, agent=agent), _public(agent), amount_uatp)
        for name in NAMES
        for agent, amount_uatp in (("alice", 1000), ("bob", 0))
    ]
    platforms = tuple(Platform(name, _public(name)) for name in NAMES)
    return Genesis("runtimes", 0, platforms, genesis_content(accounts))


@cache
def payments() -> tuple[Transaction, ...]:
    """A signed payment for each platform."""
    chain_id = Gate.of(genesis(), Ledger.of(genesis())).chain_id
    keys = (_public("alice"),)
    made = []
    for name, amount_uatp in zip(NAMES, PAYMENTS_UATP, strict=True):
        body = Transfer(
            chain_id=chain_id,
            source=Address(platform=name, agent="alice"),
            destination=Address(platform=name, agent="bob"),
            amount_uatp=amount_uatp,
            nonce=0,
        )
        _, message = draft(body, keys)
        made.append(assemble(body, keys, (key_of("alice").sign(message),)))
    return tuple(made)


class Member:
    """One platform: tell it what happened, and send what it returns."""

    def __init__(self, index: int) -> None:
        self.state = start(genesis(), NAMES[index], SETTINGS, Ledger.of).state
        self.journal: list[bytes] = []
        self.decided: dict[int, Decided] = {}
        self.noted: list[Accuse | Refuse] = []
        self._index = index
        self._gate = Gate.of(genesis(), Ledger.of(genesis()))
        self._events = event_schema(Ledger.of(genesis()))
        self._timers: dict[TimerKind, tuple[float, Timer]] = {}

    def begin(self, now_s: float) -> Outgoing:
        """The process has started."""
        return self._do(Resumed(_ms(now_s)))

    def take(self, parcel: Parcel, now_s: float) -> Outgoing:
        """Something arrived; timers that are due meanwhile do not wait for a quiet moment."""
        match parcel:
            case Ask(height=height, asker=asker):
                known = [block for each, block in self.decided.items() if each >= height]
                outgoing: Outgoing = [(asker, self._gate.encode(block)) for block in known]
            case Paid(transactions=transactions):
                outgoing = self._do(Submitted(transactions, _ms(now_s)))
            case _:
                outgoing = self._hear(parcel, now_s)
        return outgoing + self.elapse(now_s)

    def wait_s(self, now_s: float) -> float:
        """How long until the next timer runs out; one always runs (C-PACE-5)."""
        return max(0.0, min(due_s for due_s, _ in self._timers.values()) - now_s)

    def elapse(self, now_s: float) -> Outgoing:
        """The wait was in vain: let the timers run out that are due."""
        late = sorted((due_s, kind) for kind, (due_s, _) in self._timers.items() if due_s <= now_s)
        timers = [self._timers.pop(kind)[1] for _, kind in late]
        return [each for timer in timers for each in self._do(Elapsed(timer, _ms(now_s)))]

    def paid_uatp(self) -> tuple[int, ...]:
        """What each Bob has by the last block."""
        entries = self.state.app.entries
        bobs = [entries.get(account_path(Address(platform=name, agent="bob"))) for name in NAMES]
        return tuple(bob.available_uatp for bob in bobs)

    @property
    def finished(self) -> bool:
        """Whether all payments are in blocks."""
        return self.paid_uatp() == PAYMENTS_UATP

    def document(self) -> Document:
        """The journal, in the form of a transcript without results."""
        given = {
            "genesis": GENESIS.encode(genesis()).hex(),
            "platform": NAMES[self._index],
            "settings": asdict(SETTINGS),
            "private_key": key_of(NAMES[self._index]).private_bytes_raw().hex(),
        }
        return {
            "given": given,
            "vectors": [{"input": {"event": event.hex()}} for event in self.journal],
        }

    def _hear(self, data: bytes, now_s: float) -> Outgoing:
        """Bytes of a peer, through the gate; what it refuses is the peer's fault, and dropped."""
        try:
            message = self._gate.open(data, CRYPTO.verify)
        except RemoteProtocolError:
            return []
        return self._do(Received(message, _ms(now_s)))

    def _do(self, event: Event) -> Outgoing:
        """The one place that calls the core: an event is kept before its effects leave (A-DUR-1).

        A real platform writes it to disk; its own statements it hears like those of others.
        """
        waiting: deque[Event] = deque([event])
        outgoing: Outgoing = []
        while waiting:
            event = waiting.popleft()
            self.journal.append(self._events.encode(event))
            transition = step(self.state, event)
            self.state = transition.state
            for effect in transition.effects:
                match effect:
                    case Sign(draft=unsigned, to=to):
                        signed = self._signed(unsigned)
                        outgoing += [(peer, self._gate.encode(signed)) for peer in to]
                        waiting.append(Received(signed, event.now_ms))
                    case Send(message=message, to=to):
                        outgoing += [(peer, self._gate.encode(message)) for peer in to]
                    case SetTimer(timer=timer, delay_ms=delay_ms):
                        self._timers[timer.kind] = ((event.now_ms + delay_ms) / 1000, timer)
                    case Decide(block=block, certificate=certificate):
                        self.decided[block.header.height] = Decided(block, certificate)
                    case Fetch(height=height, to=target):
                        outgoing.append((target, Ask(height, self._index)))
                    case Accuse() | Refuse():
                        self.noted.append(effect)
                    case Halt(clause=clause, reason=reason):
                        raise RuntimeError(f"{clause}: {reason}")
        return outgoing

    def _signed(self, unsigned: Draft) -> Signed:
        said = signing_bytes(self._gate.chain_id, unsigned.statement)
        return with_signature(unsigned, key_of(NAMES[self._index]).sign(said))


def four() -> list[Member]:
    """A platform for each name, none of which has started."""
    return [Member(index) for index in range(len(NAMES))]


def orders() -> Outgoing:
    """What the clients hand in: to each platform its payment."""
    return [(index, Paid((payment,))) for index, payment in enumerate(payments())]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
