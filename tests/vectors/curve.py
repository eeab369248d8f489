"""Keys and signatures that nobody makes by accident, and why each of them does not count.

Made with the arithmetic of `web4core.ed25519`, from the text of `spec/cryptography.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from web4core import ed25519

P: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
SIGN: Final = 1 << 255
IDENTITY: Final = (1).to_bytes(32, "little")


def little(number: int) -> bytes:
    """A number as 32 bytes."""
    return number.to_bytes(32, "little")


def value(encoding: bytes) -> int:
    """The number that these bytes are."""
    return int.from_bytes(encoding, "little")


def sum_of(one: bytes, other: bytes) -> bytes:
    """The encoding of the sum of two points."""
    first, second = ed25519._decompress(one), ed25519._decompress(other)
    assert first is not None
    assert second is not None
    return ed25519._compress(ed25519._add(first, second))


def times(scalar: int, point: bytes | None = None) -> bytes:
    """The encoding of a multiple of a point, of the base point if none is given."""
    base = ed25519._BASE if point is None else ed25519._decompress(point)
    assert base is not None
    return ed25519._compress(ed25519._multiply(scalar, base))


def small_order() -> tuple[bytes, ...]:
    """The canonical encodings of the eight points whose order divides 8, the identity first."""
    eighth = ed25519._eighth_order_y()
    signs = (0, SIGN)
    of_order_8 = tuple(little(y | sign) for y in (eighth, P - eighth) for sign in signs)
    return (IDENTITY, little(P - 1), little(0), little(SIGN), *of_order_8)


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    """k of K-SIG-5."""
    return value(hashlib.sha512(r + key + message).digest()) % ORDER


def signed_with(scalar: int, nonce: int, message: bytes, *, torsion: bytes = IDENTITY) -> bytes:
    """A signature by the key [scalar]B with this nonce; `torsion` is added to R."""
    r = sum_of(times(nonce), torsion)
    k = challenge(r, times(scalar), message)
    return r + little((nonce + k * scalar) % ORDER)


def scalar_of(seed: bytes) -> int:
    """The secret scalar of RFC 8032, section 5.1.5."""
    clamped = value(hashlib.sha512(seed).digest()[:32])
    return (clamped & ((1 << 254) - 8)) | (1 << 254)


def broken_by_key(key: bytes) -> Iterator[str]:
    """The clauses K-KEY-1 to K-KEY-4 that a key breaks, each judged by its own text."""
    if len(key) != 32:
        yield "K-KEY-1"
        return
    y, sign = value(key) % SIGN, value(key) >> 255
    if y >= P or (sign and y in (1, P - 1)):
        yield "K-KEY-2"
    point = ed25519._decompress(little(y % P))
    if point is None:
        yield "K-KEY-3"
    elif ed25519._is_identity(point) or times(ORDER, little(y % P)) != IDENTITY:
        yield "K-KEY-4"


def broken_by_signature(key: bytes, message: bytes, signature: bytes) -> Iterator[str]:
    """All clauses that a key and its signature break; K-SIG-5 where no other one does."""
    broken = list(broken_by_key(key))
    if len(signature) != 64:
        broken.append("K-SIG-1")
    elif value(signature[32:]) >= ORDER:
        broken.append("K-SIG-2")
    if len(signature) == 64:
        y = value(signature[:32]) % SIGN
        if y >= P:
            broken.append("K-SIG-3")
        if y in {value(point) % SIGN for point in small_order()}:
            broken.append("K-SIG-4")
    yield from broken
    if not broken:
        k = challenge(signature[:32], key, message)
        expected = sum_of(times(value(signature[32:])), times(ORDER - k, key))
        if expected != signature[:32]:
            yield "K-SIG-5"
