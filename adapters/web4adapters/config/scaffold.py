"""A new federation on disk: keys, guards, stores, genesis and settings, all or nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import Factory, frozen

from web4adapters.config.client import CLIENT_FILE, client_toml
from web4adapters.config.endpoints import place_url
from web4adapters.config.errors import ConfigError
from web4adapters.config.genesis import genesis_to_json
from web4adapters.config.node import PLATFORM_FILE, SNAPSHOT_BLOCKS, NodeConfig, node_toml
from web4adapters.signers import KeyFile, create_guard
from web4adapters.storage import Store
from web4core import (
    Address,
    Genesis,
    GenesisAccount,
    Ledger,
    Platform,
    Settings,
    TimeMs,
    chain_id,
    check_genesis,
    genesis_content,
)

FOLDER_MODE = 0o700

WALLETS = "wallets"
GENESIS_FILE = "genesis.json"
FIRST_PLATFORMS = ("thor", "sprout", "legion", "platform2")
"""The platforms of a federation, unless other names are chosen."""

OWN_FILES = (WALLETS, GENESIS_FILE, CLIENT_FILE)
"""Files and folders beside those of the platforms; no platform may be called so."""

Routes: TypeAlias = Mapping[tuple[str, str], tuple[str, int]]
"""Host and port at which the first platform of a pair finds the second."""


@frozen
class Plan:
    """The plan of a new federation: platforms with host and port, accounts with micro-ATP.

    `routes` is for platforms that reach another one not where it listens, but at a proxy, say.
    """

    chain: str
    platforms: dict[str, tuple[str, int]]
    accounts: dict[Address, int]
    settings: Settings = Factory(Settings)
    snapshot_blocks: int = SNAPSHOT_BLOCKS
    routes: Routes = Factory(dict)


def make_federation(folder: Path, plan: Plan) -> Genesis:
    """Make everything in a temporary folder, then move it into its place.

    Raises `ConfigError` if the folder exists, `LocalProtocolError` for an impossible plan.
    """
    if folder.exists():
        raise ConfigError(folder, "it exists", "choose another folder, or remove this one")
    try:
        check_platforms(plan.platforms)
    except ValueError as error:
        raise ConfigError(folder, str(error), "choose another") from None
    building = folder.with_name(f".{folder.name}.new")
    try:
        building.mkdir(FOLDER_MODE, parents=True)
    except OSError as error:
        reason = error.strerror or "it cannot be made"
        raise ConfigError(building, reason, "remove what an earlier attempt left") from None
    try:
        genesis = _build(building, plan)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return genesis


def check_platforms(platforms: Mapping[str, tuple[str, int]]) -> None:
    """ValueError names the clash: two platforms at one place, or a name that is taken."""
    at: dict[tuple[str, int], str] = {}
    for name, (host, port) in platforms.items():
        if name in OWN_FILES:
            raise ValueError(f"no platform can be called {name}: the federation has a file so")
        other = at.setdefault((host.lower(), port), name)
        if other != name:
            raise ValueError(f"{other} and {name} cannot both listen on {host}:{port}")


def _build(folder: Path, plan: Plan) -> Genesis:
    keys: dict[str, KeyFile] = {}
    for name in plan.platforms:
        (folder / name).mkdir(FOLDER_MODE)
        keys[name] = KeyFile.create(folder / name / "platform.key")
    wallets = folder / WALLETS
    wallets.mkdir(FOLDER_MODE)
    endowments = [
        GenesisAccount(address, KeyFile.create(wallets / f"{address}.key").public_key, amount_uatp)
        for address, amount_uatp in plan.accounts.items()
    ]
    genesis = Genesis(
        plan.chain,
        TimeMs(time.time_ns() // 1_000_000),
        tuple(Platform(name, key.public_key) for name, key in keys.items()),
        genesis_content(endowments),
    )
    check_genesis(genesis)
    Ledger.of(genesis).initial(genesis.content)
    (folder / GENESIS_FILE).write_text(genesis_to_json(genesis))
    (folder / CLIENT_FILE).write_text(client_toml(_urls(plan.platforms)))
    for name, key in keys.items():
        _build_platform(folder / name, name, key, genesis, plan)
    return genesis


def _urls(places: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    return {name: place_url(host, port) for name, (host, port) in places.items()}


def _build_platform(folder: Path, name: str, key: KeyFile, genesis: Genesis, plan: Plan) -> None:
    identity = chain_id(genesis)
    create_guard(folder / "guard", identity, key.public_key)
    Store.create(folder / "store", identity, name).close()
    host, port = plan.platforms[name]
    peers = {each: plan.routes.get((name, each), place) for each, place in plan.platforms.items()}
    config = NodeConfig(
        name,
        Path("../genesis.json"),
        Path("platform.key"),
        Path("guard"),
        Path("store"),
        host,
        port,
        _urls(peers),
        plan.settings,
        None,
        plan.snapshot_blocks,
    )
    (folder / PLATFORM_FILE).write_text(node_toml(config))
