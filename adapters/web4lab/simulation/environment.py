"""What a platform finds around it in a simulation: time, links, clocks, and who watches it.

Only what platforms of all kinds share lives here, and no behaviour but that of a clock.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from attrs import define, frozen

from web4adapters.runtime.recovery import Revived
from web4core import Decide, Evidence, Halt, Settings, State, Statement
from web4lab.simulation.federation import START_MS, Federation
from web4lab.simulation.virtual_time import MS, VirtualTime

if TYPE_CHECKING:
    from web4lab.simulation.platforms import Platform

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
"""What a defect in pure code can raise."""

Answer: TypeAlias = Callable[[dict[bytes, str]], None]
"""Called once a submission is durable, with the code of each transaction that was refused."""


class StepRaised(Exception):
    """`step` raised on a message that passed the gate (A-EVENT-4)."""


class Remedy(enum.Enum):
    """What an operator does about a damaged store."""

    LEAVE = "leaves it down"
    DROP = "drops the journal from the damaged record on"
    EMPTY = "starts an empty store, and keeps the guard"


class Witness(Protocol):
    """Who watches the honest platforms and says whether what they do is right."""

    def stepped(self, platform: int, record: bytes, before: State, after: State) -> None:
        """An event, as the journal has it, led from one state to another."""
        ...

    def decided(self, platform: int, effect: Decide) -> None:
        """A platform decided a block."""
        ...

    def signed(self, statement: Statement) -> None:
        """A platform's signature left it."""
        ...

    def accused(self, platform: int, evidence: Evidence) -> None:
        """A platform says that another one signed twice."""
        ...

    def refused(self, platform: int, transaction: bytes, code: str) -> None:
        """A transaction that was taken will not be in a block."""
        ...

    def wrote(self, platform: int, records: int, state: State) -> None:
        """So many records are in a store, of which this state is the fold."""
        ...

    def saved(self, platform: int, records: int) -> None:
        """So many records are durable."""
        ...

    def restarted(self, platform: Platform, revived: Revived) -> None:
        """A platform has read its disk, and this is what that folds to."""
        ...

    def halted(self, platform: int, effect: Halt) -> None:
        """A platform found the chain impossible."""
        ...

    def note(self, platform: int, what: str) -> None:
        """Something worth a line in a trace."""
        ...


@frozen(eq=False)
class Environment:
    """What a platform finds around it."""

    federation: Federation
    time: VirtualTime
    witness: Witness
    settings_of: Callable[[int], Settings]
    """With which settings a platform starts now; they may change from start to start."""
    snapshot_blocks: int
    """Blocks between two snapshots; 0: none are taken."""
    send: Callable[[int, int, str, bytes], None]
    """Source, target, kind of message, and the packet."""
    booted: Callable[[int], None]
    """A platform has come up, and its links with it."""
    event_us: int = 0
    """How long a platform's processor works for an event, signatures included."""


@define(eq=False)
class Clock:
    """A platform's clocks: one for the time of day, which may be wrong, and one for time-outs."""

    time: VirtualTime
    rate_ppm: int
    """How much too fast both run, in millionths."""
    offset_ms: int = 0
    """How far the time of day is ahead."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, by this platform's clock."""
        elapsed_us = self.time.now_us
        return (
            START_MS + self.offset_ms + (elapsed_us + elapsed_us * self.rate_ppm // MILLION) // MS
        )

    def delay_us(self, delay_ms: int) -> int:
        """How long a time-out of this platform really takes."""
        return delay_ms * MS * MILLION // (MILLION + self.rate_ppm)
