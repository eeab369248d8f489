"""The report of an audit, for machines."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from web4proofs.audit.auditor import Audit
from web4proofs.audit.journal import Replayed


def as_plain(found: Audit) -> dict[str, Any]:
    """Return an audit as plain values, for JSON."""
    return {
        "verdict": found.verdict.name.lower(),
        "exit_code": found.exit_code,
        "events": found.events,
        "platforms": [_platform(found, each) for each in found.replays],
        "departures": [asdict(each) for each in found.departures],
    }


def _platform(found: Audit, each: Replayed) -> dict[str, Any]:
    return {
        "platform": each.platform,
        "first_event": each.span.first,
        "events": each.events,
        "from_height": each.span.height,
        "from_view": each.span.view,
        "height": each.height,
        "statements": each.statements,
        "decided": each.decided,
        "silent_through": each.span.silent_through,
        "departures": found.against(each),
    }
