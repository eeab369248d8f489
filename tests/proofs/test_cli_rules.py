"""`web4 check prove --rules`: a module that cannot be imported proves nothing, and is told so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RULES = ("--rules", "rules_of_mine")
BROKEN = {
    "def rule(:\n": "SyntaxError",
    "import sys\nsys.exit()\n": "SystemExit",
    "import sys\nsys.exit(0)\n": "SystemExit: 0",
    "1 / 0\n": "ZeroDivisionError",
    "raise RuntimeError('one\\ntwo')\n": "RuntimeError: one two",
}


@pytest.mark.parametrize("text", BROKEN, ids=BROKEN.values())
@pytest.mark.parametrize(
    "more",
    [pytest.param((), id="prove", marks=pytest.mark.slow), pytest.param(("--list",), id="list")],
)
def test_rules_that_cannot_be_imported_are_told_in_one_line(
    text: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "rules_of_mine.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "web4cli", "check", "prove", *more, *RULES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"Error: rules_of_mine cannot be imported: {BROKEN[text]}")
