"""What a wheel is made with, made twice, and the list of what is installed beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT_FROM = ("pyproject.toml", "README.md", "web4core", "adapters", "proofs", "spec", "tests")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TELL_NO_LICENCE = {"cvc5", "z3-solver"}
"""Their metadata has none that can be read: cvc5 is under BSD-3-Clause, z3-solver under MIT."""
NAME = re.compile(r"[A-Za-z0-9._-]+")


def names(requirements: list[str]) -> set[str]:
    found = [NAME.match(requirement) for requirement in requirements]
    return {each.group().lower() for each in found if each}


def copied(source: Path, target: Path) -> Path:
    """A copy of what a build takes from a checkout."""
    target.mkdir()
    for name in BUILT_FROM:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source / name, target / name, ignore=ignored)
        else:
            shutil.copy(source / name, target / name)
    return target


def built(
    checkout: Path, umask: int, mtime: int, environment: Mapping[str, str]
) -> dict[str, bytes]:
    """The wheel and the archive of sources that a checkout gives, by name."""
    for path in checkout.rglob("*"):
        path.chmod(path.stat().st_mode & ~umask | 0o600)
        os.utime(path, (mtime, mtime))
    out = checkout / "dist"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(out)],
        cwd=checkout,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.mark.slow
def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    """Elsewhere, later, with other rights of files, another zone and another order of hashes."""
    here = copied(ROOT, tmp_path / "here")
    there = copied(here, tmp_path / "elsewhere")
    one = built(here, 0o022, 1_000_000_000, {"PYTHONHASHSEED": "1", "TZ": "UTC"})
    other = built(there, 0o077, 1_700_000_000, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"})
    assert sorted(name.rsplit(".", 1)[1] for name in one) == ["gz", "whl"]
    assert {name: one[name] == other[name] for name in one} == dict.fromkeys(other, True)


def test_everything_that_takes_part_in_a_build_is_pinned() -> None:
    requirements = PROJECT["build-system"]["requires"]
    assert [each for each in requirements if "==" not in each] == []
    needed = distribution("hatchling").requires or []
    taking_part = names([each for each in needed if "python_version" not in each])
    assert names(requirements) == {"hatchling", *taking_part}


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """What `cyclonedx-py` lists for this environment, valid by its own check."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    done = [
        subprocess.run(
            [*command, "--pyproject", str(ROOT / "pyproject.toml"), sys.executable],
            check=True,
            capture_output=True,
            timeout=120,
        ).stdout
        for _ in range(2)
    ]
    assert done[0] == done[1]
    found: dict[str, Any] = json.loads(done[0])
    return found


@pytest.mark.slow
def test_the_bill_of_materials_is_of_this_version(bill: dict[str, Any]) -> None:
    subject = bill["metadata"]["component"]
    assert (subject["name"], subject["version"]) == ("web4", PROJECT["project"]["version"])


@pytest.mark.slow
def test_the_bill_of_materials_names_all_that_a_user_installs(bill: dict[str, Any]) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    installed = [each for extra in ("node", "client", "lab", "proofs") for each in extras[extra]]
    needed = names([*PROJECT["project"]["dependencies"], *installed]) - {"web4"}
    assert {"aiohttp", "attrs", "click", "cryptography", "rich", "z3-solver"} == needed
    listed = {each["name"].lower(): each["version"] for each in bill["components"]}
    assert {name: listed.get(name) for name in needed} == {name: version(name) for name in needed}


@pytest.mark.slow
def test_each_component_has_an_identity_and_a_licence(bill: dict[str, Any]) -> None:
    lacking = [each["name"] for each in bill["components"] if not each.get("purl")]
    unlicensed = {each["name"] for each in bill["components"] if not each.get("licenses")}
    assert lacking == []
    assert unlicensed <= TELL_NO_LICENCE
