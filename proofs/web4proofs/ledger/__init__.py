"""Theorems about the ledger that ships: its rules, blocks, proofs for light clients, and bytes.

- `contract`: what each transaction requires and does, in one place (`conditions`: in which terms).
- `exactness`: each rule does exactly that.
- `invariants`: each rule keeps the invariants.
- `authority`: who may move what, and that what is settled stays so.
- `overlay`, `blocks`: what rules return, put on top of a state in turn, is a block.
- `genesis`: the first state.
- `maps`, `lists`: what a light client accepts of the state, and of a block.
- `wire`: numbers and heads have one encoding.
"""

from typing import Final

from web4proofs.ledger import (
    authority,
    blocks,
    exactness,
    genesis,
    invariants,
    lists,
    maps,
    overlay,
    wire,
)
from web4proofs.theorem import Theorem

THEOREMS: Final[tuple[Theorem, ...]] = (
    *exactness.THEOREMS,
    *invariants.THEOREMS,
    *authority.THEOREMS,
    *overlay.THEOREMS,
    *blocks.THEOREMS,
    *genesis.THEOREMS,
    *wire.THEOREMS,
    *maps.THEOREMS,
    *lists.THEOREMS,
)

__all__ = ["THEOREMS"]
