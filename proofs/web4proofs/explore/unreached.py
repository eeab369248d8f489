"""The branches that no exploration takes, each with the reason.

A branch is named by function, condition and outcome, so an entry holds for as long as this code
stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Key: TypeAlias = tuple[str, str, bool]
"""Function, condition, outcome."""

_ASKED_BEFORE: Final = "whoever calls it has asked the same before"
_AT_WORK: Final = "an item always waits, so there is work at every height"
_BY_GATE: Final = "the gate lets no such message in"
_NO_CLIENTS: Final = "nobody hands anything in after the start"
_NOT_A_STEP: Final = "no part of a step"
_ALONE: Final = "N > 1 is explored"

REASONS: Final[Mapping[Key, str]] = {
    ("propose", "not may_propose(agreement)", True): _ASKED_BEFORE,
    ("decision", "certificate is None", True): _ASKED_BEFORE,
    ("fresh_block", "chosen.stale", True): "the item never becomes stale",
    (
        "_result",
        "header.chain_id != state.config.chain_id or header.height != state.height",
        True,
    ): _BY_GATE,
    ("broadcast_status", "others", False): _ALONE,
    (
        "assist_lagging",
        "certificate is not None",
        False,
    ): "what is below the first height is refused by the gate",
    ("on_sync_timer", "sync is None", True): "the timer runs only while claims are kept",
    ("_fetch", "sources", False): "it is called only while somebody claims more",
    ("has_work", "state.agreement.view > 0 or pending(state)", False): _AT_WORK,
    ("_wanted_timers", "has_work(state)", False): _AT_WORK,
    ("_wanted_timers", "n > 1", True): _AT_WORK,
    ("_wanted_timers", "n > 1", False): _AT_WORK,
    ("configure", "platform not in names", True): _NOT_A_STEP,
    ("configure", "platform not in names", False): _NOT_A_STEP,
    ("may_drop", "isinstance(message, Vote | Proposal)", True): _NOT_A_STEP,
    ("may_drop", "isinstance(message, Vote | Proposal)", False): _NOT_A_STEP,
    ("step", "handler is None", True): "misuse by the embedder, which raises an error",
    ("step", "state.halted is not None", True): "a platform that halts is reported at once",
    ("_on_received", "isinstance(message, Submission)", True): _NO_CLIENTS,
    ("_on_submitted", "others", True): _NO_CLIENTS,
    ("_on_submitted", "others", False): _NO_CLIENTS,
    (
        "_on_submitted",
        "another of range(0, len(pooled.added), MAX_SUBMISSION)",
        True,
    ): _NO_CLIENTS,
    (
        "_on_submitted",
        "another of range(0, len(pooled.added), MAX_SUBMISSION)",
        False,
    ): _NO_CLIENTS,
    ("_on_resumed", "event.settings is not None", True): "settings do not change",
    ("_on_view_timer", "has_work(run.state)", False): _AT_WORK,
    ("_propose", "agreement.view == 0 and (not pending(run.state))", True): _AT_WORK,
    ("_propose", "block.payload or agreement.view > 0", False): _AT_WORK,
}
