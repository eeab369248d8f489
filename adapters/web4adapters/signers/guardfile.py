"""The file of the double-sign guard: the last statements, durable before a signature leaves.

The format, its checks and its lock may live here; which statements conflict is decided in
`web4core.guard`.
Clauses: C-GUARD-4 (durable first), C-GUARD-5 (missing, foreign or damaged means no signature).

The file has three pages: a header that never changes (chain id, public key) and two slots that are
written in turn. Each slot carries its sequence number and a SHA-256 over the header and itself.
A write that was cut short damages the slot that it was writing; no signature that depends on it was
released, so that the other slot holds.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

from web4adapters.files import create_private, exposure, try_lock, write_at
from web4core import BINDING, DIGEST_BYTES, KEY_BYTES, MAX_GUARDED, Memory, Signed

MAGIC = b"web4grd1"
PAGE_BYTES = 4096
"""The size that a disk writes whole or not at all; header and slots have one page each."""

SLOTS = 2
FILE_BYTES = PAGE_BYTES * (1 + SLOTS)
"""Length of a guard file, for ever."""

MAX_CHAIN_ID_BYTES = 64
"""Room for the id of a chain; a digest takes half of it."""

_HEADER = struct.Struct(f">8sH{MAX_CHAIN_ID_BYTES}s{KEY_BYTES}s")
_SLOT_HEAD = struct.Struct(">QQ")
_SIGNED = struct.Struct(f">?QQ{DIGEST_BYTES}s")
_BODY_BYTES = _SLOT_HEAD.size + len(BINDING) * _SIGNED.size
_NOTHING = _SIGNED.pack(False, 0, 0, bytes(DIGEST_BYTES))


class GuardError(Exception):
    """The guard cannot allow a signature: which file, why, and what to do about it."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"guard {path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


class GuardLocked(GuardError):
    """Another process signs behind this guard."""


class GuardMissing(GuardError):
    """There is no guard, so it is not known which statements were signed."""


class GuardFile:
    """An open, locked guard file; read once, then only written."""

    def __init__(self, path: Path, chain_id: bytes, public_key: bytes) -> None:
        self._path = path
        self._header = _pack_header(path, chain_id, public_key)
        self._failure: str | None = None
        self._descriptor = _open(path)
        try:
            self._sequence, self.memory, self.torn = self._read(chain_id, public_key)
        except BaseException:
            os.close(self._descriptor)
            raise

    def save(self, memory: Memory) -> None:
        """Make `memory` durable. Raises GuardError, and then for ever after."""
        if self._failure is not None:
            raise self._stopped()
        sequence = self._sequence + 1
        slot = _pack_slot(self._header, sequence, memory)
        try:
            write_at(self._descriptor, slot, _slot_offset(sequence))
            # C-GUARD-4: the size never changes, so the data is all there is to sync.
            os.fdatasync(self._descriptor)
        except OSError as error:
            # A failed sync may have dropped the pages it failed on: trying again proves nothing.
            self._failure = error.strerror or str(error)
            raise self._stopped() from error
        self._sequence = sequence
        self.memory = memory

    def close(self) -> None:
        """Close the file and release its lock."""
        if self._failure != "closed":
            self._failure = "closed"
            os.close(self._descriptor)

    def _stopped(self) -> GuardError:
        return GuardError(
            self._path,
            f"it cannot be written ({self._failure})",
            "nothing is signed any more; see to the disk and start the platform again",
        )

    def _read(self, chain_id: bytes, public_key: bytes) -> tuple[int, Memory, bool]:
        content = os.pread(self._descriptor, FILE_BYTES + 1, 0)
        if len(content) != FILE_BYTES:
            raise _damaged(self._path, f"it has not the {FILE_BYTES} bytes of a guard")
        _check_header(self._path, content[: _HEADER.size + DIGEST_BYTES], chain_id, public_key)
        slots = [
            found
            for index in range(SLOTS)
            if (found := _unpack_slot(self._header, content, index)) is not None
        ]
        if not slots:
            raise _damaged(self._path, "both of its slots are damaged")
        sequence, memory = max(slots, key=_sequence_of)
        return sequence, memory, len(slots) < SLOTS


def create_guard(path: Path, chain_id: bytes, public_key: bytes, silent_through: int = 0) -> None:
    """Write a new guard that remembers nothing; `path` must not exist.

    A platform whose guard was lost signs again only above `silent_through`, a height which the
    federation has decided for certain since the loss.
    """
    header = _pack_header(path, chain_id, public_key)
    if not 0 <= silent_through <= MAX_GUARDED:
        raise ValueError(f"silent_through must be from 0 to {MAX_GUARDED}, not {silent_through}")
    pages = [header] + [
        _pack_slot(header, sequence, Memory(silent_through=silent_through))
        for sequence in range(SLOTS)
    ]
    try:
        create_private(path, b"".join(page.ljust(PAGE_BYTES, b"\0") for page in pages))
    except FileExistsError:
        raise GuardError(
            path, "it exists already", "keep it: it knows what this key has signed"
        ) from None
    except OSError as error:
        raise GuardError(
            path, f"it cannot be written ({error.strerror or error})", "see to its folder"
        ) from error


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        # C-GUARD-5: a platform restored without its guard must not sign.
        raise GuardMissing(
            path,
            "it does not exist, so what this key has signed is unknown",
            "put it back; for a key that never signed, `web4 init` creates it",
        ) from None
    except OSError as error:
        raise GuardError(
            path, f"it cannot be opened ({error.strerror})", "see to its path and owner"
        ) from error
    fault = exposure(os.fstat(descriptor))
    if fault is not None:
        os.close(descriptor)
        raise GuardError(path, fault, f"make it a file of yours: `chmod 600 {path}`")
    if not try_lock(descriptor):
        os.close(descriptor)
        raise GuardLocked(path, "another process signs behind it", "stop that process first")
    return descriptor


def _damaged(path: Path, reason: str) -> GuardError:
    return GuardError(
        path, reason, "restore nothing older: retire the key, or create a guard that stays silent"
    )


def _pack_header(path: Path, chain_id: bytes, public_key: bytes) -> bytes:
    if len(chain_id) > MAX_CHAIN_ID_BYTES:
        raise GuardError(
            path, f"the chain id is longer than {MAX_CHAIN_ID_BYTES} bytes", "use its digest"
        )
    if len(public_key) != KEY_BYTES:
        raise GuardError(
            path, f"the public key has {len(public_key)} bytes", "give the 32 raw bytes"
        )
    body = _HEADER.pack(MAGIC, len(chain_id), chain_id, public_key)
    return body + hashlib.sha256(body).digest()


def _check_header(path: Path, header: bytes, chain_id: bytes, public_key: bytes) -> None:
    body, check = header[: _HEADER.size], header[_HEADER.size :]
    magic, length, padded_chain_id, recorded_key = _HEADER.unpack(body)
    if check != hashlib.sha256(body).digest() or magic != MAGIC:
        raise _damaged(path, "its header is damaged")
    if padded_chain_id[:length] != chain_id:
        # C-GUARD-5
        raise GuardError(
            path,
            f"it guards chain {padded_chain_id[:length].hex()}, not {chain_id.hex()}",
            "use the guard of this chain",
        )
    if recorded_key != public_key:
        # C-GUARD-5
        raise GuardError(
            path,
            f"it guards key {recorded_key.hex()}, not {public_key.hex()}",
            "use the guard of this key",
        )


def _slot_offset(sequence: int) -> int:
    return PAGE_BYTES * (1 + sequence % SLOTS)


def _sequence_of(slot: tuple[int, Memory]) -> int:
    return slot[0]


def _pack_slot(header: bytes, sequence: int, memory: Memory) -> bytes:
    body = _SLOT_HEAD.pack(sequence, memory.silent_through) + b"".join(
        _NOTHING
        if signed is None
        else _SIGNED.pack(True, signed.height, signed.view, signed.digest)
        for signed in memory.last
    )
    return body + hashlib.sha256(header + body).digest()


def _unpack_slot(header: bytes, content: bytes, index: int) -> tuple[int, Memory] | None:
    start = _slot_offset(index)
    body = content[start : start + _BODY_BYTES]
    check = content[start + _BODY_BYTES : start + _BODY_BYTES + DIGEST_BYTES]
    if check != hashlib.sha256(header + body).digest():
        return None
    sequence, silent_through = _SLOT_HEAD.unpack_from(body)
    if sequence % SLOTS != index:
        return None
    last = tuple(
        Signed(height, view, digest) if present else None
        for present, height, view, digest in _SIGNED.iter_unpack(body[_SLOT_HEAD.size :])
    )
    return sequence, Memory(last, silent_through)
