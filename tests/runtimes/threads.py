"""The core in plain threads: one for each platform, with a queue as its inbox."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from tests.runtimes.member import CRYPTO, LIMIT_S, Member, Parcel, Post, four, orders, posting
from tests.runtimes.replay import Document, replayed

Inbox = queue.Queue[Parcel | None]
"""None ends the thread that reads it."""


def _live(member: Member, inbox: Inbox, post: Post, done: threading.Event) -> None:
    post(member.begin(time.monotonic()))
    while True:
        try:
            parcel = inbox.get(timeout=member.wait_s(time.monotonic()))
        except queue.Empty:
            post(member.elapse(time.monotonic()))
            continue
        if parcel is None:
            return
        post(member.take(parcel, time.monotonic()))
        if member.finished:
            done.set()


def federation() -> list[Member]:
    """Run four platforms until each has all payments in blocks."""
    members = four()
    inboxes: list[Inbox] = [queue.Queue() for _ in members]
    post = posting([inbox.put for inbox in inboxes])
    done = [threading.Event() for _ in members]
    with ThreadPoolExecutor(len(members)) as pool:
        each = zip(members, inboxes, done, strict=True)
        lives = [pool.submit(_live, member, inbox, post, event) for member, inbox, event in each]
        post(orders())
        in_time = all(event.wait(LIMIT_S) for event in done)
        for inbox in inboxes:
            inbox.put(None)
        for life in lives:
            life.result()
    if not in_time:
        raise TimeoutError("the federation does not finish")
    return members


def replays(documents: list[Document]) -> list[bytes]:
    """What each transcript gives, all at once: a thread for each."""
    with ThreadPoolExecutor(len(documents)) as pool:
        return list(pool.map(replayed, documents, repeat(CRYPTO)))
