"""`web4 verify` and `web4 export`: for auditors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from web4adapters.cli.common import Session, federation_option, json_option, via_option
from web4adapters.config import load_genesis, load_node_config
from web4adapters.config.amounts import format_atp
from web4adapters.runtime.recovery import revive
from web4adapters.signers import Verifier
from web4adapters.storage import Store
from web4adapters.verify import (
    ChainReport,
    Finding,
    blocks_of_export,
    blocks_of_store,
    verify_chain,
    write_export,
)
from web4core import invariants
from web4core.chain import Genesis, chain_id

SAFETY = 12


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@json_option
def verify(source: Path, as_json: bool) -> None:
    """Verify a chain offline: every signature, certificate, root, rule and invariant.

    SOURCE is the folder of a platform that is not running (the journal is folded, too), or a file
    that `web4 export` wrote. Says which clause fails where, and exits with 12, if one does.
    """
    if source.is_dir():
        report, findings = _verify_platform(source)
    else:
        genesis, blocks = blocks_of_export(source)
        report = _run(genesis, blocks)
        findings = [] if report.finding is None else [report.finding]
    _tell(report, findings, as_json)
    sys.exit(SAFETY if findings else 0)


def _verify_platform(folder: Path) -> tuple[ChainReport, list[Finding]]:
    config = load_node_config(folder / "platform.toml")
    genesis = load_genesis(config.genesis)
    with Store.open(config.store, chain_id(genesis), config.name) as store:
        state = revive(store, genesis, config.name).state
        report = _run(genesis, blocks_of_store(store))
    findings = [] if report.finding is None else [report.finding]
    if not findings and state.tip.digest != report.digest:
        place = state.tip.header.height
        findings.append(Finding(place, "A-DUR-2", "the journal leads to another block"))
    if not findings and state.app != report.state:
        findings.append(Finding(report.height, "A-DUR-2", "the journal leads to another state"))
    findings.extend(
        Finding(state.tip.header.height, each.clause, each.found)
        for each in invariants.check_state(state)
    )
    return report, findings


def _run(genesis: Genesis, blocks: Iterable[tuple[bytes, bytes]]) -> ChainReport:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("verifying", total=None)
        return verify_chain(
            genesis, blocks, Verifier(), lambda height: progress.update(task, completed=height)
        )


def _tell(report: ChainReport, findings: list[Finding], as_json: bool) -> None:
    if as_json:
        told = {
            "height": report.height,
            "transactions": report.transactions,
            "digest": report.digest.hex(),
            "supply": format_atp(report.state.supply_uatp),
            "findings": [
                {"height": each.height, "clause": each.clause, "reason": each.reason}
                for each in findings
            ],
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{report.height} blocks with {report.transactions} transactions, tip"
        f" {report.digest.hex()[:16]}, supply {format_atp(report.state.supply_uatp)} ATP"
    )
    for each in findings:
        click.echo(f"FAILS  {each}")
    if not findings:
        click.echo("every signature, certificate, root, rule and invariant holds")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@federation_option
@via_option
def export(file: Path, folder: Path, via: str | None) -> None:
    """Write the chain that a platform has to FILE, for `web4 verify`."""
    session = Session(folder)
    client = session.any_client(via)

    def blocks() -> Iterator[dict[str, str]]:
        height = 1
        while batch := client.export(height):
            yield from batch
            height += len(batch)

    count = write_export(file, session.genesis, blocks())
    click.echo(f"wrote {count} blocks to {file}")
