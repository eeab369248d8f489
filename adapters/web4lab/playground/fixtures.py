"""The fixtures of the playground: four platforms, three agents, and their transactions.

Their private keys are made of words, so that each run is the same; they are worth nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from attrs import frozen

from web4core import (
    Address,
    Genesis,
    GenesisAccount,
    Platform,
    PublicKey,
    Signature,
    TimeMs,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
    draft,
    genesis_content,
)

NAMES: Final = ("thor", "sprout", "legion", "platform2")
ALICE: Final = Address(platform="thor", agent="alice")
CAROL: Final = Address(platform="thor", agent="carol")
BOB: Final = Address(platform="sprout", agent="bob")
ACCOUNTS: Final = {ALICE: 1_000_000_000, CAROL: 0, BOB: 500_000_000}
BEGIN_MS: Final = 1_700_000_000_000
LOCK_MS: Final = 3_600_000
"""The time after which a lock of the playground expires."""


@frozen
class Crypto:
    """The cryptography of the host: Ed25519, with bytes as hexadecimal text.

    `sign(private key, message)` gives a signature, `verify(key, message, signature)` a verdict;
    `public(private key)` gives the public key.
    """

    public: Callable[[str], Awaitable[str]]
    sign: Callable[[str, str], Awaitable[str]]
    verify: Callable[[str, str, str], Awaitable[bool]]


Keys: TypeAlias = dict[str, PublicKey]
"""The public keys, by the word that the private one is made of."""


def private(word: str) -> str:
    """The private key that is made of a word."""
    return hashlib.sha256(f"playground {word}".encode()).hexdigest()


async def keys_of(crypto: Crypto) -> Keys:
    """The public keys of all platforms and agents."""
    words = (*NAMES, *map(str, ACCOUNTS))
    return {word: PublicKey(bytes.fromhex(await crypto.public(private(word)))) for word in words}


def genesis_of(keys: Keys) -> Genesis:
    """The genesis of the federation, with the first balance of each agent."""
    return Genesis(
        "playground",
        TimeMs(BEGIN_MS),
        tuple(Platform(name, keys[name]) for name in NAMES),
        genesis_content(
            GenesisAccount(address, keys[str(address)], amount_uatp)
            for address, amount_uatp in ACCOUNTS.items()
        ),
    )


Body: TypeAlias = Transfer | TransferLock | TransferCommit | TransferRollback


async def signed(crypto: Crypto, keys: Keys, word: str, body: Body) -> Transaction:
    """A transaction, signed with the key of this word."""
    _, message = draft(body, (keys[word],))
    signature = await crypto.sign(private(word), message.hex())
    return assemble(body, (keys[word],), (Signature(bytes.fromhex(signature)),))
