"""Transcripts: the events of one platform in order, and what it must do about each.

A transcript is a journal with its effects.
What a platform knows is shown by the names that `spec/consensus.md` gives it, not as a snapshot,
whose layout belongs to the implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.runtimes.replay import told
from tests.support.federation import NAMES, platform_key
from tests.vectors.fixtures import genesis_from, seed
from tests.vectors.form import Document, Json, Vector, accept, number, readable, sentence
from tests.vectors.runs import RUNS
from tests.vectors.transcript_text import KIND_NAMES, clauses_of, effects_in_words, event_in_words
from tests.vectors.watched import Watched
from web4core.chain import GENESIS, Genesis, chain_id
from web4core.consensus.state import Agreement, SlotMessage, Slots
from web4core.effects import Effect
from web4core.gate import Gate
from web4core.ledger.application import Ledger
from web4core.messages import Draft, Kind
from web4core.replica import State, start, step
from web4core.settings import Settings
from web4core.snapshot import decode_event, encode_event, event_schema

ABOUT = (
    "{about} Each vector is one event, encoded as spec/wire.md says, on the state that the one "
    "before left; its effects in order, and what changed of the state. A `Sign` shows the message "
    "as it is once signed. `private_key` is the platform's."
)

# --- what a platform knows -----------------------------------------------------------------------


def known(state: State) -> dict[str, Json]:
    """What it knows, by the names of the specification."""
    agreement = state.agreement
    lock, sync = agreement.lock, state.sync
    waiting = state.config.application.waiting(state.pool, 1 << 20)
    return {
        "height": agreement.height,
        "view": agreement.view,
        "tip": state.tip.digest.hex(),
        "state_root": state.config.application.root(state.app).hex(),
        "said": _said(agreement),
        "lock": None if lock is None else {"view": lock.view, "digest": lock.digest.hex()},
        "gathered": agreement.gathered,
        "slots": _slots(agreement.slots),
        "upcoming": _slots(state.upcoming),
        "claims": None if sync is None else [number(claim) for claim in sync.peer_heights],
        "timers": sorted([timer.kind.name, timer.height, timer.view] for timer in state.armed),
        "waiting": sorted(item.id.hex() for item in waiting),
        "halted": state.halted is not None,
    }


def _said(agreement: Agreement) -> Json:
    """The digest of each statement that it stands for in its view."""
    said = agreement.said
    each: dict[Kind, Draft | None] = {
        Kind.VIEW_CHANGE: said.view_change,
        Kind.PRE_PREPARE: said.proposal,
        Kind.PREPARE: said.prepare,
        Kind.COMMIT: said.commit,
    }
    return {
        KIND_NAMES[kind]: draft.statement.digest.hex()
        for kind, draft in each.items()
        if draft is not None
    }


def _slots(slots: Slots) -> Json:
    """View and digest of what is kept of each signer, by kind; kinds without any are left out."""
    kinds: dict[Kind, tuple[SlotMessage | None, ...]] = {
        Kind.PRE_PREPARE: slots.proposals,
        Kind.PREPARE: slots.prepares,
        Kind.COMMIT: slots.commits,
        Kind.VIEW_CHANGE: slots.view_changes,
    }
    return {
        KIND_NAMES[kind]: [None if each is None else _slot(each) for each in kept]
        for kind, kept in kinds.items()
        if any(each is not None for each in kept)
    }


def _slot(message: SlotMessage) -> Json:
    return {"view": number(message.statement.view), "digest": message.statement.digest.hex()}


# --- effects -------------------------------------------------------------------------------------


class Scribe:
    """Writes down what one platform does, and signs as it would."""

    def __init__(self, genesis: Genesis, platform: int) -> None:
        self.ledger = Ledger.of(genesis)
        self.gate = Gate.of(genesis, self.ledger)
        self.chain_id = chain_id(genesis)
        self.key = platform_key(platform)

    def effect(self, effect: Effect) -> Json:
        """An effect as JSON."""
        return told(effect, self.gate, self.key.sign)


# --- the files -----------------------------------------------------------------------------------


def _changed(before: dict[str, Json] | None, now: dict[str, Json]) -> dict[str, Json]:
    if before is None:
        return now
    return {name: value for name, value in now.items() if before[name] != value}


def _vectors(run: Watched) -> Iterator[Vector]:
    scribe = Scribe(run.genesis, run.watched)
    state = run.fresh(run.watched)
    before: dict[str, Json] | None = None
    for place, event in enumerate(run.events_seen):
        transition = step(state, event)
        now = known(transition.state)
        result = {
            "effects": [scribe.effect(effect) for effect in transition.effects],
            "state": _changed(before, now),
        }
        about = f"{sentence(event_in_words(event))[:-1]}: {effects_in_words(transition.effects)}."
        yield accept(
            f"{place:03}",
            about,
            clauses_of(state, event, transition, run.silence, run.choice),
            result,
            event=encode_event(run.events, event).hex(),
        )
        state, before = transition.state, now


def make(name: str) -> Document:
    about, play = RUNS[name]
    run = play()
    given = {
        "genesis": GENESIS.encode(run.genesis).hex(),
        "platform": NAMES[run.watched],
        "settings": readable(run.settings),
        "private_key": seed(platform_key(run.watched)).hex(),
    }
    return Document("transcript", ABOUT.format(about=about), given, _vectors(run))


def maker(name: str) -> Callable[[], Document]:
    return lambda: make(name)


def check(document: Json) -> list[str]:
    """Replay the events from the start; every effect and every change must be as it stands."""
    given = document["given"]
    genesis = genesis_from(given["genesis"])
    settings: dict[str, Any] = given["settings"]
    state = start(genesis, given["platform"], Settings(**settings), Ledger.of).state
    scribe = Scribe(genesis, state.config.me)
    schema = event_schema(scribe.ledger)
    before: dict[str, Json] | None = None
    problems: list[str] = []
    for vector in document["vectors"]:
        transition = step(state, decode_event(schema, bytes.fromhex(vector["input"]["event"])))
        now = known(transition.state)
        effects = [scribe.effect(effect) for effect in transition.effects]
        if {"effects": effects, "state": _changed(before, now)} != vector["result"]:
            problems.append(f"{vector['id']}: another result")
        state, before = transition.state, now
    return problems
