"""What a theorem is, and what an attempt to prove it tells.

Only data lives here, and the one judgement that everything rests on: `Outcome.holds`.
A theorem holds if and only if at least one question was asked, every answer was the one that it
needs, and nothing of what was to be executed was left out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen


class Answer(enum.Enum):
    """What the solver said."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"


@frozen
class Query:
    """One question to the solver: its name, the answer that the theorem needs, and what came."""

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
    """A function that was executed on symbolic values, as the installed package has it."""

    name: str
    """Module and qualified name, as `web4core.ledger.rules.transfer`."""
    source_sha256: str
    """Of the function's source text."""


@frozen
class Failure:
    """Why a theorem does not hold.

    `values` are the values of the code that break it, by name, in words.
    `snippet` is a Python program that shows the same on the plain code, or None where there is no
    code to run, as in the abstract protocol.
    """

    query: str
    found: str
    values: tuple[tuple[str, str], ...] = ()
    snippet: str | None = None


@frozen
class Outcome:
    """What an attempt told."""

    queries: tuple[Query, ...] = ()
    paths: int = 0
    executed: tuple[Executed, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the theorem is proved: something was asked, and every answer was as needed."""
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
    """The statement in words, one sentence."""
    clauses: tuple[str, ...]
    """The clauses of `spec/` that it proves something of."""
    assumes: tuple[str, ...]
    """What it rests on: numbers of `spec/assumptions.md` as "A1", ids of other theorems, or
    clauses that it takes for given."""
    scope: str
    """For which sizes: "any N", "N in 1, 4, 5, 7, 10", "unbounded amounts", ..."""
    prove: Prove
