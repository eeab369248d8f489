"""The system's figures of a process: its resident memory and its processor time."""

from __future__ import annotations

import os
from pathlib import Path

from web4lab.bench.measurement import BenchError

_PROC = Path("/proc")
_UTIME, _STIME = 11, 12
"""Places of the two times in `stat`, counted from behind the command's name."""


def resident_bytes(pid: int | None = None) -> int:
    """The resident memory of a process, or of this one."""
    fields = _read(pid, "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int | None = None) -> float:
    """The processor time of a process, or of this one."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / os.sysconf("SC_CLK_TCK")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def _read(pid: int | None, name: str) -> str:
    path = _PROC / ("self" if pid is None else str(pid)) / name
    try:
        return path.read_text()
    except OSError as error:
        raise BenchError(f"{path} cannot be read ({error.strerror}); bench needs Linux") from None
