"""A whole federation on this machine: real processes, real transfers, every figure checked."""

from web4adapters.demo.federation import DEMO_NAMES, LocalFederation, ProcessFailed
from web4adapters.demo.story import Report, tell

__all__ = ["DEMO_NAMES", "LocalFederation", "ProcessFailed", "Report", "tell"]
