"""The replay of one journal: every step is checked against the invariants and the protocol.

For each event, the replay first records what the event shows, then steps the installed core, and
then checks each act of the platform, in the order of the acts.
A journal shows not only received messages but also signatures of the platform's own key. A
statement that was signed with it and that the replay did not make is checked in the same way.
Clauses: A-DUR-1, A-DUR-2, A-EFFECT-4, A-EVENT-3, A-EVENT-4, C-GUARD-4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from web4core import invariants
from web4core.events import Event, Received
from web4core.messages import BINDING, Decided, Message, Statement
from web4core.replica import State, step
from web4proofs.audit.findings import Findings
from web4proofs.audit.gate_check import Passes
from web4proofs.audit.inputs import Heard, block_in, certified, statements_in
from web4proofs.audit.journal import BEFORE, Journal, Replayed, shown
from web4proofs.audit.step_checker import Follower, clause_of, why

Tick: TypeAlias = Callable[[], None]
"""Called after each event."""


def replay(
    journal: Journal, names: tuple[str, ...], passes: Passes, tick: Tick | None = None
) -> Replayed:
    """Replay a journal and check each step; `names` are ordered as the platforms.

    Whatever the journal contains, this raises nothing but what its iterators raise.
    """
    fold = _Fold(journal, names[journal.start.config.me], passes)
    for event in journal.events:
        fold.take(event)
        if tick is not None:
            tick()
        if fold.is_broken_off:
            break
    return fold.finish()


class _Fold:
    """One replay in progress."""

    def __init__(self, journal: Journal, name: str, passes: Passes) -> None:
        self.is_broken_off = False
        self._journal = journal
        self._span = journal.span
        self._passes = passes
        self._state = journal.start
        self._count = 0
        self._findings = Findings(name)
        self._heard = Heard()
        self._seen: dict[Statement, int] = {}
        self._follower = Follower(journal.start, self._findings, self._heard, self._seen)
        self._begin(journal.start)

    def _begin(self, state: State) -> None:
        """Record a snapshot's messages as received before it, with the usual checks."""
        self._findings.require(invariants.check_state(state))
        agreement = state.agreement
        if state.tip_certificate is not None:
            self._record(Decided(state.tip, state.tip_certificate))
        for slots in (agreement.slots, state.upcoming):
            for held in (slots.proposals, slots.prepares, slots.commits, slots.view_changes):
                for message in held:
                    if message is not None:
                        self._record(message)
        if agreement.lock is not None:
            self._heard.block(agreement.lock.block)
            for statement in certified(agreement.lock.certificate):
                self._heard.vote(statement)

    def take(self, event: Event) -> None:
        """Replay one event."""
        self._findings.number = self._span.first + self._count
        self._count += 1
        if isinstance(event, Received):
            self._record(event.message)
        before = self._state
        try:
            transition = step(before, event)
        except Exception as error:  # noqa: BLE001  A-EVENT-4: it raises nothing
            self._findings.depart("A-EVENT-4", f"the core raises {error!r}")
            self.is_broken_off = True
            return
        after = self._state = transition.state
        if after is not before:
            self._findings.require(invariants.check_step(before, after))
        for effect in transition.effects:
            self._follower.take(effect)
        if after.agreement is not before.agreement:
            self._follower.compare(after)

    def _record(self, message: Message) -> None:
        """Record what a message shows, if it passes the gate."""
        clause = self._passes(message)
        if clause is not None:
            self._findings.depart("A-EVENT-3", f"a {type(message).__name__} that breaks {clause}")
            return
        height = self._follower.standing.height
        for statement in statements_in(message):
            if statement.kind not in BINDING:
                continue
            self._seen.setdefault(statement, self._findings.number)
            if statement.signer == self._state.config.me:
                self._account(statement)
            if statement.height >= height:
                self._heard.vote(statement)
        block = block_in(message)
        if block is not None and block.header.height >= height:
            self._heard.block(block)

    def _account(self, statement: Statement) -> None:
        """Require that the journal leads to a statement signed by the platform's key (A-DUR-1)."""
        if self._accounts_for(statement):
            return
        self._follower.said[statement] = self._findings.number
        says = f"it signed {shown(statement)}"
        if statement.height == self._follower.standing.height:
            _, lacking = self._follower.attempt(statement)
            if lacking:
                says += f"; allowed only if {why(lacking)}"
                self._findings.depart(clause_of(lacking), says)
                return
        self._findings.depart("A-DUR-1", f"{says}, to which its journal does not lead")

    def _accounts_for(self, statement: Statement) -> bool:
        return statement in self._follower.said or self._span.excuses(statement)

    # --- in the end ---

    def finish(self) -> Replayed:
        """Check what is kept beside the journal, and return the result."""
        self._findings.number = BEFORE
        self._compare_kept()
        for statement in self._journal.guarded:
            if not self._accounts_for(statement):
                found = f"its guard signed {shown(statement)}, which its journal does not know"
                self._findings.depart("C-GUARD-4", found)
        decisions = self._follower.decisions
        return Replayed(
            platform=self._findings.platform,
            me=self._state.config.me,
            span=self._span,
            events=self._count,
            height=self._state.height,
            decisions=tuple(decisions[height] for height in sorted(decisions)),
            said=self._follower.said,
            seen=self._seen,
            departures=tuple(self._findings.departures),
            more=self._findings.more,
        )

    def _compare_kept(self) -> None:
        """Require that the blocks kept beside the journal are those that it leads to."""
        if self._journal.blocks is None:
            return
        decisions = self._follower.decisions
        kept: set[int] = set()
        for decided in self._journal.blocks:
            block, height = decided.block, decided.block.header.height
            kept.add(height)
            self._record(decided)
            _, known = decisions.setdefault(height, (BEFORE, self._follower.decision(block)))
            if known.block.digest != block.digest or height >= self._state.height:
                found = f"its journal does not lead to the block that it keeps of height {height}"
                self._findings.depart("A-DUR-2", found)
        for height in sorted(decisions.keys() - kept):
            self._findings.depart("A-EFFECT-4", f"it keeps no block of height {height}")
