"""Theorem: `check_list` accepts exactly the proofs of RFC 9162, and so only leaves of the list.

Digests are terms, as in `maps`: `item(bytes)` for a leaf, `pair(left, right)` for an inner node,
and `other` for all else. Leaf and node have different first bytes (W-LIST-1), and a node consists
of two times 32 bytes, so equal digests have equal parts (A3).
`list_root` and `check_list` are executed on lists of every small size, with every claimed index and
size and every length of proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import z3

from web4core import merkle
from web4proofs.ledger.code_check import Statement, check
from web4proofs.symbolic import (
    Identifier,
    SymbolicBool,
    bind_late,
    choose,
    equal,
    fresh,
    identifier,
    octets_sort,
    unmodelled,
)
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.reach import Excuse
from web4proofs.symbolic.subject import Subject, Taken
from web4proofs.symbolic.values import Symbolic, refusal, seen_as, strict
from web4proofs.theorem import Outcome, Theorem

MOST_ITEMS: Final = 6
"""The largest number of items of a list in this theorem."""
MOST_CLAIMED: Final = 7
"""The largest size that a proof claims."""
MOST_NODES: Final = 4
"""The largest number of digests of a proof: one more than the claimed size can need."""

SIZE_LIMIT: Final = 2**64
"""The bound of sizes, which have 64 bits."""

ITEM: Final = octets_sort("Item", 40)
_node = z3.Datatype("ListNode")
_node.declare("item", ("bytes", ITEM.of_solver))
_node.declare("pair", ("left", _node), ("right", _node))
_node.declare("other", ("number", z3.IntSort()))
NODE = _node.create()


@strict
class ListDigest(Symbolic):
    """The digest of a node of a list."""

    __slots__ = ("term",)
    __class__ = seen_as(bytes)

    def __init__(self, term: z3.DatatypeRef) -> None:
        self.term = term

    def __eq__(self, other: object) -> Any:
        if type(other) is not ListDigest:
            raise unmodelled("a digest compared with something else")
        return SymbolicBool(self.term == other.term)

    __hash__ = refusal("hash()")

    def __len__(self) -> int:
        return 32

    def concretised(self, concretion: Concretion) -> bytes:
        """Return the shipped digest of a node that looks like this one in the model."""
        return _plain(concretion.evaluated(self.term), concretion)

    def shown(self) -> str:
        return str(self.term)


def _plain(node: Any, concretion: Concretion) -> bytes:
    name, parts = node.decl().name(), node.children()
    if name == "item":
        return merkle._list_leaf(concretion(Identifier(ITEM, parts[0])))
    if name == "pair":
        return merkle._list_node(*[_plain(part, concretion) for part in parts])
    return b"other" + int(parts[0].as_long() % 2**216).to_bytes(27, "big")


def _leaf(item: Any) -> ListDigest:
    return ListDigest(NODE.item(item.term))


def _pair(left: ListDigest, right: ListDigest) -> ListDigest:
    return ListDigest(NODE.pair(left.term, right.term))


_OF_TERMS: Final = {"_list_leaf": _leaf, "_list_node": _pair}
_check_list = bind_late(merkle.check_list, _OF_TERMS)
_list_root = bind_late(merkle.list_root, _OF_TERMS, (merkle._next_level,))


def _any_proof() -> tuple[Any, ...]:
    """Return any list, leaf, claimed place and proof, of which one part may be malformed."""
    items = tuple(identifier("item", ITEM) for _ in range(choose(range(1, MOST_ITEMS + 1))))
    size = choose((*range(MOST_CLAIMED + 1), SIZE_LIMIT))
    index = choose(range(-1, size + 1)) if size <= MOST_CLAIMED else 0
    length = choose(range(MOST_NODES + 1)) if 0 <= index < size < SIZE_LIMIT else 0
    proof: list[Any] = [ListDigest(fresh("sibling", NODE)) for _ in range(length)]
    if length == 1 and choose((False, True)):
        proof = [b"too short"]
    return items, identifier("leaf", ITEM), index, size, proof


def _check(items: Any, leaf: Any, index: int, size: int, proof: Any) -> bool:
    """Return whether a proof is accepted under the root of a list."""
    symbolic = type(leaf) is Identifier
    list_root, check_list = (
        (_list_root, _check_list) if symbolic else (merkle.list_root, merkle.check_list)
    )
    return bool(check_list(list_root(items), leaf, index, size, proof))


def _root_by(leaf: z3.DatatypeRef, index: int, size: int, proof: list[Any]) -> Any:
    """Return the root that a proof leads to, by the definition in RFC 9162, section 2.1.3.1.

    None if the number of digests is wrong for the place, or one of them is none.
    """
    if size == 1:
        return None if proof else leaf
    if not proof or type(proof[-1]) is not ListDigest:
        return None
    left = 1 << (size - 1).bit_length() - 1
    beside = proof[-1].term
    if index < left:
        below = _root_by(leaf, index, left, proof[:-1])
        return None if below is None else NODE.pair(below, beside)
    below = _root_by(leaf, index - left, size - left, proof[:-1])
    return None if below is None else NODE.pair(beside, below)


def _is_right(taken: Taken) -> Iterator[Statement]:
    items, leaf, index, size, proof = taken.arguments
    leads = z3.BoolVal(False)
    if 0 <= index < size < SIZE_LIMIT:
        reached = _root_by(NODE.item(leaf.term), index, size, proof)
        root = _list_root(items).term
        leads = z3.BoolVal(False) if reached is None else reached == root
    if not taken.result:
        yield Statement("what is refused does not lead to the root", z3.Not(leads))
        return
    yield Statement("what is accepted leads to the root", leads)
    among = z3.Or([equal(leaf, item) for item in items])
    yield Statement("what is accepted is in the list", among)
    if size == len(items):
        yield Statement("and at its index, if the size is right", equal(leaf, items[index]))


LISTS: Final = Subject(
    (merkle.check_list, merkle._next_level),
    _any_proof,
    _check,
    (
        Excuse(
            "web4core.merkle.check_list",
            '"while not place & 1 and place:" is false',
            "the place is that of the last node, which is not 0 here, so one of its bits is set",
        ),
    ),
)


def prove_lists(subject: Subject = LISTS) -> Outcome:
    """Prove the theorem below for this code."""
    return check("a proof", subject, _is_right)


THEOREMS: Final = (
    Theorem(
        "P-LIGHT-2",
        "a list proof is accepted if and only if it leads to the root as RFC 9162 says; then what "
        "it shows is an item of the list under that root, at its index if the claimed size is the "
        "list's, and no proof raises an error",
        ("W-LIST-1", "W-LIST-3", "L-LIGHT-3"),
        ("A3", "A11"),
        f"lists of up to {MOST_ITEMS} items, claimed sizes up to {MOST_CLAIMED}, proofs of up to "
        f"{MOST_NODES} digests",
        prove_lists,
    ),
)
