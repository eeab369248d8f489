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
    """What a digest or a signature is about. The values are part of the wire format."""

    GENESIS = "genesis"
    HEADER = "header"
    TRANSACTION = "transaction"
    PREPARED = "prepared"
    STATEMENT = "statement"
    HELLO = "hello"
    MAP_KEY = "map-key"
    MAP_LEAF = "map-leaf"
    MAP_BRANCH = "map-branch"
    MAP_EMPTY = "map-empty"
    STATE = "state"

    prefix: bytes

    def __init__(self, name: str) -> None:
        # W-HASH-1: no name contains the zero byte, so no domain is a prefix of another.
        # Kept in the member because looking a member up in a table costs as much as the hash.
        self.prefix = b"web4/%d/%s\x00" % (WIRE_VERSION, name.encode("ascii"))


def domain(tag: Tag) -> bytes:
    """What precedes bytes of this kind where they are hashed or signed."""
    return tag.prefix


def digest(tag: Tag, *parts: bytes) -> bytes:
    """SHA-256 over the domain and the parts, one after the other.

    Nothing marks where a part ends: parts of variable size must come last, or carry their size.
    """
    return sha256(tag.prefix + b"".join(parts)).digest()  # W-HASH-2
