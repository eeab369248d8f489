"""Theorem: a block is its transactions in turn.

`Ledger.apply` is executed on an overlay that records its calls; `overlay` proves what a real one
does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import z3
from attrs import frozen

from web4core.application import Refusal
from web4core.ledger.application import Ledger
from web4core.ledger.rules import Code
from web4proofs.ledger.code_check import Statement, check
from web4proofs.ledger.view import any_digest, any_int
from web4proofs.symbolic import bind_late, choose, equal
from web4proofs.symbolic.subject import Subject, Taken
from web4proofs.theorem import Outcome, Theorem

MOST_ITEMS: Final = 4
"""The largest number of transactions of a block in this theorem."""


@frozen
class Item:
    """A transaction with only the parts that matter here: its id, and the overlay's answer."""

    id: Any
    code: Code | None


class _Log:
    """A replacement of an overlay, which records each item applied and the time."""

    def __init__(self, state: object, keys: object) -> None:
        self.began = (state, keys)
        self.applied: list[tuple[Item, Any]] = []

    def apply(self, item: Item, time_ms: Any) -> Code | None:
        """Return the answer that the item carries."""
        self.applied.append((item, time_ms))
        return item.code


@frozen
class _Bare:
    """A replacement of a ledger, for its `apply`: the result is the list of items applied."""

    platform_keys: str = "the platforms' keys"

    def _applied(self, overlay: _Log) -> tuple[Any, ...]:
        return (overlay.began, tuple(overlay.applied))


_apply_block = bind_late(Ledger.apply, {"Overlay": _Log})


def _any_block() -> tuple[Any, ...]:
    codes = (None, Code.WRONG_KEY, Code.NONCE_GAP)
    length = choose(range(MOST_ITEMS + 1))
    items = tuple(Item(any_digest("id"), choose(codes)) for _ in range(length))
    return _Bare(), "the state", items, any_int("time")


def _judges(taken: Taken) -> Iterator[Statement]:
    ledger, state, items, time_ms = taken.arguments
    refused = next((item for item in items if item.code is not None), None)
    if refused is None:
        expected: Any = ((state, ledger.platform_keys), tuple((item, time_ms) for item in items))
        says = "valid, with every transaction applied in order at the block's time"
        yield Statement(says, equal(taken.result, expected))
        return
    told = isinstance(taken.result, Refusal) and taken.result.code is refused.code
    same = equal(taken.result.item, refused.id) if told else z3.BoolVal(False)
    yield Statement("invalid, with the first refusal", same)


JUDGING: Final = Subject((Ledger.apply,), _any_block, _apply_block)


def prove_block() -> Outcome:
    """Prove the theorem below."""
    return check("a block", JUDGING, _judges)


THEOREMS: Final = (
    Theorem(
        "P-LEDGER-15",
        "a block is valid if and only if every transaction in it applies, in order, at the block's "
        "time, and is otherwise refused with the code of the first that does not",
        ("L-BLOCK-1",),
        ("A11",),
        f"blocks of up to {MOST_ITEMS} transactions, any outcome of each",
        prove_block,
    ),
)
