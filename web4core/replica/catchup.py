"""Catching up: fetching blocks that others have, and proving ours to platforms that lack them.

Implements C-LOSS-3, C-PACE-6, C-SYNC-1 to C-SYNC-4.
"""

from __future__ import annotations

from attrs import evolve

from web4core.effects import Fetch, Send, Sign
from web4core.messages import Certificate, Decided, Kind, Statement, StatusDraft
from web4core.replica.blocks import advance
from web4core.replica.state import Run, State, Sync

FETCH_BLOCKS = 32
"""Blocks asked for at a time (C-SYNC-3)."""

SYNC_ROUNDS = 3
"""Times that each platform that claims to be ahead is asked, before all such claims are dropped."""


def status(state: State) -> StatusDraft:
    """The draft of a STATUS: height, view and tip of this platform."""
    here = Statement(
        Kind.STATUS, state.height, state.agreement.view, state.tip.digest, state.config.me
    )
    return StatusDraft(here)


def broadcast_status(run: Run) -> None:
    """Send a STATUS to all others, so that those that are ahead can prove their tip (C-LOSS-3)."""
    others = run.state.config.others
    if others:
        run.effects.append(Sign(status(run.state), others))


def on_status_timer(run: Run, _now_ms: int) -> None:
    """Send a STATUS, since nothing has come for a while and messages may be lost (C-PACE-6)."""
    broadcast_status(run)


def assist_lagging(run: Run, statement: Statement) -> None:
    """Prove the last block to a platform that shows itself stuck below it (C-LOSS-3)."""
    certificate, config = run.state.tip_certificate, run.state.config
    if statement.kind not in (Kind.VIEW_CHANGE, Kind.STATUS) or statement.signer == config.me:
        return
    if certificate is not None:
        run.effects.append(Send(Decided(run.state.tip, certificate), (statement.signer,)))


def on_decided(run: Run, message: Decided, now_ms: int) -> None:
    """Take a decided block, whose proof makes trust in its sender needless (C-SYNC-1)."""
    height = message.block.header.height
    if height == run.state.height:
        advance(run, message.block, message.certificate, now_ms)
    elif height > run.state.height:
        record_peer_height(run, height + 1, signers(message.certificate))


def record_peer_height(run: Run, target: int, sources: tuple[int, ...]) -> None:
    """Remember the heights that platforms claim; one claim each, so that a lie costs one turn."""
    state = run.state
    others = [index for index in sources if index != state.config.me]
    if not others:
        return
    sync = state.sync or Sync((0,) * state.config.n)
    heights = list(sync.peer_heights)
    for index in others:
        heights[index] = max(heights[index], target)
    run.state = evolve(state, sync=evolve(sync, peer_heights=tuple(heights)))


def on_sync_timer(run: Run, _now_ms: int) -> None:
    """Ask the next platform, since no answer has come, but not for ever (C-SYNC-4)."""
    sync = run.state.sync
    if sync is None:
        return
    if sync.tries >= SYNC_ROUNDS * run.state.config.n:
        run.state = evolve(run.state, sync=None)
    else:
        _fetch(run, sync)


def _fetch(run: Run, sync: Sync) -> None:
    height = run.state.height
    sources = [index for index, claimed in enumerate(sync.peer_heights) if claimed > height]
    if sources:
        source = next((index for index in sources if index >= sync.turn), sources[0])
        run.effects.append(Fetch(height, to=source))
        sync = evolve(sync, turn=source + 1)
    asked = evolve(sync, asked=height + FETCH_BLOCKS, tries=sync.tries + 1)
    run.state = evolve(run.state, sync=asked)


def synchronise(run: Run) -> None:
    """Fetch the blocks that others have, once it is certain that they will not come by themselves.

    C-SYNC-3.
    """
    sync, height = run.state.sync, run.state.height
    if sync is None:
        return
    ahead = max(sync.peer_heights) - height
    if ahead <= 0:
        run.state = evolve(run.state, sync=None)
        if sync.asked > 0:  # while blocks were fetched, votes on this one may have gone by
            broadcast_status(run)
    elif height >= sync.asked and ahead > 1:
        _fetch(run, sync)


def signers(certificate: Certificate) -> tuple[int, ...]:
    return tuple(signer for signer, _ in certificate.signatures)
