"""`platform.toml`: what one platform needs to run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from attrs import Factory, fields, frozen

from web4adapters.config.endpoints import MAX_PORT, check_host, check_url
from web4adapters.config.errors import ConfigError
from web4adapters.config.strict_toml import check_keys, read_toml, take
from web4core import LocalProtocolError, Settings

PLATFORM_FILE = "platform.toml"
"""The name of this file in a platform's folder."""

SNAPSHOT_BLOCKS = 1_000
"""Blocks between two snapshots, unless the configuration says otherwise."""

_PLATFORM = ("name", "genesis", "key", "guard", "store", "passphrase_env", "snapshot_blocks")


@frozen
class NodeConfig:
    """The configuration of a platform: its files, the place where it listens, and its peers.

    `peers` maps the names of all platforms to their URLs.
    `snapshot_blocks` is the number of blocks between two snapshots of the state.
    """

    name: str
    genesis: Path
    key: Path
    guard: Path
    store: Path
    host: str
    port: int
    peers: dict[str, str]
    settings: Settings = Factory(Settings)
    passphrase_env: str | None = None
    snapshot_blocks: int = SNAPSHOT_BLOCKS


def passphrase_of(config: NodeConfig) -> bytes | None:
    """The passphrase of the key, if it has one: from the environment, never from a file."""
    if config.passphrase_env is None:
        return None
    value = os.environ.get(config.passphrase_env)
    return None if value is None else value.encode()


def load_node_config(path: Path) -> NodeConfig:
    """Read `platform.toml`; paths in it are relative to its folder."""
    document = read_toml(path)
    check_keys(path, "the file", document, ("platform", "listen", "peers", "settings"))
    platform = take(path, "the file", document, "platform", dict)
    listen = take(path, "the file", document, "listen", dict)
    peers = take(path, "the file", document, "peers", dict)
    check_keys(path, "[platform]", platform, _PLATFORM)
    check_keys(path, "[listen]", listen, ("host", "port"))
    folder = path.parent

    def file(key: str) -> Path:
        name: str = take(path, "[platform]", platform, key, str)
        if "\0" in name:
            raise ConfigError(path, f"[platform].{key} holds a NUL", "name a file")
        return folder / name

    _check_peers(path, peers)
    host, port = _place(path, listen)
    passphrase_env = None
    if "passphrase_env" in platform:
        passphrase_env = take(path, "[platform]", platform, "passphrase_env", str)
    snapshot_blocks = SNAPSHOT_BLOCKS
    if "snapshot_blocks" in platform:
        snapshot_blocks = take(path, "[platform]", platform, "snapshot_blocks", int)
    if snapshot_blocks < 1:
        raise ConfigError(path, "[platform].snapshot_blocks is below 1", "choose a larger one")
    return NodeConfig(
        take(path, "[platform]", platform, "name", str),
        file("genesis"),
        file("key"),
        file("guard"),
        file("store"),
        host,
        port,
        dict(peers),
        _settings(path, document.get("settings", {})),
        passphrase_env,
        snapshot_blocks,
    )


def _place(path: Path, listen: dict[str, Any]) -> tuple[str, int]:
    port: int = take(path, "[listen]", listen, "port", int)
    if not 1 <= port <= MAX_PORT:
        raise ConfigError(path, "[listen].port is no port", f"choose one from 1 to {MAX_PORT}")
    try:
        return check_host(take(path, "[listen]", listen, "host", str)), port
    except ValueError as error:
        raise ConfigError(path, f"[listen].host: {error}", "mend it") from None


def _check_peers(path: Path, peers: dict[str, Any]) -> None:
    for name in peers:
        url = take(path, "[peers]", peers, name, str)
        try:
            check_url(url)
        except ValueError as error:
            raise ConfigError(path, f"[peers].{name}: {error}", "mend it") from None


def _settings(path: Path, table: Any) -> Settings:
    if not isinstance(table, dict):
        raise ConfigError(path, "settings is no table", "write [settings]")
    check_keys(path, "[settings]", table, (field.name for field in fields(Settings)))
    try:
        return Settings(**table)
    except LocalProtocolError as error:
        raise ConfigError(path, str(error), "mend [settings]") from None


def node_toml(config: NodeConfig) -> str:
    """The text of `platform.toml` for this platform; its files lie beside it."""
    peers = "\n".join(f'{name} = "{url}"' for name, url in config.peers.items())
    settings = "\n".join(
        f"{field.name} = {getattr(config.settings, field.name)}"
        for field in fields(Settings)
        if getattr(config.settings, field.name) != field.default
    )
    return (
        f"""[platform]
name = "{config.name}"
genesis = "{config.genesis}"
key = "{config.key}"
guard = "{config.guard}"
store = "{config.store}"
snapshot_blocks = {config.snapshot_blocks}

[listen]
host = "{config.host}"
port = {config.port}

# every platform of the federation, this one included
[peers]
{peers}

# time-outs and bounds that differ from the defaults
[settings]
{settings}
""".rstrip("\n")
        + "\n"
    )
