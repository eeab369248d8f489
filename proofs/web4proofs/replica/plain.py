"""From a solver's model back to plain values of the code, as text that runs.

A counterexample is shown as the call that it breaks: a program for the plain code, which is run
before it is shown. One that does not do what its path did is not shown as a program.
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
"""A counterexample with more platforms is not made plain."""


class NotPlain(Exception):
    """A model does not fit into plain slots."""


class Plain:
    """Values of one model of the solver."""

    def __init__(self, model: z3.ModelRef) -> None:
        self._plain = Concretion(model)

    def __call__(self, value: Any) -> Any:
        """The plain value. Raises `NotPlain` for what no plain value is like."""
        return self._plain(value)

    def text(self, value: Any) -> str:
        """The plain value, written as an expression of Python."""
        try:
            return written(self(value))
        except NotPlain as error:
            return f"({error})"

    def program(
        self, function: Callable[..., Any], arguments: Sequence[Any], result: Any
    ) -> str | None:
        """A program that makes this call, if the plain code does in it what the path did."""
        try:
            given, expected = [self(each) for each in arguments], self(result)
        except NotPlain:
            return None
        if comparable(function(*given)) != comparable(expected):
            return None
        return "\n".join(_lines(function, given))


def comparable(value: Any) -> Any:
    """A plain value without what a model leaves open: signatures, and digests that were hashed."""
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
"""How a program names the digests and signatures of a counterexample."""

_NAMED: Final = re.compile(rb"(Digest|Signature)-([0-9]+)\.*")


def written(value: Any) -> str:
    """A plain value as an expression of Python."""
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
    """A plain tuple of N places, with what was looked at, and as many others as were counted."""
    n = _platforms(plain(row.n))
    places: dict[int, Any] = {}
    for place, message in row.known:
        places.setdefault(plain(place), plain(message))
    # highest views first: who is beyond a view is counted in it as well
    for point in sorted(row.asked, key=lambda each: plain(SymbolicInt(each[0])), reverse=True):
        _fill(row, places, n, point, plain)
    return tuple(places.get(index) for index in range(n))


def endorsements_of(endorsements: Any, plain: Any) -> tuple[tuple[int, bytes], ...]:
    """Signatures of a quorum that is never counted again, if they count."""
    counts = z3.is_true(plain.evaluated(endorsements.count))
    return tuple((index, SIGNATURE.plain(index)) for index in range(3 if counts else 0))


def _platforms(n: int) -> int:
    if not 1 <= n <= MAX_PLATFORMS_SHOWN:
        raise NotPlain(f"a federation of {n} platforms")
    return n


def _fill(
    row: Any, places: dict[int, Any], n: int, point: tuple[z3.ExprRef, ...], plain: Any
) -> None:
    """Put messages into free places until as many are there as the model counts."""
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
