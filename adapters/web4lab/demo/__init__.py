"""A whole federation on this machine: real processes, real transfers, every figure checked."""

from web4lab.demo.federation import DEMO_NAMES, LocalFederation, ProcessFailed
from web4lab.demo.scenario import Report, tell

__all__ = ["DEMO_NAMES", "LocalFederation", "ProcessFailed", "Report", "tell"]
