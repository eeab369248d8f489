"""From a journal back to a state: the newest snapshot, and the events after it, folded onto it.

Implements A-DUR-2, and C-GUARD-4 as far as a fold has to know the statements made in it.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from web4core.application import AnyApplication
from web4core.chain import Genesis
from web4core.consensus.rules import standing
from web4core.effects import Sign
from web4core.errors import LocalProtocolError
from web4core.guard import Memory, highest_signed, silenced
from web4core.messages import BINDING, Statement
from web4core.replica import State, configure, start, step
from web4core.settings import Settings
from web4core.snapshot import decode_event, decode_state, event_schema


@frozen
class Journal:
    """The content of a disk: the newest snapshot of a platform, if any, and the events after it."""

    snapshot: bytes | None = field(default=None, repr=False)
    """The encoded state that the newest snapshot holds (`encode_state`); None before the first."""
    records: Iterable[bytes] = field(default=(), repr=False)
    """The encoded events after the snapshot, oldest first; read once, as the fold goes on."""
    seq: int = 0
    """Number of the last event in the snapshot, counted from 1 since the genesis; 0 without one."""


@frozen
class Fold:
    """The state that a journal leads to, and the statements that the platform made on the way."""

    state: State
    """The state after the last event."""
    seq: int
    """Number of the last event."""
    count: int
    """The number of events that were folded."""
    size: int
    """Bytes of these events."""
    begun: tuple[int, int]
    """Height and view at which the fold began."""
    said: frozenset[Statement] = field(repr=False)
    """All binding statements that the platform made in the fold, or stood for at its beginning."""


def fold(genesis: Genesis, platform: str, application: AnyApplication, journal: Journal) -> Fold:
    """Fold a journal (A-DUR-2).

    The settings are those that each `Resumed` in the journal brought, not today's (A-SET-2).
    Raises `RemoteProtocolError` for bytes that are no state or event, and `LocalProtocolError` for
    a snapshot of another platform or chain.
    """
    if journal.snapshot is None and journal.seq != 0:
        raise LocalProtocolError(f"A-NODE-2: no snapshot, yet {journal.seq} events are folded in")
    if journal.snapshot is None:
        state = start(genesis, platform, Settings(), lambda _genesis: application).state
    else:
        config = configure(genesis, platform, Settings(), application)
        state = decode_state(config, journal.snapshot)
    begun = (state.height, state.agreement.view)
    said = [draft.statement for draft in standing(state.agreement)]
    schema = event_schema(application)
    count, size = 0, 0
    for record in journal.records:
        transition = step(state, decode_event(schema, record))
        state = transition.state
        said.extend(
            effect.draft.statement
            for effect in transition.effects
            if isinstance(effect, Sign) and effect.draft.statement.kind in BINDING
        )
        count += 1
        size += len(record)
    return Fold(state, journal.seq + count, count, size, begun, frozenset(said))


def guarded(memory: Memory, folded: Fold) -> Memory:
    """The guard's memory for a platform that starts from this fold (C-GUARD-4, C-GUARD-6).

    Where the platform signed a statement that the fold does not know, its store is older than its
    guard, or leads elsewhere: the platform may have forgotten a lock.
    It then stays silent at all heights at which it signed anything.
    """
    return silenced(memory, highest_signed(memory)) if has_forgotten(memory, folded) else memory


def has_forgotten(memory: Memory, folded: Fold) -> bool:
    """Whether a statement was signed that the fold did not say (C-GUARD-4).

    What is signed is in the journal first.
    So the fold said the last signed statement of each kind, with two exceptions: (1) the statement
    is older than the beginning of the fold, or (2) the platform is silent at its height already.
    """
    me = folded.state.config.me
    return any(
        last.height > memory.silent_through
        and (last.height, last.view) >= folded.begun
        and Statement(kind, last.height, last.view, last.digest, me) not in folded.said
        for kind, last in zip(BINDING, memory.last, strict=True)
        if last is not None
    )
