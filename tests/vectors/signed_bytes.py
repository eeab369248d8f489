"""What is signed: the bytes of every statement, transaction and handshake, and their signatures."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.federation import ALICE, Key, owner_key, platform_key
from tests.vectors.fixtures import encoded_genesis, federation, opening, payment, seed
from tests.vectors.form import Document, Json, Vector, accept, check_each, number
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    BODY,
    Transaction,
    transaction_id,
    transaction_signing_bytes,
)
from web4core.link import link_signing_bytes
from web4core.messages import Kind, Statement, signing_bytes
from web4core.schema import MAX_UINT
from web4core.types import ChainId, Digest, PublicKey, View

ABOUT = (
    "What a key signs, and its signature. `private_key` is that of RFC 8032; `what` says whether "
    "it is a statement, a transaction, or one end of a link."
)
BASE = Statement(Kind.PREPARE, 1, View(0), Digest(bytes(range(32))), 0)
STATEMENTS: dict[str, Statement] = {
    "PRE-PREPARE": evolve(BASE, kind=Kind.PRE_PREPARE),
    "PREPARE": BASE,
    "COMMIT": evolve(BASE, kind=Kind.COMMIT),
    "VIEW-CHANGE": evolve(BASE, kind=Kind.VIEW_CHANGE, view=View(1)),
    "VIEW-CHANGE without a certificate": evolve(
        BASE, kind=Kind.VIEW_CHANGE, view=View(1), digest=Digest(bytes(32))
    ),
    "STATUS": evolve(BASE, kind=Kind.STATUS),
    "PREPARE of view 1": evolve(BASE, view=View(1)),
    "PREPARE of height 2": evolve(BASE, height=2),
    "PREPARE of height 256 and view 1": evolve(BASE, height=256, view=View(1)),
    "PREPARE of height 1 and view 256": evolve(BASE, view=View(256)),
    "PREPARE of another digest": evolve(BASE, digest=Digest(bytes(range(32, 0, -1)))),
    "COMMIT of the last height and view": evolve(
        BASE, kind=Kind.COMMIT, height=MAX_UINT, view=View(MAX_UINT)
    ),
    "PREPARE by another platform": evolve(BASE, signer=3),
}


def _statements() -> Iterator[Vector]:
    chain = federation().chain_id
    for name, statement in STATEMENTS.items():
        key = platform_key(statement.signer)
        message = signing_bytes(chain, statement)
        about = f"{name}, signed by platform {statement.signer}."
        yield accept(
            name,
            about,
            "C-STMT-1 C-STMT-2 C-STMT-5",
            _result(key, message),
            what="statement",
            private_key=seed(key).hex(),
            chain_id=chain.hex(),
            kind=int(statement.kind),
            height=number(statement.height),
            view=number(statement.view),
            digest=statement.digest.hex(),
        )
    other = federation(5).chain_id
    about = "The same statement on another chain."
    yield accept(
        "PREPARE of another chain",
        about,
        "C-STMT-2 C-STMT-5",
        _result(platform_key(0), signing_bytes(other, BASE)),
        what="statement",
        private_key=seed(platform_key(0)).hex(),
        chain_id=other.hex(),
        kind=2,
        height=1,
        view=0,
        digest=BASE.digest.hex(),
    )


def _result(key: Key, message: bytes) -> Json:
    return {"bytes": message.hex(), "signature": key.sign(message).hex()}


def _transactions() -> Iterator[Vector]:
    dave = owner_key(Address(platform="thor", agent="dave"))
    cases: tuple[tuple[str, Transaction, tuple[Key, ...]], ...] = (
        ("a transfer", payment(), (owner_key(ALICE),)),
        ("an opening, by the platform", opening(), (platform_key(0), dave)),
        ("an opening, by the owner", opening(), (dave, platform_key(0))),
    )
    for name, item, keys in cases:
        message = transaction_signing_bytes(item.id)
        about = f"The id of {name}, and its signature."
        result = {"id": item.id.hex(), **_result(keys[0], message)}
        yield accept(
            f"id of {name}",
            about,
            "L-TX-4",
            result,
            what="transaction",
            private_key=seed(keys[0]).hex(),
            body=BODY.encode(item.body).hex(),
            keys=[key.hex() for key in item.keys],
        )


def _handshakes() -> Iterator[Vector]:
    chain = federation().chain_id
    one, other = bytes([1]) * 32, bytes([2]) * 32
    for speaker, listener, theirs, own in (
        (2, 0, one, other),
        (0, 2, other, one),
        (127, 1, one, one),
    ):
        key = platform_key(speaker % 4)
        message = link_signing_bytes(
            chain, speaker=speaker, listener=listener, challenge=theirs, own_nonce=own
        )
        about = f"Platform {speaker} to platform {listener}."
        yield accept(
            f"link from {speaker} to {listener}",
            about,
            "W-LINK-3",
            _result(key, message),
            what="link",
            private_key=seed(key).hex(),
            chain_id=chain.hex(),
            speaker=speaker,
            listener=listener,
            nonce_of_listener=theirs.hex(),
            nonce_of_speaker=own.hex(),
        )


def _vectors() -> Iterator[Vector]:
    yield from _statements()
    yield from _transactions()
    yield from _handshakes()


def make() -> Document:
    return Document("signed_bytes", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def _message_of(vector: Json) -> tuple[bytes, Json]:
    """The signed bytes, and what else the result tells."""
    if vector["what"] == "transaction":
        keys = tuple(PublicKey(bytes.fromhex(key)) for key in vector["keys"])
        identity = transaction_id(bytes.fromhex(vector["body"]), keys)
        return transaction_signing_bytes(identity), {"id": identity.hex()}
    chain = bytes.fromhex(vector["chain_id"])
    if vector["what"] == "link":
        signed = link_signing_bytes(
            ChainId(chain),
            speaker=vector["speaker"],
            listener=vector["listener"],
            challenge=bytes.fromhex(vector["nonce_of_listener"]),
            own_nonce=bytes.fromhex(vector["nonce_of_speaker"]),
        )
        return signed, {}
    height, view = int(vector["height"]), int(vector["view"])
    digest = bytes.fromhex(vector["digest"])
    return signing_bytes(
        ChainId(chain), Statement(Kind(vector["kind"]), height, View(view), Digest(digest), 0)
    ), {}


def judge(_given: Json, vector: Json) -> Json:
    message, more = _message_of(vector)
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
    return {**more, "bytes": message.hex(), "signature": private.sign(message).hex()}


SIGNED_TWICE = 2
"""Pairs with the same signed bytes: two platforms, and the two keys of an opening."""


def check(document: Json) -> list[str]:
    found = check_each(document, judge)
    if found:
        return found
    signed = [vector["result"]["bytes"] for vector in document["vectors"]]
    if len(set(signed)) != len(signed) - SIGNED_TWICE:
        return ["two different things have the same signed bytes"]
    return []
