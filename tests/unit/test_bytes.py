"""Codec, hashes, Merkle structures and the Ed25519 rule, each against an oracle of another make."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import cbor2
import nacl.exceptions
import nacl.signing
import pytest

from tests.support.federation import Key
from web4adapters.signers import Verifier
from web4core import codec, ed25519
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.hashing import Tag, digest, domain
from web4core.merkle import (
    Map,
    check_list,
    check_map,
    list_proof,
    list_root,
    prove,
)

VALUES = 5_000


def generate(dice: random.Random, depth: int = 0) -> Any:
    """Some value of the profile."""
    kind = dice.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return dice.choice([True, False, None])
    if kind == 1:
        return dice.choice([-1, 1]) * dice.getrandbits(dice.randint(0, 63))
    if kind == 2:
        return dice.randbytes(dice.choice([0, 1, 23, 24, 32, 255, 256, 300]))
    if kind in (3, 4):
        return "".join(dice.choice("aé€😀z ") for _ in range(dice.choice([0, 1, 5, 23, 24, 70])))
    if kind == 5:
        return {f"{dice.getrandbits(12):x}": generate(dice, depth + 1) for _ in range(3)}
    return tuple(generate(dice, depth + 1) for _ in range(dice.choice([0, 1, 3, 24])))


def plain(value: Any) -> Any:
    """The value as cbor2 takes it."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


@pytest.mark.clause("W-CBOR-4", "W-CBOR-12")
def test_the_codec_agrees_with_cbor2_canonical() -> None:
    dice = random.Random(1)
    for _ in range(VALUES):
        value = generate(dice)
        data = codec.encode(value)
        assert cbor2.dumps(plain(value), canonical=True) == data
        assert codec.decode(data, len(data)) == value


@pytest.mark.parametrize(
    ("data", "clause"),
    [
        ("00", "W-CBOR-1"),
        ("18", "W-CBOR-2"),
        ("44aabb", "W-CBOR-2"),
        ("9bffffffffffffffff", "W-CBOR-2"),
        ("0000", "W-CBOR-3"),
        ("1817", "W-CBOR-4"),
        ("190001", "W-CBOR-4"),
        ("5f4100ff", "W-CBOR-5"),
        ("ff", "W-CBOR-5"),
        ("1c", "W-CBOR-6"),
        ("c100", "W-CBOR-7"),
        ("f93c00", "W-CBOR-8"),
        ("fb7ff8000000000000", "W-CBOR-8"),
        ("f7", "W-CBOR-9"),
        ("e0", "W-CBOR-9"),
        ("62c328", "W-CBOR-10"),
        ("a10000", "W-CBOR-11"),
        ("a2616200616100", "W-CBOR-12"),
        ("a2616100616100", "W-CBOR-13"),
        ("81" * 40 + "00", "W-CBOR-14"),
        ("82c0", "W-CBOR-2"),  # at once, before the tag is looked at
    ],
)
def test_what_is_not_canonical_is_refused_for_its_reason(data: str, clause: str) -> None:
    raw = bytes.fromhex(data)
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode(raw, 0 if clause == "W-CBOR-1" else len(raw))
    assert clause == caught.value.clause


@pytest.mark.parametrize("value", [1.0, {1: 2}, {1, 2}, 2**64, -(2**64) - 1, object()])
def test_what_has_no_encoding_is_the_embedders_mistake(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        codec.encode(value)


@pytest.mark.clause("W-HASH-1", "W-HASH-2")
def test_a_digest_is_over_its_domain() -> None:
    assert domain(Tag.HEADER) == b"web4/1/header\0"
    assert hashlib.sha256(b"web4/1/header\0abc").digest() == digest(Tag.HEADER, b"ab", b"c")
    assert len({domain(tag) for tag in Tag}) == len(Tag)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    pair = naive_root(leaves[:half]) + naive_root(leaves[half:])
    return hashlib.sha256(b"\1" + pair).digest()


@pytest.mark.clause("W-LIST-1", "W-LIST-2", "W-LIST-3")
@pytest.mark.parametrize("size", [*range(18), 100])
def test_list_roots_and_proofs_are_those_of_rfc_9162(size: int) -> None:
    leaves = [bytes([index]) * 3 for index in range(size)]
    root = list_root(leaves)
    assert naive_root(leaves) == root
    for index in range(size):
        proof = list_proof(leaves, index)
        assert check_list(root, leaves[index], index, size, proof)
        assert not check_list(root, b"other", index, size, proof)
        assert not check_list(root, leaves[index], index + 1, size, proof)
        assert not check_list(root, leaves[index], index, size, (*proof, bytes(32)))


def path(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


@pytest.mark.clause("W-MAP-1", "W-MAP-2", "W-MAP-3", "W-MAP-4", "W-MAP-5")
def test_a_map_is_its_content_however_it_came_about() -> None:
    dice = random.Random(2)
    entries: Map[bytes] = Map.empty(lambda value: value)
    model: dict[bytes, bytes] = {}
    for _ in range(3_000):
        key = path(dice.randrange(400))
        if dice.random() < 0.3 and key in model:
            entries = entries.delete(key)
            del model[key]
        else:
            value = dice.randbytes(4)
            entries = entries.set(key, value)
            model[key] = value
    assert dict(entries.items()) == model
    assert len(entries) == len(model)
    again: Map[bytes] = Map.build(lambda value: value, sorted(model.items()))
    assert entries == again
    assert entries.root() == again.root()
    root = entries.root()
    for key, value in model.items():
        proof = prove(entries, key)
        assert check_map(root, key, value, proof)
        assert not check_map(root, key, value + b"x", proof)
        assert not check_map(root, path(9_999), value, proof)
    start = sorted(model)[5]
    assert next(key for key, _ in entries.items_from(start)) == start


L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
SMALL = [
    bytes.fromhex(each)
    for each in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
]


def by_nacl(key: bytes, message: bytes, signature: bytes) -> bool:
    """The rule, and then libsodium."""
    if not (ed25519.key_is_acceptable(key) and ed25519.signature_is_acceptable(signature)):
        return False
    try:
        nacl.signing.VerifyKey(key).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def candidates() -> list[tuple[bytes, bytes, bytes]]:
    key = Key("somebody")
    good = key.sign(b"hello")
    r, s = good[:32], int.from_bytes(good[32:], "little")
    cases: list[tuple[bytes, bytes, bytes]] = [
        (key.public, b"hello", good),
        (key.public, b"other", good),
    ]
    cases.append((key.public, b"hello", r + (s + L).to_bytes(32, "little")))
    cases.extend((small, b"hello", good) for small in SMALL)
    cases.extend((key.public, b"hello", small + good[32:]) for small in SMALL)
    cases.extend((small, b"m", small + bytes(32)) for small in SMALL)
    for y in range(P, 2**255):
        cases.append((y.to_bytes(32, "little"), b"m", good))
        cases.append((key.public, b"m", y.to_bytes(32, "little") + good[32:]))
    cases.append((key.public[:31], b"m", good))
    cases.append((key.public, b"m", good[:63]))
    return cases


@pytest.mark.clause("K-KEY-1", "K-KEY-2", "K-KEY-4", "K-SIG-1", "K-SIG-2", "K-SIG-3", "K-SIG-4")
def test_all_libraries_give_one_verdict_under_the_rule() -> None:
    by_cryptography = Verifier()
    accepted = 0
    for case in candidates():
        verdicts = {ed25519.verify(*case), by_nacl(*case), by_cryptography(*case)}
        assert len(verdicts) == 1, case
        accepted += verdicts.pop()
    assert accepted == 1


@pytest.mark.clause("K-KEY-4")
def test_a_key_of_mixed_order_is_refused() -> None:
    point = ed25519._decompress(Key("somebody").public)
    torsion = ed25519._decompress(SMALL[4])
    assert point is not None
    assert torsion is not None
    mixed = ed25519._compress(ed25519._add(point, torsion))
    assert not ed25519.key_is_acceptable(mixed)
    assert ed25519.key_is_acceptable(Key("somebody").public)


@pytest.mark.clause("K-KEY-3", "K-SIG-5")
def test_ordinary_signatures_count_and_points_off_the_curve_do_not() -> None:
    for number in range(20):
        key = Key(f"owner {number}")
        assert ed25519.verify(key.public, b"message", key.sign(b"message"))
        assert not ed25519.verify(key.public, b"massage", key.sign(b"message"))
    off_curve = sum(not ed25519.key_is_acceptable(y.to_bytes(32, "little")) for y in range(2, 40))
    assert off_curve > 10


@pytest.mark.parametrize("value", ["text longer than the limit", 7, bytearray(9), None])
def test_what_is_no_bytes_is_misuse_whatever_its_length(value: object) -> None:
    with pytest.raises(LocalProtocolError, match="only bytes can be decoded"):
        codec.decode(value, 3)  # type: ignore[arg-type]
