"""The terms of the contracts: digests, the sizes of `spec/`, and the proposer, for the solver.

They come from the specification and not from the code, so that the code is checked against them.
"""

from __future__ import annotations

from typing import Any, Final

import z3

from web4core.messages import Certificate
from web4proofs.symbolic import (
    Identifier,
    SymbolicInt,
    assume,
    octets_sort,
    term,
)

DIGEST: Final = octets_sort("Digest", 32)
SIGNATURE: Final = octets_sort("Signature", 64)
INT: Final = z3.IntSort()

_reference = z3.Function("reference", INT, DIGEST.of_solver, DIGEST.of_solver)
_proposer = z3.Function("proposer", INT, INT, INT)


def faulty_of(n: z3.ArithRef) -> z3.ArithRef:
    """Return f = floor((N - 1) / 3) (C-QUORUM-1)."""
    return (n - 1) / 3


def quorum_of(n: z3.ArithRef) -> z3.ArithRef:
    """Return q = floor((N + f) / 2) + 1 (C-QUORUM-2)."""
    return (n + faulty_of(n)) / 2 + 1


def proposer_of(height: Any, view: Any) -> z3.ArithRef:
    """Return a view's proposer, of which only that it is a platform is used (C-QUORUM-4)."""
    return _proposer(term(height), term(view))


def proposer(height: Any, view: Any, n: Any) -> SymbolicInt:
    """Summarise `web4core.quorum.proposer`."""
    index = proposer_of(height, view)
    assume(z3.And(index >= 0, index < term(n)))
    return SymbolicInt(index)


def no_reference() -> Identifier:
    """Return what a VIEW-CHANGE without a certificate names (C-STMT-3)."""
    return Identifier(DIGEST, z3.Const("no reference", DIGEST.of_solver))


def prepared_reference(prepared: Certificate | None) -> Identifier:
    """Summarise `web4core.messages.prepared_reference`: a function of view and digest."""
    if prepared is None:
        return no_reference()
    return Identifier(DIGEST, _reference(term(prepared.view), term(prepared.digest)))
