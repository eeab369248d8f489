"""The driver carries out what the core asks for, and only what is on disk already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from tests.support.federation import NAMES, Federation, platform_key
from tests.support.forge import commit_one, opening
from web4adapters.runtime.engine import Engine, wall_clock_ms
from web4adapters.runtime.ingress import Ingress
from web4adapters.signers import GuardedSigner, Verifier, VerifierPool, create_guard
from web4adapters.storage import StorageError, Store, StoredBlock
from web4adapters.throttled_log import LOG_EVERY
from web4core.effects import Accuse, Sign
from web4core.events import Elapsed, Timer
from web4core.link import Frame, frame, open_packet, packet
from web4core.messages import (
    Decided,
    Evidence,
    Kind,
    Message,
    Statement,
    StatusDraft,
    Submission,
    VoteDraft,
)
from web4core.node import Node
from web4core.replica import step
from web4core.settings import Settings
from web4core.snapshot import decode_event
from web4core.types import Digest, Signature, View

FAST = Settings(resend_ms=60, view_timeout_ms=60_000, status_ms=60)
ME = 1
WAIT_S = 5.0
RECORDERS: list[Recorder] = []
"""Of each rig that was built, for tests whose rig ends with an error."""


@define
class Recorder:
    """What reached the disk, and what left for the others, in order."""

    events: list[bytes] = field(factory=list)
    sent: list[tuple[int, bytes]] = field(factory=list)
    saved_before: list[int] = field(factory=list)
    """For each frame sent, how many events were on disk then."""

    def send(self, peer: int, framed: bytes, *, bulk: bool) -> None:
        self.sent.append((peer, framed))
        self.saved_before.append(len(self.events))

    def is_up(self, peer: int) -> bool:
        return True


class Journal(Store):
    """A store that tells when it has committed, and may be told to fail."""

    recorder: Recorder
    broken = False

    def commit(self, events: Sequence[bytes], decided: Sequence[StoredBlock]) -> int:
        if self.broken:
            raise StorageError(Path("store"), "the disk is full", "make room")
        seq = super().commit(events, decided)
        self.recorder.events.extend(events)
        return seq


@define
class Rig:
    """One platform of four, without a network."""

    fed: Federation
    engine: Engine
    store: Journal
    recorder: Recorder

    def messages(self) -> list[tuple[int, Message]]:
        frames = [(peer, open_packet(packet([framed]))[0]) for peer, framed in self.recorder.sent]
        return [
            (peer, self.fed.gate.parse(each).message)
            for peer, each in frames
            if isinstance(each, bytes)
        ]


def on_a_rig(
    folder: Path, play: Callable[[Rig], Coroutine[Any, Any, None]], snapshot_blocks: int = 0
) -> Rig:
    """Run an engine while `play`, a coroutine function, has its way with it."""
    fed = Federation(4, settings=FAST)
    key = platform_key(ME)

    class Word:
        public_key = key.public
        sign = staticmethod(key.sign)

    create_guard(folder / "guard", fed.chain_id, key.public)
    recorder = Recorder()
    RECORDERS.append(recorder)
    with (
        GuardedSigner(Word(), folder / "guard", fed.chain_id) as guard,
        Journal.create(folder / "store", fed.chain_id, NAMES[ME]) as store,
    ):
        assert isinstance(store, Journal)
        store.recorder = recorder
        store.recover()
        node = Node(
            fed.genesis,
            NAMES[ME],
            fed.ledger,
            settings=FAST,
            gate=fed.gate,
            snapshot_blocks=snapshot_blocks,
        )
        engine = Engine(node, store, guard, recorder)
        rig = Rig(fed, engine, store, recorder)

        async def both() -> None:
            running = asyncio.ensure_future(engine.run())
            playing = asyncio.ensure_future(play(rig))
            done, _ = await asyncio.wait(
                {running, playing}, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED
            )
            for task in (running, playing):
                task.cancel()
            await asyncio.gather(running, playing, return_exceptions=True)
            for task in done:
                task.result()

        asyncio.run(both())
    return rig


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.clause("A-DUR-1")
def test_nothing_leaves_before_its_cause_is_on_disk(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        transaction = opening(rig.fed, "carol")
        await rig.engine.submit((transaction,))
        kinds = {Kind.PRE_PREPARE, Kind.PREPARE}
        await until(
            lambda: (
                {
                    message.statement.kind
                    for _, message in rig.messages()
                    if not isinstance(message, Submission | Decided)
                }
                >= kinds
            )
        )

    rig = on_a_rig(tmp_path, play)
    caused = said_by_events(rig)
    messages = rig.messages()
    assert len(messages) >= 9
    for (_, message), saved in zip(messages, rig.recorder.saved_before, strict=True):
        assert not isinstance(message, Decided), "nobody asked for a block"
        if not isinstance(message, Submission):
            assert message.statement in caused[saved]


def said_by_events(rig: Rig) -> list[set[Statement]]:
    """What the first so many of the events on disk made the platform say."""
    state = rig.fed.fresh(ME)
    caused: list[set[Statement]] = [set()]
    for record in rig.recorder.events:
        transition = step(state, decode_event(rig.fed.events, record))
        state = transition.state
        drafts = {each.draft.statement for each in transition.effects if isinstance(each, Sign)}
        caused.append(caused[-1] | drafts)
    return caused


@pytest.mark.clause("A-DUR-1")
def test_a_storage_error_stops_the_platform_and_lets_nothing_out(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        await until(lambda: bool(rig.recorder.events))
        rig.store.broken = True
        rig.recorder.sent.clear()
        await rig.engine.submit((opening(rig.fed, "carol"),))

    with pytest.raises(StorageError, match="the disk is full"):
        on_a_rig(tmp_path, play)


@pytest.mark.clause("A-EFFECT-2", "L-POOL-7")
def test_what_is_to_be_sent_goes_to_the_platforms_named(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        await rig.engine.submit((opening(rig.fed, "carol"),))
        await until(lambda: any(isinstance(each, Submission) for _, each in rig.messages()))

    rig = on_a_rig(tmp_path, play)
    first = [peer for peer, message in rig.messages() if isinstance(message, Submission)]
    assert first[:3] == [0, 2, 3]


@pytest.mark.clause("A-EFFECT-3", "C-PACE-6")
def test_a_timer_elapses_after_its_delay_and_again_when_set_again(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        await until(lambda: rig.engine.sent["status"] >= 9)

    rig = on_a_rig(tmp_path, play)
    # one round when it resumed, and one for each time that the timer elapsed
    assert rig.engine.sent["status"] >= 9
    assert {peer for peer, _ in rig.recorder.sent} == {0, 2, 3}


@pytest.mark.clause("A-EFFECT-9", "A-EFFECT-3")
def test_two_heights_at_once_leave_the_timers_of_the_last_one_running(tmp_path: Path) -> None:
    """Its own COMMIT of height 2 is the last that was missing, and it is said at height 1's end."""
    others = Federation(4, settings=FAST)
    others.now_ms = wall_clock_ms()
    commit_one(others, "carol")
    commit_one(others, "dave")
    first = others.nodes[0].blocks[1]
    early = [
        message
        for source, target, message in others.sent
        if target == ME and source != 3 and not isinstance(message, Submission | Decided)
        if message.statement.height == 2
    ]

    async def play(rig: Rig) -> None:
        for message in (*early, first):
            await rig.engine.receive(message, rig.fed.gate.encode(message))
        await rig.engine.submit((opening(rig.fed, "erin"),))
        await until(lambda: any(timer.height == 3 for timer in elapsed(rig)))

    rig = on_a_rig(tmp_path, play)
    assert rig.engine.state.height == 3


def elapsed(rig: Rig) -> list[Timer]:
    """The timers that have run out, by the journal."""
    events = [decode_event(rig.fed.events, record) for record in rig.recorder.events]
    return [event.timer for event in events if isinstance(event, Elapsed)]


@pytest.mark.clause("W-LINK-7")
@pytest.mark.parametrize("forged", [False, True])
def test_a_statement_counts_by_its_signature_whoever_brings_it(
    tmp_path: Path, forged: bool
) -> None:
    async def play(rig: Rig) -> None:
        vote = VoteDraft(Statement(Kind.PREPARE, 1, View(0), Digest(bytes(32)), 2))
        signed = rig.fed.sign_as(3 if forged else 2, vote)
        frames: tuple[Frame, ...] = open_packet(packet([frame(rig.fed.gate.encode(signed))]))
        with ThreadPoolExecutor(1) as executor:
            pool = VerifierPool(Verifier(), executor)
            inlet = Ingress(rig.fed.gate, pool, rig.engine, rig.recorder)  # type: ignore[arg-type]
            await inlet.receive(3, frames)  # over the link of platform 3, in the name of 2
            status = rig.fed.sign_as(
                0, StatusDraft(Statement(Kind.STATUS, 1, View(0), Digest(bytes(32)), 0))
            )
            await inlet.receive(0, open_packet(packet([frame(rig.fed.gate.encode(status))])))
        await until(lambda: 0 in rig.engine.heard)
        await asyncio.sleep(0.05)

    rig = on_a_rig(tmp_path, play)
    kept = rig.engine.state.agreement.slots.prepares[2]
    assert (kept is None) is forged


def test_a_platform_that_signs_twice_at_will_does_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def accusation(signer: int, height: int) -> Accuse:
        first, second = (
            Statement(Kind.PREPARE, height, View(0), Digest(bytes([each]) * 32), signer)
            for each in (1, 2)
        )
        return Accuse(Evidence(first, Signature(b""), second, Signature(b"")))

    async def play(rig: Rig) -> None:
        for height in range(1, LOG_EVERY + 2):
            rig.engine._perform(accusation(2, height))
        rig.engine._perform(accusation(3, 1))

    rig = on_a_rig(tmp_path, play)
    told = [each.getMessage() for each in caplog.records if "signed twice" in each.getMessage()]
    assert [each.split(" signed")[0] for each in told] == ["platform 2", "platform 2", "platform 3"]
    assert f"({LOG_EVERY} before)" in told[1]
    assert len(rig.engine.evidence) == LOG_EVERY + 2


@pytest.mark.clause("A-DUR-1")
def test_after_a_snapshot_that_cannot_be_stored_nothing_more_leaves(tmp_path: Path) -> None:
    sent_before: list[int] = []

    class FullDisk(Journal):
        def snapshot(self, seq: int, height: int, state: bytes) -> None:
            sent_before.append(len(self.recorder.sent))
            raise StorageError(Path("store"), "the disk is full", "make room")

    async def play(rig: Rig) -> None:
        rig.store.__class__ = FullDisk
        decided = Federation(4, settings=FAST)
        commit_one(decided, "carol")
        block = decided.nodes[0].blocks[1]
        await rig.engine.receive(block, rig.fed.gate.encode(block))
        await asyncio.sleep(WAIT_S)

    with pytest.raises(StorageError, match="the disk is full"):
        on_a_rig(tmp_path, play, snapshot_blocks=1)
    (sent,) = sent_before
    assert len(RECORDERS[-1].sent) == sent
