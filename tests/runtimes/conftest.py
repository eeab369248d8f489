"""What the tests of runtimes share: a CPython in WebAssembly, as npm brings it, and attrs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE_LEAST = 18
NPM_LIMIT_S = 60
QUIET = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")


@pytest.fixture(scope="session")
def node() -> str:
    """The `node` of this machine."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: WebAssembly is run by it")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").split(".")[0]) < NODE_LEAST:
        pytest.skip(f"node is {version.stdout.strip()}: it must be {NODE_LEAST} at least")
    return found


@pytest.fixture(scope="session")
def pyodide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the npm package `pyodide`, installed into a temporary folder."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: the package pyodide comes by it")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(HERE / "wasm" / "package.json", folder)
    command = [npm, "install", *QUIET]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=NPM_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not come to an end: the package pyodide cannot be had")
    if done.returncode != 0:
        pytest.skip(f"the package pyodide cannot be had: {done.stderr.strip()[-200:]}")
    return folder / "node_modules" / "pyodide"
