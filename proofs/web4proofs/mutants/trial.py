"""Whether a proof catches a mutant: each is tried in a process of its own.

The process is forked from one that has not imported `web4core`, puts the mutant in place, and tries
the theorems that execute the changed function, the quickest first, until one does not hold.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from attrs import define, frozen

from web4proofs.mutants.install import install
from web4proofs.mutants.operators import Mutant

LIMIT_S = 300.0
"""A mutant whose proofs take longer runs in circles: that is seen, and so it is caught."""

OUT_OF_TIME = "out of time"
IMPORT_FAILS = "import"


@frozen
class Trial:
    """What became of a mutant. `caught_by` is a theorem's id, or how else it showed, or None."""

    mutant: Mutant
    caught_by: str | None
    how: str
    seconds: float


Coverage = Mapping[str, tuple[str, ...]]
"""The theorems that execute a function, by its full name."""


def coverage(jobs: int | None = None) -> Coverage:
    """Which theorems execute which function, seen by proving them all on the unbroken code.

    Runs in a process of its own, so that this one stays without `web4core`.
    Raises `ValueError` if a theorem does not hold, since then every mutant would seem caught.
    """
    receiver, sender = _context().Pipe(duplex=False)
    process = _context().Process(target=_tell_coverage, args=(sender, jobs))
    process.start()
    sender.close()
    told = _received(receiver)
    process.join()
    if not isinstance(told, dict):
        raise ValueError(f"the theorems do not hold on the unbroken code: {told}")
    return told


def _tell_coverage(sender: Connection, jobs: int | None) -> None:
    from web4proofs.catalogue import theorems  # noqa: PLC0415
    from web4proofs.running import Verdict, run  # noqa: PLC0415

    attempts = run(theorems(), theorems, lambda _done: None, jobs)
    bad = [each.theorem.id for each in attempts if each.verdict is not Verdict.HOLDS]
    found: dict[str, list[str]] = {}
    for attempt in sorted(attempts, key=lambda each: each.seconds):
        for executed in attempt.outcome.executed:
            found.setdefault(executed.name, []).append(attempt.theorem.id)
    sender.send(", ".join(bad) if bad else {name: tuple(ids) for name, ids in found.items()})


def trials(
    mutants: Iterable[Mutant], covered: Coverage, jobs: int | None = None
) -> Iterator[Trial]:
    """Try mutants, several at a time; each as it is done."""
    waiting = iter(mutants)
    running: dict[Connection, _Running] = {}
    room = jobs or os.cpu_count() or 1
    while True:
        while len(running) < room and (mutant := next(waiting, None)) is not None:
            started = _start(mutant, covered)
            running[started.receiver] = started
        if not running:
            return
        yield from _finished(running)


@define
class _Running:
    mutant: Mutant
    process: ForkProcess
    receiver: Connection
    began_s: float


def _start(mutant: Mutant, covered: Coverage) -> _Running:
    name = f"{mutant.module}.{mutant.function}"
    receiver, sender = _context().Pipe(duplex=False)
    process = _context().Process(target=_try, args=(mutant, covered.get(name, ()), sender))
    process.start()
    sender.close()
    return _Running(mutant, process, receiver, time.monotonic())


def _finished(running: dict[Connection, _Running]) -> Iterator[Trial]:
    ready = wait(list(running), timeout=1.0)
    now_s = time.monotonic()
    for receiver in list(running):
        each = running[receiver]
        spent_s = now_s - each.began_s
        if receiver in ready:
            caught_by, how = _verdict(receiver)
        elif spent_s > LIMIT_S:
            each.process.kill()
            caught_by, how = OUT_OF_TIME, f"no end within {LIMIT_S:.0f} s"
        else:
            continue
        each.process.join()
        del running[receiver]
        yield Trial(each.mutant, caught_by, how, spent_s)


def _verdict(receiver: Connection) -> tuple[str | None, str]:
    told = _received(receiver)
    if not isinstance(told, tuple):
        return IMPORT_FAILS, "the process ended without a word"
    caught_by, how = told
    return caught_by, how


def _received(receiver: Connection) -> object:
    try:
        return receiver.recv()
    except EOFError:
        return None
    finally:
        receiver.close()


def _try(mutant: Mutant, asked: Sequence[str], sender: Connection) -> None:
    install(mutant.module, mutant.source)
    try:
        from web4proofs.catalogue import theorems  # noqa: PLC0415
        from web4proofs.reports import failures_of  # noqa: PLC0415
        from web4proofs.running import Verdict, attempt  # noqa: PLC0415

        found = theorems()
    except Exception as error:  # noqa: BLE001  a mutant may break anything
        sender.send((IMPORT_FAILS, f"{type(error).__name__}: {error}"))
        return
    by_id = {theorem.id: theorem for theorem in found}
    for theorem in (by_id[identity] for identity in asked):
        done = attempt(theorem)
        if done.verdict is not Verdict.HOLDS:
            sender.send((theorem.id, failures_of(done)[0].found))
            return
    sender.send((None, ""))


def _context() -> multiprocessing.context.ForkContext:
    return multiprocessing.get_context("fork")
