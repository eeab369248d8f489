"""The specification and the code name the same clauses."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLAUSE = re.compile(r"\b([ACHIKLW]-[A-Z]+)-(\d+)\b")
RANGE = re.compile(r"\b([ACHIKLW]-[A-Z]+)-(\d+) to \1-(\d+)\b")
DEFINED = re.compile(r"^\*\*([ACHIKLW]-[A-Z]+-\d+)\*\* (.+)$", re.MULTILINE)


def defined() -> list[str]:
    return [
        found.group(1)
        for path in sorted((ROOT / "spec").glob("*.md"))
        for found in DEFINED.finditer(path.read_text())
    ]


def cited(*folders: str) -> set[str]:
    clauses: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            clauses.update("-".join(found.groups()) for found in CLAUSE.finditer(text))
            for found in RANGE.finditer(text):
                name, first, last = found.groups()
                clauses.update(f"{name}-{each}" for each in range(int(first), int(last) + 1))
    return clauses


def test_every_clause_has_one_id() -> None:
    assert [clause for clause, times in Counter(defined()).items() if times > 1] == []


def test_every_clause_that_code_or_tests_cite_exists() -> None:
    assert sorted(cited("web4core", "adapters", "tests") - set(defined())) == []


def test_every_clause_is_cited_by_code() -> None:
    assert sorted(set(defined()) - cited("web4core", "adapters")) == []


def test_a_clause_is_one_line_with_its_text() -> None:
    for path in sorted((ROOT / "spec").glob("*.md")):
        for line in path.read_text().splitlines():
            if line.startswith("**") and CLAUSE.match(line[2:]):
                assert DEFINED.match(line), f"{path.name}: {line}"
