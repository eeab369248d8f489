"""Which questions are within the decidable fragment: no ring of sorts that depend on others."""

from __future__ import annotations

import pytest
import z3

from web4proofs.agreement.accountability import FORKED_BY_MANY, UNLOCKED_BY_PROOF
from web4proofs.agreement.induction import questions
from web4proofs.agreement.model import AGREED, JUDGED_FIRST, UNAMBIGUOUS, Protocol
from web4proofs.agreement.stratification import circle, dependences

A, B, C = (z3.DeclareSort(name) for name in "ABC")
a, a2 = z3.Consts("a a2", A)
b = z3.Const("b", B)
R = z3.Function("R", A, B, z3.BoolSort())
S = z3.Function("S", B, A, z3.BoolSort())
T = z3.Function("T", A, z3.BoolSort())


def test_for_all_a_some_b_makes_b_depend_on_a() -> None:
    assert dependences(z3.ForAll(a, z3.Exists(b, R(a, b)))) == {("A", "B")}


def test_for_some_a_all_b_makes_nothing_depend() -> None:
    assert dependences(z3.Exists(a, z3.ForAll(b, R(a, b)))) == frozenset()


def test_a_denied_quantifier_is_the_other_one() -> None:
    assert dependences(z3.Not(z3.Exists(a, z3.ForAll(b, R(a, b))))) == {("A", "B")}
    assert dependences(z3.Not(z3.ForAll(a, z3.Exists(b, R(a, b))))) == frozenset()


def test_the_premise_of_an_implication_is_denied() -> None:
    premise = z3.Exists(a, z3.ForAll(b, R(a, b)))
    assert dependences(z3.Implies(premise, z3.BoolVal(False))) == {("A", "B")}


def test_an_equivalence_counts_both_ways() -> None:
    one_way = z3.Exists(a, z3.ForAll(b, R(a, b)))
    assert dependences(one_way == z3.BoolVal(True)) == {("A", "B")}
    assert dependences(z3.If(one_way, z3.BoolVal(True), z3.BoolVal(False))) == {("A", "B")}


def test_a_universal_that_is_not_mentioned_does_not_count() -> None:
    formula = z3.ForAll(a, z3.Or(T(a), z3.Exists([a2, b], R(a2, b))))
    assert dependences(formula) == frozenset()


def test_a_universal_that_is_mentioned_by_way_of_another_existential_counts() -> None:
    """For all a some b, and for that b some a: the second a depends on the first."""
    formula = z3.ForAll(a, z3.Exists(b, z3.And(R(a, b), z3.Exists(a2, S(b, a2)))))
    assert dependences(formula) == {("A", "B"), ("A", "A")}


def test_a_function_makes_its_value_depend_on_its_arguments() -> None:
    f = z3.Function("f", A, B, C)
    assert dependences(z3.ForAll([a, b], f(a, b) == f(a, b))) == {("A", "C"), ("B", "C")}


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({("A", "B"), ("B", "C")}, ()),
        ({("A", "A")}, ("A", "A")),
        ({("A", "B"), ("B", "A")}, ("A", "B", "A")),
        ({("A", "B"), ("B", "C"), ("C", "A"), ("A", "C")}, ("A", "C", "A")),
        ({("C", "A"), ("A", "B"), ("B", "A")}, ("A", "B", "A")),
    ],
)
def test_a_circle_is_found(edges: set[tuple[str, str]], found: tuple[str, ...]) -> None:
    assert circle(frozenset(edges)) == found


def test_formulas_that_are_harmless_alone_may_make_a_circle_together() -> None:
    there = z3.ForAll(a, z3.Exists(b, R(a, b)))
    back = z3.ForAll(b, z3.Exists(a, S(b, a)))
    assert circle(dependences(there)) == circle(dependences(back)) == ()
    assert circle(dependences(there) | dependences(back)) == ("A", "B", "A")


@pytest.mark.parametrize(
    "protocol", [AGREED, JUDGED_FIRST, UNAMBIGUOUS, FORKED_BY_MANY, UNLOCKED_BY_PROOF]
)
def test_every_question_of_every_proof_is_within_the_fragment(protocol: Protocol) -> None:
    asked = list(questions(protocol))
    edges = {
        question.name: frozenset().union(*map(dependences, question.formulas)) for question in asked
    }
    assert len(edges) == len(asked) > 30
    assert not any(map(circle, edges.values()))
