"""All theorems, in the order in which they build on one another."""

from __future__ import annotations

from collections.abc import Sequence

from web4proofs.theorem import Theorem


def theorems() -> tuple[Theorem, ...]:
    """Every theorem. Imports what is proved, so a mutant must be in place before."""
    from web4proofs import ledger, replica  # noqa: PLC0415  not before a mutant is in place
    from web4proofs.agreement.theorems import THEOREMS  # noqa: PLC0415  likewise, not before

    return (*THEOREMS, *replica.THEOREMS, *ledger.THEOREMS)


class UnknownName(Exception):
    """No theorem has this id, proves this clause, or begins so."""


def chosen(names: Sequence[str], among: Sequence[Theorem]) -> tuple[Theorem, ...]:
    """The theorems that these names ask for: a theorem's id, the start of one, or a clause.

    All of them if there are no names. Raises `UnknownName`.
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
