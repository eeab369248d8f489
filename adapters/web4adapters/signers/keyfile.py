"""A signer whose key lies in a file: PKCS#8 in PEM, Ed25519, private to one user.

Creating, loading and refusing such files may live here. Clauses: C-KEY-1 (a key that is missing or
damaged, or that others can reach, is refused), C-KEY-2 (and never replaced by another).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from web4adapters.files import create_private, exposure
from web4core import PublicKey, Signature

MAX_KEY_FILE_BYTES = 16 * 1024
"""Length of a key file; a key takes some hundred bytes."""

PLAIN_LABEL = b"-----BEGIN PRIVATE KEY-----"
ENCRYPTED_LABEL = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"

Passphrase: TypeAlias = bytes | Callable[[], bytes]
"""The passphrase, or a function that asks for it; the function is called only when needed."""


class KeyFileError(Exception):
    """A key file that cannot be used: which one, why, and what to do about it."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"key file {path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


class KeyFile:
    """An Ed25519 key read from a file; a `Signer`."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self._public_key = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def create(cls, path: Path, passphrase: Passphrase | None = None) -> KeyFile:
        """Make a new key and write it to `path`, which must not exist yet.

        Mode 0600, durable on return, encrypted when there is a passphrase. Raises KeyFileError.
        """
        private_key = Ed25519PrivateKey.generate()
        pem = private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, _encryption(path, passphrase)
        )
        try:
            create_private(path, pem)
        except FileExistsError:
            raise KeyFileError(
                path, "it exists already", "keep it, or move it away before making a new key"
            ) from None
        except OSError as error:
            raise KeyFileError(
                path, f"it cannot be written ({error.strerror or error})", "see to its folder"
            ) from error
        return cls(private_key)

    @classmethod
    def load(cls, path: Path, passphrase: Passphrase | None = None) -> KeyFile:
        """Read the key in `path`, through symlinks. Raises KeyFileError, and never falls back."""
        pem = _read_private(path)
        return cls(_parse(path, pem, _needed_passphrase(path, pem, passphrase)))

    @property
    def public_key(self) -> PublicKey:
        """The raw public key, 32 bytes."""
        return PublicKey(self._public_key)

    def sign(self, message: bytes) -> Signature:
        """Sign `message`; 64 bytes."""
        return Signature(self._private_key.sign(message))

    def __repr__(self) -> str:
        return f"KeyFile(public_key={self._public_key.hex()})"


def _encryption(path: Path, passphrase: Passphrase | None) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    return BestAvailableEncryption(_passphrase_bytes(path, passphrase))


def _passphrase_bytes(path: Path, passphrase: Passphrase) -> bytes:
    """The passphrase itself; an empty one protects nothing and is refused."""
    given = passphrase if isinstance(passphrase, bytes) else passphrase()
    if not given:
        raise KeyFileError(path, "the passphrase is empty", "give one, or ask for no encryption")
    return given


def _read_private(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        # C-KEY-1, C-KEY-2
        raise KeyFileError(path, "it does not exist", "`web4 init` makes one") from None
    except OSError as error:
        raise KeyFileError(
            path, f"it cannot be opened ({error.strerror})", "see to its path and owner"
        ) from error
    try:
        fault = exposure(os.fstat(descriptor))
        if fault is not None:
            # C-KEY-1
            raise KeyFileError(path, fault, f"make it a file of yours: `chmod 600 {path}`")
        content = os.read(descriptor, MAX_KEY_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_KEY_FILE_BYTES:
        raise KeyFileError(
            path, f"it is larger than {MAX_KEY_FILE_BYTES} bytes", "point at the key itself"
        )
    return content


def _needed_passphrase(path: Path, pem: bytes, passphrase: Passphrase | None) -> bytes | None:
    if ENCRYPTED_LABEL in pem:
        if passphrase is None:
            raise KeyFileError(path, "it is encrypted", "give its passphrase")
        return _passphrase_bytes(path, passphrase)
    if PLAIN_LABEL not in pem:
        raise KeyFileError(
            path, "it is not a PKCS#8 key in PEM", "convert it with `openssl pkcs8 -topk8`"
        )
    if isinstance(passphrase, bytes):
        # A user who gives a passphrase believes that it protects the key.
        raise KeyFileError(
            path, "it is not encrypted, but a passphrase was given", "encrypt it, or give none"
        )
    return None


def _parse(path: Path, pem: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    try:
        private_key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise KeyFileError(
                path, "the passphrase is wrong or the file is damaged", "try the right passphrase"
            ) from error
        raise KeyFileError(
            path, "its PEM holds no readable key", "restore it from your backup"
        ) from error
    if not isinstance(private_key, Ed25519PrivateKey):
        raise KeyFileError(
            path, "its key is not an Ed25519 key", "`web4 init` makes one of the right kind"
        )
    return private_key
