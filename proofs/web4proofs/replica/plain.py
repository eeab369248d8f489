"""Plain values of a solver's model, as Python text that runs.

A counterexample is shown as the call that breaks the contract: a program for the plain code, which
runs before it is shown. If it does not do what its path did, no program is shown.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs
import z3

from web4core.messages import Certificate, Kind, Statement, ViewChange, Vote
from web4core.types import Digest, View
from web4proofs.replica.terms import DIGEST, SIGNATURE
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.values import Identifier, SymbolicInt

MAX_PLATFORMS_SHOWN: Final = 10
"""The limit of platforms in a counterexample with plain values."""


class NotPlain(Exception):
    """A model does not fit into plain slots."""


class Plain:
    """The plain values of one model of the solver."""

    def __init__(self, model: z3.ModelRef) -> None:
        self._plain = Concretion(model)

    def __call__(self, value: Any) -> Any:
        """Return the plain value. Raises `NotPlain` if there is none."""
        return self._plain(value)

    def text(self, value: Any) -> str:
        """Return the plain value as a Python expression."""
        try:
            return written(self(value))
        except NotPlain as error:
            return f"({error})"

    def program(
        self, function: Callable[..., Any], arguments: Sequence[Any], result: Any
    ) -> str | None:
        """Return a program that makes this call; None if the plain code does not do as the path."""
        try:
            given, expected = [self(each) for each in arguments], self(result)
        except NotPlain:
            return None
        if comparable(function(*given)) != comparable(expected):
            return None
        return "\n".join(_lines(function, given))


def comparable(value: Any) -> Any:
    """Return a plain value without parts that a model leaves open: signatures, hashed digests."""
    if isinstance(value, Certificate):
        return attrs.evolve(value, signatures=())
    if isinstance(value, Statement) and value.kind is Kind.VIEW_CHANGE:
        return attrs.evolve(value, digest=Digest(b""))
    if type(value) is tuple:
        return tuple(map(comparable, value))
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value)) if field.init]
        return attrs.evolve(value, **{name: comparable(getattr(value, name)) for name in names})
    return value


def _lines(function: Callable[..., Any], given: Sequence[Any]) -> Iterator[str]:
    module, name = function.__module__, function.__qualname__
    used = {(type_.__module__, type_.__name__) for each in given for type_ in _types(each)}
    named = sorted({*used, (module, name)})
    for home in dict.fromkeys(home for home, _ in named):
        yield f"from {home} import {', '.join(each for at, each in named if at == home)}"
    yield ""
    yield from _IDENTIFIERS
    yield ""
    yield f"print({name}("
    yield from (f"    {written(each)}," for each in given)
    yield "))"


_IDENTIFIERS: Final = (
    "def digest(number):",
    "    return f'Digest-{number}'.encode().ljust(32, b'.')",
    "",
    "def signature(number):",
    "    return f'Signature-{number}'.encode().ljust(64, b'.')",
)
"""The functions by which a program names the digests and signatures of a counterexample."""

_NAMED: Final = re.compile(rb"(Digest|Signature)-([0-9]+)\.*")


def written(value: Any) -> str:
    """Return a plain value as a Python expression."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, bytes) and value:
        return _identifier(value)
    if type(value) in (tuple, list):
        inner = ", ".join(map(written, value)) + ("," if len(value) == 1 else "")
        return f"({inner})" if type(value) is tuple else f"[{inner}]"
    if attrs.has(type(value)):
        fields = [field.name for field in attrs.fields(type(value)) if field.init]
        inner = ", ".join(f"{name}={written(getattr(value, name))}" for name in fields)
        return f"{type(value).__name__}({inner})"
    return repr(value)


def _identifier(value: bytes) -> str:
    named = _NAMED.fullmatch(value)
    if named is None:
        return repr(value)
    kind, number = named.groups()
    return f"{kind.decode().lower()}({int(number)})"


def _types(value: Any) -> Iterator[type]:
    if isinstance(value, enum.Enum):
        yield type(value)
    elif type(value) in (tuple, list):
        for each in value:
            yield from _types(each)
    elif attrs.has(type(value)):
        yield type(value)
        for field in attrs.fields(type(value)):
            yield from _types(getattr(value, field.name))


# --- rows --------------------------------------------------------------------------------------


def slots_of(row: Any, plain: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return a plain tuple of N places, with known messages and as many others as were counted."""
    n = _platforms(plain(row.n))
    places: dict[int, Any] = {}
    for place, message in row.known:
        places.setdefault(plain(place), plain(message))
    # highest views first: a platform beyond a view is counted in that view as well
    for point in sorted(row.asked, key=lambda each: plain(SymbolicInt(each[0])), reverse=True):
        _fill(row, places, n, point, plain)
    return tuple(places.get(index) for index in range(n))


def endorsements_of(endorsements: Any, plain: Any) -> tuple[tuple[int, bytes], ...]:
    """Return the signatures of a quorum, not counted again, if they count; else none."""
    counts = z3.is_true(plain.evaluated(endorsements.count))
    return tuple((index, SIGNATURE.plain(index)) for index in range(3 if counts else 0))


def _platforms(n: int) -> int:
    if not 1 <= n <= MAX_PLATFORMS_SHOWN:
        raise NotPlain(f"a federation of {n} platforms")
    return n


def _fill(
    row: Any, places: dict[int, Any], n: int, point: tuple[z3.ExprRef, ...], plain: Any
) -> None:
    """Put messages into free places until there are as many as the model counts."""
    view = plain(SymbolicInt(point[0]))
    if view < 0:
        return
    wanted = plain(SymbolicInt(row.counted(point)))
    digest = plain(Identifier(DIGEST, point[1])) if len(point) > 1 else None
    free = [index for index in range(n) if places.get(index) is None]
    missing = wanted - sum(_counts(each, view, digest) for each in places.values())
    if missing < 0 or missing > len(free):
        raise NotPlain("counts that no slots have")
    for index in free[:missing]:
        places[index] = _message(row, plain, index, view, digest)


def _counts(message: Any, view: int, digest: bytes | None) -> bool:
    if message is None:
        return False
    statement = message.statement
    if digest is None:
        return bool(statement.view >= view)
    return bool(statement.view == view and statement.digest == digest)


def _message(row: Any, plain: Any, signer: int, view: int, digest: bytes | None) -> Any:
    named = bytes(32) if digest is None else digest
    statement = Statement(row.kind, plain(row.height), View(view), Digest(named), signer)
    if row.kind is Kind.VIEW_CHANGE:
        return ViewChange(statement, SIGNATURE.plain(signer), None, None)
    return Vote(statement, SIGNATURE.plain(signer))
