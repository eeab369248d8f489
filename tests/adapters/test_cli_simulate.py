"""`web4 simulate`: the same seed gives the same output, and what is asked wrongly is told."""

from __future__ import annotations

import subprocess
import sys

import pytest


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web4adapters.cli", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_one_seed_gives_one_output() -> None:
    first, second = (simulate("--seed", "5", "--platforms", "4") for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout == second.stdout
    assert "4 platforms, holds" in first.stdout


def test_a_fork_is_shown_and_named() -> None:
    done = simulate("--seed", "1", "--platforms", "4", "--fork")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "forked at heights" in done.stdout


@pytest.mark.parametrize("keep", ["x", "1,,2"])
def test_a_wrong_choice_of_faults_is_a_usage_error(keep: str) -> None:
    done = simulate("--seed", "5", "--keep", keep)
    assert done.returncode == 2
    assert "give numbers" in done.stderr
