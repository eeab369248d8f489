"""Agreement at each height makes one chain, and each premise of that step is needed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import z3
from attrs import evolve

import web4core
from web4proofs.agreement.heights import PREMISES, Premise, chains_agree


@pytest.mark.clause("I-AGREE-2", "C-DEC-2", "C-VALID-4")
def test_the_same_up_to_a_height_and_agreement_there_is_the_same_one_height_on() -> None:
    outcome = chains_agree()
    assert outcome.failures == ()
    assert outcome.holds


@pytest.mark.clause("I-AGREE-2")
@pytest.mark.parametrize("missing", PREMISES, ids=lambda premise: premise.name)
def test_the_step_fails_without_any_one_premise(missing: Premise) -> None:
    outcome = chains_agree(tuple(each for each in PREMISES if each is not missing))
    told = {failure.query for failure in outcome.failures}
    assert told & {"the same at the start", "the same one height on"}


def test_contradictory_premises_are_a_failure() -> None:
    absurd = evolve(PREMISES[0], name="absurd", formula=z3.BoolVal(False))
    outcome = chains_agree((*PREMISES, absurd))
    assert "two platforms can go on" in {failure.query for failure in outcome.failures}


def test_an_idle_premise_is_a_failure() -> None:
    idle = evolve(PREMISES[0], name="idle", formula=z3.BoolVal(True))
    outcome = chains_agree((*PREMISES, idle))
    assert [failure.query for failure in outcome.failures] == ["needs idle"]


@pytest.mark.clause("C-DEC-2")
def test_no_code_of_the_core_changes_the_federation_of_a_running_platform() -> None:
    """The premise `fixed_federation`: of a `config`, which names N, only settings change."""
    files = sorted(Path(web4core.__file__).parent.rglob("*.py"))
    calls = [
        (file.name, call)
        for file in files
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and "evolve" in ast.unparse(call.func)
    ]
    assert len(calls) > 10
    changed = [
        (name, call.lineno)
        for name, call in calls
        for keyword in call.keywords
        if keyword.arg in {"config", "n", "me", "chain_id", None}
        and ast.unparse(keyword.value) != "evolve(run.state.config, settings=event.settings)"
    ]
    assert changed == [("state.py", changed[0][1])], "only `keep` passes its keywords on"
