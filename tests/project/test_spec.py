"""The specification, the code and the tests name the same clauses, and say the same.

`python3 -m tests.spec_tools` writes anew what is generated.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.spec_tools import generated, height_diagram, tables, transfer_diagram
from tests.spec_tools.check import REASONS
from tests.spec_tools.clauses import (
    SPEC,
    clauses_in,
    ids_in,
    marks_in,
)

LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


def documents() -> list[Path]:
    return sorted(SPEC.rglob("*.md"))


@pytest.mark.parametrize("reason", REASONS)
def test_specification_code_and_tests_name_the_same_clauses(reason: str) -> None:
    assert list(REASONS[reason]()) == []


# --- what is generated --------------------------------------------------------------------------


def test_every_record_of_the_core_has_a_table() -> None:
    shown = {schema.says for section in tables.RECORDS.values() for schema in section}
    assert sorted(set(tables.records_of_the_core()) - shown - set(tables.LEFT_OUT)) == []


def test_every_section_of_records_stands_on_the_wire_page() -> None:
    text = (SPEC / "wire.md").read_text(encoding="utf-8")
    missing = [name for name in tables.RECORDS if f"<!-- generated: records {name} -->" not in text]
    assert missing == []


@pytest.mark.clause("C-VIEW-1", "C-VIEW-2", "C-PROP-1", "C-PREP-1", "C-LOCK-1", "C-DEC-1")
def test_every_rule_of_a_height_is_seen_to_act() -> None:
    acted = {rule for _, rule, _ in height_diagram.edges()}
    assert acted == height_diagram.CLAUSES.keys()


@pytest.mark.clause("C-LOCK-1", "I-SAID-2")
def test_no_rule_leads_from_a_commitment_to_a_view_without_a_lock() -> None:
    unlocked = [
        target
        for source, _, target in height_diagram.edges()
        if source.endswith("committed")
        and target != height_diagram.DECIDED
        and not target.endswith(("locked", "committed"))
    ]
    assert unlocked == []


@pytest.mark.clause("L-STATE-4", "L-COMMIT-3", "L-BACK-2")
def test_nothing_leads_out_of_a_settled_transfer() -> None:
    moved = [
        move
        for move in transfer_diagram.moves()
        if move.phase in ("committed", "rolled back") and not move.refused
    ]
    assert moved == []


@pytest.mark.clause(
    "L-LOCK-5",
    "L-LOCK-6",
    "L-LOCK-8",
    "L-COMMIT-1",
    "L-COMMIT-2",
    "L-COMMIT-4",
    "L-BACK-1",
    "L-BACK-3",
)
def test_each_refusal_of_a_transfer_is_seen() -> None:
    codes = {move.outcome for move in transfer_diagram.moves() if move.refused}
    assert codes == {
        "already-settled",
        "expiry-not-future",
        "nonce-used",
        "not-expired",
        "transfer-expired",
        "unknown-transfer",
        "wrong-key",
    }


# --- form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", documents(), ids=lambda path: path.relative_to(SPEC).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(prose):
        if "://" in target:
            continue
        there = page if not target else page.parent / target
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def anchors(page: Path) -> list[str]:
    """The anchors that headings make: lower case, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


# --- the reading itself can fail ----------------------------------------------------------------


def test_a_clause_ends_with_its_paragraph() -> None:
    text = "**C-PREP-1** One\ntwo MUST.\n\nNot part of it.\n\n**C-PREP-2** Three.\n"
    found = [(clause.id, clause.text, clause.binds) for clause in clauses_in(text)]
    assert found == [("C-PREP-1", "One\ntwo MUST.", True), ("C-PREP-2", "Three.", False)]


def test_a_list_without_an_empty_line_before_it_belongs_to_the_clause() -> None:
    text = "**C-PREP-1** One of these MUST hold:\n1. This.\n2. That.\n\n1. Not part of it.\n"
    assert [clause.text for clause in clauses_in(text)] == [
        "One of these MUST hold:\n1. This.\n2. That."
    ]


def test_a_range_names_all_that_lie_in_it() -> None:
    assert [clause for clause, _ in ids_in("C-PREP-2 to C-PREP-4, L-TX-1")] == [
        "C-PREP-2",
        "C-PREP-3",
        "C-PREP-4",
        "L-TX-1",
    ]


def test_a_mark_is_found_and_a_mere_mention_is_not() -> None:
    text = '@pytest.mark.clause("C-PREP-1")\ndef test_it():\n    """Not C-PREP-2."""\n'
    assert list(marks_in(text)) == [("C-PREP-1", "test_it")]


def test_a_stale_section_is_seen() -> None:
    text = "<!-- generated: codes -->\nsomething else\n<!-- end -->\n"
    assert generated.filled(text) != text


def test_every_bound_says_what_it_is_for() -> None:
    rows = [row.split(" | ") for row in tables.bound_table().splitlines()[2:]]
    assert len(rows) > 60
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []
