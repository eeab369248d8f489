"""Transcripts played again, as bytes: what every runtime must produce alike.

It imports the core and nothing else of this project, so that the same file runs under CPython and
in WebAssembly; signing and verifying are handed in.
What one event gives is a line of JSON: the effects as `spec/vectors/README.md` writes them, and the
digest of the state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from web4core import (
    CERTIFICATE,
    EVIDENCE,
    GENESIS,
    Accuse,
    Decide,
    Effect,
    Event,
    Fetch,
    Gate,
    Halt,
    Ledger,
    Received,
    Refuse,
    Send,
    SetTimer,
    Settings,
    Sign,
    Signature,
    Submitted,
    Verify,
    decode_event,
    event_schema,
    signing_bytes,
    start,
    state_digest,
    step,
    with_signature,
)
from web4core.chain import MAX_GENESIS_BYTES

Document: TypeAlias = dict[str, Any]


class Crypto(NamedTuple):
    """What a runtime brings along: `sign(private key, message)`, and a `Verify` of the core."""

    sign: Callable[[bytes, bytes], bytes]
    verify: Verify


class Replayer:
    """One platform of one transcript, at one of its events."""

    def __init__(self, document: Document, crypto: Crypto) -> None:
        given = document["given"]
        genesis = GENESIS.decode(bytes.fromhex(given["genesis"]), MAX_GENESIS_BYTES)
        self._key = bytes.fromhex(given["private_key"])
        self._crypto = crypto
        ledger = Ledger.of(genesis)
        self._gate = Gate.of(genesis, ledger)
        self._events = event_schema(ledger)
        settings = Settings(**given["settings"])
        self._state = start(genesis, given["platform"], settings, Ledger.of).state

    def take(self, data: bytes) -> bytes:
        """Step with an event, which is verified like one from outside; what comes of it."""
        event = self._verified(decode_event(self._events, data))
        transition = step(self._state, event)
        self._state = transition.state
        effects = [told(effect, self._gate, self._sign) for effect in transition.effects]
        line = {"effects": effects, "state": state_digest(self._state).hex()}
        return json.dumps(line, sort_keys=True).encode() + b"\n"

    def _sign(self, message: bytes) -> bytes:
        return self._crypto.sign(self._key, message)

    def _verified(self, event: Event) -> Event:
        """The event once more, through the gate: every signature in it is asked for."""
        match event:
            case Received(message=message, now_ms=now_ms):
                opened = self._gate.open(self._gate.encode(message), self._crypto.verify)
                return Received(opened, now_ms)
            case Submitted(transactions=transactions):
                for each in transactions:
                    for claim in self._gate.parse_item(each.encoded)[1]:
                        if not self._crypto.verify(*claim):
                            raise ValueError("a transcript holds a signature that is not good")
        return event


def told(effect: Effect, gate: Gate, sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """An effect as `spec/vectors/README.md` writes it; a Sign with its message signed."""
    name = {"effect": type(effect).__name__}
    match effect:
        case Sign(draft=draft, to=to):
            signature = sign(signing_bytes(gate.chain_id, draft.statement))
            message = gate.encode(with_signature(draft, Signature(signature))).hex()
            return {**name, "message": message, "to": list(to)}
        case Send(message=message, to=to):
            return {**name, "message": gate.encode(message).hex(), "to": list(to)}
        case SetTimer(timer=timer, delay_ms=delay_ms):
            about = {"kind": timer.kind.name, "height": timer.height, "view": timer.view}
            return {**name, **about, "delay_ms": delay_ms}
        case Decide(block=block, certificate=certificate):
            proof = CERTIFICATE.encode(certificate).hex()
            return {**name, "block": block.digest.hex(), "certificate": proof}
        case Fetch(height=height, to=target):
            return {**name, "height": height, "to": target}
        case Accuse(evidence=evidence):
            return {**name, "evidence": EVIDENCE.encode(evidence).hex()}
        case Refuse(transaction=transaction, code=code):
            return {**name, "transaction": transaction.hex(), "code": str(code)}
        case Halt(clause=clause):
            return {**name, "clause": clause}


def events_of(document: Document) -> list[bytes]:
    """The events of a transcript, in order."""
    return [bytes.fromhex(vector["input"]["event"]) for vector in document["vectors"]]


def steps(document: Document, crypto: Crypto) -> Iterator[bytes]:
    """What each event of a transcript gives, step by step."""
    replayer = Replayer(document, crypto)
    return map(replayer.take, events_of(document))


def replayed(document: Document, crypto: Crypto) -> bytes:
    """All that a transcript gives, a line for each event."""
    return b"".join(steps(document, crypto))


def digest_of(all_bytes: Iterable[bytes]) -> str:
    """One name for what all transcripts gave, in their order."""
    return hashlib.sha256(b"".join(all_bytes)).hexdigest()
