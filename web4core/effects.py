"""What comes out of the core: a closed union of frozen values, to be carried out in order.

None may leave the machine before the event that caused it is on disk (A-DUR-1).
`to` lists platform indices.
Only data lives here.
Implements A-EFFECT-1 to A-EFFECT-9.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from web4core.chain import Block
from web4core.events import Timer
from web4core.messages import Certificate, Draft, Evidence, Message
from web4core.types import TransactionId


@frozen
class Sign:
    """Sign this draft, send it to `to`, and feed it back as `Received` (A-EFFECT-1)."""

    draft: Draft
    to: tuple[int, ...]


@frozen
class Send:
    """Send this message; it may be lost (A-EFFECT-2)."""

    message: Message
    to: tuple[int, ...]


@frozen
class SetTimer:
    """Feed back `Elapsed` after this delay, in place of a timer of its kind (A-EFFECT-3)."""

    timer: Timer
    delay_ms: int


@frozen
class Decide:
    """This block is final, by this certificate (A-EFFECT-4)."""

    block: Block
    certificate: Certificate


@frozen
class Fetch:
    """Ask this platform for the decided blocks from this height on (A-EFFECT-5)."""

    height: int
    to: int = field(kw_only=True)


@frozen
class Accuse:
    """A platform signed two statements of which an honest one signs only one (A-EFFECT-6)."""

    evidence: Evidence


@frozen
class Refuse:
    """This transaction will not be in a block, for the reason that the code names (A-EFFECT-7)."""

    transaction: TransactionId
    code: str


@frozen
class Halt:
    """The chain cannot be as it is unless more than f platforms are faulty: stop (A-EFFECT-8)."""

    clause: str
    reason: str


Effect: TypeAlias = Sign | Send | SetTimer | Decide | Fetch | Accuse | Refuse | Halt
