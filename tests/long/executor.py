"""The symbolic executor against plain runs: `python -m tests.long.executor`.

Every function that the proofs of the ledger execute is run on plain inputs that the solver draws
for each of its paths; it must execute the same instructions and give the same result.
Exits with 0 if all agrees, with 12 if anything differs, and with 3 if fewer inputs were drawn than
asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from math import ceil

from web4proofs.ledger import blocks, genesis, lists, maps, overlay, wire
from web4proofs.ledger.view import KINDS, rule_of
from web4proofs.symbolic.subject import Replays, Subject, paths_of, replay

INPUTS = 10_000
DIFFERS, TOO_FEW = 12, 3


def subjects() -> Iterator[tuple[str, Subject]]:
    """All that is executed, by a name for people."""
    for kind in KINDS:
        yield f"rule for {kind.__name__}", rule_of(kind).subject
    yield "overlay, reading", overlay.READING
    yield "overlay, keys", overlay.READING_KEYS
    yield "overlay, applying", overlay.APPLYING
    yield "overlay, settling", overlay.SETTLING
    yield "blocks", blocks.JUDGING
    yield "genesis", genesis.GENESIS
    yield "integers", wire.INTEGERS
    yield "bytes of integers", wire.INTEGER_BYTES
    yield "heads", wire.HEADS
    yield "bytes of heads", wire.HEAD_BYTES
    yield "map proofs", maps.PROOFS
    yield "bits of paths", maps.BITS
    yield "list proofs", lists.LISTS


def compare(
    named: Iterable[tuple[str, Subject]],
    least: int,
    told: Callable[[str, int], None],
    seed: int = 0,
) -> Replays:
    """Compare plain runs with every path of these subjects, `least` of each subject if it has them.

    A path with few inputs gives fewer.
    """
    count = 0
    differences: list[str] = []
    for name, subject in named:
        exploration = paths_of(subject)
        each = ceil(least / len(exploration.paths))
        replays = replay(subject, exploration, each, seed)
        told(name, replays.count)
        count += replays.count
        differences += [f"{name}: {text}" for text in replays.differences]
    return Replays(count, tuple(differences))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--least", type=int, default=700, help="inputs for each function")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    replays = compare(subjects(), options.least, _tell, options.seed)
    print(f"{replays.count} plain runs, seed {options.seed}: {len(replays.differences)} differ")
    for text in replays.differences[:10]:
        print(f"  {text}")
    if replays.differences:
        return DIFFERS
    return 0 if replays.count >= INPUTS else TOO_FEW


def _tell(name: str, count: int) -> None:
    print(f"  {name}: {count}")


if __name__ == "__main__":
    sys.exit(main())
