"""The executor takes every path, and none that is not there; what it cannot follow it refuses."""

from __future__ import annotations

import enum
import operator
from typing import Any

import pytest
import z3
from attrs import evolve, frozen

from web4proofs import smt
from web4proofs.symbolic import (
    Exploration,
    Record,
    SymbolicInt,
    SymbolicMap,
    Unmodelled,
    assume,
    bind,
    bind_late,
    boolean,
    choose,
    equal,
    explore,
    identifier,
    integer,
    name_sort,
    octets_sort,
    optional,
    subset,
    symbolic_len,
    term,
    unmodelled,
)

KEY = octets_sort("Key", 32)
NAME = name_sort("Name")


class Color(enum.Enum):
    RED = 1
    GREEN = 2


@frozen
class Pair:
    left: Any
    right: Any


def results(exploration: Exploration[Any]) -> list[Any]:
    return sorted(path.value for path in exploration.paths)


def test_both_sides_of_a_condition_are_taken() -> None:
    def run() -> str:
        number = integer("n")
        return "small" if number < 10 else "large" if number > 20 else "between"

    assert results(explore(run)) == ["between", "large", "small"]


def test_a_side_that_no_input_takes_is_left_out() -> None:
    def run() -> str:
        number = integer("n")
        if number > 10:
            return "impossible" if number < 5 else "above"
        return "below"

    assert results(explore(run)) == ["above", "below"]


def test_the_paths_cover_every_input_exactly_once() -> None:
    def run() -> tuple[z3.ArithRef, str]:
        number = integer("n")
        return number.term, "even" if number % 2 == 0 and number >= 0 else "other"

    paths = explore(run).paths
    conditions = [z3.And(path.condition) for path in paths]
    assert smt.valid("cover", [], z3.Or(conditions))[0].holds
    for place, one in enumerate(conditions):
        for other in conditions[:place]:
            assert smt.valid("apart", [], z3.Not(z3.And(one, other)))[0].holds


@pytest.mark.parametrize("divisor", [1, 2, 7])
@pytest.mark.parametrize("value", [-15, -14, -1, 0, 1, 13, 14])
def test_division_is_that_of_python(value: int, divisor: int) -> None:
    def run() -> tuple[z3.ExprRef, z3.ExprRef, z3.ExprRef]:
        number = integer("n")
        assume(number.term == value)
        return term(number // divisor), term(number % divisor), term(number >> 1)

    (path,) = explore(run).paths
    assert path.value is not None
    expected = (value // divisor, value % divisor, value >> 1)
    for got, want in zip(path.value, expected, strict=True):
        assert smt.valid("division", path.condition, got == want)[0].holds


def test_an_exception_of_the_code_is_the_result_of_its_path() -> None:
    def run() -> int:
        if integer("n") == 0:
            raise ZeroDivisionError("none")
        return 1

    raised = [type(path.raised) for path in explore(run).paths if path.raised is not None]
    assert raised == [ZeroDivisionError]


OPERATIONS: dict[str, Any] = {
    "hash of an integer": lambda: hash(integer("n")),
    "hash of an identifier": lambda: hash(identifier("k", KEY)),
    "hash of a truth": lambda: hash(boolean("b")),
    "an index": lambda: [1, 2][integer("n")],
    "a range": lambda: range(integer("n")),
    "int()": lambda: int(integer("n")),
    "float()": lambda: float(integer("n")),
    "str()": lambda: str(integer("n")),
    "repr()": lambda: repr(integer("n")),
    "a format": lambda: f"{identifier('k', NAME)}",
    "true division": lambda: operator.truediv(integer("n"), 2),
    "division by zero": lambda: integer("n") // 0,
    "division by a negative number": lambda: integer("n") // -2,
    "division by a symbol": lambda: integer("n") // integer("m"),
    "a power": lambda: operator.pow(integer("n"), 2),
    "a mask of high bits": lambda: integer("n") & 6,
    "an order of identifiers": lambda: operator.lt(identifier("a", KEY), identifier("b", KEY)),
    "a sum of identifiers": lambda: operator.add(identifier("a", KEY), b"x"),
    "a key against plain bytes": lambda: identifier("a", KEY) == bytes(32),
    "a key against a name": lambda: identifier("a", KEY) == identifier("b", NAME),
    "the length of a name": lambda: len(identifier("a", NAME)),
    "a truth of an identifier": lambda: bool(identifier("a", KEY)),
    "an unknown method": lambda: identifier("a", KEY).hex(),
    "iteration over a set": lambda: list(subset("s", range(3))),
    "iteration over a map": lambda: list(SymbolicMap(None)),
    "the length of a map": lambda: len(SymbolicMap(None)),
    "a field that a record lacks": lambda: Record(Pair).left,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_not_modelled_is_refused(name: str) -> None:
    with pytest.raises(Unmodelled):
        explore(OPERATIONS[name])


def test_code_that_swallows_everything_does_not_swallow_that() -> None:
    def run() -> str:
        try:
            return str(integer("n"))
        except BaseException:  # noqa: BLE001 - the point of the test
            return "swallowed"

    with pytest.raises(Unmodelled, match="str"):
        explore(run)


def test_a_run_that_is_not_repeatable_is_an_error() -> None:
    runs: list[int] = []

    def run() -> bool:
        runs.append(1)
        return bool(integer("n") < len(runs))

    with pytest.raises(Unmodelled, match="another run"):
        explore(run)


def test_more_paths_than_allowed_are_an_error() -> None:
    def run() -> int:
        return sum(bool(integer("n") > 0) for _ in range(5))

    assert len(explore(run).paths) == 2**5
    with pytest.raises(Unmodelled, match="more than 31 paths"):
        explore(run, max_paths=31)


def test_assumptions_that_no_input_satisfies_are_an_error() -> None:
    def run() -> None:
        number = integer("n")
        assume(number.term > 0)
        assume(number.term < 0)

    with pytest.raises(Unmodelled, match="no input"):
        explore(run)


def test_a_side_that_the_solver_cannot_judge_is_taken() -> None:
    def run() -> str:
        x, y, z = (integer(name) for name in "xyz")
        return "equal" if x * x * x + y * y * y == z * z * z + 33 else "other"

    assert results(explore(run, effort=1000)) == ["equal", "other"]


def test_a_map_forks_over_every_way_in_which_its_keys_coincide() -> None:
    def run() -> tuple[Any, Any]:
        entries = SymbolicMap(lambda _key: integer("value"))
        one, other = identifier("one", KEY), identifier("other", KEY)
        return entries.set(one, 7).get(other), equal(one, other)

    found = [path.value[0] for path in explore(run).paths if path.value is not None]
    # Whether the first key was there or not: the same key; another that is there; one that is not.
    kinds = sorted("unknown" if type(one) is SymbolicInt else str(one) for one in found)
    assert kinds == ["7", "7", "None", "None", "unknown", "unknown"]


def test_a_map_remembers_what_it_said() -> None:
    def run() -> bool:
        entries = SymbolicMap(lambda _key: integer("value"))
        key = identifier("key", KEY)
        first = entries.get(key)
        second = entries.get(key)
        return first is second

    assert all(path.value for path in explore(run).paths)


def test_records_are_compared_field_by_field() -> None:
    def run() -> str:
        one = Pair(identifier("a", KEY), integer("n"))
        other = Pair(identifier("b", KEY), integer("m"))
        return "same" if one == other else "different"

    assert results(explore(run)) == ["different", "different", "same"]


def test_a_lazy_record_makes_what_the_code_looks_at() -> None:
    def run() -> Any:
        record = Record(Pair, left=lambda: choose(tuple(Color)), right=lambda: integer("n"))
        made: Any = record
        assert isinstance(made, Pair)
        changed = evolve(made, right=3)
        return changed.left.name, set(record.looked_at())

    expected = [(name, {"left"}) for name in ("GREEN", "RED")]
    assert sorted(path.value for path in explore(run).paths if path.value) == expected


def test_none_or_a_value_forks() -> None:
    assert results(explore(lambda: optional(lambda: 1) is None)) == [False, True]


def votes_are_enough(votes: Any, needed: int) -> bool:
    return len(votes) >= needed


def test_a_bound_function_keeps_its_code_and_finds_the_summary() -> None:
    bound = bind(votes_are_enough, {"len": symbolic_len})
    assert bound.__code__ is votes_are_enough.__code__
    exploration = explore(lambda: bool(bound(subset("votes", range(4)), 3)))
    assert results(exploration) == [False, True]


def test_a_summary_that_nothing_uses_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="sorted"):
        bind(votes_are_enough, {"sorted": None})
    late = bind_late(votes_are_enough, {"sorted": None})
    with pytest.raises(Unmodelled, match="sorted"):
        explore(lambda: late(subset("votes", range(4)), 3))


def test_sizes_and_sums_of_a_set_do_not_fork() -> None:
    def run() -> tuple[Any, Any]:
        votes = subset("votes", range(5))
        ones = sum((boolean("b") for _ in range(3)), start=0)
        return votes.size(), ones

    (path,) = explore(run).paths
    assert path.value is not None
    size, ones = (term(each) for each in path.value)
    assert smt.valid("size", path.condition, z3.And(size >= 0, size <= 5))[0].holds
    assert smt.possible("ones", [*path.condition, ones == 2])[0].holds


def test_the_error_for_what_is_not_modelled_is_no_exception() -> None:
    assert not isinstance(unmodelled("anything"), Exception)
