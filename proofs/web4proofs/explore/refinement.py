"""Refinement: each move of the shipped code is a step of the proved abstract protocol.

The protocol is that of `web4proofs.agreement.model`, over finitely many platforms, views and
digests. A move must be a sequence of permitted actions in which the platform casts exactly the
statements that the move signed, and ends with exactly the lock that the move left.
The others are assumed to have cast only the statements that the move needs. Certificates require
statements and never the absence of others, so an action that is permitted then is permitted always.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from attrs import evolve, frozen

from web4core.messages import Kind, Statement, prepared_reference
from web4proofs.agreement import finite, model
from web4proofs.agreement.finite import Point, Step, World
from web4proofs.agreement.logic import Relation
from web4proofs.agreement.taken import RELATION_OF, casting, fewest, step_of
from web4proofs.explore.message_set import Bits
from web4proofs.explore.moves import Move
from web4proofs.explore.oracle import Broken
from web4proofs.explore.search import Federation, Local
from web4proofs.explore.stimuli import Hear

CITED = "refinement"

_ORDER = (Kind.VIEW_CHANGE, Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT)
"""The order in which one move may cast statements of several kinds (C-FLOW-1)."""


@frozen
class Refinement:
    """The number of moves checked, and the first that is no step of the protocol."""

    checked: int
    broken: Broken | None


def refinement(federation: Federation) -> Refinement:
    """Check every move of a completed search."""
    refining = _Refining(federation)
    broken = next(refining.failures(), None)
    return Refinement(refining.checked, broken)


class _Refining:
    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.offers = federation.arena.offers
        self.bounds = federation.arena.bounds
        self.checked = 0
        names = {digest: known.name for digest, known in self.offers.blocks.by_digest.items()}
        for statement in self.offers.statements.all():
            names.setdefault(statement.digest, statement.digest.hex()[:8])
        names.setdefault(prepared_reference(None), "none")
        self.names = names
        self.world = finite.federation(
            self.bounds.n,
            federation.byzantine,
            views=self.bounds.views,
            digests=tuple(dict.fromkeys(names.values())),
            heights=tuple(range(1, self.bounds.heights + 1)),
            size=fewest(self.bounds.n),
        )

    def failures(self) -> Iterator[Broken]:
        """Yield every move that is no step of the protocol."""
        for index, move in self.federation.taken():
            local = self.federation.local(index)
            me = self.federation.state(index).config.me
            for others in self._shown(move):
                self.checked += 1
                found = self._refused(me, local, move, others)
                if found is not None:
                    yield Broken(CITED, f"platform {me}: {found}")

    def _shown(self, move: Move) -> Iterator[Bits]:
        """Yield the statements of others that a move needs, for each way to make its messages."""
        heard = [cue.offer.ways for cue in move.path if isinstance(cue, Hear)]
        for number in range(max((len(ways) for ways in heard), default=1)):
            needs: Bits = 0
            for ways in heard:
                needs |= ways[min(number, len(ways) - 1)][0]
            yield needs

    def _refused(self, me: int, local: Local, move: Move, others: Bits) -> str | None:
        """Return why a move is no sequence of permitted actions; None if it is exactly one."""
        after = self.federation.moved(local, move)
        world = self._world(me, local, others)
        news = [
            each
            for each in self.offers.statements.of(move.signed & ~local.signed)
            if each.kind in _ORDER
        ]
        for statement in sorted(news, key=lambda each: (each.height, _ORDER.index(each.kind))):
            step = self._permitted(world, self._candidates(me, world, statement))
            if step is None:
                return f"{statement.kind.name} for {self.names[statement.digest]} is no such step"
            world = finite.after(step, world)
        for digest in move.decided:
            if self._permitted(world, self._decisions(me, digest)) is None:
                return f"the decision on {self.names[digest]} is no such step"
        expected = self._world(me, after, others)
        for relation in (*RELATION_OF.values(), model.left, model.locked):
            if world.facts[relation] != expected.facts[relation]:
                return f"it leaves another '{relation.name}' than its steps do"
        return None

    def _permitted(self, world: World, steps: Iterator[Step]) -> Step | None:
        return next((step for step in steps if not finite.refused(step, world)), None)

    def _candidates(self, me: int, world: World, statement: Statement) -> Iterator[Step]:
        name = self.names[statement.digest]
        return casting(statement.kind, me, statement.height, statement.view, name, world)

    def _decisions(self, me: int, digest: bytes) -> Iterator[Step]:
        elements = self.world.elements
        height, name = self.offers.blocks.of(digest).height, self.names[digest]
        for view, quorum in itertools.product(elements[model.VIEW], elements[model.QUORUM]):
            yield step_of(model.DECIDE, me, height, view, name, quorum)

    # --- a platform's state as relations of the protocol ---

    def _world(self, me: int, local: Local, others: Bits) -> World:
        """Return a world with this platform's state and only the needed statements of others."""
        facts: dict[Relation, set[Point]] = {
            relation: set(points) for relation, points in self.world.facts.items()
        }
        said = self.offers.statements
        for each in (*said.of(local.signed), *said.of(others)):
            if each.signer not in self.federation.byzantine and each.kind in _ORDER:
                facts[RELATION_OF[each.kind]].add(
                    (each.signer, each.height, each.view, self.names[each.digest])
                )
        for height in range(1, self.bounds.heights + 1):
            facts[model.left].update((me, height, view) for view in self._left(local, height))
            facts[model.locked].update(self._locked(me, local, height))
        facts[model.judged_valid] = {
            (index, known.height, known.name)
            for index in range(self.bounds.n)
            for known in self.offers.blocks.by_digest.values()
            if known.valid
        }
        frozen = {relation: frozenset(points) for relation, points in facts.items()}
        return evolve(self.world, facts=frozen)

    def _left(self, local: Local, height: int) -> range:
        state = self.federation.table.state(local.state)
        if state.height == height:
            return range(state.agreement.view)
        entered = (each.view for each in self._signed(local, Kind.VIEW_CHANGE, height))
        return range(max(entered, default=0))

    def _locked(self, me: int, local: Local, height: int) -> Iterator[Point]:
        state = self.federation.table.state(local.state)
        lock = state.agreement.lock
        if state.height == height:
            held = None if lock is None else (lock.view, lock.digest)
        else:
            commits = self._signed(local, Kind.COMMIT, height)
            held = max(((each.view, each.digest) for each in commits), default=None)
        if held is not None:
            for view in range(held[0] + 1):
                yield (me, height, view, self.names[held[1]])

    def _signed(self, local: Local, kind: Kind, height: int) -> Iterator[Statement]:
        for each in self.offers.statements.of(local.signed):
            if (each.kind, each.height) == (kind, height):
                yield each
