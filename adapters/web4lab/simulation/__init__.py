"""`web4 simulate`: whole federations on virtual time, under faults that a seed draws.

Real replicas, real bytes and real signatures; the network, the clocks and the disks are simulated.
The seed and the version determine a run bit for bit; a run that fails is shrunk to the fewest
faults with which it still fails.

`swarm` draws a plan from a seed, with faults of `platform_faults` and `network_faults`.
`cluster` builds a plan: `platforms` on a `disk`, `byzantine` ones, a `network`, and `clients`, on
`virtual_time`; `checker` watches them.
`run` and `batch` make runs, and `fork` makes those that must fork.
`shrink` finds the fewest faults of a failure; `scale`, `plots` and `report` report the results.
"""

from __future__ import annotations

from web4lab.simulation.batch import Summary, run_many
from web4lab.simulation.federation import Signatures
from web4lab.simulation.report import (
    as_text,
    replay_command,
    report_json,
    scale_table,
    shrunk_text,
    summary_json,
    summary_text,
    write_scale_report,
)
from web4lab.simulation.run import EXIT_CODES, Options, Report, RunResult, run_seed
from web4lab.simulation.scale import SIZES, Scale, scale_report
from web4lab.simulation.shrink import Shrunk, shrink

__all__ = [
    "EXIT_CODES",
    "SIZES",
    "Options",
    "Report",
    "RunResult",
    "Scale",
    "Shrunk",
    "Signatures",
    "Summary",
    "as_text",
    "replay_command",
    "report_json",
    "run_many",
    "run_seed",
    "scale_report",
    "scale_table",
    "shrink",
    "shrunk_text",
    "summary_json",
    "summary_text",
    "write_scale_report",
]
