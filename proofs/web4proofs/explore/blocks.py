"""The blocks of the explored chain: two valid ones and an invalid one after each parent.

The shipped code itself proposes the valid ones, at two readings of the clock. The invalid one
claims a result that it does not have.
A block's name is its path: `BA` is block A after block B.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from web4core.chain import Block, seal
from web4core.consensus.state import FIRST_VIEW
from web4core.events import Received
from web4core.messages import Certificate, Decided, Kind
from web4core.replica import State
from web4core.replica.blocks import fresh_block
from web4core.replica.state import Run
from web4core.types import Digest, StateRoot
from web4proofs.explore.subject import HEIGHT_MS, START_MS, Bounds, Subject, fresh

BEHIND: Final = 0
"""A clock that shows no more than the genesis time: a block gets the earliest time possible."""
AHEAD: Final = 1
"""A clock that shows a later time than any block below this height."""
ASTRAY: Final = 2
"""A clock that is wrong by more than the permitted drift."""
CLOCKS: Final = (BEHIND, AHEAD)
"""The clocks of honest platforms; each leads to another block."""

VALID_NAMES: Final = ("A", "B")
BAD_NAME: Final = "X"


class OutOfBounds(Exception):
    """A proposed block is none of the explored ones."""


def clock_ms(height: int, clock: int) -> int:
    """Return the time that a clock shows to a platform at this height."""
    if clock == ASTRAY:
        return 0
    return START_MS + (HEIGHT_MS * height if clock == AHEAD else 0)


@frozen
class Known:
    """One of the blocks: its name, and whether it follows from its parent."""

    name: str
    block: Block = field(repr=False)
    parent: Digest
    valid: bool

    @property
    def height(self) -> int:
        """The height of the block in the chain."""
        return self.block.header.height


@frozen
class Blocks:
    """All blocks, by digest, in a fixed order."""

    by_digest: Mapping[bytes, Known] = field(repr=False)

    def at(self, height: int) -> tuple[Known, ...]:
        """Return the blocks of a height."""
        return tuple(known for known in self.by_digest.values() if known.height == height)

    def of(self, digest: bytes) -> Known:
        """Return the block with this digest. Raises `OutOfBounds`."""
        known = self.by_digest.get(digest)
        if known is None:
            raise OutOfBounds(f"a block {digest.hex()[:8]} that is none of those explored")
        return known

    def name(self, digest: bytes) -> str:
        """Return the block's name for people."""
        known = self.by_digest.get(digest)
        return digest.hex()[:8] if known is None else known.name


def blocks_of(subject: Subject, bounds: Bounds) -> Blocks:
    """Return the blocks within the bounds, made by the explored code."""
    found: dict[bytes, Known] = {}
    tips = [("", fresh(subject, bounds.n, 0))]
    for _ in range(bounds.heights):
        above: list[tuple[str, State]] = []
        for path, tip in tips:
            children = _children(path, tip)
            found.update((known.block.digest, known) for known in children)
            above.extend(
                (known.name, _decided(subject, tip, known.block))
                for known in children
                if known.valid
            )
        tips = above
    return Blocks(found)


def _children(path: str, tip: State) -> tuple[Known, ...]:
    parent = tip.tip.digest
    made = tuple(fresh_block(Run(tip), clock_ms(tip.height, clock)) for clock in CLOCKS)
    good = tuple(
        Known(path + name, block, parent, valid=True)
        for name, block in zip(VALID_NAMES, made, strict=True)
    )
    header = evolve(made[0].header, state_root=StateRoot(bytes(32)))
    bad = Known(path + BAD_NAME, seal(header, made[0].payload), parent, valid=False)
    if made[0].digest == made[1].digest:
        raise OutOfBounds("the two clocks make one block")
    return (*good, bad)


def _decided(subject: Subject, tip: State, block: Block) -> State:
    """Return a platform's state after a block, from which the following blocks are made."""
    certificate = Certificate(Kind.COMMIT, tip.height, FIRST_VIEW, block.digest, ())
    event = Received(Decided(block, certificate), clock_ms(tip.height, BEHIND))
    return subject.step(tip, event).state
