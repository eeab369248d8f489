"""The moves of a platform in each state, as a table, found by stepping the real code.

A platform's step depends only on its own state and on its event.
So the moves of a state are found once, for every placement of Byzantine platforms and every state
of the others; whether a move is possible depends only on which statements exist.
Every step taken here is checked before anything is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from web4core.effects import Decide, Effect, Sign
from web4core.events import Event
from web4core.messages import BINDING, Decided
from web4core.replica import State, Transition
from web4core.types import Digest
from web4proofs.explore.canonical import ALL, Forgotten, canonical
from web4proofs.explore.event_tree import Node, tree_of
from web4proofs.explore.message_set import Bits, Offers
from web4proofs.explore.oracle import Broken, of_a_step
from web4proofs.explore.stimuli import Cue, Hear, Path, event_of
from web4proofs.explore.subject import Bounds, Subject


@frozen(eq=False)
class Move:
    """A path of a platform in one state, and the state after it.

    `to` is an index of the table; `needs` are the offers that must be possible; `signed` are the
    statements that the platform made on the way; `decided` are the blocks that it decided.
    """

    path: Path
    needs: Bits
    to: int
    signed: Bits
    decided: tuple[Digest, ...]
    broken: tuple[Broken, ...]


@frozen(eq=False)
class Arena:
    """The scope of an exploration: code, bounds, messages, and the forgotten parts of states.

    `settled` are blocks, one for each height from 1 on, that were decided before the exploration
    begins; a platform below them does nothing but receive them.
    """

    subject: Subject
    bounds: Bounds
    offers: Offers
    what: Forgotten = ALL
    settled: tuple[Digest, ...] = ()


@frozen
class _PathSoFar:
    """The result of a path so far."""

    state: State
    path: Path = ()
    signed: Bits = 0
    decided: tuple[Digest, ...] = ()
    broken: tuple[Broken, ...] = ()


class Table:
    """All states of platforms that were reached, by index, and the moves of each."""

    def __init__(
        self, arena: Arena, step: Callable[[State, Event], Transition] | None = None
    ) -> None:
        """`step` replaces the subject's step function, for example to trace it."""
        self.arena = arena
        self._step = step or arena.subject.step
        self.steps = 0
        """The number of calls of the step function."""
        self._states: list[State] = []
        self._index: dict[State, int] = {}
        self._moves: dict[int, tuple[Move, ...]] = {}
        bounds, offers = arena.bounds, arena.offers
        self._trees = [tree_of(offers, bounds, me, arena.what) for me in range(bounds.n)]

    def __len__(self) -> int:
        return len(self._states)

    def index(self, state: State) -> int:
        """Return the index of a state, in its canonical form."""
        bare = canonical(state, self.arena.bounds.heights, self.arena.what)
        found = self._index.get(bare)
        if found is None:
            found = self._index[bare] = len(self._states)
            self._states.append(bare)
        return found

    def state(self, index: int) -> State:
        """Return the state with an index."""
        return self._states[index]

    def moves(self, index: int) -> tuple[Move, ...]:
        """Return all moves of a state; leave out those that need more than another to that end."""
        found = self._moves.get(index)
        if found is None:
            found = self._moves[index] = _least(tuple(self._search(index)))
        return found

    def all_moves(self) -> Iterator[tuple[int, Move]]:
        """Yield every move that was found, with the index of its state."""
        for index, moves in self._moves.items():
            for move in moves:
                yield index, move

    def _search(self, index: int) -> Iterator[Move]:
        state = self._states[index]
        if state.height > self.arena.bounds.heights:
            return
        repeats = self._standing(state)
        for node in self._trees[state.config.me]:
            if state.height <= len(self.arena.settled) and not _tells_decision(
                node.cue, state.height
            ):
                continue
            yield from self._walk(index, repeats, _PathSoFar(state), node)

    def _standing(self, state: State) -> Bits:
        """Return the platform's statements of its view, which it may repeat at any time."""
        said = state.agreement.said
        drafts = (said.view_change, said.proposal, said.prepare, said.commit)
        return self.arena.offers.statements.bits(
            draft.statement for draft in drafts if draft is not None
        )

    def _walk(self, index: int, repeats: Bits, done: _PathSoFar, node: Node) -> Iterator[Move]:
        """Follow a path to its first step that changes the state for good."""
        event = event_of(node.cue, done.state)
        if event is None:
            return
        then = self._stepped(done, node.cue, event)
        to = index if _quiet(done.state, then.state, self.arena.what) else self.index(then.state)
        signed = then.signed & ~repeats
        if then.broken or to != index or signed:
            if then.broken or not self._is_beyond(then.state):
                yield Move(then.path, node.needs, to, signed, then.decided, then.broken)
            return
        for below in node.after.values():
            yield from self._walk(index, repeats, then, below)

    def _is_beyond(self, state: State) -> bool:
        bounds = self.arena.bounds
        return state.height <= bounds.heights and state.agreement.view >= bounds.views

    def _stepped(self, done: _PathSoFar, cue: Cue, event: Event) -> _PathSoFar:
        self.steps += 1
        path = (*done.path, cue)
        try:
            transition = self._step(done.state, event)
        except Exception as error:  # noqa: BLE001  A-EVENT-4: it raises nothing
            return _PathSoFar(
                done.state, path, broken=(Broken("A-EVENT-4", f"step raises {error!r}"),)
            )
        signed, decided = self._said(transition.effects)
        return _PathSoFar(
            transition.state,
            path,
            done.signed | signed,
            done.decided + decided,
            of_a_step(done.state, transition.state, transition.effects, self.arena.offers.blocks),
        )

    def _said(self, effects: tuple[Effect, ...]) -> tuple[Bits, tuple[Digest, ...]]:
        """Return the statements within the bounds that a step made, and the blocks it decided."""
        offers = self.arena.offers
        signed: Bits = 0
        decided: list[Digest] = []
        for effect in effects:
            if isinstance(effect, Decide):
                decided.append(effect.block.digest)
            elif isinstance(effect, Sign) and effect.draft.statement.kind in BINDING:
                statement = effect.draft.statement
                if statement.height <= self.arena.bounds.heights:
                    if statement.kind in _OF_BLOCKS:
                        offers.blocks.of(statement.digest)
                    signed |= offers.statements.bit(statement)
        return signed, tuple(decided)


_OF_BLOCKS = BINDING[:3]
"""The kinds of statements that name a block."""


def _tells_decision(cue: Cue, height: int) -> bool:
    """Return whether a platform at this height receives that height's decided block."""
    if not isinstance(cue, Hear) or not isinstance(cue.offer.message, Decided):
        return False
    return cue.offer.message.block.header.height == height


def _quiet(before: State, after: State, what: Forgotten) -> bool:
    """Return whether quick checks show that only forgotten parts of the state changed."""
    if what != ALL:
        return False
    was, now = before.agreement, after.agreement
    return (
        now.said is was.said
        and now.lock is was.lock
        and now.view == was.view
        and after.tip is before.tip
        and after.pool is before.pool
        and (was.said.prepare is was.said.commit or now.slots.proposals is was.slots.proposals)
    )


def _least(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Leave out the moves that need more than another one to the same end."""
    found: dict[object, list[Move]] = {}
    for move in moves:
        same = found.setdefault((move.to, move.signed, move.decided, move.broken), [])
        if any(not other.needs & ~move.needs for other in same):
            continue
        same[:] = [other for other in same if move.needs & ~other.needs]
        same.append(move)
    return tuple(move for same in found.values() for move in same)
