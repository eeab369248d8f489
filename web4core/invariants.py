"""The invariants: named predicates, each with its clause, used by every instrument.

Two kinds: of one state, and of a set of honest platforms.
A predicate returns None, or a sentence that says how it is broken; it never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

from web4core.certificates import proves_decided, proves_prepared
from web4core.chain import Block
from web4core.ledger.state import Account, Address, CrossTransfer, LedgerState, Phase
from web4core.messages import Statement, conflict
from web4core.quorum import quorum
from web4core.replica import State
from web4core.types import View


@frozen
class Violation:
    """An invariant that does not hold, and how."""

    clause: str
    """The id of the invariant, such as I-SUPPLY-1."""
    name: str
    """The name of the predicate."""
    found: str
    """One sentence: how it is broken."""

    def __str__(self) -> str:
        return f"{self.clause} {self.name}: {self.found}"


# --- of one platform ---------------------------------------------------------------------------


def lock_is_proved(state: State) -> str | None:
    """A lock has its block, and a prepared certificate for it in its view (I-LOCK-1)."""
    agreement, lock = state.agreement, state.agreement.lock
    if lock is None:
        return None
    proved = proves_prepared(
        lock.certificate, agreement.n, agreement.height, lock.digest, View(agreement.view + 1)
    )
    if not proved or lock.certificate.view != lock.view:
        return f"the lock of view {lock.view} has no certificate"
    if lock.block.digest != lock.digest:
        return "the lock holds another block"
    return None


def speaks_for_its_view(state: State) -> str | None:
    """Every draft that a platform stands for is its own, of its height and view (I-SAID-1)."""
    agreement = state.agreement
    said = agreement.said
    for draft in (said.view_change, said.proposal, said.prepare, said.commit):
        if draft is None:
            continue
        statement = draft.statement
        if statement.signer != agreement.me:
            return "a draft in another platform's name"
        if (statement.height, statement.view) != (agreement.height, agreement.view):
            return f"a draft of view {statement.view} while in view {agreement.view}"
    return None


def commits_what_it_locked(state: State) -> str | None:
    """A COMMIT in this view is for the locked digest, and the lock is of this view (I-SAID-2)."""
    agreement = state.agreement
    commit, lock = agreement.said.commit, agreement.lock
    if commit is None:
        return None
    if lock is None or lock.view != agreement.view or lock.digest != commit.statement.digest:
        return "a COMMIT without the lock that belongs to it"
    return None


def view_change_left_view_zero(state: State) -> str | None:
    """A platform is in view 0, or made the VIEW-CHANGE by which it entered its view (I-SAID-3)."""
    agreement = state.agreement
    if (agreement.view == 0) != (agreement.said.view_change is None):
        return f"view {agreement.view} without its VIEW-CHANGE"
    return None


def slots_are_in_place(state: State) -> str | None:
    """Each slot holds a message of its signer, for its height (I-SLOT-1)."""
    for slots, height in (
        (state.agreement.slots, state.height),
        (state.upcoming, state.height + 1),
    ):
        for held in (slots.proposals, slots.prepares, slots.commits, slots.view_changes):
            for index, message in enumerate(held):
                if message is None:
                    continue
                if message.statement.signer != index or message.statement.height != height:
                    return f"a message of height {message.statement.height} in the wrong slot"
    return None


def tip_is_certified(state: State) -> str | None:
    """The tip is one below the current height, and has its commit certificate (I-TIP-1)."""
    tip, certificate = state.tip, state.tip_certificate
    if tip.header.height != state.height - 1:
        return f"tip {tip.header.height} while at height {state.height}"
    if tip.header.height == 0:
        return None
    if certificate is None or not proves_decided(
        certificate, state.config.n, tip.header.height, tip.digest
    ):
        return "the tip has no certificate"
    return None


def root_matches(state: State) -> str | None:
    """The state is the one whose root the tip's header commits to (I-ROOT-1)."""
    if state.config.application.root(state.app) != state.tip.header.state_root:
        return f"the state differs from the root of block {state.tip.header.height}"
    return None


# --- of the ledger -----------------------------------------------------------------------------


def _entries(ledger: LedgerState) -> Iterable[Account | CrossTransfer]:
    return (entry for _, entry in ledger.entries.items())


def supply_is_constant(ledger: LedgerState) -> str | None:
    """All that is available or locked adds up to the supply of the genesis (I-SUPPLY-1)."""
    total = sum(
        entry.available_uatp + entry.locked_uatp
        for entry in _entries(ledger)
        if isinstance(entry, Account)
    )
    return None if total == ledger.supply_uatp else f"{total} in place of {ledger.supply_uatp}"


def nothing_is_negative(ledger: LedgerState) -> str | None:
    """No balance and no nonce is below zero (I-SUPPLY-2)."""
    for entry in _entries(ledger):
        if isinstance(entry, Account):
            if min(entry.available_uatp, entry.locked_uatp, entry.nonce) < 0:
                return f"{entry.address} has {entry.available_uatp}, {entry.locked_uatp} locked"
        elif entry.amount_uatp <= 0:
            return f"a transfer of {entry.amount_uatp}"
    return None


def locked_equals_open_transfers(ledger: LedgerState) -> str | None:
    """The amount locked in an account is the sum of its unsettled transfers (I-SUPPLY-3)."""
    locked: dict[Address, int] = {}
    for entry in _entries(ledger):
        if isinstance(entry, CrossTransfer) and entry.phase is Phase.LOCKED:
            locked[entry.source] = locked.get(entry.source, 0) + entry.amount_uatp
    for entry in _entries(ledger):
        if isinstance(entry, Account):
            expected = locked.pop(entry.address, 0)
            if entry.locked_uatp != expected:
                return f"{entry.address} has {entry.locked_uatp} locked, its transfers {expected}"
    return None if not locked else "a transfer is locked in an account that is not open"


def transfers_cross_platforms(ledger: LedgerState) -> str | None:
    """Both ends of a transfer are open accounts, on two platforms (I-SUPPLY-4)."""
    entries = tuple(_entries(ledger))
    opened = {entry.address: None for entry in entries if isinstance(entry, Account)}
    for entry in entries:
        if isinstance(entry, CrossTransfer):
            if entry.source.platform == entry.destination.platform:
                return "a transfer within a platform"
            if entry.source not in opened or entry.destination not in opened:
                return "a transfer to or from an account that is not open"
    return None


# --- of several platforms ----------------------------------------------------------------------


@frozen
class Decision:
    """That an honest platform decided this block."""

    platform: int
    """The index of the platform."""
    block: Block
    """The block that it decided."""


def agreement_holds(decisions: Sequence[Decision]) -> str | None:
    """No two honest platforms decide differently at a height (I-AGREE-1)."""
    first: dict[int, Decision] = {}
    for decision in decisions:
        height = decision.block.header.height
        known = first.setdefault(height, decision)
        if known.block.digest != decision.block.digest:
            return f"platforms {known.platform} and {decision.platform} differ at height {height}"
    return None


def same_height_same_root(decisions: Sequence[Decision]) -> str | None:
    """Same height, same state root (I-AGREE-2)."""
    roots: dict[int, bytes] = {}
    for decision in decisions:
        header = decision.block.header
        if roots.setdefault(header.height, header.state_root) != header.state_root:
            return f"two state roots at height {header.height}"
    return None


def chain_is_linked(blocks: Sequence[Block]) -> str | None:
    """Each block names its predecessor, is one higher, and later."""
    for parent, block in pairwise(blocks):
        if block.header.parent != parent.digest:
            return f"block {block.header.height} has another parent"
        if block.header.height != parent.header.height + 1:
            return f"block {block.header.height} follows {parent.header.height}"
        if block.header.time_ms <= parent.header.time_ms:
            return f"block {block.header.height} is not later than its parent"
    return None


def nobody_signs_twice(statements: Iterable[Statement]) -> str | None:
    """No honest platform signs two conflicting statements (I-SIGN-1)."""
    known: dict[tuple[int, int, int, int], Statement] = {}
    for statement in statements:
        key = (statement.signer, statement.kind, statement.height, statement.view)
        first = known.setdefault(key, statement)
        if conflict(first, statement):
            return f"platform {statement.signer} signed two {statement.kind.name}s in one view"
    return None


def quorums_intersect(n: int) -> str | None:
    """Any two quorums of n platforms share an honest one, and one exists without the faulty."""
    shared = 2 * quorum(n) - n
    if shared <= (n - 1) // 3:
        return f"two quorums of {n} may share {shared}"
    return None if quorum(n) <= n - (n - 1) // 3 else f"{n} platforms cannot reach a quorum"


STATE_INVARIANTS: Final[dict[str, Callable[[State], str | None]]] = {
    "I-LOCK-1": lock_is_proved,
    "I-SAID-1": speaks_for_its_view,
    "I-SAID-2": commits_what_it_locked,
    "I-SAID-3": view_change_left_view_zero,
    "I-SLOT-1": slots_are_in_place,
    "I-TIP-1": tip_is_certified,
    "I-ROOT-1": root_matches,
}
LEDGER_INVARIANTS: Final[dict[str, Callable[[LedgerState], str | None]]] = {
    "I-SUPPLY-1": supply_is_constant,
    "I-SUPPLY-2": nothing_is_negative,
    "I-SUPPLY-3": locked_equals_open_transfers,
    "I-SUPPLY-4": transfers_cross_platforms,
}
"""The invariants of a ledger's state, by clause; a predicate gives None, or how it is broken."""
DECISION_INVARIANTS: Final[dict[str, Callable[[Sequence[Decision]], str | None]]] = {
    "I-AGREE-1": agreement_holds,
    "I-AGREE-2": same_height_same_root,
}


def check_state(state: State) -> tuple[Violation, ...]:
    """All invariants of one platform, and of its ledger if the ledger is its application."""
    found = _broken(STATE_INVARIANTS, state)
    if isinstance(state.app, LedgerState):
        found += _broken(LEDGER_INVARIANTS, state.app)
    return found


def check_step(before: State, after: State) -> tuple[Violation, ...]:
    """All invariants of a platform after a step; those of its ledger only if that has changed.

    They look at every account, and at nothing else.
    """
    return check_state(after) if after.app is not before.app else _broken(STATE_INVARIANTS, after)


def check_decisions(decisions: Sequence[Decision]) -> tuple[Violation, ...]:
    """All invariants of what honest platforms decided."""
    return _broken(DECISION_INVARIANTS, decisions)


def check_statements(statements: Iterable[Statement]) -> tuple[Violation, ...]:
    """All invariants of what honest platforms signed (I-SIGN-1)."""
    found = nobody_signs_twice(statements)
    return () if found is None else (Violation("I-SIGN-1", "nobody_signs_twice", found),)


def _broken(
    invariants: dict[str, Callable[[object], str | None]] | dict[str, Callable[..., str | None]],
    subject: object,
) -> tuple[Violation, ...]:
    found: list[Violation] = []
    for clause, invariant in invariants.items():
        says = invariant(subject)
        if says is not None:
            found.append(Violation(clause, invariant.__name__, says))
    return tuple(found)
