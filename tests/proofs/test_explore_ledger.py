"""All interleavings of a few transactions keep the ledger's promises; broken rules do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from web4core.ledger import rules
from web4core.ledger.state import Phase
from web4core.ledger.transactions import Transfer, TransferCommit, TransferLock, TransferRollback
from web4proofs.explore import explore_ledger, replay
from web4proofs.explore.ledger import as_itf, as_text
from web4proofs.explore.ledger_scene import scene


@pytest.mark.clause("I-SUPPLY-1", "I-SUPPLY-2", "I-SUPPLY-3", "I-SUPPLY-4", "L-STATE-4")
def test_everything_that_may_happen_keeps_the_ledgers_promises() -> None:
    report = explore_ledger()
    assert report.broken is None
    assert report.complete
    assert report.exit_code == 0
    assert report.states > 500
    assert as_text(report).endswith("holds\n")


@pytest.mark.clause("L-RULE-1")
def test_every_code_is_given_to_somebody() -> None:
    assert min(explore_ledger().codes.values()) > 0


def test_a_depth_that_does_not_reach_the_end_is_inconclusive() -> None:
    report = explore_ledger(depth=3)
    assert (report.depth, report.exit_code) == (3, 3)
    assert not report.complete


def test_nothing_explored_proves_nothing() -> None:
    assert explore_ledger(depth=0).exit_code == 1


Rule = Callable[..., Any]


def keeps_the_nonce(rule: Rule) -> Rule:
    def kept(view: Any, body: Any, call: Any) -> Any:
        outcome = rule(view, body, call)
        if isinstance(outcome, rules.Code):
            return outcome
        source = evolve(outcome[0], nonce=view.account(body.source).nonce)
        return (source, *outcome[1:])

    return kept


def takes_any_key(rule: Rule) -> Rule:
    def taken(view: Any, body: Any, call: Any) -> Any:
        return rule(view, body, evolve(call, keys=(view.account(body.source).owner,)))

    return taken


def stands_before_the_expiry(rule: Rule) -> Rule:
    return lambda view, body, call: rule(view, body, evolve(call, time_ms=0))


def leaves_it_open(rule: Rule) -> Rule:
    def left(view: Any, body: Any, call: Any) -> Any:
        outcome = rule(view, body, call)
        if isinstance(outcome, rules.Code):
            return outcome
        return (evolve(outcome[0], phase=Phase.LOCKED), *outcome[1:])

    return left


def sets_nothing_aside(rule: Rule) -> Rule:
    def spent(view: Any, body: Any, call: Any) -> Any:
        outcome = rule(view, body, call)
        if isinstance(outcome, rules.Code):
            return outcome
        available = view.account(body.source).available_uatp
        return (evolve(outcome[0], available_uatp=available), *outcome[1:])

    return spent


@pytest.mark.parametrize(
    ("kind", "breaks", "clause"),
    [
        pytest.param(Transfer, keeps_the_nonce, "L-TX-4", marks=pytest.mark.clause("L-XFER-6")),
        pytest.param(Transfer, takes_any_key, "L-RULE-3", marks=pytest.mark.clause("L-XFER-5")),
        pytest.param(
            TransferCommit,
            stands_before_the_expiry,
            "L-COMMIT-4",
            marks=pytest.mark.clause("L-COMMIT-4"),
        ),
        pytest.param(
            TransferRollback,
            stands_before_the_expiry,
            "L-BACK-3",
            marks=pytest.mark.clause("L-BACK-3"),
        ),
        pytest.param(
            TransferRollback, leaves_it_open, "I-SUPPLY-3", marks=pytest.mark.clause("L-BACK-4")
        ),
        pytest.param(
            TransferLock, sets_nothing_aside, "I-SUPPLY-1", marks=pytest.mark.clause("L-LOCK-9")
        ),
    ],
)
def test_a_broken_rule_is_found_by_the_shortest_run_and_played_again(
    kind: type,
    breaks: Callable[[Rule], Rule],
    clause: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(rules.RULES, kind, breaks(rules.RULES[kind]))
    report = explore_ledger()
    assert report.broken is not None
    assert report.broken.clause == clause
    assert len(report.run) <= 4
    path = tmp_path / "run.itf.json"
    path.write_text(as_itf(report), encoding="utf-8")
    assert replay(path).exit_code == 12
    monkeypatch.undo()
    assert replay(path).exit_code == 0


def test_a_trace_shows_every_state() -> None:
    report = evolve(explore_ledger(depth=1), run=("lock 6 for bob", "time passes", "first: commit"))
    trace = json.loads(as_itf(report))
    assert [state["move"] for state in trace["states"]][1:] == list(report.run)
    last = dict(trace["states"][-1]["accounts"]["#map"])
    assert last["bob@sprout"] == {"available": 9, "locked": 0}
    assert len(scene().transactions) > 20
