"""What in `spec/` comes from the code: whole pages, and marked sections of pages.

`pages` says what should stand there, `stale` what does not, `write` makes it so.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.spec_tools import height_diagram, traceability, transfer_diagram
from tests.spec_tools.clauses import ROOT, SPEC
from tests.spec_tools.examples import examples
from tests.spec_tools.tables import TABLES, phrase, record_table
from tests.spec_tools.transaction_tables import transaction_table

__all__ = ["ROOT", "filled", "pages", "stale", "write"]

WHOLE = {
    SPEC / "diagrams" / "height.md": height_diagram.page,
    SPEC / "diagrams" / "transfer.md": transfer_diagram.page,
    SPEC / "TRACEABILITY.md": traceability.page,
}
_SECTION = re.compile(r"(<!-- generated: ([\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def section(name: str) -> str:
    """What belongs between the markers of this name."""
    kind, _, rest = name.partition(" ")
    if kind == "records":
        return record_table(rest)
    if kind == "transaction":
        return transaction_table(rest, phrase)
    if kind == "examples":
        return examples()
    return TABLES[kind]()


def filled(text: str) -> str:
    """A page with its marked sections as they should be."""

    def fill(found: re.Match[str]) -> str:
        return f"{found.group(1)}\n{section(found.group(2))}\n\n{found.group(3)}"

    return _SECTION.sub(fill, text)


def pages() -> dict[Path, str]:
    """Every page that has anything generated in it, as it should be."""
    found = {path: f"{page()}\n" for path, page in WHOLE.items()}
    for path in sorted(SPEC.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if path not in found and _SECTION.search(text):
            found[path] = filled(text)
    return found


def stale() -> list[Path]:
    """The pages that are not as they should be."""
    return [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def write() -> None:
    """Make every page as it should be."""
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
