"""Federations of 4, 5 and 7 as Hypothesis drives them, with as many Byzantine platforms as allowed.

The machine chooses what is delivered, lost, doubled and in which order, which timers fire, who
crashes and restarts, what clients submit, and what the Byzantine platforms sign: anything that
their keys allow, made of whatever real signatures are around.
Every state is checked after every step; at the end the network heals, and whatever was acknowledged
must be in the chain or refused.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.audited import departures_of_the_honest
from tests.support.federation import ALICE, BOB, Federation, owner_key, sign
from tests.support.forge import block_after, proposal, status, view_change, vote
from web4core import invariants
from web4core.chain import Block
from web4core.consensus.state import proposal_in_view
from web4core.events import Connected, TimerKind
from web4core.ledger.state import Address
from web4core.ledger.transactions import Transaction, Transfer
from web4core.messages import (
    MAX_MESSAGE_BYTES,
    Certificate,
    Decided,
    Kind,
    Message,
    Statement,
    Submission,
    Vote,
    VoteDraft,
)
from web4core.quorum import faulty, proposer
from web4core.types import Digest, Nonce, Signature, View

CAROL = Address(platform="thor", agent="carol")
MAX_HEAL_TIMERS = 4_000
MAX_ROUNDS = 12
"""How often the machine looks at the wires in one of its steps."""
MAX_OLD = 200
"""How many of the latest messages Byzantine platforms send again."""

INDEX = st.integers(0, 10**6)
"""An index into whatever is there, taken modulo its size."""
VIEWS = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 7, 2**62])
HEIGHTS = st.sampled_from([0, 0, 0, 0, 1, -1, 2, 2**40])
PLATFORMS = st.integers(1, 127)
"""A set of platforms, one bit each."""
MOST = st.sampled_from([127, 127, 63, 31, 15, 7, 11, 13, 14, 112])
"""A set of platforms that is large more often than not."""

STAGES = ("submission", "PRE_PREPARE", "PREPARE", "COMMIT", "VIEW_CHANGE", "STATUS", "decided")
Votes = tuple[Kind, int, View, Digest]


def stage(message: Message) -> str:
    """Which part of the protocol a message belongs to."""
    if isinstance(message, Submission):
        return "submission"
    return "decided" if isinstance(message, Decided) else message.statement.kind.name


class FederationMachine(RuleBasedStateMachine):
    """N platforms, f of them Byzantine; subclasses choose N."""

    n = 4

    @initialize(byzantine=st.integers(0, 6), which=INDEX)
    def begin(self, byzantine: int, which: int) -> None:
        """The federation starts, with a payment to agree on."""
        self.byzantine = sorted((byzantine + each) % self.n for each in range(faulty(self.n)))
        accounts = {ALICE: 1000, BOB: 10, CAROL: 1000}
        self.fed = Federation(self.n, byzantine=self.byzantine, accounts=accounts, check=False)
        self.fed.settle()
        self.nonces = {ALICE: 0, CAROL: 0}
        self.acknowledged: list[Transaction] = []
        self.signatures: dict[Votes, dict[int, Signature]] = {}
        self.blocks: dict[bytes, Block] = {}
        self.heard = 0
        self.pay(which, 1, False)

    # --- the network ---------------------------------------------------------------------------

    @rule(last=st.integers(0, len(STAGES)), to=MOST)
    def deliver_up_to_a_stage(self, last: int, to: int) -> None:
        """All goes well, but only up to a stage, and only for some; the rest stays on the wires."""
        for _ in range(MAX_ROUNDS):
            if not self.deliver_if(STAGES[:last], to):
                return

    @rule(which=INDEX, votes=st.booleans())
    def all_goes_well(self, which: int, votes: bool) -> None:
        """A payment comes in and everything arrives; Byzantine platforms may even take part."""
        self.pay(which, 1, False)
        for _ in range(MAX_ROUNDS):
            self.deliver_if(STAGES, 127)
            if votes:
                self.go_along(127, (Kind.PREPARE, Kind.COMMIT))

    @rule(to=MOST, all_commit=PLATFORMS)
    def commits_reach_some(self, to: int, all_commit: int) -> None:
        """The most dangerous moment: some have all COMMITs, and the others do not know."""
        for _ in range(MAX_ROUNDS):
            self.go_along(to, (Kind.PREPARE, Kind.COMMIT))
            self.deliver_if(STAGES[:3], to)
        self.deliver_if(("COMMIT",), all_commit)

    @rule(lucky=INDEX, which=INDEX)
    def betray_the_one_who_decided(self, lucky: int, which: int) -> None:
        """Have one decide, then win the others over to another block in the next view."""
        decides = 1 << self.fed.honest[lucky % len(self.fed.honest)]
        self.commits_reach_some(127, decides)
        self.lose_all_between(decides)
        self.lose_patience(TimerKind.VIEW, 127)
        self.deliver_if(("VIEW_CHANGE",), 127)
        self.equivocate(which, 1, 127, False)
        for each in ("PRE_PREPARE", "PREPARE", "COMMIT"):
            self.deliver_if((each,), 127)
            self.go_along(127, (Kind.PREPARE, Kind.COMMIT))

    @rule(only=st.sampled_from(STAGES), to=PLATFORMS)
    def deliver_one_kind(self, only: str, to: int) -> None:
        """One kind of message gets through, to some."""
        self.deliver_if((only,), to)

    def deliver_if(self, stages: tuple[str, ...], to: int) -> bool:
        """Deliver what is on the wires now and of these stages; whether there was any."""
        any_came = False
        decode = self.fed.gate.schemas.message.decode
        for link in self.fed.loaded():
            if not to >> link[1] & 1:
                continue
            waiting = list(self.fed.wires[link])
            self.fed.wires[link].clear()
            for data in waiting:
                if stage(decode(data, MAX_MESSAGE_BYTES)) in stages:
                    any_came = True
                    self.fed.hand_over(link[1], data)
                else:
                    self.fed.wires[link].append(data)
        return any_came

    @rule(link=INDEX, place=st.sampled_from([0, 0, 1, 2, 5]), count=st.integers(1, 8))
    def deliver_some(self, link: int, place: int, count: int) -> None:
        """Deliver messages of one link, from anywhere in its queue."""
        links = self.fed.loaded()
        for _ in range(count if links else 0):
            source, target = links[link % len(links)]
            queue = self.fed.wires[source, target]
            if not queue:
                return
            data = queue[place % len(queue)]
            del queue[place % len(queue)]
            self.fed.hand_over(target, data)

    @rule(link=INDEX, place=INDEX, twice=st.booleans())
    def lose_or_double(self, link: int, place: int, twice: bool) -> None:
        """Lose a message, or put it on the wire again."""
        if links := self.fed.loaded():
            queue = self.fed.wires[links[link % len(links)]]
            index = place % len(queue)
            if twice:
                queue.append(queue[index])
            else:
                del queue[index]

    @rule(side=PLATFORMS)
    def lose_all_between(self, side: int) -> None:
        """Lose everything on its way between two sides."""
        for source, target in self.fed.loaded():
            if (side >> source & 1) != (side >> target & 1):
                self.fed.wires[source, target].clear()

    # --- timers, crashes, clients --------------------------------------------------------------

    @rule(which=INDEX, ms=st.sampled_from([0, 1, 50, 3_000]))
    def fire(self, which: int, ms: int) -> None:
        """Let any timer of any platform run out, early or late."""
        running = [
            (index, kind)
            for index in self.fed.honest
            for kind in sorted(self.fed.nodes[index].timers)
        ]
        if running:
            index, kind = running[which % len(running)]
            self.fed.now_ms += ms
            self.fed.ring(index, kind)

    @rule(kind=st.sampled_from([TimerKind.VIEW, TimerKind.VIEW, TimerKind.PROPOSE]), of=MOST)
    def lose_patience(self, kind: TimerKind, of: int) -> None:
        """Let a kind of timer run out for many at once."""
        for index in self.fed.honest:
            if of >> index & 1 and kind in self.fed.nodes[index].timers:
                self.fed.ring(index, kind)

    @rule(which=INDEX)
    def crash_or_restart(self, which: int) -> None:
        """A platform falls, or one that fell comes back from its journal."""
        self.fed.crash_or_restart(self.fed.honest[which % len(self.fed.honest)])

    @rule(one=INDEX, other=INDEX)
    def connect(self, one: int, other: int) -> None:
        """A link comes up."""
        index = self.fed.honest[one % len(self.fed.honest)]
        if self.fed.nodes[index].up:
            self.fed.feed(index, Connected(other % self.n, self.fed.now_ms))

    @rule(which=INDEX, amount=st.sampled_from([1, 10, 600]), back=st.booleans())
    def pay(self, which: int, amount: int, back: bool) -> None:
        """A client pays somebody."""
        up = self.fed.up()
        if not up:
            return
        payer, payee = (CAROL, ALICE) if back else (ALICE, CAROL)
        body = Transfer(
            chain_id=self.fed.chain_id,
            source=payer,
            destination=payee,
            amount_uatp=amount,
            nonce=Nonce(self.nonces[payer]),
        )
        transaction = sign(body, owner_key(payer))
        if self.fed.submit(up[which % len(up)], transaction):
            self.nonces[payer] += 1
            self.acknowledged.append(transaction)

    # --- Byzantine platforms -------------------------------------------------------------------

    def listen(self) -> None:
        """Byzantine platforms hear everything: they collect all signatures and blocks."""
        for _, _, message in self.fed.sent[self.heard :]:
            if isinstance(message, Vote):
                said = message.statement
                key = (said.kind, said.height, said.view, said.digest)
                self.signatures.setdefault(key, {})[said.signer] = message.signature
            block = getattr(message, "block", None)
            if block is not None:
                self.blocks[block.digest] = block
        self.heard = len(self.fed.sent)

    def put(self, signer: int, to: int, message: Message) -> None:
        """Put a message of a Byzantine platform on the wires to these platforms."""
        for target in self.fed.honest:
            if to >> target & 1:
                self.fed.put(signer, target, message)

    def villain(self, which: int) -> int:
        return self.byzantine[which % len(self.byzantine)]

    def near(self, offset: int) -> int:
        """A height near the highest of an honest platform."""
        return max(1, max(node.state.height for node in self.fed.nodes.values()) + offset)

    def some_block(self, which: int) -> Block | None:
        """Any block that was ever shown."""
        self.listen()
        known = sorted(self.blocks)
        return self.blocks[known[which % len(known)]] if known else None

    @rule(to=MOST, kinds=st.sampled_from([(Kind.PREPARE,), (Kind.PREPARE, Kind.COMMIT)]))
    def go_along(self, to: int, kinds: tuple[Kind, ...]) -> None:
        """Vote with each platform for what it was shown, be it different for each."""
        for signer in self.byzantine:
            for target in self.fed.honest:
                agreement = self.fed.nodes[target].state.agreement
                shown = proposal_in_view(agreement)
                if shown is not None and to >> target & 1:
                    for kind in kinds:
                        message = vote(self.fed, kind, signer, shown.block, agreement.view)
                        self.put(signer, 1 << target, message)

    @rule(who=INDEX, commit=st.booleans(), which=INDEX, offset=HEIGHTS, view=VIEWS, to=PLATFORMS)
    def vote_for_anything(
        self, who: int, commit: bool, which: int, offset: int, view: int, to: int
    ) -> None:
        """A vote for any block that ever was, at any height."""
        block = self.some_block(which)
        digest = bytes(32) if block is None else block.digest
        height = self.near(offset) if block is None or offset else block.header.height
        kind, signer = Kind.COMMIT if commit else Kind.PREPARE, self.villain(who)
        statement = Statement(kind, height, View(view), Digest(digest), signer)
        self.put(signer, to, self.fed.sign_as(signer, VoteDraft(statement)))

    def certificates(self, kind: Kind, forged: bool) -> list[Certificate]:
        """What the signatures around make: real certificates, too small ones, or forged ones."""
        self.listen()
        found = []
        for key in sorted(self.signatures):
            if key[0] is not kind or key[3] not in self.blocks:
                continue
            pairs = dict(self.signatures[key])
            for each in self.byzantine:
                pairs[each] = vote(self.fed, kind, each, self.blocks[key[3]], key[2]).signature
            if forged:
                pairs = {each: pairs.get(each, Signature(bytes(64))) for each in range(self.n)}
            _, height, view, digest = key
            signatures = tuple(sorted(pairs.items()))
            found.append(Certificate(kind, height, view, digest, signatures))
        return found

    @rule(who=INDEX, which=INDEX, view=VIEWS, to=PLATFORMS, forged=st.booleans())
    def change_view_with_any_certificate(
        self, who: int, which: int, view: int, to: int, forged: bool
    ) -> None:
        """A view change with whatever certificate the signatures around make."""
        if known := self.certificates(Kind.PREPARE, forged):
            shown, signer = known[which % len(known)], self.villain(who)
            block = self.blocks[shown.digest]
            self.put(
                signer,
                to,
                view_change(self.fed, signer, shown.height, max(1, view), shown, block),
            )

    @rule(who=INDEX, offset=HEIGHTS, view=VIEWS, to=PLATFORMS)
    def change_view_with_none(self, who: int, offset: int, view: int, to: int) -> None:
        """A view change that hides whatever its signer voted for."""
        signer = self.villain(who)
        self.put(signer, to, view_change(self.fed, signer, self.near(offset), max(1, view)))

    @rule(which=INDEX, view=VIEWS, to=PLATFORMS, justified=st.booleans(), forged=st.booleans())
    def propose_any_block(
        self, which: int, view: int, to: int, justified: bool, forged: bool
    ) -> None:
        """Any block that was ever shown, in any view that is a Byzantine platform's turn."""
        block = self.some_block(which)
        if block is None or proposer(block.header.height, view, self.n) not in self.byzantine:
            return
        known = self.certificates(Kind.PREPARE, forged) if justified else []
        fitting = [each for each in known if each.digest == block.digest]
        justification = fitting[which % len(fitting)] if fitting else None
        message = proposal(self.fed, block, view, justification)
        self.put(message.statement.signer, to, message)

    @rule(which=INDEX, later=st.integers(1, 3), side=PLATFORMS, both=st.booleans())
    def equivocate(self, which: int, later: int, side: int, both: bool) -> None:
        """Two valid blocks in the view of an honest platform, to two sides or to everybody."""
        states = [node.state for node in self.fed.nodes.values()]
        state = states[which % len(states)]
        view = state.agreement.view
        if proposer(state.height, view, self.n) not in self.byzantine:
            return
        waiting = self.fed.ledger.waiting(state.pool, 2)
        time_ms = max(self.fed.now_ms, state.tip.header.time_ms + 1)
        for payload, when, to in (((), 0, side), (waiting, later, 127 if both else ~side)):
            block = block_after(state, payload, time_ms + when)
            message = proposal(self.fed, block, view)
            self.blocks[block.digest] = block
            self.put(message.statement.signer, to, message)

    @rule(who=INDEX, offset=HEIGHTS, view=VIEWS, to=PLATFORMS)
    def lie_about_where_it_is(self, who: int, offset: int, view: int, to: int) -> None:
        """A status from any height."""
        signer = self.villain(who)
        self.put(signer, to, status(self.fed, signer, self.near(offset), view))

    @rule(who=INDEX, which=INDEX, to=PLATFORMS)
    def say_again_what_anybody_said(self, who: int, which: int, to: int) -> None:
        """A replay."""
        if old := self.fed.sent[-MAX_OLD:]:
            self.put(self.villain(who), to, old[which % len(old)][2])

    @rule(who=INDEX, which=INDEX, to=PLATFORMS, forged=st.booleans())
    def certify_any_block(self, who: int, which: int, to: int, forged: bool) -> None:
        """A block, with whatever commit certificate the signatures around make."""
        if known := self.certificates(Kind.COMMIT, forged):
            chosen = known[which % len(known)]
            self.put(self.villain(who), to, Decided(self.blocks[chosen.digest], chosen))

    @rule(who=INDEX, amount=st.sampled_from([0, 700, 2**63 - 1]), to=PLATFORMS)
    def pass_on_nonsense(self, who: int, amount: int, to: int) -> None:
        """Transactions that cannot apply."""
        body = Transfer(
            chain_id=self.fed.chain_id,
            source=ALICE,
            destination=CAROL,
            amount_uatp=amount,
            nonce=Nonce(2**60),
        )
        self.put(self.villain(who), to, Submission((sign(body, owner_key(ALICE)),)))

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def every_platform_is_sound(self) -> None:
        for node in self.fed.nodes.values():
            assert invariants.check_state(node.state) == ()

    @invariant()
    def what_a_platform_waits_for_runs(self) -> None:
        for node in self.fed.nodes.values():
            running = {timer for _, timer in node.timers.values()}
            assert not node.up or running >= set(node.state.armed)

    @invariant()
    def no_two_platforms_decide_differently(self) -> None:
        self.fed.check_decisions()

    @invariant()
    def no_honest_platform_contradicts_itself(self) -> None:
        self.fed.check_statements()

    @invariant()
    def only_the_guilty_are_accused(self) -> None:
        evidence = [each for node in self.fed.nodes.values() for each in node.evidence]
        assert {each.first.signer for each in evidence} <= set(self.byzantine)

    def teardown(self) -> None:
        if not hasattr(self, "fed"):
            return
        self.fed.heal()
        assert self.fed.finished(), "the federation does not finish what it acknowledged"
        self.no_two_platforms_decide_differently()
        self.no_honest_platform_contradicts_itself()
        self.every_platform_is_sound()
        assert self.fed.forgotten(self.acknowledged) == []
        assert departures_of_the_honest(self.fed) == []


class FiveMachine(FederationMachine):
    """N = 5: where 2f + 1 would not be a quorum."""

    n = 5


class SevenMachine(FederationMachine):
    """N = 7: two Byzantine platforms."""

    n = 7


def effort(share: float) -> hypothesis_settings:
    """How hard to try: this share of the profile's examples, or as long as the profile says."""
    profile = hypothesis_settings()
    if os.environ.get("HYPOTHESIS_PROFILE") == "long":
        return profile
    examples = round(share * profile.max_examples)
    return hypothesis_settings(profile, max_examples=examples, stateful_step_count=50)


TestFourPlatforms = FederationMachine.TestCase
TestFourPlatforms.settings = effort(1.5)
TestFivePlatforms = pytest.mark.slow(FiveMachine.TestCase)
TestFivePlatforms.settings = effort(0.6)
TestSevenPlatforms = pytest.mark.slow(SevenMachine.TestCase)
TestSevenPlatforms.settings = effort(0.5)
