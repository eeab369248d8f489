"""The step checker: it checks each act of a platform against the protocol.

1. A statement is an action that the protocol permits in the platform's standing, or a repetition.
2. A decision rests on a certificate that was shown, and its block follows from the tip.
3. The state after an event is the one that these acts lead to.
Clauses: C-DEC-1, C-DEC-2, C-DEC-4, C-CERT-4, C-EVID-1, C-VIEW-1, C-LOCK-1, I-SAID-1.
"""

from __future__ import annotations

from collections.abc import Container

from attrs import evolve

from web4core.chain import Block
from web4core.effects import Accuse, Decide, Effect, Halt, Sign
from web4core.invariants import Decision
from web4core.messages import BINDING, Draft, Evidence, Kind, Statement, ViewChangeDraft, conflict
from web4core.replica import State
from web4proofs.agreement.protocol import Premise
from web4proofs.audit import local_history as history
from web4proofs.audit.chain import Chain
from web4proofs.audit.findings import Findings
from web4proofs.audit.inputs import Heard
from web4proofs.audit.journal import BEFORE, shown
from web4proofs.audit.local_history import Standing, Taken


class Follower:
    """A platform's standing by its acts so far, with its statements and decisions."""

    def __init__(
        self, state: State, findings: Findings, heard: Heard, seen: Container[Statement]
    ) -> None:
        self.standing = Standing.of(state)
        self.said: dict[Statement, int] = dict.fromkeys(self.standing.cast, BEFORE)
        """Its statements, each with the event that made it."""
        self.decisions: dict[int, tuple[int, Decision]] = {}
        """By height, the event and the decision."""
        if state.tip.header.height > 0:
            self.decisions[state.tip.header.height] = (BEFORE, self.decision(state.tip))
        self._chain = Chain.of(state)
        self._findings = findings
        self._heard = heard
        self._seen = seen

    def take(self, effect: Effect) -> None:
        """Check one effect of the platform."""
        match effect:
            case Sign(draft=draft) if draft.statement.kind in BINDING:
                self._cast(draft)
            case Decide():
                self._decide(effect)
            case Accuse(evidence=evidence):
                self._accuse(evidence)
            case Halt(clause=clause, reason=reason):
                self._findings.depart(clause, f"it halts: {reason}")
            case _:
                pass

    def compare(self, after: State) -> None:
        """Require that the state after an event is the one that its acts lead to."""
        expected, found = self.standing, Standing.of(after, self.standing.cast)
        if found == expected:
            return
        if found.height != expected.height:
            amiss = ("C-DEC-2", f"it is at height {found.height}, not {expected.height}")
            self._chain = Chain.of(after)
        elif found.view != expected.view:
            amiss = ("C-VIEW-1", f"it is in view {found.view}, not {expected.view}")
        elif found.lock != expected.lock:
            amiss = ("C-LOCK-1", "its lock is not the one that its steps lead to")
        else:
            amiss = ("I-SAID-1", "it stands for what it never made a draft of")
        self._findings.depart(*amiss)
        self.standing = found

    def attempt(self, statement: Statement) -> Taken:
        """Return the standing after a statement by the protocol, and the premises that it lacks."""
        height, digest = statement.height, statement.digest
        valid = False
        if statement.kind is Kind.PREPARE:
            block = self._heard.find(height, digest)
            valid = block is not None and self._chain.refuses(block) is None
        prepared = self._heard.voters(Kind.PREPARE, height, digest)
        return history.cast(self.standing, statement, prepared, valid)

    def decision(self, block: Block) -> Decision:
        """Return a decision of this platform, without the payload, which may be large."""
        return Decision(self.standing.me, evolve(block, payload=()))

    def _cast(self, draft: Draft) -> None:
        statement, standing = draft.statement, self.standing
        if statement in self.said:
            return
        self.said[statement] = self._findings.number
        if (statement.signer, statement.height) != (standing.me, standing.height):
            self._findings.depart("I-SAID-1", f"{shown(statement)} by platform {statement.signer}")
            return
        if isinstance(draft, ViewChangeDraft) and statement.digest != standing.reference:
            self._findings.depart("C-VIEW-1", f"{shown(statement)} does not carry its lock")
        self.standing, lacking = self.attempt(statement)
        if lacking:
            said = f"it says {shown(statement)}"
            self._findings.depart(clause_of(lacking), f"{said}; allowed only if {why(lacking)}")

    def _decide(self, effect: Decide) -> None:
        block, certificate = effect.block, effect.certificate
        height, digest = block.header.height, block.digest
        says = f"it decides block {digest.hex()[:8]} of height {height}"
        if height != self.standing.height:
            self._findings.depart("C-DEC-2", f"{says} at height {self.standing.height}")
        if (certificate.height, certificate.digest) != (height, digest):
            self._findings.depart("C-CERT-4", f"{says} on a certificate for another")
        committed = self._heard.voters(Kind.COMMIT, height, digest)
        lacking = history.decide(self.standing, certificate, committed)
        if lacking:
            self._findings.depart(clause_of(lacking), f"{says}; allowed only if {why(lacking)}")
        refusal = self._chain.refuses(block)
        if refusal is not None:
            self._findings.depart("C-DEC-4", f"{says}, and {refusal}")
        self._chain.extend(block)
        self.decisions[height] = (self._findings.number, self.decision(block))
        self.standing = Standing(self.standing.n, self.standing.me, height + 1)
        self._heard.forget_below(height + 1)

    def _accuse(self, evidence: Evidence) -> None:
        pair = (evidence.first, evidence.second)
        if not conflict(*pair) or any(each not in self._seen for each in pair):
            says = f"it accuses platform {evidence.first.signer} of what was not shown"
            self._findings.depart("C-EVID-1", says)


def clause_of(lacking: tuple[Premise, ...]) -> str:
    """Return the clause that a missing premise renders."""
    return next((clause for premise in lacking for clause in premise.clauses), "C-FLOW-1")


def why(lacking: tuple[Premise, ...]) -> str:
    """Return the condition that a missing premise names."""
    return ", and ".join(premise.says for premise in lacking)
