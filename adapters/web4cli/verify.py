"""`web4 verify` and `web4 export`: for auditors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from web4adapters.config import PLATFORM_FILE, load_genesis, load_node_config
from web4adapters.config.amounts import format_atp
from web4adapters.runtime.recovery import revive
from web4adapters.signers import Verifier
from web4adapters.storage import Store
from web4adapters.verify import (
    ChainReport,
    Finding,
    SourceError,
    blocks_of_export,
    blocks_of_store,
    verify_chain,
    write_export,
)
from web4cli.common import (
    SAFETY,
    DigestType,
    Session,
    federation_option,
    json_option,
    via_option,
)
from web4core import Genesis, chain_id, check_state


class OtherChain(Exception):
    """The chain that is verified is not the one that was asked for."""

    def __init__(self, genesis: Genesis, wanted: bytes) -> None:
        found = chain_id(genesis).hex()
        super().__init__(f"this is chain {found}, not {wanted.hex()}; get the chain you asked for")
        self.genesis = genesis


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--chain-id", "wanted", type=DigestType(), metavar="HEX", help="Of this chain alone.")
@json_option
def verify(source: Path, wanted: bytes | None, as_json: bool) -> None:
    """Verify a chain offline: every signature, certificate, root, rule and invariant.

    SOURCE is the folder of a platform that is not running (the journal is folded, too), or a file
    that `web4 export` wrote. Says which clause fails where.

    A file brings its own genesis, so what holds is only that it is a chain of these platforms:
    compare the chain id with one that you trust, or give it with --chain-id.

    \b
    Exit codes: 0 all holds, 1 it cannot be read, 2 usage, 12 a clause does not hold, or it is of
    another chain than --chain-id.
    """
    try:
        genesis, report, findings = _verified(source, wanted)
    except OtherChain as other:
        _tell_other(other, as_json)
        sys.exit(SAFETY)
    if as_json:
        click.echo(json.dumps(_as_plain(genesis, report, findings)))
    else:
        _tell(genesis, report, findings)
        if wanted is None and not source.is_dir():
            click.echo("the genesis is the file's own: compare the chain id, or give --chain-id")
    sys.exit(SAFETY if findings else 0)


def _verified(source: Path, wanted: bytes | None) -> tuple[Genesis, ChainReport, list[Finding]]:
    if source.is_dir():
        return _verify_platform(source, wanted)
    genesis, blocks = blocks_of_export(source)
    _check_chain(genesis, wanted)
    report = _run(genesis, blocks)
    return genesis, report, [] if report.finding is None else [report.finding]


def _check_chain(genesis: Genesis, wanted: bytes | None) -> None:
    if wanted not in (None, chain_id(genesis)):
        raise OtherChain(genesis, wanted or b"")


def _verify_platform(
    folder: Path, wanted: bytes | None
) -> tuple[Genesis, ChainReport, list[Finding]]:
    names = sorted(path.parent.name for path in folder.glob(f"*/{PLATFORM_FILE}"))
    if names and not (folder / PLATFORM_FILE).exists():
        reason = f"this is a federation; name one platform's folder: {', '.join(names)}"
        raise SourceError(folder, reason)
    config = load_node_config(folder / PLATFORM_FILE)
    genesis = load_genesis(config.genesis)
    _check_chain(genesis, wanted)
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
        Finding(state.tip.header.height, each.clause, each.found) for each in check_state(state)
    )
    return genesis, report, findings


def _run(genesis: Genesis, blocks: Iterable[tuple[bytes, bytes]]) -> ChainReport:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("verifying", total=None)
        return verify_chain(
            genesis, blocks, Verifier(), lambda height: progress.update(task, completed=height)
        )


def _chain_of(genesis: Genesis) -> dict[str, object]:
    names = [platform.name for platform in genesis.platforms]
    return {"chain": genesis.chain, "chain_id": chain_id(genesis).hex(), "platforms": names}


def _tell_other(other: OtherChain, as_json: bool) -> None:
    if as_json:
        failed = {"verdict": "fails", "exit_code": SAFETY, "error": str(other)}
        click.echo(json.dumps(failed | _chain_of(other.genesis)))
    else:
        click.echo(f"FAILS  {other}")


def _as_plain(genesis: Genesis, report: ChainReport, findings: list[Finding]) -> dict[str, object]:
    return {
        "verdict": "fails" if findings else "holds",
        "exit_code": SAFETY if findings else 0,
        **_chain_of(genesis),
        "height": report.height,
        "transactions": report.transactions,
        "digest": report.digest.hex(),
        "supply": format_atp(report.state.supply_uatp),
        "findings": [
            {"height": each.height, "clause": each.clause, "reason": each.reason}
            for each in findings
        ],
    }


def _tell(genesis: Genesis, report: ChainReport, findings: list[Finding]) -> None:
    names = ", ".join(platform.name for platform in genesis.platforms)
    click.echo(f"chain {genesis.chain}, id {chain_id(genesis).hex()}, of {names}")
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
@json_option
def export(file: Path, folder: Path, via: str | None, as_json: bool) -> None:
    """Write the chain that a platform has to FILE, for `web4 verify`.

    \b
    Exit codes: 0 written, 1 no platform answers, or FILE exists or cannot be written, 2 usage.
    """
    session = Session(folder)
    client = session.any_client(via)

    def blocks() -> Iterator[dict[str, str]]:
        height = 1
        while batch := client.export(height):
            yield from batch
            height += len(batch)

    count = write_export(file, session.genesis, blocks())
    if as_json:
        click.echo(json.dumps({"file": str(file), "blocks": count}))
    else:
        click.echo(f"wrote {count} blocks to {file}")
