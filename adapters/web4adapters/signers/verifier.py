"""Checks Ed25519 signatures with `cryptography`, under the core's acceptance rule.

The composition of rule and library, and a memory between calls, may live here; the rule itself is
`web4core.ed25519`. The memory cannot change a verdict: it holds only accepted signatures, each by
its key, message and signature.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from web4core import key_is_acceptable, signature_is_acceptable

MAX_KEYS = 16_384
"""Keys kept ready for use; about a kilobyte each."""

MAX_VERIFIED = 65_536
"""Verified triples remembered; about 150 bytes each, several blocks' worth."""


class Verifier:
    """`verifier(key, message, signature) -> bool`, from any thread, for bytes of any length.

    A `Verify` of the core: true iff the rule accepts key and signature and the equation holds.
    """

    def __init__(self, max_keys: int = MAX_KEYS, max_verified: int = MAX_VERIFIED) -> None:
        if max_keys < 1 or max_verified < 1:
            raise ValueError("a verifier remembers at least one key and one signature")
        # An exception is not cached, so strangers' bad keys cannot push good ones out.
        self._usable_key = lru_cache(max_keys)(_usable_key)
        self._verified: dict[bytes, None] = {}
        self._max_verified = max_verified
        self._mutex = threading.Lock()

    def __call__(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is the signature of `message` by `key`; never raises."""
        if not signature_is_acceptable(signature):
            return False
        try:
            usable = self._usable_key(key)
        except _BadKey:
            return False
        # Key and signature have fixed sizes by now, so the join means one triple only.
        name = hashlib.sha256(key + signature + message).digest()
        if name in self._verified:
            return True
        try:
            usable.verify(signature, message)
        except InvalidSignature:
            return False
        self._remember(name)
        return True

    def verify_many(self, claims: Sequence[tuple[bytes, bytes, bytes]]) -> bool:
        """Whether all of (key, message, signature) hold; stops at the first that does not.

        Made for a thread pool: most of the time is spent without the interpreter's lock.
        """
        return all(self(key, message, signature) for key, message, signature in claims)

    def verify_each(self, groups: Sequence[Sequence[tuple[bytes, bytes, bytes]]]) -> list[bool]:
        """For each group whether all of it holds; a bad group does not affect the others."""
        return [self.verify_many(claims) for claims in groups]

    def _remember(self, name: bytes) -> None:
        with self._mutex:
            while len(self._verified) >= self._max_verified:
                del self._verified[next(iter(self._verified))]
            self._verified[name] = None


class _BadKey(Exception):
    """The rule refuses this key."""


def _usable_key(key: bytes) -> Ed25519PublicKey:
    if not key_is_acceptable(key):
        raise _BadKey
    return Ed25519PublicKey.from_public_bytes(key)
