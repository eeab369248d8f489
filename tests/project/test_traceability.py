"""Each reason for which the traceability check fails, planted in a copy, is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spec_tools.check import REASONS
from tests.spec_tools.clauses import ROOT
from tests.spec_tools.history import GONE

FOLDERS = ("web4core", "adapters", "proofs", "spec", "tests")
WRONG = "C-" + "NOWHERE"
"""What no clause is called; in two parts, or this file would cite it."""


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def appended(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def a_wrong_mark(copy: Path) -> None:
    mark = f'import pytest\n@pytest.mark.clause("{WRONG}-2")\ndef test_it() -> None:\n    pass\n'
    (copy / "tests/test_new.py").write_text(mark, encoding="utf-8")


def a_withdrawn_id(copy: Path) -> None:
    for text in (GONE, "0123456789abcdef"):
        appended(copy / "spec/HISTORY.md", f"| A-DUR-4 | {text} | 2026-01-01 | a test |\n")


PLANTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "an id is given twice": (
        lambda copy: appended(copy / "spec/api.md", "\n**A-EVENT-5** Resumed MUST be the last.\n"),
        "A-EVENT-5",
    ),
    "an id in bold opens no clause": (
        lambda copy: appended(copy / "spec/ledger.md", "\nSee **L-STATE-4** for more.\n"),
        "ledger.md",
    ),
    "code cites a clause that is not there": (
        lambda copy: appended(copy / "web4core/quorum.py", f"# {WRONG}-1\n"),
        f"{WRONG}-1",
    ),
    "a test cites a clause that is not there": (a_wrong_mark, f"{WRONG}-2"),
    "a page mentions a clause that is not there": (
        lambda copy: appended(copy / "spec/threats.md", f"\nSee {WRONG}-3.\n"),
        f"threats.md: {WRONG}-3",
    ),
    "a clause has no code": (
        lambda copy: appended(copy / "spec/api.md", f"\n**{WRONG}-4** Nobody does this.\n"),
        f"{WRONG}-4",
    ),
    "a MUST has no test": (
        lambda copy: appended(copy / "spec/api.md", f"\n**{WRONG}-5** Nobody MUST do this.\n"),
        f"{WRONG}-5",
    ),
    "a page is out of date": (
        lambda copy: edited(copy / "spec/diagrams/height.md", "# ", "## "),
        "spec/diagrams/height.md",
    ),
    "a clause has changed, and its history does not say why": (
        lambda copy: edited(
            copy / "spec/api.md", "`step` MUST NOT raise", "`step` SHOULD NOT raise"
        ),
        'A-EVENT-4: run `python3 -m tests.spec_tools record "why"`',
    ),
    "a withdrawn id is used again": (a_withdrawn_id, "A-DUR-4"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the check says of a copy in which everything is wrong at once."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for plant, _ in PLANTED.values():
        plant(copy)
    parts = (copy, copy / "adapters", copy / "proofs")
    done = subprocess.run(
        [sys.executable, "-m", "tests.spec_tools", "--check"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, parts))},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.slow
def test_each_reason_is_seen(told: list[str], reason: str) -> None:
    _, wrong = PLANTED[reason]
    assert f"{reason}: {wrong}" in told
