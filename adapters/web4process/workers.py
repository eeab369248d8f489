"""Processes that work side by side: they end with the work, and with the process that started them.

No worker receives Ctrl-C, because a solver would take it for an answer; the process that started
the workers ends them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from queue import SimpleQueue
from typing import TypeVar

from web4process.signals import ENDING, HEARD, deaf_to

A = TypeVar("A")
B = TypeVar("B")

WATCH_S = 0.5
"""The interval at which a process checks whether the one that started it still runs."""


def _nothing() -> None:
    pass


@contextmanager
def working(
    work: Callable[[A], B], items: Sequence[A], workers: int, prepare: Callable[[], None] = _nothing
) -> Iterator[Iterator[tuple[A, Future[B]]]]:
    """The work on each item, as it is done in so many fresh processes; each `prepare`s once.

    All processes have ended when the block has, and at once if it raises.
    """
    others = set(multiprocessing.active_children())
    with deaf_to(signal.SIGHUP):  # the resource tracker cleans up after a hang-up, too
        resource_tracker.ensure_running()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin, (prepare,)) as pool:
        try:
            with deaf_to(*ENDING):  # none is half started
                done = as_done({pool.submit(work, item): item for item in items})
            yield done
        except BaseException:
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def as_done(futures: Mapping[Future[B], A]) -> Iterator[tuple[A, Future[B]]]:
    """Each item with its future, when that is done; to be called where no signal interrupts.

    A caller who waits here may be interrupted: it holds no lock of a future. `as_completed` does;
    the lock would then block the worker of the future, and with it the end of the process.
    """
    ended: SimpleQueue[Future[B]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    return ((futures[future], future) for future in (ended.get() for _ in range(len(futures))))


def _begin(prepare: Callable[[], None]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
    end_with_parent()
    prepare()


def end_with_parent() -> None:
    """End this process soon after the one that started it has ended, for any reason."""
    parent = multiprocessing.parent_process()
    pid = os.getppid() if parent is None else parent.pid
    threading.Thread(target=_watch, args=(pid,), daemon=True).start()


def _watch(parent: int | None) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)
