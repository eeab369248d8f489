"""The values of the playground: platforms, messages on their way, and past events.

Only data lives here, and the label of a message.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

from web4core import Decided, Memory, Node, State, Timer, TimerKind
from web4lab.playground.fixtures import NAMES
from web4lab.playground.labels import BLOCK

ASK: Final = "FETCH"
"""The kind of a question for blocks."""


@frozen
class Flight:
    """A message on its way. `data` is None for a question, which asks for blocks from `height`."""

    id: int
    source: int
    target: int
    kind: str
    about: str
    text: str
    data: bytes | None = field(default=None, repr=False)
    height: int = 0


@frozen
class Row:
    """An event that the page draws as one row and describes in a sentence.

    `notes` are the reactions of platforms, each the index of a platform, a tone and a text.
    """

    id: int
    what: str
    source: int
    target: int
    kind: str
    about: str
    text: str
    notes: tuple[tuple[int, str, str], ...] = ()


@define
class Seat:
    """One platform: its node, what it keeps, its timers, and the blocks that it has decided."""

    node: Node
    journal: list[bytes] = field(factory=list)
    memory: Memory | None = None
    timers: dict[TimerKind, tuple[int, Timer]] = field(factory=dict)
    blocks: dict[int, Decided] = field(factory=dict)
    up: bool = True

    @property
    def state(self) -> State:
        """The state of the platform."""
        return self.node.state


def said(flight: Flight) -> str:
    """A message as part of a sentence."""
    source = NAMES[flight.source]
    if flight.kind == ASK:
        return f"the question of {source} for {flight.text}"
    if flight.kind == BLOCK:
        return f"{flight.text}, from {source}"
    return f"the {flight.kind} of {source} ({flight.text})"
