"""Keys: signers, their guard, and the verifier of signatures.

Only the names that other adapters use are gathered here.
"""

from __future__ import annotations

from web4adapters.signers.guard import GuardedSigner
from web4adapters.signers.guardfile import (
    GuardError,
    GuardLocked,
    GuardMissing,
    create_guard,
)
from web4adapters.signers.keyfile import KeyFile, KeyFileError, Passphrase
from web4adapters.signers.pool import VerifierPool
from web4adapters.signers.protocol import Signer
from web4adapters.signers.verifier import Verifier

__all__ = [
    "GuardError",
    "GuardLocked",
    "GuardMissing",
    "GuardedSigner",
    "KeyFile",
    "KeyFileError",
    "Passphrase",
    "Signer",
    "Verifier",
    "VerifierPool",
    "create_guard",
]
