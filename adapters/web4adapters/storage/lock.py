"""One process per store: a locked file that also says who holds it.

Only that lock may live here. Clause: C-DURABLE-4 (one writer).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from web4adapters.files import PRIVATE_MODE, try_lock
from web4adapters.storage.errors import StorageError, StoreLocked

LOCK_NAME = "lock"
MAX_PID_BYTES = 20
"""Bytes that are read of a lock file to name its holder."""


class FolderLock:
    """Holds a folder's lock from construction to `close`, or to the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock at once or not at all. Raises StoreLocked, StorageError."""
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(folder / LOCK_NAME, flags, PRIVATE_MODE)
        except OSError as error:
            raise StorageError(
                folder, f"its lock cannot be opened ({error.strerror})", "see to the folder"
            ) from error
        try:
            if not try_lock(self._descriptor):
                # C-DURABLE-4
                raise StoreLocked(folder, self._holder())
            # The name is for people; if the disk is full the lock holds all the same.
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)
        except BaseException:
            os.close(self._descriptor)
            raise

    def close(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)

    def _holder(self) -> int | None:
        text = os.pread(self._descriptor, MAX_PID_BYTES, 0).strip()
        return int(text) if text.isdigit() else None
