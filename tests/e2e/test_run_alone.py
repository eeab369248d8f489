"""A platform runs where neither the lab nor the proofs can be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from web4core import Address
from web4lab.demo import LocalFederation

pytestmark = pytest.mark.e2e

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"web4lab", "web4proofs"}:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
"""
WEB4 = BLOCKED + "from web4cli import main; main()"
ALICE = Address(platform="thor", agent="alice")


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Alone(LocalFederation):
    """A federation whose platforms can import neither the lab nor the proofs."""

    def command(self, name: str) -> list[str]:
        return [sys.executable, "-c", WEB4, "run", str(self.folder / name / "platform.toml")]


@pytest.mark.parametrize("package", ["web4lab.demo", "web4proofs.catalogue"])
def test_what_is_blocked_cannot_be_imported(package: str) -> None:
    done = python(BLOCKED + f"import {package}")
    assert done.returncode == 1
    assert "is blocked" in done.stderr


def test_the_node_is_imported_without_lab_and_proofs() -> None:
    done = python(BLOCKED + "import web4adapters.node; print(web4adapters.node.run.__name__)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "run\n", "")


@pytest.mark.parametrize("command", ["run", "init", "status", "account", "transfer", "verify"])
def test_commands_are_loaded_without_lab_and_proofs(command: str) -> None:
    done = python(WEB4, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: web4 {command} ")


def test_a_platform_runs_without_lab_and_proofs(tmp_path: Path) -> None:
    with Alone(tmp_path / "federation", 1, {ALICE: 7}) as alone:
        alone.start()
        assert alone.clients["thor"].account(ALICE).account.available_uatp == 7
        assert alone.stop("thor") == 0, alone.tail("thor")
