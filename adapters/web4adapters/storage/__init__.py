"""The store: all that a platform keeps on disk, beside its key and its guard.

Only the names that other adapters use are gathered here.
"""

from __future__ import annotations

from web4adapters.storage.errors import (
    CorruptMiddle,
    CorruptStore,
    CorruptTail,
    StorageError,
    StoreExists,
    StoreLocked,
    StoreMismatch,
    StoreMissing,
)
from web4adapters.storage.records import Recovered, StoredBlock
from web4adapters.storage.store import Store

__all__ = [
    "CorruptMiddle",
    "CorruptStore",
    "CorruptTail",
    "Recovered",
    "StorageError",
    "Store",
    "StoreExists",
    "StoreLocked",
    "StoreMismatch",
    "StoreMissing",
    "StoredBlock",
]
