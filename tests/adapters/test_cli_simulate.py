"""`web4 simulate`: the same seed gives the same output, and what is asked wrongly is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from web4cli.simulate import check_scale_folder, simulate


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web4cli", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def here(*arguments: str) -> Result:
    """In this process, which saves the start of one."""
    return CliRunner().invoke(simulate, arguments)


def test_one_seed_gives_one_output() -> None:
    first, second = (in_a_process("--seed", "5", "--platforms", "4") for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout == second.stdout
    assert "4 platforms, holds" in first.stdout


def test_a_fork_is_shown_and_named() -> None:
    done = in_a_process("--seed", "1", "--platforms", "4", "--fork")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "forked at heights" in done.stdout


@pytest.mark.parametrize("keep", ["x", "1,,2"])
def test_a_wrong_choice_of_faults_is_a_usage_error(keep: str) -> None:
    done = here("--seed", "5", "--keep", keep)
    assert done.exit_code == 2
    assert "give numbers" in done.stderr


@pytest.mark.parametrize("n", ["1", "2"])
@pytest.mark.parametrize("seed", ["0", "1", "6", "7"])
def test_a_federation_of_one_or_two_finishes(n: str, seed: str) -> None:
    done = here("--seed", seed, "--platforms", n, "--stand-in-signatures")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert f"{n} platforms, holds" in done.stdout or f"{n} platform, holds" in done.stdout


@pytest.mark.parametrize("keep", ["99", "-1", "0,0"])
def test_a_fault_that_the_seed_does_not_draw_cannot_be_kept(keep: str) -> None:
    done = here("--seed", "7", f"--keep={keep}")
    assert done.exit_code == 2, done.stdout + done.stderr
    assert "--keep" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--seed", "1", "--seeds", "2"),
        ("--seed", "1", "--seeds", "20"),
        ("--keep", "0"),
        ("--keep", "none", "--seeds", "2"),
        ("--scale", "new", "--seed", "1"),
        ("--scale", "new", "--seeds", "1"),
        ("--scale", "new", "--fork"),
        ("--scale", "new", "--journals", "other"),
        ("--scale", "new", "--platforms", "4"),
        ("--seed", "1", "--platforms", "2", "--fork"),
    ],
)
def test_options_that_would_be_ignored_are_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = here(*arguments)
    assert done.exit_code == 2, done.stdout + done.stderr
    assert done.stdout == ""


def test_a_report_is_not_written_among_other_files(tmp_path: Path) -> None:
    for name in ("scale.md", "speed.svg", "letter.txt"):
        (tmp_path / name).write_text(name)
    done = here("--scale", str(tmp_path))
    assert done.exit_code == 2, done.stdout + done.stderr
    assert "letter.txt is in it" in " ".join(done.stderr.split())
    assert (tmp_path / "scale.md").read_text() == "scale.md"


def test_a_report_may_replace_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "scale.json").write_text("{}")
    check_scale_folder(tmp_path)
    check_scale_folder(tmp_path / "new")
    (tmp_path / "more.svg").write_text("")
    with pytest.raises(click.UsageError, match=r"more\.svg"):
        check_scale_folder(tmp_path)
