"""Symbolic integers of a fixed width, and byte strings whose bytes are symbolic.

For code that takes numbers apart, such as `codec` with its heads: such questions are easy for the
solver over bits, and hard over unbounded integers.
A `Word` has more bits than any number of that code, so that nothing wraps: its maker states its
range, and sums stay far below the limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import z3

from web4proofs.symbolic import engine
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.engine import unmodelled
from web4proofs.symbolic.values import Symbolic, SymbolicBool, refusal, seen_as, strict

WIDTH: Final = 80
"""Bits of a `Word`, one of them the sign: enough for 64-bit arguments and their sums."""
COUNTED: Final = 16
"""Bits of a number whose set bits are counted: a branch of an authenticated map has so many."""
_OCTET: Final = 8


@strict
class Word(Symbolic):
    """A symbolic integer of fixed width."""

    __slots__ = ("term",)
    __class__ = seen_as(int)

    def __init__(self, term: z3.BitVecRef) -> None:
        self.term = term

    def __or__(self, other: object) -> Word:
        return Word(self.term | _bits(other))

    def __and__(self, other: object) -> Word:
        return Word(self.term & _bits(other))

    __ror__, __rand__ = __or__, __and__

    def __add__(self, other: object) -> Word:
        return Word(self.term + _bits(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> Word:
        return Word(self.term - _bits(other))

    def __rsub__(self, other: object) -> Word:
        return Word(_bits(other) - self.term)

    def __lt__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term < _bits(other))

    def __le__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term <= _bits(other))

    def __gt__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term > _bits(other))

    def __ge__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term >= _bits(other))

    def __eq__(self, other: object) -> Any:
        return False if other is None else SymbolicBool(self.term == _bits(other))

    def __ne__(self, other: object) -> Any:
        return True if other is None else SymbolicBool(self.term != _bits(other))

    def __bool__(self) -> bool:
        return engine.decide(self.term != 0)

    __hash__ = refusal("hash()")

    def bit_count(self) -> Count:
        """Count the set bits of a number of at most `COUNTED` bits."""
        if engine.decide(z3.LShR(self.term, COUNTED) != 0):
            raise unmodelled(f"bit_count() of a number of more than {COUNTED} bits")
        return Count(bits_of(z3.Extract(COUNTED - 1, 0, self.term)))

    def to_bytes(self, length: int, byteorder: str) -> Octets:
        """Return the bytes, as `int` does; a number that does not fit is not modelled."""
        if byteorder != "big":
            raise unmodelled(f"to_bytes() in the order {byteorder}")
        if engine.decide(z3.LShR(self.term, _OCTET * length) != 0):
            raise unmodelled("to_bytes() of a number that does not fit")
        octets = [z3.Extract(8 * i + 7, 8 * i, self.term) for i in reversed(range(length))]
        return Octets(octets)

    def concretised(self, concretion: Concretion) -> int:
        """Return the plain integer."""
        value: int = concretion.evaluated(self.term).as_signed_long()
        return value

    def shown(self) -> str:
        return str(self.term)


@strict
class Count(Symbolic):
    """The number of set bits among a few; as an index it forks over all its possible values."""

    __slots__ = ("bits",)
    __class__ = seen_as(int)

    def __init__(self, bits: tuple[z3.BoolRef, ...]) -> None:
        self.bits = bits

    def __eq__(self, other: object) -> Any:
        if type(other) is not int:
            raise unmodelled(f"a count compared with a {type(other).__name__}")
        return SymbolicBool(exactly(self.bits, other))

    def __ne__(self, other: object) -> Any:
        return SymbolicBool(z3.Not((self == other).term))

    __hash__ = refusal("hash()")

    def __index__(self) -> int:
        for value in range(len(self.bits)):
            if engine.decide(exactly(self.bits, value)):
                return value
        return len(self.bits)

    def shown(self) -> str:
        return str(self.bits)


@strict
class Octets(Symbolic):
    """A byte string of known length, made from its bytes as `bytes` is.

    Code that asks `type(data) is bytes` can be bound to this class under the name `bytes`.
    """

    __slots__ = ("octets",)
    __class__ = seen_as(bytes)

    def __init__(self, octets: Iterable[Any] = ()) -> None:
        self.octets: tuple[z3.BitVecRef, ...] = tuple(map(_octet, octets))

    def __len__(self) -> int:
        return len(self.octets)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Octets(self.octets[place])
        octet = self.octets[place]
        if z3.is_bv_value(octet):
            return octet.as_long()
        return Word(z3.ZeroExt(WIDTH - _OCTET, octet))

    def __add__(self, other: object) -> Octets:
        return Octets((*self.octets, *_octets(other)))

    def __radd__(self, other: object) -> Octets:
        return Octets((*_octets(other), *self.octets))

    def __eq__(self, other: object) -> Any:
        there = _octets(other)
        if len(there) != len(self.octets):
            return False
        return SymbolicBool(z3.And([a == b for a, b in zip(self.octets, there, strict=True)]))

    __hash__ = refusal("hash()")

    def concretised(self, concretion: Concretion) -> bytes:
        """Return the plain bytes."""
        return bytes(concretion.evaluated(octet).as_long() for octet in self.octets)

    def shown(self) -> str:
        return str(self.octets)


class Numbers:
    """A replacement of `int`, for code that calls `int.from_bytes`."""

    @staticmethod
    def from_bytes(octets: Octets, byteorder: str) -> Word:
        """Return the integer with these bytes."""
        if byteorder != "big":
            raise unmodelled(f"from_bytes() in the order {byteorder}")
        if not octets.octets:
            return Word(z3.BitVecVal(0, WIDTH))
        joined = z3.Concat(*octets.octets) if len(octets.octets) > 1 else octets.octets[0]
        return Word(z3.ZeroExt(WIDTH - joined.size(), joined))


def word(stem: str) -> Word:
    """Return any integer of `WIDTH` bits."""
    return Word(engine.fresh(stem, z3.BitVecSort(WIDTH)))


def octets(stem: str, first: Iterable[int], length: int) -> Octets:
    """Return any byte string of this length with these first bytes."""
    known = tuple(first)
    rest = [engine.fresh(stem, z3.BitVecSort(_OCTET)) for _ in range(length - len(known))]
    return Octets((*known, *rest))


def bits_of(term: z3.BitVecRef) -> tuple[z3.BoolRef, ...]:
    """Return for each bit of a term whether it is set, from the lowest."""
    return tuple(z3.Extract(place, place, term) == 1 for place in range(term.size()))


def exactly(bits: Iterable[z3.BoolRef], count: int) -> z3.BoolRef:
    """Return whether exactly `count` of these bits are set."""
    return z3.PbEq([(bit, 1) for bit in bits], count)


def _octet(value: Any) -> z3.BitVecRef:
    if isinstance(value, z3.BitVecRef):
        return value
    if type(value) is int:
        return z3.BitVecVal(value, _OCTET)
    if isinstance(value, Word):
        if engine.decide(z3.LShR(value.term, _OCTET) != 0):
            raise unmodelled("an octet above 255")
        return z3.simplify(z3.Extract(_OCTET - 1, 0, value.term))
    raise unmodelled(f"a {type(value).__name__} as an octet")


def _octets(value: Any) -> tuple[z3.BitVecRef, ...]:
    if type(value) is Octets:
        return value.octets
    if type(value) is bytes:
        return tuple(map(_octet, value))
    raise unmodelled(f"octets with a {type(value).__name__}")


def _bits(value: object) -> z3.BitVecRef:
    if isinstance(value, Word):
        return value.term
    if type(value) is int and -(1 << WIDTH - 1) <= value < 1 << WIDTH - 1:
        return z3.BitVecVal(value, WIDTH)
    raise unmodelled(f"a {type(value).__name__} as a word")
