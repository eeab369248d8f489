"""Inside WebAssembly: transcripts are played with signatures that the host makes and verifies.

The module `host` is the runtime outside, as `replay.mjs` registers it.
"""

from __future__ import annotations

import json
import platform
import sys
from functools import lru_cache

import host
from pyodide.ffi import to_js
from replay import Crypto, digest_of, replayed

from web4core.ed25519 import key_is_acceptable, signature_is_acceptable

_acceptable = lru_cache(key_is_acceptable)


def sign(private: bytes, message: bytes) -> bytes:
    """A signature by the host."""
    return bytes(host.sign(to_js(private), to_js(message)).to_bytes())


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """The verdict of the core's rule, then of the host's library."""
    if not (_acceptable(key) and signature_is_acceptable(signature)):
        return False
    return bool(host.verify(to_js(key), to_js(message), to_js(signature)))


def replay_all(documents: str) -> str:
    """What each transcript gives, by name, and the digest of all of it."""
    crypto = Crypto(sign, verify)
    given = {name: replayed(each, crypto) for name, each in json.loads(documents).items()}
    return json.dumps(
        {
            "machine": platform.machine(),
            "python": ".".join(map(str, sys.version_info[:3])),
            "digest": digest_of(given.values()),
            "given": {name: lines.decode() for name, lines in given.items()},
        }
    )
