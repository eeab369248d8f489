"""`web4 check explore` finds what there is to find, and nothing that is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from web4core import gate
from web4core.certificates import proves_prepared
from web4core.consensus import rules
from web4core.consensus.state import supporters
from web4core.events import Event
from web4core.messages import Certificate
from web4core.replica import State, Transition
from web4core.replica import step as shipped_step
from web4core.types import Digest, View
from web4proofs.explore import (
    Bounds,
    ExplorationResult,
    NotATrace,
    Subject,
    Tick,
    as_plain,
    as_text,
    explore,
    replay,
)
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.exploration import Plan, federation_of, part_of
from web4proofs.explore.refinement import refinement
from web4proofs.explore.report import Part, Report
from web4proofs.explore.search import search

SMALL = Bounds(heights=1, views=2)
FEW = Bounds(heights=1, views=1)


def part(byzantine: tuple[int, ...], bounds: Bounds = SMALL, **change: Any) -> Part:
    """Without what is noted beside, unless asked for."""
    return part_of(Plan(bounds, byzantine, **{"thorough": False, **change}))


def _clause(clause: str) -> pytest.MarkDecorator:
    return pytest.mark.clause(clause)


@pytest.fixture(scope="module")
def small() -> Report:
    """Two views, with the first proposer Byzantine."""
    partings = (Parting.NOTHING, Parting.STRIPPED, Parting.JUNK)
    return Report("", (part((1,), partings=partings, thorough=True),), 1.0)


@pytest.fixture(scope="module")
def ticks() -> list[Tick]:
    """What was told in the course of `few`."""
    return []


@pytest.fixture(scope="module")
def few(ticks: list[Tick]) -> Report:
    """One view, with each platform Byzantine in turn."""
    return explore([FEW], ticks.append, jobs=1)


# --- the shipped code --------------------------------------------------------------------------


@pytest.mark.clause("I-AGREE-1", "I-SIGN-1", "I-LOCK-1", "I-SAID-1", "I-SAID-2", "I-SAID-3")
@pytest.mark.slow
def test_with_the_first_proposer_byzantine_two_views_hold(small: Report) -> None:
    assert [each.verdict for each in small.parts] == [ExplorationResult.HOLDS]
    assert small.exit_code == 0
    assert small.parts[0].places > 5_000


def test_with_any_platform_byzantine_one_view_holds(few: Report) -> None:
    assert [each.byzantine for each in few.parts] == [(0,), (1,), (2,), (3,)]
    assert [each.verdict for each in few.parts] == [ExplorationResult.HOLDS] * 4


def test_from_every_place_all_come_to_decide(few: Report) -> None:
    for each in few.parts:
        assert list(each.rounds) == [parting.name.lower() for parting in Parting]
        counted = [sum(places.values()) for places in each.rounds.values()]
        assert all(count >= each.places for count in counted)


@pytest.mark.slow
def test_without_its_certificate_a_proposal_costs_views_and_no_more(small: Report) -> None:
    rounds = small.parts[0].rounds
    assert max(rounds["nothing"]) == max(rounds["junk"]) == 1
    assert max(rounds["stripped"]) == small.most_rounds == 4


@pytest.mark.slow
def test_two_heights_at_once_hold_and_every_branch_is_taken_that_can_be(
    small: Report,
) -> None:
    report = Report("", (part((3,), Bounds(heights=2, views=1), thorough=True), *small.parts), 0.0)
    assert report.verdict is ExplorationResult.HOLDS
    assert report.unexplained == ()


def test_a_second_height_holds_after_the_first() -> None:
    found = part((3,), Bounds(heights=2, views=1), settled="A")
    assert found.verdict is ExplorationResult.HOLDS
    assert found.places > 100


@pytest.mark.slow
def test_every_move_is_a_step_of_the_protocol_that_is_proved(small: Report) -> None:
    assert all(each.refined > 1_000 for each in small.parts)


@pytest.mark.slow
def test_the_report_is_for_people_and_for_machines(small: Report) -> None:
    text = as_text(small)
    assert text.endswith("holds\n")
    assert "Byzantine: 1" in text
    found = json.loads(json.dumps(as_plain(small)))
    assert found["verdict"] == "holds"
    assert [each["places"] for each in found["parts"]] == [each.places for each in small.parts]
    assert found["parts"][0]["refused_by_the_gate"]["C-CERT-3"] > 1_000


def test_nothing_explored_proves_nothing() -> None:
    assert Report("", (), 0.0).exit_code == 1


def test_a_bound_that_is_reached_is_inconclusive() -> None:
    report = Report("", (part((0,), limit=100),), 0.0)
    assert report.exit_code == 3
    assert report.parts[0].reason == "bound reached"


@pytest.mark.slow
def test_processes_side_by_side_find_what_one_finds(few: Report) -> None:
    apart = explore([FEW], jobs=2)
    assert [each.places for each in apart.parts] == [each.places for each in few.parts]
    assert apart.branches == few.branches


def test_whoever_waits_is_told_of_every_part(few: Report, ticks: list[Tick]) -> None:
    phases = [tick.phase for tick in ticks]
    assert phases.count("done") == len(few.parts)
    assert {"states", "progress"} <= set(phases)


def test_bounds_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="views"):
        Bounds(views=0)
    with pytest.raises(ValueError, match="honest"):
        Bounds(n=2, faulty=2)


# --- broken code -------------------------------------------------------------------------------


def test_too_many_byzantine_platforms_fork_and_the_run_is_played_again(tmp_path: Path) -> None:
    found = part((0, 1), Bounds(heights=1, views=1, faulty=2))
    assert found.verdict is ExplorationResult.FAILS
    assert found.counterexample is not None
    assert found.counterexample.broken.clause == "C-CERT-1"
    again = replayed(tmp_path, found)
    assert (again.exit_code, again.expected) == (12, 12)
    assert "COMMITs for A and B" in again.told or "PREPAREs for A and B" in again.told


def replayed(directory: Path, found: Part) -> Any:
    assert found.counterexample is not None
    path = directory / "found.itf.json"
    path.write_text(found.counterexample.trace, encoding="utf-8")
    return replay(path)


def prepares_whatever_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "lock_permits", lambda _lock, _digest, _shown: True)


def forgets_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = rules.enter
    monkeypatch.setattr(rules, "enter", lambda agreement, view: _forgetting(enter, agreement, view))


def _forgetting(enter: Callable[..., Any], agreement: Any, view: int) -> Any:
    moved, draft = enter(agreement, view)
    return evolve(moved, lock=None), draft


def counts_to_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "quorum", lambda _n: 2)


def prepares_what_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = rules.prepare
    monkeypatch.setattr(rules, "prepare", lambda agreement, _valid: prepare(agreement, True))


def commits_on_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def padded(votes: Any, view: int, digest: bytes) -> Any:
        return supporters(votes, view, digest) * 3

    monkeypatch.setattr(rules, "supporters", padded)


@pytest.mark.parametrize(
    ("breaks", "byzantine", "clause"),
    [
        pytest.param(
            prepares_whatever_its_lock,
            (2,),
            "I-AGREE-1",
            marks=(_clause("C-PREP-3"), pytest.mark.slow),
        ),
        pytest.param(forgets_its_lock, (2,), "C-LOCK-1", marks=_clause("C-VIEW-1")),
        pytest.param(counts_to_two, (1,), "I-LOCK-1", marks=_clause("C-QUORUM-2")),
        pytest.param(prepares_what_is_not_valid, (1,), "C-PREP-4", marks=_clause("C-PREP-4")),
        pytest.param(commits_on_one_word, (0,), "I-LOCK-1", marks=_clause("C-LOCK-1")),
    ],
)
def test_a_broken_rule_is_found_and_the_run_is_played_again(
    breaks: Callable[[pytest.MonkeyPatch], None],
    byzantine: tuple[int, ...],
    clause: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    breaks(monkeypatch)
    found = part(byzantine)
    assert found.verdict is ExplorationResult.FAILS
    assert found.counterexample is not None
    assert found.counterexample.broken.clause == clause
    again = replayed(tmp_path, found)
    assert (again.exit_code, again.expected) == (12, 12)
    monkeypatch.undo()
    assert replayed(tmp_path, found).exit_code in (0, 1)


def hides_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = rules.enter

    def hiding(agreement: Any, view: int) -> Any:
        moved, draft = enter(evolve(agreement, lock=None), View(view))
        return evolve(moved, lock=agreement.lock), draft

    monkeypatch.setattr(rules, "enter", hiding)


@pytest.mark.clause("C-VIEW-1")
@pytest.mark.slow
def test_a_place_that_leads_to_no_decision_is_found_and_played_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hides_its_lock(monkeypatch)
    found = part((0,), partings=(Parting.NOTHING,))
    assert found.verdict is ExplorationResult.STUCK
    again = replayed(tmp_path, found)
    assert (again.exit_code, again.expected) == (13, 13)
    monkeypatch.undo()
    assert replayed(tmp_path, found).exit_code in (0, 1)


@pytest.mark.clause("C-CERT-3")
@pytest.mark.slow
def test_a_move_that_is_no_step_of_the_protocol_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of the very view does no harm within these bounds, but nothing is proved."""

    def of_this_view_too(
        certificate: Certificate, n: int, height: int, digest: bytes, below: int
    ) -> bool:
        return proves_prepared(certificate, n, height, Digest(digest), View(below + 1))

    monkeypatch.setattr(gate, "proves_prepared", of_this_view_too)
    federation = federation_of(Plan(SMALL, (2,)))
    assert search(federation, 100_000, lambda _known, _done: None).complete
    broken = refinement(federation).broken
    assert broken is not None
    assert re.search("PREPARE for . is no such step", broken.found)


def test_what_raises_is_found(tmp_path: Path) -> None:
    def raising(state: State, event: Event) -> Transition:
        if state.agreement.view == 1:
            raise ZeroDivisionError
        return shipped_step(state, event)

    found = part((0,), subject=Subject(step=raising))
    assert found.counterexample is not None
    assert found.counterexample.broken.clause == "A-EVENT-4"


def test_a_trace_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.itf.json"
    for text in ("", "{}", '{"#meta": {"web4": {"kind": "something"}}}', "[1]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(NotATrace):
            replay(path)
