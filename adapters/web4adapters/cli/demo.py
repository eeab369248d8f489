"""`web4 demo`: the whole story on this machine."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from web4adapters.cli.common import json_option
from web4adapters.config.amounts import format_atp
from web4adapters.demo import LocalFederation, Report, tell
from web4adapters.demo.story import Step, cast
from web4core.ledger.state import MICRO

MAX_PLATFORMS = 16
SAFETY = 12


@click.command()
@click.option(
    "--platforms", "n", type=click.IntRange(1, MAX_PLATFORMS), default=4, show_default=True
)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep keys, stores and logs here.")
@json_option
def demo(n: int, keep: Path | None, as_json: bool) -> None:
    """Start a federation on this machine, move ATP across it, and check every figure.

    Each figure is read back from every platform over HTTP, and checked against the commit
    certificate and the Merkle proof that come with it. Exits with 0 only if every check holds.
    """
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="web4-demo-") as temporary:
        folder = keep or Path(temporary) / "federation"
        alice, bob, _ = cast(n)
        accounts = {alice: 1000 * MICRO, bob: 500 * MICRO}
        with LocalFederation(folder, n, accounts) as federation:
            console.print(f"starting {', '.join(federation.names)} ...")
            federation.start()
            federation.wait_linked()
            report = tell(federation, lambda step: None if as_json else _show(console, step))
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        _conclude(console, report)
    sys.exit(0 if report.holds else SAFETY)


def _show(console: Console, step: Step) -> None:
    table = Table(title=f"block {step.height}: {step.title}", title_justify="left")
    table.add_column("platform")
    table.add_column("block digest")
    addresses = next(iter(step.balances.values()))
    for address in addresses:
        table.add_column(address, justify="right")
    for platform, balances in step.balances.items():
        cells = [
            f"{format_atp(each.available_uatp)}"
            + (f" + {format_atp(each.locked_uatp)} locked" if each.locked_uatp else "")
            for each in balances.values()
        ]
        table.add_row(platform, step.digests[platform][:16], *cells)
    console.print(table)


def _conclude(console: Console, report: Report) -> None:
    table = Table(title="checks", title_justify="left")
    table.add_column("check")
    table.add_column("holds")
    for name, holds in report.checks.items():
        table.add_row(name, "[green]yes[/]" if holds else "[red]NO[/]")
    console.print(table)
    console.print(
        f"{report.messages_per_block:.2f} consensus messages a block,"
        f" at most {report.messages_allowed}; {report.seconds:.1f} s"
    )
    console.print("every check holds" if report.holds else "[red]a check does not hold[/]")
