"""One platform between the core and a runtime: what is the same wherever it is embedded.

It drives a `Node` as far as that needs no runtime: it keeps the journal and the timers, and signs.
What is left to a runtime is to move bytes between inboxes and to wait.
Four of these with their keys made of words are a federation.
"""

from __future__ import annotations

import hashlib
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
    Decided,
    Elapsed,
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
    SetTimer,
    Settings,
    Signature,
    State,
    Submitted,
    Timer,
    TimerKind,
    Transaction,
    Transfer,
    assemble,
    draft,
    genesis_content,
)
from web4core.chain import GENESIS
from web4core.guard import Memory
from web4core.ledger.state import account_path
from web4core.node import Node, Output, Release, Remember, SignAll, Write
from web4core.node import Outgoing as Message
from web4core.types import Nonce, PublicKey, TimeMs

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

Outgoing = list[tuple[int, Parcel]]
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
        GenesisAccount(Address(platform=name, agent=agent), PublicKey(_public(agent)), amount_uatp)
        for name in NAMES
        for agent, amount_uatp in (("alice", 1000), ("bob", 0))
    ]
    platforms = tuple(Platform(name, PublicKey(_public(name))) for name in NAMES)
    return Genesis("runtimes", TimeMs(0), platforms, genesis_content(accounts))


@cache
def payments() -> tuple[Transaction, ...]:
    """A signed payment for each platform."""
    chain_id = Gate.of(genesis(), Ledger.of(genesis())).chain_id
    keys = (PublicKey(_public("alice")),)
    made = []
    for name, amount_uatp in zip(NAMES, PAYMENTS_UATP, strict=True):
        body = Transfer(
            chain_id=chain_id,
            source=Address(platform=name, agent="alice"),
            destination=Address(platform=name, agent="bob"),
            amount_uatp=amount_uatp,
            nonce=Nonce(0),
        )
        _, message = draft(body, keys)
        signature = Signature(key_of("alice").sign(message))
        made.append(assemble(body, keys, (signature,)))
    return tuple(made)


class Member:
    """One platform: tell it what happened, and send what it returns."""

    def __init__(self, index: int) -> None:
        ledger = Ledger.of(genesis())
        self.node = Node(genesis(), NAMES[index], ledger, settings=SETTINGS)
        self.journal: list[bytes] = []
        self.guard = Memory()
        self.decided: dict[int, Decided] = {}
        self.noted: list[Accuse | Refuse] = []
        self._index = index
        self._key = key_of(NAMES[index])
        self._timers: dict[TimerKind, tuple[float, Timer]] = {}

    @property
    def state(self) -> State:
        """What the platform knows."""
        return self.node.state

    def begin(self, now_s: float) -> Outgoing:
        """The process has started."""
        return self._drive(now_s)

    def take(self, parcel: Parcel, now_s: float) -> Outgoing:
        """Something arrived; timers that are due meanwhile do not wait for a quiet moment."""
        match parcel:
            case Ask(height=height, asker=asker):
                known = [block for each, block in self.decided.items() if each >= height]
                outgoing: Outgoing = [(asker, self.node.gate.encode(block)) for block in known]
            case Paid(transactions=transactions):
                self.node.put(Submitted(transactions, _ms(now_s)))
                outgoing = self._drive(now_s)
            case _:
                outgoing = self._hear(parcel, now_s)
        return outgoing + self.elapse(now_s)

    def wait_s(self, now_s: float) -> float:
        """How long until the next timer runs out; one always runs (C-PACE-5)."""
        return max(0.0, min(due_s for due_s, _ in self._timers.values()) - now_s)

    def elapse(self, now_s: float) -> Outgoing:
        """The wait was in vain: let the timers run out that are due."""
        late = sorted((due_s, kind) for kind, (due_s, _) in self._timers.items() if due_s <= now_s)
        for _, kind in late:
            self.node.put(Elapsed(self._timers.pop(kind)[1], _ms(now_s)))
        return self._drive(now_s)

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
            message = self.node.gate.open(data, CRYPTO.verify)
        except RemoteProtocolError:
            return []
        self.node.put(Received(message, _ms(now_s)), encoded=data)
        return self._drive(now_s)

    def _drive(self, now_s: float) -> Outgoing:
        """Let the node take what waits, and carry out its tasks; a list is the disk."""
        node, outgoing = self.node, Outgoing()
        while node.has_work:
            while (stepped := node.step(_ms(now_s))) is not None:
                for timer in stepped.timers:
                    if isinstance(timer, SetTimer):
                        due_s = now_s + timer.delay_ms / 1000
                        self._timers[timer.timer.kind] = (due_s, timer.timer)
            node.flush()  # a list need not wait for more
            while (task := node.next()) is not None:
                match task:
                    case Write(records=records, blocks=blocks):
                        self.journal.extend(records)
                        for each in blocks:
                            height = each.block.header.height
                            self.decided[height] = Decided(each.block, each.certificate)
                        node.written()
                    case Remember(memory=memory):
                        self.guard = memory
                        node.remembered()
                    case SignAll(messages=messages):
                        node.signed([Signature(self._key.sign(each)) for each in messages])
                    case Release(outputs=outputs):
                        outgoing += [each for output in outputs for each in self._sent(output)]
        return outgoing

    def _sent(self, output: Output) -> Outgoing:
        match output:
            case Message(encoded=encoded, to=to):
                return [(peer, encoded) for peer in to]
            case Fetch(height=height, to=target):
                return [(target, Ask(height, self._index))]
            case Accuse() | Refuse():
                self.noted.append(output)
            case Halt(clause=clause, reason=reason):
                raise RuntimeError(f"{clause}: {reason}")
            case _:  # a decision was written, and nobody waits for answers
                pass
        return []


def four() -> list[Member]:
    """A platform for each name, none of which has started."""
    return [Member(index) for index in range(len(NAMES))]


def orders() -> Outgoing:
    """What the clients hand in: to each platform its payment."""
    return [(index, Paid((payment,))) for index, payment in enumerate(payments())]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
