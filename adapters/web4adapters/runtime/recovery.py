"""From a store and a guard to a node: the content of the disk, given to `web4core.Node`."""

from __future__ import annotations

import logging

from web4adapters.storage import Store
from web4core import (
    Fold,
    Gate,
    Genesis,
    Journal,
    Ledger,
    Memory,
    Node,
    Settings,
    fold,
)

log = logging.getLogger("web4.recovery")


def journal_of(store: Store) -> Journal:
    """The journal in a store. Raises the errors of the store, also while the journal is read."""
    recovered = store.recover()
    return Journal(recovered.snapshot, recovered.events, recovered.first_seq - 1)


def revive(store: Store, genesis: Genesis, platform: str) -> Fold:
    """The state that a store leads to (A-DUR-2). Raises the errors of the store."""
    return fold(genesis, platform, Ledger.of(genesis), journal_of(store))


def node_of(
    store: Store,
    memory: Memory,
    genesis: Genesis,
    platform: str,
    gate: Gate,
    settings: Settings,
    snapshot_blocks: int,
) -> Node:
    """The node that a store and a guard lead to. Raises the errors of the store."""
    node = Node(
        genesis,
        platform,
        gate.application,
        journal=journal_of(store),
        memory=memory,
        settings=settings,
        snapshot_blocks=snapshot_blocks,
        gate=gate,
    )
    count = node.recovered.count
    log.info("%d events since the last snapshot; height %d", count, node.state.height)
    if node.has_forgotten:
        log.warning("the store is older than the guard: silent to height %d", node.silent_through)
    return node
