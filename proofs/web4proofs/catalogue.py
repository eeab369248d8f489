"""All theorems, in the order in which they build on one another."""

from __future__ import annotations

from collections.abc import Sequence

from web4proofs.theorem import Theorem


def theorems() -> tuple[Theorem, ...]:
    """Return every theorem. This imports the code under proof: put a mutant in place first."""
    from web4proofs import ledger, replica  # noqa: PLC0415  not before a mutant is in place
    from web4proofs.agreement.theorems import THEOREMS  # noqa: PLC0415  likewise, not before

    return (*THEOREMS, *replica.THEOREMS, *ledger.THEOREMS)


class UnknownName(Exception):
    """A name that is no theorem's id, no start of one, and no clause that a theorem proves."""


def chosen(names: Sequence[str], among: Sequence[Theorem]) -> tuple[Theorem, ...]:
    """Return the theorems with these names: a theorem's id, the start of one, or a clause.

    Return all theorems if there are no names. Raises `UnknownName`.
    """
    if not names:
        return tuple(among)
    for name in names:
        if not any(_answers_to(theorem, name) for theorem in among):
            raise UnknownName(
                f"{name} is neither a theorem nor a clause that one proves; "
                f"theorems: {', '.join(theorem.id for theorem in among)}"
            )
    return tuple(theorem for theorem in among if any(_answers_to(theorem, name) for name in names))


def _answers_to(theorem: Theorem, name: str) -> bool:
    return theorem.id == name or theorem.id.startswith(f"{name}-") or name in theorem.clauses
