"""Faults on real processes: links that delay, break, corrupt and go silent; stopped platforms.

`proxy` is one TCP link with faults, `network` all links of a federation, `load` a client that
always pays, `latency` the time of a lone transaction, `trials` the faults of a federation, and
`scenario` runs them all and checks the outcome.
"""

from web4lab.chaos.latency import Latency
from web4lab.chaos.load import Load
from web4lab.chaos.network import Network
from web4lab.chaos.scenario import FaultReport, Outcome, tell_faults

__all__ = ["FaultReport", "Latency", "Load", "Network", "Outcome", "tell_faults"]
