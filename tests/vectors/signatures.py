"""Ed25519: which keys and which signatures count (`spec/cryptography.md`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.test_speccheck import CASES
from tests.vectors.curve import (
    IDENTITY,
    ORDER,
    SIGN,
    P,
    broken_by_key,
    broken_by_signature,
    challenge,
    little,
    scalar_of,
    signed_with,
    small_order,
    sum_of,
    times,
    value,
)
from tests.vectors.fixtures import verify
from tests.vectors.form import (
    ACCEPTED,
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    raw,
    refuse,
)
from web4core import ed25519

KEYS = "Whether a public key can have signatures that count. Refusals name every clause it breaks."
SIGNATURES = (
    "Whether a signature counts. Refusals name every clause that key and signature break; K-SIG-5 "
    "is named where no other one is broken."
)
ALL_KEY_CLAUSES = "K-KEY-1 K-KEY-2 K-KEY-3 K-KEY-4"
ALL_CLAUSES = f"{ALL_KEY_CLAUSES} K-SIG-1 K-SIG-2 K-SIG-3 K-SIG-4 K-SIG-5"
RFC_8032 = (
    ("TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", b""),
    ("TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", b"\x72"),
    ("TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", b"\xaf\x82"),
    (
        "TEST SHA(abc)",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        hashlib.sha512(b"abc").digest(),
    ),
)
SEED = bytes.fromhex(RFC_8032[2][1])
MESSAGE = b"\xaf\x82"
NONCE = 1_234_567_890_123_456_789


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


# --- keys ----------------------------------------------------------------------------------------


def _refused_keys() -> Iterator[tuple[str, bytes]]:
    key = _public(SEED)
    yield "no bytes", b""
    yield "31 bytes", key[:31]
    yield "33 bytes", key + b"\0"
    names = ("the identity", "order 2", "order 4, x even", "order 4, x odd")
    for name, point in zip(names, small_order(), strict=False):
        yield name, point
    for number, point in enumerate(small_order()[4:]):
        yield f"order 8, number {number}", point
    for number, point in enumerate(small_order()[1:]):
        yield f"mixed order: an ordinary key and small point {number}", sum_of(key, point)
    yield "the identity with the sign of minus zero", little(1 | SIGN)
    yield "order 2 with the sign of minus zero", little((P - 1) | SIGN)
    for y in (P, P + 1, P + 3, P + 9, P + 18):
        yield f"y of p + {y - P}", little(y)
        yield f"y of p + {y - P} with the sign", little(y | SIGN)
    off_curve = (y for y in range(2, 40) if "K-KEY-3" in broken_by_key(little(y)))
    for y in list(off_curve)[:3]:
        yield f"no point with y of {y}", little(y)


def _keys() -> Iterator[Vector]:
    for name, seed, _ in RFC_8032:
        about = f"The key of RFC 8032, section 7.1 or 7.3, {name}."
        yield accept(name, about, ALL_KEY_CLAUSES, key=_public(bytes.fromhex(seed)).hex())
    for name, scalar in (("1", 1), ("2", 2), ("L minus 1", ORDER - 1)):
        about = f"The base point times {name}: of prime order, although everybody knows the scalar."
        yield accept(f"base times {name}", about, ALL_KEY_CLAUSES, key=times(scalar).hex())
    for name, key in _refused_keys():
        clauses = " ".join(broken_by_key(key))
        if not clauses:
            raise ValueError(f"the key should be refused: {name}")
        yield refuse(name, f"Not a key: {name}.", clauses, key=key.hex())


# --- signatures ----------------------------------------------------------------------------------


def _accepted() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    for name, seed, message in RFC_8032:
        private = bytes.fromhex(seed)
        yield f"RFC 8032 {name}", _public(private), message, _sign(private, message)
    key, scalar = _public(SEED), scalar_of(SEED)
    yield "another nonce", key, MESSAGE, signed_with(scalar, NONCE, MESSAGE)
    yield "R is the base point", key, MESSAGE, signed_with(scalar, 1, MESSAGE)
    yield "the key is the base point", times(1), MESSAGE, signed_with(1, NONCE, MESSAGE)
    yield "a message of 1000 bytes", key, bytes(1000), _sign(SEED, bytes(1000))


def _altered() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """A good signature with something about it changed."""
    key, good = _public(SEED), _sign(SEED, MESSAGE)
    r, s = good[:32], value(good[32:])
    yield "another message", key, MESSAGE[::-1], good
    yield "no message", key, b"", good
    yield "another key", _public(bytes(32)), MESSAGE, good
    yield "a bit of R", key, MESSAGE, bytes([good[0] ^ 1]) + good[1:]
    yield "the sign of R", key, MESSAGE, good[:31] + bytes([good[31] ^ 0x80]) + good[32:]
    yield "a bit of S", key, MESSAGE, good[:32] + bytes([good[32] ^ 1]) + good[33:]
    yield "the other sign of the key", key[:31] + bytes([key[31] ^ 0x80]), MESSAGE, good
    yield "R and S exchanged", key, MESSAGE, good[32:] + good[:32]
    yield "S of minus S", key, MESSAGE, r + little(ORDER - s)
    yield "S plus L", key, MESSAGE, r + little(s + ORDER)
    yield "S plus 2 L", key, MESSAGE, r + little(s + 2 * ORDER)
    yield "S plus 8 L", key, MESSAGE, r + little(s + 8 * ORDER)
    yield "S of L", key, MESSAGE, r + little(ORDER)
    yield "S with its highest bit", key, MESSAGE, r + little(s | SIGN)
    yield "S of all ones", key, MESSAGE, r + b"\xff" * 32
    yield "S of zero", key, MESSAGE, r + bytes(32)
    yield "all zero", key, MESSAGE, bytes(64)
    yield "no bytes", key, MESSAGE, b""
    yield "63 bytes", key, MESSAGE, good[:63]
    yield "65 bytes", key, MESSAGE, good + b"\0"
    yield "R alone", key, MESSAGE, r
    yield "a key of 31 bytes", key[:31], MESSAGE, good
    yield "a key of 33 bytes", key + b"\0", MESSAGE, good
    yield "R that is no point", key, MESSAGE, little(2) + good[32:]
    yield "R with y above p", key, MESSAGE, little(P + 3) + good[32:]


def _torsion() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Signatures that some libraries accept: the equation holds, or does with the cofactor."""
    key, scalar = _public(SEED), scalar_of(SEED)
    for number, point in enumerate(small_order()):
        signature = point + little(challenge(point, key, MESSAGE) * scalar % ORDER)
        yield (
            f"R is small point {number}, and the equation holds with the cofactor",
            key,
            MESSAGE,
            signature,
        )
    for number, point in enumerate(small_order()[1:]):
        signature = signed_with(scalar, NONCE, MESSAGE, torsion=point)
        yield f"R has mixed order, part {number}: holds with the cofactor", key, MESSAGE, signature
    for number, point in enumerate(small_order()):
        signature = times(NONCE) + little(NONCE)
        yield f"the key is small point {number}: holds with the cofactor", point, MESSAGE, signature
    for y in (P, P + 1):
        yield f"R of y p + {y - P}, S of zero", key, MESSAGE, little(y) + bytes(32)
        yield f"a key of y p + {y - P}", little(y), MESSAGE, times(NONCE) + little(NONCE)
    for r, name in ((IDENTITY, "the identity"), (little(1 | SIGN), "minus zero")):
        yield f"key and R are the identity, R as {name}", IDENTITY, MESSAGE, r + bytes(32)
    mixed = sum_of(key, small_order()[1])
    for nonce in range(1, 40):
        r = times(nonce)
        k = challenge(r, mixed, MESSAGE)
        if k % 2 == 0:
            signature = r + little((nonce + k * scalar) % ORDER)
            yield (
                "a key of mixed order, and the equation holds without a cofactor",
                mixed,
                MESSAGE,
                signature,
            )
            break


def _prehashed() -> bytes:
    """An Ed25519ph signature (RFC 8032, section 5.1) of the message."""
    key, scalar = _public(SEED), scalar_of(SEED)
    r, prefix = times(NONCE), b"SigEd25519 no Ed25519 collisions\x01\x00"
    hashed = hashlib.sha512(prefix + r + key + hashlib.sha512(MESSAGE).digest()).digest()
    return r + little((NONCE + value(hashed) * scalar) % ORDER)


def _published() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    for number in range(0, len(CASES), 4):
        message, key, r, s = (bytes.fromhex(each) for each in CASES[number : number + 4])
        yield f"ed25519-speccheck {number // 4}", key, message, r + s


def _signatures() -> Iterator[Vector]:
    for name, key, message, signature in _accepted():
        if list(broken_by_signature(key, message, signature)):
            raise ValueError(f"{name} should be accepted")
        about = f"A good signature: {name}."
        yield accept(
            name,
            about,
            ALL_CLAUSES,
            key=key.hex(),
            message=message.hex(),
            signature=signature.hex(),
        )
    refused = [*_altered(), *_torsion(), *_published()]
    refused.append(("Ed25519ph", _public(SEED), MESSAGE, _prehashed()))
    for name, key, message, signature in refused:
        clauses = " ".join(broken_by_signature(key, message, signature))
        if not clauses:
            raise ValueError(f"{name} should be refused")
        yield refuse(
            name,
            f"Not a signature: {name}.",
            clauses,
            key=key.hex(),
            message=message.hex(),
            signature=signature.hex(),
        )


def make_keys() -> Document:
    return Document("keys", KEYS, {}, _keys())


def make_signatures() -> Document:
    return Document("signatures", SIGNATURES, {}, _signatures())


def _judge_key(_given: Json, vector: Json) -> Json:
    key = raw(vector["key"])
    if not ed25519.key_is_acceptable(key):
        raise Refused(next(broken_by_key(key), "accepted by the text of the clauses"))
    return ACCEPTED


def _judge_signature(_given: Json, vector: Json) -> Json:
    key, message, signature = (raw(vector[each]) for each in ("key", "message", "signature"))
    if not verify(key, message, signature):
        broken = broken_by_signature(key, message, signature)
        raise Refused(next(broken, "accepted by the text of the clauses"))
    return ACCEPTED


def check_keys(document: Json) -> list[str]:
    return check_each(document, _judge_key)


def check_signatures(document: Json) -> list[str]:
    return check_each(document, _judge_signature)
