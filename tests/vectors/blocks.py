"""Blocks on top of block 0: which are valid, what comes of them, which clause refuses others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve

from tests.support.federation import (
    ALICE,
    BOB,
    START_MS,
    owner_key,
    platform_key,
    sign,
)
from tests.support.forge import block_after
from tests.vectors import chain_checker
from tests.vectors.fixtures import (
    CAROL,
    encoded_genesis,
    federation,
    genesis_from,
    opening,
    payment,
)
from tests.vectors.form import Document, Json, Refused, Vector, accept, check_each, refuse, sentence
from tests.vectors.rules import shown
from web4core.chain import Block, payload_root, seal
from web4core.ledger.application import Ledger
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.messages import message_schemas
from web4core.replica.blocks import judge as judge_block
from web4core.replica.state import Run
from web4core.schema import MAX_UINT
from web4core.types import Nonce, TimeMs, TransactionId

ABOUT = (
    "Whether a block is valid on top of block 0 of the given genesis (C-VALID-1, C-VALID-2, "
    "C-VALID-4), with the entries that it changes and the state root after it. Signatures are "
    "good; the receiver's clock is not asked."
)
TIME = START_MS + 1
EXPIRY = TimeMs(START_MS + 10)
DAVE = Address(platform="thor", agent="dave")
LIMIT = 1 << 21


def _made(items: Iterable[Transaction], time_ms: int = TIME, **changes: Any) -> Block:
    """A block of these items, with parts of its header changed."""
    made = block_after(federation().nodes[0].state, items, time_ms)
    return seal(evolve(made.header, **changes), made.payload)


def _lock(amount: int = 5, nonce: int = 0) -> Transaction:
    body = TransferLock(
        chain_id=federation().chain_id,
        source=ALICE,
        destination=BOB,
        amount_uatp=amount,
        nonce=Nonce(nonce),
        expiry_ms=EXPIRY,
    )
    return sign(body, owner_key(ALICE))


def _commit(transfer: bytes) -> Transaction:
    return sign(TransferCommit(federation().chain_id, TransactionId(transfer)), platform_key(1))


def _rollback(transfer: bytes) -> Transaction:
    return sign(
        TransferRollback(federation().chain_id, TransactionId(transfer), "no"), platform_key(1)
    )


def _valid() -> Iterator[tuple[str, Block, str]]:
    first = Transfer(
        chain_id=federation().chain_id,
        source=ALICE,
        destination=DAVE,
        amount_uatp=9,
        nonce=Nonce(0),
    )
    spend = Transfer(
        chain_id=federation().chain_id,
        source=DAVE,
        destination=CAROL,
        amount_uatp=9,
        nonce=Nonce(0),
    )
    yield "one transfer", _made([payment()]), "L-BLOCK-1 C-VALID-4"
    yield "no items", _made([]), "L-BLOCK-1 H-BLOCK-2"
    yield "the largest time", _made([payment()], MAX_UINT), "C-VALID-2"
    three = [payment(1, 0), payment(2, 1), payment(3, 2)]
    yield "three transfers of one account", _made(three), "L-BLOCK-1"
    chained = [opening(), sign(first, owner_key(ALICE)), sign(spend, owner_key(DAVE))]
    yield "open, pay, and pay on", _made(chained), "L-BLOCK-1"
    lock = _lock()
    yield "lock and commit", _made([lock, _commit(lock.id)]), "L-BLOCK-1 L-STATE-4"
    yield "lock and roll back", _made([lock, _rollback(lock.id)]), "L-BLOCK-1 L-STATE-4"
    late = _made([_lock()], EXPIRY - 1)
    yield "a lock a millisecond before its expiry", late, "L-LOCK-8"


def _invalid() -> Iterator[tuple[str, Block, str, str | None]]:
    good = _made([payment()])
    for name, changes in (
        ("another chain", {"chain_id": bytes(32)}),
        ("height 0", {"height": 0}),
        ("height 2", {"height": 2}),
        ("another parent", {"parent": bytes(32)}),
        ("the chain id as parent", {"parent": federation().chain_id}),
    ):
        yield name, _made([payment()], **changes), "C-VALID-1", None
    yield "the time of its parent", _made([payment()], START_MS), "C-VALID-2", None
    yield "a time before its parent", _made([payment()], START_MS - 1), "C-VALID-2", None
    yield "time zero", _made([payment()], 0), "C-VALID-2", None
    before = federation().nodes[0].state.tip.header.state_root
    roots = "C-VALID-1 I-ROOT-1"
    yield "the state root before it", _made([payment()], state_root=before), roots, None
    yield "another state root", _made([payment()], state_root=bytes(32)), roots, None
    yield (
        "the payload root of nothing",
        _made([payment()], payload_root=payload_root([])),
        "H-BLOCK-2 C-VALID-1",
        None,
    )
    yield "another payload", evolve(good, payload=(payment(7),)), "H-BLOCK-2 C-VALID-1", None
    exchanged = _made([payment(1, 0), payment(2, 1)])
    backwards = evolve(exchanged, payload=exchanged.payload[::-1])
    yield "its items the other way round", backwards, "H-BLOCK-2 C-VALID-1", None
    yield from _with_items_that_do_not_apply()


def _with_items_that_do_not_apply() -> Iterator[tuple[str, Block, str, str | None]]:
    lock = _lock()
    again = [payment(), payment()]
    gap = [payment(2, 1), payment(1, 0)]
    poor = [payment(1_000_000_000, 0), payment(1, 1)]
    for name, items, time_ms, code in (
        ("one transfer twice", again, TIME, "nonce-used"),
        ("transfers in the wrong order", gap, TIME, "nonce-gap"),
        ("one transfer too many", poor, TIME, "insufficient-funds"),
        ("a good one after a bad one", [payment(1, 5), payment()], TIME, "nonce-gap"),
        ("a commit before its lock", [_commit(lock.id), lock], TIME, "unknown-transfer"),
        ("a commit twice", [lock, _commit(lock.id), _commit(lock.id)], TIME, "already-settled"),
        (
            "a rollback after a commit",
            [lock, _commit(lock.id), _rollback(lock.id)],
            TIME,
            "already-settled",
        ),
        ("a lock at its expiry", [lock], EXPIRY, "expiry-not-future"),
        ("an account that is open", [opening("alice")], TIME, "account-exists"),
    ):
        yield name, _made(items, time_ms), "L-BLOCK-1 C-VALID-4", code


def _encode(block: Block) -> str:
    return message_schemas(federation().ledger.decode).block.encode(block).hex()


def _vectors() -> Iterator[Vector]:
    for name, block, clauses in _valid():
        place = chain_checker.after(federation().genesis, _beginning(), block)
        yield accept(name, sentence(name), clauses, _result(block, place), block=_encode(block))
    for name, block, clauses, code in _invalid():
        yield refuse(name, sentence(name), clauses, code, block=_encode(block))


def _beginning() -> chain_checker.Place:
    return chain_checker.beginning(federation().genesis)


def _result(block: Block, place: chain_checker.Place) -> Json:
    before = _beginning().state.entries
    changed = tuple(
        entry for path, entry in place.state.entries.items() if before.get(path) != entry
    )
    return {
        "digest": block.digest.hex(),
        "changed": shown(changed),
        "state_root": place.state.entries.root().hex(),
    }


def make() -> Document:
    return Document("blocks", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def judge(given: Json, vector: Json) -> Json:
    """By the clauses one by one, and by the replica's own judgement, which must agree."""
    genesis = genesis_from(given["genesis"])
    schema = message_schemas(Ledger.of(genesis).decode).block
    block = schema.decode(bytes.fromhex(vector["block"]), LIMIT)
    verdict = judge_block(Run(federation().nodes[0].state), block)
    try:
        place = chain_checker.after(genesis, chain_checker.beginning(genesis), block)
    except Refused:
        if verdict is not None:
            raise ValueError("the replica takes what a clause refuses") from None
        raise
    if verdict is None or verdict.root != place.state.entries.root():
        raise ValueError("the replica judges otherwise")
    return _result(block, place)


def check(document: Json) -> list[str]:
    return check_each(document, judge)
