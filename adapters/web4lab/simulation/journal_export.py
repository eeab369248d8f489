"""The journals of a simulated run, written as platforms keep theirs: for `web4 audit`.

Each honest platform gets a folder with a real store and a real guard, but no key file, so none of
them can be started.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from web4adapters.config import genesis_to_json
from web4adapters.config.node import NodeConfig, node_toml
from web4adapters.files import PRIVATE_FOLDER_MODE
from web4adapters.signers import create_guard
from web4adapters.signers.guardfile import GuardFile
from web4adapters.storage import Store
from web4adapters.storage import StoredBlock as BlockRow
from web4adapters.storage.store import MAX_EVENTS_PER_COMMIT
from web4core import CERTIFICATE, MAX_MESSAGE_BYTES, Decided
from web4lab.simulation.cluster import Cluster
from web4lab.simulation.disk import StoredBlock
from web4lab.simulation.federation import START_MS, Federation, platform_name
from web4lab.simulation.platforms import Platform

UNUSED = Path("platform.key")
NOWHERE = ("127.0.0.1", 1)


def keep_journals(cluster: Cluster, folder: Path) -> None:
    """Write the journals of all honest platforms whose store is sound; `folder` must not exist."""
    folder.mkdir(PRIVATE_FOLDER_MODE)
    genesis = cluster.federation.genesis
    (folder / "genesis.json").write_text(genesis_to_json(genesis))
    for platform in cluster.platforms.values():
        if not platform.is_damaged:
            _keep(cluster.federation, platform, folder / platform_name(platform.index))


def _keep(federation: Federation, platform: Platform, home: Path) -> None:
    home.mkdir(PRIVATE_FOLDER_MODE)
    _keep_guard(federation, platform, home / "guard")
    recovered = platform.disk.store.recover()
    events = platform.disk.store.events()
    with Store.create(home / "store", federation.chain_id, home.name) as store:
        store.recover()
        for first in range(0, len(events), MAX_EVENTS_PER_COMMIT):
            store.commit(events[first : first + MAX_EVENTS_PER_COMMIT], ())
        store.commit((), [_row(federation, each) for each in recovered.blocks])
    host, port = NOWHERE
    paths = (Path("../genesis.json"), UNUSED, Path("guard"), Path("store"))
    config = NodeConfig(home.name, *paths, host, port, {})
    (home / "platform.toml").write_text(node_toml(config))


def _keep_guard(federation: Federation, platform: Platform, path: Path) -> None:
    key = federation.genesis.platforms[platform.index].key
    create_guard(path, federation.chain_id, key)
    with closing(GuardFile(path, federation.chain_id, key)) as guard:
        guard.save(platform.disk.guard.memory)


def _row(federation: Federation, block: StoredBlock) -> BlockRow:
    schemas = federation.gate.schemas
    message = schemas.message.decode(block.decided, MAX_MESSAGE_BYTES)
    if not isinstance(message, Decided):
        raise TypeError(f"a {type(message).__name__} is kept as a decided block")
    return BlockRow(
        block.height,
        message.certificate.view,
        block.digest,
        schemas.block.encode(message.block),
        CERTIFICATE.encode(message.certificate),
        START_MS,
        block.transactions,
    )
