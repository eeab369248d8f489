"""`web4 simulate`: federations on virtual time, under faults that a seed draws."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web4cli.common import FOLDER, json_option
from web4cli.journals import departures_in

if TYPE_CHECKING:
    from web4core import Violation
    from web4lab.simulation import Options
    from web4lab.simulation.cluster import Cluster

SEEDS = 20
"""Runs that are made unless it is said."""
FEWEST_FOR_A_FORK = 3
"""One platform that forks, and two that it can set apart."""
SHOWN = 3
"""Files that are named of those that are in the way."""


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gather the options that determine a run, but for its seed, into one `Options`."""

    @click.option("--platforms", "n", type=click.IntRange(1, 31), help="Else the seed draws N.")
    @click.option("--keep", help="Only these of the seed's faults: 0,3 or none.")
    @click.option("--fork", is_flag=True, help="One Byzantine platform too many: it must fork.")
    @click.option("--stand-in-signatures", "fast", is_flag=True, help="A keyed hash; faster.")
    @wraps(command)
    def gathered(n: int | None, keep: str | None, fork: bool, fast: bool, **others: Any) -> None:
        from web4lab.simulation import Options, Signatures

        if fork and n is not None and n < FEWEST_FOR_A_FORK:
            raise click.UsageError(f"--fork takes {FEWEST_FOR_A_FORK} platforms or more")
        signatures = Signatures.STAND_IN if fast else Signatures.ED25519
        command(options=Options(n, signatures, _places(keep), fork), **others)

    return gathered


@click.command()
@click.option("--seeds", type=click.IntRange(1), help=f"How many, from 0 on; else {SEEDS}.")
@click.option("--seed", type=click.IntRange(0), help="One run instead, told whole.")
@run_options
@click.option("--journals", type=FOLDER, help="Of --seed: write them here, for `web4 audit`.")
@click.option("--scale", type=FOLDER, help="Measure N = 4 to 31 instead; tables and plots go here.")
@json_option
def simulate(
    seeds: int | None,
    seed: int | None,
    options: Options,
    journals: Path | None,
    scale: Path | None,
    as_json: bool,
) -> None:
    """Run whole federations on virtual time, each with faults of its own.

    Real replicas, bytes and signatures; network, clocks and disks are simulated. Equal seeds give
    equal runs, byte for byte. In the end the journals of all honest platforms are audited, as
    `web4 audit` does it. A run that fails is shrunk to the fewest faults that still fail.

    \b
    Exit codes: 0 all hold, 2 usage, 3 a bound was reached, 12 a safety property fails,
    13 something is never finished.
    """
    workers = os.cpu_count() or 1
    if seed is not None and seeds is not None:
        raise click.UsageError("--seed makes one run, --seeds many: give one of them")
    if seed is None and options.keep is not None:
        raise click.UsageError("--keep is about the faults of one --seed")
    if scale is not None:
        if (seed, seeds, journals) != (None, None, None) or not _is_plain(options):
            raise click.UsageError("--scale measures by itself: give no other option but --json")
        check_scale_folder(scale)
        sys.exit(_measure(scale, workers, as_json))
    if journals is not None and (seed is None or journals.exists() or not _is_signed(options)):
        raise click.UsageError("--journals takes a new folder, one --seed, and real signatures")
    if seed is not None:
        sys.exit(_one(seed, options, journals, as_json))
    sys.exit(_many(seeds or SEEDS, options, workers, as_json))


def _is_plain(options: Options) -> bool:
    from web4lab.simulation import Options as Simulated

    return options == Simulated()


def check_scale_folder(folder: Path) -> None:
    """Refuse a folder with anything else in it than an earlier report."""
    from web4lab.simulation.report import SCALE_FILES

    others = {each.name for each in folder.iterdir()} - SCALE_FILES if folder.exists() else set()
    if others:
        told = ", ".join(sorted(others)[:SHOWN])
        raise click.UsageError(f"--scale takes a new folder, or one of its own: {told} is in it")


def _is_signed(options: Options) -> bool:
    from web4lab.simulation import Signatures

    return options.signatures is Signatures.ED25519


def _one(seed: int, options: Options, journals: Path | None, as_json: bool) -> int:
    from web4lab.simulation import EXIT_CODES, as_text, report_json, run_seed
    from web4lab.simulation.journal_export import keep_journals
    from web4lab.simulation.swarm import NoSuchFault

    def audited(cluster: Cluster) -> tuple[Violation, ...]:
        if journals is not None:
            keep_journals(cluster, journals)
        return departures_in(cluster)

    try:
        report = run_seed(seed, options, auditor=audited)
    except NoSuchFault as error:
        raise click.BadParameter(str(error), param_hint="--keep") from None
    _say(json.dumps(report_json(report), indent=1) if as_json else as_text(report))
    return EXIT_CODES[report.verdict]


def _many(seeds: int, options: Options, workers: int, as_json: bool) -> int:
    from web4lab.simulation import run_many, shrink, shrunk_text, summary_json, summary_text

    with click.progressbar(length=seeds, label="simulating", file=sys.stderr) as bar:
        summary = run_many(
            range(seeds), options, workers, lambda _report: bar.update(1), departures_in
        )
    _say(json.dumps(summary_json(summary), indent=1) if as_json else summary_text(summary))
    for report in summary.failures[:1]:
        click.echo(shrunk_text(shrink(report, auditor=departures_in)), err=True)
    return summary.exit_code


def _measure(folder: Path, workers: int, as_json: bool) -> int:
    from web4lab.simulation import SIZES, scale_report, scale_table, write_scale_report
    from web4lab.simulation.scale import as_json as scale_json

    with click.progressbar(length=len(SIZES), label="measuring", file=sys.stderr) as bar:
        scales = scale_report(jobs=workers, progress=lambda _n: bar.update(1))
    written = write_scale_report(folder, scales)
    _say(json.dumps(scale_json(scales), indent=1) if as_json else scale_table(scales))
    click.echo(f"wrote {', '.join(str(path) for path in written)}", err=True)
    return 0


def _places(keep: str | None) -> tuple[int, ...] | None:
    if keep is None:
        return None
    if keep == "none":
        return ()
    try:
        places = tuple(int(each) for each in keep.split(","))
    except ValueError:
        places = ()
    if not places or len(set(places)) < len(places):
        raise click.BadParameter("give numbers, as in 0,3, or none", param_hint="--keep")
    return places


def _say(text: str) -> None:
    click.echo(f"web4 {version('web4')}", err=True)
    click.echo(text.rstrip("\n"))
