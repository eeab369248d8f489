"""The parts of the chain: platforms, genesis, headers, blocks.

Generic over the application: a block carries items that only the application can read, and the
header commits to them and to the application's state after them.
Only data and the digests that name it live here.
Implements H-GENESIS-1, H-GENESIS-2, H-BLOCK-1 to H-BLOCK-4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from attrs import field, frozen

from web4core.codec import Plain
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.hashing import DIGEST_BYTES, Tag, digest
from web4core.merkle import list_root
from web4core.schema import MAX_UINT, Schema, name, octets, parts, record, sequence, uint
from web4core.types import ChainId, Digest, PublicKey, StateRoot, TimeMs, TransactionId

MAX_PLATFORMS = 128
"""A certificate names its signers one by one, and must stay small (H-GENESIS-1)."""

MAX_BLOCK_ITEMS = 4096
"""Items in one block (H-BLOCK-3)."""

MAX_BLOCK_BYTES = 1_048_576
"""Sum of the lengths of a block's items (H-BLOCK-3)."""

MAX_ITEM_BYTES = 2048
"""Length of one item (H-BLOCK-3)."""

MAX_GENESIS_BYTES = 1 << 30
"""Length of an encoded genesis; accounts are listed in it, so it is generous."""

KEY_BYTES = 32
"""An Ed25519 public key (K-KEY-1)."""

SIGNATURE_BYTES = 64
"""An Ed25519 signature (K-SIG-1)."""

DIGEST = octets(DIGEST_BYTES, DIGEST_BYTES)
KEY = octets(KEY_BYTES, KEY_BYTES)
SIGNATURE = octets(SIGNATURE_BYTES, SIGNATURE_BYTES)
TIME_MS = uint()
HEIGHT = uint()


class Item(Protocol):
    """One transaction, as far as consensus can see: bytes with a name."""

    @property
    def encoded(self) -> bytes:
        """The canonical bytes, as they stand in a block."""
        ...

    @property
    def id(self) -> TransactionId:
        """The digest by which everybody refers to it."""
        ...


@frozen
class Platform:
    """A member of the federation, and the key with which it signs."""

    name: str
    """The name, by W-TYPE-3; unique in its genesis (H-GENESIS-1)."""
    key: PublicKey
    """The public key of the signatures of this platform, 32 bytes; unique in its genesis (K-KEY-1).
    """


@frozen
class Genesis:
    """Block 0, agreed among people: the members, and the application state that they begin with."""

    chain: str
    """The name of the chain, by W-TYPE-3."""
    time_ms: TimeMs
    """The time of block 0, in milliseconds since 1970."""
    platforms: tuple[Platform, ...]
    """The members, 1 to `MAX_PLATFORMS`; the place of one is its index (H-GENESIS-1)."""
    content: bytes
    """The first state as the application encodes it, at most `MAX_GENESIS_BYTES` bytes (A-APP-2).
    """


@frozen
class Header:
    """The head of a block: its digest is what platforms vote on.

    It commits to the state after the block, so a vote on a block is a vote on its result.
    Neither the view nor the proposer is in it: a block proposed again keeps its digest (H-BLOCK-4).
    """

    chain_id: ChainId
    """The chain that the block belongs to (H-GENESIS-2)."""
    height: int
    """The number of the block, from 0 (genesis) to `MAX_UINT`; one more than the parent's."""
    parent: Digest
    """The digest of the block before this one; in block 0 the chain id (H-GENESIS-2)."""
    time_ms: TimeMs
    """The time of the block, in milliseconds since 1970; later than the parent's (C-VALID-2)."""
    payload_root: Digest
    """The Merkle root over the items' bytes (H-BLOCK-2)."""
    state_root: StateRoot
    """The root of the application's state after the block (A-APP-3)."""


@frozen
class Block:
    """A header, the items it commits to, and the digest that names both (H-BLOCK-1)."""

    header: Header
    """The header; a vote on its digest is a vote on the whole block."""
    payload: tuple[Any, ...] = field(repr=False)
    """The items, at most `MAX_BLOCK_ITEMS`, in the order in which they apply (H-BLOCK-3)."""
    digest: Digest
    """The digest of the header, which names the block (H-BLOCK-1)."""


PLATFORM: Schema[Platform] = record("platform", Platform, name=name(), key=KEY)
GENESIS: Schema[Genesis] = record(
    "genesis",
    Genesis,
    chain=name(),
    time_ms=TIME_MS,
    platforms=sequence(PLATFORM, MAX_PLATFORMS),
    content=octets(0, MAX_GENESIS_BYTES),
)
"""The form of a genesis on the wire (H-GENESIS-1)."""
HEADER: Schema[Header] = record(
    "header",
    Header,
    chain_id=DIGEST,
    height=HEIGHT,
    parent=DIGEST,
    time_ms=TIME_MS,
    payload_root=DIGEST,
    state_root=DIGEST,
)


def check_genesis(genesis: Genesis) -> None:
    """Refuse a genesis that describes an impossible federation (H-GENESIS-1).

    Raises `LocalProtocolError`: a genesis comes from the operator, not from a peer.
    """
    names = [platform.name for platform in genesis.platforms]
    keys = [platform.key for platform in genesis.platforms]
    if not 1 <= len(names) <= MAX_PLATFORMS:
        raise LocalProtocolError(
            f"H-GENESIS-1: a federation has 1 to {MAX_PLATFORMS} platforms, not {len(names)}"
        )
    for what, values in (("name", names), ("key", keys)):
        if len(values) != len(dict.fromkeys(values)):
            raise LocalProtocolError(f"H-GENESIS-1: two platforms have the same {what}")
    try:
        GENESIS.load(GENESIS.dump(genesis))
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"H-GENESIS-1: {error}") from None


def chain_id(genesis: Genesis) -> ChainId:
    """The digest of a genesis, which every signature on its chain covers (H-GENESIS-2)."""
    return ChainId(digest(Tag.GENESIS, GENESIS.encode(genesis)))


def header_digest(header: Header) -> Digest:
    """The digest of a block, which is the digest of its header (H-BLOCK-1)."""
    return Digest(digest(Tag.HEADER, HEADER.encode(header)))


def payload_root(payload: Sequence[Item]) -> Digest:
    """The RFC 9162 root over the items' bytes (H-BLOCK-2)."""
    return Digest(list_root([item.encoded for item in payload]))


def seal(header: Header, payload: Sequence[Item]) -> Block:
    """The block with this header and payload, and its digest (H-BLOCK-1).

    The caller makes sure that the two agree: nothing is checked here.
    """
    return Block(header, tuple(payload), header_digest(header))


def genesis_block(genesis: Genesis, state_root: StateRoot) -> Block:
    """Block 0: no items, no parent, and the root of the first state (H-GENESIS-2)."""
    identity = chain_id(genesis)
    header = Header(identity, 0, Digest(identity), genesis.time_ms, payload_root(()), state_root)
    return seal(header, ())


def block_schema(decode_item: Any) -> Schema[Block]:
    """The form of a block on the wire: its header, then the bytes of each item.

    `decode_item` is the application's reader; it raises `RemoteProtocolError`.
    Loading raises `RemoteProtocolError` for a payload that is too long (H-BLOCK-3) or not the one
    that the header commits to (H-BLOCK-2).
    """
    fields: Schema[tuple[Any, ...]] = record(
        "block",
        parts,
        header=HEADER,
        payload=sequence(octets(1, MAX_ITEM_BYTES), MAX_BLOCK_ITEMS),
    )

    def dump(block: Block) -> Plain:
        return ("block", HEADER.dump(block.header), tuple(item.encoded for item in block.payload))

    def load(plain: Any) -> Block:
        header, encoded = fields.load(plain)
        if sum(map(len, encoded)) > MAX_BLOCK_BYTES:  # H-BLOCK-3
            raise RemoteProtocolError("H-BLOCK-3", f"payload is over {MAX_BLOCK_BYTES} bytes")
        if list_root(encoded) != header.payload_root:  # H-BLOCK-2
            raise RemoteProtocolError("H-BLOCK-2", "payload differs from the header's payload root")
        return seal(header, tuple(map(decode_item, encoded)))

    return Schema(dump, load, fields.says, fields.label, fields.fields)


MAX_HEIGHT = MAX_UINT
"""The last height of a chain: the last integer of the wire."""
