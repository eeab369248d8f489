"""Fold a chain from its genesis with the shipped core, and report which clause fails where.

Only the order of the checks lives here; each check is the core's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from web4core import (
    CERTIFICATE,
    LEDGER_INVARIANTS,
    MAX_MESSAGE_BYTES,
    Block,
    Decided,
    Gate,
    Genesis,
    Ledger,
    LedgerState,
    Refusal,
    RemoteProtocolError,
    Verify,
    chain_is_linked,
    decided_bytes,
    genesis_block,
)

INVARIANT_INTERVAL_BLOCKS = 100
"""The invariants look at every account, so they are checked every so many blocks, and last."""


@frozen
class Finding:
    """A clause that does not hold, and the place."""

    height: int
    clause: str
    reason: str

    def __str__(self) -> str:
        return f"block {self.height}: {self.clause}: {self.reason}"


@frozen
class ChainReport:
    """The result of a verification: last block, number of transactions, first finding."""

    height: int
    transactions: int
    digest: bytes
    state: LedgerState
    finding: Finding | None


def verify_chain(
    genesis: Genesis,
    blocks: Iterable[tuple[bytes, bytes]],
    verify: Verify,
    on_block: Callable[[int], None],
) -> ChainReport:
    """Verify encoded blocks and certificates from height 1 on, up to the first finding."""
    ledger = Ledger.of(genesis)
    gate = Gate.of(genesis, ledger)
    state = ledger.initial(genesis.content)
    tip = genesis_block(genesis, ledger.root(state))
    transactions = 0
    finding = _broken_invariant(0, state)
    for block_bytes, certificate_bytes in blocks:
        if finding is not None:  # G-EXPORT-5
            break
        height = tip.header.height + 1
        try:
            gate.schemas.block.decode(block_bytes, MAX_MESSAGE_BYTES)  # G-EXPORT-4: each by itself
            CERTIFICATE.decode(certificate_bytes, MAX_MESSAGE_BYTES)
            message = gate.open(
                decided_bytes(block=block_bytes, certificate=certificate_bytes), verify
            )
        except RemoteProtocolError as error:
            finding = Finding(height, error.clause, error.reason)
            break
        if not isinstance(message, Decided):
            finding = Finding(height, "W-MSG-8", "this is no decided block")
            break
        block = message.block
        broken = chain_is_linked((tip, block))
        if broken is not None:
            follows = block.header.parent == tip.digest and block.header.height == height
            finding = Finding(height, "C-VALID-2" if follows else "C-VALID-1", broken)
            break
        applied = ledger.apply(state, block.payload, block.header.time_ms)
        finding = _broken_result(block, applied.code if isinstance(applied, Refusal) else None)
        if isinstance(applied, Refusal):
            break
        if applied.root != block.header.state_root:
            finding = Finding(height, "I-ROOT-1", "the state root is not that of the result")
            break
        state, tip = applied.state, block
        transactions += len(block.payload)
        if height % INVARIANT_INTERVAL_BLOCKS == 0:
            finding = _broken_invariant(height, state)
        on_block(height)
    if finding is None:
        finding = _broken_invariant(tip.header.height, state)
    return ChainReport(tip.header.height, transactions, tip.digest, state, finding)


def _broken_result(block: Block, code: str | None) -> Finding | None:
    if code is None:
        return None
    return Finding(block.header.height, "L-BLOCK-1", f"a transaction does not apply: {code}")


def _broken_invariant(height: int, state: LedgerState) -> Finding | None:
    for clause, invariant in LEDGER_INVARIANTS.items():
        found = invariant(state)
        if found is not None:
            return Finding(height, clause, found)
    return None
