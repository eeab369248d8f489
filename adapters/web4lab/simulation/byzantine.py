"""Byzantine platforms: adversaries with real keys.

Most run the real core as a *persona* and change its messages, because an adversary that follows the
protocol's progress does more harm than one that sends random messages.
None of them has a guard, and none keeps anything on disk.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import evolve

from web4adapters.runtime.engine import kind_of
from web4core import (
    Block,
    Certificate,
    Decided,
    Digest,
    Kind,
    Message,
    Proposal,
    ProposalDraft,
    Request,
    Signature,
    StateRoot,
    Status,
    StatusDraft,
    Submitted,
    TimeMs,
    Transaction,
    View,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    frame,
    payload_root,
    prepared_reference,
    seal,
    with_signature,
)
from web4lab.simulation.byzantine_replica import Adversary, ByzantineReplica, Puppeteer, Speak
from web4lab.simulation.environment import Environment
from web4lab.simulation.federation import Federation
from web4lab.simulation.prng import Prng

MAX_REMEMBERED = 400
"""Packets that a platform keeps to replay them."""

FAR_HEIGHTS = 1_000
"""The most heights by which a lying platform claims to be ahead."""

FAR_MS = 3_600_000
"""The largest error in the time of a false block, in milliseconds."""


class Withholding(Puppeteer):
    """Sends true messages, but each kind only to some platforms; serves no blocks."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self._hears: dict[str, tuple[int, ...]] = {}

    def begin(self) -> None:
        self.every(1_000, 4_000, self._hears.clear)
        super().begin()

    def speak(self, message: Message, to: tuple[int, ...]) -> None:
        kind = kind_of(message)
        if kind not in self._hears:
            self._hears[kind] = self.dice.any_of(self.others)
        self.tell(message, tuple(each for each in to if each in self._hears[kind]))

    def serve(self, persona: ByzantineReplica, source: int, height: int) -> None:
        pass


class Equivocating(Puppeteer):
    """Sends conflicting statements of one height and view to two halves of the others."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self._half = dice.any_of(self.others)
        self._digests: dict[tuple[int, int], list[Digest]] = {}

    def heard(self, message: Message) -> None:
        if isinstance(message, Proposal):
            self._note(message)

    def speak(self, message: Message, to: tuple[int, ...]) -> None:
        other: Message = message
        if isinstance(message, Proposal):
            other = self._other_proposal(message)
        elif isinstance(message, Vote):
            other = self._other_vote(message)
        elif isinstance(message, ViewChange) and message.prepared is not None:
            other = _empty_view_change(self.federation, message)
        self.tell(message, tuple(each for each in to if each in self._half))
        self.tell(other, tuple(each for each in to if each not in self._half))

    def _note(self, proposal: Proposal) -> list[Digest]:
        place = (proposal.statement.height, proposal.statement.view)
        digests = self._digests.setdefault(place, [])
        if proposal.statement.digest not in digests:
            digests.append(proposal.statement.digest)
        return digests

    def _other_proposal(self, proposal: Proposal) -> Message:
        """Another block: the same, a millisecond later."""
        header = evolve(proposal.block.header, time_ms=TimeMs(proposal.block.header.time_ms + 1))
        block = seal(header, proposal.block.payload)
        statement = evolve(proposal.statement, digest=block.digest)
        draft = ProposalDraft(statement, block, None)
        other = with_signature(draft, self.federation.signature(statement))
        self._note(proposal)
        self._note(other)
        return other

    def _other_vote(self, vote: Vote) -> Message:
        """A vote for the other block that was proposed in this view, or for none that exists."""
        statement = vote.statement
        known = self._digests.get((statement.height, statement.view), [])
        others = [digest for digest in known if digest != statement.digest]
        digest = others[0] if others else Digest(self.dice.octets(32))
        return self.federation.signed(VoteDraft(evolve(statement, digest=digest)))


class Lying(Puppeteer):
    """Lies about prepared and decided blocks, and about its own height."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self._shown: deque[ViewChange] = deque(maxlen=16)

    def begin(self) -> None:
        self.every(200, 1_200, self._lie)
        super().begin()

    def heard(self, message: Message) -> None:
        if isinstance(message, ViewChange) and message.prepared is not None:
            self._shown.append(message)

    def speak(self, message: Message, to: tuple[int, ...]) -> None:
        for target in to:
            self.tell(self._twisted(message), (target,))

    def _twisted(self, message: Message) -> Message:
        if self.dice.chance(300):
            return message
        federation = self.federation
        match message:
            case ViewChange(prepared=prepared) if prepared is not None:
                if self.dice.chance(500):
                    return _empty_view_change(federation, message)
                draft = ViewChangeDraft(message.statement, None, message.block)
                return self._with_certificate(draft, self._forged(prepared))
            case Proposal(justification=justification) if justification is not None:
                kept = None if self.dice.chance(500) else self._forged(justification)
                return evolve(message, justification=kept)
            case Decided(certificate=certificate):
                return evolve(message, certificate=self._forged(certificate))
            case Status(statement=statement):
                far = max(1, statement.height + self.dice.between(-3, FAR_HEIGHTS))
                return federation.signed(
                    StatusDraft(evolve(statement, height=far, view=View(self.dice.below(5))))
                )
            case _:
                return message

    def _lie(self) -> None:
        """Send an old certificate in a view that no platform is in."""
        agreement = self.persona.state.agreement
        view = agreement.view + self.dice.between(1, 3)
        empty = self.statement(Kind.VIEW_CHANGE, agreement.height, view, prepared_reference(None))
        change = ViewChangeDraft(empty, None, None)
        old = [each for each in self._shown if each.statement.height == agreement.height]
        if old:
            shown = self.dice.pick(old)
            change = evolve(change, prepared=shown.prepared, block=shown.block)
            if shown.prepared is not None:
                self.tell(self._with_certificate(change, shown.prepared), self.others)
                return
        self.tell(self.federation.signed(change), self.dice.any_of(self.others))

    def _with_certificate(self, message: ViewChangeDraft, certificate: Certificate) -> Message:
        statement = evolve(message.statement, digest=prepared_reference(certificate))
        return self.federation.signed(evolve(message, statement=statement, prepared=certificate))

    def _forged(self, certificate: Certificate) -> Certificate:
        """A certificate that proves nothing; the gate must refuse it."""
        signatures = certificate.signatures
        first = signatures[0]
        match self.dice.below(5):
            case 0:
                return evolve(certificate, signatures=signatures[:-1])
            case 1:
                return evolve(certificate, signatures=(first, *signatures[:-1]))
            case 2:
                bad = (first[0], Signature(self.dice.octets(64)))
                return evolve(certificate, signatures=(bad, *signatures[1:]))
            case 3:
                return evolve(certificate, view=View(certificate.view + 1))
            case _:
                swapped = {Kind.PREPARE: Kind.COMMIT, Kind.COMMIT: Kind.PREPARE}
                return evolve(certificate, kind=swapped[certificate.kind])


class Usurping(Puppeteer):
    """Proposes in its turn a forbidden block: not the prepared one, or an invalid one."""

    def speak(self, message: Message, to: tuple[int, ...]) -> None:
        if isinstance(message, ViewChange) and message.prepared is not None:
            message = _empty_view_change(self.federation, message)
        if not isinstance(message, Proposal):
            self.tell(message, to)
            return
        half = to if self.dice.chance(700) else self.dice.any_of(to)
        for audience in (half, tuple(each for each in to if each not in half)):
            if audience:
                self._push_through(self._proposal(message), audience)

    def _push_through(self, proposal: Message, audience: tuple[int, ...]) -> None:
        """Propose, and vote for it at once, without waiting for anybody."""
        self.tell(proposal, audience)
        if isinstance(proposal, Proposal):
            for kind in (Kind.PREPARE, Kind.COMMIT):
                vote = VoteDraft(evolve(proposal.statement, kind=kind))
                self.tell(self.federation.signed(vote), audience)

    def _proposal(self, proposal: Proposal) -> Message:
        make = self.dice.pick(_USURPED)
        if proposal.justification is not None and self.dice.chance(700):
            make = Usurping.fresh  # the attack that locks prevent
        block = make(self, proposal.block)
        kept = proposal.justification if block.digest == proposal.block.digest else None
        statement = evolve(proposal.statement, digest=block.digest)
        return self.federation.signed(ProposalDraft(statement, block, kept))

    def same(self, block: Block) -> Block:
        """The block that it ought to propose."""
        return block

    def fresh(self, block: Block) -> Block:
        """Another valid block, which is empty."""
        root = self.federation.ledger.root(self.persona.state.app)
        time_ms = TimeMs(block.header.time_ms + self.dice.below(3))
        header = evolve(
            block.header, time_ms=time_ms, payload_root=payload_root(()), state_root=root
        )
        return seal(header, ())

    def false_root(self, block: Block) -> Block:
        """A block whose state root does not follow."""
        return seal(evolve(block.header, state_root=StateRoot(self.dice.octets(32))), block.payload)

    def false_parent(self, block: Block) -> Block:
        """A block that follows from another one."""
        return seal(evolve(block.header, parent=Digest(self.dice.octets(32))), block.payload)

    def false_time(self, block: Block) -> Block:
        """A block with a time far in the past or future."""
        far_ms = self.dice.between(-FAR_MS, FAR_MS)
        time_ms = TimeMs(block.header.time_ms + far_ms)
        return seal(evolve(block.header, time_ms=time_ms), block.payload)

    def twice(self, block: Block) -> Block:
        """A block that holds every transaction twice."""
        payload = block.payload * 2
        return seal(evolve(block.header, payload_root=payload_root(payload)), payload)


_USURPED: Final = (
    Usurping.same,
    Usurping.fresh,
    Usurping.fresh,
    Usurping.false_root,
    Usurping.false_parent,
    Usurping.false_time,
    Usurping.twice,
)


class Replaying(Puppeteer):
    """Behaves, and also replays packets that it received from anybody, at any later time."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self._remembered: deque[bytes] = deque(maxlen=MAX_REMEMBERED)

    def begin(self) -> None:
        self.every(50, 400, self._replay)
        super().begin()

    def receive(self, source: int, packet: bytes) -> None:
        if len(self._remembered) < MAX_REMEMBERED or self.dice.chance(200):
            self._remembered.append(packet)
        super().receive(source, packet)

    def _replay(self) -> None:
        if self._remembered:
            packet = self.dice.pick(self._remembered)
            for target in self.dice.any_of(self.others):
                self.around.send(self.index, target, "replay", packet)


class Flooding(Puppeteer):
    """Sends floods of everything: noise, false votes, far heights, high views, requests."""

    def begin(self) -> None:
        self.every(100, 400, self._flood)
        super().begin()

    def _flood(self) -> None:
        to = self.dice.any_of(self.others)
        for _ in range(self.dice.between(2, 5)):
            self.dice.pick(_WAVES)(self, to)

    def noise(self, to: tuple[int, ...]) -> None:
        """Send random bytes, or slightly changed messages."""
        content = self.dice.octets(self.dice.between(0, 80))
        packet = content if self.dice.chance(300) else frame(content)
        for target in to:
            self.around.send(self.index, target, "noise", packet)

    def votes(self, to: tuple[int, ...]) -> None:
        """Send votes for blocks that do not exist."""
        kind = self.dice.pick((Kind.PREPARE, Kind.COMMIT))
        height, view = self._somewhere()
        vote = VoteDraft(self.statement(kind, height, view, self.dice.octets(32)))
        self.tell(self.federation.signed(vote), to)

    def claims(self, to: tuple[int, ...]) -> None:
        """Send claims to be far ahead."""
        height, view = self._somewhere()
        far = height + self.dice.between(1, FAR_HEIGHTS)
        status = StatusDraft(self.statement(Kind.STATUS, far, view, bytes(32)))
        self.tell(self.federation.signed(status), to)

    def views(self, to: tuple[int, ...]) -> None:
        """Send changes into views far above."""
        height, view = self._somewhere()
        reference = prepared_reference(None)
        above = self.statement(
            Kind.VIEW_CHANGE, height, view + self.dice.between(1, 100), reference
        )
        self.tell(self.federation.signed(ViewChangeDraft(above, None, None)), to)

    def questions(self, to: tuple[int, ...]) -> None:
        """Send requests for all blocks, again."""
        for target in to:
            self.around.send(self.index, target, "request", frame(Request(1)))

    def _somewhere(self) -> tuple[int, int]:
        height = max(1, self.persona.state.height + self.dice.between(-1, 2))
        return height, self.dice.below(4)


_WAVES: Final = (
    Flooding.noise,
    Flooding.votes,
    Flooding.claims,
    Flooding.views,
    Flooding.questions,
)


class TwoFaced(Adversary):
    """A platform with two personas, each of which exchanges messages with some of the others."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self.sides = self.draw_sides()
        self.personas = tuple(
            ByzantineReplica.new(index, around, self._speaker(side), ahead_ms=side)
            for side in range(2)
        )

    def draw_sides(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The platforms that each persona talks to: here each talks to one half."""
        half = self.dice.any_of(self.others)
        return half, tuple(each for each in self.others if each not in half)

    def begin(self) -> None:
        for persona in self.personas:
            persona.resume()

    def receive(self, source: int, packet: bytes) -> None:
        messages = self.messages(packet)
        for audience, persona in zip(self.sides, self.personas, strict=True):
            if source in audience:
                for message in messages:
                    persona.hear(message)
        for content in self.frames(packet):
            if isinstance(content, Request):
                side = int(source not in self.sides[0])
                self.serve(self.personas[side], source, content.height)

    def submit(self, items: tuple[Transaction, ...]) -> None:
        persona = self.dice.pick(self.personas)
        persona.feed(Submitted(items, persona.now_ms()))

    def _speaker(self, side: int) -> Speak:
        def speak(message: Message, to: tuple[int, ...]) -> None:
            self.tell(message, tuple(each for each in to if each in self.sides[side]))

        return speak


class Twins(TwoFaced):
    """One key in two processes, by mistake: both exchange messages with all others."""

    def draw_sides(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.others, self.others


STRATEGIES: Final[dict[str, type[Adversary]]] = {
    "silent": Adversary,
    "withholding": Withholding,
    "equivocating": Equivocating,
    "lying": Lying,
    "usurping": Usurping,
    "replaying": Replaying,
    "flooding": Flooding,
    "splitting": TwoFaced,
    "twins": Twins,
}
"""The strategies of Byzantine platforms, by name."""


def _empty_view_change(federation: Federation, message: ViewChange) -> Message:
    """The same VIEW-CHANGE, as if nothing had been prepared."""
    statement = evolve(message.statement, digest=prepared_reference(None))
    return federation.signed(ViewChangeDraft(statement, None, None))
