"""The execution of a run on the plain code, event by event, with nothing forgotten.

A counterexample is such a run. Messages arrive as bytes and pass the shipped gate. An honest
platform's signature verifies if the platform was asked for it earlier in the run; a Byzantine
platform's always does. A run can be written as an ITF trace, and read and executed again.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import define, frozen

from web4core.effects import Decide, Effect, Sign
from web4core.errors import RemoteProtocolError
from web4core.events import Connected, Elapsed, Event, Received, Resumed
from web4core.gate import Gate
from web4core.messages import BINDING, Message, Statement, signing_bytes
from web4core.replica import State
from web4core.signature_check import SignatureCheck
from web4core.types import PublicKey, Signature
from web4proofs.explore.after_gst import Parting, RunsAfterGst
from web4proofs.explore.blocks import Blocks, blocks_of
from web4proofs.explore.candidate_messages import sign
from web4proofs.explore.oracle import Broken, disagreement, of_a_step, twice, two_certificates
from web4proofs.explore.subject import Stage, Subject, fresh, gate_of, given_checks


@frozen
class Heard:
    """A message arrived, as bytes, when the clock showed `now_ms`."""

    platform: int
    data: bytes
    now_ms: int


@frozen
class Happened:
    """Another event of a platform: a timer, a link, or a start."""

    platform: int
    event: Elapsed | Connected | Resumed


@frozen
class Healed:
    """The start of the run after GST; before it, all have received the messages `heard`."""

    parting: Parting
    heard: tuple[bytes, ...] = ()


Deed: TypeAlias = Heard | Happened | Healed


STUCK: Final = "progress"
"""The id cited for a run without a decision, since no clause can promise one (A7, A9)."""


class Refused(Exception):
    """The gate refuses a message of a trace, or no signer could have made it."""


@define
class Line:
    """One event of a platform, and its result."""

    platform: int
    event: Event
    effects: tuple[Effect, ...] = ()


class Play:
    """A run in progress."""

    def __init__(self, subject: Subject, stage: Stage) -> None:
        self.subject = subject
        self.stage = stage
        self.gate: Gate = gate_of(subject, stage.bounds.n)
        self.blocks: Blocks = blocks_of(subject, stage.bounds)
        self.states: dict[int, State] = {
            index: fresh(subject, stage.bounds.n, index) for index in stage.honest
        }
        self.signed: list[Statement] = []
        self.decided: dict[int, list[bytes]] = {index: [] for index in stage.honest}
        self.lines: list[Line] = []
        self.broken: Broken | None = None
        self._given = given_checks(subject, stage.bounds.n)
        self._exists = {self._claim(each) for each in stage.settling()}

    def _claim(self, statement: Statement) -> SignatureCheck:
        key = self.gate.keys[statement.signer]
        message = signing_bytes(self.gate.chain_id, statement)
        return SignatureCheck(key, message, sign(key, message))

    def _verify(self, key: PublicKey, message: bytes, signature: Signature) -> bool:
        if SignatureCheck(key, message, signature) in self._given:
            return True
        if signature != sign(key, message):
            return False
        theirs = [self.gate.keys[index] for index in self.stage.byzantine]
        claim = SignatureCheck(key, message, signature)
        return key in theirs or claim in self._exists

    def do(self, deed: Deed) -> None:
        """Execute one deed, unless a property is broken already. Raises `Refused`."""
        if self.broken is not None:
            return
        match deed:
            case Heard(platform=platform, data=data, now_ms=now_ms):
                self._step(platform, Received(self._open(data), now_ms))
            case Happened(platform=platform, event=event):
                self._step(platform, event)
            case Healed(parting=parting, heard=heard):
                self._run_after_gst(parting, tuple(map(self._open, heard)))

    def _run_after_gst(self, parting: Parting, heard: tuple[Message, ...]) -> None:
        """Find the result of the run after GST, then log its events as far as they matter."""
        after_gst = RunsAfterGst(self.subject, self.stage, self.blocks)
        after_gst.log = []
        states = tuple(after_gst.state(state) for state in self.states.values())
        known = tuple(map(after_gst.message, heard))
        rounds = after_gst.rounds(states, known, parting)
        for platform, event in after_gst.log:
            self._step(platform, event)
            if self.broken is not None:
                return
        if rounds is None:
            self.broken = Broken(
                STUCK, "no decision comes, though messages flow and timers run out"
            )

    def _open(self, data: bytes) -> Message:
        try:
            return self.gate.open(data, self._verify)
        except RemoteProtocolError as error:
            raise Refused(str(error)) from None

    def _step(self, platform: int, event: Event) -> None:
        before = self.states[platform]
        line = Line(platform, event)
        self.lines.append(line)
        try:
            transition = self.subject.step(before, event)
        except Exception as error:  # noqa: BLE001  A-EVENT-4: it raises nothing
            self.broken = Broken("A-EVENT-4", f"step raises {error!r}")
            return
        self.states[platform] = transition.state
        line.effects = transition.effects
        for effect in transition.effects:
            self._note(platform, effect)
        found = of_a_step(before, transition.state, transition.effects, self.blocks)
        self.broken = found[0] if found else self._of_all()

    def _note(self, platform: int, effect: Effect) -> None:
        heights = self.stage.bounds.heights
        if isinstance(effect, Sign):
            statement = effect.draft.statement
            self._exists.add(self._claim(statement))
            if statement.kind in BINDING and statement.height <= heights:
                self.signed.append(statement)
        elif isinstance(effect, Decide) and effect.block.header.height <= heights:
            self.decided[platform].append(effect.block.digest)

    def _of_all(self) -> Broken | None:
        stage = self.stage
        return (
            disagreement(self.decided, self.blocks)
            or twice(self.signed)
            or two_certificates(self.signed, stage.byzantine, stage.bounds.n, self.blocks)
        )

    @property
    def exit_code(self) -> int:
        """12 if a property is broken for good, 13 if a run came to no decision, else 0."""
        if self.broken is None:
            return 0
        return 13 if self.broken.clause == STUCK else 12
