"""The history of each clause: `spec/HISTORY.md` says how it reads now, and how that came about.

A line is added by `python3 -m tests.spec_tools record "why"`, and never changed or taken away.
A test fails while a clause reads otherwise than its last line says.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime

from attrs import frozen

from tests.spec_tools.clauses import SPEC, Clause, clauses

HISTORY = SPEC / "HISTORY.md"
GONE = "gone"
"""What stands in place of the digest when a clause was withdrawn: its id is not used again."""
DIGITS = 16
_LINE = re.compile(
    rf"^\| (\S+-\d+) \| ([0-9a-f]{{{DIGITS}}}|gone) \| (\d{{4}}-\d\d-\d\d) \| (.+) \|$",
    re.MULTILINE,
)


@frozen
class Line:
    """One change: the clause, what it read from then on (or GONE), the day, and why."""

    clause: str
    text: str
    day: str
    why: str

    def __str__(self) -> str:
        return f"| {self.clause} | {self.text} | {self.day} | {self.why} |"


def text_digest(clause: Clause) -> str:
    """The first digits of the SHA-256 of what the clause says, however its lines are broken."""
    said = " ".join(clause.text.split())
    return hashlib.sha256(said.encode()).hexdigest()[:DIGITS]


def lines_in(text: str) -> list[Line]:
    """The lines of a history, in order."""
    return [Line(*found.groups()) for found in _LINE.finditer(text)]


def unrecorded(every: tuple[Clause, ...], history: list[Line]) -> dict[str, str]:
    """The clauses that read otherwise than their last line says, and how they read now."""
    last = {line.clause: line.text for line in history}
    now = {clause.id: text_digest(clause) for clause in every}
    now |= dict.fromkeys(last.keys() - now.keys(), GONE)
    return {clause: text for clause, text in now.items() if last.get(clause) != text}


def revived(history: list[Line]) -> list[str]:
    """The ids that came back after they were gone, which no id may."""
    gone: set[str] = set()
    found = []
    for line in history:
        if line.clause in gone:
            found.append(line.clause)
        if line.text == GONE:
            gone.add(line.clause)
    return found


def record(why: str, day: date | None = None) -> list[Line]:
    """Add a line for each clause that has changed; which were added."""
    if not why.strip() or "|" in why or "\n" in why:
        raise ValueError("why: one line without a bar, such as 'a COMMIT names its view'")
    text = HISTORY.read_text(encoding="utf-8")
    on = (day or datetime.now(UTC).date()).isoformat()
    changed = unrecorded(clauses(), lines_in(text))
    added = [Line(clause, digest, on, why.strip()) for clause, digest in changed.items()]
    HISTORY.write_text(text + "".join(f"{line}\n" for line in added), encoding="utf-8")
    return added
