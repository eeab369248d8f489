"""The files of `spec/vectors/`: how each is made, and how each is checked.

A file holds for one version of the wire: what a vector says may change only with `WIRE_VERSION`.
New vectors may be added, and words changed, at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

from tests.spec_tools.clauses import SPEC
from tests.vectors import (
    blocks,
    certificates,
    chains,
    codec,
    digests,
    genesis,
    light,
    link,
    lists,
    maps,
    messages,
    quorums,
    records,
    rules,
    signatures,
    signed_bytes,
    story,
    transactions,
    transcripts,
)
from tests.vectors.form import Document, Json
from tests.vectors.runs import RUNS
from web4core.hashing import WIRE_VERSION

FOLDER: Final = SPEC / "vectors"
BY_HAND: Final = ("README.md", "schema.json")
"""What stands beside the vectors and is not written by the tests."""


@frozen
class SlotMessage:
    """One file: what makes it, and what is wrong with it, if anything is."""

    make: Callable[[], Document]
    check: Callable[[Json], list[str]]


FILES: Final[dict[str, SlotMessage]] = {
    "codec": SlotMessage(codec.make, codec.check),
    "records": SlotMessage(records.make, records.check),
    "digests": SlotMessage(digests.make, digests.check),
    "list_roots": SlotMessage(lists.make_roots, lists.check_roots),
    "list_proofs": SlotMessage(lists.make_proofs, lists.check_proofs),
    "map_roots": SlotMessage(maps.make_roots, maps.check_roots),
    "map_proofs": SlotMessage(maps.make_proofs, maps.check_proofs),
    "keys": SlotMessage(signatures.make_keys, signatures.check_keys),
    "signatures": SlotMessage(signatures.make_signatures, signatures.check_signatures),
    "signed_bytes": SlotMessage(signed_bytes.make, signed_bytes.check),
    "quorums": SlotMessage(quorums.make, quorums.check),
    "certificates": SlotMessage(certificates.make, certificates.check),
    "messages": SlotMessage(messages.make, messages.check),
    "handshakes": SlotMessage(link.make_handshakes, link.check_handshakes),
    "packets": SlotMessage(link.make_packets, link.check_packets),
    "genesis": SlotMessage(genesis.make, genesis.check),
    "transactions": SlotMessage(transactions.make, transactions.check),
    "rules": SlotMessage(rules.make, rules.check),
    "blocks": SlotMessage(blocks.make, blocks.check),
    "chains": SlotMessage(chains.make, chains.check),
    "federation": SlotMessage(story.make, story.check),
    "entry_proofs": SlotMessage(light.make_entries, light.check_entries),
    "inclusion_proofs": SlotMessage(light.make_inclusions, light.check_inclusions),
    **{f"transcript_{run}": SlotMessage(transcripts.maker(run), transcripts.check) for run in RUNS},
}


@cache
def made(name: str) -> str:
    """What a file should hold."""
    return FILES[name].make().text()


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Where a file stands."""
    return folder / f"{name}.json"


def read(name: str) -> Json:
    """What a file holds as it stands in the folder."""
    return json.loads(path_of(name).read_text(encoding="utf-8"))


def strangers(folder: Path = FOLDER) -> list[str]:
    """What stands in the folder and is known to nobody."""
    known = {*BY_HAND, *(path_of(name).name for name in FILES)}
    return sorted(path.name for path in folder.iterdir() if path.name not in known)


def stale(folder: Path = FOLDER) -> list[str]:
    """The files that are missing, or are not as they should be."""
    return [name for name in FILES if _text(path_of(name, folder)) != made(name)]


def broken_promises(folder: Path = FOLDER) -> list[str]:
    """The vectors that would say something else, or be gone, under the same version of the wire."""
    return [
        f"{name}: {vector}"
        for name in stale(folder)
        for vector in _changed(_text(path_of(name, folder)), made(name))
    ]


def _changed(old_text: str | None, new_text: str) -> Iterator[str]:
    if old_text is None:
        return
    old, new = json.loads(old_text), json.loads(new_text)
    if old["wire_version"] != WIRE_VERSION:
        return
    if old["given"] != new["given"]:
        yield "what is given to all"
    kept = {vector["id"]: _substance(vector) for vector in new["vectors"]}
    yield from (v["id"] for v in old["vectors"] if kept.get(v["id"]) != _substance(v))


def _substance(vector: Json) -> Json:
    """What a vector says, without the words about it."""
    return {name: vector.get(name) for name in ("input", "result", "refusal")}


def write(folder: Path = FOLDER) -> None:
    """Make every file as it should be."""
    folder.mkdir(exist_ok=True)
    for name in FILES:
        path_of(name, folder).write_text(made(name), encoding="utf-8")


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
