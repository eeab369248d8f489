"""One platform: `start`, and `step` for every event after that.

The two halves meet here: the agreement on the current height (`consensus`) and the state that the
chain has led to (`application`).
An event is first recorded; then the rules are applied in their fixed order; then the timers that
should run are derived from the state.
Nothing here performs anything: what is to be done leaves as effects.
Implements C-FLOW-1, C-DEC-2 to C-DEC-4, C-PACE-1 to C-PACE-5, C-LOSS-1 to C-LOSS-4, C-SYNC-1 to
C-SYNC-4, C-VALID-1 to C-VALID-4, C-EVID-2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, field, frozen

from web4core.application import Application, Applied, Pooled, Refusal
from web4core.chain import (
    Block,
    Genesis,
    Header,
    chain_id,
    check_genesis,
    genesis_block,
    payload_root,
    seal,
)
from web4core.consensus import rules
from web4core.consensus.state import (
    Agreement,
    Kept,
    Slots,
    begin,
    gathered_view_changes,
    keep,
    kept,
    no_slots,
    signed,
)
from web4core.effects import Accuse, Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign
from web4core.errors import LocalProtocolError
from web4core.events import (
    Connected,
    Elapsed,
    Event,
    Received,
    Resumed,
    Submitted,
    Timer,
    TimerKind,
)
from web4core.messages import (
    MAX_SUBMISSION,
    UNSIGNED,
    Certificate,
    Decided,
    Draft,
    Evidence,
    Kind,
    Proposal,
    Statement,
    Status,
    Submission,
    ViewChange,
    Vote,
    conflict,
)
from web4core.quorum import proposer, quorum
from web4core.settings import Settings

FETCH_BLOCKS = 32
"""Blocks asked for at a time (C-SYNC-3)."""

SYNC_ROUNDS = 3
"""How often each platform that claims to be ahead is asked before the claims are dropped."""

MAX_BACKOFF_DOUBLINGS = 32
"""The view time-out stops doubling here at the latest; the cap in settings is met far earlier."""


@frozen
class Config:
    """What never changes while a platform runs."""

    chain_id: bytes
    n: int
    me: int
    settings: Settings
    application: Application = field(repr=False, eq=False)

    @property
    def others(self) -> tuple[int, ...]:
        """All platforms but this one."""
        return tuple(index for index in range(self.n) if index != self.me)


@frozen
class Verdict:
    """What the application said of a block: its result, or None if it refused (C-VALID-4)."""

    digest: bytes
    applied: Applied | None


@frozen
class Sync:
    """This platform is behind, if what others say is true (C-SYNC-2).

    `claims[p]` is the highest height that platform p has shown itself to be in, 0 for none.
    Blocks below `asked` are on their way; `tries` counts questions without an answer.
    """

    claims: tuple[int, ...]
    asked: int
    tries: int = 0


@frozen
class State:
    """All that a platform knows; a fold of `step` over its journal."""

    config: Config
    tip: Block
    tip_certificate: Certificate | None
    app: Any = field(repr=False)
    pool: Any = field(repr=False)
    agreement: Agreement
    upcoming: Slots = field(repr=False)
    verdict: Verdict | None = field(default=None, eq=False, repr=False)
    """A memo of the last judgement: leaving it out changes nothing but the work."""
    sync: Sync | None = None
    armed: tuple[Timer, ...] = ()
    halted: Halt | None = None

    @property
    def height(self) -> int:
        """The height being agreed on: one above the last block."""
        return self.agreement.height


@frozen
class Transition:
    """Where an event leads, and what is to be done about it, in order."""

    state: State
    effects: tuple[Effect, ...]


# --- the two calls -----------------------------------------------------------------------------


def configure(
    genesis: Genesis, platform: str, settings: Settings, application: Application
) -> Config:
    """Check the genesis and find this platform in it."""
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
    application: Callable[[Genesis], Application],
) -> Transition:
    """The state of a platform that has seen nothing but the genesis.

    `application` builds the application for this chain.
    Raises `LocalProtocolError` if the genesis is impossible or does not name the platform.
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
    """What this event does to a platform.

    Total on every event whose messages passed the gate: a platform that sends nonsense changes
    nothing.
    Raises `LocalProtocolError` only for a value that is not an event.
    """
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise LocalProtocolError(f"A-EVENT-1: {type(event).__name__} is not an event")
    if state.halted is not None:  # A-EFFECT-8
        return Transition(state, ())
    run = _Run(state, [])
    handler(run, event)
    if run.state.halted is None:
        _apply_rules(run, event.now_ms)
    if run.state.halted is None:
        _set_timers(run)
    return Transition(run.state, tuple(run.effects))


class _Run:
    """One call of `step` in progress: the state so far, and the effects so far."""

    __slots__ = ("effects", "state")

    def __init__(self, state: State, effects: list[Effect]) -> None:
        self.state = state
        self.effects = effects


# --- recording events --------------------------------------------------------------------------


def _on_received(run: _Run, event: Received) -> None:
    message = event.message
    if isinstance(message, Submission):
        _admit(run, message.transactions, event.now_ms)
    elif isinstance(message, Decided):
        _on_decided(run, message, event.now_ms)
    else:
        _on_statement(run, message)


def _on_statement(run: _Run, message: Vote | Proposal | ViewChange | Status) -> None:
    """Keep what is about this height or the next; say where the rest belongs."""
    statement, height = message.statement, run.state.height
    if statement.height < height:
        _help(run, statement)
        return
    if statement.height > height:
        _note_ahead(run, statement.height, (statement.signer,))
    if isinstance(message, Status):
        return
    if statement.height == height:
        agreement = run.state.agreement
        slots = _keep(run, agreement.slots, message)
        run.state = evolve(run.state, agreement=evolve(agreement, slots=slots))
    elif statement.height == height + 1:  # C-LOSS-2: the next height's may come early
        run.state = evolve(run.state, upcoming=_keep(run, run.state.upcoming, message))


def _keep(run: _Run, slots: Slots, message: Kept) -> Slots:
    """Slot a message; a second, different one in the same view is evidence (C-EVID-2)."""
    present = kept(slots, message.statement)
    if present is not None and conflict(present.statement, message.statement):
        evidence = Evidence(
            present.statement, present.signature, message.statement, message.signature
        )
        run.effects.append(Accuse(evidence))
    return keep(slots, message)


def _help(run: _Run, statement: Statement) -> None:
    """Prove the last block to a platform that shows itself stuck below it (C-LOSS-3)."""
    certificate, config = run.state.tip_certificate, run.state.config
    if statement.kind not in (Kind.VIEW_CHANGE, Kind.STATUS) or statement.signer == config.me:
        return
    if certificate is not None:
        run.effects.append(Send(Decided(run.state.tip, certificate), (statement.signer,)))


def _on_decided(run: _Run, message: Decided, now_ms: int) -> None:
    """A block with its proof needs no trust in who sent it (C-SYNC-1)."""
    height = message.block.header.height
    if height == run.state.height:
        _advance(run, message.block, message.certificate, now_ms)
    elif height > run.state.height:
        _note_ahead(run, height + 1, _signers(message.certificate))


def _note_ahead(run: _Run, target: int, sources: tuple[int, ...]) -> None:
    """Remember who is past which height; one claim a platform, so that a lie costs one turn."""
    state = run.state
    others = [index for index in sources if index != state.config.me]
    if not others:
        return
    sync = state.sync or Sync((0,) * state.config.n, state.height)
    claims = list(sync.claims)
    for index in others:
        claims[index] = max(claims[index], target)
    run.state = evolve(state, sync=evolve(sync, claims=tuple(claims)))


def _on_submitted(run: _Run, event: Submitted) -> None:
    pooled = _admit(run, event.transactions, event.now_ms)
    _refuse(run, pooled.refused)
    others = run.state.config.others
    if others:
        for first in range(0, len(pooled.added), MAX_SUBMISSION):
            batch = pooled.added[first : first + MAX_SUBMISSION]
            run.effects.append(Send(Submission(batch), others))


def _admit(run: _Run, items: tuple[Any, ...], now_ms: int) -> Pooled:
    state = run.state
    config = state.config
    pooled = config.application.admit(
        state.app, state.pool, items, _next_time(state, now_ms), config.settings.pool_items
    )
    run.state = evolve(state, pool=pooled.pool)
    return pooled


def _refuse(run: _Run, refused: tuple[Refusal, ...]) -> None:
    run.effects.extend(Refuse(refusal.item, refusal.code) for refusal in refused)


def _on_connected(run: _Run, event: Connected) -> None:
    """Say to one platform what was said to all (C-LOSS-4)."""
    if event.platform not in run.state.config.others:
        return
    to = (event.platform,)
    for draft in rules.standing(run.state.agreement):
        message = signed(run.state.agreement, draft)
        if message is not None:
            run.effects.append(Send(message, to))
    run.effects.append(Sign(_status(run.state), to))


def _on_resumed(run: _Run, event: Resumed) -> None:
    """Nothing that was set or sent before counts any longer."""
    run.state = evolve(run.state, armed=())
    _resend(run)


def _on_elapsed(run: _Run, event: Elapsed) -> None:
    timer = event.timer
    if timer not in run.state.armed:  # a stale timer
        return
    armed = tuple(each for each in run.state.armed if each != timer)
    run.state = evolve(run.state, armed=armed)
    _TIMERS[timer.kind](run, event.now_ms)


def _on_view_timer(run: _Run, now_ms: int) -> None:
    """Nothing came of this view: leave it, unless there is no work after all (C-VIEW-1)."""
    _revise(run, None, (), now_ms)
    if _has_work(run.state):
        agreement, draft = rules.enter(run.state.agreement, run.state.agreement.view + 1)
        _take(run, agreement, draft)


def _on_propose_timer(run: _Run, now_ms: int) -> None:
    agreement = evolve(run.state.agreement, gathered=True)  # C-NEW-2
    run.state = evolve(run.state, agreement=agreement)


def _on_resend_timer(run: _Run, now_ms: int) -> None:
    """Say it all again, and hand the proposer what waits here (C-LOSS-1)."""
    _resend(run)
    state = run.state
    turn = proposer(state.height, state.agreement.view, state.config.n)
    waiting = state.config.application.waiting(state.pool, MAX_SUBMISSION)
    if waiting and turn != state.config.me:
        run.effects.append(Send(Submission(waiting), (turn,)))


def _resend(run: _Run) -> None:
    """Sign what was never signed, send what was, and show where this platform is (C-LOSS-1)."""
    state = run.state
    others = state.config.others
    for draft in rules.standing(state.agreement):
        message = signed(state.agreement, draft)
        run.effects.append(Sign(draft, others) if message is None else Send(message, others))
    if others:
        run.effects.append(Sign(_status(state), others))


def _status(state: State) -> Status:
    statement = Statement(
        Kind.STATUS, state.height, state.agreement.view, state.tip.digest, state.config.me
    )
    return Status(statement, UNSIGNED)


def _on_sync_timer(run: _Run, now_ms: int) -> None:
    """What was asked for has not come: ask the next platform, but not for ever (C-SYNC-4)."""
    sync = run.state.sync
    if sync is None:
        return
    if sync.tries >= SYNC_ROUNDS * run.state.config.n:
        run.state = evolve(run.state, sync=None)
    else:
        _fetch(run, sync)


def _fetch(run: _Run, sync: Sync) -> None:
    height = run.state.height
    sources = [index for index, claim in enumerate(sync.claims) if claim > height]
    if sources:
        run.effects.append(Fetch(height, sources[sync.tries % len(sources)]))
    asked = evolve(sync, asked=height + FETCH_BLOCKS, tries=sync.tries + 1)
    run.state = evolve(run.state, sync=asked)


_TIMERS: dict[TimerKind, Callable[[_Run, int], None]] = {
    TimerKind.VIEW: _on_view_timer,
    TimerKind.PROPOSE: _on_propose_timer,
    TimerKind.RESEND: _on_resend_timer,
    TimerKind.SYNC: _on_sync_timer,
}

_HANDLERS: dict[type, Callable[[_Run, Any], None]] = {
    Received: _on_received,
    Elapsed: _on_elapsed,
    Submitted: _on_submitted,
    Connected: _on_connected,
    Resumed: _on_resumed,
}


# --- applying the rules ------------------------------------------------------------------------


def _apply_rules(run: _Run, now_ms: int) -> None:
    """Apply every rule in order, at this height and, if it ends, at the next (C-FLOW-1).

    The next height starts with at most what came early for it, and the one after with nothing, so
    this ends after three rounds.
    """
    height = -1
    while height != run.state.height and run.state.halted is None:
        height = run.state.height
        _take(run, *rules.join(run.state.agreement))
        _propose(run, now_ms)
        _prepare(run, now_ms)
        _take(run, *rules.lock_and_commit(run.state.agreement))
        _decide(run, now_ms)
    _synchronise(run)


def _take(run: _Run, agreement: Agreement, draft: Draft | None) -> None:
    if draft is not None:
        run.state = evolve(run.state, agreement=agreement)
        run.effects.append(Sign(draft, run.state.config.others))


def _propose(run: _Run, now_ms: int) -> None:
    """In its turn, propose what may be decided already, or else what waits (C-NEW-3, C-PROP-1)."""
    agreement = run.state.agreement
    if not rules.may_propose(agreement):
        return
    again = rules.reproposal(agreement)
    if again is not None:
        _take(run, *rules.propose(agreement, again.block, again.justification))
        return
    if agreement.view == 0 and not _pending(run.state):  # C-PROP-3: no empty block in view 0
        return
    block = _fresh_block(run, now_ms)
    if block.payload or agreement.view > 0:
        _take(run, *rules.propose(agreement, block, None))
    else:
        run.state = evolve(run.state, verdict=None)
        _revise(run, None, (), now_ms)


def _fresh_block(run: _Run, now_ms: int) -> Block:
    """A block of what waits, with the state root after it (C-VALID-1)."""
    state = run.state
    config, tip = state.config, state.tip
    time_ms = _next_time(state, now_ms)
    chosen = config.application.choose(
        state.app,
        state.pool,
        time_ms,
        tip.digest,
        config.settings.block_items,
        config.settings.block_bytes,
    )
    root = chosen.applied.root
    header = Header(
        config.chain_id, state.height, tip.digest, time_ms, payload_root(chosen.payload), root
    )
    block = seal(header, chosen.payload)
    run.state = evolve(state, verdict=Verdict(block.digest, chosen.applied))
    return block


def _next_time(state: State, now_ms: int) -> int:
    """The time of a block proposed now: the clock's, but above the parent's (C-VALID-2)."""
    return max(now_ms, state.tip.header.time_ms + 1)


def _prepare(run: _Run, now_ms: int) -> None:
    proposal = rules.awaits_verdict(run.state.agreement)
    if proposal is None:
        return
    block, drift = proposal.block, run.state.config.settings.clock_drift_ms
    fresh = proposal.justification is None
    if fresh and abs(block.header.time_ms - now_ms) > drift:  # C-VALID-3: fresh ones only
        return
    valid = _judge(run, block) is not None
    _take(run, *rules.prepare(run.state.agreement, valid))


def _judge(run: _Run, block: Block) -> Applied | None:
    """Apply a block to the state, once; None if it does not follow from it (C-VALID-1, 2, 4)."""
    state = run.state
    if state.verdict is not None and state.verdict.digest == block.digest:
        return state.verdict.applied
    applied = _result(state, block)
    run.state = evolve(state, verdict=Verdict(block.digest, applied))
    return applied


def _result(state: State, block: Block) -> Applied | None:
    header, tip = block.header, state.tip
    if header.chain_id != state.config.chain_id or header.height != state.height:
        return None
    if header.parent != tip.digest or header.time_ms <= tip.header.time_ms:
        return None
    applied = state.config.application.apply(state.app, block.payload, header.time_ms)
    if isinstance(applied, Refusal) or applied.root != header.state_root:
        return None
    return applied


def _decide(run: _Run, now_ms: int) -> None:
    certificate = rules.certified(run.state.agreement)
    if certificate is None:
        return
    decision = rules.decision(run.state.agreement)
    if decision is not None:
        _advance(run, *decision, now_ms)
        return
    # C-DEC-3: decided by others, but the block never came
    _note_ahead(run, run.state.height + 1, _signers(certificate))


def _signers(certificate: Certificate) -> tuple[int, ...]:
    return tuple(signer for signer, _ in certificate.signatures)


def _advance(run: _Run, block: Block, certificate: Certificate, now_ms: int) -> None:
    """Make a certified block the tip, and begin the next height (C-DEC-2)."""
    applied = _judge(run, block)
    if applied is None:  # C-DEC-4
        halt = Halt("C-DEC-4", f"a quorum certified an invalid block at height {run.state.height}")
        run.state = evolve(run.state, halted=halt)
        run.effects.append(halt)
        return
    run.effects.append(Decide(block, certificate))
    config = run.state.config
    run.state = evolve(
        run.state,
        tip=block,
        tip_certificate=certificate,
        app=applied.state,
        agreement=begin(config.n, config.me, run.state.height + 1, run.state.upcoming),
        upcoming=no_slots(config.n),
        verdict=None,
        sync=None if run.state.sync is None else evolve(run.state.sync, tries=0),
    )
    _revise(run, applied.touched, block.payload, now_ms)


def _revise(
    run: _Run, touched: tuple[bytes, ...] | None, included: tuple[Any, ...], now_ms: int
) -> None:
    """Keep only what would still apply, and tell whose does not (A-APP-5)."""
    state = run.state
    time_ms = _next_time(state, now_ms)
    pooled = state.config.application.revise(state.app, state.pool, touched, included, time_ms)
    run.state = evolve(state, pool=pooled.pool)
    _refuse(run, pooled.refused)


def _synchronise(run: _Run) -> None:
    """Fetch what others have, once it is certain that it will not come by itself (C-SYNC-3)."""
    sync, height = run.state.sync, run.state.height
    if sync is None:
        return
    ahead = max(sync.claims) - height
    if ahead <= 0:
        run.state = evolve(run.state, sync=None)
    elif height >= sync.asked and ahead > 1:
        _fetch(run, sync)


# --- timers ------------------------------------------------------------------------------------


def _pending(state: State) -> bool:
    return state.config.application.pending(state.pool) > 0


def _has_work(state: State) -> bool:
    """Whether this height has anything to finish: transactions, or anybody's word (C-PACE-1)."""
    if state.agreement.view > 0 or _pending(state):
        return True
    slots = state.agreement.slots
    return any(
        message is not None
        for held in (slots.proposals, slots.prepares, slots.commits, slots.view_changes)
        for message in held
    )


def _wanted_timers(state: State) -> tuple[tuple[Timer, int], ...]:
    """The timers that this state calls for, with their delays: the whole pacemaker."""
    agreement, settings = state.agreement, state.config.settings
    height, view, n = agreement.height, agreement.view, agreement.n
    wanted: list[tuple[Timer, int]] = []
    if _has_work(state):
        if view == 0 or rules.quorum_in_view(agreement):  # C-PACE-1, C-PACE-2
            doubled = settings.view_timeout_ms << min(view, MAX_BACKOFF_DOUBLINGS)
            delay = min(doubled, settings.view_timeout_max_ms)  # C-PACE-3
            wanted.append((Timer(TimerKind.VIEW, height, view), delay))
        wanted.append((Timer(TimerKind.RESEND, height, view), settings.resend_ms))  # C-PACE-4
    waits = view > 0 and not agreement.gathered and agreement.said.proposal is None
    if waits and proposer(height, view, n) == agreement.me:  # C-NEW-2
        if len(gathered_view_changes(agreement)) >= quorum(n):
            wanted.append((Timer(TimerKind.PROPOSE, height, view), settings.propose_delay_ms))
    if state.sync is not None:  # C-SYNC-4
        wanted.append((Timer(TimerKind.SYNC, height, 0), settings.sync_delay_ms))
    return tuple(wanted)


def _set_timers(run: _Run) -> None:
    """Set the timers that are wanted and do not run; forget those that are not (C-PACE-5)."""
    wanted = _wanted_timers(run.state)
    armed = tuple(timer for timer, _ in wanted)
    if armed == run.state.armed:
        return
    for timer, delay_ms in wanted:
        if timer not in run.state.armed:
            run.effects.append(SetTimer(timer, delay_ms))
    run.state = evolve(run.state, armed=armed)
