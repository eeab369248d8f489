"""`web4 check`: the proofs and explorations of the installed code, run anew."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web4cli.common import SAFETY, json_option
from web4cli.explore import explore

if TYPE_CHECKING:
    from web4proofs.theorem import Theorem

REPORTS = ("junit", "sarif", "github")
"""Reports for other machines: test dashboards, code scanning, pull requests."""

SIMULATION = "web4cli.simulation_trial"
"""The module that simulates a mutant in a process of its own."""


@click.group()
def check() -> None:
    """Check the properties of the code that is installed here.

    \b
    Prove all theorems:            web4 check prove
    Those about one clause:        web4 check prove C-PREP-3
    Your own ledger rules:         web4 check prove --rules my.module
    See that the proofs can fail:  web4 check mutants
    Go through every state:        web4 check explore
    """


check.add_command(explore)


@check.command()
@click.argument("names", nargs=-1, metavar="[CLAUSE|THEOREM]...")
@click.option("--report", type=click.Choice(REPORTS), help="Print this report instead.")
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time; default: all cores.")
@click.option("--list", "listing", is_flag=True, help="Name the theorems, prove nothing.")
@click.option("--rules", metavar="MODULE", help="Prove the ledger rules of this module instead.")
@json_option
def prove(
    names: tuple[str, ...],
    report: str | None,
    jobs: int | None,
    listing: bool,
    rules: str | None,
    as_json: bool,
) -> None:
    """Prove what `spec/proofs.md` claims, by running the installed code on symbolic values.

    NAMES chooses theorems by id (P-LEDGER-1), by the start of one (P-LEDGER), or by the clause that
    they prove something of (C-PREP-3).

    --report prints what other machines read: `junit` for test dashboards, `sarif` for code
    scanning, `github` for annotations beside the code in a pull request.

    \b
    Exit codes: 0 all hold, 1 a proof broke off, 2 usage, 3 the solver could not decide,
    12 a theorem fails; the report then shows the values that break it.
    """
    from web4proofs.catalogue import UnknownName, chosen
    from web4proofs.ledger.custom import NotRules
    from web4proofs.reports import Run, render
    from web4proofs.runner import exit_code, run

    if report is not None and (as_json or listing):
        raise click.UsageError("--report is an output of its own: leave out --json and --list")
    sys.path.insert(0, str(Path.cwd()))  # where --rules looks, as `python -m` does
    try:
        find = _finder(rules)
        theorems = chosen(names, find() if rules is None else _found_in(rules, find))
    except (NotRules, UnknownName) as error:
        raise click.UsageError(str(error)) from None
    if listing:
        _list(theorems, as_json)
        return
    began_s = time.perf_counter()
    with click.progressbar(length=len(theorems), label="proving", file=sys.stderr) as bar:
        attempts = run(theorems, find, lambda _done: bar.update(1), jobs)
    told = Run(version("web4"), attempts, time.perf_counter() - began_s)
    click.echo(render(told, report or ("json" if as_json else "text")), nl=False)
    sys.exit(exit_code(attempts))


def _list(theorems: Sequence[Theorem], as_json: bool) -> None:
    if as_json:
        listed = [
            {"id": each.id, "says": each.says, "clauses": list(each.clauses)} for each in theorems
        ]
        click.echo(json.dumps({"theorems": listed}, indent=1))
        return
    for theorem in theorems:
        click.echo(f"{theorem.id:14} {theorem.says}")


def _finder(rules: str | None) -> Callable[[], Sequence[Theorem]]:
    """Return the function that finds the theorems, here and in other processes."""
    if rules is None:
        from web4proofs.catalogue import theorems

        return theorems
    from web4proofs.ledger.custom import check_rules

    return partial(check_rules, rules)


def _found_in(rules: str, find: Callable[[], Sequence[Theorem]]) -> Sequence[Theorem]:
    """The theorems about a module that is not part of web4, whose import may do anything."""
    from web4proofs.ledger.custom import NotRules

    try:
        return find()
    except (NotRules, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001  `sys.exit(0)` among them, which proves nothing
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise click.ClickException(f"{rules} cannot be imported: {told}") from None


@check.command()
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time; default: all cores.")
@json_option
def mutants(jobs: int | None, as_json: bool) -> None:
    """Break each rule in the source, and see that a proof, an exploration or a simulation sees it.

    The proofs are run once on the unbroken code first, to see which execute what.
    Rules that only tests look at are tried by a longer run, from a checkout; see the README.

    \b
    Exit codes: 0 all are caught, 1 a change does not fit the source any more, 12 one is not caught.
    """
    from web4proofs.catalogue import theorems
    from web4proofs.mutants.catalogue import named_mutants
    from web4proofs.mutants.named import Instrument, Stale
    from web4proofs.mutants.trial import TrialError, coverage, named_trials
    from web4proofs.runner import run

    shipped = (Instrument.PROOF, Instrument.EXPLORATION, Instrument.SIMULATION)
    tried = {}
    try:
        broken = named_mutants(*shipped)
        with click.progressbar(length=len(theorems()), label="proving", file=sys.stderr) as bar:
            covered = coverage(run(theorems(), theorems, lambda _done: bar.update(1), jobs))
        with (
            click.progressbar(length=len(broken), label="breaking", file=sys.stderr) as bar,
            closing(named_trials(broken, covered, SIMULATION, jobs)) as trials,
        ):
            for name, trial in trials:
                tried[name] = trial
                bar.update(1)
    except (Stale, TrialError) as error:
        raise click.ClickException(str(error)) from None
    rows = [
        {
            "clause": named.clause,
            "mutant": named.name,
            "function": f"{named.module}.{named.function}",
            "instrument": named.by,
            "caught_by": tried[named.name].caught_by,
            "how": tried[named.name].how,
            "seconds": round(tried[named.name].seconds, 1),
        }
        for named, _ in broken
    ]
    holds = all(row["caught_by"] for row in rows)
    if as_json:
        told = {"version": version("web4"), "holds": holds, "mutants": rows}
        click.echo(json.dumps(told, indent=1))
    else:
        _tell_mutants(rows)
    sys.exit(0 if holds else SAFETY)


def _tell_mutants(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        verdict = f"{row['caught_by']}, {row['seconds']} s" if row["caught_by"] else "NOT CAUGHT"
        click.echo(f"{row['clause']:12} {row['mutant']:62} {verdict}")
        if row["caught_by"]:
            click.echo(f"{'':12} {row['how'].splitlines()[0][:110]}")
    caught = Counter(row["instrument"] for row in rows if row["caught_by"])
    told = ", ".join(f"{count} by {instrument}" for instrument, count in caught.items())
    click.echo(f"{caught.total()} of {len(rows)} are caught: {told}")
