"""From a store back to a state: the newest snapshot, and the journal folded onto it."""

from __future__ import annotations

import logging

from attrs import frozen

from web4adapters.signers import GuardedSigner, Memory
from web4adapters.storage import Store
from web4core import (
    BINDING,
    Digest,
    Genesis,
    Ledger,
    Settings,
    Sign,
    State,
    Statement,
    View,
    configure,
    decode_event,
    decode_state,
    event_schema,
    standing,
    start,
    step,
)

log = logging.getLogger("web4.recovery")


@frozen
class Revived:
    """A platform's state as its store tells it, and the number of the last event in it.

    `begun` is the height and view of the snapshot that the fold began with, and `said` names all
    that the platform said since, and what it stood for then.
    """

    state: State
    seq: int
    begun: tuple[int, int]
    said: frozenset[Statement]


def revive(store: Store, genesis: Genesis, platform: str) -> Revived:
    """Fold the journal (A-DUR-2). Raises the errors of the store.

    The settings are those that each `Resumed` in the journal brought, and not today's (A-SET-2).
    """
    recovered = store.recover()
    if recovered.snapshot is None:
        state = start(genesis, platform, Settings(), Ledger.of).state
    else:
        config = configure(genesis, platform, Settings(), Ledger.of(genesis))
        state = decode_state(config, recovered.snapshot)
    begun = (state.height, state.agreement.view)
    said = [draft.statement for draft in standing(state.agreement)]
    schema = event_schema(state.config.application)
    count = 0
    for record in recovered.events:
        transition = step(state, decode_event(schema, record))
        state = transition.state
        said.extend(
            effect.draft.statement
            for effect in transition.effects
            if isinstance(effect, Sign) and effect.draft.statement.kind in BINDING
        )
        count += 1
    log.info("%d events since the last snapshot; height %d", count, state.height)
    return Revived(state, recovered.last_seq, begun, frozenset(said))


def silence_if_forgetful(guard: GuardedSigner, revived: Revived) -> int | None:
    """Keep a platform quiet that signed what its journal does not know (C-GUARD-4).

    Its store is older than its guard, or was folded to something else: it may have forgotten a
    lock.
    Returns the height up to which it stays silent, if it does.
    """
    if not has_forgotten(guard.memory, revived):
        return None
    signed = [last.height for last in guard.memory.last if last is not None]
    silent_through = max(signed, default=0)
    guard.silence_through(silent_through)
    return silent_through


def has_forgotten(memory: Memory, revived: Revived) -> bool:
    """Whether a statement was signed that this fold did not say (C-GUARD-4).

    What is signed is in the journal first.
    So of each kind, what was signed last is something that the fold said, unless it lies before the
    snapshot that the fold began with, or at a height at which the platform is silent already.
    """
    me = revived.state.config.me
    return any(
        last.height > memory.silent_through
        and (last.height, last.view) >= revived.begun
        and Statement(kind, last.height, View(last.view), Digest(last.digest), me)
        not in revived.said
        for kind, last in zip(BINDING, memory.last, strict=True)
        if last is not None
    )
