"""One byte string per value: a deterministic profile of CBOR (RFC 8949, section 4.2.1).

Only the encoder and the decoder of the profile may live here; the meaning of the values is known to
the caller alone.
The profile has integers from -2**64 to 2**64 - 1, byte strings, text (valid UTF-8), arrays, maps
with text keys, false, true and null.
It has no floats, tags, other simple values or indefinite lengths.
Heads are the shortest, and keys ascend in the bytewise order of their encodings, so that two equal
values have equal bytes and two different byte strings never decode to equal values of equal types.

Both directions walk an explicit stack, so that no nesting, ours or a stranger's, can exhaust
Python's stack.
Most of the work is votes of a few small fields, hence one loop with the short forms inline and
tables for the heads below 256, at some cost in readability.

Clauses: W-CBOR-1 to W-CBOR-14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias, cast

from web4core.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["INT_MAX", "INT_MIN", "MAX_DEPTH", "Encodable", "Plain", "decode", "encode"]

Plain: TypeAlias = "int | bytes | str | tuple[Plain, ...] | dict[str, Plain] | None"
"""A value as `decode` returns it. A bool is an int to the type checker, but not to the codec."""

Encodable: TypeAlias = "int | bytes | str | Sequence[Encodable] | Mapping[str, Encodable] | None"
"""A value for `encode`: `Plain`, and lists. Exact types only: no subclass of int, str or dict."""

MAX_DEPTH: Final = 32
"""The most arrays and maps that may lie within one another; a lone scalar has depth 0."""

INT_MIN: Final = -(2**64)
INT_MAX: Final = 2**64 - 1

# The eight major types of RFC 8949, section 3.1, each as the top three bits of its heads.
_UNSIGNED: Final = 0x00
_NEGATIVE: Final = 0x20
_BYTES: Final = 0x40
_TEXT: Final = 0x60
_ARRAY: Final = 0x80
_MAP: Final = 0xA0
_SIMPLE: Final = 0xE0
_MAJOR_MASK: Final = 0xE0

# The low five bits: up to 23 the argument itself; then the number of its bytes, or no argument.
_INLINE_LIMIT: Final = 24
_ONE_BYTE: Final = 24
_EIGHT_BYTES: Final = 27
_INDEFINITE: Final = 31
_INFORMATION_MASK: Final = 0x1F

_FALSE: Final = 0xF4
_TRUE: Final = 0xF5
_NULL: Final = 0xF6
_FLOATS: Final = (0xF9, 0xFA, 0xFB)
_BREAK: Final = 0xFF


def _head(major: int, argument: int) -> bytes:
    """The shortest head of a major type with an argument below 2**64."""
    if argument < _INLINE_LIMIT:
        return bytes((major | argument,))
    if argument < 2**8:
        return bytes((major | _ONE_BYTE, argument))
    if argument < 2**16:
        return bytes((major | 25,)) + argument.to_bytes(2, "big")
    if argument < 2**32:
        return bytes((major | 26,)) + argument.to_bytes(4, "big")
    return bytes((major | _EIGHT_BYTES,)) + argument.to_bytes(8, "big")


_TABLE: Final = 256
"""The number of smallest arguments whose heads are computed in advance."""

_UNSIGNED_HEADS: Final = tuple(_head(_UNSIGNED, argument) for argument in range(_TABLE))
_BYTES_HEADS: Final = tuple(_head(_BYTES, argument) for argument in range(_TABLE))
_TEXT_HEADS: Final = tuple(_head(_TEXT, argument) for argument in range(_TABLE))

_type_of: Final = cast("Callable[[object], object]", type)
"""`type`, declared so that type checkers let its result be compared and not used otherwise."""


def encode(value: Encodable) -> bytes:
    """The one encoding of a value.

    Raises `LocalProtocolError` for whatever the profile does not have: other types (subclasses
    included), integers out of range, text with surrogates, keys that are not text, and nesting
    deeper than `MAX_DEPTH`.
    """
    out: list[bytes] = []
    append = out.append
    stack: list[Iterator[Any]] = [iter((value,))]
    items = stack.pop()
    while True:
        for item in items:
            kind = _type_of(item)
            if kind is int:
                number: int = item
                append(_UNSIGNED_HEADS[number] if 0 <= number < _TABLE else _integer(number))
            elif kind is bytes:
                size = len(item)
                append(_BYTES_HEADS[size] if size < _TABLE else _head(_BYTES, size))
                append(item)
            elif kind is str:
                raw = _utf8(item)
                size = len(raw)
                append(_TEXT_HEADS[size] if size < _TABLE else _head(_TEXT, size))
                append(raw)
            elif kind is tuple or kind is list or kind is dict:
                if len(stack) >= MAX_DEPTH:
                    raise LocalProtocolError(f"nesting deeper than {MAX_DEPTH} cannot be encoded")
                append(_head(_MAP if kind is dict else _ARRAY, len(item)))
                stack.append(items)
                items = _entries(item) if kind is dict else iter(cast("list[Any]", item))
                break
            else:
                append(_simple(item))
        else:
            if not stack:
                return b"".join(out)
            items = stack.pop()


def _integer(value: int) -> bytes:
    """An integer that has no entry in the table."""
    if 0 <= value <= INT_MAX:
        return _head(_UNSIGNED, value)
    if INT_MIN <= value < 0:
        return _head(_NEGATIVE, -1 - value)
    raise LocalProtocolError("an integer outside -2**64 .. 2**64 - 1 cannot be encoded")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError("text with a surrogate is not UTF-8") from error


def _simple(value: object) -> bytes:
    """False, true and null, by identity, so that a value that merely equals one is refused."""
    if value is None:
        return bytes((_NULL,))
    if value is True:
        return bytes((_TRUE,))
    if value is False:
        return bytes((_FALSE,))
    raise LocalProtocolError(f"a {type(value).__name__} cannot be encoded")


def _entries(mapping: dict[str, Any]) -> Iterator[Any]:
    """Keys and values in turn, the keys in the order of their encodings: by size, then bytes.

    UTF-8 keeps the order of code points, so sorting the text and then, stably, by encoded size
    gives that order without encoding anything.
    """
    try:
        keys = sorted(mapping)
        is_ascii = "".join(keys).isascii()
    except TypeError as error:
        raise LocalProtocolError("a map key that is not text cannot be encoded") from error
    keys.sort(key=len if is_ascii else _encoded_size)
    return chain.from_iterable([(key, mapping[key]) for key in keys])


def _encoded_size(text: str) -> int:
    return len(_utf8(text))


def decode(data: bytes, limit: int) -> Plain:
    """The value that these bytes encode; arrays come back as tuples.

    `limit` is the most bytes that the caller allows.
    Raises `RemoteProtocolError`, and nothing else, for every byte string that `encode` would not
    have produced.
    """
    if type(data) is not bytes:
        raise LocalProtocolError(f"only bytes can be decoded, not {type(data).__name__}")
    if len(data) > limit:  # W-CBOR-1
        raise RemoteProtocolError("W-CBOR-1", f"{len(data)} bytes exceed the limit of {limit}")
    try:
        value, end = _value(data)
    except IndexError as error:  # W-CBOR-2
        # Reading a head is the only place where an index can leave the data.
        raise _truncated(len(data)) from error
    except UnicodeDecodeError as error:  # W-CBOR-10
        raise RemoteProtocolError("W-CBOR-10", "a text string is not valid UTF-8") from error
    if end != len(data):  # W-CBOR-3
        raise RemoteProtocolError("W-CBOR-3", f"{len(data) - end} bytes follow the value")
    return value


def _value(data: bytes) -> tuple[Plain, int]:
    """The first value in the data, and where it ends.

    `values` holds the finished items of all open containers; `stack` remembers for each where its
    items begin, how many its parent still lacks, and whether it is a map.
    """
    size = len(data)
    values: list[Any] = []
    stack: list[tuple[int, int, bool]] = []
    left = 1
    position = 0
    while True:
        head = data[position]
        position += 1
        major = head & _MAJOR_MASK
        argument = head & _INFORMATION_MASK
        if argument >= _INLINE_LIMIT and major != _SIMPLE:
            argument, position = _long_argument(data, position, head)
        if major == _UNSIGNED:
            values.append(argument)
        elif _BYTES <= major <= _TEXT:
            end = position + argument
            if end > size:  # W-CBOR-2
                raise _truncated(size)
            chunk = data[position:end]
            values.append(chunk if major == _BYTES else chunk.decode())
            position = end
        elif _ARRAY <= major <= _MAP:
            stack.append((len(values), left, major == _MAP))
            count = 2 * argument if major == _MAP else argument
            _check_container(count, size - position, len(stack))
            left = count + 1
        else:
            values.append(-1 - argument if major == _NEGATIVE else _literal(head))
        left -= 1
        while not left:
            if not stack:
                return values[0], position
            start, left, is_map = stack.pop()
            values[start:] = (_map(values[start:]) if is_map else tuple(values[start:]),)
            left -= 1


def _check_container(count: int, bytes_left: int, depth: int) -> None:
    """Refuse a claimed size that the data cannot hold: each item takes one byte at least."""
    if count > bytes_left:  # W-CBOR-2
        raise RemoteProtocolError("W-CBOR-2", f"{count} items cannot fit in {bytes_left} bytes")
    if depth > MAX_DEPTH:  # W-CBOR-14
        raise RemoteProtocolError("W-CBOR-14", f"nesting is deeper than {MAX_DEPTH}")


def _long_argument(data: bytes, position: int, head: int) -> tuple[int, int]:
    """An argument that follows its head, and where it ends."""
    information = head & _INFORMATION_MASK
    if information == _ONE_BYTE:
        argument = data[position]
        if argument < _INLINE_LIMIT:  # W-CBOR-4
            raise _not_shortest(head)
        return argument, position + 1
    if information == _INDEFINITE:  # W-CBOR-5
        raise RemoteProtocolError("W-CBOR-5", f"head {head:#04x} has an indefinite length")
    if information > _EIGHT_BYTES:  # W-CBOR-6
        raise RemoteProtocolError("W-CBOR-6", f"head {head:#04x} is reserved")
    width = 1 << (information - _ONE_BYTE)
    end = position + width
    if end > len(data):  # W-CBOR-2
        raise _truncated(len(data))
    argument = int.from_bytes(data[position:end], "big")
    if argument < 1 << (4 * width):  # W-CBOR-4: half the width would have done
        raise _not_shortest(head)
    return argument, end


def _literal(head: int) -> bool | None:
    """The value of a head of the last two major types, of which three are in the profile."""
    if head == _FALSE:
        return False
    if head == _TRUE:
        return True
    if head == _NULL:
        return None
    if head < _SIMPLE:  # W-CBOR-7
        raise RemoteProtocolError("W-CBOR-7", f"head {head:#04x} is a tag")
    if head in _FLOATS:  # W-CBOR-8
        raise RemoteProtocolError("W-CBOR-8", f"head {head:#04x} is a floating-point number")
    if head == _BREAK:  # W-CBOR-5
        raise RemoteProtocolError("W-CBOR-5", "a break ends nothing")
    if head > _FLOATS[-1]:  # W-CBOR-6
        raise RemoteProtocolError("W-CBOR-6", f"head {head:#04x} is reserved")
    # W-CBOR-9
    raise RemoteProtocolError("W-CBOR-9", f"head {head:#04x} is a simple value we do not have")


def _map(items: list[Any]) -> dict[str, Any]:
    """A map from its keys and values in turn, if the keys are text, sorted and unique."""
    keys = items[::2]
    try:
        is_ascii = "".join(keys).isascii()
    except TypeError as error:  # W-CBOR-11
        raise RemoteProtocolError("W-CBOR-11", "a map key is not text") from error
    ascending = sorted(keys)
    ascending.sort(key=len if is_ascii else _encoded_size)
    if keys != ascending:  # W-CBOR-12
        raise RemoteProtocolError("W-CBOR-12", "map keys are out of order")
    mapping = dict(zip(keys, items[1::2], strict=True))
    if len(mapping) < len(keys):  # W-CBOR-13
        raise RemoteProtocolError("W-CBOR-13", "a map key occurs twice")
    return mapping


def _truncated(size: int) -> RemoteProtocolError:
    return RemoteProtocolError("W-CBOR-2", f"the data ends after {size} bytes, within a value")


def _not_shortest(head: int) -> RemoteProtocolError:
    return RemoteProtocolError("W-CBOR-4", f"the argument of head {head:#04x} fits a shorter head")
