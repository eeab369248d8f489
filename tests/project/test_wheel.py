"""What a user gets: the wheel, built from this checkout, and each file in it."""

from __future__ import annotations

import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.build import build_wheel

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("web4adapters", "web4cli", "web4core", "web4lab", "web4process", "web4proofs")
SOURCES = {
    "web4adapters": ROOT / "adapters" / "web4adapters",
    "web4cli": ROOT / "adapters" / "web4cli",
    "web4lab": ROOT / "adapters" / "web4lab",
    "web4process": ROOT / "adapters" / "web4process",
    "web4core": ROOT / "web4core",
    "web4proofs": ROOT / "proofs" / "web4proofs",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel, opened. Hatchling builds the project of the current folder."""
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build_wheel(str(folder))
    return zipfile.Path(folder / name)


@pytest.fixture(scope="module")
def names(wheel: zipfile.Path) -> list[str]:
    return wheel.root.namelist()


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.Path) -> Message:
    [info] = [entry for entry in wheel.iterdir() if entry.name.endswith(".dist-info")]
    return Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))


def test_the_wheel_holds_the_packages_and_its_metadata_only(names: list[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert sorted(name for name in top if not name.endswith(".dist-info")) == list(PACKAGES)


def test_the_wheel_holds_no_tests(names: list[str]) -> None:
    assert [name for name in names if "test" in Path(name).name.lower()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_in_the_wheel_is_typed(names: list[str], package: str) -> None:
    assert f"{package}/py.typed" in names


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_of_a_package_is_in_the_wheel(names: list[str], package: str) -> None:
    source = SOURCES[package]
    modules = [f"{package}/{path.relative_to(source).as_posix()}" for path in source.rglob("*.py")]
    assert sorted(set(modules) - set(names)) == []


def test_the_description_of_the_client_api_is_in_the_wheel(names: list[str]) -> None:
    assert "web4adapters/api/openapi.json" in names


def test_no_compiled_or_hidden_file_is_in_the_wheel(names: list[str]) -> None:
    odd = [
        name
        for name in names
        if name.endswith((".pyc", ".pyo")) or any(part.startswith(".") for part in name.split("/"))
    ]
    assert odd == []


def test_the_base_install_needs_attrs_alone(metadata: Message) -> None:
    needs = metadata.get_all("Requires-Dist", [])
    assert [need for need in needs if "extra ==" not in need] == ["attrs>=23.1"]
