"""Digests: the domain of each tag, and what each kind of digest is over."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.federation import ALICE, BOB
from tests.vectors.fixtures import encoded_genesis, federation, genesis_of, payment
from tests.vectors.form import Document, Json, Vector, accept, check_each, sentence
from web4core.chain import GENESIS, HEADER, genesis_block
from web4core.hashing import Tag, digest, domain
from web4core.ledger.state import Account, account_path, encode_entry, transfer_path
from web4core.ledger.transactions import BODY

ABOUT = "digest(tag, parts): SHA-256 over the domain of the tag and the parts, one after the other."


def _cases() -> Iterator[tuple[str, str, Tag, tuple[bytes, ...], bytes]]:
    """What it is, its clauses, tag and parts, and the digest as the core has it elsewhere."""
    fed, state = federation(), federation().nodes[0].state
    genesis = genesis_of(4)
    first = genesis_block(genesis, state.tip.header.state_root)
    item = payment()
    entry = state.app.entries.get(account_path(ALICE))
    assert isinstance(entry, Account)
    yield ("chain id", "H-GENESIS-2", Tag.GENESIS, (GENESIS.encode(genesis),), fed.chain_id)
    yield (
        "digest of block 0",
        "H-BLOCK-1",
        Tag.HEADER,
        (HEADER.encode(first.header),),
        first.digest,
    )
    parts = (BODY.encode(item.body), *item.keys)
    yield ("id of a transaction: its body, then its key", "L-TX-4", Tag.TRANSACTION, parts, item.id)
    for address in (ALICE, BOB):
        path = account_path(address)
        parts = (b"account/", str(address).encode())
        yield (f"path of account {address}", "L-STATE-3", Tag.MAP_KEY, parts, path)
    parts = (b"transfer/", item.id)
    yield ("path of a transfer", "L-STATE-3", Tag.MAP_KEY, parts, transfer_path(item.id))
    view, named = (7).to_bytes(8, "big"), bytes(range(32))
    yield (
        "digest of a VIEW-CHANGE that carries a certificate of view 7",
        "C-STMT-3",
        Tag.PREPARED,
        (view, named),
        digest(Tag.PREPARED, view + named),
    )
    yield (
        "leaf of the map",
        "W-MAP-3",
        Tag.MAP_LEAF,
        (account_path(ALICE), encode_entry(entry)),
        digest(Tag.MAP_LEAF, account_path(ALICE) + encode_entry(entry)),
    )
    bitmap, children = bytes.fromhex("8001"), bytes(32) + bytes([255]) * 32
    yield (
        "branch of the map over half bytes 0 and 15",
        "W-MAP-4",
        Tag.MAP_BRANCH,
        (bitmap, children),
        digest(Tag.MAP_BRANCH, bitmap + children),
    )


def vectors() -> Iterator[Vector]:
    for tag in Tag:
        result = {"domain": domain(tag).hex(), "digest": digest(tag).hex()}
        about = f"The domain of the tag {tag.value}, and the digest of nothing under it."
        yield accept(
            f"domain of {tag.value}", about, "W-HASH-1 W-HASH-2", result, tag=tag.value, parts=[]
        )
    for name, clauses, tag, parts, expected in _cases():
        if digest(tag, *parts) != expected:
            raise ValueError(f"the {name} is not what the core has")
        result = {"domain": domain(tag).hex(), "digest": expected.hex()}
        yield accept(
            name,
            sentence(name),
            f"W-HASH-2 {clauses}",
            result,
            tag=tag.value,
            parts=[part.hex() for part in parts],
        )


def make() -> Document:
    return Document("digests", ABOUT, {"genesis": encoded_genesis()}, vectors())


def judge(_given: Json, vector: Json) -> Json:
    tag = Tag(vector["tag"])
    parts = [bytes.fromhex(part) for part in vector["parts"]]
    return {"domain": domain(tag).hex(), "digest": digest(tag, *parts).hex()}


def check(document: Json) -> list[str]:
    return check_each(document, judge)
