"""Faults on real processes: links that delay, break, lie and go silent; platforms that are stopped.

`proxy` is one TCP link with faults, `network` all links of a federation, `load` a client that never
rests, `latency` how long a lone transaction takes, `trials` what is done to a federation, and
`scenario` does it all, and checks what came of it.
"""

from web4lab.chaos.latency import Latency
from web4lab.chaos.load import Load
from web4lab.chaos.network import Network
from web4lab.chaos.scenario import FaultReport, Outcome, tell_faults

__all__ = ["FaultReport", "Latency", "Load", "Network", "Outcome", "tell_faults"]
