"""Break the shipped source, one small change at a time, and see what catches it.

    python3 -m tests.long.mutants            every mutant (hours on two cores)
    python3 -m tests.long.mutants --named    those of the rules alone (a quarter of an hour)
    python3 -m tests.long.mutants --sample 40 --seed 7

First come the named mutants, one for each rule of the specification, each tried on the instrument
that must catch it; then those that a machine makes, in every function that a proof executes.
These are first given to the proofs that execute the changed function, and if they hold, to the
tests.
What neither catches must stand in `web4proofs.mutants.equivalent` with a reason, and what stands
there must not be caught; the exit code is 0 only then.
With all mutants tried, `spec/MUTANTS.md` is written anew; with `--named`, the first part of it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.long.mutant_table import with_named, written
from tests.spec_tools.clauses import TESTS as FOLDERS
from tests.spec_tools.clauses import marked
from web4proofs.catalogue import theorems
from web4proofs.mutants.catalogue import named_mutants
from web4proofs.mutants.covered import automatic_mutants
from web4proofs.mutants.equivalent import EQUIVALENT
from web4proofs.mutants.install import source_of
from web4proofs.mutants.named import Instrument, Named
from web4proofs.mutants.operators import Mutant
from web4proofs.mutants.trial import Coverage, Trial, by_proof, coverage, named_trials, trials
from web4proofs.runner import run

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "spec" / "MUTANTS.md"
JOBS = 2
TESTS = (
    "tests/vectors/test_vectors.py",
    "tests/project/test_clauses_of_rules.py",
    "tests/project/test_clauses_of_a_height.py",
    "tests/project/test_clauses_of_replicas.py",
    "tests/project/test_clauses_of_bytes.py",
    "tests/consensus",
    "tests/ledger",
    "tests/unit",
    "tests/test_scenarios.py",
    "tests/property",
)
"""What finds most, soonest, comes first."""
TESTS_LIMIT_S = 600
UNBROKEN = Mutant("web4core.quorum", "", 0, "nothing", source_of("web4core.quorum"))
"""What every test lets pass, or else every mutant would seem caught."""
SIMULATION = "web4cli.simulation_trial"
CANNOT_RUN = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
"""How pytest ends when it has judged nothing."""
BY_TESTS = Instrument.TESTS


def main() -> int:
    """Try them; 0 if all are caught but those that are known to change nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--named", action="store_true", help="only those of the rules")
    parser.add_argument("--sample", type=int, help="try only so many of those made by machine")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--module", help="only those of this module")
    asked = parser.parse_args()
    print("first the proofs on the unbroken code", flush=True)
    covered = coverage(run(theorems(), theorems, lambda _done: None, JOBS))
    if asked.named:
        return _named_alone(covered)
    print("and the tests", flush=True)
    if (failing := fails_tests(UNBROKEN, TESTS)) is not None:
        print(f"the tests do not pass on the unbroken code: {failing}")
        return 12
    chosen = [m for m in automatic_mutants(covered) if asked.module in (None, m.module)]
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))
    whole = asked.sample is None and asked.module is None
    named = tried_by_name(covered) if whole else {}
    tried = tried_by_machine(chosen, covered)
    if whole:
        TABLE.write_text(written(named, tried, EQUIVALENT), encoding="utf-8")
        print(f"wrote {TABLE.relative_to(ROOT)}")
    missed = [name for name, trial in named.items() if trial.caught_by is None]
    for name in missed:
        print(f"NOT CAUGHT: {name}")
    return _judged(tried, whole=whole) or (12 if missed else 0)


def _named_alone(covered: Coverage) -> int:
    named = tried_by_name(covered)
    page = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(with_named(page, named, EQUIVALENT), encoding="utf-8")
    missed = [name for name, trial in named.items() if trial.caught_by is None]
    for name in missed:
        print(f"NOT CAUGHT: {name}")
    print(f"{len(named) - len(missed)} of {len(named)} caught")
    return 12 if missed else 0


# --- one for each rule -------------------------------------------------------------------------


def tried_by_name(covered: Coverage) -> dict[str, Trial]:
    """Every named mutant, by its name, tried on the instrument that must catch it."""
    shipped = named_mutants(Instrument.PROOF, Instrument.EXPLORATION, Instrument.SIMULATION)
    found = dict(named_trials(shipped, covered, SIMULATION, JOBS))
    places = marked(*FOLDERS)
    tries = (partial(by_tests, named, mutant, places) for named, mutant in named_mutants(BY_TESTS))
    found.update((each.mutant.change, each) for each in trials(tries, JOBS))
    print(f"{len(found)} mutants by name tried", flush=True)
    return found


def by_tests(named: Named, mutant: Mutant, places: Mapping[str, Sequence[object]]) -> Trial:
    """Try a mutant on the tests that cite the clause which it breaks."""
    chosen = [str(place).replace(": ", "::") for place in places.get(named.clause, ())]
    began_s = time.monotonic()
    failing = fails_tests(mutant, chosen) if chosen else None
    caught_by = None if failing is None else BY_TESTS
    return Trial(mutant, caught_by, failing or "", time.monotonic() - began_s)


# --- made by machine ---------------------------------------------------------------------------


def tried_by_machine(chosen: Sequence[Mutant], covered: Coverage) -> list[Trial]:
    """Each given to the proofs, and what they let pass to the tests."""
    print(f"{len(chosen)} mutants by machine", flush=True)
    tried = _told(trials((partial(by_proof, m, covered) for m in chosen), JOBS), len(chosen))
    passed = [trial.mutant for trial in tried if trial.caught_by is None]
    print(f"the proofs let {len(passed)} pass; now the tests", flush=True)
    with ThreadPoolExecutor(JOBS) as pool:
        failing = pool.map(partial(fails_tests, tests=TESTS), passed)
        failed = dict(zip((each.id for each in passed), failing, strict=True))
    return [
        Trial(trial.mutant, BY_TESTS, failed[trial.mutant.id] or "", trial.seconds)
        if failed.get(trial.mutant.id)
        else trial
        for trial in tried
    ]


def _told(done: Iterable[Trial], count: int) -> list[Trial]:
    found = []
    for trial in done:
        found.append(trial)
        if len(found) % 25 == 0 or len(found) == count:
            print(f"  {len(found)} of {count} tried", flush=True)
    return found


def fails_tests(mutant: Mutant, tests: Sequence[str]) -> str | None:
    """The first test that fails while this mutant stands in place of its module."""
    command = [sys.executable, "-m", "tests.long.under_mutant", mutant.module, *tests]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            input=mutant.source,
            capture_output=True,
            text=True,
            timeout=TESTS_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {TESTS_LIMIT_S} s"
    print(f"  {'caught' if done.returncode else 'PASSES'} {mutant.id}", flush=True)
    if done.returncode == 0:
        return None
    if done.returncode in CANNOT_RUN:
        raise RuntimeError(f"pytest could not run {' '.join(tests)}: {done.stderr or done.stdout}")
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else f"pytest ends with {done.returncode}"


def _judged(tried: Sequence[Trial], *, whole: bool) -> int:
    survivors = {trial.mutant.id for trial in tried if trial.caught_by is None}
    known = {each for each in EQUIVALENT if whole or each in {t.mutant.id for t in tried}}
    for each in sorted(survivors - known):
        print(f"NOT CAUGHT, and not known to change nothing: {each}")
    for each in sorted(known - survivors):
        print(f"CAUGHT, or gone, though said to change nothing: {each}")
    caught = len(tried) - len(survivors)
    print(f"{caught} of {len(tried)} caught, {len(survivors & known)} change nothing")
    return 0 if tried and survivors == known else 12


if __name__ == "__main__":
    sys.exit(main())
