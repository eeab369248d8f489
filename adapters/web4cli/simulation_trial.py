"""The process that simulates federations with a mutant: the mutant comes on standard input.

It starts afresh, so that nothing of `web4core` is imported before the mutant is in place.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from web4process.workers import end_with_parent
from web4proofs.mutants.install import install

CAUGHT_BY = "simulation"
SEEDS = 40


def main() -> None:
    """Simulate with one mutant in place."""
    end_with_parent()
    asked: dict[str, Any] = json.load(sys.stdin)
    install(asked["module"], asked["source"])
    how = simulated()
    json.dump({"caught_by": None if how is None else CAUGHT_BY, "how": how or ""}, sys.stdout)


def simulated() -> str | None:
    """The violation in the first seed that does not hold; None if all hold."""
    from web4lab import simulation

    options = simulation.Options(signatures=simulation.Signatures.STAND_IN)
    for seed in range(SEEDS):
        report = simulation.run_seed(seed, options)
        if report.verdict is not simulation.RunResult.HOLDS:
            return f"seed {seed}: {report.verdict.value}: {report.clause} {report.found}"
    return None


if __name__ == "__main__":
    main()
