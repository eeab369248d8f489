"""Authenticated containers: a persistent map and lists whose roots commit to their content.

`Map` is a 16-way trie over paths of 32 bytes.
Its shape follows from its content alone: a leaf sits at the shallowest depth where it is alone, so
that equal maps have equal roots, however they came to be.
`list_root`, `list_proof` and `check_list` are the Merkle tree of RFC 9162, section 2.1.
The caller decides which values are stored and how paths are made. Paths must be digests: somebody
who can choose paths can make the trie as deep as they are long.

Nodes never change, and maps share them; only a node's digest is written after the node is made, the
first time that it is needed.
That memo is a function of the node, so no caller can tell when, or how often, it was computed.

Clauses: W-MAP-1 to W-MAP-5, W-LIST-1 to W-LIST-3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, Generic, TypeAlias, TypeVar, cast

from attrs import frozen

from web4core.errors import LocalProtocolError
from web4core.hashing import DIGEST_BYTES, Tag, digest, domain

__all__ = [
    "PATH_BYTES",
    "Map",
    "MapProof",
    "check_list",
    "check_map",
    "list_proof",
    "list_root",
    "prove",
]

V = TypeVar("V")

PATH_BYTES: Final = 32
"""A path of the map (W-MAP-1)."""

MAX_DEPTH: Final = 2 * PATH_BYTES
"""Branches between the root and a leaf, at most: one for each half byte of a path."""

_FANOUT: Final = 16
_BITMAP_BYTES: Final = _FANOUT // 8

_LEAF_DOMAIN: Final = domain(Tag.MAP_LEAF)
_BRANCH_DOMAIN: Final = domain(Tag.MAP_BRANCH)
_EMPTY_ROOT: Final = digest(Tag.MAP_EMPTY)


class _Leaf(Generic[V]):
    """One entry. Nothing but `_digest_of` may write to it, and only the memo."""

    __slots__ = ("memo", "path", "value")

    def __init__(self, path: bytes, value: V) -> None:
        self.path = path
        self.value = value
        self.memo: bytes | None = None


class _Branch(Generic[V]):
    """Two entries or more that agree so far. Bit i of `bitmap` is set iff half byte i leads on.

    `children` holds the nodes for the set bits, from the lowest.
    """

    __slots__ = ("bitmap", "children", "memo")

    def __init__(self, bitmap: int, children: tuple[_Leaf[V] | _Branch[V], ...]) -> None:
        self.bitmap = bitmap
        self.children = children
        self.memo: bytes | None = None


_Node: TypeAlias = _Leaf[V] | _Branch[V]


@frozen
class MapStep:
    """A branch on the way to a leaf: its bitmap, and the digests of the children beside the way."""

    bitmap: int
    """The children of the branch: bit i is set if half byte i leads on; 16 bits."""
    siblings: tuple[bytes, ...]
    """The digests of the children beside the way, by ascending half byte."""


@frozen
class MapProof:
    """The proof that a map with a root holds an entry: the branches from the root to its leaf."""

    steps: tuple[MapStep, ...]
    """The branches from the root down, at most 64 (W-MAP-5)."""


class Map(Generic[V]):
    """A map from paths of 32 bytes to values; `set` and `delete` return another map (W-MAP-1).

    Values are compared and encoded, never changed.
    Equality is by content, for maps that encode values by the same function.
    """

    __slots__ = ("_encode", "_root", "_size")

    def __init__(self, encode: Callable[[V], bytes], root: _Node[V] | None, size: int) -> None:
        """Not for callers, who have `empty` and `build`."""
        self._encode = encode
        self._root = root
        self._size = size

    @staticmethod
    def empty(encode: Callable[[V], bytes]) -> Map[V]:
        """The map without entries. `encode` gives the bytes that a value's leaf commits to."""
        return Map(encode, None, 0)

    @staticmethod
    def build(encode: Callable[[V], bytes], entries: Iterable[tuple[bytes, V]]) -> Map[V]:
        """The map of these entries, in time proportional to their number.

        Raises `LocalProtocolError` unless paths are of 32 bytes and strictly ascend.
        """
        return Map(encode, *_build(entries))

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Map):
            return NotImplemented
        same_kind = cast("Map[V]", other)
        return self._size == same_kind._size and _same(self._root, same_kind._root)

    def __hash__(self) -> int:
        return int.from_bytes(self.root()[:7], "big")

    def __repr__(self) -> str:
        return f"<Map of {self._size} entries, root {self.root().hex()[:16]}>"

    def get(self, path: bytes) -> V | None:
        """The value at a path, or None."""
        node = self._root
        if node is None:
            return None
        for byte in path:
            for bit in _BITS[byte]:
                if isinstance(node, _Leaf):
                    return node.value if node.path == path else None
                bitmap = node.bitmap
                if not bitmap & bit:
                    return None
                node = node.children[(bitmap & (bit - 1)).bit_count()]
        return node.value if isinstance(node, _Leaf) and node.path == path else None

    def set(self, path: bytes, value: V) -> Map[V]:
        """The map with this value at this path, whatever was there before.

        Raises `LocalProtocolError` for a path that is not of 32 bytes.
        """
        _check_path(path)
        fresh = _Leaf(path, value)
        if self._root is None:
            return Map(self._encode, fresh, 1)
        node: _Node[V] = fresh
        size = self._size
        trail, leaf = _trail(self._root, path)
        if leaf is None:
            size += 1
            branch, index = trail.pop()
            children = branch.children
            bitmap = branch.bitmap | _bit(path, len(trail))
            node = _Branch(bitmap, (*children[:index], fresh, *children[index:]))
        elif leaf.path != path:
            size += 1
            node = _fork(leaf, fresh, len(trail))
        elif leaf.value is value:
            return self
        return Map(self._encode, _replace(trail, node), size)

    def delete(self, path: bytes) -> Map[V]:
        """The map without an entry at this path; this map itself where there is none."""
        if self._root is None:
            return self
        trail, leaf = _trail(self._root, path)
        if leaf is None or leaf.path != path:
            return self
        if not trail:
            return Map(self._encode, None, 0)
        branch, index = trail.pop()
        children = branch.children[:index] + branch.children[index + 1 :]
        node: _Node[V] = _Branch(branch.bitmap & ~_bit(path, len(trail)), children)
        if len(children) == 1 and isinstance(children[0], _Leaf):
            # W-MAP-2: the leaf that is left rises to where it is alone.
            node = children[0]
            while trail and len(trail[-1][0].children) == 1:
                trail.pop()
        return Map(self._encode, _replace(trail, node), self._size - 1)

    def items(self) -> Iterator[tuple[bytes, V]]:
        """All entries, by ascending path."""
        return _walk([] if self._root is None else [self._root])

    def items_from(self, path: bytes) -> Iterator[tuple[bytes, V]]:
        """All entries, each once: by ascending path from the first at or above `path`, then round.

        Raises `LocalProtocolError` for a path that is not of 32 bytes.
        """
        _check_path(path)
        if self._root is None:
            return _walk([])
        trail, leaf = _trail(self._root, path)
        above: list[_Node[V]] = []
        below: list[_Node[V]] = []
        if leaf is not None:
            (above if leaf.path >= path else below).append(leaf)
        # Without a leaf, the child at the last index is already beyond the path.
        skip = 0 if leaf is None else 1
        for branch, index in reversed(trail):
            above += branch.children[index + skip :]
            below[:0] = branch.children[:index]
            skip = 1
        return _walk(above + below)

    def root(self) -> bytes:
        """The 32 bytes that commit to the content; hashes only what no earlier call has hashed."""
        if self._root is None:
            return _EMPTY_ROOT  # W-MAP-3
        return _digest_of(self._root, self._encode)

    def prove(self, path: bytes) -> MapProof:
        """The proof, for anybody who knows the root, of the entry at this path.

        Raises `LocalProtocolError` if there is no entry at this path.
        """
        trail, leaf = ([], None) if self._root is None else _trail(self._root, path)
        if leaf is None or leaf.path != path:
            raise LocalProtocolError("there is no entry at this path to prove")
        steps: list[MapStep] = []
        for branch, index in trail:
            digests = [_digest_of(child, self._encode) for child in branch.children]
            del digests[index]
            steps.append(MapStep(branch.bitmap, tuple(digests)))
        return MapProof(tuple(steps))


_BITS: Final = tuple((1 << (byte >> 4), 1 << (byte & 15)) for byte in range(256))
"""For each byte of a path, the bits of its two halves in the bitmaps of two levels."""


def _bit(path: bytes, depth: int) -> int:
    """The bit for a path in the bitmap of a branch at this depth."""
    return _BITS[path[depth >> 1]][depth & 1]


def _check_path(path: bytes) -> None:
    if len(path) != PATH_BYTES:
        raise LocalProtocolError(f"a path has {PATH_BYTES} bytes, not {len(path)}")


def _trail(node: _Node[V], path: bytes) -> tuple[list[tuple[_Branch[V], int]], _Leaf[V] | None]:
    """The branches along a path, with the index of the child it takes, and the leaf they lead to.

    Without a leaf, the last branch has no child for the path; the index is where it would go.
    """
    trail: list[tuple[_Branch[V], int]] = []
    for byte in path:
        for bit in _BITS[byte]:
            if isinstance(node, _Leaf):
                return trail, node
            bitmap = node.bitmap
            index = (bitmap & (bit - 1)).bit_count()
            trail.append((node, index))
            if not bitmap & bit:
                return trail, None
            node = node.children[index]
    return trail, node if isinstance(node, _Leaf) else None


def _replace(trail: list[tuple[_Branch[V], int]], node: _Node[V]) -> _Node[V]:
    """The root of a copy of the trail that leads to this node."""
    for branch, index in reversed(trail):
        children = list(branch.children)
        children[index] = node
        node = _Branch(branch.bitmap, tuple(children))
    return node


def _fork(leaf: _Leaf[V], other: _Leaf[V], depth: int) -> _Branch[V]:
    """The branch at this depth under which two leaves part, here or further down."""
    parting = _common_depth(leaf.path, other.path)
    first, second = (leaf, other) if leaf.path < other.path else (other, leaf)
    node = _Branch(_bit(first.path, parting) | _bit(second.path, parting), (first, second))
    for level in range(parting - 1, depth - 1, -1):
        node = _Branch(_bit(leaf.path, level), (node,))
    return node


def _common_depth(one: bytes, other: bytes) -> int:
    """The number of half bytes that two different paths share from their start."""
    difference = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return (8 * PATH_BYTES - difference.bit_length()) // 4


def _walk(stack: list[_Node[V]]) -> Iterator[tuple[bytes, V]]:
    """The entries below these nodes, in order."""
    stack.reverse()
    while stack:
        node = stack.pop()
        if isinstance(node, _Leaf):
            yield node.path, node.value
        else:
            stack.extend(reversed(node.children))


def _same(one: _Node[V] | None, other: _Node[V] | None) -> bool:
    """Whether two tries hold the same; their shapes then agree, so only like meets like."""
    if one is other:
        return True
    if isinstance(one, _Leaf) and isinstance(other, _Leaf):
        return one.path == other.path and one.value == other.value
    if isinstance(one, _Branch) and isinstance(other, _Branch):
        return one.bitmap == other.bitmap and all(map(_same, one.children, other.children))
    return False


def _digest_of(node: _Node[V], encode: Callable[[V], bytes]) -> bytes:
    """The digest of a node. It calls itself `MAX_DEPTH` deep at most."""
    memo = node.memo
    if memo is None:
        if isinstance(node, _Leaf):
            memo = _leaf_digest(node.path, encode(node.value))
        else:
            # Asking each child for its memo first saves a call for all that did not change.
            children = [child.memo or _digest_of(child, encode) for child in node.children]
            memo = _branch_digest(node.bitmap, children)
        node.memo = memo
    return memo


def _leaf_digest(path: bytes, value_bytes: bytes) -> bytes:
    return sha256(_LEAF_DOMAIN + path + value_bytes).digest()  # W-MAP-3


def _branch_digest(bitmap: int, children: Iterable[bytes]) -> bytes:
    bits = bitmap.to_bytes(_BITMAP_BYTES, "big")
    return sha256(_BRANCH_DOMAIN + bits + b"".join(children)).digest()  # W-MAP-4


class _Open(Generic[V]):
    """A branch that is still being built, from its lowest child on."""

    __slots__ = ("bitmap", "children")

    def __init__(self) -> None:
        self.bitmap = 0
        self.children: list[_Node[V]] = []

    def add(self, bit: int, node: _Node[V]) -> None:
        self.bitmap |= bit
        self.children.append(node)

    def finished(self) -> _Branch[V]:
        return _Branch(self.bitmap, tuple(self.children))


def _build(entries: Iterable[tuple[bytes, V]]) -> tuple[_Node[V] | None, int]:
    """The trie of ascending entries, and their number.

    Each leaf goes to just below where its path parts from both its neighbours'; `spine` holds the
    branches, from the root, that lead to the latest leaf.
    """
    spine: list[_Open[V]] = []
    previous: _Leaf[V] | None = None
    parting = -1
    size = 0
    for path, value in entries:
        _check_path(path)
        if previous is not None:
            if path <= previous.path:
                raise LocalProtocolError("the paths of a map to be built must strictly ascend")
            parting_before, parting = parting, _common_depth(previous.path, path)
            _place(spine, previous, max(parting_before, parting))
            _close(spine, previous.path, parting)
        previous = _Leaf(path, value)
        size += 1
    if previous is None or parting < 0:
        return previous, size
    _place(spine, previous, parting)
    _close(spine, previous.path, 0)
    return spine[0].finished(), size


def _place(spine: list[_Open[V]], leaf: _Leaf[V], depth: int) -> None:
    """Puts a leaf into the branch at this depth, after opening those that lead there."""
    while len(spine) <= depth:
        spine.append(_Open())
    spine[depth].add(_bit(leaf.path, depth), leaf)


def _close(spine: list[_Open[V]], path: bytes, depth: int) -> None:
    """Finishes the branches below this depth; `path` passes through all of them."""
    while len(spine) > depth + 1:
        branch = spine.pop().finished()
        spine[-1].add(_bit(path, len(spine) - 1), branch)


def prove(entries: Map[V], path: bytes) -> MapProof:
    """The proof that a map gives for a path; see `Map.prove`.

    Raises `LocalProtocolError` for a path without an entry.
    """
    return entries.prove(path)


def check_map(root: bytes, path: bytes, value_bytes: bytes, proof: MapProof) -> bool:
    """Whether the map with this root holds these value bytes at this path, by this proof (W-MAP-5).

    Any values of the declared types are fine; what proves nothing gives False.
    """
    if len(path) != PATH_BYTES or len(proof.steps) > MAX_DEPTH:
        return False
    current = _leaf_digest(path, value_bytes)
    for depth in range(len(proof.steps) - 1, -1, -1):
        bitmap, siblings = proof.steps[depth].bitmap, proof.steps[depth].siblings
        bit = _bit(path, depth)
        if not 0 < bitmap < 1 << _FANOUT or not bitmap & bit:
            return False
        if bitmap.bit_count() != len(siblings) + 1:
            return False
        if any(len(sibling) != DIGEST_BYTES for sibling in siblings):
            return False
        index = (bitmap & (bit - 1)).bit_count()
        current = _branch_digest(bitmap, (*siblings[:index], current, *siblings[index:]))
    return current == root


_LIST_SIZE_LIMIT: Final = 2**64
"""Sizes of lists stay below this, as the 64-bit sizes of RFC 9162 do."""


def list_root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a list (RFC 9162, section 2.1.1; W-LIST-1)."""
    if not leaves:
        return sha256().digest()  # W-LIST-1
    level = [_list_leaf(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def list_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The inclusion proof of the leaf at this index, from the bottom (W-LIST-2).

    By RFC 9162, section 2.1.3.1.
    Raises `LocalProtocolError` for an index outside the list.
    """
    if not 0 <= index < len(leaves):
        raise LocalProtocolError(f"index {index} is outside a list of {len(leaves)}")
    proof: list[bytes] = []
    level = [_list_leaf(leaf) for leaf in leaves]
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level = _next_level(level)
        index >>= 1
    return tuple(proof)


def check_list(root: bytes, leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bool:
    """Whether the list of this size and root has this leaf at this index (W-LIST-3).

    By RFC 9162, section 2.1.3.2.
    Any values of the declared types are fine; what proves nothing gives False.
    """
    if not 0 <= index < size < _LIST_SIZE_LIMIT:
        return False
    place, last = index, size - 1
    current = _list_leaf(leaf)
    for sibling in proof:
        if last == 0 or len(sibling) != DIGEST_BYTES:
            return False
        if place & 1 or place == last:
            current = _list_node(sibling, current)
            # A node without a sibling has risen as it is: skip the levels where it did.
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            current = _list_node(current, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and current == root


def _next_level(level: list[bytes]) -> list[bytes]:
    """The nodes above: pairs are hashed, an odd last one rises as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [_list_node(left, right) for left, right in pairs]
    return above + level[-1:] if len(level) & 1 else above


def _list_leaf(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()  # W-LIST-1


def _list_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()  # W-LIST-1
