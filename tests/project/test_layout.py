"""The shape of the checkout: what stands where, and what no file may say.

A file counts when git tracks it or would add it; what `.gitignore` names does not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pytest

from web4cli.catalogue import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = frozenset(
    {"README.md", "adapters", "proofs", "pyproject.toml", "spec", "tests", "web4core"}
)
# A package of such a name would hide another project's.
NO_PACKAGES = ("adapters", "proofs", "tests")
# Spelled so that this file does not break its own rule.
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:Users|home|root|tmp|work)/")
REGISTRIES = tuple(
    ".".join(labels)
    for labels in (
        ("crates", "io"),
        ("files", "pythonhosted", "org"),
        ("pypi", "org"),
        ("registry", "npmjs", "org"),
    )
)


@pytest.fixture(scope="module")
def files() -> tuple[Path, ...]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the rules are about a git checkout")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = dict.fromkeys(name for name in listed.split("\0") if name)
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def lines_of(path: Path) -> list[str]:
    """The lines of a text file; none of a binary one."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def is_dotfile(name: str) -> bool:
    return name.startswith(".")


def names_a_machine_path(line: str) -> bool:
    return MACHINE_PATH.search(line) is not None


def names_a_registry(line: str) -> bool:
    return any(host in line for host in REGISTRIES)


def test_the_top_level_holds_the_agreed_entries_only(files: tuple[Path, ...]) -> None:
    top = {path.parts[0] for path in files}
    assert {name for name in top - TOP_LEVEL if not is_dotfile(name)} == set()


def test_the_listing_is_not_empty(files: tuple[Path, ...]) -> None:
    assert Path("pyproject.toml") in files


@pytest.mark.parametrize("folder", NO_PACKAGES)
def test_a_folder_that_only_groups_is_no_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("package", ["web4core", "adapters/web4adapters"])
def test_a_package_is_one_and_says_that_it_is_typed(package: str) -> None:
    missing = [name for name in ("__init__.py", "py.typed") if not (ROOT / package / name).exists()]
    assert missing == []


def test_no_file_names_a_path_of_one_machine(files: tuple[Path, ...]) -> None:
    found = [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(lines_of(ROOT / path), start=1)
        if names_a_machine_path(line)
    ]
    assert found == []


def test_no_file_names_a_package_registry(files: tuple[Path, ...]) -> None:
    found = [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(lines_of(ROOT / path), start=1)
        if names_a_registry(line)
    ]
    assert found == []


# --- what the project's pages say of it ---------------------------------------------------------

PAGES = ("README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md", "spec/CHANGELOG.md")
OWN_PATH = re.compile(
    r"(?<![\w./-])(?:web4core|adapters|proofs|spec|tests|\.ci|\.github)/[\w./-]*\w"
)
COMMAND = re.compile(r"\bweb4 (?!COMMAND)([a-z]+)")
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_files_that_are_there(page: str) -> None:
    found = OWN_PATH.findall(text_of(page))
    assert [path for path in found if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_commands_that_are_there(page: str) -> None:
    named = set(COMMAND.findall("".join(re.findall(r"`[^`\n]+`", text_of(page)))))
    assert named - COMMANDS.keys() == set()


def test_where_a_change_goes_is_told_in_full() -> None:
    rows = [line for line in text_of(".github/CONTRIBUTING.md").splitlines() if "| `" in line]
    assert len(rows) > 15
    for row in rows:
        _, _, files, page, tests, tried, _ = row.split("|")
        assert OWN_PATH.search(files), row
        assert page.strip(), row
        assert "`tests/" in tests, row
        assert tried.strip(), row


def test_the_pages_invent_no_address(files: tuple[Path, ...]) -> None:
    pages = [path for path in files if path.parts[0] == ".github"]
    assert pages
    assert [(path, MAIL.findall((ROOT / path).read_text())) for path in pages] == [
        (path, []) for path in pages
    ]


def test_hooks_are_local_and_run_what_the_checks_run() -> None:
    text = text_of(".pre-commit-config.yaml")
    assert re.findall(r"repo: (\S+)", text) == ["local"]
    entries = re.findall(r"entry: (.+)", text)
    assert len(entries) == text.count("language: system") == text.count("- id: ")
    script = text_of(".ci/run")
    of_script = [each for each in entries if not each.startswith("python3 -m tests.spec_tools")]
    assert [each for each in of_script if each.split()[0] not in script] == []


def test_the_latest_change_stands_first() -> None:
    text = text_of("spec/CHANGELOG.md")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert headings[0] == f"{project['version']}, unreleased"
    days = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert days == sorted(days, reverse=True)
    assert all(date.fromisoformat(day) for day in days)


# --- that the rules see what they forbid --------------------------------------------------------


@pytest.mark.parametrize("folder", ["Users", "home", "root", "tmp", "work"])
def test_a_planted_machine_path_is_seen(folder: str) -> None:
    assert names_a_machine_path(f'KEY = "/{folder}/someone/key.pem"')


@pytest.mark.parametrize(
    "line", ["web4core/codec.py", "the work/ folder", "a/tmp/b", "$" + "{HOME}/" + "work" + "/here"]
)
def test_a_relative_path_is_no_machine_path(line: str) -> None:
    assert not names_a_machine_path(line)


@pytest.mark.parametrize("host", REGISTRIES)
def test_a_planted_registry_is_seen(host: str) -> None:
    assert names_a_registry(f"index-url = https://{host}/simple")
