"""Keys: what signs, what guards it, what checks signatures.

Only the names that other adapters use are gathered here.
"""

from __future__ import annotations

from web4adapters.signers.guard import Conflict, GuardedSigner
from web4adapters.signers.guardfile import (
    GuardError,
    GuardLocked,
    GuardMissing,
    Memory,
    Signed,
    create_guard,
)
from web4adapters.signers.keyfile import KeyFile, KeyFileError, Passphrase
from web4adapters.signers.protocol import Signer
from web4adapters.signers.verifier import Verifier

__all__ = [
    "Conflict",
    "GuardError",
    "GuardLocked",
    "GuardMissing",
    "GuardedSigner",
    "KeyFile",
    "KeyFileError",
    "Memory",
    "Passphrase",
    "Signed",
    "Signer",
    "Verifier",
    "create_guard",
]
