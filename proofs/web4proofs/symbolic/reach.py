"""The lines and branches of the code under test that are reached, found by tracing its bytecode.

A branch is a conditional jump with two outcomes. Both must be reached, or the proof has not
executed all of the code.
An excuse lists an unreachable place with the reason. An excuse for a place that is reached is an
error, just as a missing one is.
"""

from __future__ import annotations

import dis
import inspect
import linecache
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any, Final

from attrs import frozen

_FALL_THROUGH_AND_JUMP: Final = (
    ("FOR_ITER", ("another item", "no more items")),
    ("IF_NOT_NONE", ("None", "not None")),
    ("IF_NONE", ("not None", "None")),
    ("IF_FALSE", ("true", "false")),
    ("IF_TRUE", ("false", "true")),
)
"""By a part of an instruction's name: the meaning of its falling through, and of its jump."""


@frozen
class SourceLine:
    """One instruction that was executed, and the one before it in its frame."""

    code: CodeType
    before: int
    at: int


@frozen
class Excuse:
    """A line or an outcome of a branch that no input reaches, and the reason."""

    function: str
    place: str
    """As reported: `"destination is None" is true`. Branches with the same text share an excuse."""
    why: str

    def is_among(self, places: Collection[tuple[str, str]]) -> bool:
        """Return whether this excuse names one of these pairs of function and place."""
        return (self.function, _alike(self.place)) in places


START: Final = -1
"""The predecessor of a frame's first instruction, and of the first one after an exception."""


@contextmanager
def watched(functions: Iterable[Callable[..., Any]]) -> Iterator[list[SourceLine]]:
    """Record every instruction that these functions execute, in order, while the block lasts."""
    codes = frozenset(code for function in functions for code in codes_of(function))
    steps: list[SourceLine] = []

    def on_call(frame: FrameType, _event: str, _argument: object) -> Any:
        if frame.f_code not in codes:
            return None
        frame.f_trace_opcodes = True
        return _recorder(frame.f_code, steps)

    earlier = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield steps
    finally:
        sys.settrace(earlier)


def _recorder(code: CodeType, steps: list[SourceLine]) -> Callable[[FrameType, str, object], Any]:
    before = START

    def record(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal before
        if event == "opcode":
            steps.append(SourceLine(code, before, frame.f_lasti))
            before = frame.f_lasti
        elif event == "exception":
            before = START
        return record

    return record


def codes_of(function: Callable[..., Any]) -> tuple[CodeType, ...]:
    """Return the code of a function, and of the comprehensions and functions within it."""
    found: list[CodeType] = []
    waiting: list[CodeType] = [inspect.unwrap(function).__code__]
    while waiting:
        code = waiting.pop()
        found.append(code)
        waiting.extend(each for each in code.co_consts if isinstance(each, CodeType))
    return tuple(found)


def places_of(function: Callable[..., Any]) -> frozenset[str]:
    """Return every line and every outcome of a branch of a function, as excuses name them."""
    return frozenset(
        _alike(place)
        for code in codes_of(function)
        for place, _ in (*_lines_missing(code, set()), *_outcomes_missing(code, set()))
    )


def unreached(
    functions: Iterable[Callable[..., Any]],
    steps: Iterable[SourceLine],
    excuses: Sequence[Excuse] = (),
) -> tuple[str, ...]:
    """Return places that were not reached and have no excuse, and excuses for reached places."""
    seen = set(steps)
    missing: dict[tuple[str, str], str] = {}
    for function in functions:
        name = name_of(function)
        for code in codes_of(function):
            for place, line in (*_lines_missing(code, seen), *_outcomes_missing(code, seen)):
                missing[(name, _alike(place))] = f"{name}, line {line}: {place} is never reached"
    excused = {(excuse.function, _alike(excuse.place)) for excuse in excuses}
    said = [text for key, text in missing.items() if key not in excused]
    said += [f"{name}: {place} was reached" for name, place in sorted(excused - set(missing))]
    return tuple(said)


def _alike(place: str) -> str:
    """Return a place with one kind of quotes; source that was printed from a tree has the other."""
    return place.replace("'", '"')


def name_of(function: Callable[..., Any]) -> str:
    """Return the module and qualified name."""
    return f"{function.__module__}.{function.__qualname__}"


def _lines_missing(code: CodeType, seen: set[SourceLine]) -> Iterator[tuple[str, int]]:
    reached = {step.at for step in seen if step.code == code}
    lines: dict[int, bool] = {}
    for instruction in dis.get_instructions(code):
        line = instruction.positions.lineno if instruction.positions else None
        if line is not None and instruction.opname not in ("RESUME", "MAKE_CELL", "COPY_FREE_VARS"):
            lines[line] = lines.get(line, False) or instruction.offset in reached
    for line, is_reached in lines.items():
        if not is_reached:
            yield f'"{_text(code, line).strip()}"', line


def _outcomes_missing(code: CodeType, seen: set[SourceLine]) -> Iterator[tuple[str, int]]:
    instructions = list(dis.get_instructions(code))
    nexts = _nexts(code, seen)
    for instruction, following in pairwise(instructions):
        outcomes = _outcomes(instruction.opname)
        if outcomes is None:
            continue
        went = nexts.get(_first_of(instructions, instruction), set())
        falls, jumps = following.offset in went, bool(went - {following.offset})
        for outcome, is_reached in zip(outcomes, (falls, jumps), strict=True):
            if not is_reached:
                line = instruction.positions.lineno if instruction.positions else 0
                yield f'"{_segment(code, instruction)}" is {outcome}', line or 0


def _nexts(code: CodeType, seen: set[SourceLine]) -> dict[int, set[int]]:
    """Return the successors of each instruction."""
    nexts: dict[int, set[int]] = {}
    for step in seen:
        if step.before != START and step.code == code:
            nexts.setdefault(step.before, set()).add(step.at)
    return nexts


def _outcomes(opname: str) -> tuple[str, str] | None:
    for part, outcomes in _FALL_THROUGH_AND_JUMP:
        if part in opname:
            return outcomes
    return None


def _first_of(instructions: Sequence[dis.Instruction], wanted: dis.Instruction) -> int:
    """Return the offset at which the tracer sees an instruction: at its prefix, if it has one."""
    place = instructions.index(wanted)
    while place and instructions[place - 1].opname == "EXTENDED_ARG":
        place -= 1
    return instructions[place].offset


def _segment(code: CodeType, instruction: dis.Instruction) -> str:
    """Return the source text that a jump depends on; of several lines the first."""
    where = instruction.positions
    if where is None or where.lineno is None:
        return instruction.opname
    text = _text(code, where.lineno)
    end = where.end_col_offset if where.end_lineno == where.lineno else None
    return text.encode()[where.col_offset : end].decode().strip()


def _text(code: CodeType, line: int) -> str:
    return linecache.getline(code.co_filename, line)
