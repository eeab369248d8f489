"""`web4 init`: a new federation, in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from web4adapters.config import PLATFORM_FILE, Plan, make_federation
from web4adapters.config.amounts import parse_atp
from web4adapters.config.endpoints import parse_place
from web4adapters.config.scaffold import FIRST_PLATFORMS, check_platforms
from web4adapters.config.strict_toml import parse_address
from web4cli.common import FOLDER, json_option
from web4core import NAME, Address

FIRST_PORT = 4101
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
@json_option
def init(
    folder: Path, platforms: tuple[str, ...], accounts: tuple[str, ...], chain: str, as_json: bool
) -> None:
    """Make a federation in FOLDER: keys, guards, stores, a genesis, one TOML for each platform.

    Without options: thor, sprout, legion and platform2 on this machine, alice@thor with 1000 ATP
    and bob@sprout with 500.

    To spread a federation over machines, make it on one, and move each platform's folder with the
    genesis to its own; the key must be moved, not copied.
    """
    placed = _platforms(platforms or FIRST_PLATFORMS)
    chosen = accounts or (DEFAULT_ACCOUNTS if not platforms else ())
    if NAME.fullmatch(chain) is None:
        raise click.BadParameter(f"{chain!r} is not a name: lower-case letters, digits, . _ -")
    make_federation(folder, Plan(chain, placed, _accounts(chosen, placed)))
    configs = {name: str(folder / name / PLATFORM_FILE) for name in placed}
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "platforms": configs}))
        return
    click.echo(f"made {folder}: {len(placed)} platforms. Start each in a terminal of its own:")
    for path in configs.values():
        click.echo(f"  web4 run {path}")
