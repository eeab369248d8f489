"""The two calls: `start`, and `step` for every event after that.

An event is first recorded; then the rules are applied in their fixed order; then the timers that
should run are derived from the state.
Nothing here performs anything: what is to be done leaves as effects.
Implements C-FLOW-1, C-DEC-3, C-LOSS-1 to C-LOSS-4, C-VALID-3, C-EVID-2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve

from web4core.application import AnyApplication, Pooled
from web4core.chain import Genesis, chain_id, check_genesis, genesis_block
from web4core.consensus import rules
from web4core.consensus.state import SlotMessage, Slots, begin, keep, kept, no_slots, signed
from web4core.effects import Accuse, Send, Sign
from web4core.errors import LocalProtocolError
from web4core.events import (
    Connected,
    Elapsed,
    Event,
    Received,
    Resumed,
    Submitted,
    TimerKind,
)
from web4core.messages import (
    MAX_SUBMISSION,
    Decided,
    Evidence,
    Message,
    Proposal,
    Status,
    Submission,
    ViewChange,
    Vote,
    conflict,
)
from web4core.quorum import proposer
from web4core.replica.blocks import advance, fresh_block, judge, next_time, recheck
from web4core.replica.catchup import (
    assist_lagging,
    broadcast_status,
    on_decided,
    on_status_timer,
    on_sync_timer,
    record_peer_height,
    signers,
    status,
    synchronise,
)
from web4core.replica.pacemaker import has_work, pending, set_timers
from web4core.replica.state import Config, Run, State, Transition
from web4core.settings import Settings
from web4core.types import View


def configure(
    genesis: Genesis, platform: str, settings: Settings, application: AnyApplication
) -> Config:
    """Check the genesis and find this platform in it.

    Raises `LocalProtocolError` if the genesis is impossible or does not name the platform.
    """
    check_genesis(genesis)
    names = [each.name for each in genesis.platforms]
    if platform not in names:
        raise LocalProtocolError(
            f"H-GENESIS-1: {platform!r} is not in the genesis; it lists {', '.join(names)}"
        )
    me = names.index(platform)
    return Config(chain_id(genesis), len(names), me, settings, application)


def start(
    genesis: Genesis,
    platform: str,
    settings: Settings,
    application: Callable[[Genesis], AnyApplication],
) -> Transition:
    """The state of a platform that has seen nothing but the genesis.

    `application` builds the application for this chain from its genesis, such as `Ledger.of`.
    Raises `LocalProtocolError` if the genesis is impossible, does not name the platform, or has a
    content that the application does not take.
    The first event should be `Resumed`.
    """
    app = application(genesis)
    config = configure(genesis, platform, settings, app)
    initial = app.initial(genesis.content)
    state = State(
        config=config,
        tip=genesis_block(genesis, app.root(initial)),
        tip_certificate=None,
        app=initial,
        pool=app.empty_pool(),
        agreement=begin(config.n, config.me, 1, no_slots(config.n)),
        upcoming=no_slots(config.n),
    )
    return Transition(state, ())


def step(state: State, event: Event) -> Transition:
    """Apply one event to a platform: the state after it, and the effects to carry out.

    Total on every event whose messages passed the gate (A-EVENT-4): a platform that sends nonsense
    changes nothing.
    Raises `LocalProtocolError` only for a value that is not an event.
    """
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise LocalProtocolError(f"A-EVENT-1: {type(event).__name__} is not an event")
    if state.halted is not None:  # A-EFFECT-8
        return Transition(state, ())
    run = Run(state)
    handler(run, event)
    if run.state.halted is None:
        _apply_rules(run, event.now_ms)
    if run.state.halted is None:
        set_timers(run)
    return Transition(run.state, tuple(run.effects))


def may_drop(state: State, message: Message) -> bool:
    """Whether this message has nothing left to do here, so that its signatures need no check.

    Votes and proposals of heights that are decided come late all the time (C-LOSS-5).
    Any message may be lost; these are lost on purpose.
    """
    if isinstance(message, Vote | Proposal):
        return message.statement.height < state.height
    return isinstance(message, Decided) and message.block.header.height < state.height


# --- recording events --------------------------------------------------------------------------


def _on_received(run: Run, event: Received) -> None:
    message = event.message
    if isinstance(message, Submission):
        _on_submission(run, message.transactions, event.now_ms)
    elif isinstance(message, Decided):
        on_decided(run, message, event.now_ms)
    else:
        _on_statement(run, message)


def _on_statement(run: Run, message: Vote | Proposal | ViewChange | Status) -> None:
    """Keep a message of this height or the next; below, help its signer; above, note its height."""
    statement, height = message.statement, run.state.height
    if statement.height < height:
        assist_lagging(run, statement)
        return
    if statement.height > height:
        record_peer_height(run, statement.height, (statement.signer,))
    if isinstance(message, Status):
        return
    if statement.height == height:
        agreement = run.state.agreement
        slots = _keep(run, agreement.slots, message)
        run.state = evolve(run.state, agreement=evolve(agreement, slots=slots))
    elif statement.height == height + 1:  # C-LOSS-2: the next height's may come early
        run.state = evolve(run.state, upcoming=_keep(run, run.state.upcoming, message))


def _keep(run: Run, slots: Slots, message: SlotMessage) -> Slots:
    """Slot a message; a second, different one in the same view is evidence (C-EVID-2)."""
    present = kept(slots, message.statement)
    if present is not None and conflict(present.statement, message.statement):
        evidence = Evidence(
            present.statement, present.signature, message.statement, message.signature
        )
        run.effects.append(Accuse(evidence))
    return keep(slots, message)


def _on_submitted(run: Run, event: Submitted) -> None:
    """Take what clients hand in, and tell all others of it (L-POOL-7)."""
    pooled = _admit(run, event.transactions, event.now_ms)
    run.refuse(pooled.refused)
    others = run.state.config.others
    if others:
        for first in range(0, len(pooled.added), MAX_SUBMISSION):
            batch = pooled.added[first : first + MAX_SUBMISSION]
            run.effects.append(Send(Submission(batch), others))


def _on_submission(run: Run, items: tuple[Any, ...], now_ms: int) -> None:
    """Take transactions from a peer (A-EFFECT-7).

    A refusal of theirs is not reported; the refusal of one that waited here already is.
    """
    handed_in = {item.id for item in items}
    refused = _admit(run, items, now_ms).refused
    run.refuse(tuple(each for each in refused if each.item not in handed_in))


def _admit(run: Run, items: tuple[Any, ...], now_ms: int) -> Pooled[Any, Any]:
    state = run.state
    config = state.config
    pooled = config.application.admit(
        state.app, state.pool, items, next_time(state, now_ms), config.settings.pool_items
    )
    run.state = evolve(state, pool=pooled.pool)
    return pooled


def _on_connected(run: Run, event: Connected) -> None:
    """Send to one platform the statements that were sent to all (C-LOSS-4)."""
    if event.platform not in run.state.config.others:
        return
    to = (event.platform,)
    for draft in rules.standing(run.state.agreement):
        message = signed(run.state.agreement, draft)
        if message is not None:
            run.effects.append(Send(message, to))
    run.effects.append(Sign(status(run.state), to))


def _on_resumed(run: Run, event: Resumed) -> None:
    """Forget all timers, take the new settings, and send again what was sent before (A-SET-2)."""
    run.state = evolve(run.state, armed=())
    if event.settings is not None:
        run.state = evolve(run.state, config=evolve(run.state.config, settings=event.settings))
    _resend(run)


def _on_elapsed(run: Run, event: Elapsed) -> None:
    timer = event.timer
    if timer not in run.state.armed:  # a stale timer
        return
    armed = tuple(each for each in run.state.armed if each != timer)
    run.state = evolve(run.state, armed=armed)
    _TIMERS[timer.kind](run, event.now_ms)


def _on_view_timer(run: Run, now_ms: int) -> None:
    """Leave a view that decided nothing, unless there is no work after all (C-VIEW-1)."""
    recheck(run, None, (), now_ms)
    if has_work(run.state):
        agreement, draft = rules.enter(run.state.agreement, View(run.state.agreement.view + 1))
        run.take((agreement, draft))


def _on_propose_timer(run: Run, _now_ms: int) -> None:
    agreement = evolve(run.state.agreement, gathered=True)  # C-NEW-2
    run.state = evolve(run.state, agreement=agreement)


def _on_resend_timer(run: Run, _now_ms: int) -> None:
    """Send all statements again, and hand the proposer the transactions that wait (C-LOSS-1)."""
    _resend(run)
    state = run.state
    turn = proposer(state.height, state.agreement.view, state.config.n)
    waiting = state.config.application.waiting(state.pool, MAX_SUBMISSION)
    if waiting and turn != state.config.me:
        run.effects.append(Send(Submission(waiting), (turn,)))


def _resend(run: Run) -> None:
    """Sign what was never signed, send what was, and show where this platform is (C-LOSS-1)."""
    state = run.state
    others = state.config.others
    for draft in rules.standing(state.agreement):
        message = signed(state.agreement, draft)
        run.effects.append(Sign(draft, others) if message is None else Send(message, others))
    broadcast_status(run)


_TIMERS: Final[dict[TimerKind, Callable[[Run, int], None]]] = {
    TimerKind.VIEW: _on_view_timer,
    TimerKind.PROPOSE: _on_propose_timer,
    TimerKind.RESEND: _on_resend_timer,
    TimerKind.SYNC: on_sync_timer,
    TimerKind.STATUS: on_status_timer,
}

_HANDLERS: Final[dict[type, Callable[[Run, Any], None]]] = {
    Received: _on_received,
    Elapsed: _on_elapsed,
    Submitted: _on_submitted,
    Connected: _on_connected,
    Resumed: _on_resumed,
}


# --- applying the rules ------------------------------------------------------------------------


def _apply_rules(run: Run, now_ms: int) -> None:
    """Apply every rule in order, at this height and, if it ends, at the next (C-FLOW-1).

    The next height starts with at most what came early for it, and the one after with nothing, so
    this ends after three rounds.
    """
    height = -1
    while height != run.state.height and run.state.halted is None:
        height = run.state.height
        run.take(rules.join(run.state.agreement))
        _propose(run, now_ms)
        _prepare(run, now_ms)
        run.take(rules.lock_and_commit(run.state.agreement))
        _decide(run, now_ms)
    synchronise(run)


def _propose(run: Run, now_ms: int) -> None:
    """In its turn, propose the block that may be decided already, or else a fresh one.

    C-NEW-3, C-PROP-1.
    """
    agreement = run.state.agreement
    if not rules.may_propose(agreement):
        return
    again = rules.reproposal(agreement)
    if again is not None:
        run.take(rules.propose(agreement, again.block, again.justification))
        return
    if agreement.view == 0 and not pending(run.state):  # C-PROP-3: no empty block in view 0
        return
    block = fresh_block(run, now_ms)
    if block.payload or agreement.view > 0:
        run.take(rules.propose(agreement, block, None))
    else:
        run.state = evolve(run.state, verdict=None)
        recheck(run, None, (), now_ms)


def _prepare(run: Run, now_ms: int) -> None:
    proposal = rules.awaits_verdict(run.state.agreement)
    if proposal is None:
        return
    block, drift = proposal.block, run.state.config.settings.clock_drift_ms
    fresh = proposal.justification is None
    if fresh and abs(block.header.time_ms - now_ms) > drift:  # C-VALID-3: fresh ones only
        return
    valid = judge(run, block) is not None
    run.take(rules.prepare(run.state.agreement, valid))


def _decide(run: Run, now_ms: int) -> None:
    certificate = rules.certified(run.state.agreement)
    if certificate is None:
        return
    decision = rules.decision(run.state.agreement)
    if decision is not None:
        advance(run, *decision, now_ms)
        return
    # C-DEC-3: decided by others, but the block never came
    record_peer_height(run, run.state.height + 1, signers(certificate))
