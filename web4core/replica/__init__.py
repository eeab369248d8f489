"""One platform: the agreement on the current height and the application's state, composed.

`step` holds the two calls, `state` what a platform knows, `blocks` how one block follows another,
`catchup` what happens behind and ahead, `pacemaker` which timers should run.
"""

from web4core.replica.catchup import FETCH_BLOCKS
from web4core.replica.state import Config, State, Sync, Transition, Verdict
from web4core.replica.step import configure, may_drop, start, step

__all__ = [
    "FETCH_BLOCKS",
    "Config",
    "State",
    "Sync",
    "Transition",
    "Verdict",
    "configure",
    "may_drop",
    "start",
    "step",
]
