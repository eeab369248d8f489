"""`web4 bench`: the costs, as ratios measured in one run."""

from __future__ import annotations

import sys

import click

from web4cli.common import json_option

NAMES = ("empty", "apply", "throughput", "latency", "growth", "memory")


@click.command()
@click.option("--quick", is_flag=True, help="Smaller sizes and fewer repeats.")
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="May be repeated.")
@click.option("--profile", is_flag=True, help="Also show where the time goes.")
@json_option
def bench(quick: bool, only: tuple[str, ...], profile: bool, as_json: bool) -> None:
    """Measure this machine: each figure is a ratio to what cannot be avoided, in the same run."""
    from web4lab.bench.main import run_bench

    sys.exit(run_bench(quick=quick, json_output=as_json, only=only, profile=profile))
