"""The process that explores a mutant: its order is on standard input, its result on output.

Bounds are small, and one parting is tried: a single broken rule shows soon.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from web4process.workers import end_with_parent
from web4proofs.mutants.install import install

CAUGHT_BY = "exploration"


def main() -> None:
    """Explore with one mutant in place."""
    end_with_parent()
    asked: dict[str, Any] = json.load(sys.stdin)
    install(asked["module"], asked["source"])
    how = explored()
    json.dump({"caught_by": None if how is None else CAUGHT_BY, "how": how or ""}, sys.stdout)


def explored() -> str | None:
    """Return what the nearest failing part found; None if all parts hold."""
    from web4proofs.explore import Bounds, ExplorationResult  # noqa: PLC0415
    from web4proofs.explore.after_gst import Parting  # noqa: PLC0415
    from web4proofs.explore.exploration import Plan, part_of  # noqa: PLC0415

    for views in (1, 2):
        bounds = Bounds(heights=1, views=views)
        for byzantine in bounds.placements():
            plan = Plan(bounds, byzantine, thorough=False, partings=(Parting.NOTHING,))
            part = part_of(plan)
            if part.verdict is not ExplorationResult.HOLDS:
                shown = part.counterexample
                told = part.reason if shown is None else f"{shown.broken}, in {shown.moves} moves"
                return f"{part.name}: {part.verdict.value}: {told}"
    return None


if __name__ == "__main__":
    main()
