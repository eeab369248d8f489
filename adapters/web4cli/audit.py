"""`web4 audit`: the steps in journals of platforms, against the protocol that is proved."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from web4cli.common import json_option
from web4cli.journals import journals_of, platforms_in

if TYPE_CHECKING:
    from web4proofs.audit import Audit, Journal, Replayed

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
COLUMNS = ("platform", "events", "heights", "statements", "decided", "verdict")


@click.command()
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="FOLDER...")
@json_option
def audit(folders: tuple[Path, ...], as_json: bool) -> None:
    """Fold journals again, and check each step against the protocol that is proved.

    FOLDER is a platform's, a federation's, or one that `web4 simulate --journals` wrote; the
    platforms must have stopped. Every signature is verified, every event is stepped by the code
    that is installed here, and every statement and decision must be a step of the abstract
    protocol. With several journals: nobody decided differently, and nobody signed twice.

    \b
    One platform:        web4 audit federation/thor
    All of them:         web4 audit federation
    A simulated run:     web4 simulate --seed 5 --journals run && web4 audit run

    What an audit cannot see is in `spec/audit.md`.

    \b
    Exit codes: 0 all holds, 1 a journal cannot be read, 2 usage, 3 there was no event to audit,
    12 a departure; it is reported with platform, event and clause.
    """
    from web4adapters.signers import Verifier
    from web4proofs.audit import as_plain, passing
    from web4proofs.audit import audit as audited

    chain, configs = platforms_in(folders)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        names = chain.names
        passes = passing(chain.gate, Verifier())
        found = audited(
            journals_of(chain, configs), names, passes, lambda each: _bar(progress, names, each)
        )
    if as_json:
        click.echo(json.dumps(as_plain(found)))
    else:
        _tell(found)
    sys.exit(found.exit_code)


def _bar(progress: Progress, names: tuple[str, ...], journal: Journal) -> Callable[[], None]:
    """A progress bar for a journal, which each event moves."""
    task = progress.add_task(names[journal.start.config.me], total=None)
    return lambda: progress.advance(task)


def _tell(found: Audit) -> None:
    from web4proofs.audit import AuditResult

    table = Table(*COLUMNS)
    for each in found.replays:
        table.add_row(*_row(found, each))
    Console().print(table)
    for departure in found.departures:
        click.echo(f"DEPARTS  {departure}")
    more = sum(each.more for each in found.replays)
    if more:
        click.echo(f"and {more} departures more")
    for each in found.replays:
        _limits(each)
    if found.verdict is AuditResult.HOLDS:
        click.echo("every step is one that the protocol permits, and every invariant holds")
    if found.verdict is AuditResult.NOTHING:
        click.echo("there is no event to audit")


def _row(found: Audit, each: Replayed) -> tuple[str, ...]:
    verdict = "departs" if found.against(each) else "holds" if each.events else "nothing"
    return (
        each.platform,
        str(each.events),
        f"{each.span.height} to {each.height}",
        str(each.statements),
        str(each.decided),
        verdict,
    )


def _limits(each: Replayed) -> None:
    """The parts of a platform that the audit did not see."""
    span = each.span
    if span.first > 1:
        click.echo(
            f"{each.platform}: its journal begins with a snapshot in view {span.view} of height"
            f" {span.height}; of what it did before, nothing was seen"
        )
    if span.silent_through:
        click.echo(
            f"{each.platform}: it lost a part of its journal and was silent through height"
            f" {span.silent_through}; what it signed up to there is not held against it"
        )
