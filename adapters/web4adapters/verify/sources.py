"""The sources that a chain can be read from: a platform's store, or an exported file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from web4adapters.config import genesis_from_json, genesis_to_json
from web4adapters.storage import Store
from web4adapters.strict_json import read_hex, read_json
from web4core import Genesis

BLOCKS_AT_A_TIME = 256
BYTES_AT_A_TIME = 16 * 1024 * 1024


class SourceError(Exception):
    """A chain cannot be read: which file, and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def blocks_of_store(store: Store) -> Iterator[tuple[bytes, bytes]]:
    """All decided blocks with their certificates, in order."""
    height = 1
    while blocks := store.blocks_from(height, BLOCKS_AT_A_TIME, BYTES_AT_A_TIME):
        for block in blocks:
            yield block.block, block.certificate
        height = blocks[-1].height + 1


def write_export(path: Path, genesis: Genesis, blocks: Iterable[dict[str, str]]) -> int:
    """Write a chain to a file that must not exist: the genesis, then a block a line.

    The file stands in its place only once it is whole (G-EXPORT-6). Raises `SourceError`.
    """
    if path.exists():
        raise SourceError(path, "it exists; move it away, or choose another name")
    partial = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"genesis": json.loads(genesis_to_json(genesis))}) + "\n")
            for block in blocks:
                file.write(json.dumps(block) + "\n")
                count += 1
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def blocks_of_export(path: Path) -> tuple[Genesis, Iterator[tuple[bytes, bytes]]]:
    """The genesis and the blocks of an exported chain."""
    lines = _lines(path)
    first = next(lines, None)
    if first is None or "genesis" not in first:  # G-EXPORT-2
        raise SourceError(path, "line 1 is not a genesis; `web4 export` writes such a file")
    return genesis_from_json(path, json.dumps(first["genesis"]).encode()), _blocks(path, lines)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:  # a line ends with U+000A alone (G-EXPORT-1)
        for number, line in enumerate(file, 1):
            try:
                value = read_json(line)
            except ValueError as error:
                raise SourceError(path, f"line {number}: {error}") from None
            if not isinstance(value, dict):
                raise SourceError(path, f"line {number} is not an object")
            yield value


def _blocks(path: Path, lines: Iterator[dict[str, Any]]) -> Iterator[tuple[bytes, bytes]]:
    for number, line in enumerate(lines, 2):
        try:
            yield read_hex(line["block"]), read_hex(line["certificate"])
        except (KeyError, ValueError):  # G-EXPORT-3
            raise SourceError(path, f"line {number} holds no block and certificate") from None
