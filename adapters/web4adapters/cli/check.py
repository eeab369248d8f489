"""`web4 check`: the proofs and explorations of the installed code, run anew."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web4adapters.cli.common import json_option
from web4adapters.cli.explore import explore

if TYPE_CHECKING:
    from web4proofs.theorem import Theorem

FORMATS = ("text", "json", "junit", "sarif", "github")


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
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time; default: all cores.")
@click.option("--list", "listing", is_flag=True, help="Name the theorems, prove nothing.")
@click.option("--rules", metavar="MODULE", help="Prove the ledger rules of this module instead.")
def prove(
    names: tuple[str, ...], form: str, jobs: int | None, listing: bool, rules: str | None
) -> None:
    """Prove what `spec/proofs.md` claims, by running the installed code on symbolic values.

    NAMES chooses theorems by id (P-LEDGER-1), by the start of one (P-LEDGER), or by the clause that
    they prove something of (C-PREP-3).

    \b
    Exit codes: 0 all hold, 1 a proof broke off, 2 usage, 3 the solver could not decide,
    12 a theorem fails; the report then shows the values that break it.
    """
    try:
        from web4proofs.catalogue import UnknownName, chosen
        from web4proofs.ledger.custom import NotRules
        from web4proofs.reports import Run, render
        from web4proofs.running import exit_code, run
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        raise click.UsageError("proofs need Z3: python3 -m pip install 'web4[proofs]'") from None
    sys.path.insert(0, str(Path.cwd()))  # where --rules looks, as `python -m` does
    try:
        find = _finder(rules)
        theorems = chosen(names, find())
    except (NotRules, UnknownName) as error:
        raise click.UsageError(str(error)) from None
    if listing:
        for theorem in theorems:
            click.echo(f"{theorem.id:14} {theorem.says}")
        return
    began_s = time.perf_counter()
    with click.progressbar(length=len(theorems), label="proving", file=sys.stderr) as bar:
        attempts = run(theorems, find, lambda _done: bar.update(1), jobs)
    told = Run(version("web4"), attempts, time.perf_counter() - began_s)
    click.echo(render(told, form), nl=False)
    sys.exit(exit_code(attempts))


def _finder(rules: str | None) -> Callable[[], Sequence[Theorem]]:
    """What finds the theorems, here and in other processes."""
    if rules is None:
        from web4proofs.catalogue import theorems

        return theorems
    from web4proofs.ledger.custom import check_rules

    return partial(check_rules, rules)


@check.command()
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time; default: all cores.")
@json_option
def mutants(jobs: int | None, as_json: bool) -> None:
    """Break each safety rule in the source, and see that a proof catches it.

    The proofs are run once on the unbroken code first, to see which execute what.

    \b
    Exit codes: 0 all are caught, 1 a change does not fit the source any more, 12 one is not caught.
    """
    from web4proofs.catalogue import theorems
    from web4proofs.mutants.named import Stale, named_mutants
    from web4proofs.mutants.trial import TrialError, coverage, trials
    from web4proofs.running import run

    done = []
    try:
        named = {mutant.id: each for each, mutant in named_mutants()}
        broken = [mutant for _, mutant in named_mutants()]
        with click.progressbar(length=len(theorems()), label="proving", file=sys.stderr) as bar:
            covered = coverage(run(theorems(), theorems, lambda _done: bar.update(1), jobs))
        with click.progressbar(length=len(broken), label="breaking", file=sys.stderr) as bar:
            for trial in trials(broken, covered, jobs):
                done.append(trial)
                bar.update(1)
    except (Stale, TrialError) as error:
        raise click.ClickException(str(error)) from None
    rows = [
        {
            "clause": named[trial.mutant.id].clause,
            "mutant": trial.mutant.change,
            "function": f"{trial.mutant.module}.{trial.mutant.function}",
            "caught_by": trial.caught_by,
            "how": trial.how,
        }
        for trial in sorted(done, key=lambda trial: list(named).index(trial.mutant.id))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        for row in rows:
            verdict = f"caught by {row['caught_by']}" if row["caught_by"] else "NOT CAUGHT"
            click.echo(f"{row['clause']:12} {row['mutant']:58} {verdict}")
        caught = sum(row["caught_by"] is not None for row in rows)
        click.echo(f"{caught} of {len(rows)} are caught by a proof")
    sys.exit(0 if all(row["caught_by"] for row in rows) else 12)
