"""The exploration of every placement of Byzantine platforms, in parallel processes.

A part is one height of the chain with one placement. Heights are explored one after another, each
after every block that may have been decided below it; `heights` checks that this omits nothing.
Nothing is kept from an earlier run. Each process is forked, so it explores the code that the caller
has imported.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeAlias

from attrs import evolve, field, frozen

from web4core.events import Event
from web4core.replica import State, Transition
from web4process.signals import ENDING, HEARD, deaf_to
from web4process.workers import end_with_parent
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.blocks import VALID_NAMES, blocks_of
from web4proofs.explore.branches import Tracer
from web4proofs.explore.counterexample import Lost, deeds_to, stuck_after
from web4proofs.explore.execution import STUCK, Deed, Play
from web4proofs.explore.heights import entangled
from web4proofs.explore.itf import written
from web4proofs.explore.message_set import offers_of
from web4proofs.explore.moves import Arena, Table
from web4proofs.explore.oracle import Broken
from web4proofs.explore.progress import Progress
from web4proofs.explore.refinement import refinement
from web4proofs.explore.report import Counterexample, ExplorationResult, Part, Report
from web4proofs.explore.search import Federation, Found, Place, search
from web4proofs.explore.subject import Bounds, Subject, gate_of, given_checks
from web4proofs.explore.symmetry import renamings
from web4proofs.explore.transcript import transcript

DEFAULT_BOUNDS: Final = (Bounds(heights=1, views=3), Bounds(heights=2, views=2))
"""The bounds of `web4 check explore` without options."""

THOROUGH_VIEWS: Final = 2
"""Parts with at most so many views, or with the fewest requested, get all checks."""

MAX_PLACES: Final = 4_000_000
"""The limit of places of one part; 1 GiB is enough for so many."""

FAR: Final = 1 << 30
"""A depth that no part reaches."""


@frozen
class Tick:
    """The progress of one part."""

    part: int
    parts: int
    name: str
    phase: str
    known: int
    done: int


Told: TypeAlias = Callable[[Tick], None]
"""Called with the progress of every part; when a part is done, `known` equals `done`."""


@frozen
class Plan:
    """One part to be explored."""

    bounds: Bounds
    byzantine: tuple[int, ...]
    settled: str = ""
    """The names of the blocks decided before, from height 1 on."""
    subject: Subject = field(factory=Subject, repr=False)
    limit: int = MAX_PLACES
    thorough: bool = True
    """Whether to record branches, compare with the proved protocol, and try all partings. With
    many views these take too long and show nothing new."""
    partings: tuple[Parting, ...] = tuple(Parting)

    @property
    def tried(self) -> tuple[Parting, ...]:
        """The partings after which progress is checked."""
        costly = () if self.thorough else (Parting.EVERYTHING,)
        return tuple(each for each in self.partings if each not in costly)


def plans(
    bounds: Sequence[Bounds], subject: Subject, *, together: bool = False, limit: int = MAX_PLACES
) -> tuple[Plan, ...]:
    """Return the parts of an exploration, the largest first.

    Of several heights, each is explored after every block below it, and all at once with one view.
    With `together` all are explored at once with all views, which takes far longer.
    """
    few = max(THOROUGH_VIEWS, min(each.views for each in bounds))
    found = [
        Plan(stage, byzantine, settled, subject, limit, thorough=stage.views <= few)
        for each in bounds
        for stage, settled in _stages(each, alike=subject.alike, together=together)
        for byzantine in stage.placements()
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda plan: -plan.bounds.views))


def _stages(bounds: Bounds, *, alike: bool, together: bool) -> Iterator[tuple[Bounds, str]]:
    if together or bounds.heights == 1:
        yield bounds, ""
        return
    yield evolve(bounds, views=1), ""
    names = VALID_NAMES[:1] if alike else VALID_NAMES  # after B it is the same as after A
    for below in range(bounds.heights):
        for settled in itertools.product(names, repeat=below):
            yield evolve(bounds, heights=below + 1), "".join(settled)


def explore(
    bounds: Sequence[Bounds] = DEFAULT_BOUNDS,
    told: Told = lambda _tick: None,
    subject: Subject | None = None,
    *,
    jobs: int | None = None,
    together: bool = False,
    limit: int = MAX_PLACES,
) -> Report:
    """Explore everything within these bounds. With one job, this process does all the work."""
    began_s = time.perf_counter()
    todo = plans(bounds, subject or Subject(), together=together, limit=limit)
    workers = min(jobs or os.cpu_count() or 1, len(todo))
    parts = _one_by_one(todo, told) if workers == 1 else _side_by_side(todo, told, workers)
    return Report(version("web4"), parts, time.perf_counter() - began_s)


# --- one part ----------------------------------------------------------------------------------


def part_of(
    plan: Plan,
    told: Callable[[str, int, int], None] = lambda _phase, _known, _done: None,
    deepest: Callable[[], int] = lambda: FAR,
) -> Part:
    """Explore one part in this process."""
    tracer = Tracer()
    federation = federation_of(plan, tracer if plan.thorough else None)
    found = search(federation, plan.limit, lambda known, done: told("states", known, done), deepest)
    part = _searched(plan, federation, found)
    if found.broken is not None:
        return _traced(_broken(part, federation, found), tracer)
    if not found.complete:
        full = len(found.places) > plan.limit
        reason = "bound reached" if full else "something nearer is broken"
        return _traced(evolve(part, verdict=ExplorationResult.INCONCLUSIVE, reason=reason), tracer)
    began_s = time.perf_counter()
    part = _compared(plan, part, federation)
    part = _progressed(plan, part, federation, found, told)
    return _traced(evolve(part, progress_seconds=time.perf_counter() - began_s), tracer)


def federation_of(plan: Plan, tracer: Tracer | None = None) -> Federation:
    """Return the honest platforms of a part, at its beginning."""
    subject, bounds = plan.subject, plan.bounds
    blocks = blocks_of(subject, bounds)
    by_name = {known.name: known.block.digest for known in blocks.by_digest.values()}
    settled = tuple(by_name[plan.settled[:end]] for end in range(1, len(plan.settled) + 1))
    offers = offers_of(gate_of(subject, bounds.n), blocks, bounds, given_checks(subject, bounds.n))
    step = subject.step if tracer is None else _noting(subject.step, tracer)
    arena = Arena(subject, bounds, offers, settled=settled)
    byzantine = frozenset(plan.byzantine)
    alike = renamings(blocks, bounds, byzantine, settled) if subject.alike else ()
    return Federation(Table(arena, step), byzantine, alike)


def _noting(
    step: Callable[[State, Event], Transition], tracer: Tracer
) -> Callable[[State, Event], Transition]:
    def noted(state: State, event: Event) -> Transition:
        with tracer.on():
            return step(state, event)

    return noted


def _searched(plan: Plan, federation: Federation, found: Found) -> Part:
    return Part(
        plan.bounds,
        plan.byzantine,
        plan.settled,
        ExplorationResult.HOLDS if found.transitions else ExplorationResult.BROKE_OFF,
        reason="" if found.transitions else "nothing was explored",
        places=len(found.places),
        locals=len(federation),
        states=len(federation.table),
        steps=federation.table.steps,
        transitions=found.transitions,
        depth=len(found.depths),
        renamings=len(federation.renamings),
        search_seconds=found.seconds,
        refused=dict(federation.arena.offers.refused),
    )


def _traced(part: Part, tracer: Tracer) -> Part:
    memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return evolve(part, arcs=tracer.arcs, memory_bytes=memory_bytes)


def _broken(part: Part, federation: Federation, found: Found) -> Part:
    chain = found.chain(found.at)
    broken = found.broken or Broken("", "")
    return _shown(part, federation, lambda: deeds_to(federation, chain), broken, len(chain) - 1)


def _compared(plan: Plan, part: Part, federation: Federation) -> Part:
    """Return the part, broken if a reduction or the proofs do not fit what was explored."""
    apart = entangled(federation.table)
    if apart is not None:
        return evolve(part, verdict=ExplorationResult.INCONCLUSIVE, reason=str(apart))
    if not plan.thorough:
        return part
    found = refinement(federation)
    if found.broken is not None:
        part = evolve(part, verdict=ExplorationResult.INCONCLUSIVE, reason=str(found.broken))
    return evolve(part, refined=found.checked)


def _progressed(
    plan: Plan,
    part: Part,
    federation: Federation,
    found: Found,
    told: Callable[[str, int, int], None],
) -> Part:
    progress = Progress(federation)
    rounds: dict[str, dict[int, int]] = {}
    doubtful = part
    for parting in plan.tried:
        outcome = progress.outcome(
            found.places, parting, lambda known, done: told("progress", known, done)
        )
        rounds[parting.name.lower()] = outcome.places
        for at in outcome.stuck:
            doubtful = _stuck(part, progress, found.chain(at), parting)
            if doubtful.verdict is ExplorationResult.STUCK:
                return doubtful
    return evolve(doubtful, rounds=rounds)


def _stuck(part: Part, progress: Progress, chain: Sequence[Place], parting: Parting) -> Part:
    """Return the part with a run to the end of this chain after which no decision comes."""
    broken = Broken(STUCK, parting.value)
    federation = progress.federation
    return _shown(
        part, federation, lambda: stuck_after(progress, chain, parting), broken, len(chain) - 1
    )


def _shown(
    part: Part,
    federation: Federation,
    find: Callable[[], tuple[Deed, ...]],
    broken: Broken,
    moves: int,
) -> Part:
    """Return the part with its counterexample, which the plain code has confirmed first."""
    try:
        deeds = find()
    except Lost as error:
        reason = f"{broken}; but the plain code does not follow: {error}"
        return evolve(part, verdict=ExplorationResult.INCONCLUSIVE, reason=reason)
    play = Play(federation.arena.subject, federation.stage)
    trace = written(play, deeds, part.name)
    if play.broken is None:
        reason = f"{broken}; but not when the plain code is run"
        return evolve(part, verdict=ExplorationResult.INCONCLUSIVE, reason=reason)
    verdict = ExplorationResult.STUCK if play.broken.clause == STUCK else ExplorationResult.FAILS
    shown = Counterexample(play.broken, moves, trace, transcript(play))
    return evolve(part, verdict=verdict, reason=str(play.broken), counterexample=shown)


# --- all parts ---------------------------------------------------------------------------------


def _one_by_one(todo: Sequence[Plan], told: Told) -> tuple[Part, ...]:
    nearest = FAR
    parts: list[Part] = []
    for number, plan in enumerate(todo):
        part = _attempt(plan, _teller(told, number, len(todo), plan), _constantly(nearest))
        nearest = min(nearest, _distance(part))
        parts.append(part)
        told(Tick(number, len(todo), part.name, "done", part.places, part.places))
    return tuple(parts)


def _constantly(value: int) -> Callable[[], int]:
    return lambda: value


def _teller(told: Told, number: int, parts: int, plan: Plan) -> Callable[[str, int, int], None]:
    name = Part(plan.bounds, plan.byzantine, plan.settled, ExplorationResult.HOLDS).name
    return lambda phase, known, done: told(Tick(number, parts, name, phase, known, done))


def _distance(part: Part) -> int:
    """Return the moves to the broken place, which bound the search of all other parts."""
    if part.counterexample is None or part.verdict is not ExplorationResult.FAILS:
        return FAR
    return part.counterexample.moves


def _attempt(plan: Plan, told: Callable[[str, int, int], None], deepest: Callable[[], int]) -> Part:
    try:
        return part_of(plan, told, deepest)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  reported as BROKE_OFF, whatever a variant raises
        error = traceback.format_exc()
        return Part(plan.bounds, plan.byzantine, plan.settled, ExplorationResult.BROKE_OFF, error)


def _side_by_side(todo: Sequence[Plan], told: Told, workers: int) -> tuple[Part, ...]:
    """Explore each part in a process of its own, so many at a time."""
    context = multiprocessing.get_context("fork")
    nearest = context.Value("q", FAR)
    waiting = list(enumerate(todo))
    running: dict[Connection, tuple[int, Any]] = {}
    parts: dict[int, Part] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                number, plan = waiting.pop(0)
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(
                    target=_work, args=(number, len(todo), plan, sender, nearest), daemon=True
                )
                with deaf_to(*ENDING):
                    process.start()
                    running[receiver] = (number, process)
                sender.close()
            for ready in wait(list(running)):
                if isinstance(ready, Connection):
                    _receive(ready, running, parts, todo, told)
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()
    return tuple(parts[number] for number in range(len(todo)))


def _receive(
    ready: Connection,
    running: dict[Connection, tuple[int, Any]],
    parts: dict[int, Part],
    todo: Sequence[Plan],
    told: Told,
) -> None:
    number, process = running[ready]
    try:
        word = ready.recv()
    except EOFError:
        plan, reason = todo[number], "its process ended without a word"
        word = Part(plan.bounds, plan.byzantine, plan.settled, ExplorationResult.BROKE_OFF, reason)
    if isinstance(word, Tick):
        told(word)
        return
    parts[number] = word
    told(Tick(number, len(todo), word.name, "done", word.places, word.places))
    del running[ready]
    ready.close()
    process.join()


def _work(number: int, parts: int, plan: Plan, sender: Connection, nearest: Any) -> None:
    """Explore one part in a worker process, which ignores Ctrl-C and ends when terminated."""
    for ending in HEARD:
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
    end_with_parent()
    part = _attempt(plan, _teller(sender.send, number, parts, plan), lambda: nearest.value)
    with nearest.get_lock():
        nearest.value = min(nearest.value, _distance(part))
    sender.send(part)
    sender.close()
