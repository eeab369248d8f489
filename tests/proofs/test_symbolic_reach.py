"""Every path runs the same way on the plain code, and every branch is on some path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.long import executor
from web4proofs.symbolic import assume, explore, identifier, integer, octets_sort, optional
from web4proofs.symbolic.concrete import Concretion, inputs_of
from web4proofs.symbolic.reach import Excuse
from web4proofs.symbolic.subject import Subject, never_reached, paths_of, replay

KEY = octets_sort("Key", 32)


def sign(number: int) -> str:
    if number < 0:
        return "below"
    return "zero" if number == 0 else "above"


def first_above(numbers: tuple[int, ...], limit: int) -> int | None:
    for number in numbers:
        if number > limit:
            return number
    return None


def any_number() -> tuple[Any, ...]:
    return (integer("number"),)


def positive_number() -> tuple[Any, ...]:
    number = integer("number")
    assume(number.term > 0)
    return (number,)


def test_a_function_whose_every_branch_is_reached_has_nothing_missing() -> None:
    subject = Subject((sign,), any_number, sign)
    assert never_reached(subject, paths_of(subject)) == ()


def test_what_no_path_reaches_is_named_with_line_and_branch() -> None:
    subject = Subject((sign,), positive_number, sign)
    missing = "\n".join(never_reached(subject, paths_of(subject)))
    assert '"return "below"" is never reached' in missing
    assert '"number < 0" is true is never reached' in missing
    assert "sign, line" in missing


def test_the_end_of_a_loop_is_a_branch() -> None:
    def numbers() -> tuple[Any, ...]:
        return (integer("a"),), integer("limit")

    subject = Subject((first_above,), numbers, first_above)
    assert never_reached(subject, paths_of(subject)) == ()
    empty = Subject((first_above,), lambda: ((), integer("limit")), first_above)
    assert "another item is never reached" in "\n".join(never_reached(empty, paths_of(empty)))


def test_an_excuse_for_what_is_reached_is_an_error() -> None:
    name = f"{sign.__module__}.sign"
    excuse = Excuse(name, '"number < 0" is true', "only positive numbers are asked for")
    subject = Subject((sign,), any_number, sign, (excuse,))
    assert never_reached(subject, paths_of(subject)) == (
        f'{name}: "number < 0" is true was reached',
    )


def test_every_path_is_taken_by_its_own_input() -> None:
    subject = Subject((sign,), any_number, sign)
    replays = replay(subject, paths_of(subject), each=5)
    assert replays.count == 11  # zero has only one
    assert replays.differences == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda _number: "zero", "gave"),
        (lambda number: sign(-number) and sign(number), "another way"),
        (lambda _number: 1 // 0, "raised"),
    ],
)
def test_plain_code_that_does_otherwise_is_found(wrong: Any, told: str) -> None:
    def call(number: Any) -> str:
        return wrong(number) if type(number) is int else sign(number)

    subject = Subject((sign,), positive_number, call)
    (difference,) = replay(subject, paths_of(subject)).differences
    assert told in difference


def test_drawn_inputs_differ_and_satisfy_their_path() -> None:
    def run() -> Any:
        number, keys = integer("n"), (identifier("a", KEY), identifier("b", KEY))
        if number > 3 and keys[0] == keys[1]:
            return number, keys
        return None

    (path,) = [path for path in explore(run).paths if path.value is not None]
    drawn = [Concretion(model)(path.value) for model in inputs_of(path, 20)]
    assert len({number for number, _ in drawn}) == 20
    assert all(number > 3 and one == other for number, (one, other) in drawn)


def test_identifiers_that_differ_become_plain_ones_that_differ() -> None:
    def run() -> Any:
        one, other = identifier("a", KEY), identifier("b", KEY)
        return None if one == other else (one, other)

    (path,) = [path for path in explore(run).paths if path.value is not None]
    assert path.model is not None
    one, other = Concretion(path.model)(path.value)
    assert one != other
    assert len(one) == len(other) == 32


def test_absent_values_stay_absent() -> None:
    for path in explore(lambda: optional(lambda: integer("n"))).paths:
        assert path.model is not None
        assert (Concretion(path.model)(path.value) is None) == (path.value is None)


@pytest.mark.slow
def test_the_executor_agrees_with_plain_runs_of_everything_that_is_proved() -> None:
    slow = ("overlay, applying", "overlay, settling", "map proofs", "list proofs")
    quick = [(name, subject) for name, subject in executor.subjects() if name not in slow]
    told = executor.compare(quick, least=60, told=lambda _name, _count: None)
    assert told.differences == ()
    assert told.count > 500
