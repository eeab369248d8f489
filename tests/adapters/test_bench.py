"""The bench measures something, and its command knows every part. No figure is judged here."""

from __future__ import annotations

import json

import pytest

from web4adapters.bench.main import PARTS, run_bench
from web4adapters.cli.bench import NAMES


def test_the_command_names_every_part() -> None:
    assert tuple(PARTS) == NAMES


def test_a_part_gives_a_positive_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench(quick=True, json_output=True, only=("empty",)) == 0
    (measured,) = json.loads(capsys.readouterr().out)["measurements"]
    assert "empty" in json.dumps(measured)
