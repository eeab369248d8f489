"""The journals for `web4 audit`: stores on disk, and simulated ones.

A store is opened with its lock, so the platform must have stopped, and nothing in it is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from web4adapters.config import PLATFORM_FILE, NodeConfig, load_genesis, load_node_config
from web4adapters.signers import GuardMissing
from web4adapters.signers.guardfile import GuardFile
from web4adapters.storage import Recovered, Store
from web4adapters.verify import SourceError, blocks_of_store
from web4core import (
    BINDING,
    MAX_MESSAGE_BYTES,
    Decided,
    Digest,
    Event,
    Gate,
    Genesis,
    Ledger,
    LocalProtocolError,
    Memory,
    Message,
    RemoteProtocolError,
    Settings,
    State,
    Statement,
    View,
    Violation,
    chain_id,
    configure,
    decided_bytes,
    decode_event,
    decode_state,
    event_schema,
    start,
)

if TYPE_CHECKING:
    from web4lab.simulation.cluster import Cluster
    from web4lab.simulation.platforms import Platform
    from web4proofs.audit import Audit, Journal

ITEMS_KEPT = 1 << 13
"""Decoded transactions remembered: each stands in many messages."""


@frozen(eq=False)
class Chain:
    """The genesis, the ledger and the gate that the platforms of a federation share."""

    genesis: Genesis
    ledger: Ledger
    gate: Gate

    @classmethod
    def of(cls, genesis: Genesis) -> Chain:
        """The chain that begins with this genesis."""
        ledger = Ledger.of(genesis)
        return cls(genesis, ledger, Gate.of(genesis, ledger, lru_cache(ITEMS_KEPT)(ledger.decode)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its platforms, in order."""
        return tuple(platform.name for platform in self.genesis.platforms)


# --- on disk -----------------------------------------------------------------------------------


def platforms_in(folders: tuple[Path, ...]) -> tuple[Chain, tuple[NodeConfig, ...]]:
    """The platforms in these folders, and in the folders right below; all of one chain."""
    paths = [path for folder in folders for path in _configs(folder)]
    configs = tuple(load_node_config(path) for path in dict.fromkeys(paths))
    genesis = load_genesis(configs[0].genesis)
    for config in configs[1:]:
        if load_genesis(config.genesis) != genesis:
            raise SourceError(config.genesis, f"another chain than {configs[0].genesis}")
    return Chain.of(genesis), configs


def _configs(folder: Path) -> list[Path]:
    if (folder / PLATFORM_FILE).is_file():
        return [folder / PLATFORM_FILE]
    found = sorted(each for each in folder.glob(f"*/{PLATFORM_FILE}") if each.is_file())
    if not found:
        raise SourceError(folder, f"neither it nor a folder in it holds a {PLATFORM_FILE}")
    return found


def journals_of(chain: Chain, configs: tuple[NodeConfig, ...]) -> Iterator[Journal]:
    """The journal of each of these platforms, its store open for as long as it is looked at."""
    identity = chain_id(chain.genesis)
    for config in configs:
        with Store.open(config.store, identity, config.name) as store:
            yield _journal(chain, config, store)


def _journal(chain: Chain, config: NodeConfig, store: Store) -> Journal:
    from web4proofs.audit import Journal

    recovered = store.recover()
    state = _started(chain, config, recovered)
    memory = _memory(chain, config, state)
    return Journal(
        start=state,
        events=_events(chain, config.store, recovered),
        first=recovered.first_seq,
        blocks=_blocks(chain, config.store, store),
        guarded=_guarded(state.config.me, memory),
        silent_through=memory.silent_through,
    )


def _started(chain: Chain, config: NodeConfig, recovered: Recovered) -> State:
    if recovered.snapshot is None:
        return start(chain.genesis, config.name, Settings(), Ledger.of).state
    configured = configure(chain.genesis, config.name, Settings(), chain.ledger)
    try:
        return decode_state(configured, recovered.snapshot)
    except (RemoteProtocolError, LocalProtocolError) as error:
        raise SourceError(config.store, f"its snapshot cannot be read: {error}") from None


def _events(chain: Chain, store: Path, recovered: Recovered) -> Iterator[Event]:
    schema = event_schema(chain.ledger)
    for number, record in enumerate(recovered.events, recovered.first_seq):
        try:
            yield decode_event(schema, record)
        except RemoteProtocolError as error:
            raise SourceError(store, f"event {number} cannot be read: {error}") from None


def _blocks(chain: Chain, folder: Path, store: Store) -> Iterator[Decided]:
    for height, (block, certificate) in enumerate(blocks_of_store(store), 1):
        try:
            data = decided_bytes(block=block, certificate=certificate)
            message = chain.gate.schemas.message.decode(data, MAX_MESSAGE_BYTES)
        except RemoteProtocolError as error:
            raise SourceError(folder, f"block {height} cannot be read: {error}") from None
        if isinstance(message, Decided):
            yield message


def _memory(chain: Chain, config: NodeConfig, state: State) -> Memory:
    """The guard's memory; an empty one if the guard did not come with the store."""
    key = chain.genesis.platforms[state.config.me].key
    try:
        with closing(GuardFile(config.guard, chain_id(chain.genesis), key)) as guard:
            return guard.memory
    except GuardMissing:
        return Memory()


def _guarded(me: int, memory: Memory) -> tuple[Statement, ...]:
    return tuple(
        Statement(kind, last.height, View(last.view), Digest(last.digest), me)
        for kind, last in zip(BINDING, memory.last, strict=True)
        if last is not None
    )


# --- simulated ---------------------------------------------------------------------------------


def audit_of(cluster: Cluster) -> Audit:
    """Audit the journals of all honest platforms of a simulated run."""
    from web4proofs.audit import audit

    federation = cluster.federation
    names = tuple(each.name for each in federation.genesis.platforms)

    def passes(message: Message) -> str | None:
        data = federation.gate.encode(message)
        parsed = federation.parse(data)
        if isinstance(parsed, str):
            return parsed
        return None if federation.is_authentic(data, parsed) else "W-MSG-2"

    journals = (
        _simulated(cluster, each) for each in cluster.platforms.values() if not each.is_damaged
    )
    return audit(journals, names, passes)


def _simulated(cluster: Cluster, platform: Platform) -> Journal:
    from web4proofs.audit import Journal

    federation, memory = cluster.federation, platform.disk.guard.memory
    name = federation.genesis.platforms[platform.index].name
    return Journal(
        start=start(federation.genesis, name, Settings(), Ledger.of).state,
        events=(decode_event(federation.events, each) for each in platform.disk.store.events()),
        guarded=_guarded(platform.index, memory),
        silent_through=memory.silent_through,
    )


def departures_in(cluster: Cluster) -> tuple[Violation, ...]:
    """The violations that an audit finds in the honest platforms of a run; for `run_seed`."""
    found = audit_of(cluster)
    cluster.judge.counts["audited"] += found.events
    honest = {found.platform for found in found.replays}
    return tuple(
        Violation(each.clause, "audit", str(each))
        for each in found.departures
        if each.platform in honest
    )
