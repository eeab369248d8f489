"""The run of a federation after GST, when messages arrive and timers run out in order.

The run is deterministic: every platform resumes and every message arrives; when none is on its way,
the timers that are due first run out.
Byzantine platforms take no part any more, except for the harm that a `Parting` describes.
All steps are steps of the real code on whole states. Many runs soon meet in the same state, so
a state of rest that was seen before is not followed again; this makes progress affordable.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from attrs import evolve, frozen

from web4core.effects import Effect, Fetch, Send, Sign
from web4core.events import Elapsed, Event, Received, Resumed, Timer, TimerKind
from web4core.messages import (
    Certificate,
    Decided,
    Kind,
    Message,
    Proposal,
    Statement,
    ViewChange,
    Vote,
    prepared_reference,
    with_signature,
)
from web4core.replica import State
from web4core.types import Digest, View
from web4proofs.explore.blocks import BEHIND, Blocks, clock_ms
from web4proofs.explore.canonical import canonical
from web4proofs.explore.message_set import FORGOTTEN
from web4proofs.explore.subject import Stage, Subject

MAX_ROUNDS: Final = 16
"""View timers that may run out in succession before a run counts as stuck."""

FAR_VIEW: Final = View(1_000)
"""A view that no honest platform reaches."""

_SOONEST_FIRST: Final = (TimerKind.PROPOSE, TimerKind.SYNC, TimerKind.RESEND)
"""The timers that run out before any view timer, given the delays in the default settings."""


class Parting(enum.Enum):
    """The messages that were received before GST, and the last harm of Byzantine platforms."""

    NOTHING = "nothing of what was said before has been heard, and Byzantine platforms are silent"
    COMMITS = "all COMMITs of before have been heard, and Byzantine platforms are silent"
    EVERYTHING = "all that was said before has been heard, and Byzantine platforms are silent"
    STRIPPED = "whoever is Byzantine passes every proposal on without its certificate, and is first"
    JUNK = "Byzantine platforms have filled their slots with messages of a view far away"


Rest: TypeAlias = tuple[int, ...]
"""The states of all honest platforms while no message is on its way."""


@frozen
class _Ask:
    """A request of a platform to another one for decided blocks."""

    height: int
    by: int


Item: TypeAlias = "int | Timer | _Ask | None"
"""An event at a platform: a message by index, a timer, a request, or None for its start."""

Queue: TypeAlias = "deque[tuple[int, Item]]"
"""The events on their way, each with the position of the platform that it goes to."""


@frozen
class _Stepped:
    """A state after an event, and the events that it sends."""

    to: int
    out: tuple[tuple[int, Item], ...]


class RunsAfterGst:
    """Runs of the honest platforms of one stage until all of them have decided."""

    def __init__(self, subject: Subject, stage: Stage, blocks: Blocks) -> None:
        self.subject = subject
        self.stage = stage
        self.blocks = blocks
        self.steps = 0
        self.log: list[tuple[int, Event]] | None = None
        """Every event of a run with its platform, if set; a run that is known already logs none."""
        self._positions = {index: at for at, index in enumerate(stage.honest)}
        self._states: list[State] = []
        self._index: dict[State, int] = {}
        self._messages: list[Message] = []
        self._message_index: dict[Message, int] = {}
        self._memo: dict[tuple[int, Item], _Stepped] = {}
        self._rounds: dict[Rest, int | None] = {}
        self._begun: dict[tuple[Rest, tuple[int, ...]], int | None] = {}
        self._parting = Parting.NOTHING

    def rounds(self, states: Rest, heard: tuple[int, ...], parting: Parting) -> int | None:
        """Return the rounds of view timers from these states to a decision; None if it is stuck.

        `heard` are the messages that all have received before they resume.
        Results for one parting are forgotten when another one is asked for.
        """
        if parting is not self._parting:
            self._parting = parting
            self._rounds.clear()
            self._begun.clear()
        key = (states, heard)
        if key not in self._begun:
            self._begun[key] = self._from_rest(self._begin(states, heard))
        return self._begun[key]

    def _begin(self, states: Rest, heard: tuple[int, ...]) -> Rest:
        """Let every platform receive these messages, and resume."""
        now = list(states)
        queue: Queue = deque()
        for at, _ in enumerate(now):
            for message in (*heard, *self._junk()):
                now[at] = self._step(now[at], message).to
        for at, _ in enumerate(now):
            self._take(now, at, None, queue)
        return self._flow(now, queue)

    def _junk(self) -> Iterator[int]:
        if self._parting is Parting.JUNK:
            for signer in sorted(self.stage.byzantine):
                for height in range(1, self.stage.bounds.heights + 1):
                    yield from map(self.message, _junk(signer, height))

    def _from_rest(self, rest: Rest) -> int | None:
        """Follow the run from one state of rest to the next until it is over or known."""
        trail: list[tuple[Rest, int]] = []
        seen: set[Rest] = set()
        used = 0
        while rest not in self._rounds:
            if self._is_over(rest):
                self._rounds[rest] = 0
                break
            if rest in seen or used > MAX_ROUNDS:
                self._rounds[rest] = None
                break
            seen.add(rest)
            then, cost = self._onward(rest)
            trail.append((rest, cost))
            used += cost
            rest = then
        ahead = self._rounds[rest]
        for before, cost in reversed(trail):
            ahead = None if ahead is None else ahead + cost
            self._rounds[before] = ahead
        return ahead

    def _is_over(self, rest: Rest) -> bool:
        heights = self.stage.bounds.heights
        return all(self._states[index].height > heights for index in rest)

    def _onward(self, rest: Rest) -> tuple[Rest, int]:
        """Return the next state of rest, and 1 if view timers had to run out for it, else 0."""
        for kind in _SOONEST_FIRST:
            then = self._fired(rest, kind, None)
            if then != rest:
                return then, 0
        views = [
            timer.view
            for index in rest
            for timer in self._states[index].armed
            if timer.kind is TimerKind.VIEW
        ]
        return self._fired(rest, TimerKind.VIEW, min(views, default=None)), 1

    def _fired(self, rest: Rest, kind: TimerKind, view: int | None) -> Rest:
        """Let every timer of this kind run out; of view timers, only those of this view."""
        states = list(rest)
        queue: Queue = deque()
        for at, index in enumerate(rest):
            for timer in self._states[index].armed:
                if timer.kind is kind and (view is None or timer.view == view):
                    self._take(states, at, timer, queue)
        return self._flow(states, queue)

    def _flow(self, states: list[int], queue: Queue) -> Rest:
        """Deliver until no message is on its way."""
        while queue:
            at, item = queue.popleft()
            if isinstance(item, _Ask):
                answer = self._answer(self._states[states[at]], item.height)
                queue.extend((item.by, message) for message in answer)
            elif isinstance(item, int) and self._parting is Parting.STRIPPED:
                self._take(states, at, self._stripped(item, at), queue)
            else:
                self._take(states, at, item, queue)
        return tuple(states)

    def _stripped(self, item: int, at: int) -> int:
        """Remove a proposal's certificate on its way, which its signature does not cover."""
        message = self._messages[item]
        if not isinstance(message, Proposal) or message.justification is None:
            return item
        if message.statement.signer == self.stage.honest[at]:
            return item
        return self.message(evolve(message, justification=None))

    def _take(self, states: list[int], at: int, item: Item, queue: Queue) -> None:
        stepped = self._step(states[at], item)
        states[at] = stepped.to
        queue.extend(stepped.out)

    def _step(self, index: int, item: Item) -> _Stepped:
        if self.log is not None:
            state = self._states[index]
            self.log.append((state.config.me, self._event(state, item)))
        found = self._memo.get((index, item))
        if found is None:
            state, heights = self._states[index], self.stage.bounds.heights
            transition = self.subject.step(state, self._event(state, item))
            self.steps += 1
            out = tuple(self._sent(state.config.me, transition.effects))
            after = transition.state
            if after.height > heights:
                after = canonical(after, heights)
            found = self._memo[index, item] = _Stepped(self.state(after), out)
        return found

    def _event(self, state: State, item: Item) -> Event:
        now_ms = clock_ms(state.height, BEHIND)
        if isinstance(item, int):
            return Received(self._messages[item], now_ms)
        if isinstance(item, Timer):
            return Elapsed(item, now_ms)
        return Resumed(now_ms)

    def _sent(self, me: int, effects: Iterable[Effect]) -> Iterator[tuple[int, Item]]:
        """Yield the outgoing messages and requests, without those of heights beyond the bounds."""
        heights = self.stage.bounds.heights
        for effect in effects:
            match effect:
                case Sign(draft=draft, to=to):
                    if draft.statement.height <= heights or draft.statement.kind is Kind.STATUS:
                        message = self.message(with_signature(draft, FORGOTTEN))
                        yield from ((at, message) for at in self._at((me, *to)))
                case Send(message=sent, to=to):
                    message = self.message(sent)
                    yield from ((at, message) for at in self._at(to))
                case Fetch(height=height, to=source):
                    yield from (
                        (at, _Ask(height, self._positions[me])) for at in self._at([source])
                    )
                case _:
                    pass

    def _answer(self, state: State, height: int) -> list[int]:
        """Return a platform's decided blocks from a height on, with their certificates."""
        blocks, found = self.blocks, []
        digest = state.tip.digest
        while digest in blocks.by_digest and blocks.of(digest).height >= height:
            block = blocks.of(digest).block
            signers = tuple((index, FORGOTTEN) for index in range(state.config.n))
            proof = Certificate(Kind.COMMIT, block.header.height, View(0), digest, signers)
            found.append(self.message(Decided(block, proof)))
            digest = blocks.of(digest).parent
        return found[::-1]

    def _at(self, platforms: Iterable[int]) -> Iterator[int]:
        return (self._positions[index] for index in platforms if index in self._positions)

    def state(self, state: State) -> int:
        """Return the index of a state."""
        found = self._index.get(state)
        if found is None:
            found = self._index[state] = len(self._states)
            self._states.append(state)
        return found

    def message(self, message: Message) -> int:
        """Return the index of a message."""
        found = self._message_index.get(message)
        if found is None:
            found = self._message_index[message] = len(self._messages)
            self._messages.append(message)
        return found


def _junk(signer: int, height: int) -> Iterator[Message]:
    """Yield messages of a far view; a slot that holds one takes no other of this signer."""
    for kind in (Kind.PREPARE, Kind.COMMIT):
        yield Vote(Statement(kind, height, FAR_VIEW, Digest(bytes(32)), signer), FORGOTTEN)
    reference = prepared_reference(None)
    statement = Statement(Kind.VIEW_CHANGE, height, FAR_VIEW, reference, signer)
    yield ViewChange(statement, FORGOTTEN, None, None)
