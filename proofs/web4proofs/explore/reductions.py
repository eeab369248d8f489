"""Comparisons of explorations with and without a reduction, on bounds that are small enough.

Each comparison explores the same bounds twice. It counts the places of either that are not places
of the other, up to the parts that the reduction leaves out.
`python3 -m web4proofs.explore.reductions` makes the comparisons that take too long for tests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from attrs import evolve, frozen

from web4core.consensus.state import begin, no_slots
from web4core.messages import Statement
from web4core.replica import State
from web4proofs.explore.blocks import VALID_NAMES, blocks_of
from web4proofs.explore.canonical import ALL, NOTHING, Forget, Forgotten, canonical
from web4proofs.explore.message_set import offers_of
from web4proofs.explore.moves import Arena, Table
from web4proofs.explore.search import Federation, Found, Place, search
from web4proofs.explore.subject import Bounds, Subject, gate_of
from web4proofs.explore.symmetry import renamings

MAX_PLACES: Final = 4_000_000

Platform: TypeAlias = tuple[State, frozenset[Statement], tuple[bytes, ...]]
"""One platform of a place: its state, all that it signed, and the blocks that it decided."""

Projected: TypeAlias = frozenset[tuple[Platform, ...]]
"""The places of an exploration, in a form that can be compared with another's."""


@frozen
class Comparison:
    """Two explorations of the same bounds."""

    what: str
    full: int
    """The number of places without the reduction."""
    reduced: int
    """The number of places with it."""
    missing: int
    """The number of places that only the full exploration reaches: the reduction loses them."""
    extra: int
    """The number of places that only the reduced exploration reaches: they do not exist."""
    complete: bool

    @property
    def agrees(self) -> bool:
        """Whether the reduction loses nothing and adds nothing."""
        return self.complete and self.full > 0 and not self.missing and not self.extra

    def __str__(self) -> str:
        verdict = "agree" if self.agrees else f"{self.missing} missing, {self.extra} extra"
        return f"{self.what}: {self.full:,} and {self.reduced:,} places {verdict}"


class _Explored:
    """One exploration, which does not stop at a broken place."""

    def __init__(
        self,
        bounds: Bounds,
        byzantine: tuple[int, ...],
        what: Forgotten = ALL,
        *,
        renamed: bool = False,
        settled: str = "",
    ) -> None:
        subject = Subject()
        self.blocks = blocks_of(subject, bounds)
        by_name = {known.name: known.block.digest for known in self.blocks.by_digest.values()}
        chain = tuple(by_name[settled[:end]] for end in range(1, len(settled) + 1))
        gate = gate_of(subject, bounds.n)
        each_signer = Forget.SIGNERS not in what
        offers = offers_of(gate, self.blocks, bounds, each_signer=each_signer)
        who = frozenset(byzantine)
        alike = renamings(self.blocks, bounds, who, chain) if renamed else ()
        self.statements = offers.statements
        table = Table(Arena(subject, bounds, offers, what, chain))
        self.federation = Federation(table, who, alike, judged=False)
        self.found: Found = search(self.federation, MAX_PLACES, lambda _known, _done: None)

    def platform(self, index: int) -> Platform:
        """Return one platform of a place, without the parts forgotten by default."""
        local = self.federation.local(index)
        heights = self.federation.arena.bounds.heights
        state = canonical(self.federation.state(index), heights)
        return state, frozenset(self.statements.of(local.signed)), local.decided

    def projected(self, images: Iterable[Place] | None = None) -> Projected:
        """Return all places, or these, without the parts forgotten by default."""
        known: dict[int, Platform] = {}
        places: set[tuple[Platform, ...]] = set()
        for place in self.found.places if images is None else images:
            for index in place:
                if index not in known:
                    known[index] = self.platform(index)
            places.add(tuple(known[index] for index in place))
        return frozenset(places)


def _compared(
    what: str, full: _Explored, reduced: _Explored, of_full: Projected, of_reduced: Projected
) -> Comparison:
    return Comparison(
        what,
        len(full.found.places),
        len(reduced.found.places),
        len(of_full - of_reduced),
        len(of_reduced - of_full),
        full.found.complete and reduced.found.complete,
    )


def forgetting(
    bounds: Bounds, byzantine: tuple[int, ...], remembered: Iterable[Forget]
) -> Comparison:
    """Compare forgetting these parts with keeping them in the state."""
    kept = frozenset(remembered)
    full, reduced = _Explored(bounds, byzantine, ALL - kept), _Explored(bounds, byzantine)
    names = "everything" if kept == ALL - NOTHING else ", ".join(sorted(each.name for each in kept))
    what = f"N = {bounds.n}, {bounds.views} views, Byzantine {byzantine}, keeping {names}"
    return _compared(what, full, reduced, full.projected(), reduced.projected())


def renaming(bounds: Bounds, byzantine: tuple[int, ...]) -> Comparison:
    """Compare one representative of each place and its renamed images with all of them."""
    full, reduced = _Explored(bounds, byzantine), _Explored(bounds, byzantine, renamed=True)
    federation, images = reduced.federation, list(reduced.found.places)
    for place in reduced.found.places:
        images.extend(
            federation.renamed(place, number) for number in range(len(federation.renamings))
        )
    what = f"{bounds.views} views, Byzantine {byzantine}, up to {len(federation.renamings)} names"
    return _compared(what, full, reduced, full.projected(), reduced.projected(images))


def one_after_another(bounds: Bounds, byzantine: tuple[int, ...]) -> Comparison:
    """Compare the second height explored after each block of the first with both at once."""
    full = _Explored(bounds, byzantine)
    stages = [_Explored(bounds, byzantine, settled=name) for name in VALID_NAMES]
    of_full = frozenset(
        tuple(_above(platform) for platform in place)
        for place in full.projected()
        if any(decided for _, _, decided in place)
    )
    of_stages = frozenset(
        place
        for stage in stages
        for place in stage.projected()
        if any(decided for _, _, decided in place)
    )
    what = f"two heights of {bounds.views} views, Byzantine {byzantine}"
    return _compared(what, full, stages[0], of_full, of_stages)


def _above(platform: Platform) -> Platform:
    """Return a platform with nothing of the first height but its decision."""
    state, signed, decided = platform
    if state.height == 1:
        n, me = state.config.n, state.config.me
        return evolve(state, agreement=begin(n, me, 1, no_slots(n))), frozenset(), ()
    return state, frozenset(each for each in signed if each.height > 1), decided


def long_comparisons() -> Iterator[Comparison]:
    """Yield the comparisons that take too long for tests."""
    apart = ALL - {Forget.AHEAD, Forget.TIMERS}
    yield forgetting(Bounds(1, 2, 2, 0), (), Forget)
    for byzantine in (0, 1):
        yield forgetting(Bounds(1, 1, 3, 1), (byzantine,), apart)
        for one in (Forget.PREPARES, Forget.COMMITS, Forget.AHEAD):
            yield forgetting(Bounds(1, 1), (byzantine,), [one])
    yield forgetting(Bounds(1, 2), (0,), [Forget.VIEW_CHANGES])
    yield forgetting(Bounds(1, 2), (1,), [Forget.PROPOSALS, Forget.JUSTIFICATION])
    yield forgetting(Bounds(1, 2), (2,), [Forget.SIGNERS])
    for byzantine in range(4):
        yield renaming(Bounds(1, 2), (byzantine,))
        yield one_after_another(Bounds(2, 1), (byzantine,))


def main() -> int:
    """Make the long comparisons; return 0 if all agree."""
    agreed = True
    for found in long_comparisons():
        agreed = agreed and found.agrees
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
