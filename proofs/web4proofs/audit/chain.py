"""The blocks as they follow from one another, judged apart from the code that is audited.

That a block's payload is the one its header names was checked when its bytes were read.
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
    """The tip that a platform has decided, and its application's state there."""

    application: AnyApplication
    tip: Block
    app: Any
    _judged: dict[bytes, tuple[Any, str | None]] = field(factory=dict)
    """What was made of blocks that may follow: the state after, or why there is none."""

    @classmethod
    def of(cls, state: State) -> Chain:
        """The chain up to the tip of a state."""
        return cls(state.config.application, state.tip, state.app)

    def refuses(self, block: Block) -> str | None:
        """Why a block does not follow from the tip, if it does not."""
        return self._judge(block)[1]

    def extend(self, block: Block) -> None:
        """Make a block the tip, if it follows."""
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
