"""A run of a federation under random faults, repeatable from its seed.

Messages are lost, doubled and reordered, timers fire early, platforms crash and restart from their
journals, and up to f Byzantine platforms sign and send whatever their keys allow.
Then the network heals, and everything acknowledged must be finished.
"""

from __future__ import annotations

import random
from typing import TypeVar

from tests.support.federation import ALICE, BOB, START_MS, Federation, owner_key, sign
from web4core.chain import Header, payload_root, seal
from web4core.ledger.state import Address
from web4core.ledger.transactions import Transaction, Transfer
from web4core.messages import (
    Draft,
    Kind,
    Message,
    Proposal,
    ProposalDraft,
    Statement,
    StatusDraft,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    prepared_reference,
)
from web4core.quorum import faulty, proposer
from web4core.types import Digest, Nonce, TimeMs, View

CAROL = Address(platform="thor", agent="carol")
MAX_ROUNDS = 3_000
M = TypeVar("M", bound=Message)


class Chaos:
    """One run. `run` makes the faults, `heal` ends them, `check` says what must hold."""

    def __init__(self, seed: int, n: int) -> None:
        self.dice = random.Random(seed)
        byzantine = self.dice.sample(range(n), self.dice.randint(0, faulty(n)))
        accounts = {ALICE: 10**9, BOB: 10**9, CAROL: 10**9}
        self.fed = Federation(n, byzantine=byzantine, accounts=accounts, check=seed % 3 == 0)
        self.byzantine = byzantine
        self.nonces = {ALICE: 0, CAROL: 0}
        self.acknowledged: list[Transaction] = []
        self.loss = self.dice.choice([0, 0.05, 0.2, 0.5])
        self.crashes = self.dice.choice([0, 0.01])

    def run(self, steps: int) -> None:
        for _ in range(steps):
            x = self.dice.random()
            if x < 0.03:
                self.submit()
            elif x < 0.06:
                self.fire_some_timer()
            elif x < 0.25 and self.byzantine:
                self.misbehave()
            elif self.dice.random() < self.crashes:
                self.fed.crash_or_restart(self.dice.choice(self.fed.honest))
            else:
                self.deliver_something()

    def submit(self) -> None:
        up = self.fed.up()
        if not up:
            return
        payer, payee = self.dice.choice([(ALICE, CAROL), (CAROL, ALICE)])
        amount = self.dice.randint(1, 1000)
        body = Transfer(
            chain_id=self.fed.chain_id,
            source=payer,
            destination=payee,
            amount_uatp=amount,
            nonce=Nonce(self.nonces[payer]),
        )
        transaction = sign(body, owner_key(payer))
        if self.fed.submit(self.dice.choice(up), transaction):
            self.nonces[payer] += 1
            self.acknowledged.append(transaction)

    def fire_some_timer(self) -> None:
        nodes = self.fed.nodes
        running = [(index, kind) for index in self.fed.up() for kind in nodes[index].timers]
        if running:
            index, kind = self.dice.choice(running)
            self.fed.now_ms += 10
            self.fed.ring(index, kind)

    def deliver_something(self) -> None:
        links = self.fed.loaded()
        if not links:
            return
        link = self.dice.choice(links)
        queue = self.fed.wires[link]
        place = self.dice.randrange(len(queue)) if self.dice.random() < 0.3 else 0
        data = queue[place]
        del queue[place]
        if self.dice.random() < self.loss:
            return
        if self.dice.random() < 0.05:
            queue.append(data)
        self.fed.hand_over(link[1], data)

    # --- Byzantine platforms ---

    def misbehave(self) -> None:
        index = self.dice.choice(self.byzantine)
        heights = [node.state.height for node in self.fed.nodes.values()]
        height = max(1, max(heights) + self.dice.choice([0, 0, 0, 0, -1, 1, 50]))
        view = self.dice.choice([0, 0, 1, 1, 2, 3, self.dice.randint(0, 8)])
        make = self.dice.choice(
            [self.vote, self.vote, self.view_change, self.proposal, self.status]
        )
        draft = make(index, height, view)
        message: Message | None = None
        if draft is not None:
            message = self.fed.sign_as(draft.statement.signer, draft)
        elif self.fed.sent:
            message = self.dice.choice(self.fed.sent)[2]
        for target in self.fed.honest:
            if message is not None and self.dice.random() < 0.6:
                self.fed.put(index, target, message)

    def _seen(self, kind: type[M]) -> list[M]:
        return [message for _, _, message in self.fed.sent[-300:] if isinstance(message, kind)]

    def vote(self, index: int, height: int, view: int) -> Draft:
        digests = [vote.statement.digest for vote in self._seen(Vote)] or [Digest(bytes(32))]
        kind = self.dice.choice([Kind.PREPARE, Kind.COMMIT])
        return VoteDraft(Statement(kind, height, View(view), self.dice.choice(digests), index))

    def status(self, index: int, height: int, view: int) -> Draft:
        return StatusDraft(Statement(Kind.STATUS, height, View(view), Digest(bytes(32)), index))

    def view_change(self, index: int, height: int, view: int) -> Draft:
        known = [
            each
            for each in self._seen(ViewChange)
            if each.prepared is not None
            and each.statement.height == height
            and each.prepared.view < view
        ]
        shown = self.dice.choice(known) if known and self.dice.random() < 0.7 else None
        prepared = None if shown is None else shown.prepared
        block = None if shown is None else shown.block
        reference = prepared_reference(prepared)
        statement = Statement(Kind.VIEW_CHANGE, height, View(max(1, view)), reference, index)
        return ViewChangeDraft(statement, prepared, block)

    def proposal(self, _index: int, height: int, view: int) -> Draft | None:
        """A valid block of its own, or an old one again, each time another: equivocation."""
        turn = proposer(height, view, self.fed.n)
        states = [node.state for node in self.fed.nodes.values() if node.state.height == height]
        if turn not in self.byzantine or not states:
            return None
        old = [each for each in self._seen(Proposal) if each.statement.height == height]
        if old and self.dice.random() < 0.5:
            block = self.dice.choice(old).block
        else:
            state = self.dice.choice(states)
            application = state.config.application
            time_ms = max(self.fed.now_ms, state.tip.header.time_ms + 1) + self.dice.randint(0, 3)
            chosen = application.choose(
                state.app, state.pool, TimeMs(time_ms), bytes(32), self.dice.randint(1, 2), 10**6
            )
            header = Header(
                self.fed.chain_id,
                height,
                state.tip.digest,
                TimeMs(time_ms),
                payload_root(chosen.payload),
                chosen.applied.root,
            )
            block = seal(header, chosen.payload)
        statement = Statement(Kind.PRE_PREPARE, height, View(view), block.digest, turn)
        return ProposalDraft(statement, block, None)

    # --- the end ---

    def heal(self) -> None:
        """The network works from here on; everybody is up; timers run in order."""
        self.fed.heal()

    def check(self) -> None:
        assert self.fed.finished(), f"stuck after {self.fed.now_ms - START_MS} ms"
        self.fed.check_decisions()
        self.fed.check_statements()
        assert self.fed.forgotten(self.acknowledged) == []
        evidence = [each for node in self.fed.nodes.values() for each in node.evidence]
        assert {each.first.signer for each in evidence} <= set(self.byzantine)
