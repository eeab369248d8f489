"""The arithmetic of quorums holds of the shipped functions, and fails for the usual wrong ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from attrs import evolve

from web4core import quorum as shipped
from web4proofs.agreement import quorums
from web4proofs.agreement.quorums import (
    SHIPPED,
    Size,
    Sizes,
    a_quorum_needs_no_faulty_one,
    f_plus_1_have_an_honest_one,
    two_quorums_share_more_than_f,
)
from web4proofs.theorem import Outcome

PROOFS = (
    two_quorums_share_more_than_f,
    a_quorum_needs_no_faulty_one,
    f_plus_1_have_an_honest_one,
)


@pytest.mark.clause("C-QUORUM-1", "C-QUORUM-2", "C-QUORUM-3")
@pytest.mark.parametrize("proof", PROOFS)
def test_the_shipped_sizes_are_right_for_every_n(proof: Callable[[], Outcome]) -> None:
    outcome = proof()
    assert outcome.failures == ()
    assert outcome.holds
    assert [each.name for each in outcome.executed] == [
        "web4core.quorum.faulty",
        "web4core.quorum.quorum",
        "web4core.quorum.with_an_honest_one",
    ]


def of_quorum(size: Size) -> Sizes:
    return evolve(SHIPPED, quorum=size)


@pytest.mark.clause("C-QUORUM-2")
@pytest.mark.parametrize(
    ("size", "least", "fails_at"),
    [
        (lambda n: 2 * shipped.faulty(n) + 1, 1, 2),
        (lambda n: 2 * shipped.faulty(n) + 1, 4, 5),
        (lambda n: shipped.faulty(n) + 1, 4, 4),
        (lambda n: 2 * shipped.faulty(n), 4, 4),
        (lambda n: n // 2 + 1, 1, 5),
        (lambda n: (n + shipped.faulty(n)) // 2, 1, 1),
    ],
)
def test_quorums_that_are_too_small_fork_at_a_known_n(
    size: Size, least: int, fails_at: int
) -> None:
    outcome = two_quorums_share_more_than_f(of_quorum(size), least)
    failure = next(
        each for each in outcome.failures if each.query == "two quorums share an honest platform"
    )
    values = {name: int(value) for name, value in failure.values}
    n = values["N"]
    assert n == fails_at
    assert "NOT" not in failure.found
    assert values["one"] >= size(n)
    assert values["other"] >= size(n)
    assert values["byzantine"] <= shipped.faulty(n)
    assert values["the groups share"] <= values["byzantine"]


@pytest.mark.clause("C-QUORUM-2")
def test_a_quorum_that_is_larger_than_need_be_is_refused() -> None:
    outcome = two_quorums_share_more_than_f(of_quorum(lambda n: n - shipped.faulty(n)))
    assert [each.query for each in outcome.failures] == ["of one platform less they need not"]


@pytest.mark.clause("C-QUORUM-2")
def test_a_quorum_that_needs_the_faulty_ones_is_refused() -> None:
    outcome = a_quorum_needs_no_faulty_one(of_quorum(lambda n: n))
    assert [each.query for each in outcome.failures] == ["the honest platforms are a quorum"]


@pytest.mark.clause("C-QUORUM-1")
@pytest.mark.parametrize("faulty", [lambda n: n // 3, lambda n: n // 4, lambda n: (n - 1) // 2])
def test_another_number_of_faulty_ones_is_refused(faulty: Size) -> None:
    assert not a_quorum_needs_no_faulty_one(evolve(SHIPPED, faulty=faulty)).holds


@pytest.mark.clause("C-QUORUM-3")
@pytest.mark.parametrize("shift", [-1, 1])
def test_neither_f_nor_f_plus_2_is_the_fewest_with_an_honest_one(shift: int) -> None:
    def moved(n: int) -> int:
        return shipped.faulty(n) + 1 + shift

    assert not f_plus_1_have_an_honest_one(evolve(SHIPPED, with_an_honest_one=moved)).holds


def test_a_size_by_cases_is_followed_into_each_case() -> None:
    def wrong_at_seven(n: int) -> int:
        return 4 if n == 7 else shipped.quorum(n)

    outcome = two_quorums_share_more_than_f(of_quorum(wrong_at_seven))
    assert {dict(each.values)["N"] for each in outcome.failures} == {"7"}


def test_what_is_not_integer_arithmetic_is_a_failure() -> None:
    outcome = two_quorums_share_more_than_f(of_quorum(lambda n: int(n / 2) + 1))
    assert not outcome.holds
    assert "not arithmetic" in outcome.failures[0].found


def test_the_snippet_of_a_failure_runs_on_the_plain_code() -> None:
    outcome = two_quorums_share_more_than_f(of_quorum(lambda n: n // 2 + 1))
    snippet = outcome.failures[0].snippet
    assert snippet is not None
    told = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["5", "1", "4"]


def test_two_groups_have_eight_regions_with_the_byzantine_ones() -> None:
    groups = quorums.Groups.of("one", "other", "byzantine")
    assert len(groups.regions) == 8
