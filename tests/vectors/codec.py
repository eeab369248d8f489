"""Values and their bytes: what the codec reads and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.form import (
    MAX_EXACT,
    Document,
    Json,
    Vector,
    accept,
    check_each,
    number,
    raw,
    refuse,
    sentence,
)
from web4core import codec
from web4core.codec import Plain

ABOUT = (
    "Bytes and the value that they encode, in both directions. `limit` is the longest input "
    "allowed. In a value an object stands for what JSON lacks: bytes, large integers, maps."
)
VALUES: dict[str, Plain] = {
    **{
        f"integer {value}".replace("-", "minus "): value
        for value in (
            *(0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32),
            *(MAX_EXACT, 2**53, 2**63 - 1, 2**63, 2**64 - 1),
            *(-1, -24, -25, -256, -257, -65_536, -65_537, -(2**32), -(2**32) - 1, -(2**63)),
            -(2**64),
        )
    },
    **{
        f"byte string of {size}": bytes(number % 256 for number in range(size))
        for size in (0, 1, 23, 24, 255, 256)
    },
    "text, empty": "",
    "text, one character": "a",
    "text of two bytes a character": "é",
    "text of three": "€",
    "text of four": "\U0001f600",
    "text with a zero": "a\0b",
    "text of 23": "abcdefghijklmnopqrstuvw",
    "text of 24": "abcdefghijklmnopqrstuvwx",
    "array, empty": (),
    "array": (1, (2, (3,)), "four", b"five"),
    "array of 23": tuple(range(23)),
    "array of 24": tuple(range(24)),
    "map, empty": {},
    "map of one": {"a": 1},
    "map whose keys are ordered by their length first": {"b": 1, "aa": 2},
    "map whose keys are ordered by their bytes": {"zz": 1, "é": 2, "aaa": 3},
    "map with the empty key": {"": 0, "a": {"": None}},
    "false": False,
    "true": True,
    "null": None,
}
NOT_CANONICAL = (
    ("nothing", "", "W-CBOR-2"),
    ("a head cut short", "18", "W-CBOR-2"),
    ("an argument cut short", "1901", "W-CBOR-2"),
    ("an argument of eight bytes cut short", "1b00000001000000", "W-CBOR-2"),
    ("a byte string cut short", "44aabb", "W-CBOR-2"),
    ("text cut short", "626f", "W-CBOR-2"),
    ("an array cut short", "8200", "W-CBOR-2"),
    ("a map without its last value", "a16161", "W-CBOR-2"),
    ("an array that claims 2^64 - 1 items", "9bffffffffffffffff", "W-CBOR-2"),
    ("a map that claims 2^64 - 1 entries", "bbffffffffffffffff", "W-CBOR-2"),
    ("a byte string that claims 2^64 - 1 bytes", "5bffffffffffffffff", "W-CBOR-2"),
    ("a second value", "0000", "W-CBOR-3"),
    ("a break after the value", "00ff", "W-CBOR-3 W-CBOR-5"),
    ("23 in two bytes", "1817", "W-CBOR-4"),
    ("255 in three bytes", "1900ff", "W-CBOR-4"),
    ("65535 in five bytes", "1a0000ffff", "W-CBOR-4"),
    ("2^32 - 1 in nine bytes", "1b00000000ffffffff", "W-CBOR-4"),
    ("-1 in two bytes", "3800", "W-CBOR-4"),
    ("a long length of a byte string", "580100", "W-CBOR-4"),
    ("a long length of text", "780161", "W-CBOR-4"),
    ("a long length of an array", "980100", "W-CBOR-4"),
    ("a long length of a map", "b801616100", "W-CBOR-4"),
    ("a byte string of no stated length", "5f4100ff", "W-CBOR-5"),
    ("text of no stated length", "7f6161ff", "W-CBOR-5"),
    ("an array of no stated length", "9f00ff", "W-CBOR-5"),
    ("a map of no stated length", "bf616100ff", "W-CBOR-5"),
    ("a break alone", "ff", "W-CBOR-5"),
    ("an integer of no stated length", "1f", "W-CBOR-5 W-CBOR-6"),
    ("information 28", "1c", "W-CBOR-6"),
    ("information 29", "5d", "W-CBOR-6"),
    ("information 30", "9e", "W-CBOR-6"),
    ("information 28 of a simple value", "fc", "W-CBOR-6"),
    ("a tag", "c074323032332d31312d31345432323a31333a32305a", "W-CBOR-7"),
    ("a tag for a large integer", "c249010000000000000000", "W-CBOR-7"),
    ("a tag of two bytes", "d81800", "W-CBOR-7"),
    ("a tag in an array", "81c100", "W-CBOR-7"),
    ("a half float", "f93c00", "W-CBOR-8"),
    ("a float", "fa3f800000", "W-CBOR-8"),
    ("a double", "fb3ff0000000000000", "W-CBOR-8"),
    ("not a number", "f97e00", "W-CBOR-8"),
    ("undefined", "f7", "W-CBOR-9"),
    ("simple value 0", "e0", "W-CBOR-9"),
    ("simple value 19", "f3", "W-CBOR-9"),
    ("simple value 32", "f820", "W-CBOR-9"),
    ("simple value 255", "f8ff", "W-CBOR-9"),
    ("false in two bytes", "f814", "W-CBOR-9 W-CBOR-4"),
    ("text: half a character", "61c3", "W-CBOR-10"),
    ("text: a character that goes on too early", "6180", "W-CBOR-10"),
    ("text: an overlong character", "62c080", "W-CBOR-10"),
    ("text: a surrogate", "63eda080", "W-CBOR-10"),
    ("text: beyond U+10FFFF", "64f4908080", "W-CBOR-10"),
    ("a key that is not UTF-8", "a161ff00", "W-CBOR-10"),
    ("a key that is an integer", "a10000", "W-CBOR-11"),
    ("a key that is a byte string", "a1416100", "W-CBOR-11"),
    ("a key that is null", "a1f600", "W-CBOR-11"),
    ("a key that is an array", "a18000", "W-CBOR-11"),
    ("keys out of order", "a2616200616100", "W-CBOR-12"),
    ("keys in the order of the alphabet, not of their bytes", "a262616100616200", "W-CBOR-12"),
    ("keys out of order further down", "81a2616200616100", "W-CBOR-12"),
    ("a key twice in a row", "a2616100616100", "W-CBOR-13"),
    ("a key twice", "a3616100616200616100", "W-CBOR-12 W-CBOR-13"),
    ("33 arrays in one another, the last one empty", "81" * 32 + "80", "W-CBOR-14"),
    ("33 arrays around an integer", "81" * 33 + "00", "W-CBOR-14"),
    ("33 maps in one another", "a16161" * 32 + "a0", "W-CBOR-14"),
    ("32 arrays around a map", "81" * 32 + "a0", "W-CBOR-14"),
)


def tagged(value: Plain) -> Json:
    """A value as JSON in which text, bytes and large integers cannot be mistaken for another."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return [tagged(each) for each in value]
    if isinstance(value, dict):
        return {"map": [[key, tagged(each)] for key, each in value.items()]}
    if type(value) is int and abs(value) > MAX_EXACT:
        return {"integer": number(value)}
    return value


def _ordered(value: Plain) -> Plain:
    """The value with its maps in the order of their bytes."""
    data = codec.encode(value)
    return codec.decode(data, len(data))


def vectors() -> Iterator[Vector]:
    deepest: dict[str, Plain] = {}
    for last, empty in (("array", "80"), ("map", "a0")):
        data = bytes.fromhex("81" * 31 + empty)
        deepest[f"31 arrays around an empty {last}"] = codec.decode(data, len(data))
    for name, value in {**VALUES, **deepest}.items():
        data = codec.encode(value)
        clauses = "W-CBOR-4 W-CBOR-12" if isinstance(value, dict) else "W-CBOR-4"
        result = {"value": tagged(_ordered(value))}
        about = f"{sentence(name)} These bytes and no others."
        yield accept(name, about, clauses, result, bytes=data.hex(), limit=len(data))
    for name, text, clauses in NOT_CANONICAL:
        yield refuse(name, sentence(name), clauses, bytes=text, limit=len(text) // 2)
    about = "Two bytes where one is allowed."
    yield refuse("a byte over the limit", about, "W-CBOR-1", bytes="1818", limit=1)


def make() -> Document:
    return Document("codec", ABOUT, {}, vectors())


def judge(_given: Json, vector: Json) -> Json:
    data = raw(vector["bytes"])
    value = codec.decode(data, vector["limit"])
    if codec.encode(value) != data:
        raise ValueError("the codec does not give back what it read")
    return {"value": tagged(value)}


def check(document: Json) -> list[str]:
    return check_each(document, judge)
