"""The example of `spec/exploration.md` runs, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "spec" / "exploration.md"


@pytest.mark.slow
def test_an_application_and_a_variant_of_the_rules_are_explored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(example.splitlines()) <= 30
    exec(compile(example, str(PAGE), "exec"), {})
    ledger, variant = capsys.readouterr().out.split("\nholds\n")
    assert "not taken within these bounds" in ledger  # one view does not take every branch
    assert "a COMMIT without the lock that belongs to it" in variant
    assert variant.strip().endswith("a safety property fails")
