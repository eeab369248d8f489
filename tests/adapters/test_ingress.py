"""No peer makes the event loop, another peer or a vote wait, and whoever sends nonsense is told."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field, frozen

from tests.adapters.test_engine import on_a_rig, until
from tests.support.federation import NAMES, Federation
from tests.support.forge import block_after, certificate, opening, vote
from web4adapters.runtime import ingress as module
from web4adapters.runtime.ingress import (
    MAX_REFUSED_ON_LINK,
    MAX_SERVED_BYTES,
    MAX_WAITING,
    PARSE_IN_PLACE_BYTES,
    Ingress,
)
from web4adapters.signers import Verifier, VerifierPool
from web4adapters.storage import StorageError
from web4adapters.throttled_log import LOG_EVERY
from web4core.chain import Block
from web4core.errors import RemoteProtocolError
from web4core.gate import Gate, Parsed
from web4core.link import MAX_FRAMES, Frame, Request
from web4core.messages import Decided, Kind, Message, Submission, Vote
from web4core.node import Node, is_bulk
from web4core.replica import FETCH_BLOCKS
from web4core.types import Signature

FED = Federation(4, byzantine=(0, 1, 3), check=False)
ME, PEER, OTHER = 2, 1, 0
BLOCK: Block = block_after(FED.nodes[ME].state, [opening(FED, "a")], FED.now_ms + 1)


@frozen
class Stored:
    block: bytes
    certificate: bytes


@define
class Blocks:
    """A store with endless blocks, or with none; counts what is read."""

    size: int = 100
    read: list[int] = field(factory=list)
    error: Exception | None = None

    def block(self, height: int) -> Stored | None:
        self.read.append(height)
        if self.error is not None:
            raise self.error
        return Stored(bytes(self.size), b"")


@define
class Heard:
    """In place of the engine: what passed, in order."""

    store: Blocks = field(factory=Blocks)
    node: Node = field(factory=lambda: Node(FED.genesis, NAMES[ME], FED.ledger, gate=FED.gate))
    sent: Counter[str] = field(factory=Counter)
    votes: list[bytes] = field(factory=list)
    bulk: list[bytes] = field(factory=list)

    def note(self, statement: object) -> None:
        pass

    def connected(self, peer: int) -> None:
        pass

    async def receive(self, message: Message, encoded: bytes) -> None:
        (self.bulk if is_bulk(message) else self.votes).append(encoded)


@define
class Queues:
    """In place of the links: what waits for a peer until it is told to have left."""

    space: int = 1 << 30
    queued: int = 0
    left: int = 0

    def send(self, peer: int, framed: bytes, *, bulk: bool) -> None:
        self.queued += 1
        self.space -= len(framed)

    def room(self, peer: int) -> int:
        return self.space

    def bulk_queued(self, peer: int) -> int:
        return self.queued

    def bulk_left(self, peer: int) -> int:
        return self.left


class Watched(Verifier):
    """Tells in which threads signatures were checked."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []

    def __call__(self, key: bytes, message: bytes, signature: bytes) -> bool:
        self.threads.append(threading.current_thread().name)
        return super().__call__(key, message, signature)


@define
class Scene:
    inlet: Ingress
    engine: Heard
    links: Queues
    verifier: Watched
    agreement: ThreadPoolExecutor
    bulk: ThreadPoolExecutor

    async def receive(self, peer: int, *messages: Message | bytes | Request) -> None:
        frames: tuple[Frame, ...] = tuple(
            each if isinstance(each, bytes | Request) else FED.gate.encode(each)
            for each in messages
        )
        await self.inlet.receive(peer, frames)


def on_stage(
    play: Callable[[Scene], Awaitable[None]],
    gate: Any = FED.gate,
    running: bool = True,
    **parts: Any,
) -> Scene:
    """Run an inlet while `play` has its way with it."""
    engine, links = Heard(parts.get("store", Blocks())), parts.get("links", Queues())
    with ThreadPoolExecutor(1, "agreement") as first, ThreadPoolExecutor(1, "bulk") as second:
        watched = Watched()
        first_pool, second_pool = VerifierPool(watched, first), VerifierPool(watched, second)
        inlet = Ingress(gate, first_pool, engine, links, second_pool)  # type: ignore[arg-type]
        scene = Scene(inlet, engine, links, watched, first, second)

        async def both() -> None:
            serving = asyncio.ensure_future(inlet.run() if running else asyncio.Event().wait())
            try:
                async with asyncio.timeout(20):
                    await play(scene)
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)

        asyncio.run(both())
    return scene


async def at_rest() -> None:
    for _ in range(10 * FETCH_BLOCKS):
        await asyncio.sleep(0)


def good_vote(signer: int = OTHER) -> Vote:
    return vote(FED, Kind.PREPARE, signer, BLOCK)


def bad_vote() -> Vote:
    return evolve(good_vote(), signature=good_vote(1).signature)


def decided() -> Decided:
    return Decided(BLOCK, certificate(FED, Kind.COMMIT, BLOCK))


# --- requests ---


@pytest.mark.clause("W-LINK-6")
def test_a_packet_full_of_requests_is_answered_once() -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, *[Request(5)] * MAX_FRAMES)
        assert scene.engine.store.read == []  # nothing is read before the packet is done with
        await at_rest()

    scene = on_stage(play)
    assert scene.engine.store.read == list(range(5, 5 + FETCH_BLOCKS))
    assert scene.engine.sent["decided"] == scene.links.queued == FETCH_BLOCKS
    assert scene.inlet.refused["busy"] == MAX_FRAMES - 1


@pytest.mark.clause("W-LINK-6")
def test_the_loop_turns_between_the_blocks_of_an_answer() -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, Request(1))
        for _ in range(4):
            await asyncio.sleep(0)
        assert 0 < len(scene.engine.store.read) < 6

    on_stage(play)


@pytest.mark.clause("W-LINK-6")
def test_a_request_is_ignored_while_an_answer_waits_to_be_sent() -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, Request(1))
        await at_rest()
        scene.links.left = FETCH_BLOCKS - 1
        await scene.receive(PEER, Request(1))
        await at_rest()
        assert len(scene.engine.store.read) == FETCH_BLOCKS
        scene.links.left = FETCH_BLOCKS
        await scene.receive(PEER, Request(1 + FETCH_BLOCKS))
        await at_rest()
        assert len(scene.engine.store.read) == 2 * FETCH_BLOCKS

    on_stage(play)


@pytest.mark.clause("W-LINK-6")
@pytest.mark.parametrize(
    ("size", "space", "read"),
    [(100, 0, 1), (MAX_SERVED_BYTES // 2, 1 << 30, 2), (100, 1_000, 9)],
)
def test_no_more_is_read_than_fits(size: int, space: int, read: int) -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, Request(1))
        await at_rest()

    scene = on_stage(play, store=Blocks(size), links=Queues(space))
    assert len(scene.engine.store.read) == read
    assert scene.links.queued == read - 1


@pytest.mark.clause("A-DUR-1")
def test_an_error_of_the_store_ends_the_inlet() -> None:
    async def play(scene: Scene) -> None:
        serving = asyncio.ensure_future(scene.inlet.run())
        await scene.receive(PEER, Request(1))
        with pytest.raises(ExceptionGroup) as found:
            await serving
        assert found.group_contains(StorageError)

    broken = Blocks(error=StorageError(Path("store"), "it cannot be read", "see to the disk"))
    on_stage(play, running=False, store=broken)


@pytest.mark.clause("A-DUR-1")
def test_an_error_of_the_store_elsewhere_ends_the_engine(tmp_path: Path) -> None:
    async def play(rig: Any) -> None:
        await asyncio.sleep(0.05)
        rig.engine.fail(StorageError(Path("store"), "it cannot be read", "see to the disk"))
        await asyncio.sleep(5)

    with pytest.raises(StorageError, match="cannot be read"):
        on_a_rig(tmp_path, play)


# --- signatures ---


@pytest.mark.clause("W-MSG-2", "W-LINK-8")
def test_a_bad_signature_costs_the_others_nothing_and_no_work_in_the_loop() -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, good_vote(0), bad_vote(), good_vote(1), good_vote(3))

    scene = on_stage(play)
    passed = [FED.gate.encode(good_vote(signer)) for signer in (0, 1, 3)]
    assert scene.engine.votes == passed
    assert {name.split("_")[0] for name in scene.verifier.threads} == {"agreement"}
    assert scene.inlet.refused["W-MSG-2"] == 1


@pytest.mark.clause("W-LINK-8")
def test_after_a_bad_signature_nothing_more_is_heard_over_the_link() -> None:
    async def play(scene: Scene) -> None:
        await scene.receive(PEER, bad_vote())
        await scene.receive(OTHER, good_vote())
        with pytest.raises(RemoteProtocolError, match="W-LINK-8"):
            await scene.receive(PEER, Request(1), good_vote())
        await at_rest()
        assert scene.engine.store.read == []
        scene.inlet.connected(PEER)
        await scene.receive(PEER, good_vote(1))

    scene = on_stage(play)
    assert scene.engine.votes == [FED.gate.encode(good_vote(signer)) for signer in (OTHER, 1)]


@pytest.mark.clause("W-LINK-8")
def test_a_bad_signature_in_bulk_counts_as_well() -> None:
    async def play(scene: Scene) -> None:
        signer, _ = decided().certificate.signatures[0]
        forged = ((signer, Signature(bytes(64))), *decided().certificate.signatures[1:])
        await scene.receive(
            PEER, evolve(decided(), certificate=evolve(decided().certificate, signatures=forged))
        )
        await until(lambda: scene.inlet.refused["W-MSG-2"] == 1)
        with pytest.raises(RemoteProtocolError, match="W-LINK-8"):
            await scene.receive(PEER, good_vote())

    assert on_stage(play).engine.bulk == []


# --- who waits for whom ---


@pytest.mark.clause("W-LINK-9")
def test_votes_wait_neither_for_transactions_nor_for_clients() -> None:
    async def play(scene: Scene) -> None:
        free = threading.Event()
        scene.bulk.submit(free.wait)
        try:
            # a whole answer and votes in one packet, behind transactions that fill their share
            submission = Submission((opening(FED, "b"), opening(FED, "c")))
            await scene.receive(PEER, *[submission] * (2 * MAX_WAITING))
            votes = [good_vote(signer) for signer in (0, 1, 3)]
            await scene.receive(PEER, *[decided()] * FETCH_BLOCKS, *votes)
            assert len(scene.engine.votes) == 3
            assert scene.engine.bulk == []
        finally:
            free.set()
        blocks = FED.gate.encode(decided())
        # transactions were dropped beyond their share, and no block of the answer
        await until(lambda: scene.engine.bulk.count(blocks) == FETCH_BLOCKS)
        assert any(name.startswith("bulk") for name in scene.verifier.threads)

    on_stage(play)


@pytest.mark.clause("W-LINK-9")
def test_a_flood_of_one_peer_leaves_room_for_another() -> None:
    async def play(scene: Scene) -> None:
        free = threading.Event()
        scene.bulk.submit(free.wait)
        try:
            await scene.receive(PEER, *[decided()] * (2 * MAX_WAITING))
            overload = scene.inlet.refused["overload"]
            assert overload > 0
            await scene.receive(OTHER, decided())
            assert scene.inlet.refused["overload"] == overload
        finally:
            free.set()

    on_stage(play)


@pytest.mark.clause("W-LINK-9")
def test_what_waits_of_one_peer_is_bounded_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(FED.gate.encode(decided()))
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 3 * size)

    async def play(scene: Scene) -> None:
        await scene.receive(PEER, *[decided()] * 5)

    assert on_stage(play, running=False).inlet.refused["overload"] == 2

    async def play_on(scene: Scene) -> None:
        for count in (3, 6):
            await scene.receive(PEER, *[decided()] * 3)
            await until(lambda count=count: len(scene.engine.bulk) == count)  # type: ignore[misc]

    assert on_stage(play_on).inlet.refused["overload"] == 0


# --- nonsense ---


@define
class WatchedGate:
    """A gate that tells in which threads it parsed."""

    keys: Sequence[bytes] = FED.gate.keys
    inner: Gate = FED.gate
    threads: list[str] = field(factory=list)

    def parse(self, data: bytes) -> Parsed:
        self.threads.append(threading.current_thread().name)
        return self.inner.parse(data)


@pytest.mark.clause("W-LINK-8")
def test_nonsense_closes_the_link_before_all_of_it_is_read() -> None:
    gate = WatchedGate()

    async def play(scene: Scene) -> None:
        with pytest.raises(RemoteProtocolError, match="W-LINK-8"):
            await scene.receive(PEER, *[b"\xff"] * 100)

    on_stage(play, gate)
    assert len(gate.threads) == MAX_REFUSED_ON_LINK


@pytest.mark.parametrize(
    ("size", "thread"),
    [(PARSE_IN_PLACE_BYTES, "MainThread"), (PARSE_IN_PLACE_BYTES + 1, "agreement")],
)
def test_large_packets_are_decoded_beside_the_loop(size: int, thread: str) -> None:
    gate = WatchedGate()

    async def play(scene: Scene) -> None:
        await scene.receive(PEER, b"\xff" * size)

    on_stage(play, gate)
    assert [name.split("_")[0] for name in gate.threads] == [thread]


def test_nonsense_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        for _ in range(LOG_EVERY + 1):
            await scene.receive(PEER, b"\xff")
            scene.inlet.connected(PEER)

    with caplog.at_level(logging.WARNING, "web4.ingress"):
        on_stage(play)
    assert len(caplog.records) == 2
