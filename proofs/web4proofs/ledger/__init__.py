"""Theorems about the shipped ledger: its rules, blocks, proofs for light clients, and bytes.

- `contract`: the requirements and effects of each transaction (in the terms of `conditions`).
- `exactness`: each rule does exactly what its contract says.
- `invariants`: each rule keeps the invariants.
- `authority`: which keys may move what, and that a settled transfer stays settled.
- `overlay`, `blocks`: a block is the results of its rules, put on the state in turn.
- `genesis`: the first state.
- `maps`, `lists`: the proofs of entries and of transactions that a light client accepts.
- `wire`: numbers and heads have one encoding.
- `custom`: the same checks for the rules of another package.

`abstract` and `view` are two forms of the ledger's state; `code_check` and `rule_check` explore
code and check statements about it, and `source` writes counterexamples as programs.
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
