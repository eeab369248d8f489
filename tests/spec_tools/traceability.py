"""The matrix of the specification: each clause, its code, its tests, its proofs, its mutants.

Places are files and functions, not lines, so that the matrix goes stale only when they change.
"""

from __future__ import annotations

from tests.spec_tools.clauses import CODE, TESTS, Clause, Place, cited, clauses, marked
from web4proofs.catalogue import theorems
from web4proofs.mutants.catalogue import NAMED

MAX_SHOWN = 12
"""Places listed in one cell; more are counted."""


def proved() -> dict[str, list[str]]:
    """The theorems that say something of a clause."""
    found: dict[str, list[str]] = {}
    for theorem in theorems():
        for clause in theorem.clauses:
            found.setdefault(clause, []).append(theorem.id)
    return found


def broken() -> dict[str, list[str]]:
    """The named mutants that break a clause."""
    found: dict[str, list[str]] = {}
    for named in NAMED:
        found.setdefault(named.clause, []).append(named.name)
    return found


def page() -> str:
    """The page `TRACEABILITY.md`."""
    code, tests, proofs, mutants = cited(*CODE), marked(*TESTS), proved(), broken()
    every = clauses()
    binding = [clause for clause in every if clause.binds]
    named = sum(clause.id in tests for clause in binding)
    count = sum(clause.id in proofs for clause in binding)
    counts = f"{len(binding)} say MUST, {named} of them have a test, {count} a proof"
    lines = [_TITLE, f"{len(every)} clauses; {counts}."]
    page_name = ""
    for clause in every:
        if clause.page != page_name:
            page_name = clause.page
            lines += ["", f"## {page_name}", "", _HEAD]
        lines.append(
            _row(
                clause,
                code.get(clause.id, []),
                tests.get(clause.id, []),
                "<br>".join(proofs.get(clause.id, ())),
                "<br>".join(mutants.get(clause.id, ())),
            )
        )
    return "\n".join(lines)


def _row(clause: Clause, code: list[Place], tests: list[Place], proofs: str, mutants: str) -> str:
    missing = "**none**" if clause.binds else ""
    cells = (clause.id, _cell(code, "**none**"), _cell(tests, missing), proofs, mutants)
    return f"| {' | '.join(cells)} |"


def _cell(places: list[Place], otherwise: str) -> str:
    """Files with their functions: short enough to read, complete up to a bound."""
    if not places:
        return otherwise
    shown = [f"`{place}`" for place in sorted(places, key=str)[:MAX_SHOWN]]
    if len(places) > MAX_SHOWN:
        shown.append(f"and {len(places) - MAX_SHOWN} more")
    return "<br>".join(shown)


_TITLE = """# Traceability

Which code implements each clause, which tests check it, which theorems of [proofs.md](proofs.md)
say something of it, and which named mutants break it, to see that the proofs can fail.
All of them cite the clauses by their ids; written by `python3 -m tests.spec_tools`.
A clause without a MUST needs no test.
"""
_HEAD = """| clause | code | tests | proofs | mutants |
|---|---|---|---|---|"""
