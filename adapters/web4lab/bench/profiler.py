"""The use of a platform's time: the same process, under cProfile, grouped by purpose of the code.

Run as `python -m web4lab.bench.profiler CONFIG OUTPUT`, it is `web4 run` with its profile
written when it stops.
cProfile makes Python code look slower than it is, but not native code.
It sees the event loop alone, by wall clock, waits for the disk and for a processor included; the
worker threads compute signatures, which are shown separately, by processor time.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

from web4adapters.config import PLATFORM_FILE, load_node_config
from web4adapters.node.main import run
from web4core import Address, Settings
from web4lab.bench.measurement import BenchError
from web4lab.demo import LocalFederation
from web4lab.demo.member import stop_when_left

TOP = 12
IDLE = "idle"

_GROUPS = (
    ("web4core/codec", "codec"),
    ("web4core/schema", "codec"),
    ("web4core/merkle", "core: hashing and Merkle"),
    ("web4core/hashing", "core: hashing and Merkle"),
    ("web4core/ledger", "core: ledger"),
    ("web4core/ed25519", "signatures"),
    ("web4core", "core: consensus and gate"),
    ("web4adapters/signers", "signatures"),
    ("web4adapters/storage", "storage"),
    ("web4adapters/files", "storage"),
    ("web4adapters/transport", "sockets"),
    ("web4adapters/api", "client API"),
    ("web4adapters", "runtime"),
    ("aiohttp", "sockets"),
    ("asyncio", "sockets"),
    ("multidict", "sockets"),
    ("yarl", "sockets"),
    ("json", "client API"),
    ("attr", "core: consensus and gate"),
)
_NATIVE = (
    ("poll", IDLE),
    ("sqlite3", "storage"),
    ("fdatasync", "storage"),
    ("fsync", "storage"),
    ("pwrite", "storage"),
    ("Ed25519", "signatures"),
    ("sign' of", "signatures"),
    ("socket", "sockets"),
)

Function: TypeAlias = tuple[str, int, str]


class ProfiledFederation(LocalFederation):
    """A local federation whose platforms write their profiles to a folder."""

    def __init__(
        self,
        profiles: Path,
        folder: Path,
        n: int,
        accounts: dict[Address, int],
        settings: Settings | None = None,
        snapshot_blocks: int = 1_000,
    ) -> None:
        super().__init__(folder, n, accounts, settings, snapshot_blocks)
        self._profiles = profiles

    def command(self, name: str) -> list[str]:
        """Return the command of a platform's process."""
        config = str(self.folder / name / PLATFORM_FILE)
        output = str(self._profiles / f"{name}.profile")
        return [sys.executable, "-m", "web4lab.bench.profiler", config, output]


def group_of(function: Function) -> str | None:
    """Name the purpose of a function by its file; None if that depends on its caller."""
    path, _, name = function
    if path == "~":
        return next((group for part, group in _NATIVE if part in name), None)
    for part, group in _GROUPS:
        if f"/{part}/" in path or f"/{part}." in path:
            return group
    return None


def shares(folder: Path) -> dict[str, Any]:
    """The shares of the event loops' time, by group and by function, idle time left out.

    Over all profiles in a folder; beside it the processor time of event loops and worker threads.
    """
    paths = [str(path) for path in sorted(folder.glob("*.profile"))]
    if not paths:
        raise BenchError("no platform wrote its profile; were they killed?")
    stats = pstats.Stats(*paths)
    told: dict[Function, Any] = stats.stats  # type: ignore[attr-defined]  # typeshed lacks it
    groups: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for function, (_, _, own_s, _, callers) in told.items():
        group = group_of(function)
        if group != IDLE:
            functions[_shown(function)] += own_s
        if group is not None:
            groups[group] += own_s
            continue
        for caller, (_, _, called_s, _) in callers.items():
            groups[group_of(caller) or "Python itself"] += called_s
    computed: Counter[str] = Counter()
    for path in folder.glob("*.computed"):
        computed.update(json.loads(path.read_text()))
    groups.pop(IDLE, None)
    busy_s = sum(groups.values())
    return {
        "busy_s": round(busy_s, 3),
        "processor_s": {name: round(spent_s, 3) for name, spent_s in computed.items()},
        "shares": {name: round(own_s / busy_s, 4) for name, own_s in groups.most_common()},
        "top": {name: round(own_s / busy_s, 4) for name, own_s in functions.most_common(TOP)},
    }


def _shown(function: Function) -> str:
    path, line, name = function
    if path == "~":
        return name
    return f"{'/'.join(Path(path).parts[-2:])}:{line} {name}"


def main(config: Path, output: Path) -> int:
    """Run a platform under the profiler; its exit code."""
    profile = cProfile.Profile()
    code: int = profile.runcall(run, load_node_config(config))
    profile.dump_stats(output)
    loop_s = time.thread_time()
    beside_s = max(0.0, time.process_time() - loop_s)
    computed = {"event loops": loop_s, "worker threads (signatures)": beside_s}
    output.with_suffix(".computed").write_text(json.dumps(computed))
    return code


if __name__ == "__main__":
    stop_when_left()
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
