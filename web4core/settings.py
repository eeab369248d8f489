"""The settings that an operator may tune on one platform without asking the others.

Every bound of the core that is not part of the protocol stands here, units last.
Implements A-SET-1.
"""

from __future__ import annotations

from attrs import fields, frozen

from web4core.chain import MAX_BLOCK_BYTES, MAX_BLOCK_ITEMS, MAX_ITEM_BYTES
from web4core.errors import LocalProtocolError

MAX_DELAY_MS = 86_400_000
"""No delay is longer than a day."""

MAX_POOL = 1_000_000
"""No pool holds more transactions than this."""


@frozen
class Settings:
    """Time-outs and bounds of one platform; the defaults suit links of up to 100 ms."""

    view_timeout_ms: int = 2_000
    """The time-out of view 0; it doubles with each view."""
    view_timeout_max_ms: int = 60_000
    """The longest time-out of a view, where the doubling ends."""
    propose_delay_ms: int = 100
    """The wait of a new proposer for VIEW-CHANGEs beyond a quorum."""
    resend_ms: int = 1_000
    """The interval at which the statements of an unfinished height are sent again."""
    status_ms: int = 5_000
    """The interval at which an idle platform sends a STATUS, so that those behind are noticed."""
    sync_delay_ms: int = 250
    """The wait for a block that others have, before each request for it."""
    clock_drift_ms: int = 10_000
    """The largest difference of a fresh block's time from this platform's clock."""
    block_items: int = 1_000
    """Transactions in a block that this platform proposes."""
    block_bytes: int = 524_288
    """Payload bytes in a block that this platform proposes."""
    pool_items: int = 10_000
    """Transactions that may wait."""

    def __attrs_post_init__(self) -> None:
        upper = {
            "block_items": MAX_BLOCK_ITEMS,
            "block_bytes": MAX_BLOCK_BYTES,
            "pool_items": MAX_POOL,
        }
        for each in fields(Settings):
            value = getattr(self, each.name)
            maximum = upper.get(each.name, MAX_DELAY_MS)
            if type(value) is not int or not 1 <= value <= maximum:
                raise LocalProtocolError(
                    f"A-SET-1: {each.name} is {value!r}; it must be an integer from 1 to {maximum}"
                )
        if self.block_bytes < MAX_ITEM_BYTES:
            raise LocalProtocolError(
                f"A-SET-1: block_bytes must hold one transaction, {MAX_ITEM_BYTES} bytes"
            )
