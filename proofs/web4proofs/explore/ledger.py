"""All interleavings of a few transactions on the shipped ledger, breadth first.

There are two platforms and three accounts. The transactions are payments, transfers across
platforms, and settlements of those by every party, permitted or not; time passes beyond an expiry.
Every transaction may come at any moment, and again after it was carried out.
Each transaction is a block of its own; several in a block have the same result, one after another
(L-BLOCK-2).
Keys sign nothing here: the gate checks that a signature is the owner's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from web4core import invariants
from web4core.application import Applied, Refusal
from web4core.ledger.rules import Code
from web4core.ledger.state import Account, CrossTransfer, Entry, LedgerState, Phase
from web4core.ledger.transactions import (
    Transaction,
    TransferRollback,
)
from web4proofs.explore.ledger_scene import TIMES_MS, Scene, scene
from web4proofs.explore.oracle import Broken

KIND: Final = "web4 ledger run"
DEFAULT_DEPTH: Final = 16
"""The default limit of moves; the default transactions are all done after fewer."""


@frozen
class Moment:
    """A ledger, the next block's time as an index of `TIMES_MS`, and the transactions applied."""

    state: LedgerState
    clock: int = 0
    done: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[bytes, int, frozenset[str]]:
        """Return the identity of a moment: equal roots are equal ledgers."""
        return self.state.entries.root(), self.clock, self.done


TICK: Final = "time passes"
"""The name of the move by which the next block is later."""


@frozen
class LedgerReport:
    """The result of an exploration of the ledger."""

    states: int
    moves: int
    refusals: int
    depth: int
    complete: bool
    seconds: float
    codes: Mapping[str, int]
    """The number of refusals by each code, also 0."""
    broken: Broken | None = None
    run: tuple[str, ...] = ()
    """The shortest run that breaks a property, by the names of its moves."""

    @property
    def exit_code(self) -> int:
        """0 holds, 1 nothing was explored, 3 the depth was reached, 12 a property is broken."""
        if self.broken is not None:
            return 12
        if not self.moves:
            return 1
        return 0 if self.complete else 3


def explore_ledger(
    depth: int = DEFAULT_DEPTH,
    told: Callable[[int, int], None] = lambda _known, _done: None,
    where: Scene | None = None,
) -> LedgerReport:
    """Explore every ledger within so many moves, up to the first that breaks a property."""
    return _Search(where or scene(), depth).run(told)


class _Search:
    def __init__(self, where: Scene, depth: int) -> None:
        self.where = where
        self.depth = depth
        self.moves = 0
        self.refusals = 0
        self.codes = {code.value: 0 for code in Code}

    def run(self, told: Callable[[int, int], None]) -> LedgerReport:
        began_s = time.perf_counter()
        first = Moment(self.where.initial)
        runs: dict[object, tuple[str, ...]] = {first.key: ()}
        level, depth, broken = [first], 0, _standing(first.state)
        run: tuple[str, ...] = ()
        while level and depth < self.depth and broken is None:
            above: list[Moment] = []
            for moment in level:
                for name, then, found in self._after(moment):
                    run = (*runs[moment.key], name)
                    if found is not None:
                        broken = found
                        break
                    if then.key not in runs:
                        runs[then.key] = run
                        above.append(then)
                if broken is not None:
                    break
            told(len(runs), len(runs) - len(above))
            level, depth = above, depth + 1
        return LedgerReport(
            states=len(runs),
            moves=self.moves,
            refusals=self.refusals,
            depth=depth,
            complete=not level and broken is None,
            seconds=time.perf_counter() - began_s,
            codes=self.codes,
            broken=broken,
            run=run if broken is not None else (),
        )

    def _after(self, moment: Moment) -> Iterator[tuple[str, Moment, Broken | None]]:
        """Yield each move, the moment after it, and the property that it breaks."""
        if moment.clock + 1 < len(TIMES_MS):
            self.moves += 1
            then = Moment(moment.state, moment.clock + 1, moment.done)
            yield TICK, then, None
        for name, transaction in self.where.transactions.items():
            applied = self.where.ledger.apply(moment.state, (transaction,), TIMES_MS[moment.clock])
            if isinstance(applied, Refusal):
                self.refusals += 1
                self.codes[applied.code] = self.codes.get(applied.code, 0) + 1
                broken = _abandoned(moment, transaction, applied)
                if broken is not None:
                    yield name, moment, broken
                continue
            self.moves += 1
            then = Moment(applied.state, moment.clock, moment.done | {name})
            yield name, then, _judged(self.where, moment, name, transaction, applied)


# --- what must hold ----------------------------------------------------------------------------


def _standing(state: LedgerState) -> Broken | None:
    for clause, invariant in invariants.LEDGER_INVARIANTS.items():
        found = invariant(state)
        if found is not None:
            return Broken(clause, found)
    return None


def _judged(
    where: Scene, before: Moment, name: str, transaction: Transaction, applied: Applied[LedgerState]
) -> Broken | None:
    """Return the property that an applied transaction breaks."""
    if name in before.done:
        return Broken("L-TX-4", f"{name!r} is carried out twice")
    was, now = _entries(before.state), _entries(applied.state)
    for path, entry in was.items():
        found = _changed(where, entry, now.get(path), transaction, TIMES_MS[before.clock])
        if found is not None:
            return found
    return _standing(applied.state)


def _entries(state: LedgerState) -> dict[bytes, Entry]:
    return dict(state.entries.items())


def _changed(
    where: Scene, was: Entry, now: Entry | None, transaction: Transaction, time_ms: int
) -> Broken | None:
    """Return the broken rule if this transaction may not change this entry in this way."""
    if now == was:
        return None
    key = transaction.keys[0]
    if isinstance(was, CrossTransfer) and isinstance(now, CrossTransfer):
        there = where.ledger.platform_keys[was.destination.platform]
        if was.phase is not Phase.LOCKED:
            return Broken("L-STATE-4", "a settled transfer changes")
        if now.phase is Phase.COMMITTED and (key != there or time_ms >= was.expiry_ms):
            return Broken("L-COMMIT-4", "a commit too late, or by somebody else")
        if now.phase is Phase.ROLLED_BACK and key != there and time_ms < was.expiry_ms:
            return Broken("L-BACK-3", "a rollback by anyone before the expiry")
        return None
    if isinstance(was, Account) and isinstance(now, Account):
        if now.available_uatp < was.available_uatp and key != was.owner:
            return Broken("L-RULE-3", f"{was.address} is debited without its owner's key")
        return None
    return Broken("L-STATE-4", "an entry vanishes")


def _abandoned(moment: Moment, transaction: Transaction, refusal: Refusal) -> Broken | None:
    """Check progress: after its expiry, anyone can return a locked amount."""
    body = transaction.body
    if not isinstance(body, TransferRollback):
        return None
    for entry in _entries(moment.state).values():
        if isinstance(entry, CrossTransfer) and entry.id == body.transfer:
            expired = TIMES_MS[moment.clock] >= entry.expiry_ms
            if entry.phase is Phase.LOCKED and expired:
                return Broken("L-BACK-3", f"an expired lock cannot be undone: {refusal.code}")
    return None


# --- files -------------------------------------------------------------------------------------


def as_itf(report: LedgerReport, where: Scene | None = None) -> str:
    """Return the run of a counterexample as an ITF trace."""
    here = where or scene()
    moment = Moment(here.initial)
    states: list[dict[str, Any]] = [_shown(0, "", moment)]
    for index, name in enumerate(report.run, start=1):
        moment = moved(here, moment, name)[0]
        states.append(_shown(index, name, moment))
    broken = report.broken
    about = {
        "kind": KIND,
        "version": 1,
        "breaks": None if broken is None else [broken.clause, broken.found],
        "exit_code": report.exit_code,
    }
    trace = {
        "#meta": {"format": "ITF", "description": "a run of the ledger", "web4": about},
        "params": [],
        "vars": ["move", "time_ms", "accounts", "transfers"],
        "states": states,
    }
    return json.dumps(trace, indent=1) + "\n"


def replayed(names: Sequence[str], where: Scene | None = None) -> Broken | None:
    """Carry these moves out again; return the property that they break."""
    here = where or scene()
    moment = Moment(here.initial)
    broken = _standing(moment.state)
    for name in names:
        if broken is not None:
            break
        moment, broken = moved(here, moment, name)
    return broken


def moved(where: Scene, moment: Moment, name: str) -> tuple[Moment, Broken | None]:
    """Return the moment after a move, and the property it breaks. Raises `KeyError`."""
    if name == TICK:
        return Moment(moment.state, moment.clock + 1, moment.done), None
    transaction = where.transactions[name]
    applied = where.ledger.apply(moment.state, (transaction,), TIMES_MS[moment.clock])
    if isinstance(applied, Refusal):
        return moment, _abandoned(moment, transaction, applied)
    then = Moment(applied.state, moment.clock, moment.done | {name})
    return then, _judged(where, moment, name, transaction, applied)


def _shown(index: int, move: str, moment: Moment) -> dict[str, Any]:
    entries = _entries(moment.state).values()
    return {
        "#meta": {"index": index},
        "move": move,
        "time_ms": TIMES_MS[moment.clock],
        "accounts": {
            "#map": [
                [
                    str(entry.address),
                    {"available": entry.available_uatp, "locked": entry.locked_uatp},
                ]
                for entry in entries
                if isinstance(entry, Account)
            ]
        },
        "transfers": {
            "#map": [
                [entry.id.hex()[:8], entry.phase.name]
                for entry in entries
                if isinstance(entry, CrossTransfer)
            ]
        },
    }


def as_text(report: LedgerReport) -> str:
    """Return the report for people."""
    never = [code for code, times in report.codes.items() if not times]
    found = f"{report.states:,} states, {report.moves:,} moves, {report.refusals:,} refusals"
    lines = [
        f"ledger: {found}, depth {report.depth}, {report.seconds:.1f} s",
        f"codes never given: {', '.join(never) or 'none'}",
    ]
    if report.broken is not None:
        lines.extend(f"{number:4}. {name}" for number, name in enumerate(report.run, start=1))
        lines.append(f"broken: {report.broken}")
    elif not report.complete:
        lines.append("the depth was reached before everything was explored")
    else:
        lines.append("holds")
    return "\n".join(lines) + "\n"


def as_plain(report: LedgerReport) -> dict[str, Any]:
    """Return the report for machines, as plain values for JSON."""
    broken = report.broken
    return {
        "states": report.states,
        "moves": report.moves,
        "refusals": report.refusals,
        "depth": report.depth,
        "complete": report.complete,
        "seconds": round(report.seconds, 3),
        "codes": dict(report.codes),
        "breaks": None if broken is None else [broken.clause, broken.found],
        "run": list(report.run),
        "exit_code": report.exit_code,
    }
