"""The search: all states of a federation with given Byzantine platforms, breadth first.

A state of the federation, a *place*, holds for each honest platform its state, all statements that
it ever made, and the blocks that it decided.
A place holds no statement of a Byzantine platform, since these may have been made at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from attrs import define, field, frozen

from web4core.messages import Kind
from web4core.replica import State
from web4core.types import Digest
from web4proofs.explore.message_set import Bits
from web4proofs.explore.moves import Move, Table
from web4proofs.explore.oracle import Broken, disagreement, twice, two_certificates
from web4proofs.explore.subject import Stage, fresh
from web4proofs.explore.symmetry import Renaming

Place: TypeAlias = tuple[int, ...]
"""The index of the `Local` of each honest platform, in order."""

Told: TypeAlias = Callable[[int, int], None]
"""Called now and then with the number of places found, and of places done."""

TELL_EVERY = 5_000
"""The number of places between two calls of `Told`."""


@frozen
class Local:
    """One honest platform: its state in the table, all that it signed, and what it decided."""

    state: int
    signed: Bits = 0
    decided: tuple[Digest, ...] = ()
    broken: tuple[Broken, ...] = ()
    """The properties that its last step broke."""


class Federation:
    """The honest platforms of one placement, their moves, and the properties of all together."""

    def __init__(
        self,
        table: Table,
        byzantine: frozenset[int],
        renamings: tuple[Renaming, ...] = (),
        *,
        judged: bool = True,
    ) -> None:
        """Without `judged`, no property counts as broken, so a search goes on."""
        self.table = table
        self.arena = table.arena
        self.stage = Stage(self.arena.bounds, byzantine, self.arena.settled)
        self.byzantine = byzantine
        self.honest = self.stage.honest
        self.renamings = renamings
        self._is_judged = judged
        self._renamed: list[dict[int, int]] = [{} for _ in renamings]
        self._positions = [self._permuted(renaming) for renaming in renamings]
        statements = self.arena.offers.statements
        self._theirs = statements.bits(
            each for each in statements.all() if each.signer in byzantine
        )
        self._last: Bits = 0
        self._settled = statements.bits(self.stage.settling())
        self._locals: list[Local] = []
        self._index: dict[Local, int] = {}
        self._after_local: dict[tuple[int, Bits], tuple[int, ...]] = {}
        self._possible: dict[Bits, Bits] = {}
        self._relevant: dict[int, Bits] = {}
        self._certified: dict[Bits, Broken | None] = {}
        self._consistent: dict[int, Broken | None] = {}
        self._voting: Bits = 0
        self._known = 0

    def _permuted(self, renaming: Renaming) -> tuple[int, ...]:
        """Return for each position the position of its platform's image."""
        return tuple(self.honest.index(renaming.platforms[index]) for index in self.honest)

    def __len__(self) -> int:
        return len(self._locals)

    def local(self, index: int) -> Local:
        """Return the platform with an index."""
        return self._locals[index]

    def state(self, index: int) -> State:
        """Return the state of the platform with an index."""
        return self.table.state(self._locals[index].state)

    def _index_of(self, local: Local) -> int:
        found = self._index.get(local)
        if found is None:
            found = self._index[local] = len(self._locals)
            self._locals.append(local)
        return found

    def start(self) -> Place:
        """Return the first place, where no platform has received anything."""
        subject, n = self.arena.subject, self.arena.bounds.n
        return tuple(
            self._index_of(Local(self.table.index(fresh(subject, n, index))))
            for index in self.honest
        )

    def said(self, place: Place) -> Bits:
        """Return all existing statements of honest platforms."""
        found: Bits = 0
        for index in place:
            found |= self._locals[index].signed
        return found

    def sayable(self, place: Place) -> Bits:
        """Return all statements that exist or that a Byzantine platform can make."""
        return self.said(place) | self._theirs | self._settled

    def _possible_at(self, place: Place) -> Bits:
        said = self.said(place)
        found = self._possible.get(said)
        if found is None:
            known = self._possible.get(self._last)
            sayable = self.sayable(place)
            if known is None or self._last & ~said:
                found = self.arena.offers.possible(sayable)
            else:
                found = known | self.arena.offers.possible_with(said & ~self._last, sayable)
            self._possible[said] = found
            self._last = said
        return found

    def after(self, place: Place) -> Iterator[Place]:
        """Yield the places one move away."""
        possible = self._possible_at(place)
        for position, index in enumerate(place):
            for to in self._after_one(index, possible):
                yield (*place[:position], to, *place[position + 1 :])

    def _after_one(self, index: int, possible: Bits) -> tuple[int, ...]:
        state = self._locals[index].state
        relevant = self._relevant.get(state)
        if relevant is None:
            relevant = 0
            for move in self.table.moves(state):
                relevant |= move.needs
            self._relevant[state] = relevant
        key = (index, possible & relevant)
        found = self._after_local.get(key)
        if found is None:
            moves = self._moves_of(index, possible)
            found = tuple(dict.fromkeys(self._moved(index, move) for move in moves))
            self._after_local[key] = found
        return found

    def _moves_of(self, index: int, possible: Bits) -> Iterator[Move]:
        moves = self.table.moves(self._locals[index].state)
        return (move for move in moves if not move.needs & ~possible)

    def _moved(self, index: int, move: Move) -> int:
        return self._index_of(self.moved(self._locals[index], move))

    def moved(self, local: Local, move: Move) -> Local:
        """Return a platform after a move."""
        return Local(move.to, local.signed | move.signed, local.decided + move.decided, move.broken)

    def taken(self) -> Iterator[tuple[int, Move]]:
        """Yield every move that a search made, once, with the platform that made it."""
        found: dict[tuple[int, int], tuple[int, Move]] = {}
        for index, possible in self._after_local:
            for move in self._moves_of(index, possible):
                found.setdefault((index, id(move)), (index, move))
        yield from found.values()

    def moves(self, place: Place) -> Iterator[tuple[int, Move, Place]]:
        """Yield the places one move away, each with the platform that moves and its move."""
        possible = self._possible_at(place)
        for position, index in enumerate(place):
            for move in self._moves_of(index, possible):
                to = self._moved(index, move)
                yield position, move, (*place[:position], to, *place[position + 1 :])

    def least(self, place: Place) -> Place:
        """Return the representative of a place and its renamed images: the least of them."""
        best = place
        for number in range(len(self.renamings)):
            image = self.renamed(place, number)
            best = min(best, image)
        return best

    def renamed(self, place: Place, number: int) -> Place:
        """Return the image of a place under the renaming with this number."""
        image = [0] * len(place)
        for position, index in zip(self._positions[number], place, strict=True):
            image[position] = self._renamed_local(index, number)
        return tuple(image)

    def images_of_platforms(self, place: Place) -> Iterator[Place]:
        """Yield the images of a place under the renamings of platforms alone."""
        for number, renaming in enumerate(self.renamings):
            if renaming.moves_platforms and not renaming.moves_blocks:
                yield self.renamed(place, number)

    def _renamed_local(self, index: int, number: int) -> int:
        found = self._renamed[number].get(index)
        if found is None:
            renaming, local = self.renamings[number], self._locals[index]
            state = renaming.state(self.table.state(local.state))
            found = self._index_of(
                Local(
                    self.table.index(state),
                    renaming.bits(local.signed, self.arena.offers.statements),
                    tuple(map(renaming.digest, local.decided)),
                    local.broken,
                )
            )
            self._renamed[number][index] = found
        return found

    def broken(self, place: Place) -> Broken | None:
        """Return a broken property of all honest platforms together; None if all hold."""
        if not self._is_judged:
            return None
        for index in place:
            if self._locals[index].broken:
                return self._locals[index].broken[0]
            found = self._twice(index)
            if found is not None:
                return found
        blocks = self.arena.offers.blocks
        decided = [self._locals[index].decided for index in place]
        if any(decided):
            found = disagreement(dict(zip(self.honest, decided, strict=True)), blocks)
            if found is not None:
                return found
        votes = self.said(place) & self._votes()
        if votes not in self._certified:
            self._certified[votes] = two_certificates(
                self.arena.offers.statements.of(votes),
                self.byzantine,
                self.arena.bounds.n,
                blocks,
            )
        return self._certified[votes]

    def _twice(self, index: int) -> Broken | None:
        """Find two conflicting statements of one platform."""
        if index not in self._consistent:
            statements = self.arena.offers.statements
            signed = statements.of(statements.conflicting(self._locals[index].signed))
            self._consistent[index] = twice(signed)
        return self._consistent[index]

    def _votes(self) -> Bits:
        """Return the statements from which certificates are made."""
        statements = self.arena.offers.statements
        if len(statements) != self._known:
            self._known = len(statements)
            kinds = (Kind.PREPARE, Kind.COMMIT)
            self._voting = statements.bits(each for each in statements.all() if each.kind in kinds)
        return self._voting


@define
class Found:
    """The result of a search."""

    places: list[Place] = field(repr=False)
    parents: list[int] = field(repr=False)
    """For each place, the place that it was reached from; -1 for the first."""
    depths: list[int] = field(repr=False)
    """The number of new places at each depth."""
    transitions: int = 0
    broken: Broken | None = None
    at: int = -1
    """The place at which a property is broken; -1 if none is."""
    complete: bool = False
    seconds: float = 0.0

    def depth(self, at: int) -> int:
        """Return the number of moves to a place."""
        return len(self.chain(at)) - 1

    def chain(self, at: int) -> list[Place]:
        """Return the places on the way to this one, from the start on."""
        found: list[Place] = []
        while at >= 0:
            found.append(self.places[at])
            at = self.parents[at]
        return found[::-1]


def search(
    federation: Federation, limit: int, told: Told, deepest: Callable[[], int] | None = None
) -> Found:
    """Search every reachable place, up to the nearest one at which a property is broken.

    `limit` bounds the places. `deepest` returns the present bound of moves; a search that reaches
    either bound is not complete.
    """
    began_s = time.perf_counter()
    first = federation.least(federation.start())
    found = Found([first], [-1], [])
    index = {first: 0}
    done = 0
    level_ends = 1
    while done < len(found.places):
        if done == level_ends:
            found.depths.append(len(found.places) - level_ends)
            level_ends = len(found.places)
            if deepest is not None and len(found.depths) >= deepest():
                break
        if not _expand(federation, found, index, done) or len(found.places) > limit:
            break
        done += 1
        if done % TELL_EVERY == 0:
            told(len(found.places), done)
    found.complete = found.broken is None and done == len(found.places)
    found.seconds = time.perf_counter() - began_s
    told(len(found.places), done)
    return found


def _expand(federation: Federation, found: Found, index: dict[Place, int], at: int) -> bool:
    """Add the places after one; return whether no property is broken there."""
    place = found.places[at]
    for after in federation.after(place):
        found.transitions += 1
        least = federation.least(after)
        if least in index:
            continue
        index[least] = len(found.places)
        found.places.append(least)
        found.parents.append(at)
        broken = federation.broken(least)
        if broken is not None:
            found.broken, found.at = broken, len(found.places) - 1
            return False
    return True
