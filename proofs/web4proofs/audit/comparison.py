"""The comparison of several journals.

It finds three things: different blocks decided at one height, two conflicting statements of one
signer, and statements that other platforms received although the signer's own journal does not
account for them.
Clauses: I-AGREE-1, I-AGREE-2, I-SIGN-1, A-DUR-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from web4core import invariants
from web4core.invariants import Decision
from web4core.messages import Statement, conflict
from web4proofs.audit.journal import Departure, Replayed, shown


def compare(replays: Sequence[Replayed], names: Sequence[str]) -> tuple[Departure, ...]:
    """Return what only several journals show amiss; `names` are ordered as the platforms."""
    return (*_disagreements(replays), *_conflicts(replays, names), *_unknown(replays))


def _disagreements(replays: Iterable[Replayed]) -> Iterator[Departure]:
    """Yield the first decision of each platform at a height where another decided otherwise."""
    first: dict[int, Decision] = {}
    for each in replays:
        for number, decision in each.decisions:
            known = first.setdefault(decision.block.header.height, decision)
            broken = invariants.check_decisions((known, decision))
            for found in broken:
                yield Departure(each.platform, each.platform, number, found.clause, found.found)
            if broken:  # later differences follow from this one
                break


def _conflicts(replays: Iterable[Replayed], names: Sequence[str]) -> Iterator[Departure]:
    """Yield each signer with two conflicting statements, with the first such pair (I-SIGN-1)."""
    first: dict[tuple[int, int, int, int], tuple[Statement, str]] = {}
    named: dict[int, Departure] = {}
    for each in replays:
        for statement, number in each.seen.items():
            key = (statement.signer, statement.kind, statement.height, statement.view)
            place = f"event {number} of {each.platform}"
            known, before = first.setdefault(key, (statement, place))
            if statement.signer not in named and conflict(known, statement):
                named[statement.signer] = Departure(
                    names[statement.signer],
                    each.platform,
                    number,
                    "I-SIGN-1",
                    f"it signed {shown(statement)}, and {shown(known)}, seen by {before}",
                )
    yield from (named[signer] for signer in sorted(named))


def _unknown(replays: Sequence[Replayed]) -> Iterator[Departure]:
    """Yield statements that others received and the signer's journal does not lead to (A-DUR-1)."""
    by_index = {each.me: each for each in replays}
    named: dict[int, Departure] = {}
    for each in replays:
        for statement, number in each.seen.items():
            signer = by_index.get(statement.signer)
            if signer is None or signer.me in named or signer.accounts_for(statement):
                continue
            named[signer.me] = Departure(
                signer.platform,
                each.platform,
                number,
                "A-DUR-1",
                f"it signed {shown(statement)}, to which its own journal does not lead",
            )
    yield from (named[signer] for signer in sorted(named))
