"""The errors of a store. Each names the place, the reason, and what to do.

Only the errors may live here.
"""

from __future__ import annotations

from pathlib import Path


class StorageError(Exception):
    """The store cannot be read or written; after a failed write it never writes again."""

    def __init__(self, folder: Path, reason: str, remedy: str) -> None:
        super().__init__(f"store {folder}: {reason}; {remedy}")
        self.folder = folder
        self.reason = reason
        self.remedy = remedy


class StoreMissing(StorageError):
    """There is no store here, or its creation was interrupted."""


class StoreExists(StorageError):
    """A store is here already."""


class StoreMismatch(StorageError):
    """The store belongs to another chain or platform, or has another format."""


class StoreLocked(StorageError):
    """Another process has the store open; `pid` is its process id, when it is known."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(folder, f"{holder} has it open", "stop that process first")
        self.pid = pid


class CorruptStore(StorageError):
    """Something in the store differs from what was written; `what` names it."""

    def __init__(self, folder: Path, what: str, remedy: str) -> None:
        super().__init__(folder, f"{what} is damaged", remedy)
        self.what = what


class CorruptTail(CorruptStore):
    """The journal is damaged from record `seq` to its end."""

    def __init__(self, folder: Path, seq: int) -> None:
        super().__init__(
            folder,
            f"the journal from record {seq} to its end",
            "drop the tail, silence the guard through the height reached, and catch up from peers",
        )
        self.seq = seq


class CorruptMiddle(CorruptStore):
    """Journal record `seq` is damaged, and sound records follow it: the disk lost durable data."""

    def __init__(self, folder: Path, seq: int) -> None:
        super().__init__(
            folder,
            f"journal record {seq}, although sound records follow it,",
            "distrust this disk: restore a copy of the store, silence the guard, keep the guard",
        )
        self.seq = seq
