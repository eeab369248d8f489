"""Strict reading of tables: every key known, every value of its type, every error with a remedy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from web4adapters.config.errors import ConfigError
from web4core import NAME, Address

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Length of a configuration file; a genesis lists its accounts."""


def read_bytes(path: Path) -> bytes:
    """The content of a file of reasonable size."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(path, f"it is over {MAX_FILE_BYTES} bytes", "is it the right file?")
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ConfigError(path, reason, "`web4 init` makes a federation") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(read_bytes(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, f"not TOML: {error}", "mend the line that it names") from None
    except ValueError:  # Python reads no integer of thousands of digits
        raise ConfigError(path, "not TOML: a number in it is too long", "mend it") from None
    except RecursionError:
        raise ConfigError(path, "not TOML: it is nested too deeply", "mend it") from None


def check_keys(path: Path, where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse unknown keys, and guess which were meant."""
    names = tuple(known)
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            remedy = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(names)}"
            raise ConfigError(path, f"{where} has an unknown key {key!r}", remedy)


def take(path: Path, where: str, table: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """The value of a key, of this type."""
    if key not in table:
        raise ConfigError(path, f"{where} lacks {key}", "add it")
    value = table[key]
    if type(value) is not kind:
        found = type(value).__name__
        raise ConfigError(path, f"{where}.{key} is a {found}", f"make it a {kind.__name__}")
    return value


def parse_address(text: str) -> Address:
    """agent@platform; ValueError says what is wrong."""
    agent, _, platform = text.partition("@")
    if NAME.fullmatch(agent) is None or NAME.fullmatch(platform) is None:
        raise ValueError(f"{text!r} is not an address; write agent@platform, in lower case")
    return Address(platform=platform, agent=agent)
