"""The core in trio: a task for each platform, with a memory channel as its inbox."""

from __future__ import annotations

import trio

from tests.runtimes.member import CRYPTO, LIMIT_S, Member, Parcel, Post, four, orders, posting
from tests.runtimes.replay import Document, steps

MAX_PARCELS = 10_000
"""An inbox holds no more; what is beyond raises `trio.WouldBlock`."""
Inbox = trio.MemoryReceiveChannel[Parcel]


async def _live(member: Member, inbox: Inbox, post: Post, done: trio.Event) -> None:
    post(member.begin(trio.current_time()))
    while True:
        with trio.move_on_after(member.wait_s(trio.current_time())) as waiting:
            parcel = await inbox.receive()
        if waiting.cancelled_caught:
            post(member.elapse(trio.current_time()))
            continue
        post(member.take(parcel, trio.current_time()))
        if member.finished:
            done.set()


async def _federation() -> list[Member]:
    members = four()
    channels = [trio.open_memory_channel[Parcel](MAX_PARCELS) for _ in members]
    post = posting([sending.send_nowait for sending, _ in channels])
    done = [trio.Event() for _ in members]
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            for member, (_, inbox), event in zip(members, channels, done, strict=True):
                nursery.start_soon(_live, member, inbox, post, event)
            post(orders())
            for event in done:
                await event.wait()
            nursery.cancel_scope.cancel()
    return members


def federation() -> list[Member]:
    """Run four platforms until each has all payments in blocks."""
    return trio.run(_federation)


async def _replays(documents: list[Document]) -> list[bytes]:
    given = [b""] * len(documents)

    async def replay(place: int, document: Document) -> None:
        for each in steps(document, CRYPTO):
            given[place] += each
            await trio.lowlevel.checkpoint()  # another transcript's turn

    async with trio.open_nursery() as nursery:
        for numbered in enumerate(documents):
            nursery.start_soon(replay, *numbered)
    return given


def replays(documents: list[Document]) -> list[bytes]:
    """What each transcript gives, all at once: a task for each, one event at a time."""
    return trio.run(_replays, documents)
