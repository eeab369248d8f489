"""`web4 init`, `web4 run`, `web4 status`: for operators."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from web4adapters.client import ClientError, Nonsense
from web4adapters.config import Plan, make_federation
from web4adapters.config.amounts import parse_atp
from web4adapters.config.endpoints import parse_place
from web4adapters.config.scaffold import check_platforms
from web4adapters.config.strict_toml import parse_address
from web4cli.common import FOLDER, LIVENESS, Session, federation_option, json_option
from web4core import NAME, Address

FIRST_PORT = 4101
DEFAULT_PLATFORMS = ("thor", "sprout", "legion", "platform2")
DEFAULT_ACCOUNTS = ("alice@thor=1000", "bob@sprout=500")


def _platforms(given: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    platforms: dict[str, tuple[str, int]] = {}
    for index, each in enumerate(given):
        name, _, place = each.partition("=")
        if NAME.fullmatch(name) is None or name in platforms:
            raise click.BadParameter(f"{each!r}: write NAME or NAME=HOST:PORT, each name once")
        try:
            platforms[name] = parse_place(place or f"127.0.0.1:{FIRST_PORT + index}")
            check_platforms(platforms)
        except ValueError as error:
            raise click.BadParameter(f"{each!r}: {error}") from None
    return platforms


def _accounts(given: tuple[str, ...], platforms: dict[str, Any]) -> dict[Address, int]:
    accounts: dict[Address, int] = {}
    for each in given:
        text, _, amount = each.partition("=")
        try:
            address = parse_address(text)
            amount_uatp = parse_atp(amount)
        except ValueError as error:
            raise click.BadParameter(f"{each!r}: {error}") from None
        if address.platform not in platforms or address in accounts:
            raise click.BadParameter(f"{each!r}: no such platform, or listed twice")
        accounts[address] = amount_uatp
    return accounts


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--platform", "platforms", multiple=True, metavar="NAME[=HOST:PORT]", help="May be repeated."
)
@click.option(
    "--account", "accounts", multiple=True, metavar="AGENT@PLATFORM=ATP", help="May be repeated."
)
@click.option("--chain", default="web4", show_default=True, help="The name of the chain.")
def init(folder: Path, platforms: tuple[str, ...], accounts: tuple[str, ...], chain: str) -> None:
    """Make a federation in FOLDER: keys, guards, stores, a genesis, one TOML for each platform.

    Without options: thor, sprout, legion and platform2 on this machine, alice@thor with 1000 ATP
    and bob@sprout with 500.

    To spread a federation over machines, make it on one, and move each platform's folder with the
    genesis to its own; the key must be moved, not copied.
    """
    placed = _platforms(platforms or DEFAULT_PLATFORMS)
    chosen = accounts or (DEFAULT_ACCOUNTS if not platforms else ())
    if NAME.fullmatch(chain) is None:
        raise click.BadParameter(f"{chain!r} is not a name: lower-case letters, digits, . _ -")
    make_federation(folder, Plan(chain, placed, _accounts(chosen, placed)))
    click.echo(f"made {folder}: {len(placed)} platforms. Start each in a terminal of its own:")
    for name in placed:
        click.echo(f"  web4 run {folder / name / 'platform.toml'}")


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
def run(config: Path, verbose: bool) -> None:
    """Run the platform that CONFIG, a platform.toml, describes, until it is told to stop."""
    from web4adapters.node import run_command

    sys.exit(run_command(config, verbose))


@click.command()
@federation_option
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show where every platform is, who is missing, and in which view.

    These are the platforms' own words; nothing of them is proved.

    \b
    Exit codes: 0 every platform answers, 1 the federation's files cannot be read, 2 usage,
    13 a platform is missing, or answers nonsense.
    """
    session = Session(folder)
    seen: dict[str, dict[str, Any] | None] = {}
    missing: dict[str, ClientError] = {}
    for name in session.config.platforms:
        try:
            seen[name] = session.client(name).status()
        except ClientError as error:
            seen[name], missing[name] = None, error
    exit_code = LIVENESS if missing else 0
    if as_json:
        told = {
            "verdict": "missing" if missing else "holds",
            "exit_code": exit_code,
            "platforms": seen,
            "missing": {name: str(error) for name, error in missing.items()},
        }
        click.echo(json.dumps(told))
    else:
        _show_status(seen, missing)
    sys.exit(exit_code)


def _show_status(seen: dict[str, dict[str, Any] | None], missing: dict[str, ClientError]) -> None:
    table = Table(title="the federation")
    for column in ("platform", "height", "agreeing on", "view", "pending", "links", "misses"):
        table.add_column(column)
    for name, each in seen.items():
        if each is None:
            is_nonsense = isinstance(missing[name], Nonsense)
            said = "missing: answers nonsense" if is_nonsense else "missing"
            table.add_row(name, said, "", "", "", "", "")
            continue
        table.add_row(name, *_seen_row(each))
    Console(markup=False, emoji=False).print(table)
    for error in missing.values():
        click.echo(str(error), err=True)


def _seen_row(status: dict[str, Any]) -> tuple[str, ...]:
    peers = status["peers"]
    missed = [peer["platform"] for peer in peers if not peer["connected"]]
    figures = (str(status[name]) for name in ("height", "agreeing_on", "view", "pending"))
    return (*figures, f"{len(peers) - len(missed)} of {len(peers)}", ", ".join(missed) or "nobody")
