"""`web4 bench`: takes the measurements in one run, and prints them as a table or as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from rich.console import Console
from rich.table import Table

from web4lab.bench.accounts import apply_block, growth
from web4lab.bench.empty_block import empty_block
from web4lab.bench.live import latency, memory, throughput
from web4lab.bench.measurement import Measurement
from web4lab.bench.processes import cores
from web4lab.bench.profiler import shares


@frozen
class Size:
    """The amount of measuring: all of it, or a quick look at the same."""

    repeats: int
    blank_blocks: int
    accounts: int
    load_batches: int
    load_repeats: int
    lone_rounds: int
    steady_blocks: int


FULL = Size(31, 20, 1_000_000, 8, 5, 25, 10_000)
QUICK = Size(11, 20, 100_000, 3, 1, 5, 300)

PARTS: Final[dict[str, Callable[[Size], Sequence[Measurement]]]] = {
    "empty": lambda size: (empty_block(size.repeats, size.blank_blocks),),
    "apply": lambda size: (apply_block(size.repeats),),
    "throughput": lambda size: (throughput(size.load_repeats, size.load_batches),),
    "latency": lambda size: (latency(size.lone_rounds),),
    "growth": lambda size: growth(size.accounts),
    "memory": lambda size: (memory(size.steady_blocks),),
}
"""The parts that `--only` may name; "growth" also measures the memory of an account."""

PROFILED: Final[dict[str, Callable[[Size, Path], Measurement]]] = {
    "throughput": lambda size, folder: throughput(1, size.load_batches, folder),
    "latency": lambda size, folder: latency(size.lone_rounds, folder),
}
"""The parts that are run once more under the profiler."""


def run_bench(
    *, quick: bool, json_output: bool, only: tuple[str, ...], profile: bool = False
) -> int:
    """Measure the parts named in `only`, or all; print the report; 0.

    An aim that is missed is no error: the report says so, and the profile shows why.
    Raises `BenchError` for a measurement that cannot be taken here.
    """
    size = QUICK if quick else FULL
    progress = Console(stderr=True, quiet=not sys.stderr.isatty())
    names = [name for name in PARTS if not only or name in only]
    found: list[Measurement] = []
    for name in names:
        progress.print(f"measuring {name} ...")
        found.extend(PARTS[name](size))
    profiles: dict[str, Any] = {}
    for name in names:
        if profile and name in PROFILED:
            progress.print(f"profiling {name} ...")
            profiles[name] = _profiled(name, size)
    if json_output:
        sys.stdout.write(json.dumps(_as_json(found, profiles, quick=quick)) + "\n")
    else:
        _show(found, profiles)
    return 0


def _profiled(name: str, size: Size) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="web4-profile-") as temporary:
        folder = Path(temporary)
        PROFILED[name](size, folder)
        return shares(folder)


def _as_json(
    found: Sequence[Measurement], profiles: dict[str, Any], *, quick: bool
) -> dict[str, Any]:
    return {
        "version": version("web4"),
        "quick": quick,
        "cores": cores(),
        "measurements": [each.as_json() for each in found],
        "profiles": profiles,
    }


def _show(found: Sequence[Measurement], profiles: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"web4 {version('web4')}, {cores()} cores", title_justify="left")
    for column in ("what", "ratio of", "min", "median", "max", "aim", "reached"):
        table.add_column(column)
    for each in found:
        ratio = each.ratio
        figures = (f"{value:.2f}" for value in (ratio.low, ratio.median, ratio.high))
        reached = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[each.reached]
        table.add_row(each.name, each.over, *figures, str(each.aim or ""), reached)
    console.print(table)
    for each in found:
        console.print(f"[bold]{each.name}[/]", highlight=False)
        for name, value in each.details.items():
            console.print(f"  {name.replace('_', ' ')}: {_told(value)}", highlight=False)
    for name, told in profiles.items():
        _show_profile(console, name, told)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(each)}" for key, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _show_profile(console: Console, name: str, told: dict[str, Any]) -> None:
    console.print(f"[bold]{name}: where the event loops' {told['busy_s']} busy seconds go[/]")
    console.print(f"  processor seconds: {_told(told['processor_s'])}", highlight=False)
    table = Table()
    table.add_column("what")
    table.add_column("share", justify="right")
    for section in ("shares", "top"):
        for what, share in told[section].items():
            table.add_row(what, f"{share:.1%}")
        table.add_section()
    console.print(table)
