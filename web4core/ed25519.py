"""The Ed25519 keys and signatures that count: one verdict on every machine, with any library.

Libraries disagree on keys and signatures that nobody makes by accident: points of small or mixed
order, encodings that are not canonical, scalars that are too large (Chalkias, Garillot, Nikolaenko:
"Taming the many EdDSAs").
Where a verdict is part of consensus such a signature would split the federation.
The rule here refuses all of them before any library is asked; on all others, the libraries agree.

Only the rule, and an implementation of it that needs no library, may live here; curve and encodings
are those of RFC 8032, section 5.1.
Nothing here is secret, so nothing needs to take constant time.

Clauses: K-KEY-1 to K-KEY-4, K-SIG-1 to K-SIG-5.
"""

from __future__ import annotations

from hashlib import sha512
from typing import Final, TypeAlias

from web4core.signature_check import Verify

__all__ = [
    "KEY_BYTES",
    "SIGNATURE_BYTES",
    "Verify",
    "key_is_acceptable",
    "signature_is_acceptable",
    "verify",
]

KEY_BYTES: Final = 32
"""An Ed25519 public key (K-KEY-1)."""

SIGNATURE_BYTES: Final = 64
"""An Ed25519 signature (K-SIG-1)."""

_P: Final = 2**255 - 19
"""The prime of the field."""

_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""The prime order of the base point, L in RFC 8032. The curve has 8 L points."""

_D: Final = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1: Final = pow(2, (_P - 1) // 4, _P)
_SIGN_BIT: Final = 1 << 255

_Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates (RFC 8032, section 5.1.4): X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""

_IDENTITY: Final[_Point] = (0, 1, 1, 0)


def _square_root(square: int) -> int | None:
    """A square root modulo p, or None where there is none (RFC 8032, section 5.1.3, step 3)."""
    root = pow(square, (_P + 3) // 8, _P)
    difference = (root * root - square) % _P
    if difference == 0:
        return root
    root = root * _SQRT_MINUS_1 % _P
    return root if (root * root - square) % _P == 0 else None


def _decompress(encoding: bytes) -> _Point | None:
    """The point with this canonical encoding, or None. Takes 32 bytes."""
    number = int.from_bytes(encoding, "little")
    sign = number >> 255
    y = number & (_SIGN_BIT - 1)
    if y >= _P:  # K-KEY-2
        return None
    y_squared = y * y % _P
    x = _square_root((y_squared - 1) * pow(_D * y_squared + 1, -1, _P) % _P)
    if x is None:  # K-KEY-3
        return None
    if x == 0 and sign:  # K-KEY-2: there is no minus zero
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _compress(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    sign = (x * inverse % _P) & 1
    return (y * inverse % _P | sign << 255).to_bytes(KEY_BYTES, "little")


def _negative(point: _Point) -> _Point:
    x, y, z, t = point
    return (_P - x, y, z, _P - t)


def _add(one: _Point, other: _Point) -> _Point:
    """The complete addition of RFC 8032, section 5.1.4, for all pairs of points."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % _P
    b = (y1 + x1) * (y2 + x2) % _P
    c = 2 * _D * t1 * t2 % _P
    d = 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _multiply(scalar: int, point: _Point) -> _Point:
    """[scalar]point, by doubling and adding. The scalar is not reduced and not negative."""
    result = _IDENTITY
    for bit in bin(scalar)[2:]:
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return result


def _base_point() -> _Point:
    y = 4 * pow(5, -1, _P) % _P
    x = _square_root((y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P) or 0
    x = _P - x if x & 1 else x
    return (x, y, 1, x * y % _P)


_BASE: Final = _base_point()


def _eighth_order_y() -> int:
    """The y of a point of order 8: doubling it gives y = 0, so y**2 + x**2 = 0.

    With x**2 = -y**2 the curve equation becomes d y**4 + 2 y**2 - 1 = 0.
    """
    root = _square_root((1 + _D) % _P) or 0
    inverse = pow(_D, -1, _P)
    y = _square_root((root - 1) * inverse % _P) or _square_root((-root - 1) * inverse % _P)
    return y or 0


_SMALL_ORDER_Y: Final = frozenset((0, 1, _P - 1, _eighth_order_y(), _P - _eighth_order_y()))
"""The y of the eight points whose order divides 8; no other points have these."""


def signature_is_acceptable(signature: bytes) -> bool:
    """Whether a signature has the form that all libraries judge alike; says nothing of its truth.

    R need not be on the curve: if it is not, every library finds that the equation does not hold.
    """
    if len(signature) != SIGNATURE_BYTES:  # K-SIG-1
        return False
    if int.from_bytes(signature[KEY_BYTES:], "little") >= _ORDER:  # K-SIG-2
        return False
    y = int.from_bytes(signature[:KEY_BYTES], "little") & (_SIGN_BIT - 1)
    # K-SIG-3, K-SIG-4: minus zero is spelt with y of 1 or -1 only, which have small order anyway.
    return y < _P and y not in _SMALL_ORDER_Y


def key_is_acceptable(key: bytes) -> bool:
    """Whether a key is the canonical encoding of a point of prime order (K-KEY-1 to K-KEY-4)."""
    if len(key) != KEY_BYTES:  # K-KEY-1
        return False
    point = _decompress(key)
    if point is None or _is_identity(point):  # K-KEY-4: the identity has order 1
        return False
    return _is_identity(_multiply(_ORDER, point))  # K-KEY-4


def _is_identity(point: _Point) -> bool:
    x, y, z, _ = point
    return x == 0 and y == z


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """The verdict on a signature, with nothing but integers: slow, and the same everywhere.

    An oracle for tests, and a `Verify` for runtimes that have no library (K-SIG-5).
    """
    if not (key_is_acceptable(key) and signature_is_acceptable(signature)):
        return False
    point = _decompress(key)
    if point is None:
        return False
    challenge = sha512(signature[:KEY_BYTES] + key + message).digest()
    k = int.from_bytes(challenge, "little") % _ORDER
    s = int.from_bytes(signature[KEY_BYTES:], "little")
    # K-SIG-5: R is compared as bytes, so an R that is no point is never equal.
    expected = _add(_multiply(s, _BASE), _multiply(k, _negative(point)))
    return _compress(expected) == signature[:KEY_BYTES]
