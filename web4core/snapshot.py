"""Events and states as bytes, for journals and snapshots.

A journal is the events of one platform in order; its state is a fold of `step` over them.
A snapshot is such a state, so that the journal before it can go.
These bytes never leave the platform, and are trusted as far as its own disk is.
Implements A-DUR-2 to A-DUR-4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, fields, frozen

from web4core import codec
from web4core.application import AnyApplication
from web4core.chain import DIGEST, HEIGHT, MAX_BLOCK_ITEMS, MAX_PLATFORMS, TIME_MS, Block
from web4core.consensus.state import Agreement, Lock, OwnStatements, Slots
from web4core.effects import Halt
from web4core.errors import LocalProtocolError, RemoteProtocolError
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
from web4core.hashing import Tag, digest
from web4core.messages import (
    CERTIFICATE,
    MAX_MESSAGE_BYTES,
    STATEMENT,
    VOTE,
    Certificate,
    Draft,
    ProposalDraft,
    ViewChangeDraft,
    VoteDraft,
    message_schemas,
)
from web4core.replica import Config, State, Sync
from web4core.schema import (
    MAX_UINT,
    Schema,
    flag,
    line,
    octets,
    optional,
    parts,
    record,
    refuse,
    sequence,
    uint,
    union,
)
from web4core.settings import Settings
from web4core.types import ChainId

MAX_EVENT_BYTES = 2 * MAX_MESSAGE_BYTES
"""Length of an encoded event."""

MAX_SNAPSHOT_BYTES = 1 << 34
"""Length of an encoded state."""

MAX_ARMED = len(TimerKind)
"""Timers that can run: one of each kind (C-PACE-5)."""

MAX_HALT_CHARACTERS = 500
"""Length of the reason of a Halt; the core's own are shorter."""


def _load_timer_kind(plain: Any) -> TimerKind:
    if type(plain) is not int or not 1 <= plain <= len(TimerKind):
        raise refuse("W-TYPE-1", "a kind of timer", plain)
    return TimerKind(plain)


_INDEX = uint(MAX_PLATFORMS - 1)
_TIMER: Schema[Timer] = record(
    "timer",
    Timer,
    kind=Schema(int, _load_timer_kind, "a kind of timer"),
    height=HEIGHT,
    view=HEIGHT,
)


def _load_settings(*values: int) -> Settings:
    try:
        return Settings(*values)
    except LocalProtocolError as error:
        raise RemoteProtocolError("A-SET-1", str(error)) from None


def _load_sync(peer_heights: tuple[int, ...], asked: int, tries: int, turn: int) -> Sync:
    return Sync(peer_heights, asked=asked, tries=tries, turn=turn)


SETTINGS: Schema[Settings] = record(
    "settings", _load_settings, **{each.name: uint() for each in fields(Settings)}
)


def event_schema(application: AnyApplication) -> Schema[Event]:
    """The form of events in a journal (A-DUR-2)."""
    messages = message_schemas(application.decode)
    schema: Schema[Event] = union(
        received=(Received, record("received", Received, message=messages.message, now_ms=TIME_MS)),
        elapsed=(Elapsed, record("elapsed", Elapsed, timer=_TIMER, now_ms=TIME_MS)),
        submitted=(
            Submitted,
            record(
                "submitted",
                Submitted,
                transactions=sequence(messages.item, MAX_BLOCK_ITEMS),
                now_ms=TIME_MS,
            ),
        ),
        connected=(
            Connected,
            record("connected", Connected, platform=_INDEX, now_ms=TIME_MS),
        ),
        resumed=(
            Resumed,
            record("resumed", Resumed, now_ms=TIME_MS, settings=optional(SETTINGS)),
        ),
    )
    return schema


def encode_event(schema: Schema[Event], event: Event) -> bytes:
    """The bytes of an event, for the journal (A-DUR-2)."""
    return schema.encode(event)


def received_bytes(message: bytes, now_ms: int) -> bytes:
    """The bytes of a `Received` from those of its message, which need not be encoded again.

    An array of three items is its head, then the bytes of each.
    """
    return b"\x83" + codec.encode("received") + message + codec.encode(now_ms)


def decode_event(schema: Schema[Event], data: bytes) -> Event:
    """The event with these bytes, from a journal (A-DUR-2).

    Raises `RemoteProtocolError` for bytes that are no event.
    """
    return schema.decode(data, MAX_EVENT_BYTES)


@frozen
class _Saved:
    """All of a state that is not configuration."""

    chain_id: ChainId
    me: int
    settings: Settings
    tip: Block
    tip_certificate: Certificate | None
    app: Any
    pool: Any
    agreement: Agreement
    upcoming: Slots
    sync: Sync | None
    armed: tuple[Timer, ...]
    halted: Halt | None


def _draft_schema(label: str, build: Callable[..., Draft], **more: Schema[Any]) -> Schema[Any]:
    """A draft stands in a snapshot as its message would, with no bytes for the signature."""
    layout = record(label, parts, statement=STATEMENT, signature=octets(0, 0), **more)
    dumps = tuple((each, more[each].dump) for each in more)

    def dump(draft: Any) -> codec.Plain:
        rest = [convert(getattr(draft, each)) for each, convert in dumps]
        return (label, STATEMENT.dump(draft.statement), b"", *rest)

    def load(plain: Any) -> Draft:
        statement, _, *rest = layout.load(plain)
        return build(statement, *rest)

    return Schema(dump, load, layout.says, layout.label, layout.fields)


def _state_schema(config: Config) -> Schema[_Saved]:
    """The form of a state."""
    application, n = config.application, config.n
    formats = message_schemas(application.decode)
    slots: Schema[Slots] = record(
        "slots",
        Slots,
        proposals=sequence(optional(formats.proposal), n),
        prepares=sequence(optional(VOTE), n),
        commits=sequence(optional(VOTE), n),
        view_changes=sequence(optional(formats.view_change), n),
    )
    vote = _draft_schema("vote", VoteDraft)
    proposal = _draft_schema(
        "proposal", ProposalDraft, block=formats.block, justification=optional(CERTIFICATE)
    )
    view_change = _draft_schema(
        "view_change",
        ViewChangeDraft,
        prepared=optional(CERTIFICATE),
        block=optional(formats.block),
    )
    said: Schema[OwnStatements] = record(
        "said",
        OwnStatements,
        view_change=optional(view_change),
        proposal=optional(proposal),
        prepare=optional(vote),
        commit=optional(vote),
    )
    lock: Schema[Lock] = record(
        "lock", Lock, view=HEIGHT, digest=DIGEST, certificate=CERTIFICATE, block=formats.block
    )
    agreement: Schema[Agreement] = record(
        "agreement",
        Agreement,
        n=uint(MAX_PLATFORMS),
        me=_INDEX,
        height=HEIGHT,
        slots=slots,
        view=HEIGHT,
        said=said,
        lock=optional(lock),
        gathered=flag(),
    )
    sync: Schema[Sync] = record(
        "sync",
        _load_sync,
        peer_heights=sequence(HEIGHT, n),
        asked=uint(2 * MAX_UINT),
        tries=HEIGHT,
        turn=uint(MAX_PLATFORMS),
    )
    halt: Schema[Halt] = record(
        "halt", Halt, clause=line(MAX_HALT_CHARACTERS), reason=line(MAX_HALT_CHARACTERS)
    )
    return record(
        "state",
        _Saved,
        chain_id=DIGEST,
        me=_INDEX,
        settings=SETTINGS,
        tip=formats.block,
        tip_certificate=optional(CERTIFICATE),
        app=application.state_schema,
        pool=application.pool_schema,
        agreement=agreement,
        upcoming=slots,
        sync=optional(sync),
        armed=sequence(_TIMER, MAX_ARMED),
        halted=optional(halt),
    )


def encode_state(state: State) -> bytes:
    """The bytes of a state: equal if and only if the states are (A-DUR-3)."""
    config = state.config
    saved = _Saved(
        config.chain_id,
        config.me,
        config.settings,
        state.tip,
        state.tip_certificate,
        state.app,
        state.pool,
        state.agreement,
        state.upcoming,
        state.sync,
        state.armed,
        state.halted,
    )
    return _state_schema(config).encode(saved)


def decode_state(config: Config, data: bytes) -> State:
    """The state that a snapshot holds, with the settings that it was taken under (A-DUR-4).

    Raises `RemoteProtocolError` for bytes that are no state, `LocalProtocolError` for another
    chain's or platform's.
    """
    saved = _state_schema(config).decode(data, MAX_SNAPSHOT_BYTES)
    if saved.chain_id != config.chain_id or saved.me != config.me:
        raise LocalProtocolError("A-DUR-4: the snapshot is of another chain or platform")
    return State(
        config=evolve(config, settings=saved.settings),
        tip=saved.tip,
        tip_certificate=saved.tip_certificate,
        app=saved.app,
        pool=saved.pool,
        agreement=saved.agreement,
        upcoming=saved.upcoming,
        sync=saved.sync,
        armed=saved.armed,
        halted=saved.halted,
    )


def state_digest(state: State) -> bytes:
    """The name of a state: the same on every machine that has folded the same events."""
    return digest(Tag.STATE, encode_state(state))
