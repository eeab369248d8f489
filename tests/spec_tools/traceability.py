"""The matrix of the specification: each clause, the code that cites it, the tests that check it.

Places are files and functions, not lines, so that the matrix goes stale only when they change.
"""

from __future__ import annotations

from tests.spec_tools.clauses import CODE, ROOT, TESTS, Clause, Place, cited, clauses, marked

ALLOWED = ROOT / "tests" / "project" / "untested_clauses.txt"
"""The clauses with a MUST that are allowed to have no test, one a line."""

MAX_SHOWN = 12
"""Places listed in one cell; more are counted."""


def untested() -> list[str]:
    """The clauses with a MUST that no test names, in the order of the specification."""
    checked = marked(*TESTS)
    return [clause.id for clause in clauses() if clause.binds and clause.id not in checked]


def allowed() -> list[str]:
    """The clauses that may do without a test."""
    return ALLOWED.read_text(encoding="utf-8").split() if ALLOWED.exists() else []


def shorter() -> str:
    """The list of those without a test, less those that have one by now; it never grows."""
    still = set(untested())
    return "".join(f"{clause}\n" for clause in allowed() if clause in still)


def page() -> str:
    """The page `TRACEABILITY.md`."""
    code, tests = cited(*CODE), marked(*TESTS)
    every = clauses()
    binding = [clause for clause in every if clause.binds]
    named = sum(clause.id in tests for clause in binding)
    lines = [_TITLE, f"{len(every)} clauses; {len(binding)} say MUST, {named} of them have a test."]
    page_name = ""
    for clause in every:
        if clause.page != page_name:
            page_name = clause.page
            lines += ["", f"## {page_name}", "", "| clause | code | tests |", "|---|---|---|"]
        lines.append(_row(clause, code.get(clause.id, []), tests.get(clause.id, [])))
    return "\n".join(lines)


def _row(clause: Clause, code: list[Place], tests: list[Place]) -> str:
    missing = "**none**" if clause.binds else ""
    return f"| {clause.id} | {_cell(code, '**none**')} | {_cell(tests, missing)} |"


def _cell(places: list[Place], otherwise: str) -> str:
    """Files with their functions: short enough to read, complete up to a bound."""
    if not places:
        return otherwise
    shown = [f"`{place}`" for place in sorted(places, key=str)[:MAX_SHOWN]]
    if len(places) > MAX_SHOWN:
        shown.append(f"and {len(places) - MAX_SHOWN} more")
    return "<br>".join(shown)


_TITLE = """# Traceability

Which code implements each clause, and which tests check it, as both cite the clauses by their ids;
written by `python3 -m tests.spec_tools`.
A clause without a MUST needs no test.
"""
