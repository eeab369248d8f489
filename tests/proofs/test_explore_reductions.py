"""What exploration leaves out, it may: with and without, the same is found on small bounds."""

from __future__ import annotations

import pytest

from web4proofs.explore import Bounds, event_tree
from web4proofs.explore.canonical import Forget
from web4proofs.explore.exploration import Plan, federation_of
from web4proofs.explore.heights import entangled
from web4proofs.explore.reductions import forgetting, one_after_another, renaming
from web4proofs.explore.search import search

PAIR = Bounds(heights=1, views=2, n=2, faulty=0)
FOUR = Bounds(heights=1, views=1)


@pytest.mark.parametrize(
    "remembered",
    [Forget.PROPOSALS, Forget.PREPARES, Forget.COMMITS, Forget.VIEW_CHANGES],
    ids=lambda each: each.name,
)
@pytest.mark.slow
def test_what_two_platforms_have_heard_can_be_forgotten(remembered: Forget) -> None:
    found = forgetting(PAIR, (), [remembered])
    assert found.agrees, found
    assert found.full > found.reduced


def test_everything_that_two_platforms_know_beside_can_be_forgotten() -> None:
    found = forgetting(Bounds(heights=1, views=1, n=2, faulty=0), (), Forget)
    assert found.agrees, found
    assert found.full > 5 * found.reduced


@pytest.mark.parametrize(
    "remembered",
    [
        Forget.PROPOSALS,
        pytest.param(Forget.TIMERS, marks=pytest.mark.slow),
        Forget.WAITED,
        pytest.param(Forget.SIGNERS, marks=pytest.mark.slow),
        pytest.param(Forget.JUSTIFICATION, marks=pytest.mark.slow),
    ],
    ids=lambda each: each.name,
)
def test_what_four_platforms_know_can_be_forgotten(remembered: Forget) -> None:
    found = forgetting(FOUR, (1,), [remembered])
    assert found.agrees, found


@pytest.mark.slow
def test_the_votes_that_three_platforms_heard_of_a_byzantine_one_can_be_forgotten() -> None:
    found = forgetting(Bounds(heights=1, views=1, n=3), (1,), [Forget.PREPARES, Forget.PROPOSALS])
    assert found.agrees, found


def test_blocks_and_platforms_out_of_turn_can_change_their_names() -> None:
    found = renaming(FOUR, (1,))
    assert found.agrees, found
    assert found.full > 6 * found.reduced


@pytest.mark.slow
def test_heights_can_be_explored_one_after_another() -> None:
    found = one_after_another(Bounds(heights=2, views=1, n=3, faulty=0), ())
    assert found.agrees, found
    assert found.full > found.reduced


@pytest.mark.slow
def test_nothing_of_one_height_moves_a_platform_at_the_next() -> None:
    federation = federation_of(Plan(Bounds(heights=2, views=1), (3,)))
    assert search(federation, 10_000, lambda _known, _done: None).complete
    assert entangled(federation.table) is None


@pytest.mark.slow
def test_what_a_reduction_loses_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tree._Paths, "_gathered", lambda *_: iter(()))
    found = forgetting(PAIR, (), [Forget.VIEW_CHANGES])
    assert found.missing > 0
    assert not found.agrees
