"""One platform: the agreement on the current height and the application's state, composed.

`step` holds the two calls, `state` the state of a platform, `blocks` the making and judging of
blocks, `catchup` the exchange of blocks with platforms behind and ahead, `pacemaker` the timers
that should run.
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
