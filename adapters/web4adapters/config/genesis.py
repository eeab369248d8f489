"""The genesis as people read it, in JSON, and as the core takes it (G-GENESIS-1 to G-GENESIS-5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from web4adapters.config.amounts import format_atp, parse_atp
from web4adapters.config.errors import ConfigError
from web4adapters.config.strict_toml import check_keys, parse_address, read_bytes, take
from web4adapters.strict_json import read_hex, read_json
from web4core import (
    CONTENT,
    KEY_BYTES,
    MAX_GENESIS_BYTES,
    Genesis,
    GenesisAccount,
    LocalProtocolError,
    Platform,
    PublicKey,
    check_genesis,
    genesis_content,
)

_FIELDS = ("chain", "time_ms", "platforms", "accounts")


def genesis_to_json(genesis: Genesis) -> str:
    """The text of `genesis.json`."""
    endowments = CONTENT.decode(genesis.content, MAX_GENESIS_BYTES)
    document = {
        "chain": genesis.chain,
        "time_ms": genesis.time_ms,
        "platforms": [
            {"name": platform.name, "key": platform.key.hex()} for platform in genesis.platforms
        ],
        "accounts": [
            {
                "address": str(endowment.address),
                "owner": endowment.owner.hex(),
                "atp": format_atp(endowment.amount_uatp),
            }
            for endowment in endowments
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def genesis_from_json(path: Path, text: bytes) -> Genesis:
    """The genesis that a text describes; `path` is for the errors."""
    try:
        document = read_json(text)
    except ValueError as error:
        raise ConfigError(path, str(error), "is it the right file?") from None
    if not isinstance(document, dict):
        raise ConfigError(path, "not a JSON object", "is it the right file?")
    check_keys(path, "the genesis", document, _FIELDS)
    platforms = tuple(_platform(path, each) for each in _tables(path, document, "platforms"))
    accounts = [_endowment(path, each) for each in _tables(path, document, "accounts")]
    genesis = Genesis(
        take(path, "the genesis", document, "chain", str),
        take(path, "the genesis", document, "time_ms", int),
        platforms,
        genesis_content(accounts),
    )
    try:
        check_genesis(genesis)
    except LocalProtocolError as error:
        raise ConfigError(path, str(error), "mend what the clause names") from None
    return genesis


def load_genesis(path: Path) -> Genesis:
    """Read `genesis.json`."""
    return genesis_from_json(path, read_bytes(path))


def _tables(path: Path, document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = take(path, "the genesis", document, name, list)
    for each in listed:
        if not isinstance(each, dict):
            raise ConfigError(path, f"{name} holds something else than objects", "mend it")
    tables: list[dict[str, Any]] = listed
    return tables


def _platform(path: Path, table: dict[str, Any]) -> Platform:
    check_keys(path, "a platform", table, ("name", "key"))
    return Platform(take(path, "a platform", table, "name", str), _key(path, table, "key"))


def _key(path: Path, table: dict[str, Any], name: str) -> PublicKey:
    text = take(path, "an entry", table, name, str)
    try:
        key = read_hex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(path, f"{name} is not a key", "write 64 lower-case hex digits")
    return PublicKey(key)


def _endowment(path: Path, table: dict[str, Any]) -> GenesisAccount:
    check_keys(path, "an account", table, ("address", "owner", "atp"))
    try:
        address = parse_address(take(path, "an account", table, "address", str))
        amount_uatp = parse_atp(take(path, "an account", table, "atp", str))
    except ValueError as error:
        raise ConfigError(path, str(error), "mend the account") from None
    return GenesisAccount(address, _key(path, table, "owner"), amount_uatp)
