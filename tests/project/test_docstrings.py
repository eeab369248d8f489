"""A docstring says what a thing is or does: it never opens with a question word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = ("web4core", "adapters", "proofs")
"""The folders whose docstrings are all checked."""
RIDDLE = re.compile(r"\s*(What|Who|Whose|Where|How)\b")


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """The line and text of each string that stands alone: docstrings, and notes under names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield node.lineno, text


def riddles(source: str) -> list[str]:
    """The first lines of the docstrings that open with a question word, with their line numbers."""
    return [
        f"{line}: {text.strip().splitlines()[0]}"
        for line, text in docstrings(source)
        if RIDDLE.match(text)
    ]


@pytest.mark.parametrize("folder", CLEAN)
def test_no_docstring_opens_with_a_question_word(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{each}"
        for path in files
        for each in riddles(path.read_text(encoding="utf-8"))
    ]
    assert found == []


PLANTED = '''"""How a module looks."""

LIMIT = 1
"""What may be."""

class Thing:
    """Whose it is."""

    field: int
    """Where it lies."""

    async def method(self) -> None:
        """
        Who calls.
        """
        self.field = 2
        """Whatever it was."""

def function() -> str:
    """Return a name."""
    return "What is returned is no docstring"
'''


def test_each_riddle_is_found() -> None:
    assert sorted(riddles(PLANTED), key=lambda each: int(each.split(":")[0])) == [
        "1: How a module looks.",
        "4: What may be.",
        "7: Whose it is.",
        "10: Where it lies.",
        "13: Who calls.",
    ]
