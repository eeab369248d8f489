"""Theorem: `check_map` accepts exactly the proofs to the root, and so only entries of the map.

Digests are terms: `leaf(path, value)` for a leaf, `branch(bitmap, children)` for a branch, and
`other` for all else. Two terms are equal only if their parts are. For digests this means that
nobody finds two inputs with one digest (A3). It also needs that

1. leaf and branch have different domains (W-HASH-1), and
2. the hashed bytes have one reading: 32 bytes of a path and then the value, or 2 bytes of a bitmap
   and then 32 for each child.

`check_map` is executed on any proof without a step or with one, for every bitmap, and on small
proofs with two. A further step runs the same lines of the loop; these use only the digest of the
step before, and the half byte of the path that `_bit` gives for the depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import z3

from web4core import merkle
from web4core.merkle import MAX_DEPTH, PATH_BYTES, MapProof, MapStep
from web4proofs.ledger.code_check import Statement, check, together
from web4proofs.symbolic import (
    Identifier,
    SymbolicBool,
    assume,
    bind_late,
    choose,
    fresh,
    identifier,
    octets_sort,
    unmodelled,
)
from web4proofs.symbolic.bits import COUNTED, WIDTH, Octets, Word, bits_of, exactly, octets, word
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import Subject, Taken
from web4proofs.symbolic.values import Symbolic, refusal, seen_as, strict
from web4proofs.theorem import Failure, Outcome, Theorem

VALUE: Final = octets_sort("Value", 40)

_PATH = z3.BitVecSort(8 * PATH_BYTES)
_node, _children = z3.Datatype("MapNode"), z3.Datatype("MapChildren")
_node.declare("leaf", ("path", _PATH), ("value", VALUE.of_solver))
_node.declare("branch", ("bitmap", z3.BitVecSort(COUNTED)), ("children", _children))
_node.declare("other", ("number", z3.IntSort()))
_children.declare("none")
_children.declare("first", ("node", _node), ("others", _children))
NODE, CHILDREN = z3.CreateDatatypes(_node, _children)


@strict
class MapDigest(Symbolic):
    """The digest of a node of a map."""

    __slots__ = ("term",)
    __class__ = seen_as(bytes)

    def __init__(self, term: z3.DatatypeRef) -> None:
        self.term = term

    def __eq__(self, other: object) -> Any:
        if type(other) is not MapDigest:
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
    name = node.decl().name()
    if name == "leaf":
        path, value = node.children()
        plain_path = path.as_long().to_bytes(PATH_BYTES, "big")
        return merkle._leaf_digest(plain_path, concretion(Identifier(VALUE, value)))
    if name == "branch":
        bitmap, children = node.children()
        plain_children = list(_plain_children(children, concretion))
        return merkle._branch_digest(bitmap.as_long(), plain_children)
    return b"other" + int(node.children()[0].as_long() % 2**216).to_bytes(27, "big")


def _plain_children(children: Any, concretion: Concretion) -> Iterator[bytes]:
    while children.decl().name() == "first":
        node, children = children.children()
        yield _plain(node, concretion)


def _leaf(path: Octets, value: Any) -> MapDigest:
    return MapDigest(NODE.leaf(z3.Concat(*path.octets), value.term))


def _branch(bitmap: Any, children: Sequence[MapDigest]) -> MapDigest:
    return MapDigest(_branch_of(_wide(bitmap), [child.term for child in children]))


def _branch_of(bitmap: z3.BitVecRef, children: Sequence[z3.DatatypeRef]) -> z3.DatatypeRef:
    listed = CHILDREN.none
    for child in reversed(children):
        listed = CHILDREN.first(child, listed)
    return NODE.branch(z3.Extract(COUNTED - 1, 0, bitmap), listed)


def _wide(bitmap: Any) -> z3.BitVecRef:
    """Return a bitmap, which may be plain, as wide as a `Word`."""
    return bitmap.term if isinstance(bitmap, Word) else z3.BitVecVal(bitmap, WIDTH)


class _Bits:
    """A replacement of the table `_BITS`, with its values for a symbolic byte."""

    def __getitem__(self, byte: Any) -> tuple[Any, Any]:
        if type(byte) is int:
            return merkle._BITS[byte]
        return Word(_bit_of(byte.term, 4)), Word(_bit_of(byte.term, 0))


def _bit_of(byte: z3.BitVecRef, places: int) -> z3.BitVecRef:
    """Return the bit for one half of a byte, as wide as a `Word`."""
    return z3.ZeroExt(WIDTH - COUNTED, _bit_for(z3.Extract(places + 3, places, byte)))


def _bit_for(half: z3.BitVecRef) -> z3.BitVecRef:
    """Return the bit for a half byte, as wide as a bitmap."""
    return z3.BitVecVal(1, COUNTED) << z3.ZeroExt(COUNTED - 4, half)


_bit = bind_late(merkle._bit, {"_BITS": _Bits()})
_check_map = bind_late(
    merkle.check_map,
    {"_leaf_digest": _leaf, "_branch_digest": _branch, "_BITS": _Bits()},
    (merkle._bit,),
)


def any_digest(stem: str) -> MapDigest:
    """Return the digest of any node, or of none."""
    return MapDigest(fresh(stem, NODE))


def _any_step(most: int) -> MapStep:
    """Return any bitmap with up to `most` siblings, one of which may be no digest."""
    siblings: list[Any] = [any_digest("sibling") for _ in range(choose(range(most + 1)))]
    if len(siblings) > 0 and choose((False, True)):
        siblings[-1] = b"too short"
    return MapStep(_any_bitmap(), tuple(siblings))


def _any_bitmap() -> Any:
    """Return any integer: one with as many bits as a branch has children, or an invalid one."""
    if choose((True, False)):
        return Word(z3.ZeroExt(WIDTH - COUNTED, fresh("bitmap", z3.BitVecSort(COUNTED))))
    outside = word("bitmap")
    assume(z3.Or(outside.term < 0, outside.term >= 1 << COUNTED))
    return outside


_PROOFS: Final[Sequence[tuple[int, ...]]] = ((), (COUNTED,), (1, 1))
"""For proofs of none, one and two steps, the largest number of siblings of each step."""


def _any_proof() -> tuple[Any, ...]:
    if choose((False, True)):
        return _any_long_proof()
    path = octets("path", (), choose((PATH_BYTES, PATH_BYTES - 1)))
    steps = tuple(_any_step(most) for most in choose(_PROOFS))
    return any_digest("root"), path, identifier("value", VALUE), MapProof(steps)


def _any_long_proof() -> tuple[Any, ...]:
    """Return a branch for each half byte of a path, or one more, each with its first child."""
    steps = (MapStep(1, ()),) * (MAX_DEPTH + choose((0, 1)))
    path = octets("path", bytes(PATH_BYTES), PATH_BYTES)
    return any_digest("root"), path, identifier("value", VALUE), MapProof(steps)


def _check(root: Any, path: Any, value: Any, proof: MapProof) -> bool:
    shipped = merkle.check_map if type(path) is bytes else _check_map
    return bool(shipped(root, path, value, proof))


def _is_in(node: z3.DatatypeRef, path: Octets, value: Any, depth: int, left: int) -> z3.BoolRef:
    """Return whether the map below a node has the value, at most `left` branches down.

    This is W-MAP-2 to W-MAP-4: a leaf has its own value; a branch has what its child has, the child
    that its bitmap gives for the path's half byte at this depth.
    """
    whole = z3.Concat(*path.octets)
    here = z3.And(NODE.is_leaf(node), NODE.path(node) == whole, NODE.value(node) == value.term)
    if not left:
        return here
    bitmap = NODE.bitmap(node)
    half = z3.Extract(_high_bit(depth), _high_bit(depth) - 3, whole)
    bit = _bit_for(half)
    lower = bits_of(bitmap & (bit - 1))
    below: list[z3.BoolRef] = []
    children = NODE.children(node)
    for place in range(COUNTED):
        child = CHILDREN.node(children)
        leads = z3.And(exactly(lower, place), CHILDREN.is_first(children))
        below.append(z3.And(leads, _is_in(child, path, value, depth + 1, left - 1)))
        children = CHILDREN.others(children)
    return z3.Or(here, z3.And(NODE.is_branch(node), bitmap & bit != 0, z3.Or(below)))


def _high_bit(depth: int) -> int:
    """Return the highest bit of the half byte for a depth, in a path as a number."""
    return 8 * PATH_BYTES - 4 * depth - 1


def _leads_to(root: z3.DatatypeRef, path: Octets, value: Any, proof: MapProof) -> z3.BoolRef:
    """Return whether a proof is well formed, and its branches lead up to the root (W-MAP-5).

    The bitmap of a branch gives the place of the child below; the siblings have all other places.
    """
    if len(path) != PATH_BYTES or len(proof.steps) > MAX_DEPTH:
        return z3.BoolVal(False)
    whole = z3.Concat(*path.octets)
    node = NODE.leaf(whole, value.term)
    sound: list[z3.BoolRef] = []
    for depth, step in reversed(list(enumerate(proof.steps))):
        beside: tuple[Any, ...] = step.siblings
        if not all(type(sibling) is MapDigest for sibling in beside):
            return z3.BoolVal(False)
        siblings = [sibling.term for sibling in beside]
        wide = _wide(step.bitmap)
        bitmap = z3.Extract(COUNTED - 1, 0, wide)
        bit = _bit_for(z3.Extract(_high_bit(depth), _high_bit(depth) - 3, whole))
        sound += [wide == z3.ZeroExt(WIDTH - COUNTED, bitmap), bitmap & bit != 0]
        sound.append(exactly(bits_of(bitmap), len(siblings) + 1))
        lower = bits_of(bitmap & (bit - 1))
        below, node = node, _branch_of(wide, [*siblings, node])
        for place in reversed(range(len(siblings))):
            there = _branch_of(wide, [*siblings[:place], below, *siblings[place:]])
            node = z3.If(exactly(lower, place), there, node)
    return z3.And(*sound, root == node)


def _is_right(taken: Taken) -> Iterator[Statement]:
    root, path, value, proof = taken.arguments
    leads = _leads_to(root.term, path, value, proof)
    if not taken.result:
        yield Statement("what is refused does not lead to the root", z3.Not(leads))
        return
    yield Statement("what is accepted leads to the root", leads)
    if len(proof.steps) < MAX_DEPTH:
        there = _is_in(root.term, path, value, 0, len(proof.steps))
        yield Statement("what is accepted is in the map", there)


PROOFS: Final = Subject((merkle.check_map,), _any_proof, _check)


def _any_place() -> tuple[Any, ...]:
    return octets("path", (), PATH_BYTES), choose(range(MAX_DEPTH))


def _bit_at(path: Any, depth: int) -> Any:
    return merkle._bit(path, depth) if type(path) is bytes else _bit(path, depth)


def _is_its_bit(taken: Taken) -> Iterator[Statement]:
    path, depth = taken.arguments
    whole = z3.Concat(*path.octets)
    half = z3.Extract(_high_bit(depth), _high_bit(depth) - 3, whole)
    bit = z3.ZeroExt(WIDTH - COUNTED, _bit_for(half))
    yield Statement("the bit is that of the path's half byte", taken.result.term == bit)


BITS: Final = Subject((merkle._bit,), _any_place, _bit_at)


def _table() -> Outcome:
    """Check that the table of bits has the values that `_Bits` gives."""
    expected = tuple((1 << byte // 16, 1 << byte % 16) for byte in range(256))
    if expected == merkle._BITS:
        return Outcome()
    return Outcome(failures=(Failure("table", "`_BITS` is not the bits of the half bytes"),))


def prove_maps() -> Outcome:
    """Prove the theorem below."""
    return together((prove_proofs(PROOFS), check("a bit", BITS, _is_its_bit), _table()))


def prove_proofs(subject: Subject) -> Outcome:
    """Prove the part of it that is about proofs, for this code."""
    return check("a proof", subject, _is_right)


THEOREMS: Final = (
    Theorem(
        "P-LIGHT-1",
        "a map proof is accepted if and only if it is well formed and its branches lead to the "
        "root; then what it shows is in the map under that root, and no proof raises an error",
        ("W-MAP-3", "W-MAP-4", "W-MAP-5", "L-LIGHT-2"),
        ("A3", "A11"),
        "any bitmap and up to 16 siblings in a proof of one step, two steps of one sibling each, "
        "and by induction on the steps any proof of up to 64",
        prove_maps,
    ),
)
