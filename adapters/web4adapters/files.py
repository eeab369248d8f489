"""Files that must survive a crash and stay private: create, check, lock.

Only operations on POSIX files that signers and storage share may live here, and nothing that knows
the meaning of the files.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

PRIVATE_MODE = 0o600
PRIVATE_FOLDER_MODE = 0o700
OTHERS_MASK = 0o077
ROOT_UID = 0


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; a new file is not, until its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_private(path: Path, content: bytes) -> None:
    """Write a new file, mode 0600, durable on return.

    Raises FileExistsError when the name is taken, a dangling symlink included, and OSError when
    the disk refuses; then nothing is left behind under that name.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE_MODE)
    try:
        try:
            # The umask can only have narrowed the mode; say exactly what it is.
            os.fchmod(descriptor, PRIVATE_MODE)
            write_at(descriptor, content, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of `content` at `offset`; a short write is an OSError, not a retry."""
    written = os.pwrite(descriptor, content, offset)
    if written != len(content):
        raise OSError(f"wrote {written} of {len(content)} bytes")


def exposure(status: os.stat_result) -> str | None:
    """The reason why the file behind `status` is not private to us, or None when it is."""
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if status.st_uid not in (ROOT_UID, os.geteuid()):
        return f"it belongs to user {status.st_uid}, not to root or to user {os.geteuid()}"
    if status.st_mode & OTHERS_MASK:
        return f"its mode {stat.S_IMODE(status.st_mode):04o} lets group or others use it"
    return None


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file without waiting; False when another holds it.

    The kernel drops the lock with the last copy of the descriptor, so a killed process holds none.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
