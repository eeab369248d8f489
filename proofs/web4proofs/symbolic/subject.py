"""A function under proof: its call, its symbolic arguments, and the code that must be reached.

A subject is explored on symbolic inputs. Then, for each path, a plain input is drawn from the
solver's model, and the plain code runs on it.
It must execute the same instructions in the same order and give the same result; otherwise the
executor is wrong about the code.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from web4proofs.symbolic.concrete import Concretion, inputs_of
from web4proofs.symbolic.engine import MAX_PATHS, Exploration, Path, explore
from web4proofs.symbolic.reach import Excuse, SourceLine, name_of, unreached, watched
from web4proofs.theorem import Executed


@frozen
class Subject:
    """Code to execute, and how to call it."""

    functions: tuple[Callable[..., Any], ...]
    """The shipped functions whose every line and branch must be reached."""
    inputs: Callable[[], tuple[Any, ...]]
    """Makes the symbolic arguments of a run."""
    call: Callable[..., Any]
    """Calls the code with symbolic or plain arguments."""
    excuses: tuple[Excuse, ...] = ()
    wholly: bool = True
    """Whether all of the code must be reached; this cannot be asked of third-party code."""


@frozen
class Taken:
    """The behaviour of the code along one path."""

    arguments: tuple[Any, ...]
    result: Any
    """The value that the code returned, or None."""
    raised: Exception | None
    steps: tuple[SourceLine, ...]


@frozen
class Replays:
    """Plain runs that were compared with the paths of their inputs."""

    count: int
    differences: tuple[str, ...]


def paths_of(subject: Subject, max_paths: int = MAX_PATHS) -> Exploration[Taken]:
    """Return every path of a subject."""
    return explore(lambda: _taken(subject, subject.inputs()), max_paths=max_paths)


def taken_by(path: Path[Taken]) -> Taken:
    """Return a path's behaviour. Raises any error of the inputs' maker, which is not the code's."""
    if path.value is None:
        raise RuntimeError("the inputs could not be made") from path.raised
    return path.value


def replay(
    subject: Subject, exploration: Exploration[Taken], each: int = 1, seed: int = 0
) -> Replays:
    """Run the plain code on `each` inputs of every path; the first is the path's own model."""
    differences: list[str] = []
    count = 0
    for path in exploration.paths:
        for model in inputs_of(path, each, seed + count):
            count += 1
            found = difference(subject, taken_by(path), Concretion(model))
            if found is not None:
                differences.append(found)
    return Replays(count, tuple(differences))


def difference(subject: Subject, taken: Taken, concretion: Concretion) -> str | None:
    """Return the difference between a run on a plain input and its path; None if there is none."""
    arguments = concretion(taken.arguments)
    plain = _taken(subject, arguments)
    if type(plain.raised) is not type(taken.raised):
        return f"{arguments!r} raised {plain.raised!r} where the path raised {taken.raised!r}"
    expected = concretion(taken.result)
    if type(plain.result) is not type(expected) or plain.result != expected:
        return f"{arguments!r} gave {plain.result!r} where the path gave {expected!r}"
    if plain.steps != taken.steps:
        return f"{arguments!r} took another way through the code than its path"
    return None


def never_reached(subject: Subject, exploration: Exploration[Taken]) -> tuple[str, ...]:
    """Return the lines and branches that no path reached, as text."""
    if not subject.wholly:
        return ()
    steps = [step for path in exploration.paths for step in taken_by(path).steps]
    return unreached(subject.functions, steps, subject.excuses)


def executed(functions: Sequence[Callable[..., Any]]) -> tuple[Executed, ...]:
    """Return the names of these functions with digests of their source."""
    return tuple(
        Executed(name_of(each), hashlib.sha256(inspect.getsource(each).encode()).hexdigest())
        for each in functions
    )


def _taken(subject: Subject, arguments: tuple[Any, ...]) -> Taken:
    result, raised = None, None
    with watched(subject.functions) as steps:
        try:
            result = subject.call(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever the code raises is its result
            raised = error
    return Taken(arguments, result, raised, tuple(steps))
