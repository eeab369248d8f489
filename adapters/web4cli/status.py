"""`web4 status`: the heights and views that the platforms of a federation report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from web4adapters.client import ClientError, Nonsense
from web4cli.common import LIVENESS, Session, federation_option, json_option


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
