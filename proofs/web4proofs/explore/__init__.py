"""Exhaustive exploration of the shipped consensus and ledger: `web4 check explore`.

- `explore(bounds, told)` visits every state of a federation within the bounds, and reports;
- `explore_ledger(depth)` does the same for a few transactions on the ledger;
- `replay(path)` runs a counterexample again, from its file.

`spec/exploration.md` says what is explored within which bounds, and why the reductions are sound.

The modules, from the bottom up:

- `subject`, `blocks`: the code, the bounds and the blocks that are explored;
- `candidate_messages`, `message_set`: every message that the gate lets in, and what each needs;
- `stimuli`, `event_tree`: everything that can happen to one platform;
- `moves`: what a platform does then;
- `canonical`, `symmetry`: which states count as one;
- `search`: all states of a federation;
- `oracle`, `refinement`: the properties of each state and of each move;
- `after_gst`, `progress`: whether each state leads to a decision;
- `heights`: whether heights may be explored one after another;
- `execution`, `counterexample`, `itf`, `transcript`, `trace_replay`: forms of a counterexample;
- `branches`, `unreached`: the branches of the code that were executed;
- `ledger_scene`, `ledger`: the exploration of the ledger, and `stub`: the smallest application;
- `reductions`: comparisons with and without the reductions;
- `exploration`, `report`: all of this together, and its report.
"""

from web4proofs.explore.exploration import DEFAULT_BOUNDS, Tick, explore
from web4proofs.explore.itf import NotATrace
from web4proofs.explore.ledger import LedgerReport, explore_ledger
from web4proofs.explore.report import ExplorationResult, Report, as_plain, as_text, worst
from web4proofs.explore.stub import Stub
from web4proofs.explore.subject import Bounds, Subject, genesis_of
from web4proofs.explore.trace_replay import Replayed, replay

__all__ = [
    "DEFAULT_BOUNDS",
    "Bounds",
    "ExplorationResult",
    "LedgerReport",
    "NotATrace",
    "Replayed",
    "Report",
    "Stub",
    "Subject",
    "Tick",
    "as_plain",
    "as_text",
    "explore",
    "explore_ledger",
    "genesis_of",
    "replay",
    "worst",
]
