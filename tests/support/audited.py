"""Runs of whole federations, audited from their journals in the end, for tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.federation import NAMES, Federation, verify
from web4cli.journals import departures_in
from web4core.snapshot import decode_event
from web4lab import simulation
from web4proofs.audit import Audit, Journal, audit, passing

run_seed = partial(simulation.run_seed, auditor=departures_in)
run_many = partial(simulation.run_many, auditor=departures_in)
shrink = partial(simulation.shrink, auditor=departures_in)


def journal_of(fed: Federation, index: int) -> Journal:
    """The journal of a platform, from its beginning."""
    records = fed.nodes[index].journal
    return Journal(fed.fresh(index), [decode_event(fed.events, each) for each in records])


def audit_of(fed: Federation, journals: Iterable[Journal] | None = None) -> Audit:
    """The audit of these journals, or of those of all honest platforms."""
    chosen = [journal_of(fed, index) for index in fed.honest] if journals is None else journals
    return audit(chosen, NAMES[: fed.n], passing(fed.gate, verify))


def departures_of_the_honest(fed: Federation) -> list[str]:
    """What an audit holds against honest platforms."""
    honest = {NAMES[index] for index in fed.honest}
    return [str(each) for each in audit_of(fed).departures if each.platform in honest]


def audit_of_folder(
    folder: Path, names: Iterable[str], twice: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What `web4 audit` says of a federation, once it is seen to hold for all these platforms.

    Those of `twice` ran twice with one key, and may depart from the protocol; nobody else may.
    """
    command = [sys.executable, "-m", "web4cli", "audit", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in ((0, 12) if twice else (0,)), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert {each["platform"] for each in found["departures"]} <= twice
    assert {each["platform"] for each in found["platforms"]} == set(names)
    assert all(each["events"] > 0 for each in found["platforms"])
    return found
