"""Symbolic values: the truth values, integers and identifiers of a symbolic run.

Each value behaves as its plain counterpart does, for exactly the operations defined here.
All others, hashing, indexing, iteration and text among them, raise `Unmodelled`: a plain result
would hold for one input and be taken for all.
`isinstance` sees the plain type.
Python answers two questions without asking the value, so these cannot raise: `type(value)` and
`value is other`.
Code under proof asks them of `None`, of enum members and of bodies, which all stay plain here.
If it asks them of a symbolic value, a replay on plain values takes another way than its path.
Paths that are not replayed, see `spec/proofs.md`, are not guarded against that.

Where Python itself needs the answer (`if`, `and`, `in`, `==` of records), the run forks, by
`engine.decide`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar

import attrs
import z3
from attrs import frozen

from web4proofs.symbolic import engine
from web4proofs.symbolic.engine import unmodelled

C = TypeVar("C")

_INT: Final = z3.IntSort()
_BOOL: Final = z3.BoolSort()


_REFUSED: Final = {
    "hash()": "__hash__",
    "use as an index": "__index__",
    "int()": "__int__",
    "float()": "__float__",
    "complex()": "__complex__",
    "bytes()": "__bytes__",
    "str()": "__str__",
    "format()": "__format__",
    "truth": "__bool__",
    "len()": "__len__",
    "iteration": "__iter__",
    "reversed()": "__reversed__",
    "membership": "__contains__",
    "subscription": "__getitem__",
    "item assignment": "__setitem__",
    "item deletion": "__delitem__",
    "a call": "__call__",
    "round()": "__round__",
    "trunc()": "__trunc__",
    "divmod()": "__divmod__ __rdivmod__",
    "+": "__add__ __radd__",
    "-": "__sub__ __rsub__",
    "*": "__mul__ __rmul__",
    "/": "__truediv__ __rtruediv__",
    "//": "__floordiv__ __rfloordiv__",
    "%": "__mod__ __rmod__",
    "**": "__pow__ __rpow__",
    "<<": "__lshift__ __rlshift__",
    ">>": "__rshift__ __rrshift__",
    "&": "__and__ __rand__",
    "|": "__or__ __ror__",
    "^": "__xor__ __rxor__",
    "~": "__invert__",
    "unary -": "__neg__",
    "unary +": "__pos__",
    "abs()": "__abs__",
    "<": "__lt__",
    "<=": "__le__",
    ">": "__gt__",
    ">=": "__ge__",
    "==": "__eq__",
    "!=": "__ne__",
    "a copy": "__copy__ __deepcopy__ __reduce_ex__",
}
"""Every operation that Python might otherwise answer by itself, and its methods."""


def refusal(operation: str) -> Any:
    """Return a method that raises `Unmodelled`."""

    def refused(self: object, *_arguments: object, **_named: object) -> NoReturn:
        raise unmodelled(f"{operation} of a {type(self).__name__}")

    return refused


def strict(symbolic: type[C]) -> type[C]:
    """Make a class of symbolic values raise `Unmodelled` for every operation it does not define."""
    for operation, methods in _REFUSED.items():
        for method in methods.split():
            known = [vars(each)[method] for each in symbolic.__mro__[:-1] if method in vars(each)]
            if not known or known[0] is None:  # a class with __eq__ has None for __hash__
                setattr(symbolic, method, refusal(operation))
    return symbolic


def seen_as(plain: type) -> Any:
    """Return a `__class__` that makes `isinstance` take a symbolic value for this plain type."""
    return property(lambda _self: plain)


class Symbolic:
    """The base of all symbolic values: no attribute but their own, and no text during a run."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise unmodelled(f".{name} of a {type(self).__name__}")

    def __repr__(self) -> str:
        if engine.is_running():
            raise unmodelled(f"repr() of a {type(self).__name__}")
        return f"<{type(self).__name__} {self.shown()}>"

    def shown(self) -> str:
        """Return the text that a debugger shows."""
        return ""


@strict
class SymbolicBool(Symbolic):
    """A symbolic truth value; the run forks when Python needs it, but not for `&`, `|` and `~`."""

    __slots__ = ("term",)
    __class__ = seen_as(bool)

    def __init__(self, term: z3.BoolRef) -> None:
        self.term = term

    def __bool__(self) -> bool:
        return engine.decide(self.term)

    def __and__(self, other: object) -> SymbolicBool:
        return SymbolicBool(z3.And(self.term, _truth(other)))

    def __or__(self, other: object) -> SymbolicBool:
        return SymbolicBool(z3.Or(self.term, _truth(other)))

    __rand__, __ror__ = __and__, __or__

    def __add__(self, other: object) -> SymbolicInt:
        """Add as in `sum(... for ...)`, where true is 1."""
        return SymbolicInt(_number(self) + _number(other))

    __radd__ = __add__

    def shown(self) -> str:
        return str(self.term)


@strict
class SymbolicInt(Symbolic):
    """A symbolic integer, unbounded as Python's are."""

    __slots__ = ("term",)
    __class__ = seen_as(int)

    def __init__(self, term: z3.ArithRef) -> None:
        self.term = term

    def __add__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term + _number(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term - _number(other))

    def __rsub__(self, other: object) -> SymbolicInt:
        return SymbolicInt(_number(other) - self.term)

    def __mul__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term * _number(other))

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term / _positive(other))

    def __mod__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term % _positive(other))

    def __lshift__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term * (1 << _places(other)))

    def __rshift__(self, other: object) -> SymbolicInt:
        return SymbolicInt(self.term / (1 << _places(other)))

    def __and__(self, other: object) -> SymbolicInt:
        """Apply a mask of low bits, as in `place & 1`; no other mask is modelled."""
        if type(other) is not int or other < 0 or other & (other + 1):
            raise unmodelled("& of a SymbolicInt with anything but low bits")
        return SymbolicInt(self.term % (other + 1))

    __rand__ = __and__

    def __neg__(self) -> SymbolicInt:
        return SymbolicInt(-self.term)

    def __pos__(self) -> SymbolicInt:
        return self

    def __abs__(self) -> SymbolicInt:
        return SymbolicInt(z3.If(self.term >= 0, self.term, -self.term))

    def __lt__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term < _number(other))

    def __le__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term <= _number(other))

    def __gt__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term > _number(other))

    def __ge__(self, other: object) -> SymbolicBool:
        return SymbolicBool(self.term >= _number(other))

    def __eq__(self, other: object) -> Any:
        return False if other is None else SymbolicBool(self.term == _number(other))

    def __ne__(self, other: object) -> Any:
        return True if other is None else SymbolicBool(self.term != _number(other))

    def __bool__(self) -> bool:
        return engine.decide(self.term != 0)

    __hash__ = refusal("hash()")

    def shown(self) -> str:
        return str(self.term)


@frozen
class Sort:
    """A kind of identifiers, such as digests, keys or names, which code only compares.

    Identifiers of two sorts are never compared.
    """

    name: str
    plain: Callable[[int], Any]
    """Returns the plain identifier number i, a different one for each i; for counterexamples."""
    looks_like: type = bytes
    """The type that `isinstance` sees."""
    size: int | None = None
    """The length of every identifier of this sort; None if lengths differ."""

    @property
    def of_solver(self) -> z3.SortRef:
        """Return the solver's sort of the same name."""
        return z3.DeclareSort(self.name)


def octets_sort(name: str, size: int) -> Sort:
    """Return a sort of byte strings of one size. The solver knows nothing of their content."""

    def plain(number: int) -> bytes:
        return f"{name}-{number}".encode().ljust(size, b".")

    return Sort(name, plain, bytes, size)


def name_sort(name: str) -> Sort:
    """Return a sort of texts such as platform names, in lower case to satisfy W-TYPE-3."""
    return Sort(name, lambda number: f"{name.lower()}{number}", str)


@strict
class Identifier(Symbolic):
    """A symbolic identifier, of which only equality with others of its sort is known."""

    __slots__ = ("sort", "term")
    __class__ = property(lambda self: self.sort.looks_like)

    def __init__(self, sort: Sort, term: z3.ExprRef) -> None:
        self.sort = sort
        self.term = term

    def __eq__(self, other: object) -> Any:
        return False if other is None else SymbolicBool(self.term == self._like(other))

    def __ne__(self, other: object) -> Any:
        return True if other is None else SymbolicBool(self.term != self._like(other))

    __hash__ = refusal("hash()")

    def __len__(self) -> int:
        if self.sort.size is None:
            raise unmodelled(f"len() of a {self.sort.name}")
        return self.sort.size

    def _like(self, other: object) -> z3.ExprRef:
        if type(other) is not Identifier:
            raise unmodelled(f"a {self.sort.name} compared with a plain value")
        if other.sort.name != self.sort.name:
            raise unmodelled(f"a {self.sort.name} compared with a {other.sort.name}")
        return other.term

    def shown(self) -> str:
        return str(self.term)


def integer(stem: str) -> SymbolicInt:
    """Return any integer."""
    return SymbolicInt(engine.fresh(stem, _INT))


def boolean(stem: str) -> SymbolicBool:
    """Return any truth value."""
    return SymbolicBool(engine.fresh(stem, _BOOL))


def identifier(stem: str, sort: Sort) -> Identifier:
    """Return any identifier of a sort; it may equal any other of that sort."""
    return Identifier(sort, engine.fresh(stem, sort.of_solver))


def term(value: object) -> z3.ExprRef:
    """Return the solver's term for a truth value, integer or identifier, symbolic or plain."""
    if type(value) in (SymbolicInt, SymbolicBool, Identifier):
        return value.term  # type: ignore[attr-defined]
    if type(value) is bool:
        return z3.BoolVal(value)
    if isinstance(value, int):
        return z3.IntVal(int(value))
    raise unmodelled(f"a {type(value).__name__} as a term")


def equal(one: Any, other: Any) -> z3.BoolRef:
    """Return a formula for the equality of two values of any structure, without a fork."""
    if one is other:
        return z3.BoolVal(True)
    if one is None or other is None:
        return z3.BoolVal(False)
    if type(one) is tuple and type(other) is tuple:
        if len(one) != len(other):
            return z3.BoolVal(False)
        return z3.And([equal(*pair) for pair in zip(one, other, strict=True)])
    if attrs.has(one.__class__) or attrs.has(other.__class__):
        if one.__class__ is not other.__class__:
            return z3.BoolVal(False)
        compared = [each.name for each in attrs.fields(one.__class__) if each.eq]
        return z3.And([equal(getattr(one, name), getattr(other, name)) for name in compared])
    if isinstance(one, Symbolic) or isinstance(other, Symbolic):
        return _truth(one == other)
    return z3.BoolVal(one == other)


def _truth(value: object) -> z3.BoolRef:
    if type(value) is SymbolicBool:
        return value.term
    if type(value) is bool:
        return z3.BoolVal(value)
    raise unmodelled(f"a {type(value).__name__} as a truth value")


def _number(value: object) -> z3.ArithRef:
    if type(value) is SymbolicInt:
        return value.term
    if type(value) is SymbolicBool:
        return z3.If(value.term, z3.IntVal(1), z3.IntVal(0))
    if isinstance(value, int) and not isinstance(value, Symbolic):
        return z3.IntVal(int(value))
    raise unmodelled(f"a {type(value).__name__} as a number")


def _positive(value: object) -> int:
    """Return a divisor above zero; only for these Z3's division is Python's."""
    if type(value) is int and value > 0:
        return value
    raise unmodelled("division by anything but a plain integer above zero")


def _places(value: object) -> int:
    if type(value) is int and value >= 0:
        return value
    raise unmodelled("a shift by anything but a plain number of places")
