"""Symbolic records, maps, dictionaries and sets.

A record makes a field when the code first looks at it.
A map consists of the entries whose keys the code used, so it may hold any number of others; a set
is a subset of a few plain elements.
An operation that they do not model raises `Unmodelled`, as for all symbolic values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final

import z3

from web4proofs.symbolic import engine
from web4proofs.symbolic.engine import unmodelled
from web4proofs.symbolic.values import (
    Symbolic,
    SymbolicBool,
    SymbolicInt,
    equal,
    refusal,
    seen_as,
    strict,
)


@strict
class Record(Symbolic):
    """A stand-in for a frozen attrs value whose fields are made when the code first looks at them.

    `isinstance`, `attrs.evolve` and attribute access see the real class.
    """

    __slots__ = ("_kind", "_known", "_makes")
    __class__ = property(lambda self: self._kind)

    def __init__(self, kind: type, **makes: Callable[[], Any]) -> None:
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_makes", makes)
        object.__setattr__(self, "_known", {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._known:
            if name not in self._makes:
                raise unmodelled(f".{name} of a lazy {self._kind.__name__}")
            self._known[name] = self._makes[name]()
        return self._known[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise unmodelled(f"assignment to .{name} of a lazy {self._kind.__name__}")

    def looked_at(self) -> Mapping[str, Any]:
        """Return the fields that the code has looked at, with their values."""
        return dict(self._known)


@strict
class SymbolicMap(Symbolic):
    """A persistent map of any content, accessed by key.

    An entry is made when its key is first used: it is absent, or the value that `make` returns for
    the key; if `make` is None, it is absent.
    A key may equal any earlier one, and the run forks over that. Entries that no key reached stay
    unchanged by construction.
    Every map that `set` and `delete` derive shares the original entries.
    """

    __slots__ = ("_changed", "_first", "_make")

    def __init__(
        self,
        make: Callable[[Any], Any] | None,
        _first: list[tuple[Any, Any]] | None = None,
        _changed: Mapping[int, Any] | None = None,
    ) -> None:
        self._make = make
        self._first = [] if _first is None else _first
        self._changed = {} if _changed is None else _changed

    def get(self, key: Any, default: Any = None) -> Any:
        value = self._value(self._place(key))
        return default if value is _ABSENT else value

    def __getitem__(self, key: Any) -> Any:
        value = self._value(self._place(key))
        if value is _ABSENT:
            raise KeyError("an absent key")
        return value

    def __contains__(self, key: object) -> bool:
        return self._value(self._place(key)) is not _ABSENT

    def set(self, key: Any, value: Any) -> SymbolicMap:
        return self._with(self._place(key), value)

    def delete(self, key: Any) -> SymbolicMap:
        return self._with(self._place(key), _ABSENT)

    def touched(self) -> tuple[tuple[Any, Any, Any], ...]:
        """Return key, original value and present value of each accessed entry; None for absent."""
        return tuple(
            (key, _shown_as(first), _shown_as(self._value(place)))
            for place, (key, first) in enumerate(self._first)
        )

    def _with(self, place: int, value: Any) -> SymbolicMap:
        return SymbolicMap(self._make, self._first, {**self._changed, place: value})

    def _value(self, place: int) -> Any:
        return self._changed.get(place, self._first[place][1])

    def _place(self, key: Any) -> int:
        for place, (known, _) in enumerate(self._first):
            if engine.decide(equal(known, key)):
                return place
        value = _ABSENT
        if self._make is not None and engine.choose((True, False)):
            value = self._make(key)
        self._first.append((key, value))
        return len(self._first) - 1


@strict
class SymbolicDict(Symbolic):
    """A `dict` that the code changes in place, on top of a `SymbolicMap`."""

    __slots__ = ("now",)
    __class__ = seen_as(dict)

    def __init__(self, now: SymbolicMap) -> None:
        self.now = now

    def get(self, key: Any, default: Any = None) -> Any:
        return self.now.get(key, default)

    def __getitem__(self, key: Any) -> Any:
        return self.now[key]

    def __contains__(self, key: object) -> bool:
        return key in self.now

    def __setitem__(self, key: Any, value: Any) -> None:
        self.now = self.now.set(key, value)


@strict
class SymbolicSet(Symbolic):
    """A subset of a few plain elements, each of which may be in it or not.

    Membership forks; size, union and inclusion fork only when the code needs their truth.
    """

    __slots__ = ("members",)
    __class__ = seen_as(frozenset)

    def __init__(self, members: Mapping[Hashable, z3.BoolRef]) -> None:
        self.members = dict(members)

    def __contains__(self, element: object) -> bool:
        term = self.members.get(element)
        return term is not None and engine.decide(term)

    def __or__(self, other: object) -> SymbolicSet:
        members = dict(self.members)
        for element, term in _members(other).items():
            members[element] = z3.Or(members.get(element, z3.BoolVal(False)), term)
        return SymbolicSet(members)

    __ror__ = __or__

    def __le__(self, other: object) -> SymbolicBool:
        there = _members(other)
        absent = z3.BoolVal(False)
        parts = [z3.Implies(term, there.get(e, absent)) for e, term in self.members.items()]
        return SymbolicBool(z3.And(parts))

    def __eq__(self, other: object) -> Any:
        there = _members(other)
        absent = z3.BoolVal(False)
        elements = dict.fromkeys((*self.members, *there))
        return SymbolicBool(
            z3.And([self.members.get(e, absent) == there.get(e, absent) for e in elements])
        )

    __hash__ = refusal("hash()")

    def size(self) -> SymbolicInt:
        """Return the number of its elements, without a fork."""
        ones = [z3.If(term, z3.IntVal(1), z3.IntVal(0)) for term in self.members.values()]
        return SymbolicInt(z3.Sum([z3.IntVal(0), *ones]))

    def shown(self) -> str:
        return str(self.members)


class _Absent:
    """The value of a key that is not in a map."""


_ABSENT: Final = _Absent()


def _shown_as(value: Any) -> Any:
    return None if value is _ABSENT else value


def subset(stem: str, universe: Iterable[Hashable]) -> SymbolicSet:
    """Return any subset of these plain elements."""
    return SymbolicSet({each: engine.fresh(f"{stem}.{each}", z3.BoolSort()) for each in universe})


def symbolic_len(value: Any) -> Any:
    """Return `len` of a value that may be a symbolic set; `bind` puts it in the builtin's place."""
    return value.size() if type(value) is SymbolicSet else len(value)


def _members(value: object) -> Mapping[Hashable, z3.BoolRef]:
    if type(value) is SymbolicSet:
        return value.members
    if type(value) in (set, frozenset):
        return {each: z3.BoolVal(True) for each in value}  # type: ignore[attr-defined]
    raise unmodelled(f"a symbolic set with a {type(value).__name__}")
