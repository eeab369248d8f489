"""What happens in a transcript, in words, and the clauses that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.support.federation import NAMES
from web4core.effects import Accuse, Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign
from web4core.events import (
    Connected,
    Elapsed,
    Event,
    Received,
    Resumed,
    Submitted,
    TimerKind,
)
from web4core.messages import Decided, Draft, Kind, Message, Proposal, Status, Submission, Vote
from web4core.replica import State, Transition

KIND_NAMES: Final = {
    Kind.PRE_PREPARE: "PRE-PREPARE",
    Kind.PREPARE: "PREPARE",
    Kind.COMMIT: "COMMIT",
    Kind.VIEW_CHANGE: "VIEW-CHANGE",
    Kind.STATUS: "STATUS",
}


# --- in words ------------------------------------------------------------------------------------


def _in_words(message: Message | Draft) -> str:
    """A message in a few words."""
    if isinstance(message, Submission):
        return f"submission of {len(message.transactions)}"
    if isinstance(message, Decided):
        return f"decided block {message.block.header.height}"
    said = message.statement
    where = f"{said.height}/{said.view} of {NAMES[said.signer]}"
    certificate = getattr(message, "justification", None) or getattr(message, "prepared", None)
    shown = "" if certificate is None else f" with a certificate of view {certificate.view}"
    return f"{KIND_NAMES[said.kind]} {where}{shown}"


def event_in_words(event: Event) -> str:
    """What happens."""
    match event:
        case Received(message=message):
            return f"received: {_in_words(message)}"
        case Elapsed(timer=timer):
            return f"elapsed: {timer.kind.name} of {timer.height}/{timer.view}"
        case Submitted(transactions=items):
            return f"submitted: {len(items)} transaction(s)"
        case Connected(platform=platform):
            return f"connected: {NAMES[platform]}"
        case Resumed():
            return "resumed"


def effects_in_words(effects: tuple[Effect, ...]) -> str:
    """What is done about it."""
    return "; ".join(_effect_in_words(effect) for effect in effects) or "no effect"


def _effect_in_words(effect: Effect) -> str:
    match effect:
        case Sign(draft=draft):
            return f"signs {_in_words(draft)}"
        case Send(message=message, to=to):
            return f"sends {_in_words(message)} to {', '.join(NAMES[each] for each in to)}"
        case SetTimer(timer=timer):
            return f"sets {timer.kind.name}"
        case Decide(block=block):
            return f"decides block {block.header.height}"
        case Fetch(height=height, to=target):
            return f"asks {NAMES[target]} from {height} on"
        case Accuse(evidence=evidence):
            return f"accuses {NAMES[evidence.first.signer]}"
        case Refuse(code=code):
            return f"refuses: {code}"
        case Halt():
            return "halts"


# --- clauses -------------------------------------------------------------------------------------


_OF_SIGNED: Final[Mapping[Kind, str]] = {
    Kind.PRE_PREPARE: "C-PROP-1 C-PROP-2",
    Kind.PREPARE: "C-PREP-1 C-PREP-2 C-PREP-3 C-PREP-4",
    Kind.COMMIT: "C-LOCK-1 C-LOCK-2 C-LOCK-3",
    Kind.VIEW_CHANGE: "C-STMT-3 C-VIEW-3",
    Kind.STATUS: "C-STMT-1",
}
_OF_TIMERS: Final[Mapping[TimerKind, str]] = {
    TimerKind.VIEW: "C-PACE-1 C-PACE-2 C-PACE-3",
    TimerKind.PROPOSE: "C-NEW-2",
    TimerKind.RESEND: "C-PACE-1 C-PACE-4",
    TimerKind.SYNC: "C-SYNC-4",
    TimerKind.STATUS: "C-PACE-6",
}
_OF_ELAPSED: Final[Mapping[TimerKind, str]] = {
    TimerKind.VIEW: "C-VIEW-1",
    TimerKind.PROPOSE: "C-NEW-2",
    TimerKind.RESEND: "C-LOSS-1",
    TimerKind.SYNC: "C-SYNC-4",
    TimerKind.STATUS: "C-PACE-6",
}


def clauses_of(
    state: State, event: Event, transition: Transition, silence: str, choice: str
) -> str:
    """The clauses that an event and its effects are about.

    `silence` names those by which a proposal gets no vote in this run, `choice` those by which a
    proposal of its own is chosen.
    """
    found = ["C-FLOW-1", *_of_event(state, event)]
    for effect in transition.effects:
        found += _of_effect(event, effect).split()
    if transition.state.sync != state.sync and transition.state.sync is not None:
        found.append("C-SYNC-2")
        if _is_commit_at(state.height, event):
            found.append("C-DEC-3")
    if isinstance(event, Received) and isinstance(event.message, Proposal):
        votes = any(_is_signed(effect, Kind.PREPARE) for effect in transition.effects)
        found += [] if votes else silence.split()
    if any(_is_signed(effect, Kind.PRE_PREPARE) for effect in transition.effects):
        found += choice.split()
    return " ".join(dict.fromkeys(found))


def _is_commit_at(height: int, event: Event) -> bool:
    if not (isinstance(event, Received) and isinstance(event.message, Vote)):
        return False
    statement = event.message.statement
    return statement.kind is Kind.COMMIT and statement.height == height


def _is_decided(event: Event) -> bool:
    return isinstance(event, Received) and isinstance(event.message, Decided)


def _is_signed(effect: Effect, kind: Kind) -> bool:
    return isinstance(effect, Sign) and effect.draft.statement.kind is kind


def _of_event(state: State, event: Event) -> Iterator[str]:
    if state.halted is not None:
        yield "A-EFFECT-8"
        return
    match event:
        case Received(message=Decided()):
            yield "C-SYNC-1"
        case Received(message=Submission()):
            yield "L-POOL-2"
        case Received(message=message):
            yield from _of_statement(state, message)
        case Elapsed(timer=timer):
            yield "C-PACE-5"
            if timer in state.armed:
                yield _OF_ELAPSED[timer.kind]
        case Submitted():
            yield from ("L-POOL-1", "L-POOL-2")
        case Connected():
            yield "C-LOSS-4"
        case Resumed(settings=settings):
            yield "C-LOSS-1"
            if settings is not None:
                yield "A-SET-2"


def _of_statement(state: State, message: Message) -> Iterator[str]:
    assert not isinstance(message, Decided | Submission)
    statement = message.statement
    if statement.height < state.height:
        yield "C-LOSS-3" if not isinstance(message, Vote | Proposal) else "C-LOSS-5"
    elif isinstance(message, Status):
        yield "C-STMT-4"
    else:
        yield from ("C-SLOT-1", "C-SLOT-2")
    if statement.height == state.height + 1 and not isinstance(message, Status):
        yield "C-LOSS-2"


def _of_effect(event: Event, effect: Effect) -> str:
    match effect:
        case Sign(draft=draft):
            return f"{_OF_SIGNED[draft.statement.kind]} {_of_signed(event, effect)}"
        case Send(message=Decided()):
            return "C-LOSS-3"
        case Send(message=Submission()):
            return "C-LOSS-1" if isinstance(event, Elapsed) else "L-POOL-2"
        case Send():
            return "C-LOSS-1"
        case SetTimer(timer=timer):
            return f"C-PACE-5 {_OF_TIMERS[timer.kind]}"
        case Decide():
            return f"C-DEC-2 {'C-SYNC-1' if _is_decided(event) else 'C-DEC-1 C-SLOT-3'}"
        case Fetch():
            return "C-SYNC-3 C-SYNC-4"
        case Accuse():
            return "C-EVID-1 C-EVID-2"
        case Refuse(transaction=transaction, code=code):
            lanes = {"lane-full": " L-POOL-3"}.get(str(code), "")
            when = "L-POOL-4" if _is_handed_in(event, transaction) else "L-POOL-5"
            return f"A-EFFECT-7 {when}{lanes}"
        case Halt():
            return "C-DEC-4 A-EFFECT-8"


def _is_handed_in(event: Event, transaction: bytes) -> bool:
    return isinstance(event, Submitted) and transaction in {each.id for each in event.transactions}


def _of_signed(event: Event, effect: Sign) -> str:
    """Why a VIEW-CHANGE or a proposal is signed."""
    statement = effect.draft.statement
    if statement.kind is Kind.VIEW_CHANGE:
        return "C-VIEW-1" if isinstance(event, Elapsed) else "C-VIEW-2"
    if statement.kind is Kind.PRE_PREPARE:
        return "C-NEW-2 C-NEW-3 C-PROP-3 H-BLOCK-4" if statement.view else "C-NEW-1 C-PROP-3"
    return ""
