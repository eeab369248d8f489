"""The map: the root of its content, and which proofs of an entry count."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from tests.vectors.form import ACCEPTED, Document, Json, Refused, Vector, accept, check_each, refuse
from web4core.merkle import Map, MapProof, MapStep, check_map

ROOTS = "The root of a map; entries are pairs of path and encoded value, in any order."
PROOFS = "Whether the map with this root has this value at this path; steps go from the root on."
Entries = dict[bytes, bytes]


def _path(text: str) -> bytes:
    """A path that begins with these half bytes and goes on with zeros."""
    return bytes.fromhex(text.ljust(64, "0"))


def _scattered(count: int) -> Entries:
    return {sha256(bytes([index])).digest(): bytes([index]) for index in range(count)}


MAPS: dict[str, tuple[str, Entries]] = {
    "empty": ("No entry.", {}),
    "one entry": ("A root that is a leaf.", {_path("12"): b"value"}),
    "two entries": ("Parted by their first half byte.", {_path("1"): b"a", _path("2"): b"b"}),
    "second half byte": (
        "Parted by their second half byte.",
        {_path("11"): b"a", _path("12"): b"b"},
    ),
    "third half byte": (
        "Two branches with a single child above the one that parts them.",
        {_path("abc"): b"a", _path("abd"): b"b"},
    ),
    "last half byte": (
        "Paths that differ in their last half byte only.",
        {bytes(31) + bytes([1]): b"a", bytes(31) + bytes([2]): b"b"},
    ),
    "three levels": (
        "A leaf beside a branch that holds two more.",
        {_path("1"): b"a", _path("21"): b"b", _path("22"): b"c"},
    ),
    "all sixteen": ("A full branch.", {_path(f"{index:x}"): bytes([index]) for index in range(16)}),
    "empty value": ("A value of no bytes.", {_path("5"): b""}),
    "ten entries": ("Ten paths that are digests.", _scattered(10)),
    "seventy entries": ("Seventy paths that are digests.", _scattered(70)),
}


def build(entries: Entries) -> Map[bytes]:
    """The map of these entries, one after the other."""
    built: Map[bytes] = Map.empty(bytes)
    for path, value in entries.items():
        built = built.set(path, value)
    return built


def _pairs(entries: Entries) -> list[list[str]]:
    return [[path.hex(), value.hex()] for path, value in entries.items()]


def _roots() -> Iterator[Vector]:
    for name, (about, entries) in MAPS.items():
        root = {"root": build(entries).root().hex()}
        yield accept(name, about, "W-MAP-1 W-MAP-2 W-MAP-3 W-MAP-4", root, entries=_pairs(entries))
    backwards = dict(reversed(MAPS["ten entries"][1].items()))
    yield accept(
        "ten entries the other way round",
        "The order does not count.",
        "W-MAP-2",
        {"root": build(backwards).root().hex()},
        entries=_pairs(backwards),
    )


def _proof(name: str, path: bytes) -> dict[str, Json]:
    entries = MAPS[name][1]
    built = build(entries)
    return {
        "root": built.root().hex(),
        "path": path.hex(),
        "value": entries[path].hex(),
        "steps": [_step(step.bitmap, step.siblings) for step in built.prove(path).steps],
    }


def _step(bitmap: int, siblings: tuple[bytes, ...]) -> Json:
    return {"bitmap": bitmap, "siblings": [each.hex() for each in siblings]}


def _proofs() -> Iterator[Vector]:
    for name, (_, entries) in MAPS.items():
        if entries:
            path = sorted(entries)[len(entries) // 2]
            about = f"An entry of the map of the vector {name!r} of map_roots.json."
            yield accept(name, about, "W-MAP-5", **_proof(name, path))
    path = _path("21")
    good = _proof("three levels", path)
    for name, change in _spoilt(good["steps"]):
        about = f"The entry at 21.. of the map of three levels, with {name}."
        yield refuse(name, about, "W-MAP-5", **{**good, **change})
    alone = _proof("one entry", _path("12"))
    yield refuse(
        "one entry with another value",
        "A root that is a leaf; another value.",
        "W-MAP-5",
        **{**alone, "value": "ff"},
    )


def _spoilt(steps: list[Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    upper, lower = steps
    zero = "00" * 32
    yield "another value", {"value": "ff"}
    yield "another path below the same branches", {"path": _path("23").hex()}
    yield "the path of another entry", {"path": _path("22").hex()}
    yield "another path that takes the same way", {"path": _path("211").hex()}
    yield "another root", {"root": zero}
    yield "no steps", {"steps": []}
    yield "the last step left out", {"steps": [upper]}
    yield "the first step left out", {"steps": [lower]}
    yield "the steps in the other order", {"steps": [lower, upper]}
    yield "a step too many", {"steps": [upper, lower, {"bitmap": 1, "siblings": []}]}
    yield "another sibling", {"steps": [upper, {**lower, "siblings": [zero]}]}
    yield "an empty bitmap", {"steps": [upper, {**lower, "bitmap": 0}]}
    yield "a bitmap without the bit of the path", {"steps": [upper, {**lower, "bitmap": 0b1100}]}
    yield "a bitmap with a bit too many", {"steps": [upper, {**lower, "bitmap": 0b1110}]}
    yield "a bitmap with another second bit", {"steps": [upper, {**lower, "bitmap": 0b1010}]}
    yield "a bitmap of 17 bits", {"steps": [upper, {**lower, "bitmap": 0x1_0002}]}
    yield (
        "a sibling too many",
        {"steps": [upper, {**lower, "siblings": [*lower["siblings"], zero]}]},
    )
    yield "a sibling too few", {"steps": [upper, {**lower, "siblings": []}]}
    yield "65 steps", {"steps": [upper, lower, *({"bitmap": 1, "siblings": []},) * 63]}


def make_roots() -> Document:
    return Document("map_roots", ROOTS, {}, _roots())


def make_proofs() -> Document:
    return Document("map_proofs", PROOFS, {}, _proofs())


def _judge_root(_given: Json, vector: Json) -> Json:
    entries = {bytes.fromhex(path): bytes.fromhex(value) for path, value in vector["entries"]}
    root = build(entries).root()
    if Map.build(bytes, sorted(entries.items())).root() != root:
        raise ValueError("the root depends on how the map came about")
    return {"root": root.hex()}


def _judge_proof(_given: Json, vector: Json) -> Json:
    root, path, value = (bytes.fromhex(vector[each]) for each in ("root", "path", "value"))
    steps = tuple(
        MapStep(step["bitmap"], tuple(bytes.fromhex(each) for each in step["siblings"]))
        for step in vector["steps"]
    )
    if not check_map(root, path, value, MapProof(steps)):
        raise Refused("W-MAP-5")
    return ACCEPTED


def check_roots(document: Json) -> list[str]:
    return check_each(document, _judge_root)


def check_proofs(document: Json) -> list[str]:
    return check_each(document, _judge_proof)
