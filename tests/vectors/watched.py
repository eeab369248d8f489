"""A federation around one watched platform, whose events are remembered for a transcript."""

from __future__ import annotations

from typing import Any

from tests.support.federation import ALICE, Federation, Node
from tests.support.forge import block_after, paying, tell
from tests.vectors.fixtures import CAROL, accounts_of
from web4core.chain import Block
from web4core.effects import Effect, Halt, Sign
from web4core.events import Elapsed, Event, Timer, TimerKind
from web4core.ledger.state import account_path
from web4core.types import View


class Watched(Federation):
    """A federation that remembers the events of one platform, in order.

    `silence` names the clauses by which a proposal gets no vote in the run, and `choice` those by
    which it chooses what it proposes.
    While it is `mute`, its signer refuses everything (A-EFFECT-1).
    """

    def __init__(
        self, n: int, watched: int, silence: str = "", choice: str = "", **more: Any
    ) -> None:
        self.watched = watched
        self.silence = silence
        self.choice = choice
        self.mute = False
        self.events_seen: list[Event] = []
        super().__init__(n, accounts=accounts_of(n), check=False, **more)

    def feed(self, index: int, event: Event) -> None:
        if index == self.watched:
            self.events_seen.append(event)
        super().feed(index, event)

    def _perform(self, index: int, node: Node, effect: Effect) -> None:
        if not (isinstance(effect, Halt) or (self.mute and isinstance(effect, Sign))):
            super()._perform(index, node, effect)

    def time_out(self, kind: TimerKind) -> None:
        """Let a timer of the watched platform run out when it is due."""
        self.ring_when_due(self.watched, kind)

    def ring_stale(self, kind: TimerKind, height: int, view: int) -> None:
        """Let a timer run out that the watched platform has not, or no longer."""
        self.feed(self.watched, Elapsed(Timer(kind, height, View(view)), self.now_ms))

    def hear(self, *messages: Any) -> None:
        """Tell the watched platform these."""
        tell(self, self.watched, *messages)

    def fresh_block(self, *amounts: int, after_ms: int = 1) -> Block:
        """A block of payments on the watched platform's tip."""
        state = self.nodes[self.watched].state
        nonce = state.app.entries.get(_alices_path()).nonce
        items = [paying(self, CAROL, each, nonce + place) for place, each in enumerate(amounts)]
        return block_after(state, items, self.now_ms + after_ms)


def _alices_path() -> bytes:
    return account_path(ALICE)


def alone(n: int = 4, **more: Any) -> Watched:
    """Platform 0 watched; the test speaks for all others."""
    return Watched(n, 0, byzantine=range(1, n), **more)
