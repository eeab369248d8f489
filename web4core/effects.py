"""The output of the core: a closed union of frozen values, to be carried out in order.

None may leave the machine before the event that caused it is on disk (A-DUR-1).
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
    """The message that lacks its signature; sign `signing_bytes` of its statement."""
    to: tuple[int, ...]
    """The indices of the platforms that get the message, without this platform; empty where N = 1.
    """


@frozen
class Send:
    """Send this message; it may be lost (A-EFFECT-2)."""

    message: Message
    """The message, complete."""
    to: tuple[int, ...]
    """The indices of the platforms that get it, without this platform; empty where N = 1."""


@frozen
class SetTimer:
    """Feed back `Elapsed` after this delay, in place of a timer of its kind (A-EFFECT-3)."""

    timer: Timer
    """The timer that `Elapsed` gives back; it replaces the timer of its kind."""
    delay_ms: int
    """The delay, in milliseconds, at least 1."""


@frozen
class Decide:
    """This block is final, by this certificate (A-EFFECT-4)."""

    block: Block
    """The block; its height is one more than that of the last `Decide`."""
    certificate: Certificate
    """The commit certificate that proves it to anybody (C-CERT-4)."""


@frozen
class Fetch:
    """Ask this platform for the decided blocks from this height on (A-EFFECT-5)."""

    height: int
    """The first height that is wanted; `FETCH_BLOCKS` blocks from there on are enough."""
    to: int = field(kw_only=True)
    """The index of the platform to ask."""


@frozen
class Accuse:
    """A platform signed two statements of which an honest one signs only one (A-EFFECT-6)."""

    evidence: Evidence
    """The two statements and their signatures, which prove it to anybody (C-EVID-1)."""


@frozen
class Refuse:
    """This transaction will not be in a block, for the reason that the code names (A-EFFECT-7)."""

    transaction: TransactionId
    """The id of the transaction."""
    code: str
    """The code of the reason, such as a `Code` or a `PoolCode` of the ledger."""


@frozen
class Halt:
    """The chain cannot be as it is unless more than f platforms are faulty: stop (A-EFFECT-8)."""

    clause: str
    """The id of the clause that no honest federation breaks."""
    reason: str
    """One sentence for the operator."""


Effect: TypeAlias = Sign | Send | SetTimer | Decide | Fetch | Accuse | Refuse | Halt
"""Any effect."""
