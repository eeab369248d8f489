"""Reports of a run of proofs, in the forms that people and machines read.

`text` is for people, `json` for programs, `junit` for test dashboards, `sarif` for code scanning,
`github` for annotations beside the code in a pull request.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as Xml

from attrs import frozen

from web4proofs.runner import Attempt, ProofResult
from web4proofs.theorem import Executed, Failure

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
SHOWN: Final = 1
"""Failures of a theorem that the text shows; the first one is enough to begin with."""

NO_FAILURE: Final = Failure("", "nothing was asked, so nothing is proved")


@frozen
class Run:
    """All attempts of one run, with the options that repeat it."""

    version: str
    attempts: tuple[Attempt, ...]
    seconds: float


def failures_of(attempt: Attempt) -> tuple[Failure, ...]:
    """Return why a theorem does not hold, also where the attempt itself gave no reason."""
    if attempt.verdict is ProofResult.HOLDS:
        return ()
    if attempt.error:
        return (Failure("", f"the proof broke off: {attempt.error.strip().splitlines()[-1]}"),)
    wrong = tuple(
        Failure(query.name, f"the solver says {query.got.value}; needed: {query.needed.value}")
        for query in attempt.outcome.queries
        if not query.holds
    )
    return attempt.outcome.failures or wrong or (NO_FAILURE,)


# --- for people ---------------------------------------------------------------------------------


def as_text(run: Run) -> str:
    """Return a paragraph for each theorem, and the failures of each that does not hold."""
    parts = [_paragraph(attempt) for attempt in run.attempts]
    count = sum(attempt.verdict is ProofResult.HOLDS for attempt in run.attempts)
    queries = sum(len(attempt.outcome.queries) for attempt in run.attempts)
    paths = sum(attempt.outcome.paths for attempt in run.attempts)
    parts.append(
        f"{count} of {len(run.attempts)} theorems hold; "
        f"{queries} queries, {paths} paths, {run.seconds:.1f} s; web4 {run.version}\n"
    )
    return "\n".join(parts)


def _paragraph(attempt: Attempt) -> str:
    theorem, outcome = attempt.theorem, attempt.outcome
    grounds = ", ".join(theorem.assumes) or "nothing else"
    lines = [
        f"{theorem.id} {attempt.verdict.value.upper()}: {theorem.says}",
        f"    clauses {', '.join(theorem.clauses)}; rests on {grounds}; {theorem.scope}",
        f"    {len(outcome.queries)} queries, {outcome.paths} paths, {attempt.seconds:.2f} s",
    ]
    failures = failures_of(attempt)
    for failure in failures[:SHOWN]:
        lines.append(f"    ! {failure.query or theorem.id}: {failure.found}")
        lines.extend(f"        {name} = {value}" for name, value in failure.values)
        if failure.snippet is not None:
            lines.append("      to see it on the plain code:")
            lines.extend(f"        {line}" for line in failure.snippet.splitlines())
    if len(failures) > SHOWN:
        lines.append(f"    and {len(failures) - SHOWN} more, which --json tells")
    return "\n".join(lines)


# --- for programs -------------------------------------------------------------------------------


def as_json(run: Run) -> str:
    """Return one object: every theorem, the functions executed, every query with its effort."""
    return json.dumps(
        {
            "version": run.version,
            "seconds": round(run.seconds, 3),
            "holds": all(attempt.verdict is ProofResult.HOLDS for attempt in run.attempts),
            "theorems": [_plain(attempt) for attempt in run.attempts],
        },
        indent=1,
    )


def _plain(attempt: Attempt) -> dict[str, Any]:
    theorem, outcome = attempt.theorem, attempt.outcome
    return {
        "id": theorem.id,
        "verdict": attempt.verdict.value,
        "says": theorem.says,
        "clauses": list(theorem.clauses),
        "assumes": list(theorem.assumes),
        "scope": theorem.scope,
        "seconds": round(attempt.seconds, 3),
        "paths": outcome.paths,
        "executed": {each.name: each.source_sha256 for each in outcome.executed},
        "queries": [
            {
                "name": query.name,
                "needed": query.needed.value,
                "got": query.got.value,
                "ms": round(query.seconds * 1000, 3),
                "effort": query.effort,
            }
            for query in outcome.queries
        ],
        "failures": [
            {
                "query": failure.query,
                "found": failure.found,
                "values": dict(failure.values),
                "snippet": failure.snippet,
            }
            for failure in failures_of(attempt)
        ],
    }


def as_junit(run: Run) -> str:
    """Return a test suite with a case for each theorem."""
    bad = [attempt for attempt in run.attempts if attempt.verdict is not ProofResult.HOLDS]
    suite = Xml.Element(
        "testsuite",
        name="web4 check prove",
        tests=str(len(run.attempts)),
        failures=str(sum(attempt.verdict is not ProofResult.BROKE_OFF for attempt in bad)),
        errors=str(sum(attempt.verdict is ProofResult.BROKE_OFF for attempt in bad)),
        time=f"{run.seconds:.3f}",
    )
    for attempt in run.attempts:
        case = Xml.SubElement(
            suite,
            "testcase",
            classname="web4proofs",
            name=f"{attempt.theorem.id} {attempt.theorem.says}",
            time=f"{attempt.seconds:.3f}",
        )
        for failure in failures_of(attempt):
            kind = "error" if attempt.verdict is ProofResult.BROKE_OFF else "failure"
            Xml.SubElement(case, kind, message=failure.found).text = _told(failure)
    return Xml.tostring(suite, encoding="unicode", xml_declaration=True)


def as_sarif(run: Run) -> str:
    """Return a SARIF 2.1.0 log with a rule for each theorem and a result for each failure."""
    rules = [
        {
            "id": attempt.theorem.id,
            "shortDescription": {"text": attempt.theorem.says},
            "properties": {"clauses": list(attempt.theorem.clauses)},
        }
        for attempt in run.attempts
    ]
    results = [
        {
            "ruleId": attempt.theorem.id,
            "level": "error",
            "message": {"text": _told(failure)},
            "locations": [_sarif_place(*place) for place in places_of(attempt)[:1]],
        }
        for attempt in run.attempts
        for failure in failures_of(attempt)
    ]
    driver = {"name": "web4 check prove", "version": run.version, "rules": rules}
    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=1)


def as_github(run: Run) -> str:
    """Return workflow commands that put each failure beside the code that it is about."""
    lines = []
    for attempt in run.attempts:
        for failure in failures_of(attempt):
            place = "".join(f"file={path},line={line}," for path, line in places_of(attempt)[:1])
            title = f"{attempt.theorem.id} {attempt.verdict.value}"
            lines.append(f"::error {place}title={_escaped(title)}::{_escaped(_told(failure))}")
    holds = sum(attempt.verdict is ProofResult.HOLDS for attempt in run.attempts)
    lines.append(f"::notice title=web4 check prove::{holds} of {len(run.attempts)} theorems hold")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _told(failure: Failure) -> str:
    values = "".join(f"\n  {name} = {value}" for name, value in failure.values)
    shown = f"\nto see it on the plain code:\n{failure.snippet}"
    snippet = "" if failure.snippet is None else shown
    query = f"{failure.query}: " if failure.query else ""
    return f"{query}{failure.found}{values}{snippet}"


def _sarif_place(path: str, line: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path},
            "region": {"startLine": line},
        }
    }


def places_of(attempt: Attempt) -> list[tuple[str, int]]:
    """Return file (from the package on) and first line of each function that a proof executed."""
    return [place for each in attempt.outcome.executed if (place := _place(each)) is not None]


def _place(executed: Executed) -> tuple[str, int] | None:
    module_name, _, name = executed.name.rpartition(".")
    function = getattr(importlib.import_module(module_name), name, None)
    if not inspect.isfunction(function):
        return None
    path = Path(function.__code__.co_filename)
    package = module_name.split(".", maxsplit=1)[0]
    try:
        start = path.parts.index(package)
    except ValueError:
        return None
    return "/".join(path.parts[start:]), function.__code__.co_firstlineno


FORMATS: Final[dict[str, Callable[[Run], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "sarif": as_sarif,
    "github": as_github,
}


def render(run: Run, form: str) -> str:
    """Return the report in one of `FORMATS`, ending in one newline."""
    return FORMATS[form](run).rstrip("\n") + "\n"
