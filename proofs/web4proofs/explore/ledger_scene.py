"""The scene of the ledger's exploration: its transactions, and the ledger at the beginning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from web4core.chain import Genesis, Platform, chain_id
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.state import Address, LedgerState
from web4core.ledger.transactions import (
    AccountOpen,
    Body,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
)
from web4core.types import ChainId, Nonce, PublicKey, Signature, TimeMs

START_MS: Final = TimeMs(1_000_000)
EXPIRY_MS: Final = TimeMs(START_MS + 2)
TIMES_MS: Final = tuple(map(TimeMs, range(START_MS, EXPIRY_MS + 2)))
"""Block times: two before the expiry, the expiry itself, and one after it."""

FIRST: Final = Nonce(0)
SECOND: Final = Nonce(1)

ALICE: Final = Address(platform="thor", agent="alice")
CAROL: Final = Address(platform="thor", agent="carol")
BOB: Final = Address(platform="sprout", agent="bob")
DAVE: Final = Address(platform="sprout", agent="dave")
STRANGER: Final = Address(platform="thor", agent="stranger")
NOWHERE: Final = Address(platform="nowhere", agent="bob")


def _key(word: str) -> PublicKey:
    return PublicKey(hashlib.sha256(word.encode()).digest())


def owner(address: Address) -> PublicKey:
    """Return the key of an account's owner."""
    return _key(f"owner {address}")


def _genesis() -> Genesis:
    platforms = tuple(Platform(name, _key(name)) for name in ("thor", "sprout"))
    endowments = (
        GenesisAccount(ALICE, owner(ALICE), 10),
        GenesisAccount(CAROL, owner(CAROL), 0),
        GenesisAccount(BOB, owner(BOB), 3),
    )
    return Genesis("explored", START_MS, platforms, genesis_content(endowments))


@frozen
class Scene:
    """The ledger at the beginning, and the transactions that may come, with names for people."""

    ledger: Ledger = field(repr=False)
    initial: LedgerState = field(repr=False)
    transactions: Mapping[str, Transaction] = field(repr=False)


def scene() -> Scene:
    """Return the default transactions; among them every refusal code occurs at some time."""
    genesis = _genesis()
    ledger = Ledger.of(genesis)
    chain = chain_id(genesis)
    first = TransferLock(
        chain_id=chain,
        source=ALICE,
        destination=BOB,
        amount_uatp=6,
        nonce=FIRST,
        expiry_ms=EXPIRY_MS,
    )
    second = TransferLock(
        chain_id=chain,
        source=ALICE,
        destination=BOB,
        amount_uatp=4,
        nonce=SECOND,
        expiry_ms=EXPIRY_MS,
    )
    third = TransferLock(
        chain_id=chain,
        source=BOB,
        destination=CAROL,
        amount_uatp=5,
        nonce=FIRST,
        expiry_ms=EXPIRY_MS,
    )
    found = {
        "lock 6 for bob": _spent(first),
        "lock 4 for bob": _spent(second),
        "bob locks 5 for carol": _spent(third),
        **_payments(chain),
        **_mistakes(chain),
    }
    for name, lock in (("first", first), ("second", second), ("third", third)):
        found.update(_settlements(chain, name, lock))
    return Scene(ledger, ledger.initial(genesis.content), found)


def _signed(body: Body, *keys: PublicKey) -> Transaction:
    return assemble(body, keys, tuple(Signature(bytes(64)) for _ in keys))


def _spent(body: Transfer | TransferLock) -> Transaction:
    return _signed(body, owner(body.source))


def _payments(chain: ChainId) -> dict[str, Transaction]:
    return {
        "pay 6 to carol": _spent(
            Transfer(chain_id=chain, source=ALICE, destination=CAROL, amount_uatp=6, nonce=FIRST)
        ),
        "pay 5 to carol": _spent(
            Transfer(chain_id=chain, source=ALICE, destination=CAROL, amount_uatp=5, nonce=SECOND)
        ),
        "carol pays 6 back": _spent(
            Transfer(chain_id=chain, source=CAROL, destination=ALICE, amount_uatp=6, nonce=FIRST)
        ),
        "open dave": _signed(AccountOpen(chain, DAVE, owner(DAVE)), _key("sprout"), owner(DAVE)),
        "bob pays 3 to dave": _spent(
            Transfer(chain_id=chain, source=BOB, destination=DAVE, amount_uatp=3, nonce=SECOND)
        ),
    }


def _mistakes(chain: ChainId) -> dict[str, Transaction]:
    """Return transactions that must be refused."""
    return {
        "carol pays with alice's money": _signed(
            Transfer(chain_id=chain, source=ALICE, destination=CAROL, amount_uatp=1, nonce=FIRST),
            owner(CAROL),
        ),
        "alice pays herself": _spent(
            Transfer(chain_id=chain, source=ALICE, destination=ALICE, amount_uatp=1, nonce=FIRST)
        ),
        "pay nothing to carol": _spent(
            Transfer(chain_id=chain, source=ALICE, destination=CAROL, amount_uatp=0, nonce=FIRST)
        ),
        "pay bob on another platform": _spent(
            Transfer(chain_id=chain, source=ALICE, destination=BOB, amount_uatp=1, nonce=FIRST)
        ),
        "a stranger pays carol": _spent(
            Transfer(chain_id=chain, source=STRANGER, destination=CAROL, amount_uatp=1, nonce=FIRST)
        ),
        "lock 1 for carol at home": _spent(
            TransferLock(
                chain_id=chain,
                source=ALICE,
                destination=CAROL,
                amount_uatp=1,
                nonce=FIRST,
                expiry_ms=EXPIRY_MS,
            )
        ),
        "lock 1 for dave": _spent(
            TransferLock(
                chain_id=chain,
                source=ALICE,
                destination=DAVE,
                amount_uatp=1,
                nonce=FIRST,
                expiry_ms=EXPIRY_MS,
            )
        ),
        "lock 1 for nowhere": _spent(
            TransferLock(
                chain_id=chain,
                source=ALICE,
                destination=NOWHERE,
                amount_uatp=1,
                nonce=FIRST,
                expiry_ms=EXPIRY_MS,
            )
        ),
    }


def _settlements(chain: ChainId, name: str, lock: TransferLock) -> dict[str, Transaction]:
    """Return commit and rollback of a transfer, by permitted parties and by others."""
    transfer = _spent(lock).id
    here, there = _key(lock.source.platform), _key(lock.destination.platform)
    commit = TransferCommit(chain, transfer)
    rollback = TransferRollback(chain, transfer, "")
    return {
        f"{name}: commit": _signed(commit, there),
        f"{name}: commit by the wrong platform": _signed(commit, here),
        f"{name}: rollback": _signed(rollback, there),
        f"{name}: rollback by anyone": _signed(rollback, _key("anyone")),
    }
