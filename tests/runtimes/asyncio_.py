"""The core in asyncio: a task for each platform, with a queue as its inbox."""

from __future__ import annotations

import asyncio

from tests.runtimes.member import CRYPTO, LIMIT_S, Member, Parcel, Post, four, orders, posting
from tests.runtimes.replay import Document, steps

Inbox = asyncio.Queue[Parcel]


async def _live(member: Member, inbox: Inbox, post: Post, done: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    post(member.begin(clock()))
    while True:
        try:
            async with asyncio.timeout(member.wait_s(clock())):
                parcel = await inbox.get()
        except TimeoutError:
            post(member.elapse(clock()))
            continue
        post(member.take(parcel, clock()))
        if member.finished:
            done.set()


async def _federation() -> list[Member]:
    members = four()
    inboxes: list[Inbox] = [asyncio.Queue() for _ in members]
    post = posting([inbox.put_nowait for inbox in inboxes])
    done = [asyncio.Event() for _ in members]
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        each = zip(members, inboxes, done, strict=True)
        lives = [group.create_task(_live(who, inbox, post, event)) for who, inbox, event in each]
        post(orders())
        for event in done:
            await event.wait()
        for life in lives:
            life.cancel()
    return members


def federation() -> list[Member]:
    """Run four platforms until each has all payments in blocks."""
    return asyncio.run(_federation())


async def _replay(document: Document) -> bytes:
    given = b""
    for each in steps(document, CRYPTO):
        given += each
        await asyncio.sleep(0)  # another transcript's turn
    return given


def replays(documents: list[Document]) -> list[bytes]:
    """What each transcript gives, all at once: a task for each, one event at a time."""

    async def together() -> list[bytes]:
        return await asyncio.gather(*map(_replay, documents))

    return asyncio.run(together())
