"""The reading as TLA+: the names of `spec/tla/Agreement.tla`, and modules that extend it.

This module does not restate the protocol. People wrote `spec/tla/Agreement.tla` for people who read
TLA+. Here are its names, and the inputs with which TLC compares it with the model: behaviours, and
single worlds with their facts.

There is one height, so every point omits the height.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from web4proofs.agreement.finite import Element, Point, Step, World
from web4proofs.agreement.logic import Relation
from web4proofs.agreement.model import (
    ACTIONS,
    AGREED,
    DEFINITIONS,
    DIGEST,
    HEIGHT,
    IN_VIEW,
    JUDGED_FIRST,
    PLATFORM,
    QUORUMS_MEET,
    RELATIONS,
    SORTS,
    UNAMBIGUOUS,
    VIEW,
    Claim,
    Premise,
    decided,
    honest,
    judged_valid,
    member,
)

CHANGING: Final = tuple(relation for relation in RELATIONS if relation.changes)
"""The relations that are variables of the module."""


# --- names -------------------------------------------------------------------------------------


def name_of(name: str) -> str:
    """Return the module's name for a name of the model; not for relations that change."""
    return "".join(part.capitalize() for part in name.split("_"))


def premises() -> tuple[Premise, ...]:
    """Return every premise of an action, once for each name."""
    found = {premise.name: premise for action in ACTIONS for premise in action.premises}
    return tuple(found.values())


def claims() -> tuple[Claim, ...]:
    """Return every claim that is an invariant: conjuncts of invariants, and consequences."""
    found = {
        claim.name: claim
        for protocol in (AGREED, JUDGED_FIRST, UNAMBIGUOUS)
        for claim in (*protocol.invariant, *(each.claim for each in protocol.consequences))
    }
    return tuple(found.values())


@frozen
class Row:
    """A name of the module, its meaning in the model, and the clauses that it renders."""

    kind: str
    name: str
    model: str
    clauses: tuple[str, ...] = ()


def rows() -> Iterator[Row]:
    """Yield a row for every name that module and model share."""
    for sort in SORTS:
        if sort is not HEIGHT:
            yield Row("sort", f"{name_of(sort.name)}s", sort.name)
    for relation in RELATIONS:
        if not relation.changes and relation is not member:
            yield Row("given", name_of(relation.name), relation.name)
    yield Row("given", name_of(QUORUMS_MEET.name), QUORUMS_MEET.name, QUORUMS_MEET.clauses)
    for relation in CHANGING:
        yield Row("variable", relation.name, relation.name)
    for definition in DEFINITIONS:
        yield Row("definition", name_of(definition.name), definition.name)
    for premise in premises():
        if premise.name not in _GIVEN:
            yield Row("premise", name_of(premise.name), premise.name, premise.clauses)
    for action in ACTIONS:
        own = (each for each in action.premises if each not in IN_VIEW)
        clauses = dict.fromkeys(clause for each in own for clause in each.clauses)
        yield Row("action", name_of(action.name), action.name, tuple(clauses))
    for claim in claims():
        yield Row("claim", name_of(claim.name), claim.name, claim.clauses)


_GIVEN = frozenset(relation.name for relation in RELATIONS)
"""Names of premises that only say that the relation holds; the module has no name for them."""


# --- values ------------------------------------------------------------------------------------


def value(of: Element) -> str:
    """Return a value in TLA+."""
    match of:
        case bool():
            return "TRUE" if of else "FALSE"
        case int():
            return str(of)
        case str():
            return f'"{of}"'
        case tuple():
            return f"<<{', '.join(map(value, of))}>>"
        case frozenset():
            return f"{{{', '.join(sorted(map(value, of)))}}}"
        case _:
            raise TypeError(f"{of!r} has no value in TLA+")


def without_height(relation: Relation, point: Point) -> Point:
    """Return a point of a relation as the module has it."""
    pairs = zip(relation.sorts, point, strict=True)
    return tuple(each for sort, each in pairs if sort is not HEIGHT)


def facts(world: World) -> dict[str, frozenset[Point]]:
    """Return the values of the module's variables in a world."""
    return {
        relation.name: frozenset(without_height(relation, point) for point in world.facts[relation])
        for relation in CHANGING
    }


def record(fields: Mapping[str, str]) -> str:
    """Return a record of texts."""
    return f"[{', '.join(f'{name} |-> {text}' for name, text in fields.items())}]"


def _record_of(shown: Mapping[str, frozenset[Point]]) -> str:
    return record({name: value(points) for name, points in shown.items()})


# --- modules -----------------------------------------------------------------------------------


@frozen
class Model:
    """A module that extends that of the protocol, with the tasks of TLC."""

    name: str
    module: str
    config: str


def model(
    name: str, world: World, body: Iterable[str], asked: Iterable[str], extends: str = ""
) -> Model:
    """Return a model that has the elements of a world as its constants."""
    platforms = world.elements[PLATFORM]
    good = world.facts[honest]
    constants: dict[str, frozenset[Element]] = {
        "Platforms": frozenset(platforms),
        "Byzantine": frozenset(each for each in platforms if (each,) not in good),
        "Views": frozenset(world.elements[VIEW]),
        "Digests": frozenset(world.elements[DIGEST]),
        "JudgedValid": frozenset(
            without_height(judged_valid, point) for point in world.facts[judged_valid]
        ),
    }
    lines = (
        f"---- MODULE {name} ----",
        f"EXTENDS Agreement, Sequences, TLC{extends}",
        *(f"The{each} == {value(elements)}" for each, elements in constants.items()),
        *body,
        "====",
    )
    config = ("CONSTANTS", *(f"  {each} <- The{each}" for each in constants), *asked)
    return Model(name, "\n".join(lines) + "\n", "\n".join(config) + "\n")


def graph(world: World) -> Model:
    """Return a model whose task is to visit every reachable state."""
    return model("Graph", world, (), ("INIT Init", "NEXT Next"))


@frozen
class Look:
    """The visible part of a world between two steps: all but the views of decisions."""

    shown: Mapping[str, frozenset[Point]]


Item: TypeAlias = Step | Look


@frozen
class Trace:
    """A run: its start, its steps, and the visible part of the worlds between them."""

    start: World
    items: tuple[Item, ...]


def look(world: World) -> Look:
    """Return the visible part of a world."""
    shown = facts(world)
    return Look({**shown, decided.name: _without_views(shown[decided.name])})


def _without_views(points: Iterable[Point]) -> frozenset[Point]:
    return frozenset((platform, digest) for platform, _, digest in points)


def trace(traces: Sequence[Trace], asked: Iterable[str] = ()) -> Model:
    """Return a model of runs of one federation, for the module's actions to follow them.

    TLC prints the number of the trace and of the item for each item that it can follow.
    """
    begins = (f"  /\\ {each.name} = began.{each.name}" for each in CHANGING)
    seen = (f"  /\\ {each.name} = seen.{each.name}" for each in CHANGING if each is not decided)
    body = (
        "VARIABLES trace, at",
        f"Traces == <<{', '.join(map(_trace, traces))}>>",
        "Begins(began) ==",
        *begins,
        "Sees(seen) ==",
        *seen,
        "  /\\ {<<it[1], it[3]>> : it \\in decided} = seen.decided",
        "Takes(item) ==",
        '  \\/ item.does = "Look" /\\ Sees(item.of) /\\ UNCHANGED vars',
        *_choices(),
        "TraceInit == trace \\in DOMAIN Traces /\\ at = 1 /\\ Begins(Traces[trace].start)",
        "TraceNext ==",
        "  /\\ at <= Len(Traces[trace].items)",
        "  /\\ Takes(Traces[trace].items[at])",
        '  /\\ PrintT(<<"taken", trace, at>>)',
        "  /\\ at' = at + 1",
        "  /\\ UNCHANGED trace",
    )
    return model("Trace", traces[0].start, body, ("INIT TraceInit", "NEXT TraceNext", *asked))


def _choices() -> Iterator[str]:
    for action in ACTIONS:
        places = sum(1 for each in action.parameters if each.sort is not HEIGHT)
        of = ", ".join(f"item.of[{place}]" for place in range(1, places + 1))
        name = name_of(action.name)
        yield f'  \\/ item.does = "{name}" /\\ {name}({of})'


def _trace(of: Trace) -> str:
    items = ", ".join(map(_item, of.items))
    return record({"start": _record_of(facts(of.start)), "items": f"<<{items}>>"})


def _item(item: Item) -> str:
    if isinstance(item, Look):
        return record({"does": value("Look"), "of": _record_of(item.shown)})
    given = (
        frozenset(each) if isinstance(each, tuple) else each
        for variable, each in item.values.items()
        if variable.sort is not HEIGHT
    )
    return record({"does": value(name_of(item.action.name)), "of": value(tuple(given))})


@frozen
class Meaning:
    """A name of the module, its parameters, and the points of which it holds in each world.

    Each parameter has the text of the set of its values. Without parameters the name holds of the
    empty point, or of none.
    """

    name: str
    parameters: Mapping[str, str]
    points: tuple[frozenset[Point], ...]


def meanings(worlds: Sequence[World], named: Iterable[Meaning]) -> Model:
    """Return a model that compares each of these names with its meaning in each of these worlds.

    The invariant for a name is called as the name, with `Means` before it.
    """
    known = tuple(named)
    truths = (
        record({each.name: value(each.points[number]) for each in known})
        for number in range(len(worlds))
    )
    body = (
        "VARIABLE world",
        f"Worlds == <<{', '.join(_record_of(facts(each)) for each in worlds)}>>",
        f"Truths == <<{', '.join(truths)}>>",
        "MeaningInit ==",
        "  /\\ world \\in DOMAIN Worlds",
        *(f"  /\\ {each.name} = Worlds[world].{each.name}" for each in CHANGING),
        "MeaningNext == UNCHANGED <<vars, world>>",
        *(f"Means{each.name} == {_extent(each)} = Truths[world].{each.name}" for each in known),
    )
    asked = ("INIT MeaningInit", "NEXT MeaningNext", "INVARIANTS")
    return model("Meanings", worlds[0], body, (*asked, *(f"  Means{each.name}" for each in known)))


def _extent(of: Meaning) -> str:
    if not of.parameters:
        return f"{{it \\in {{<<>>}} : {of.name}}}"
    names = ", ".join(of.parameters)
    chosen = ", ".join(f"{name} \\in {taken}" for name, taken in of.parameters.items())
    every = f"{{<<{names}>> : {chosen}}}"
    at = ", ".join(f"it[{place}]" for place in range(1, len(of.parameters) + 1))
    return f"{{it \\in {every} : {of.name}({at})}}"
