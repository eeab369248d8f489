"""`web4 check explore` and `web4 replay`: every state within bounds, and counterexamples again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from web4adapters.client import plain
from web4adapters.config.strict_toml import read_bytes
from web4adapters.strict_json import read_json
from web4cli.common import json_option

if TYPE_CHECKING:
    from web4proofs.explore import Bounds, LedgerReport, Report, Tick

TRACE = Path("counterexample.itf.json")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--bounds",
    "asked",
    multiple=True,
    metavar="HEIGHTSxVIEWS",
    help="How far, as in 1x2; may be given again. Default: 1x3 and 2x2.",
)
@click.option("--platforms", "n", type=click.IntRange(1), default=4, show_default=True)
@click.option("--byzantine", type=click.IntRange(0), default=1, show_default=True, help="How many.")
@click.option("--together", is_flag=True, help="All heights at once; takes far longer.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=4_000_000,
    show_default=True,
    help="Places of a part.",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time; default: all cores.")
@click.option("--trace", type=FILE, default=TRACE, show_default=True, help="For a counterexample.")
@json_option
def explore(
    asked: tuple[str, ...],
    n: int,
    byzantine: int,
    together: bool,
    limit: int,
    jobs: int | None,
    trace: Path,
    as_json: bool,
) -> None:
    """Go through every state that a small federation can get into, and check each.

    The installed code takes every step; one platform of four is Byzantine and may have sent
    anything that its key can sign. Also every interleaving of a few transactions on the ledger.
    What is left out and why is in `spec/exploration.md`.

    \b
    Exit codes: 0 all holds, 1 an exploration broke off, 2 usage, 3 a bound was reached,
    12 a safety property fails, 13 from some state no decision comes.
    """
    from web4proofs.explore import DEFAULT_BOUNDS, as_plain, explore_ledger, ledger, worst
    from web4proofs.explore import explore as exploration

    if trace.exists():
        raise click.UsageError(f"{trace} exists; move it away, or name another file with --trace")
    default = [f"{each.heights}x{each.views}" for each in DEFAULT_BOUNDS]
    bounds = [_bounds(each, n, byzantine) for each in asked or default]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        report = exploration(bounds, _Teller(progress), jobs=jobs, together=together, limit=limit)
        of_ledger = explore_ledger()
    if as_json:
        both = {"consensus": as_plain(report), "ledger": ledger.as_plain(of_ledger)}
        click.echo(json.dumps(both, indent=1))
    else:
        _say(report, of_ledger)
    _write(trace, report, of_ledger)
    sys.exit(worst((report.exit_code, of_ledger.exit_code)))


def _bounds(text: str, n: int, byzantine: int) -> Bounds:
    from web4proofs.explore import Bounds

    heights, _, views = text.partition("x")
    try:
        return Bounds(int(heights), int(views), n, byzantine)
    except ValueError as error:
        hint = "give heights and views, as in 2x2"
        raise click.BadParameter(f"{text}: {error}; {hint}", param_hint="--bounds") from None


class _Teller:
    """Shows a progress bar for each part that is being explored."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[int, TaskID] = {}

    def __call__(self, tick: Tick) -> None:
        if tick.part not in self._bars:
            self._bars[tick.part] = self._progress.add_task("")
        bar = self._bars[tick.part]
        what = f"{tick.part + 1}/{tick.parts} {tick.name}: {tick.phase}"
        self._progress.update(bar, description=what, total=tick.known, completed=tick.done)
        if tick.phase == "done":
            self._progress.remove_task(self._bars.pop(tick.part))


def _say(report: Report, of_ledger: LedgerReport) -> None:
    from web4proofs.explore import as_text, ledger

    click.echo(as_text(report))
    click.echo(ledger.as_text(of_ledger), nl=False)


def _write(trace: Path, report: Report, of_ledger: LedgerReport) -> None:
    """Write the counterexample, if there is one."""
    from web4proofs.explore import ledger

    found = report.counterexample
    if found is not None:
        text = found.trace
    elif of_ledger.broken is not None:
        text = ledger.as_itf(of_ledger)
    else:
        return
    trace.write_text(text, encoding="utf-8")
    click.echo(f"wrote {trace}; `web4 replay {trace}` runs it again", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def replay(file: Path, as_json: bool) -> None:
    """Run the counterexample in FILE again, on the code that is installed.

    FILE is an ITF trace that `web4 check explore` wrote.

    \b
    Exit codes: 0 nothing is broken any more, 1 the run is not possible with this code,
    12 a safety property fails, 13 no decision comes.
    """
    from web4proofs.explore import NotATrace
    from web4proofs.explore import replay as run_again

    try:
        read_json(read_bytes(file))
        replayed = run_again(file)
    except NotATrace as error:
        raise click.ClickException(plain(str(error))) from None
    except RecursionError:
        raise click.ClickException(f"{file} is no trace of web4: too deeply nested") from None
    except ValueError as error:
        raise click.ClickException(f"{file} is no trace of web4: {plain(str(error))}") from None
    if as_json:
        codes = {"exit_code": replayed.exit_code, "expected": replayed.expected}
        click.echo(json.dumps(codes | {"told": replayed.told}, indent=1))
        sys.exit(replayed.exit_code)
    click.echo(replayed.told)
    if replayed.exit_code != replayed.expected:
        click.echo(f"when it was written, the exit code was {replayed.expected}", err=True)
    sys.exit(replayed.exit_code)
