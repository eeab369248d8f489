"""The state of one platform, and one call of `step` in progress.

Only data lives here.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from web4core.application import AnyApplication, Applied, Refusal
from web4core.chain import Block
from web4core.consensus.rules import RuleOutcome
from web4core.consensus.state import Agreement, Slots
from web4core.effects import Effect, Halt, Refuse, Sign
from web4core.events import Timer
from web4core.messages import Certificate
from web4core.settings import Settings
from web4core.types import ChainId, Digest


@frozen
class Config:
    """The place of a platform in its federation, and the settings that it runs under."""

    chain_id: ChainId
    """The chain."""
    n: int
    """The number of platforms, 1 to `MAX_PLATFORMS`."""
    me: int
    """The index of this platform, 0 to n - 1."""
    settings: Settings
    """The settings that hold; a `Resumed` may change them (A-SET-2)."""
    application: AnyApplication = field(repr=False, eq=False)
    """The application; it is no part of the value, so it is not compared."""

    @property
    def others(self) -> tuple[int, ...]:
        """All platforms but this one."""
        return tuple(index for index in range(self.n) if index != self.me)


@frozen
class Verdict:
    """The judgement of a block, kept so that no block is applied twice (C-VALID-4)."""

    digest: Digest
    """The digest of the block."""
    applied: Applied[Any] | None
    """The result of the block; None if it does not follow from the tip (C-VALID-1)."""


@frozen
class Sync:
    """The progress of catching up, while others claim to be ahead (C-SYNC-2)."""

    peer_heights: tuple[int, ...]
    """For each platform the highest height that it has shown itself to be in; 0 for none."""
    asked: int = field(default=0, kw_only=True)
    """The height below which blocks are on their way; 0 if none were asked for."""
    tries: int = field(default=0, kw_only=True)
    """The number of questions without an answer, from 0 (C-SYNC-4)."""
    turn: int = field(default=0, kw_only=True)
    """The index from which on the next platform to ask is looked for."""


@frozen
class State:
    """All that a platform knows; a fold of `step` over its journal."""

    config: Config
    """The platform's place in its federation, and its settings."""
    tip: Block
    """The last block that is decided; block 0 at first."""
    tip_certificate: Certificate | None
    """The commit certificate of the tip; None for block 0 (I-TIP-1)."""
    app: Any = field(repr=False)
    """The application's state after the tip; only the application reads it (I-ROOT-1)."""
    pool: Any = field(repr=False)
    """The items that wait; only the application reads them."""
    agreement: Agreement
    """The agreement on the height after the tip."""
    upcoming: Slots = field(repr=False)
    """The messages that came early, for the height after that (C-LOSS-2)."""
    verdict: Verdict | None = field(default=None, eq=False, repr=False)
    """A memo of the last judgement: leaving it out changes nothing but the work."""
    sync: Sync | None = None
    """The heights that other platforms show, if any is ahead of this one."""
    armed: tuple[Timer, ...] = ()
    """The timers that run, at most one of each kind (C-PACE-5)."""
    halted: Halt | None = None
    """The reason for which this platform has stopped for good; else None (A-EFFECT-8)."""

    @property
    def height(self) -> int:
        """The height being agreed on: one above the last block."""
        return self.agreement.height


@frozen
class Transition:
    """The result of an event: the next state, and the effects to be carried out, in order."""

    state: State
    """The state after the event."""
    effects: tuple[Effect, ...]
    """The effects, to be carried out in this order (A-EFFECT-9)."""


class Run:
    """One call of `step` in progress: the state so far, and the effects so far.

    Never outlives the call.
    """

    __slots__ = ("effects", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.effects: list[Effect] = []

    def take(self, outcome: RuleOutcome) -> None:
        """Take the step of a rule, if it took one: the draft goes out to be signed."""
        agreement, draft = outcome
        if draft is not None:
            self.state = evolve(self.state, agreement=agreement)
            self.effects.append(Sign(draft, self.state.config.others))

    def refuse(self, refused: tuple[Refusal, ...]) -> None:
        """Tell which transactions are not going to be in a block."""
        self.effects.extend(Refuse(refusal.item, refusal.code) for refusal in refused)
