"""`web4 demo`: a whole federation on this machine."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from web4adapters.config.amounts import format_atp
from web4cli.common import SAFETY, json_option
from web4core import MICRO
from web4lab.chaos import FaultReport, Latency, Outcome, tell_faults
from web4lab.demo import LocalFederation, Report, tell
from web4lab.demo.scenario import ScenarioStep, cast

MAX_PLATFORMS = 16
FEWEST_FOR_FAULTS = 4


@click.command()
@click.option(
    "--platforms", "n", type=click.IntRange(1, MAX_PLATFORMS), default=4, show_default=True
)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep keys, stores and logs here.")
@click.option("--faults", is_flag=True, help="Let things go wrong instead (a minute).")
@json_option
def demo(n: int, keep: Path | None, faults: bool, as_json: bool) -> None:
    """Start a federation on this machine, move ATP across it, and check every figure.

    Each figure is read back from every platform over HTTP, and checked against the commit
    certificate and the Merkle proof that come with it. Exits with 0 only if every check holds.

    With --faults, links are slow, break, flip bits, go silent or are cut, and platforms are paused,
    killed, run out of disk or run twice with one key, one after another under load; then every
    chain is read back and held against the others and against what the client was told.
    """
    console = Console(stderr=as_json)
    if faults and n < FEWEST_FOR_FAULTS:
        raise click.UsageError(f"--faults takes {FEWEST_FOR_FAULTS} platforms or more")
    with tempfile.TemporaryDirectory(prefix="web4-demo-") as temporary:
        folder = keep or Path(temporary) / "federation"
        if faults:
            sys.exit(_go_through_faults(console, folder, n, as_json))
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


def _show(console: Console, step: ScenarioStep) -> None:
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


def _go_through_faults(console: Console, folder: Path, n: int, as_json: bool) -> int:
    with console.status("starting ...") as status:

        def told(what: Latency | Outcome) -> None:
            name = what.trial if isinstance(what, Outcome) else f"links of {what.delay_ms} ms"
            status.update(f"done: {name}")

        report = tell_faults(folder, n, told)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        _show_faults(console, report)
    return 0 if report.holds else SAFETY


def _show_faults(console: Console, report: FaultReport) -> None:
    table = Table(title="a lone transaction, by one-way delay", title_justify="left")
    for column in ("one way", "median", "least", "median over three delays"):
        table.add_column(column, justify="right")
    for each in report.latencies:
        over = "" if each.over_floor is None else f"{each.over_floor:.2f}"
        cells = (f"{each.delay_ms} ms", f"{each.median_ms:.0f} ms", f"{each.low_ms:.0f} ms", over)
        table.add_row(*cells)
    console.print(table)
    table = Table(title="under load", title_justify="left")
    for column in ("fault", "what", "committed meanwhile", "all well again after", "as it should"):
        table.add_column(column)
    for outcome in report.outcomes:
        verdict = "[green]yes[/]" if outcome.fault is None else f"[red]{outcome.fault}[/]"
        seconds = f"{outcome.recovery_s:.1f} s"
        table.add_row(outcome.trial, outcome.does, str(outcome.committed), seconds, verdict)
    console.print(table)
    _show_checks(console, report.checks)
    console.print(
        f"{report.blocks} blocks, {report.transactions} transactions, {report.seconds:.0f} s"
    )
    console.print("every check holds" if report.holds else "[red]a check does not hold[/]")


def _show_checks(console: Console, checks: dict[str, bool]) -> None:
    table = Table(title="checks", title_justify="left")
    table.add_column("check")
    table.add_column("holds")
    for name, holds in checks.items():
        table.add_row(name, "[green]yes[/]" if holds else "[red]NO[/]")
    console.print(table)


def _conclude(console: Console, report: Report) -> None:
    _show_checks(console, report.checks)
    console.print(
        f"{report.messages_per_block:.2f} consensus messages a block,"
        f" at most {report.messages_allowed}; {report.seconds:.1f} s"
    )
    console.print("every check holds" if report.holds else "[red]a check does not hold[/]")
