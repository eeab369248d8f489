"""A genesis and an export as files: one meaning for each text, and no text half written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.federation import Federation
from web4adapters.config import ConfigError, genesis_from_json, genesis_to_json
from web4adapters.verify import SourceError, blocks_of_export, write_export
from web4core.chain import Genesis, chain_id

GENESIS = Federation(4, check=False).genesis
PATH = Path("genesis.json")


def document() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(genesis_to_json(GENESIS))
    return value


def read(text: str) -> Genesis:
    return genesis_from_json(PATH, text.encode())


@pytest.mark.clause("G-GENESIS-5")
def test_layout_and_zeros_do_not_make_another_genesis() -> None:
    changed = document()
    for account in changed["accounts"]:
        account["atp"] = f"0{account['atp']}.0" if "." not in account["atp"] else account["atp"]
    turned = dict(reversed(list(changed.items())))
    assert chain_id(read(json.dumps(turned, indent=7))) == chain_id(GENESIS)


@pytest.mark.clause("G-GENESIS-5")
def test_the_order_of_platforms_makes_another_genesis() -> None:
    changed = document()
    changed["platforms"].reverse()
    assert chain_id(read(json.dumps(changed))) != chain_id(GENESIS)


@pytest.mark.clause("G-GENESIS-1", "G-GENESIS-2", "G-GENESIS-3", "G-GENESIS-4")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"time_ms": 0', '"time_ms": 0.0'),
        ('"time_ms": 0', '"time_ms": NaN'),
        ('"time_ms": 0', '"time_ms": 0, "time_ms": 0'),
        ('"time_ms": 0', '"time_ms": 0, "more": 0'),
        ('"name": "thor"', '"name": "thor", "more": 0'),
        ('"address": "', '"more": 0, "address": "'),
        ('"address": "', '"address": " '),
        ('"key": "', '"key": "A'),
        ('"key": "', '"key": " '),
        ('"atp": "', '"atp": " '),
        ('"atp": "', '"atp": "\u0661'),
        ('"atp": "', '"atp": "-'),
    ],
)
def test_a_genesis_that_could_be_read_in_two_ways_is_refused(old: str, new: str) -> None:
    text = json.dumps({**document(), "time_ms": 0})
    assert old in text
    with pytest.raises(ConfigError):
        read(text.replace(old, new, 1))


@pytest.mark.clause("G-GENESIS-1")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_genesis_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigError):
        genesis_from_json(PATH, genesis_to_json(GENESIS).encode(encoding))


@pytest.mark.clause("G-EXPORT-6")
def test_an_export_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> Iterator[dict[str, str]]:
        yield {"block": "00", "certificate": "00"}
        raise ConnectionError("the platform went away")

    with pytest.raises(ConnectionError):
        write_export(tmp_path / "chain", GENESIS, breaking())
    assert list(tmp_path.iterdir()) == []
    assert write_export(tmp_path / "chain", GENESIS, []) == 0
    with pytest.raises(SourceError, match="it exists"):
        write_export(tmp_path / "chain", GENESIS, [])


@pytest.mark.clause("G-EXPORT-1", "G-EXPORT-2", "G-EXPORT-3")
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]\n",
        b"\xff\n",
        b"{}\n",
        b'{"block": "00"}\n',
        b'{"block": "0 0", "certificate": ""}\n',
        b'{"block": "0A", "certificate": ""}\n',
        b'{"block": "00", "certificate": 7}\n',
        b'{"block": "00", "block": "00", "certificate": ""}\n',
    ],
)
def test_a_line_that_is_no_block_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "chain"
    write_export(path, GENESIS, [{"block": "00", "certificate": "01", "remark": "passed over"}])
    good = path.read_bytes()
    assert list(blocks_of_export(path)[1]) == [(b"\x00", b"\x01")]
    path.write_bytes(good + (line or b" \n"))
    with pytest.raises(SourceError, match="line 3"):
        list(blocks_of_export(path)[1])
    path.write_bytes(line)
    with pytest.raises(SourceError, match="line 1"):
        blocks_of_export(path)
