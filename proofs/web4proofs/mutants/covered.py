"""The modules that proofs cover, with the names in each that are easily taken for one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from web4proofs.mutants.install import source_of
from web4proofs.mutants.operators import Mutant, Swaps, mutants

_KINDS: Final[Swaps] = {"PREPARE": ("COMMIT",), "COMMIT": ("PREPARE",)}
_CONSENSUS: Final[Swaps] = {
    **_KINDS,
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

COVERED: Final[Mapping[str, Swaps]] = {
    "web4core.quorum": {},
    "web4core.certificates": _CONSENSUS,
    "web4core.consensus.rules": _CONSENSUS,
    "web4core.consensus.state": _CONSENSUS,
    "web4core.ledger.rules": _LEDGER,
    "web4core.ledger.overlay": {},
}
"""Every module of which all functions are executed by some theorem."""


def automatic_mutants() -> Iterator[Mutant]:
    """Every change to every function of these modules."""
    for module, swaps in COVERED.items():
        yield from mutants(module, source_of(module), swaps)
