"""`web4 check explore` and `web4 replay`: what is found is told, kept, and run again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def web4(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web4cli", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.mark.slow
def test_what_holds_is_told_for_people_and_leaves_no_file(tmp_path: Path) -> None:
    done = web4(tmp_path, "check", "explore", "--bounds", "1x1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Byzantine: ") == 4
    assert done.stdout.count("\nholds\n") == 2  # the consensus and the ledger
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_byzantine_platform_too_many_forks_and_the_run_is_kept(tmp_path: Path) -> None:
    done = web4(
        tmp_path, "check", "explore", "--bounds", "1x1", "--byzantine", "2", "--json", "--jobs", "1"
    )
    assert done.returncode == 12, done.stderr
    found = json.loads(done.stdout)
    assert found["consensus"]["verdict"] == "fails"
    assert found["ledger"]["breaks"] is None
    assert "web4 replay counterexample.itf.json" in done.stderr
    again = web4(tmp_path, "replay", "counterexample.itf.json")
    assert again.returncode == 12
    told = json.loads(web4(tmp_path, "replay", "counterexample.itf.json", "--json").stdout)
    assert (told["exit_code"], told["expected"]) == (12, 12)
    assert told["told"] == again.stdout.removesuffix("\n")
    refused = web4(tmp_path, "check", "explore", "--bounds", "1x1")
    assert refused.returncode == 2
    assert "counterexample.itf.json exists" in refused.stderr


@pytest.mark.slow
def test_a_bound_that_is_reached_is_inconclusive(tmp_path: Path) -> None:
    done = web4(tmp_path, "check", "explore", "--bounds", "1x2", "--limit", "50")
    assert done.returncode == 3
    assert "bound reached" in done.stdout


@pytest.mark.parametrize(
    "bounds",
    ["2", *(pytest.param(each, marks=pytest.mark.slow) for each in ("x", "0x1", "1xmany"))],
)
def test_bounds_that_are_none_are_a_usage_error(tmp_path: Path, bounds: str) -> None:
    done = web4(tmp_path, "check", "explore", "--bounds", bounds)
    assert done.returncode == 2
    assert "as in 2x2" in done.stderr


def test_a_file_that_is_no_trace_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a trace")
    done = web4(tmp_path, "replay", "notes.txt")
    assert done.returncode == 1
    assert "notes.txt is no trace of web4" in done.stderr
    assert "Traceback" not in done.stderr
