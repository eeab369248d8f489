"""All named mutants: for each rule of the specification, the change that breaks it."""

from __future__ import annotations

from typing import Final

from web4proofs.mutants.named import Instrument, Named, mutant_of
from web4proofs.mutants.of_adapters import ADAPTERS
from web4proofs.mutants.of_consensus import CONSENSUS
from web4proofs.mutants.of_ledger import LEDGER_RULES
from web4proofs.mutants.of_node import ORDER
from web4proofs.mutants.operators import Mutant

NAMED: Final[tuple[Named, ...]] = (*CONSENSUS, *LEDGER_RULES, *ORDER, *ADAPTERS)
"""All named mutants, in the order of the specification's pages."""


def named_mutants(*by: Instrument) -> tuple[tuple[Named, Mutant], ...]:
    """Return the mutants of these instruments, or all, in order. Raises `Stale`."""
    return tuple((each, mutant_of(each)) for each in NAMED if not by or each.by in by)
