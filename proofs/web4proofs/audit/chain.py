"""The chain of blocks, validated without the code that is audited.

A block's payload needs no check here: the decoder has compared it with the header.
Clauses: C-VALID-1, C-VALID-2, C-VALID-4, I-ROOT-1.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from web4core.application import AnyApplication, Applied
from web4core.chain import Block
from web4core.replica import State


@define
class Chain:
    """The tip that a platform has decided, and the application's state at the tip."""

    application: AnyApplication
    tip: Block
    app: Any
    _judged: dict[bytes, tuple[Any, str | None]] = field(factory=dict)
    """By digest, the result for each block that was checked: the state after it, or a reason."""

    @classmethod
    def of(cls, state: State) -> Chain:
        """Return the chain up to the tip of a state."""
        return cls(state.config.application, state.tip, state.app)

    def refuses(self, block: Block) -> str | None:
        """Return why a block does not follow from the tip; None if it does."""
        return self._judge(block)[1]

    def extend(self, block: Block) -> None:
        """Make a block the tip, if it follows from the present one."""
        app, refusal = self._judge(block)
        if refusal is None:
            self.tip, self.app = block, app
        self._judged.clear()

    def _judge(self, block: Block) -> tuple[Any, str | None]:
        if block.digest not in self._judged:
            self._judged[block.digest] = self._result(block)
        return self._judged[block.digest]

    def _result(self, block: Block) -> tuple[Any, str | None]:
        header, tip = block.header, self.tip
        if header.chain_id != tip.header.chain_id:
            return None, "it is of another chain"
        if header.height != tip.header.height + 1 or header.parent != tip.digest:
            return None, "it does not follow the tip"
        if header.time_ms <= tip.header.time_ms:
            return None, "it is not later than its parent"
        applied = self.application.apply(self.app, block.payload, header.time_ms)
        if not isinstance(applied, Applied):
            return None, f"a transaction does not apply: {applied.code}"
        if applied.root != header.state_root:
            return None, "its state root is not that of its result"
        return applied.state, None
