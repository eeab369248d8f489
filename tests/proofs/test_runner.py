"""How proofs are run, judged and told: what is not proved is never told as proved."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from web4proofs.catalogue import UnknownName, chosen
from web4proofs.reports import FORMATS, Run, failures_of, render
from web4proofs.runner import Attempt, ProofResult, attempt, exit_code, run
from web4proofs.theorem import Answer, Executed, Failure, Outcome, Query, Theorem

PROVED = Outcome((Query("q", Answer.UNSAT, Answer.UNSAT, 0.1, 7),), paths=3)
REFUTED = Outcome((Query("q", Answer.UNSAT, Answer.SAT, 0.1),))
UNDECIDED = Outcome((Query("q", Answer.UNSAT, Answer.UNKNOWN, 0.1),))
FOUND = Outcome(
    PROVED.queries,
    1,
    (Executed("web4core.ledger.rules.transfer", "00" * 32),),
    (Failure("q", "a unit is lost", (("amount_uatp", "1"),), "print(1 + 1)"),),
)


def theorem(identity: str, outcome: Callable[[], Outcome]) -> Theorem:
    return Theorem(identity, f"{identity} is so.", ("L-XFER-8",), ("A1",), "any N", outcome)


def raises() -> Outcome:
    raise SystemExit("the executor met something that it does not model")


def dies() -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    return PROVED


def few() -> tuple[Theorem, ...]:
    return (
        theorem("P-ONE-1", lambda: PROVED),
        theorem("P-ONE-2", lambda: REFUTED),
        theorem("P-TWO-1", lambda: FOUND),
    )


def deadly() -> tuple[Theorem, ...]:
    return (theorem("P-ONE-1", lambda: PROVED), theorem("P-ONE-2", dies))


def told(*outcomes: Callable[[], Outcome]) -> tuple[Attempt, ...]:
    return tuple(
        attempt(theorem(f"P-ONE-{place}", outcome)) for place, outcome in enumerate(outcomes)
    )


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (lambda: PROVED, ProofResult.HOLDS),
        (lambda: REFUTED, ProofResult.FAILS),
        (lambda: FOUND, ProofResult.FAILS),
        (lambda: UNDECIDED, ProofResult.UNDECIDED),
        (Outcome, ProofResult.FAILS),
        (raises, ProofResult.BROKE_OFF),
    ],
    ids=["proved", "refuted", "found", "unknown", "nothing asked", "raises"],
)
def test_only_an_answered_question_proves(
    outcome: Callable[[], Outcome], verdict: ProofResult
) -> None:
    assert attempt(theorem("P-ONE-1", outcome)).verdict is verdict


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((lambda: PROVED,), 0),
        ((lambda: PROVED, lambda: UNDECIDED), 3),
        ((lambda: PROVED, raises, lambda: UNDECIDED), 1),
        ((lambda: REFUTED, raises, lambda: UNDECIDED), 12),
        ((), 1),
    ],
    ids=["all hold", "unknown", "broke off", "refuted", "nothing tried"],
)
def test_the_exit_code_is_that_of_the_worst_verdict(
    outcomes: tuple[Callable[[], Outcome], ...], code: int
) -> None:
    assert exit_code(told(*outcomes)) == code


def test_theorems_run_side_by_side_and_are_told_in_their_order() -> None:
    heard: list[str] = []
    attempts = run(few(), few, lambda done: heard.append(done.theorem.id), jobs=2)
    assert [each.theorem.id for each in attempts] == ["P-ONE-1", "P-ONE-2", "P-TWO-1"]
    assert [each.verdict for each in attempts] == [
        ProofResult.HOLDS,
        ProofResult.FAILS,
        ProofResult.FAILS,
    ]
    assert sorted(heard) == ["P-ONE-1", "P-ONE-2", "P-TWO-1"]


def test_a_proof_whose_process_ends_does_not_hold() -> None:
    attempts = run(deadly(), deadly, lambda _done: None, jobs=2)
    assert attempts[1].verdict is ProofResult.BROKE_OFF
    assert "ended" in failures_of(attempts[1])[0].found


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        ((), ["P-ONE-1", "P-ONE-2", "P-TWO-1"]),
        (("P-ONE-2",), ["P-ONE-2"]),
        (("P-ONE",), ["P-ONE-1", "P-ONE-2"]),
        (("L-XFER-8",), ["P-ONE-1", "P-ONE-2", "P-TWO-1"]),
    ],
)
def test_theorems_are_chosen_by_id_family_or_clause(names: tuple[str, ...], ids: list[str]) -> None:
    assert [each.id for each in chosen(names, few())] == ids


def test_a_name_that_chooses_nothing_is_refused() -> None:
    with pytest.raises(UnknownName, match="P-THREE"):
        chosen(("P-ONE-1", "P-THREE"), few())


# --- reports ------------------------------------------------------------------------------------


def report(form: str, *outcomes: Callable[[], Outcome]) -> str:
    return render(Run("0.0", told(*outcomes), 1.5), form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_failure_is_told_in_every_format(form: str) -> None:
    text = report(form, lambda: PROVED, lambda: FOUND)
    assert "a unit is lost" in text
    assert "P-ONE-1" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_asked_is_told_as_a_failure_in_every_format(form: str) -> None:
    assert "nothing is proved" in report(form, Outcome)


def test_a_proved_theorem_has_no_failures() -> None:
    assert failures_of(told(lambda: PROVED)[0]) == ()


def test_the_text_shows_values_and_a_snippet() -> None:
    text = report("text", lambda: FOUND)
    assert "amount_uatp = 1" in text
    assert "print(1 + 1)" in text
    assert "0 of 1 theorems hold" in text


def test_the_json_tells_every_query() -> None:
    (told_theorem,) = json.loads(report("json", lambda: FOUND))["theorems"]
    assert told_theorem["queries"] == [
        {"name": "q", "needed": "unsat", "got": "unsat", "ms": 100.0, "effort": 7}
    ]
    assert told_theorem["executed"] == {"web4core.ledger.rules.transfer": "00" * 32}
    assert told_theorem["verdict"] == "fails"


def test_junit_counts_failures_and_errors() -> None:
    suite = ElementTree.fromstring(report("junit", lambda: PROVED, lambda: REFUTED, raises))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert len(suite.findall("testcase/failure")) == 1
    assert len(suite.findall("testcase/error")) == 1


def test_sarif_points_at_the_function_that_was_executed() -> None:
    log = json.loads(report("sarif", lambda: FOUND))
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "web4core/ledger/rules.py"
    assert place["region"]["startLine"] > 1


def test_github_annotations_stand_on_one_line_each() -> None:
    lines = report("github", lambda: FOUND).splitlines()
    assert lines[0].startswith("::error file=web4core/ledger/rules.py,line=")
    assert "%0A" in lines[0]
    assert lines[1] == "::notice title=web4 check prove::0 of 1 theorems hold"
