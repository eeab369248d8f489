"""Blocks that follow from one another: making one, judging one, making one the tip.

Implements C-DEC-2, C-DEC-4, C-VALID-1, C-VALID-2, C-VALID-4.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from web4core.application import Applied, Refusal
from web4core.chain import Block, Header, payload_root, seal
from web4core.consensus.state import begin, no_slots
from web4core.effects import Decide, Halt
from web4core.messages import Certificate
from web4core.replica.state import Run, State, Verdict
from web4core.types import TimeMs


def fresh_block(run: Run, now_ms: int) -> Block:
    """A block of waiting items, with the state root after it (C-VALID-1)."""
    state = run.state
    config, tip = state.config, state.tip
    time_ms = next_time(state, now_ms)
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
    if chosen.stale:
        recheck(run, chosen.stale, (), now_ms)
    return block


def next_block(state: State, now_ms: int) -> Block:
    """The block that this platform would propose at this time (C-VALID-1).

    It holds waiting items, up to the bounds of the settings, and may be empty.
    """
    return fresh_block(Run(state), now_ms)


def next_time(state: State, now_ms: int) -> TimeMs:
    """The time of a block proposed now: the clock's, but above the parent's (C-VALID-2)."""
    return TimeMs(max(now_ms, state.tip.header.time_ms + 1))


def judge(run: Run, block: Block) -> Applied[Any] | None:
    """Apply a block to the state, once; None if it does not follow from it (C-VALID-1, 2, 4)."""
    state = run.state
    if state.verdict is not None and state.verdict.digest == block.digest:
        return state.verdict.applied
    applied = _result(state, block)
    run.state = evolve(state, verdict=Verdict(block.digest, applied))
    return applied


def _result(state: State, block: Block) -> Applied[Any] | None:
    header, tip = block.header, state.tip
    if header.chain_id != state.config.chain_id or header.height != state.height:
        return None
    if header.parent != tip.digest or header.time_ms <= tip.header.time_ms:
        return None
    applied = state.config.application.apply(state.app, block.payload, header.time_ms)
    if isinstance(applied, Refusal) or applied.root != header.state_root:
        return None
    return applied


def advance(run: Run, block: Block, certificate: Certificate, now_ms: int) -> None:
    """Make a certified block the tip, and begin the next height (C-DEC-2)."""
    applied = judge(run, block)
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
    recheck(run, applied.touched, block.payload, now_ms)


def recheck(
    run: Run, touched: tuple[bytes, ...] | None, included: tuple[Any, ...], now_ms: int
) -> None:
    """Keep the waiting items that would still apply, and refuse the others (A-APP-5)."""
    state = run.state
    time_ms = next_time(state, now_ms)
    pooled = state.config.application.recheck(state.app, state.pool, touched, included, time_ms)
    run.state = evolve(state, pool=pooled.pool)
    run.refuse(pooled.refused)
