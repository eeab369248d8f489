"""`spec/transactions.md` says of each transaction what the code does.

Its tables are generated, and `test_spec.py` fails when one is out of date; here is what the
generator takes for granted.
"""

from __future__ import annotations

import pytest

from tests.spec_tools.clauses import SPEC
from tests.spec_tools.transaction_tables import SIGNED_BY, codes_of, form_of, meanings
from web4core.ledger.rules import RULES, Code
from web4core.ledger.transactions import signers_needed

KINDS = tuple(RULES)


def a_body(kind: type) -> object:
    """A body of this kind; nothing looks into it."""
    return object.__new__(kind)


def test_the_page_has_a_section_for_each_of_the_five() -> None:
    text = (SPEC / "transactions.md").read_text(encoding="utf-8")
    found = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert found == [kind.__name__ for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_meaning_and_a_form(kind: type) -> None:
    names = [name for name, _ in form_of(kind).fields]
    assert list(meanings(kind)) == names


@pytest.mark.clause("L-TX-3")
@pytest.mark.parametrize("kind", KINDS)
def test_as_many_sign_as_there_are_keys(kind: type) -> None:
    assert len(SIGNED_BY[kind]) == signers_needed(a_body(kind))  # type: ignore[arg-type]


@pytest.mark.clause("L-RULE-1")
@pytest.mark.parametrize("kind", KINDS)
def test_the_codes_come_in_the_order_of_the_checks(kind: type) -> None:
    order = list(Code)
    places = [order.index(code) for code in codes_of(kind)]
    assert places == sorted(places)
    assert places


def test_every_code_is_given_by_some_rule() -> None:
    assert {code for kind in KINDS for code in codes_of(kind)} == set(Code)
