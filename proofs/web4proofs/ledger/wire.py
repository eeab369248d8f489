"""Theorems: a number has one encoding, and the decoder takes no other.

`codec` is executed on bits: `_integer`, `_head`, `decode`, `_value` and `_long_argument`, on every
integer and every head of the profile.
`encode` looks small numbers up in tables, which are checked entry by entry, and calls `_integer`
for all others, which is checked on an input of each path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import z3

from web4core import codec
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4proofs.ledger.code_check import Statement, check, together
from web4proofs.symbolic import SymbolicBool, Unmodelled, assume, bind_late, choose
from web4proofs.symbolic.bits import WIDTH, Numbers, Octets, Word, octets, word
from web4proofs.symbolic.concrete import Concretion, model_of
from web4proofs.symbolic.subject import Subject, Taken, executed, paths_of, taken_by
from web4proofs.theorem import Failure, Outcome, Theorem

_OF_BITS: Final = {"bytes": Octets}
_integer = bind_late(codec._integer, _OF_BITS, (codec._head,))
_head = bind_late(codec._head, _OF_BITS)
_decode = bind_late(
    codec.decode,
    {"bytes": Octets, "int": Numbers},
    (codec._value, codec._long_argument, codec._literal, codec._truncated, codec._not_shortest),
)
_long_argument = bind_late(
    codec._long_argument, {"int": Numbers}, (codec._truncated, codec._not_shortest)
)

_SPARE: Final = 1
"""The number of bytes beyond a head's length, to check that they are refused."""
_LONG: Final = range(24, 32)
"""The low five bits of heads that their argument follows, and of heads outside the profile."""
_EIGHT_BYTES: Final = 27
_INDEFINITE: Final = 31
_MAJORS: Final = tuple(major << 5 for major in range(6))


def _length_of(information: int) -> int:
    """Return the length of a head with these low five bits."""
    return 1 + (1 << information - 24) if information in range(24, _EIGHT_BYTES + 1) else 1


# --- integers --------------------------------------------------------------------------------


def _there_and_back(number: Any) -> tuple[Any, ...]:
    """Return the encoding and its decoding, or nothing for a number without an encoding."""
    symbolic = type(number) is Word
    integer, decode = (_integer, _decode) if symbolic else (codec._integer, codec.decode)
    try:
        encoded: Any = integer(number)
    except LocalProtocolError:
        return None, None
    return encoded, decode(encoded, len(encoded))


def _comes_back(taken: Taken) -> Iterator[Statement]:
    (number,) = taken.arguments
    encoded, back = taken.result
    inside = z3.And(number.term >= codec.INT_MIN, number.term <= codec.INT_MAX)
    if encoded is None:
        yield Statement("refused only out of range", z3.Not(inside))
        return
    yield Statement("encoded only in range", inside)
    yield Statement("decoded to itself", _same(back, number))


INTEGERS: Final = Subject(
    (codec._integer, codec._head),
    lambda: (word("number"),),
    _there_and_back,
)


def _read(data: Any) -> Any:
    """Return the decoded integer and its encoding, or the clause that refuses these bytes."""
    symbolic = type(data) is Octets
    decode, integer = (_decode, _integer) if symbolic else (codec.decode, codec._integer)
    try:
        number: Any = decode(data, len(data))
    except RemoteProtocolError as error:
        return error.clause
    return number, integer(number)


def _any_integer_bytes() -> tuple[Octets]:
    """Return any bytes that begin as an integer does, and are too short, exact, or too long."""
    information = choose(range(32))
    head = choose((0x00, 0x20)) | information
    length = choose(range(1, _length_of(information) + _SPARE + 1))
    return (octets("byte", (head,), length),)


def _reads_back(taken: Taken) -> Iterator[Statement]:
    (data,) = taken.arguments
    if isinstance(taken.result, str):
        return
    number, encoded = taken.result
    yield Statement("what is accepted is the encoding of what it decodes to", _same(encoded, data))
    inside = z3.And(_term(number) >= codec.INT_MIN, _term(number) <= codec.INT_MAX)
    yield Statement("and in range", inside)


INTEGER_BYTES: Final = Subject((codec._long_argument,), _any_integer_bytes, _read)

# --- heads -----------------------------------------------------------------------------------


def _head_and_back(major: int, argument: Any) -> tuple[Any, ...]:
    """Return a head, and the argument and end that are read from it."""
    symbolic = type(argument) is Word
    head = _head(major, argument) if symbolic else codec._head(major, argument)
    if len(head) == 1:
        return head, head[0] & 0x1F, 1
    read = _long_argument if symbolic else codec._long_argument
    return head, *read(head, 1, head[0])


def _any_head() -> tuple[Any, ...]:
    argument = word("argument")
    assume(z3.And(argument.term >= 0, argument.term <= codec.INT_MAX))
    return choose(_MAJORS), argument


def _head_comes_back(taken: Taken) -> Iterator[Statement]:
    major, argument = taken.arguments
    head, back, end = taken.result
    yield Statement("read back as it was", _same(back, argument))
    yield Statement("to its end", z3.BoolVal(end == len(head)))
    of_major = z3.Extract(7, 5, head.octets[0]) == major >> 5
    yield Statement("and of its type", of_major)


HEADS: Final = Subject((codec._head,), _any_head, _head_and_back)


def _read_head(data: Any) -> Any:
    """Return the argument, its end, and its right head; or the clause that refuses the bytes."""
    symbolic = type(data) is Octets
    read, head = (_long_argument, _head) if symbolic else (codec._long_argument, codec._head)
    try:
        argument, end = read(data, 1, data[0])
    except RemoteProtocolError as error:
        return error.clause
    except IndexError:  # `decode` reports it as W-CBOR-2
        return "W-CBOR-2"
    return argument, data[:end], head(data[0] & 0xE0, argument)


def _any_head_bytes() -> tuple[Octets]:
    """Return any bytes that begin with a head whose argument follows it."""
    information = choose(_LONG)
    head = choose(_MAJORS) | information
    length = choose(range(1, _length_of(information) + _SPARE + 1))
    return (octets("byte", (head,), length),)


def _head_reads_back(taken: Taken) -> Iterator[Statement]:
    (data,) = taken.arguments
    refusal = _refusal_of(data[0] & 0x1F, len(data))
    if isinstance(taken.result, str):
        expected = taken.result == (refusal or "W-CBOR-4")
        yield Statement("refused by the clause that it breaks", z3.BoolVal(expected))
        return
    _, used, head = taken.result
    whole = z3.And(z3.BoolVal(refusal is None), _same(head, used))
    yield Statement("what is accepted is the head of what it says", whole)


def _refusal_of(information: int, length: int) -> str | None:
    """Return the clause that forbids a head with these low five bits in so many bytes.

    None if it depends on the argument: whether the head is the shortest (W-CBOR-4).
    """
    if information == _INDEFINITE:
        return "W-CBOR-5"
    if information > _EIGHT_BYTES:
        return "W-CBOR-6"
    return "W-CBOR-2" if length < _length_of(information) else None


HEAD_BYTES: Final = Subject((codec._long_argument,), _any_head_bytes, _read_head)

# --- the tables ------------------------------------------------------------------------------


def _tables() -> Outcome:
    """Check that the heads in the tables of `encode` are those that `_head` makes."""
    tables = (
        (0x00, codec._UNSIGNED_HEADS),
        (0x40, codec._BYTES_HEADS),
        (0x60, codec._TEXT_HEADS),
    )
    wrong = [
        Failure(
            "tables", f"the head of {argument} in the table of type {major >> 5} is not its own"
        )
        for major, table in tables
        for argument, head in enumerate(table)
        if head != codec._head(major, argument)
    ]
    if any(len(table) != codec._TABLE for _, table in tables):
        wrong.append(Failure("tables", "a table has not as many heads as `encode` expects"))
    return Outcome(failures=tuple(wrong))


def _encode_agrees() -> Outcome:
    """Check that `encode` agrees with `_integer`, on an input of each of its paths.

    The loop of `encode` joins bytes in C, which no symbolic value can follow.
    """
    numbers = {*range(2 * codec._TABLE), codec.INT_MIN, codec.INT_MAX}
    try:
        for path in paths_of(INTEGERS).paths:
            numbers.update(Concretion(model_of(path))(taken_by(path).arguments))
    except Unmodelled as reason:
        return Outcome(failures=(Failure("encode", f"it could not be followed: {reason}"),))
    wrong = [number for number in sorted(numbers) if not _is_encoded(number)]
    return Outcome(
        failures=tuple(
            Failure("encode", f"{number} is not encoded as `_integer` does", snippet=_shown(number))
            for number in wrong
        )
    )


def _is_encoded(number: int) -> bool:
    try:
        expected = codec._integer(number)
    except LocalProtocolError:
        expected = None
    try:
        return codec.encode(number) == expected
    except LocalProtocolError:
        return expected is None


def _shown(number: int) -> str:
    return f"from web4core import codec\nprint(codec.encode({number}), codec._integer({number}))\n"


def _term(number: Any) -> z3.BitVecRef:
    return number.term if isinstance(number, Word) else z3.BitVecVal(number, WIDTH)


def _same(one: Any, other: Any) -> z3.BoolRef:
    """Return whether two numbers, or two byte strings, are the same."""
    if type(one) is Octets or type(other) is Octets:
        same = one == other
        return same.term if type(same) is SymbolicBool else z3.BoolVal(same)
    return _term(one) == _term(other)


def prove_integers() -> Outcome:
    """Prove the first of the theorems below."""
    forth = check("integers", INTEGERS, _comes_back)
    back = check("bytes of integers", INTEGER_BYTES, _reads_back)
    ran = Outcome(executed=executed((codec.decode, codec._value)))
    return together((forth, back, ran, _tables(), _encode_agrees()))


def prove_heads() -> Outcome:
    """Prove the second."""
    forth = check("heads", HEADS, _head_comes_back)
    back = check("bytes of heads", HEAD_BYTES, _head_reads_back)
    return together((forth, back, _tables()))


THEOREMS: Final = (
    Theorem(
        "P-WIRE-1",
        "every integer of the profile decodes from its encoding, an integer outside has none, and "
        "bytes that begin as an integer are refused unless they are the encoding of the integer "
        "that they decode to",
        ("W-CBOR-2", "W-CBOR-3", "W-CBOR-4", "W-CBOR-5", "W-CBOR-6"),
        ("A11",),
        f"all integers of {WIDTH} bits; all byte strings that begin as an integer and have at most "
        f"{_SPARE} byte more than it needs",
        prove_integers,
    ),
    Theorem(
        "P-WIRE-2",
        "a head of any type with any argument is read back as it was, one that is read is the "
        "shortest of its argument, and any other is refused by the clause that it breaks",
        ("W-CBOR-2", "W-CBOR-4", "W-CBOR-5", "W-CBOR-6"),
        ("A11",),
        "all types of the profile, all arguments up to 2^64 - 1, all heads with at most "
        f"{_SPARE} byte more than they need",
        prove_heads,
    ),
)
