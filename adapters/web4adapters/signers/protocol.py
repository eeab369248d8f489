"""The interface of a signer, which holds the node's secret key.

Only the protocol may live here, so that a signer in hardware needs nothing else of this package.
"""

from __future__ import annotations

from typing import Protocol

from web4core import PublicKey, Signature


class Signer(Protocol):
    """One Ed25519 key that signs and is never seen."""

    @property
    def public_key(self) -> PublicKey:
        """The raw public key, 32 bytes (RFC 8032 section 5.1.5)."""
        ...

    def sign(self, message: bytes) -> Signature:
        """Sign `message` itself, not a digest of it; 64 bytes (RFC 8032 section 5.1.6)."""
        ...
