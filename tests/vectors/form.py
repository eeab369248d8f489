"""What a file of vectors looks like, and how one is checked.

A vector is an input and either the result that it must have or why it must be refused.
Bytes are hexadecimal, integers beyond 2^53 - 1 decimal strings, everything else plain JSON; the
same file is written byte for byte every time.
Nothing here knows what the vectors are about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, TypeAlias

from attrs import asdict, field, fields, frozen, has

from web4core.chain import Block
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.hashing import WIRE_VERSION
from web4core.ledger.transactions import Transaction

Json: TypeAlias = Any
Judge: TypeAlias = Callable[[Json, Json], Json]
"""What is given for the whole file, and one input: its result, or an error for a refusal."""

MAX_EXACT: Final = 2**53 - 1
"""The largest integer that every reader of JSON keeps as it is."""

ACCEPTED: Final = "accepted"
"""The result where there is nothing to say but yes."""


class Refused(Exception):
    """The input must be refused: by a clause, with a code of the ledger, at a height of a chain."""

    def __init__(
        self, clause: str | None = None, code: str | None = None, height: int | None = None
    ) -> None:
        super().__init__(clause, code, height)
        self.clause = clause
        self.code = code
        self.height = height


@frozen
class Vector:
    """One case. Without a result it must be refused, as `refusal` says."""

    id: str
    about: str
    clauses: tuple[str, ...]
    input: dict[str, Json]
    result: Json = None
    refusal: dict[str, Json] | None = None

    def document(self) -> dict[str, Json]:
        """The vector as it stands in its file."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _all(vectors: Iterable[Vector]) -> tuple[Vector, ...]:
    return tuple(vectors)


@frozen
class Document:
    """A file: what all its vectors share, and the vectors."""

    format: str
    about: str
    given: dict[str, Json]
    vectors: tuple[Vector, ...] = field(converter=_all)

    def __attrs_post_init__(self) -> None:
        ids = [vector.id for vector in self.vectors]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.format}: two vectors have one id")

    def text(self) -> str:
        """The content of the file, the same every time."""
        document = {
            "format": self.format,
            "wire_version": WIRE_VERSION,
            "about": self.about,
            "given": self.given,
            "vectors": [vector.document() for vector in self.vectors],
        }
        return json.dumps(document, indent=1) + "\n"


def slug(name: str) -> str:
    """A short name as an id: lower case, hyphens for all that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def sentence(name: str) -> str:
    """A short name as a sentence."""
    return f"{name[0].upper()}{name[1:]}."


def accept(name: str, about: str, clauses: str, result: Json = ACCEPTED, **given: Json) -> Vector:
    """A vector that must have this result; `clauses` are separated by spaces."""
    return Vector(slug(name), about, tuple(clauses.split()), given, result=result)


def refuse(
    name: str, about: str, clauses: str, code: str | None = None, also: str = "", **given: Json
) -> Vector:
    """A vector that must be refused by one of these clauses, with this code if there is one.

    `also` names clauses that it exercises without being refused by them.
    """
    by = tuple(clauses.split())
    refusal: dict[str, Json] = {"clauses": by}
    if code is not None:
        refusal["code"] = code
    return Vector(slug(name), about, (*by, *also.split()), given, refusal=refusal)


# --- values as JSON ------------------------------------------------------------------------------


def number(value: int) -> int | str:
    """An integer as every reader of JSON can keep it."""
    return value if abs(value) <= MAX_EXACT else str(value)


def raw(text: Json) -> bytes:
    """The bytes of hexadecimal text, or of a long one that is written short."""
    if isinstance(text, str):
        return bytes.fromhex(text)
    times: int = text["times"]
    middle = bytes.fromhex(text["repeat"]) * times
    return bytes.fromhex(text["head"]) + middle + bytes.fromhex(text["tail"])


def long(head: bytes, repeat: bytes, times: int, tail: bytes = b"") -> Json:
    """Bytes that are too many to be written out."""
    return {"head": head.hex(), "repeat": repeat.hex(), "times": times, "tail": tail.hex()}


def readable(value: Any) -> Json:
    """A value of the core with its fields by name, for people and for comparison."""
    if isinstance(value, Block):
        payload = [item.encoded.hex() for item in value.payload]
        return {"header": readable(value.header), "payload": payload, "digest": value.digest.hex()}
    if isinstance(value, Transaction):
        return value.encoded.hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, tuple):
        return [readable(each) for each in value]
    if has(type(value)):
        return {each.name: readable(getattr(value, each.name)) for each in fields(type(value))}
    return value


# --- checking ------------------------------------------------------------------------------------


def check_each(document: Json, judge: Judge) -> list[str]:
    """What is wrong with the vectors of a file, each on its own; nothing if all is well."""
    found = (problem(document["given"], vector, judge) for vector in document["vectors"])
    return [each for each in found if each is not None]


def problem(given: Json, vector: Json, judge: Judge) -> str | None:
    """What this vector says against what the core does, if they differ."""
    try:
        result = judge(given, vector["input"])
    except (Refused, RemoteProtocolError, LocalProtocolError) as error:
        return _refusal_differs(vector, error)
    if "result" not in vector:
        return f"{vector['id']}: accepted"
    if json.loads(json.dumps(result)) != vector["result"]:
        return f"{vector['id']}: {json.dumps(result)}"
    return None


def _refusal_differs(vector: Json, error: Exception) -> str | None:
    if "result" in vector:
        return f"{vector['id']}: refused: {error}"
    clause = getattr(error, "clause", None)
    if isinstance(error, LocalProtocolError):
        clause = str(error).partition(":")[0]
    refusal = vector["refusal"]
    same = all(getattr(error, each, None) == refusal.get(each) for each in ("code", "height"))
    if same and (clause is None or clause in refusal["clauses"]):
        return None
    return f"{vector['id']}: refused otherwise: {error}"
