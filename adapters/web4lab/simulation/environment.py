"""The environment of a platform in a simulation: time, links, clocks, and the witness.

Only the parts that all kinds of platform share live here, and no behaviour but that of a clock.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from attrs import define, frozen

from web4core import (
    Decide,
    Evidence,
    Halt,
    Memory,
    Node,
    Output,
    RemoteProtocolError,
    Settings,
    SignAll,
    Snapshot,
    State,
    Stepped,
    Write,
)
from web4lab.simulation.federation import START_MS, Federation
from web4lab.simulation.virtual_time import MS, VirtualTime

MILLION: Final = 1_000_000

DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""The exceptions that a defect in pure code can raise."""

Told: TypeAlias = Callable[[dict[bytes, str]], None]
"""Called once a submission is durable, with the code of each transaction that was refused."""


class StepRaised(Exception):
    """`step` raised on a message that passed the gate (A-EVENT-4)."""


class Remedy(enum.Enum):
    """The operator's remedy for a damaged store."""

    LEAVE = "leaves it down"
    DROP = "drops the journal from the damaged record on"
    EMPTY = "starts an empty store, and keeps the guard"


class Witness(Protocol):
    """The observer that checks the actions of the honest platforms."""

    def restarted(self, platform: int, node: Node, memory: Memory, is_damaged: bool) -> None:
        """A platform has read its store, which may be damaged, and its guard's memory."""
        ...

    def unreadable(self, platform: int, error: RemoteProtocolError) -> None:
        """A platform cannot read what it wrote."""
        ...

    def stepped(self, platform: int, stepped: Stepped) -> None:
        """A platform took an event."""
        ...

    def decided(self, platform: int, effect: Decide) -> None:
        """A platform decided a block; a crash may undo that."""
        ...

    def refused(self, platform: int, transaction: bytes, code: str) -> None:
        """A transaction that was taken will not be in a block."""
        ...

    def writing(self, platform: int, task: Write, durable: State) -> None:
        """A platform makes this durable; until then, this is the state that it shows to clients."""
        ...

    def remembering(self, platform: int, before: Memory, after: Memory) -> None:
        """A platform makes its guard remember this in place of that."""
        ...

    def saved(self, platform: int, events: int) -> None:
        """So many more events are durable."""
        ...

    def signing(self, platform: int, asked: SignAll, memory: Memory, waiting: int) -> None:
        """A platform signs; `memory` is durable in its guard, and `waiting` events wait."""
        ...

    def released(self, platform: int, outputs: tuple[Output, ...]) -> None:
        """These outputs leave a platform."""
        ...

    def snapshotted(self, platform: int, snapshot: Snapshot) -> None:
        """A platform stores a snapshot."""
        ...

    def accused(self, platform: int, evidence: Evidence) -> None:
        """A platform has evidence that another one signed twice."""
        ...

    def halted(self, platform: int, effect: Halt) -> None:
        """A platform found the chain impossible."""
        ...

    def note(self, platform: int, what: str) -> None:
        """Something worth a line in a trace."""
        ...


@frozen(eq=False)
class Environment:
    """The environment of a platform."""

    federation: Federation
    time: VirtualTime
    witness: Witness
    settings_of: Callable[[int], Settings]
    """The settings with which a platform starts now; they may change from start to start."""
    snapshot_blocks: int
    """Blocks between two snapshots; 0: none are taken."""
    send: Callable[[int, int, str, bytes], None]
    """Source, target, kind of message, and the packet."""
    booted: Callable[[int], None]
    """A platform has come up, and its links with it."""
    event_us: int = 0
    """The processor time of a platform for an event, signatures included."""


@define(eq=False)
class Clock:
    """A platform's clocks: one for the time of day, which may be wrong, and one for time-outs."""

    time: VirtualTime
    rate_ppm: int
    """The rate by which both run too fast, in millionths."""
    offset_ms: int = 0
    """The milliseconds by which the time of day is ahead."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, by this platform's clock."""
        elapsed_us = self.time.now_us
        return (
            START_MS + self.offset_ms + (elapsed_us + elapsed_us * self.rate_ppm // MILLION) // MS
        )

    def delay_us(self, delay_ms: int) -> int:
        """The real duration of a time-out of this platform."""
        return delay_ms * MS * MILLION // (MILLION + self.rate_ppm)
