"""The verdicts depend neither on the solver's dice nor on the solver."""

from __future__ import annotations

import cvc5
import pytest
import z3
from attrs import evolve

from web4proofs.agreement import necessity
from web4proofs.agreement.induction import Question, questions
from web4proofs.agreement.model import (
    AGREED,
    CHOOSABLE_IS_GUARDED,
    COMMITTED_IS_CERTIFIED,
    DECIDED_IS_CERTIFIED,
    JUDGED_FIRST,
    UNAMBIGUOUS,
    Protocol,
)
from web4proofs.smt import ask
from web4proofs.theorem import Answer

EFFORT = 5_000_000
"""A tenth of what a question may cost: none comes near."""


HARD = (CHOOSABLE_IS_GUARDED, COMMITTED_IS_CERTIFIED, DECIDED_IS_CERTIFIED)
"""The conjuncts that speak of some quorum, where a solver's choices matter."""


@pytest.mark.clause("I-AGREE-1")
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 11))]
)
def test_ten_seeds_give_the_same_verdicts(seed: int, hard_questions: list[Question]) -> None:
    for question in hard_questions:
        query, _ = ask(question.name, question.formulas, question.needed, seed=seed, effort=EFFORT)
        assert query.holds, (question.name, query.got)


@pytest.fixture(scope="module")
def hard_questions() -> list[Question]:
    """What is asked of those conjuncts, and all that follows from them."""
    asked = [each for each in questions(AGREED) if each.denied in HARD or each.action is None]
    assert len(asked) > 25
    return asked


@pytest.mark.clause("I-AGREE-1", "I-SIGN-1")
@pytest.mark.parametrize(
    "protocol", [pytest.param(AGREED, marks=pytest.mark.slow), JUDGED_FIRST, UNAMBIGUOUS]
)
def test_a_second_solver_gives_the_same_verdicts(protocol: Protocol) -> None:
    asked = list(questions(protocol))
    told = {question.name: second_opinion(question) for question in asked}
    assert told == {question.name: question.needed.value for question in asked}


def second_opinion(question: Question) -> str:
    """What cvc5 says to the very question, in the exchange format of solvers."""
    exported = z3.Solver()
    exported.add(*question.formulas)
    solver = cvc5.Solver()
    solver.setOption("rlimit", "20000000")
    # For an instance it must look for finite models, against one it must try every element.
    way = "finite-model-find" if question.needed is Answer.SAT else "full-saturate-quant"
    solver.setOption(way, "true")
    parser = cvc5.InputParser(solver)
    script = f"(set-logic UF)\n{exported.to_smt2()}"
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, question.name)
    said = []
    while not (command := parser.nextCommand()).isNull():
        said.append(command.invoke(solver, parser.getSymbolManager()))
    return "".join(said).strip()


def test_the_second_solver_finds_a_broken_rule_too() -> None:
    forgetful = necessity.without_premise(AGREED, "prepare", "lock_agrees")
    (asked,) = (
        question
        for question in questions(forgetful)
        if question.name == "prepare: choosable_is_guarded"
    )
    looked_for = evolve(asked, needed=Answer.SAT)
    assert second_opinion(looked_for) == "sat"
