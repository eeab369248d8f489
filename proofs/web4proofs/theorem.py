"""Theorems, and the outcomes of attempts to prove them.

Only data lives here, and the one judgement that everything rests on: `Outcome.holds`.
A theorem holds if and only if

1. at least one query was made,
2. every answer was the one that its query needs, and
3. all code that was to be executed was executed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen


class Answer(enum.Enum):
    """An answer of the solver."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"


@frozen
class Query:
    """One query to the solver: its name, the answer that the theorem needs, and the answer."""

    name: str
    needed: Answer
    got: Answer
    seconds: float
    effort: int = 0
    """Z3's own count of its work (rlimit), the same on every machine."""

    @property
    def holds(self) -> bool:
        """Whether the answer is the one needed; `unknown` never is."""
        return self.got is self.needed


@frozen
class Executed:
    """A function of the installed package that was executed on symbolic values."""

    name: str
    """Module and qualified name, such as `web4core.ledger.rules.transfer`."""
    source_sha256: str
    """SHA-256 of the function's source text, in hexadecimal."""


@frozen
class Failure:
    """Why a theorem does not hold.

    `values` are the values that break the code, by name, as text.
    `snippet` is a Python program that shows the failure on the plain code; None where there is no
    code to run, as in the abstract protocol.
    """

    query: str
    found: str
    values: tuple[tuple[str, str], ...] = ()
    snippet: str | None = None


@frozen
class Outcome:
    """The outcome of an attempt to prove a theorem."""

    queries: tuple[Query, ...] = ()
    paths: int = 0
    executed: tuple[Executed, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the theorem is proved: a query was made, and every answer was the one needed."""
        return (
            bool(self.queries) and not self.failures and all(query.holds for query in self.queries)
        )


Prove: TypeAlias = Callable[[], Outcome]
"""Try to prove; never raises for a theorem that does not hold."""


@frozen
class Theorem:
    """A statement about the shipped code or the protocol that it follows.

    `id` is permanent, like that of a clause, and stands in `spec/proofs.md`.
    """

    id: str
    says: str
    """The statement as one sentence."""
    clauses: tuple[str, ...]
    """The clauses of `spec/` of which it proves a part or the whole."""
    assumes: tuple[str, ...]
    """Its premises: numbers of `spec/assumptions.md` such as "A1", ids of other theorems, or
    clauses that it assumes."""
    scope: str
    """The sizes for which it holds: "any N", "N in 1, 4, 5, 7, 10", "unbounded amounts", ..."""
    prove: Prove
