"""Each command loads what it needs when it is named; where that is missing, `web4` says so."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from web4cli.catalogue import COMMANDS, EXTRA_OF_ALL, FROM_EXTRAS
from web4cli.commands import commands, loaded

ROOT = Path(__file__).resolve().parents[2]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]
LONG = 1_000
"""Characters that no line of help has."""

HELP_LOADS = """
import sys
from web4cli.commands import commands
try:
    commands(["--help"], prog_name="web4")
except SystemExit:
    pass
heavy = {"web4lab", "web4proofs", "z3", "rich"}
print(sorted({name.partition(".")[0] for name in sys.modules} & heavy), file=sys.stderr)
"""


def web4_without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.modules[sys.argv.pop(1)] = None; from web4cli import main; "
    command = [sys.executable, "-c", program + "main()", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def tells(done: subprocess.CompletedProcess[str], command: str, module: str, extra: str) -> None:
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    install = f"python3 -m pip install '.[{extra}]', from the checkout"
    assert f"`{command}` needs {module}: {install}" in done.stderr
    assert done.stdout == ""


# --- what is missing ---------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["click", "aiohttp", "cryptography"])
def test_without_the_packages_of_a_client_nothing_runs(module: str) -> None:
    tells(web4_without(module, "--version"), "web4", module, "client")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_names_the_extra_that_it_needs(name: str) -> None:
    done = web4_without("click", name, "--help")
    tells(done, f"web4 {name}", "click", COMMANDS[name].extra)


def test_without_aiohttp_no_platform_runs() -> None:
    tells(web4_without("aiohttp", "run", "platform.toml"), "web4 run", "aiohttp", "node")


@pytest.mark.parametrize("name", ["run", "init"])
def test_a_platform_needs_no_rich(name: str) -> None:
    assert web4_without("rich", name, "--help").returncode == 0


def test_without_rich_no_status_is_shown() -> None:
    tells(web4_without("rich", "status"), "web4 status", "rich", "client")


@pytest.mark.parametrize("check", ["prove", "mutants"])
def test_without_the_extra_proofs_nothing_is_proved(check: str) -> None:
    tells(web4_without("z3", "check", check), "web4 check", "z3", "proofs")


def test_another_module_that_is_missing_is_a_defect() -> None:
    done = web4_without("attrs", "--version")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def packages_of(extra: str) -> set[str]:
    """Return the names of all that an extra brings, also by the extras that it includes."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        name = requirement.partition(">")[0]
        if name.startswith("web4["):
            found |= packages_of(name.removeprefix("web4[").removesuffix("]"))
        else:
            found.add(name)
    return found


def test_the_extras_are_those_of_the_project() -> None:
    named = {entry.extra for entry in COMMANDS.values()} | {EXTRA_OF_ALL}
    assert named == {"node", "client", "lab", "proofs"}
    assert packages_of("node") == {"aiohttp", "click", "cryptography"}
    assert packages_of("client") == packages_of("lab") == packages_of("node") | {"rich"}
    assert packages_of("proofs") == packages_of("lab") | {"z3-solver"}
    assert {each.removesuffix("-solver") for each in packages_of("proofs")} == FROM_EXTRAS


# --- what is loaded, and when ------------------------------------------------------------------


def test_the_help_loads_neither_lab_nor_proofs() -> None:
    command = [sys.executable, "-c", HELP_LOADS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "[]\n"
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_is_the_first_sentence_of_the_command(name: str) -> None:
    shown = commands.commands[name].get_short_help_str(LONG)
    assert shown == COMMANDS[name].help == loaded(name).get_short_help_str(LONG)


def test_the_help_is_the_same_as_if_all_were_loaded() -> None:
    eager = click.Group(
        "web4",
        commands=[loaded(name) for name in COMMANDS],
        help=commands.help,
        context_settings=commands.context_settings,
        params=commands.params,
    )
    shown: list[Any] = [CliRunner().invoke(each, ["--help"]) for each in (commands, eager)]
    assert [each.exit_code for each in shown] == [0, 0]
    assert shown[0].stdout.partition("\n")[2] == shown[1].stdout.partition("\n")[2]


def test_a_command_that_is_nearly_named_is_suggested() -> None:
    done = CliRunner().invoke(commands, ["chek"])
    assert done.exit_code == 2
    assert "Did you mean 'check'?" in done.stderr
