"""`web4 run`: one platform, from its configuration, until it is told to stop.

It needs the core and the adapters alone: neither the lab nor the proofs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
def run(config: Path, verbose: bool) -> None:
    """Run the platform that CONFIG, a platform.toml, describes, until it is told to stop."""
    from web4adapters.node import run_command

    sys.exit(run_command(config, verbose))
