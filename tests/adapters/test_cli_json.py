"""Machine output has one spelling: `--json`, with every command that answers something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from web4adapters.signers import KeyFile
from web4cli.catalogue import COMMANDS
from web4cli.commands import commands, loaded
from web4cli.common import Unsettled, json_option

SERVE = {("run",), ("playground",)}
"""Commands that serve until they are told to end, and answer nothing."""


def web4(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def leaves(name: str, command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that name it."""
    if isinstance(command, click.Group):
        for each, inner in command.commands.items():
            yield from (((name, *words), leaf) for words, leaf in leaves(each, inner))
    else:
        yield (name,), command


LEAVES = dict(each for name in COMMANDS for each in leaves(name, loaded(name)))


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_that_answers_takes_json(words: tuple[str, ...]) -> None:
    options = {each for param in LEAVES[words].params for each in param.opts}
    assert ("--json" in options) == (words not in SERVE)
    assert options & {"--format", "--output", "--as-json"} == set()


def test_only_the_proofs_have_reports_for_other_machines() -> None:
    reporting = [
        words
        for words, command in LEAVES.items()
        if any("--report" in param.opts for param in command.params)
    ]
    assert reporting == [("check", "prove")]


def test_a_new_federation_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    done = web4("init", str(folder), "--platform", "thor", "--json")
    assert done.exit_code == 0
    told = {"folder": str(folder), "platforms": {"thor": str(folder / "thor" / "platform.toml")}}
    assert json.loads(done.stdout) == told


def test_wallets_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    assert web4("init", str(folder)).exit_code == 0
    KeyFile.create(folder / "wallets" / "carol@thor.key")
    done = web4("account", "list-wallets", "--federation", str(folder), "--json")
    told = {"addresses": ["alice@thor", "bob@sprout", "carol@thor"]}
    assert json.loads(done.stdout) == told


def test_theorems_are_listed() -> None:
    done = web4("check", "prove", "--list", "P-LEDGER-1", "--json")
    (theorem,) = json.loads(done.stdout)["theorems"]
    assert theorem["id"] == "P-LEDGER-1"
    assert theorem["says"]
    assert theorem["clauses"]


@pytest.mark.parametrize("other", ["--json", "--list"])
def test_a_report_is_the_only_output(other: str) -> None:
    done = web4("check", "prove", "--report", "sarif", other)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "leave out --json and --list" in done.stderr


FAILURES: dict[str, tuple[click.ClickException, dict[str, object]]] = {
    "error": (click.ClickException("it broke"), {"exit_code": 1}),
    "unsettled": (Unsettled("ab", "it broke"), {"exit_code": 3, "id": "ab"}),
}


@pytest.mark.parametrize("verdict", FAILURES)
def test_a_command_that_fails_prints_one_object_too(verdict: str) -> None:
    failure, more = FAILURES[verdict]

    @click.command()
    @json_option
    def failing(as_json: bool) -> None:
        raise failure

    done = CliRunner().invoke(failing, ["--json"])
    assert done.exit_code == failure.exit_code
    assert json.loads(done.stdout) == {"verdict": verdict, "error": "it broke", **more}
    assert CliRunner().invoke(failing, []).stdout == ""


def test_a_usage_error_prints_no_object() -> None:
    @click.command()
    @json_option
    def failing(as_json: bool) -> None:
        raise click.UsageError("no")

    done = CliRunner().invoke(failing, ["--json"])
    assert (done.exit_code, done.stdout) == (2, "")
