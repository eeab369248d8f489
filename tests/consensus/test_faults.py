"""Federations under random faults: safe all the time, and live once the network works again."""

from __future__ import annotations

import pytest

from tests.support.chaos import Chaos

SEEDS_PER_CASE = 25


@pytest.mark.clause("I-AGREE-1", "I-SIGN-1", "C-LOSS-1", "C-PACE-1", "C-SYNC-4")
@pytest.mark.parametrize("n", [4, pytest.param(5, marks=pytest.mark.slow), 7])
@pytest.mark.parametrize(
    "case", [0, *(pytest.param(case, marks=pytest.mark.slow) for case in (1, 2, 3))]
)
def test_a_federation_survives_faults_and_finishes_what_it_acknowledged(n: int, case: int) -> None:
    for seed in range(case * SEEDS_PER_CASE, (case + 1) * SEEDS_PER_CASE):
        chaos = Chaos(1000 * n + seed, n)
        chaos.run(400)
        chaos.heal()
        chaos.check()


@pytest.mark.slow
def test_the_faults_happen() -> None:
    """The runs above would prove nothing if no view changed and nobody was caught."""
    views = evidence = blocks = 0
    for seed in range(40):
        chaos = Chaos(seed, 4)
        chaos.run(400)
        chaos.heal()
        nodes = chaos.fed.nodes.values()
        views += sum(s.kind.name == "VIEW_CHANGE" for s in chaos.fed.signed)
        evidence += sum(len(node.evidence) for node in nodes)
        blocks += max(node.state.height for node in nodes) - 1
    assert views > 50
    assert evidence > 5
    assert blocks > 40
