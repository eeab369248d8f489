"""The gate check: it verifies that a journal's messages pass the gate, signatures included.

A platform trusts its own disk; an auditor does not (A-EVENT-3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from web4core.errors import RemoteProtocolError
from web4core.gate import Gate
from web4core.messages import Message
from web4core.signature_check import Verify

Passes: TypeAlias = Callable[[Message], str | None]
"""Returns None if a message passes the gate with all signatures, else the clause it breaks."""

MAX_KEPT: Final = 1 << 15
"""The number of answers kept; most messages stand in several journals."""


def passing(gate: Gate, verify: Verify) -> Passes:
    """Return a check of a federation's messages that remembers its latest answers."""
    known: dict[bytes, str | None] = {}

    def passes(message: Message) -> str | None:
        data = gate.encode(message)
        if data not in known:
            if len(known) >= MAX_KEPT:
                del known[next(iter(known))]
            known[data] = _clause(gate, verify, data)
        return known[data]

    return passes


def _clause(gate: Gate, verify: Verify, data: bytes) -> str | None:
    try:
        gate.open(data, verify)
    except RemoteProtocolError as error:
        return error.clause
    return None
