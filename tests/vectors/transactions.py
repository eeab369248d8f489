"""Transactions as bytes: which ones are read, which refused, and what their id covers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from tests.support.federation import ALICE, BOB, START_MS, Key, owner_key, platform_key, sign
from tests.vectors.curve import ORDER, little, scalar_of, signed_with, value
from tests.vectors.fixtures import (
    CAROL,
    encoded_genesis,
    federation,
    genesis_from,
    opening,
    payment,
    seed,
    verify,
)
from tests.vectors.form import (
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    readable,
    refuse,
    sentence,
)
from web4core import codec
from web4core.ledger.application import Ledger
from web4core.ledger.state import Address
from web4core.ledger.transactions import (
    BODY,
    MAX_NONCE,
    Body,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
    transaction_id,
    transaction_signing_bytes,
)
from web4core.schema import MAX_UINT
from web4core.types import ChainId, Nonce, Signature, TimeMs

ABOUT = (
    "A transaction's bytes, its id, its body and its keys. Whether it applies is another question: "
    "see rules.json."
)
DAVE = Address(platform="thor", agent="dave")
ALL = "L-TX-1 L-TX-3 L-TX-4 L-TX-6"
NONCE = 987_654_321


def _lengthy(platform: str) -> Address:
    return Address(platform=platform, agent="x" * 64)


def _accepted() -> Iterator[tuple[str, Transaction, str]]:
    chain, alice, sprout = federation().chain_id, owner_key(ALICE), platform_key(1)
    transfer = payment().id
    yield "open", opening(), ALL
    yield "transfer", payment(), ALL
    lock = TransferLock(
        chain_id=chain,
        source=ALICE,
        destination=BOB,
        amount_uatp=5,
        nonce=Nonce(0),
        expiry_ms=TimeMs(START_MS + 10_000),
    )
    yield "lock", sign(lock, alice), ALL
    yield "commit", sign(TransferCommit(chain, transfer), sprout), ALL
    yield "rollback", sign(TransferRollback(chain, transfer, "no such agent"), sprout), ALL
    yield "rollback for no reason", sign(TransferRollback(chain, transfer, ""), alice), "L-TX-5"
    wide = TransferRollback(chain, transfer, "\U0001f600" * 120)
    yield "rollback with a reason of 480 bytes", sign(wide, sprout), "L-TX-5"
    most = Transfer(
        chain_id=chain,
        source=ALICE,
        destination=CAROL,
        amount_uatp=MAX_UINT,
        nonce=Nonce(MAX_NONCE),
    )
    yield "transfer with the largest amount and nonce", sign(most, alice), "L-TX-2 W-TYPE-1"
    yield (
        "transfer of nothing",
        sign(
            Transfer(
                chain_id=chain, source=ALICE, destination=CAROL, amount_uatp=0, nonce=Nonce(0)
            ),
            alice,
        ),
        "W-TYPE-1",
    )
    late = TransferLock(
        chain_id=chain,
        source=ALICE,
        destination=BOB,
        amount_uatp=1,
        nonce=Nonce(0),
        expiry_ms=TimeMs(MAX_UINT),
    )
    yield "lock that expires last", sign(late, alice), "W-TYPE-1"
    long = TransferLock(
        chain_id=chain,
        source=_lengthy("x" * 64),
        destination=_lengthy("y" * 64),
        amount_uatp=MAX_UINT,
        nonce=Nonce(MAX_NONCE),
        expiry_ms=TimeMs(MAX_UINT),
    )
    yield "lock with the longest names", sign(long, alice), "W-TYPE-3"
    yield "transfer signed by a stranger", sign(payment().body, owner_key(BOB)), "L-TX-4"
    swapped = sign(opening().body, owner_key(DAVE), platform_key(0))
    yield "open with its keys exchanged", swapped, "L-TX-4"
    yield (
        "open with one key twice",
        sign(opening().body, platform_key(0), platform_key(0)),
        "L-TX-3",
    )


def _signed_otherwise() -> Transaction:
    """The payment with another good signature of the same key."""
    good = payment()
    message = transaction_signing_bytes(good.id)
    other = Signature(signed_with(scalar_of(seed(owner_key(ALICE))), NONCE, message))
    return assemble(good.body, good.keys, (other,))


def _bytes(body: bytes, keys: Any, signatures: Any, label: str = "tx") -> bytes:
    return codec.encode((label, body, keys, signatures))


def _signatures_of(body: bytes, *keys: Key) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Keys, and their good signatures of a body of any bytes."""
    publics = tuple(key.public for key in keys)
    message = transaction_signing_bytes(transaction_id(body, publics))
    return publics, tuple(key.sign(message) for key in keys)


def _refused() -> Iterator[tuple[str, bytes, str]]:
    good, alice = payment(), owner_key(ALICE)
    body = BODY.encode(good.body)
    yield "another chain", _of_body(evolve(good.body, chain_id=ChainId(bytes(32))), alice), "L-TX-1"
    two = _signatures_of(body, alice, owner_key(CAROL))
    yield "transfer with two keys", _bytes(body, *two), "L-TX-3"
    yield "transfer with no key", _bytes(body, (), ()), "L-TX-3"
    yield "transfer with a key and no signature", _bytes(body, good.keys, ()), "L-TX-3"
    yield "transfer with a signature and no key", _bytes(body, (), good.signatures), "L-TX-3"
    open_body = BODY.encode(opening().body)
    one = _signatures_of(open_body, platform_key(0))
    yield "open with one key", _bytes(open_body, *one), "L-TX-3"
    three = _signatures_of(open_body, *(platform_key(each) for each in range(3)))
    yield "open with three keys", _bytes(open_body, *three), "W-TYPE-4 L-TX-3"
    yield from _badly_signed()
    yield from _badly_encoded(body, good)


def _of_body(body: Body, *keys: Key) -> bytes:
    return sign(body, *keys).encoded


def _badly_signed() -> Iterator[tuple[str, bytes, str]]:
    good, alice = payment(), owner_key(ALICE)
    clauses = "L-TX-4 W-MSG-2"
    r, s = good.signatures[0][:32], value(good.signatures[0][32:])
    signatures = {
        "no signature at all": bytes(64),
        "S plus L": r + little(s + ORDER),
        "the id signed without its domain": alice.sign(good.id),
        "the body signed instead of the id": alice.sign(BODY.encode(good.body)),
        "another transaction's signature": payment(251).signatures[0],
        "another key's signature": owner_key(CAROL).sign(transaction_signing_bytes(good.id)),
    }
    for name, signature in signatures.items():
        yield name, assemble(good.body, good.keys, (Signature(signature),)).encoded, clauses
    both = opening()
    swapped = assemble(both.body, both.keys, both.signatures[::-1])
    yield "open with its signatures exchanged", swapped.encoded, clauses
    unproved = assemble(both.body, both.keys, (both.signatures[0], Signature(bytes(64))))
    yield "open without the owner's signature", unproved.encoded, clauses
    exchanged = assemble(both.body, both.keys[::-1], both.signatures[::-1])
    yield "open with keys and signatures exchanged: the id differs", exchanged.encoded, clauses


def _badly_encoded(body: bytes, good: Transaction) -> Iterator[tuple[str, bytes, str]]:
    alice = owner_key(ALICE)
    plain = BODY.dump(good.body)
    assert isinstance(plain, tuple)
    wrong_bodies: tuple[tuple[str, bytes, str], ...] = (
        ("a byte after the body", body + b"\0", "W-CBOR-3"),
        ("a body cut short", body[:-1], "W-CBOR-2"),
        ("a body of no bytes", b"", "W-TYPE-2 W-CBOR-2"),
        ("a body of an unknown kind", codec.encode(("mint", *plain[1:])), "W-TYPE-6"),
        ("a body with a field too many", codec.encode((*plain, 0)), "W-TYPE-5"),
        ("a nonce of 2^63 - 1", codec.encode((*plain[:5], 2**63 - 1)), "L-TX-2 W-TYPE-1"),
        ("an amount of 2^63", codec.encode((*plain[:4], 2**63, 0)), "W-TYPE-1"),
        ("an amount below zero", codec.encode((*plain[:4], -1, 0)), "W-TYPE-1"),
        ("an amount that is a float", body[:-3] + b"\xf9\x3c\x00\x00", "W-CBOR-8"),
        ("an amount in a longer form", body[:-3] + b"\x19\x00\xfa\x00", "W-CBOR-4"),
    )
    for name, wrong, clauses in wrong_bodies:
        yield name, _bytes(wrong, *_signatures_of(wrong, alice)), clauses
    encoded = good.encoded
    yield (
        "the body as an array",
        codec.encode(("tx", plain, good.keys, good.signatures)),
        "W-TYPE-2",
    )
    yield "another label", _bytes(body, good.keys, good.signatures, "TX"), "W-TYPE-5"
    yield "a byte after the transaction", encoded + b"\0", "W-CBOR-3"
    yield "a transaction cut short", encoded[:-1], "W-CBOR-2"
    yield "an array of no stated length", b"\x9f" + encoded[1:] + b"\xff", "W-CBOR-5"
    yield "2049 bytes", _bytes(bytes(2010), (), ()).ljust(2049, b"\0"), "W-CBOR-1 W-CBOR-3 W-CBOR-4"
    short_key = _bytes(body, (good.keys[0][:31],), good.signatures)
    yield "a key of 31 bytes", short_key, "W-TYPE-2"
    short = _bytes(body, good.keys, (good.signatures[0][:63],))
    yield "a signature of 63 bytes", short, "W-TYPE-2"


def _vectors() -> Iterator[Vector]:
    for name, item, clauses in _accepted():
        yield accept(
            name, f"A good one: {name}.", clauses, _result(item), transaction=item.encoded.hex()
        )
    other = _signed_otherwise()
    about = "The transfer again with another good signature of the same key: it has the same id."
    yield accept(
        "transfer signed otherwise",
        about,
        "L-TX-4",
        _result(other),
        transaction=other.encoded.hex(),
    )
    for name, data, clauses in _refused():
        yield refuse(name, sentence(name), clauses, transaction=data.hex())


def _result(item: Transaction) -> Json:
    return {
        "id": item.id.hex(),
        "kind": type(item.body).__name__,
        "body": readable(item.body),
        "keys": [key.hex() for key in item.keys],
    }


def make() -> Document:
    return Document("transactions", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def judge(given: Json, vector: Json) -> Json:
    ledger = Ledger.of(genesis_from(given["genesis"]))
    item = ledger.decode(bytes.fromhex(vector["transaction"]))
    if not all(verify(*claim) for claim in ledger.signature_checks(item)):
        raise Refused("L-TX-4")
    return _result(item)


def check(document: Json) -> list[str]:
    return check_each(document, judge)
