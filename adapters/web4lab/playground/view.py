"""The state of the federation as plain data for the page."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from web4core import (
    Address,
    CrossTransfer,
    Lock,
    Phase,
    SlotMessage,
    State,
    TransactionId,
    ViewChange,
    account_path,
    has_work,
    proposal_in_view,
    proposer,
    quorum_size,
    transfer_path,
)
from web4lab.playground.driver import Playground
from web4lab.playground.fixtures import ACCOUNTS, BEGIN_MS, NAMES
from web4lab.playground.labels import atp, short
from web4lab.playground.model import Flight, Row, Seat

Json: TypeAlias = Any
QUORUM: Final = quorum_size(len(NAMES))
PHASES: Final = {Phase.LOCKED: "locked", Phase.COMMITTED: "committed", Phase.ROLLED_BACK: "back"}


def told(ground: Playground, lock: TransactionId | None) -> Json:
    """Everything that the page shows. `lock` is the transfer that was locked last."""
    timer = ground.next_timer()
    return {
        "clock": f"{(ground.now_ms - BEGIN_MS) / 1000:.1f}",
        "quorum": QUORUM,
        "platforms": [_platform(ground, index) for index in range(len(NAMES))],
        "flights": [_flight(flight) for flight in ground.flights],
        "rows": [_row(row) for row in ground.rows],
        "next_timer": None if timer is None else [timer[1], timer[2]],
        "resting": _resting(ground),
        "lock": _lock(ground, lock),
    }


def _resting(ground: Playground) -> bool:
    """Whether nothing is on its way and no platform has anything left to do."""
    running = [seat for seat in ground.seats if seat.up]
    heights = {seat.state.height for seat in running}
    idle = not any(has_work(seat.state) or seat.state.sync for seat in running)
    return not ground.flights and idle and len(heights) <= 1


def _lock(ground: Playground, transfer: TransactionId | None) -> str | None:
    """The phase of the transfer that was locked last, as the most advanced platform knows it."""
    furthest = max(ground.seats, key=lambda seat: seat.state.height)
    entry = None
    if transfer is not None:
        entry = furthest.state.app.entries.get(transfer_path(transfer))
    return PHASES[entry.phase] if isinstance(entry, CrossTransfer) else None


def _flight(flight: Flight) -> Json:
    return {
        "id": flight.id,
        "source": flight.source,
        "target": flight.target,
        "kind": flight.kind,
        "about": flight.about,
        "text": flight.text,
    }


def _row(row: Row) -> Json:
    return {
        "id": row.id,
        "what": row.what,
        "source": row.source,
        "target": row.target,
        "kind": row.kind,
        "about": row.about,
        "text": row.text,
        "notes": [{"at": who, "tone": tone, "text": words} for who, tone, words in row.notes],
    }


def _platform(ground: Playground, index: int) -> Json:
    seat = ground.seats[index]
    state = seat.state
    agreement = state.agreement
    lock, turn = agreement.lock, proposer(state.height, agreement.view, len(NAMES))
    timers = sorted((due_ms, kind.name) for kind, (due_ms, _) in seat.timers.items())
    return {
        "name": NAMES[index],
        "up": seat.up,
        "height": state.height,
        "view": agreement.view,
        "proposes": turn == index,
        "phase": _phase(seat, index),
        "votes": _votes(state),
        "lock": None if lock is None else _of_lock(lock),
        "tip": _tip(state),
        "waiting": len(state.config.application.waiting(state.pool, 100)),
        "balances": [_balance(state, address) for address in ACCOUNTS],
        "timers": [
            {"kind": kind, "in_s": f"{max(0, due_ms - ground.now_ms) / 1000:.1f}"}
            for due_ms, kind in timers
        ],
    }


def _phase(seat: Seat, index: int) -> str:
    """The activity of a platform, or the event that it waits for, in a few words."""
    state, agreement = seat.state, seat.state.agreement
    said = agreement.said
    turn = proposer(state.height, agreement.view, len(NAMES))
    if not seat.up:
        return "crashed"
    if state.halted is not None:
        return "halted"
    if said.commit is not None:
        return "voted COMMIT"
    if said.prepare is not None:
        return "voted PREPARE"
    if proposal_in_view(agreement) is not None:
        return "will not vote for the proposal"
    if not has_work(state):
        return "at rest"
    if turn == index and agreement.view > 0:
        return "gathers VIEW-CHANGEs"
    return f"waits for {NAMES[turn]}'s proposal"


def _votes(state: State) -> Json:
    """For each kind, by signer, the block that the kept message of this view is about."""
    agreement = state.agreement
    slots = agreement.slots
    kinds: dict[str, tuple[SlotMessage | None, ...]] = {
        "PRE-PREPARE": slots.proposals,
        "PREPARE": slots.prepares,
        "COMMIT": slots.commits,
        "VIEW-CHANGE": slots.view_changes,
    }
    return {kind: [_subject(kept, agreement.view) for kept in each] for kind, each in kinds.items()}


def _subject(kept: SlotMessage | None, view: int) -> str | None:
    if kept is None or kept.statement.view != view:
        return None
    if isinstance(kept, ViewChange):
        return "" if kept.prepared is None else short(kept.prepared.digest)
    return short(kept.statement.digest)


def _of_lock(lock: Lock) -> Json:
    signers = [NAMES[signer] for signer, _ in lock.certificate.signatures]
    return {"block": short(lock.digest), "view": lock.view, "signers": signers}


def _tip(state: State) -> Json:
    proof = state.tip_certificate
    if proof is None:
        return None
    return {
        "height": state.tip.header.height,
        "block": short(state.tip.digest),
        "view": proof.view,
        "signers": [NAMES[signer] for signer, _ in proof.signatures],
    }


def _balance(state: State, address: Address) -> Json:
    account = state.app.entries.get(account_path(address))
    return {
        "account": str(address),
        "available": atp(account.available_uatp),
        "locked": atp(account.locked_uatp) if account.locked_uatp else "",
    }
