"""The constant parts of a run, which all share: the genesis, the keys, the gate, the verifier.

Keys are made from names, so that all runs of a size have the same federation, and a signature that
one run has verified need not be verified again by the next: `Verifier` and the gate are pure
functions, and their answers are kept by their input bytes.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache, partial

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4adapters.signers import Verifier
from web4core import (
    MICRO,
    Address,
    Body,
    ChainId,
    Draft,
    Event,
    Gate,
    Genesis,
    GenesisAccount,
    Ledger,
    Parsed,
    Platform,
    PublicKey,
    RemoteProtocolError,
    Schema,
    Signature,
    SignedMessage,
    Statement,
    TimeMs,
    Transaction,
    Verify,
    assemble,
    draft,
    event_schema,
    genesis_content,
    signing_bytes,
    with_signature,
)

START_MS = 1_700_000_000_000
"""The time of a right clock when a run begins: milliseconds since 1970."""

OWNERS = 2
"""Accounts on each platform that are open from the start."""

ENDOWMENT_UATP = 1_000 * MICRO

MAX_KEPT = 1 << 13
"""Answers kept of the gate, and of the decoder of transactions."""


class Signatures(enum.Enum):
    """The kinds of signature that a run may use."""

    ED25519 = "ed25519"
    """The real ones."""

    STAND_IN = "stand-in"
    """A keyed hash of the same length: for long runs, which it makes about a third shorter."""


@frozen
class Key:
    """A key made from a name."""

    public: PublicKey
    sign: Callable[[bytes], Signature]


@lru_cache(4096)
def _ed25519_key(word: str) -> Key:
    private = Ed25519PrivateKey.from_private_bytes(_secret(word))
    public = PublicKey(private.public_key().public_bytes_raw())
    return Key(public, lambda message: Signature(private.sign(message)))


@lru_cache(4096)
def _stand_in_key(word: str) -> Key:
    public = PublicKey(hashlib.sha256(b"public " + _secret(word)).digest())
    return Key(public, partial(_stand_in_signature, public))


def _secret(word: str) -> bytes:
    return hashlib.sha256(f"web4 simulation {word}".encode()).digest()


def _stand_in_signature(public: bytes, message: bytes) -> Signature:
    """Anybody could make it; in a simulation nobody does."""
    return Signature(hmac.digest(public, message, "sha512"))


def _stand_in_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(_stand_in_signature(public, message), signature)


_KEYS: dict[Signatures, Callable[[str], Key]] = {
    Signatures.ED25519: _ed25519_key,
    Signatures.STAND_IN: _stand_in_key,
}


def platform_name(index: int) -> str:
    """The name of a platform in the genesis."""
    return f"p{index:02}"


def owner_address(platform: int, number: int) -> Address:
    """One of the accounts that are open on a platform from the start."""
    return Address(platform=platform_name(platform), agent=f"owner{number}")


@frozen(eq=False)
class Federation:
    """A federation of n platforms, as fixed by its genesis."""

    n: int
    genesis: Genesis
    ledger: Ledger
    gate: Gate
    events: Schema[Event]
    verify: Verify
    key_of: Callable[[str], Key]
    judged: dict[bytes, Parsed | str]
    """The gate's answer for bytes: a message, or the clause that they break."""
    authentic: dict[bytes, bool]

    @classmethod
    def of(cls, n: int, signatures: Signatures = Signatures.ED25519) -> Federation:
        """The federation of n platforms of all runs of this size."""
        key_of = _KEYS[signatures]
        addresses = [owner_address(index, each) for index in range(n) for each in range(OWNERS)]
        genesis = Genesis(
            chain="simulation",
            time_ms=TimeMs(START_MS),
            platforms=tuple(
                Platform(platform_name(index), key_of(platform_name(index)).public)
                for index in range(n)
            ),
            content=genesis_content(
                GenesisAccount(address, key_of(str(address)).public, ENDOWMENT_UATP)
                for address in addresses
            ),
        )
        ledger = Ledger.of(genesis)
        gate = Gate.of(genesis, ledger, lru_cache(MAX_KEPT)(ledger.decode))
        verify = Verifier() if signatures is Signatures.ED25519 else _stand_in_verify
        return cls(n, genesis, ledger, gate, event_schema(ledger), verify, key_of, {}, {})

    @property
    def chain_id(self) -> ChainId:
        """The chain id, to which every signature is bound."""
        return self.gate.chain_id

    def parse(self, data: bytes) -> Parsed | str:
        """The message with these bytes as the gate parses it, or the clause that they break."""
        found = self.judged.get(data)
        if found is None:
            try:
                found = self.gate.parse(data)
            except RemoteProtocolError as error:
                found = error.clause
            _make_room(self.judged)
            self.judged[data] = found
        return found

    def is_authentic(self, data: bytes, parsed: Parsed) -> bool:
        """Whether all signatures in these bytes verify."""
        found = self.authentic.get(data)
        if found is None:
            found = all(self.verify(*claim) for claim in parsed.checks)
            _make_room(self.authentic)
            self.authentic[data] = found
        return found

    def signature(self, statement: Statement) -> Signature:
        """The signature of a statement by the key of its signer."""
        name = platform_name(statement.signer)
        return self.key_of(name).sign(signing_bytes(self.chain_id, statement))

    def signed(self, unsigned: Draft) -> SignedMessage:
        """The message that a draft becomes."""
        return with_signature(unsigned, self.signature(unsigned.statement))

    def transaction(self, body: Body, *words: str) -> Transaction:
        """A transaction, signed by the keys of these names."""
        keys = tuple(map(self.key_of, words))
        publics = tuple(key.public for key in keys)
        _, message = draft(body, publics)
        return assemble(body, publics, tuple(key.sign(message) for key in keys))


def _make_room(kept: dict[bytes, Parsed | str] | dict[bytes, bool]) -> None:
    """Forget the oldest answer when there are too many."""
    if len(kept) >= MAX_KEPT:
        del kept[next(iter(kept))]
