"""Trials of mutants that are broken off: the processes that are at it end at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil

from web4proofs.mutants import trial
from web4proofs.mutants.operators import Mutant

SLEEPS = """
import sys, time
begun = sys.stdin.read()
open(begun, "w").close()
time.sleep(100)
open(begun + ".slept", "w").close()
"""


def test_trials_that_are_closed_end_their_processes(tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def quick() -> trial.Trial:
        while not begun.exists():
            time.sleep(0.01)
        return trial.Trial(Mutant("module", "function", 1, "change", ""), None, "", 0.0)

    def slow() -> trial.Trial:
        trial._told([sys.executable, "-c", SLEEPS], str(begun))
        return quick()

    trying = trial.trials((slow, quick, slow), jobs=2)
    next(trying)
    trying.close()
    assert list(tmp_path.iterdir()) == [begun], "nobody waited until they had slept"
    left = [each.cmdline() for each in psutil.Process().children()]
    assert not any(SLEEPS in command for command in left)
