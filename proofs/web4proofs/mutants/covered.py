"""Machine-made mutants of every function that a proof executes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from typing import Final

from web4proofs.mutants.install import source_of
from web4proofs.mutants.operators import Mutant, Swaps, mutants
from web4proofs.mutants.trial import Coverage

_CONSENSUS: Final[Swaps] = {
    "PREPARE": ("COMMIT",),
    "COMMIT": ("PREPARE",),
    "prepares": ("commits",),
    "commits": ("prepares",),
    "prepare": ("commit",),
    "commit": ("prepare",),
    "view": ("height",),
    "height": ("view",),
}
_LEDGER: Final[Swaps] = {
    "source": ("destination",),
    "destination": ("source",),
    "available_uatp": ("locked_uatp",),
    "locked_uatp": ("available_uatp",),
    "LOCKED": ("COMMITTED",),
    "COMMITTED": ("ROLLED_BACK", "LOCKED"),
    "ROLLED_BACK": ("COMMITTED", "LOCKED"),
    "UNKNOWN_SOURCE": ("UNKNOWN_DESTINATION",),
    "UNKNOWN_DESTINATION": ("UNKNOWN_SOURCE",),
    "NONCE_USED": ("NONCE_GAP",),
    "NONCE_GAP": ("NONCE_USED",),
    "NOT_LOCAL": ("SAME_PLATFORM",),
    "SAME_PLATFORM": ("NOT_LOCAL",),
    "ALREADY_SETTLED": ("TRANSFER_EXPIRED",),
    "TRANSFER_EXPIRED": ("ALREADY_SETTLED",),
    "expiry_ms": ("amount_uatp",),
}
SWAPS: Final[Mapping[str, Swaps]] = {
    "web4core.certificates": _CONSENSUS,
    "web4core.consensus.rules": _CONSENSUS,
    "web4core.consensus.state": _CONSENSUS,
    "web4core.ledger.rules": _LEDGER,
}
"""By module, the names of fields or members that people may confuse."""


def automatic_mutants(covered: Coverage) -> Iterator[Mutant]:
    """Yield every change to every function that some theorem executes, module by module."""
    for module in sorted({_module_of(function) for function in covered}):
        for mutant in mutants(module, source_of(module), SWAPS.get(module, {})):
            if f"{module}.{mutant.function}" in covered:
                yield mutant


def _module_of(function: str) -> str:
    """Return the module in the full name of a function or method."""
    name, _, _ = function.rpartition(".")
    while not _is_module(name):
        name, _, _ = name.rpartition(".")
    return name


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
