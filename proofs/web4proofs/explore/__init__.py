"""Exhaustive exploration of the shipped consensus and ledger: `web4 check explore`.

- `explore(bounds, told)` goes through every state of a federation within the bounds and reports;
- `explore_ledger(depth)` does the same for a few transactions on the ledger;
- `replay(path)` runs a counterexample again, from its file.

What is explored, within which bounds, and why what is left out may be, is in `spec/exploration.md`.

`subject` and `blocks` say what is explored, `offers` all that can be said, `cues` and `hearing` all
that can happen to one platform, `moves` what it does then, `canonical` and `symmetry` which states
count as one, `search` all states of a federation, `judging` what must hold in each, `healing` and
`progress` that each leads to a decision, `heights` that heights can be explored one after another,
`playing`, `counterexample`, `itf`, `transcript` and `replaying` how a counterexample is shown,
`branches` and `untaken` what of the code was executed, and `exploring` runs it all.
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
