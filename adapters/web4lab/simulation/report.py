"""Reports for people and for machines: of one run, of many, and of the scale of federations.

The same runs give the same bytes: nothing here knows what time it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import asdict

from web4lab.simulation.batch import Summary
from web4lab.simulation.federation import Signatures
from web4lab.simulation.plots import Chart, Series, svg
from web4lab.simulation.run import EXIT_CODES, Options, Report, RunResult
from web4lab.simulation.scale import Scale, as_json
from web4lab.simulation.shrink import Shrunk

TABLE_NAME: Final = "scale.md"
JSON_NAME: Final = "scale.json"
CHARTS: Final = ("messages", "bytes", "certificates", "speed", "recovery", "cpu")
SCALE_FILES: Final = frozenset({TABLE_NAME, JSON_NAME, *(f"{name}.svg" for name in CHARTS)})
"""All that a report on scale may consist of."""


# --- runs --------------------------------------------------------------------------------------


def replay_command(report: Report) -> str:
    """The command that makes this run again."""
    options = report.options
    words = ["web4", "simulate", "--seed", str(report.seed)]
    if options.n is not None:
        words += ["--platforms", str(options.n)]
    if options.fork:
        words.append("--fork")
    if options.signatures is Signatures.STAND_IN:
        words.append("--stand-in-signatures")
    if options.keep is not None:
        words += ["--keep", ",".join(map(str, options.keep)) or "none"]
    return " ".join(words)


def as_text(report: Report) -> str:
    """One run, in a few lines."""
    lines = [f"seed {report.seed}: {report.n} platforms, {_verdict_line(report)}"]
    lines += [f"  {place:>3}  {fault}" for place, fault in report.faults]
    blocks, under_faults = report.blocks, report.blocks_under_faults
    messages, size = sum(report.messages.values()), sum(report.sizes.values())
    lines += [
        f"  {blocks} blocks, {under_faults} under faults; highest view {report.highest_view}",
        f"  done {report.healed_ms / 1000:g} s after the faults; {messages} messages, {size} bytes",
    ]
    if report.accused:
        lines.append(f"  accused of signing twice: {_listed(report.accused)}")
    if report.options.fork:
        lines.append(f"  forked at heights: {_listed(report.forks)}")
        lines.append(f"  convicted by the journals of the others: {_listed(report.culprits)}")
    lines.append(f"  {report.digest}")
    return "\n".join(lines) + "\n"


def _verdict_line(report: Report) -> str:
    if report.verdict is RunResult.HOLDS:
        return "forked, and convicted" if report.options.fork else "holds"
    return f"{report.verdict.value}: {report.found}"


def report_json(report: Report) -> dict[str, Any]:
    """One run, for machines."""
    return {
        **asdict(report, filter=lambda attribute, _value: attribute.name != "options"),
        "verdict": report.verdict.name.lower(),
        "exit_code": EXIT_CODES[report.verdict],
        "replay": replay_command(report),
    }


def shrunk_text(shrunk: Shrunk) -> str:
    """The smallest run that fails, and how to see it again."""
    report = shrunk.report
    return (
        f"shrunk to {len(report.faults)} faults in {shrunk.trials} runs\n"
        f"{as_text(report)}replay: {replay_command(report)}\n"
    )


def summary_text(summary: Summary) -> str:
    """Many runs, in a few lines; the failed ones come last."""
    runs = len(summary.reports)
    struck = summary.total(lambda report: report.struck)
    counts = summary.total(lambda report: report.counts)
    lines = [
        f"{runs} runs, {runs - len(summary.failures)} hold",
        f"{summary.blocks} blocks, {summary.blocks_under_faults} of them under faults",
        "what happened: " + _counted(counts),
        "what struck: " + _counted(struck),
    ]
    for report in summary.failures:
        lines.append(f"seed {report.seed}: {_verdict_line(report)}")
        lines.append(f"  replay: {replay_command(report)}")
    return "\n".join(lines) + "\n"


def summary_json(summary: Summary) -> dict[str, Any]:
    """Many runs, for machines."""
    return {
        "runs": len(summary.reports),
        "verdict": summary.verdict.name.lower(),
        "exit_code": summary.exit_code,
        "blocks": summary.blocks,
        "blocks_under_faults": summary.blocks_under_faults,
        "counts": summary.total(lambda report: report.counts),
        "struck": summary.total(lambda report: report.struck),
        "failures": [report_json(report) for report in summary.failures],
    }


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "nothing"


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values)) or "none"


# --- scale -------------------------------------------------------------------------------------


def write_scale_report(folder: Path, scales: Sequence[Scale]) -> tuple[Path, ...]:
    """Write the table, the JSON and the plots; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    charts = scale_charts(scales)
    files = {f"{name}.svg": svg(chart) for name, chart in charts.items()}
    files[JSON_NAME] = json.dumps(as_json(scales), indent=1) + "\n"
    pictures = "\n".join(f"![{chart.title}]({name}.svg)" for name, chart in charts.items())
    files[TABLE_NAME] = (
        f"# What a federation costs, by its size\n\n{scale_table(scales)}\n{pictures}\n"
    )
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return tuple(folder / name for name in sorted(files))


def scale_table(scales: Sequence[Scale]) -> str:
    """The figures of all sizes, as a table in Markdown: a column for each size."""
    rows: list[tuple[str, list[str]]] = [
        ("platforms N", [str(each.n) for each in scales]),
        ("Byzantine platforms withstood f", [str(each.f) for each in scales]),
        ("messages per block", [_figure(each.honest.messages) for each in scales]),
        ("by the formula (N-1)(2N+1)", [_figure(each.formula) for each in scales]),
        ("bytes per block", [_figure(each.honest.bytes) for each in scales]),
        ("certificate, bytes", [_figure(each.certificate_bytes[1]) for each in scales]),
        (
            "with f Byzantine: all messages per block",
            [_figure(each.byzantine.messages) for each in scales],
        ),
        (
            "with f Byzantine: all bytes per block",
            [_figure(each.byzantine.bytes) for each in scales],
        ),
        ("with f Byzantine: ms per block", [_figure(each.byzantine_block_ms) for each in scales]),
    ]
    rows += [
        (
            f"blocks per second, {delay} ms links",
            [_figure(each.blocks_per_s[delay]) for each in scales],
        )
        for delay in scales[0].blocks_per_s
    ]
    rows += [
        ("dead proposer, ms", [_figure(each.recovery.proposer_ms) for each in scales]),
        ("after a partition, ms", [_figure(each.recovery.partition_ms) for each in scales]),
        ("after a restart, ms", [_figure(each.recovery.restart_ms) for each in scales]),
    ]
    if scales[0].cpu_ms is not None:
        rows.append(
            (
                "processor time per block and platform, ms",
                [_figure(each.cpu_ms or 0) for each in scales],
            )
        )
    head, *rest = rows
    lines = [_row(head), "|---" + "|---:" * len(scales) + "|", *map(_row, rest)]
    return "\n".join(lines) + "\n"


def _row(row: tuple[str, list[str]]) -> str:
    return f"| {row[0]} | {' | '.join(row[1])} |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def scale_charts(scales: Sequence[Scale]) -> dict[str, Chart]:
    """The plots, by the names of their files."""
    charts = {
        "messages": Chart(
            "Messages per block",
            "Votes and proposals between platforms; the broad line is the formula",
            "messages",
            (
                _series("measured", scales, lambda each: each.honest.messages),
                _series("f Byzantine, all kinds", scales, lambda each: each.byzantine.messages),
                _series("(N-1)(2N+1)", scales, lambda each: each.formula, calculated=True),
            ),
            logarithmic=True,
        ),
        "bytes": Chart(
            "Bytes per block",
            "One transaction in each block; with f Byzantine, whatever they send is counted too",
            "bytes",
            (
                _series("all honest", scales, lambda each: each.honest.bytes),
                _series("f Byzantine, all kinds", scales, lambda each: each.byzantine.bytes),
            ),
            logarithmic=True,
        ),
        "certificates": Chart(
            "Size of a commit certificate",
            "A quorum of signatures, each with its signer",
            "bytes",
            (_series("commit certificate", scales, lambda each: each.certificate_bytes[1]),),
        ),
        "speed": Chart(
            "Blocks per second, on virtual time",
            "One after another, for three delays of the links",
            "blocks/s",
            tuple(
                _series(f"{delay} ms links", scales, lambda each, ms=delay: each.blocks_per_s[ms])
                for delay in scales[0].blocks_per_s
            ),
            logarithmic=True,
        ),
        "recovery": Chart(
            "Time to recover, on virtual time",
            "Links of 10 ms and the settings as they come",
            "ms",
            (
                _series("dead proposer", scales, lambda each: each.recovery.proposer_ms),
                _series("partition", scales, lambda each: each.recovery.partition_ms),
                _series("restart", scales, lambda each: each.recovery.restart_ms),
            ),
            logarithmic=True,
        ),
    }
    if scales[0].cpu_ms is not None:
        charts["cpu"] = Chart(
            "Processor time per block",
            "What one platform spends on a block of one transaction, on this machine",
            "ms",
            (_series("one platform", scales, lambda each: each.cpu_ms or 0),),
        )
    return charts


def _series(label: str, scales: Sequence[Scale], of: Any, *, calculated: bool = False) -> Series:
    return Series(label, tuple((each.n, of(each)) for each in scales), calculated)


__all__ = [
    "Options",
    "as_text",
    "replay_command",
    "report_json",
    "scale_charts",
    "scale_table",
    "shrunk_text",
    "summary_json",
    "summary_text",
    "write_scale_report",
]
