"""The core in a loop: no threads, no clock; time is a number that jumps to the next timer."""

from __future__ import annotations

from collections import deque

from tests.runtimes.member import CRYPTO, LIMIT_S, Member, Parcel, four, orders, posting
from tests.runtimes.replay import Document, replayed


def federation() -> list[Member]:
    """Run four platforms until each has all payments in blocks."""
    members = four()
    inboxes: list[deque[Parcel]] = [deque() for _ in members]
    now_s = 0.0
    post = posting([inbox.append for inbox in inboxes])
    for member in members:
        post(member.begin(now_s))
    post(orders())
    while not all(member.finished for member in members):
        for member, inbox in zip(members, inboxes, strict=True):
            if inbox:
                post(member.take(inbox.popleft(), now_s))
        if not any(inboxes):
            now_s += min(member.wait_s(now_s) for member in members)
            for member in members:
                post(member.elapse(now_s))
        if now_s > LIMIT_S:
            raise TimeoutError("the federation does not finish")
    return members


def replays(documents: list[Document]) -> list[bytes]:
    """What each transcript gives, one after another."""
    return [replayed(document, CRYPTO) for document in documents]
