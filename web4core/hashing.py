"""Domain-separated SHA-256: the same bytes under two tags have unrelated digests.

Only the tags, the digest and the sizes that go with it may live here.
Clauses: W-HASH-1 (the domain), W-HASH-2 (the digest).
"""

from __future__ import annotations

import enum
from hashlib import sha256
from typing import Final

__all__ = ["DIGEST_BYTES", "WIRE_VERSION", "ZERO_DIGEST", "Tag", "digest", "domain"]

WIRE_VERSION: Final = 1
"""The version that every domain names (W-HASH-1)."""

DIGEST_BYTES: Final = 32
"""A SHA-256 digest."""

ZERO_DIGEST: Final = bytes(DIGEST_BYTES)
"""Stands where there is nothing to name, such as the parent of the first block."""


class Tag(enum.Enum):
    """The subject of a digest or a signature. The values are part of the wire format."""

    GENESIS = "genesis"
    """The digest of a genesis: the chain id (H-GENESIS-2)."""
    HEADER = "header"
    """The digest of a header: the block's (H-BLOCK-1)."""
    TRANSACTION = "transaction"
    """The id of a transaction, and the bytes that its keys sign (L-TX-4)."""
    PREPARED = "prepared"
    """The digest in a VIEW-CHANGE (C-STMT-3)."""
    STATEMENT = "statement"
    """The bytes that platforms sign in consensus (C-STMT-2)."""
    HELLO = "hello"
    """The bytes that the two ends of a link sign (W-LINK-3)."""
    MAP_KEY = "map-key"
    """The paths of accounts and transfers (L-STATE-3)."""
    MAP_LEAF = "map-leaf"
    """The leaves of the map (W-MAP-3)."""
    MAP_BRANCH = "map-branch"
    """The branches of the map (W-MAP-4)."""
    MAP_EMPTY = "map-empty"
    """The root of an empty map (W-MAP-3)."""
    STATE = "state"
    """The name of a platform's state; it never leaves the platform (A-DUR-3)."""

    prefix: bytes
    """The bytes that come first wherever such bytes are hashed or signed (W-HASH-1)."""

    def __init__(self, name: str) -> None:
        # W-HASH-1: no name contains the zero byte, so no domain is a prefix of another.
        # Kept in the member because looking a member up in a table costs as much as the hash.
        self.prefix = b"web4/%d/%s\x00" % (WIRE_VERSION, name.encode("ascii"))


def domain(tag: Tag) -> bytes:
    """The bytes that precede bytes of this kind where they are hashed or signed (W-HASH-1)."""
    return tag.prefix


def digest(tag: Tag, *parts: bytes) -> bytes:
    """SHA-256 over the domain and the parts, one after the other.

    Nothing marks where a part ends: parts of variable size must come last, or carry their size.
    """
    return sha256(tag.prefix + b"".join(parts)).digest()  # W-HASH-2
