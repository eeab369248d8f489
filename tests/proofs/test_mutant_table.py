"""The table of mutants tells of those that there are: `spec/MUTANTS.md`.

Trying them all takes hours (`python3 -m tests.long.mutants`); here it is seen that none has been
added, changed or dropped since.
"""

from __future__ import annotations

import pytest

from tests.long.mutant_table import row_of, unseen_row
from tests.long.mutants import UNBROKEN, fails_tests
from tests.spec_tools.clauses import SPEC
from web4proofs.mutants.catalogue import NAMED
from web4proofs.mutants.equivalent import EQUIVALENT

PAGE = (SPEC / "MUTANTS.md").read_text(encoding="utf-8")
BY_NAME, _, REST = PAGE.partition("\n## Made by machine\n")
_, _, CHANGING_NOTHING = REST.partition("\n## Those that change nothing\n")


def rows_in(text: str) -> list[str]:
    """The rows of a table, without its head."""
    return [line for line in text.splitlines() if line.startswith("| ")][1:]


def test_each_named_mutant_has_its_row_and_is_caught() -> None:
    rows = rows_in(BY_NAME)
    assert len(rows) == len(NAMED)
    for row, named in zip(rows, NAMED, strict=True):
        assert row.startswith(f"{row_of(named)} ")
        assert row.split(" | ")[-2] != "nothing"


def test_each_change_that_nobody_can_see_is_told_with_its_reason() -> None:
    assert rows_in(CHANGING_NOTHING) == [unseen_row(*each) for each in EQUIVALENT.items()]


def test_the_counts_add_up() -> None:
    counts = [
        [int(cell) for cell in row.strip("| ").split(" | ")[1:]]
        for row in rows_in(REST.partition("\n## Those")[0])
    ]
    assert all(every == proof + test + nothing for every, proof, test, nothing in counts)
    *modules, whole = counts
    assert [sum(column) for column in zip(*modules, strict=True)] == whole
    assert whole[-1] == len(EQUIVALENT)


def test_tests_that_cannot_run_catch_nothing() -> None:
    with pytest.raises(RuntimeError, match="could not run tests"):
        fails_tests(UNBROKEN, ["tests/nowhere.py"])
