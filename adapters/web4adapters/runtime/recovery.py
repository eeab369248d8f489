"""From a store back to a state: the newest snapshot, and the journal folded onto it."""

from __future__ import annotations

import logging

from attrs import frozen

from web4adapters.signers import GuardedSigner, Memory
from web4adapters.storage import Store
from web4core.chain import Genesis
from web4core.consensus.rules import standing
from web4core.consensus.state import Agreement
from web4core.ledger.application import Ledger
from web4core.messages import BINDING
from web4core.replica import State, configure, start, step
from web4core.settings import Settings
from web4core.snapshot import decode_event, decode_state, event_schema

log = logging.getLogger("web4.recovery")


@frozen
class Revived:
    """A platform's state as its store tells it, and the number of the last event in it."""

    state: State
    seq: int


def revive(store: Store, genesis: Genesis, platform: str, settings: Settings) -> Revived:
    """Fold the journal (A-DUR-2). Raises the errors of the store."""
    recovered = store.recover()
    if recovered.snapshot is None:
        state = start(genesis, platform, settings, Ledger.of).state
    else:
        config = configure(genesis, platform, settings, Ledger.of(genesis))
        state = decode_state(config, recovered.snapshot)
    schema = event_schema(state.config.application)
    count = 0
    for record in recovered.events:
        state = step(state, decode_event(schema, record)).state
        count += 1
    log.info("%d events since the last snapshot; height %d", count, state.height)
    return Revived(state, recovered.last_seq)


def silence_if_forgetful(guard: GuardedSigner, state: State) -> int | None:
    """Keep a platform quiet that signed what its journal does not know (C-GUARD-4).

    Its store is older than its guard: it may have forgotten a lock.
    Returns the height up to which it stays silent, if it does.
    """
    if not has_forgotten(guard.memory, state.agreement):
        return None
    signed = [last.height for last in guard.memory.last if last is not None]
    silent_through = max(signed, default=0)
    guard.silence_through(silent_through)
    return silent_through


def has_forgotten(memory: Memory, agreement: Agreement) -> bool:
    """Whether a statement was signed that this agreement does not know (C-GUARD-4).

    What is signed is in the journal first, so a store that is whole ends at or after the height and
    view of every statement signed, and what was signed in its view it stands for.
    """
    here = (agreement.height, agreement.view)
    stands_for = [draft.statement.kind for draft in standing(agreement)]
    return any(
        (last.height, last.view) > here
        or ((last.height, last.view) == here and kind not in stands_for)
        for kind, last in zip(BINDING, memory.last, strict=True)
        if last is not None
    )
