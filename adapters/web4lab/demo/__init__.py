"""A whole federation on this machine: real processes, real transfers, every figure checked."""

from web4lab.demo.federation import LocalFederation, ProcessFailed
from web4lab.demo.scenario import Report, tell

__all__ = ["LocalFederation", "ProcessFailed", "Report", "tell"]
