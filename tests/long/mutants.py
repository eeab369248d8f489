"""Break the shipped source by machine, one small change at a time, and see what catches it.

    python3 -m tests.long.mutants            every mutant (about an hour on two cores)
    python3 -m tests.long.mutants --sample 40 --seed 7

Each mutant is first given to the proofs that execute the changed function, and if they hold, to the
tests.
What neither catches must stand in `web4proofs.mutants.equivalent` with a reason, and what stands
there must not be caught; the exit code is 0 only then.
With all mutants tried, `spec/MUTANTS.md` is written anew.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.long.mutant_table import written
from web4proofs.catalogue import theorems
from web4proofs.mutants.covered import automatic_mutants
from web4proofs.mutants.equivalent import EQUIVALENT
from web4proofs.mutants.named import named_mutants
from web4proofs.mutants.operators import Mutant
from web4proofs.mutants.trial import Trial, coverage, trials
from web4proofs.running import run

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "spec" / "MUTANTS.md"
JOBS = 2
TESTS = (
    "tests/ledger",
    "tests/consensus",
    "tests/unit",
    "tests/project/test_clauses_of_rules.py",
    "tests/project/test_clauses_of_a_height.py",
    "tests/project/test_clauses_of_replicas.py",
    "tests/project/test_clauses_of_bytes.py",
    "tests/property",
    "tests/test_scenarios.py",
)
TESTS_LIMIT_S = 600
BY_TESTS = "tests"


def main() -> int:
    """Try them; 0 if all are caught but those that are known to change nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="try only so many")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--module", help="only those of this module")
    asked = parser.parse_args()
    chosen = [m for m in automatic_mutants() if asked.module in (None, m.module)]
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))
    print(f"{len(chosen)} mutants; first the proofs on the unbroken code", flush=True)
    covered = coverage(run(theorems(), theorems, lambda _done: None, JOBS))
    tried = _told(trials(chosen, covered, JOBS), len(chosen))
    tried = _with_tests(tried)
    whole = asked.sample is None and asked.module is None
    if whole:
        named = list(trials([mutant for _, mutant in named_mutants()], covered, JOBS))
        TABLE.write_text(written(named, tried, EQUIVALENT), encoding="utf-8")
        print(f"wrote {TABLE.relative_to(ROOT)}")
    return _judged(tried, whole=whole)


def _told(done: Iterable[Trial], count: int) -> list[Trial]:
    found = []
    for trial in done:
        found.append(trial)
        if len(found) % 25 == 0 or len(found) == count:
            print(f"  {len(found)} of {count} tried", flush=True)
    return found


def _with_tests(tried: Sequence[Trial]) -> list[Trial]:
    """Give what the proofs let pass to the tests."""
    passed = [trial.mutant for trial in tried if trial.caught_by is None]
    print(f"the proofs let {len(passed)} pass; now the tests", flush=True)
    with ThreadPoolExecutor(JOBS) as pool:
        failed = dict(zip((each.id for each in passed), pool.map(fails_tests, passed), strict=True))
    return [
        Trial(trial.mutant, BY_TESTS, "a test fails", trial.seconds)
        if failed.get(trial.mutant.id)
        else trial
        for trial in tried
    ]


def fails_tests(mutant: Mutant) -> bool:
    """Whether a test fails while this mutant stands in place of its module."""
    command = [sys.executable, "-m", "tests.long.under_mutant", mutant.module, *TESTS]
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
        return True
    print(f"  {'caught' if done.returncode else 'PASSES'} {mutant.id}", flush=True)
    return done.returncode != 0


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
