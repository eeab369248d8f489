"""What one platform knows, and one call of `step` in progress.

Only data lives here.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from web4core.application import AnyApplication, Applied, Refusal
from web4core.chain import Block
from web4core.consensus.rules import Step
from web4core.consensus.state import Agreement, Slots
from web4core.effects import Effect, Halt, Refuse, Sign
from web4core.events import Timer
from web4core.messages import Certificate
from web4core.settings import Settings
from web4core.types import ChainId, Digest


@frozen
class Config:
    """What never changes while a platform runs."""

    chain_id: ChainId
    n: int
    me: int
    settings: Settings
    application: AnyApplication = field(repr=False, eq=False)

    @property
    def others(self) -> tuple[int, ...]:
        """All platforms but this one."""
        return tuple(index for index in range(self.n) if index != self.me)


@frozen
class Verdict:
    """What the application said of a block: its result, or None if it refused (C-VALID-4)."""

    digest: Digest
    applied: Applied[Any] | None


@frozen
class Sync:
    """This platform is behind, if what others say is true (C-SYNC-2).

    `peer_heights[p]` is the highest height that platform p has shown itself to be in, 0 for none.
    Blocks below `asked` are on their way, if any were asked for; `tries` counts questions without
    an answer.
    The next question goes to the first of those who claim more from `turn` on, and round.
    """

    peer_heights: tuple[int, ...]
    asked: int = field(default=0, kw_only=True)
    tries: int = field(default=0, kw_only=True)
    turn: int = field(default=0, kw_only=True)


@frozen
class State:
    """All that a platform knows; a fold of `step` over its journal."""

    config: Config
    tip: Block
    tip_certificate: Certificate | None
    app: Any = field(repr=False)
    pool: Any = field(repr=False)
    agreement: Agreement
    upcoming: Slots = field(repr=False)
    verdict: Verdict | None = field(default=None, eq=False, repr=False)
    """A memo of the last judgement: leaving it out changes nothing but the work."""
    sync: Sync | None = None
    armed: tuple[Timer, ...] = ()
    halted: Halt | None = None

    @property
    def height(self) -> int:
        """The height being agreed on: one above the last block."""
        return self.agreement.height


@frozen
class Transition:
    """Where an event leads, and what is to be done about it, in order."""

    state: State
    effects: tuple[Effect, ...]


class Run:
    """One call of `step` in progress: the state so far, and the effects so far.

    Never outlives the call.
    """

    __slots__ = ("effects", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.effects: list[Effect] = []

    def take(self, outcome: Step) -> None:
        """Take the step of a rule, if it took one: the draft goes out to be signed."""
        agreement, draft = outcome
        if draft is not None:
            self.state = evolve(self.state, agreement=agreement)
            self.effects.append(Sign(draft, self.state.config.others))

    def refuse(self, refused: tuple[Refusal, ...]) -> None:
        """Tell which transactions are not going to be in a block."""
        self.effects.extend(Refuse(refusal.item, refusal.code) for refusal in refused)
