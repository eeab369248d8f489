"""Typed values and their plain form, declared once and used in both directions.

A `Schema` turns a value into what `codec` can encode, and refuses any plain value that is not the
image of a valid one.
Types are validated here, at the wire, so that no rule of the core ever has to.
Only combinators live here; the schemas themselves stand beside the classes they describe.
Implements W-TYPE-1 to W-TYPE-6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeGuard, TypeVar

from attrs import frozen

from web4core import codec
from web4core.errors import RemoteProtocolError

T = TypeVar("T")

MAX_UINT = 2**63 - 1
"""Heights, views, times and amounts do not exceed this: every language has a type for them."""

CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]")
"""A character that a line of text must not hold (W-TYPE-3)."""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""Names of platforms and agents: lower-case ASCII, so that no two names look alike (W-TYPE-3)."""


@frozen
class Schema(Generic[T]):
    """The form on the wire of a value of type T.

    `dump` is total on valid values; `load` raises `RemoteProtocolError` on anything that `dump`
    could not have produced.
    `says` is the phrase that the specification uses for it.
    A record also tells its label and its fields, and a union its members by their labels: the
    specification draws its tables from them.
    """

    dump: Callable[[T], codec.Plain]
    """Makes the plain form of a value; total on valid values."""
    load: Callable[[Any], T]
    """Makes the value of a plain form; raises `RemoteProtocolError` for anything that no valid
    value gives."""
    says: str
    """The phrase that the specification uses for the form."""
    label: str | None = None
    """The label of a record; None for other forms."""
    fields: tuple[tuple[str, Schema[Any]], ...] = ()
    """The fields of a record, or the members of a union, by name and in order."""

    def encode(self, value: T) -> bytes:
        """The canonical bytes of a value."""
        return codec.encode(self.dump(value))

    def decode(self, data: bytes, limit: int) -> T:
        """The value with exactly these bytes, at most `limit` of them."""
        return self.load(codec.decode(data, limit))


def parts(*values: Any) -> tuple[Any, ...]:
    """Build for a record that is no class of its own: just its fields."""
    return values


def _is_array(plain: Any) -> TypeGuard[tuple[Any, ...]]:
    return type(plain) is tuple


def _identity(value: Any) -> Any:
    return value


def refuse(clause: str, expected: str, found: object) -> RemoteProtocolError:
    """The error for a plain value of the wrong type; never shows the value itself."""
    return RemoteProtocolError(clause, f"expected {expected}, found {type(found).__name__}")


def within(place: str, error: RemoteProtocolError) -> RemoteProtocolError:
    """The same error, seen from one level further out, so that it names the path to the fault."""
    return RemoteProtocolError(error.clause, f"{place}: {error.reason}")


def uint(maximum: int = MAX_UINT) -> Schema[int]:
    """An integer from 0 to `maximum` inclusive (W-TYPE-1)."""
    says = f"an integer from 0 to {maximum}"

    def load(plain: Any) -> int:
        if type(plain) is not int or not 0 <= plain <= maximum:  # W-TYPE-1: a boolean is no integer
            raise refuse("W-TYPE-1", says, plain)
        return plain

    return Schema(_identity, load, says)


def octets(minimum: int, maximum: int) -> Schema[bytes]:
    """A byte string of `minimum` to `maximum` bytes (W-TYPE-2)."""
    exact = f"{minimum}" if minimum == maximum else f"{minimum} to {maximum}"
    says = f"a byte string of {exact} bytes"

    def load(plain: Any) -> bytes:
        if type(plain) is not bytes or not minimum <= len(plain) <= maximum:  # W-TYPE-2
            raise refuse("W-TYPE-2", says, plain)
        return plain

    return Schema(_identity, load, says)


def name() -> Schema[str]:
    """The name of a platform or an agent (W-TYPE-3)."""
    says = f"a name that matches {NAME.pattern}"

    def load(plain: Any) -> str:
        if type(plain) is not str or NAME.fullmatch(plain) is None:  # W-TYPE-3
            raise refuse("W-TYPE-3", says, plain)
        return plain

    return Schema(_identity, load, says)


def line(maximum: int) -> Schema[str]:
    """One line of text of at most `maximum` characters, for people to read (W-TYPE-3).

    What is refused is listed by code point: `str.isprintable` changes with each release of Unicode.
    """
    says = f"one line of at most {maximum} characters, none of them a control"

    def load(plain: Any) -> str:
        if type(plain) is not str or len(plain) > maximum or CONTROL.search(plain):
            raise refuse("W-TYPE-3", says, plain)
        return plain

    return Schema(_identity, load, says)


def flag() -> Schema[bool]:
    """True or false."""

    def load(plain: Any) -> bool:
        if type(plain) is not bool:
            raise refuse("W-TYPE-1", "true or false", plain)
        return plain

    return Schema(_identity, load, "true or false")


def optional(inner: Schema[T]) -> Schema[T | None]:
    """Null, or what `inner` describes."""

    def dump(value: T | None) -> codec.Plain:
        return None if value is None else inner.dump(value)

    def load(plain: Any) -> T | None:
        return None if plain is None else inner.load(plain)

    return Schema(dump, load, f"null or {inner.says}")


def sequence(inner: Schema[T], maximum: int) -> Schema[tuple[T, ...]]:
    """An array of at most `maximum` items (W-TYPE-4)."""
    says = f"an array of at most {maximum} items, each {inner.says}"

    def dump(values: Sequence[T]) -> codec.Plain:
        return tuple(map(inner.dump, values))

    def load(plain: Any) -> tuple[T, ...]:
        if not _is_array(plain) or len(plain) > maximum:  # W-TYPE-4
            raise refuse("W-TYPE-4", f"an array of at most {maximum} items", plain)
        return tuple(map(inner.load, plain))

    return Schema(dump, load, says)


def record(label: str, build: Callable[..., T], **fields: Schema[Any]) -> Schema[T]:
    """An array whose first item is `label` and whose others are the fields, in order (W-TYPE-5).

    `build` takes the fields as positional arguments, in the order given here.
    """
    names = tuple(fields)
    loads = tuple(field.load for field in fields.values())
    dumps = tuple((each, fields[each].dump) for each in names)
    size = len(names) + 1

    def dump(value: T) -> codec.Plain:
        return (label, *[convert(getattr(value, each)) for each, convert in dumps])

    def load(plain: Any) -> T:
        if not _is_array(plain) or len(plain) != size or plain[0] != label:  # W-TYPE-5
            raise refuse("W-TYPE-5", f"an array of {size} items that starts with {label!r}", plain)
        values: list[Any] = []
        try:
            for convert, item in zip(loads, plain[1:], strict=True):
                values.append(convert(item))
        except RemoteProtocolError as error:
            raise within(f"{label}.{names[len(values)]}", error) from None
        return build(*values)

    return Schema(dump, load, f"{label}({', '.join(names)})", label, tuple(fields.items()))


def union(**members: tuple[type[Any], Schema[Any]]) -> Schema[Any]:
    """One of several records, told apart by their labels (W-TYPE-6)."""
    by_type = {kind: member.dump for kind, member in members.values()}
    by_label = {label: member.load for label, (_, member) in members.items()}
    says = " or ".join(member.says for _, member in members.values())

    def dump(value: Any) -> codec.Plain:
        return by_type[type(value)](value)

    def load(plain: Any) -> Any:
        if not _is_array(plain) or not plain or type(plain[0]) is not str:  # W-TYPE-6
            raise refuse("W-TYPE-6", "a labelled array", plain)
        member = by_label.get(plain[0])
        if member is None:
            raise RemoteProtocolError("W-TYPE-6", f"expected one of {', '.join(by_label)}")
        return member(plain)

    return Schema(dump, load, says, None, tuple((each, m) for each, (_, m) in members.items()))
