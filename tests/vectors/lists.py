"""Lists: the root of RFC 9162, and which proofs of inclusion count."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.form import (
    ACCEPTED,
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    number,
    refuse,
)
from web4core.merkle import check_list, list_proof, list_root

ROOTS = "The root of a list of byte strings."
PROOFS = "Whether the list with this root and size has this leaf at this index."
SIZES = (*range(10), 15, 16, 17, 33, 100)
PROVED = ((1, 0), (2, 0), (2, 1), (3, 2), (4, 1), (5, 4), (7, 0), (7, 3), (7, 6), (8, 7), (33, 32))
CLAUSES = "W-LIST-2 W-LIST-3"


def leaves_of(size: int) -> list[bytes]:
    """Leaves of different lengths, the first one empty."""
    return [bytes([index]) * (index % 5) for index in range(size)]


def _roots() -> Iterator[Vector]:
    for size in SIZES:
        leaves = leaves_of(size)
        yield accept(
            f"{size} leaves",
            f"A list of {size}.",
            "W-LIST-1",
            {"root": list_root(leaves).hex()},
            leaves=[leaf.hex() for leaf in leaves],
        )
    pair = [bytes([1]), bytes([2])]
    for name, leaves in (("two leaves", pair), ("two leaves, the other way round", pair[::-1])):
        yield accept(
            name,
            "The order counts.",
            "W-LIST-1",
            {"root": list_root(leaves).hex()},
            leaves=[leaf.hex() for leaf in leaves],
        )


def _proof(size: int, index: int) -> dict[str, Json]:
    leaves = leaves_of(size)
    return {
        "root": list_root(leaves).hex(),
        "leaf": leaves[index].hex(),
        "index": index,
        "size": size,
        "path": [node.hex() for node in list_proof(leaves, index)],
    }


def _proofs() -> Iterator[Vector]:
    for size, index in PROVED:
        about = f"Leaf {index} of {size}."
        yield accept(f"leaf {index} of {size}", about, CLAUSES, **_proof(size, index))
    good = _proof(7, 3)
    about = (
        "Leaf 3 of 7, shown as one of 6: its way up is the same, and the root does not tell sizes."
    )
    yield accept("a size with the same way up", about, "W-LIST-3", **{**good, "size": 6})
    about = (
        "Leaf 2 of 3, shown as leaf 1 of 2: without a size that is known, the index is not proved."
    )
    yield accept(
        "an index with the same way up",
        about,
        "W-LIST-3",
        **{**_proof(3, 2), "index": 1, "size": 2},
    )
    path = good["path"]
    node = "00" * 32
    spoilt: tuple[tuple[str, dict[str, Json]], ...] = (
        ("another leaf", {"leaf": "ff"}),
        ("another index", {"index": 2}),
        ("another size", {"size": 4}),
        ("another root", {"root": node}),
        ("a node too many", {"path": [*path, node]}),
        ("a node too few", {"path": path[:-1]}),
        ("the nodes in the other order", {"path": path[::-1]}),
        ("another node", {"path": [path[0], node, path[2]]}),
        ("a node of 31 bytes", {"path": [path[0], path[1], path[2][:-2]]}),
        ("no proof", {"path": []}),
        ("an index beyond the list", {"index": 7}),
        ("an index far beyond the list", {"index": number(2**63 - 1)}),
        ("a list of nothing", {"index": 0, "size": 0, "path": []}),
        ("an inner node passed off as a leaf", _inner_node()),
    )
    for name, change in spoilt:
        about = f"Leaf 3 of 7, with {name}."
        yield refuse(name, about, "W-LIST-3", **{**good, **change})
    single = _proof(1, 0)
    yield refuse(
        "a list of one with a proof",
        "The only leaf, with a node too many.",
        "W-LIST-3",
        **{**single, "path": [node]},
    )


def _inner_node() -> dict[str, Json]:
    """The two digests below an inner node, as if they were a leaf at its place."""
    leaves = leaves_of(4)
    digests = [list_root([leaf]) for leaf in leaves[:2]]
    return {
        "root": list_root(leaves).hex(),
        "leaf": b"".join(digests).hex(),
        "index": 0,
        "size": 2,
        "path": [list_root(leaves[2:]).hex()],
    }


def make_roots() -> Document:
    return Document("list_roots", ROOTS, {}, _roots())


def make_proofs() -> Document:
    return Document("list_proofs", PROOFS, {}, _proofs())


def _judge_root(_given: Json, vector: Json) -> Json:
    return {"root": list_root([bytes.fromhex(leaf) for leaf in vector["leaves"]]).hex()}


def _judge_proof(_given: Json, vector: Json) -> Json:
    path = tuple(bytes.fromhex(node) for node in vector["path"])
    root, leaf = bytes.fromhex(vector["root"]), bytes.fromhex(vector["leaf"])
    if not check_list(root, leaf, int(vector["index"]), vector["size"], path):
        raise Refused("W-LIST-3")
    return ACCEPTED


def check_roots(document: Json) -> list[str]:
    return check_each(document, _judge_root)


def check_proofs(document: Json) -> list[str]:
    return check_each(document, _judge_proof)
