"""The pacemaker: which timers should run, as a function of the state.

Implements C-PACE-1 to C-PACE-6.
"""

from __future__ import annotations

from attrs import evolve

from web4core.consensus import rules
from web4core.consensus.state import FIRST_VIEW, gathered_view_changes
from web4core.effects import SetTimer
from web4core.events import Timer, TimerKind
from web4core.quorum import proposer, quorum
from web4core.replica.state import Run, State

MAX_BACKOFF_DOUBLINGS = 32
"""The view time-out stops doubling here at the latest; the cap in settings is met far earlier."""


def pending(state: State) -> bool:
    return state.config.application.pending(state.pool) > 0


def has_work(state: State) -> bool:
    """Whether this height has anything to finish: transactions, or anybody's message (C-PACE-1)."""
    if state.agreement.view > 0 or pending(state):
        return True
    slots = state.agreement.slots
    # messages are never false, so a slot that holds one is a true one
    return (
        any(slots.proposals) or any(slots.prepares) or any(slots.commits) or any(slots.view_changes)
    )


def _wanted_timers(state: State) -> tuple[tuple[Timer, int], ...]:
    """The timers that this state calls for, with their delays: the whole pacemaker."""
    agreement, settings = state.agreement, state.config.settings
    height, view, n = agreement.height, agreement.view, agreement.n
    wanted: list[tuple[Timer, int]] = []
    if has_work(state):
        if view == 0 or rules.quorum_in_view(agreement):  # C-PACE-1, C-PACE-2
            doubled = settings.view_timeout_ms << min(view, MAX_BACKOFF_DOUBLINGS)
            delay = min(doubled, settings.view_timeout_max_ms)  # C-PACE-3
            wanted.append((Timer(TimerKind.VIEW, height, view), delay))
        wanted.append((Timer(TimerKind.RESEND, height, view), settings.resend_ms))  # C-PACE-4
    elif n > 1:
        wanted.append((Timer(TimerKind.STATUS, height, FIRST_VIEW), settings.status_ms))  # C-PACE-6
    waits = view > 0 and not agreement.gathered and agreement.said.proposal is None
    my_turn = proposer(height, view, n) == agreement.me
    if waits and my_turn and len(gathered_view_changes(agreement)) >= quorum(n):  # C-NEW-2
        wanted.append((Timer(TimerKind.PROPOSE, height, view), settings.propose_delay_ms))
    if state.sync is not None:  # C-SYNC-4
        wanted.append((Timer(TimerKind.SYNC, height, FIRST_VIEW), settings.sync_delay_ms))
    return tuple(wanted)


def set_timers(run: Run) -> None:
    """Set the timers that are wanted and do not run; forget those that are not (C-PACE-5)."""
    wanted = _wanted_timers(run.state)
    armed = tuple(timer for timer, _ in wanted)
    if armed == run.state.armed:
        return
    for timer, delay_ms in wanted:
        if timer not in run.state.armed:
            run.effects.append(SetTimer(timer, delay_ms))
    run.state = evolve(run.state, armed=armed)
