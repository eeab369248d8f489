"""A claim: a signature over some bytes, not yet verified; and the function that verifies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from web4core.types import PublicKey, Signature


class SignatureCheck(NamedTuple):
    """A signature that is to be verified."""

    key: PublicKey
    """The signer's public key."""
    message: bytes
    """The bytes that are signed."""
    signature: Signature
    """The signature."""


Verify: TypeAlias = Callable[[PublicKey, bytes, Signature], bool]
"""Key, message, signature: whether the signature is to be accepted.

A pure function that the embedder injects.
It must give the verdict that `cryptography.md` defines and `ed25519.verify` computes, whatever
library it stands on; all platforms must agree on it, as on every other rule.
"""
