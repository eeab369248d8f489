"""Where an extra is not installed, `web4` says which, in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest


def web4_without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.modules[sys.argv.pop(1)] = None; from web4cli import main; "
    command = [sys.executable, "-c", program + "main()", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def tells(done: subprocess.CompletedProcess[str], module: str, extra: str) -> None:
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"needs {module}: python3 -m pip install '.[{extra}]', from the checkout" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("module", ["click", "rich", "cryptography"])
def test_without_the_extra_node_nothing_runs(module: str) -> None:
    tells(web4_without(module, "--version"), module, "node")


def test_without_aiohttp_no_platform_runs() -> None:
    tells(web4_without("aiohttp", "run", "platform.toml"), "aiohttp", "node")


@pytest.mark.parametrize("check", ["prove", "mutants"])
def test_without_the_extra_proofs_nothing_is_proved(check: str) -> None:
    tells(web4_without("z3", "check", check), "z3", "proofs")


def test_another_module_that_is_missing_is_a_defect() -> None:
    done = web4_without("attrs", "--version")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
