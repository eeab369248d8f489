"""Who takes part in the vectors: one federation, its accounts, its keys, and what they sign.

All keys come from words, and Ed25519 signatures are deterministic, so every file can be made again.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache

from tests.support.federation import (
    ALICE,
    BOB,
    START_MS,
    Federation,
    Key,
    make_genesis,
    owner_key,
    platform_key,
    sign,
)
from tests.support.forge import block_after
from tests.vectors.form import Json
from web4core import ed25519
from web4core.chain import GENESIS, MAX_GENESIS_BYTES, Block, Genesis
from web4core.ledger.state import Address
from web4core.ledger.transactions import AccountOpen, Transaction, Transfer
from web4core.types import Nonce

CAROL = Address(platform="thor", agent="carol")
ACCOUNTS = {ALICE: 1_000_000_000, BOB: 500_000_000, CAROL: 0}

verify = lru_cache(1 << 14)(ed25519.verify)
"""The verdict of the acceptance rule itself, remembered."""


def accounts_of(n: int) -> dict[Address, int]:
    """Alice and Carol on the first platform, and Bob on the second if there is one."""
    return {address: amount for address, amount in ACCOUNTS.items() if n > 1 or address != BOB}


def genesis_of(n: int) -> Genesis:
    """The genesis of n platforms with these accounts."""
    return make_genesis(n, accounts_of(n))


@cache
def federation(n: int = 4) -> Federation:
    """A federation at rest, with that genesis."""
    fed = Federation(n, accounts=accounts_of(n), check=False)
    fed.settle()
    return fed


@cache
def payment(amount_uatp: int = 250, nonce: int = 0) -> Transaction:
    """From Alice to Carol."""
    body = Transfer(
        chain_id=federation().chain_id,
        source=ALICE,
        destination=CAROL,
        amount_uatp=amount_uatp,
        nonce=Nonce(nonce),
    )
    return sign(body, owner_key(ALICE))


@cache
def opening(agent: str = "dave") -> Transaction:
    """A new account on the first platform."""
    address = Address(platform="thor", agent=agent)
    body = AccountOpen(federation().chain_id, address, owner_key(address).public)
    return sign(body, platform_key(0), owner_key(address))


@cache
def block(*amounts: int) -> Block:
    """Block 1 with a payment of each of these amounts."""
    payments = [payment(amount, nonce) for nonce, amount in enumerate(amounts or (250,))]
    return block_after(federation().nodes[0].state, payments, START_MS + 1)


def seed(key: Key) -> bytes:
    """The private key, 32 bytes, as RFC 8032 takes it."""
    return hashlib.sha256(key.word.encode()).digest()


def encoded_genesis(n: int = 4) -> str:
    """The genesis as it is given in a file."""
    return GENESIS.encode(genesis_of(n)).hex()


def genesis_from(given: Json) -> Genesis:
    """The genesis that a file gives."""
    return GENESIS.decode(bytes.fromhex(given), MAX_GENESIS_BYTES)
