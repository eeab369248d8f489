"""Names for bytes and integers that must not be taken for one another.

At run time each is the plain `bytes` or `int` that it names; a type checker keeps them apart.
`ChainId(value)` says so of a value that comes from outside.
Only such names live here; where the bytes come from stands beside the class that holds them.
Implements nothing of its own: ranges are checked at the wire (W-TYPE-1, W-TYPE-2).
"""

from __future__ import annotations

from typing import NewType

ChainId = NewType("ChainId", bytes)
"""32 bytes: the digest of a genesis, which every signature covers (H-GENESIS-2)."""

Digest = NewType("Digest", bytes)
"""32 bytes: names a block, by its header; or the root over a payload (H-BLOCK-1, H-BLOCK-2)."""

StateRoot = NewType("StateRoot", bytes)
"""32 bytes: the digest of an application's state (A-APP-3)."""

TransactionId = NewType("TransactionId", bytes)
"""32 bytes: names a transaction; that of a TransferLock names the transfer, too (L-TX-4)."""

PublicKey = NewType("PublicKey", bytes)
"""32 bytes: an Ed25519 public key (K-KEY-1)."""

Signature = NewType("Signature", bytes)
"""64 bytes: an Ed25519 signature (K-SIG-1)."""

View = NewType("View", int)
"""The number of an attempt to agree on one height, from 0 on (C-VIEW-1)."""

Nonce = NewType("Nonce", int)
"""The number of a payment among those of its account: 0, 1, 2 and so on (L-STATE-5)."""

TimeMs = NewType("TimeMs", int)
"""A moment that the chain states, in milliseconds since 1970: a block's time or an expiry."""
