"""The node against changes of its source that the other tests do not notice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.adapters.test_engine import Rig, on_a_rig, until
from tests.support.federation import NAMES, START_MS, Federation, platform_key, verify
from tests.support.forge import block_after, certificate, opening, status
from web4adapters.runtime.engine import NodeHalted, wall_clock_ms
from web4adapters.signers import GuardedSigner
from web4adapters.storage import StorageError
from web4core import (
    BINDING,
    Answer,
    Connected,
    Decide,
    Decided,
    Digest,
    Elapsed,
    Event,
    Halt,
    Journal,
    Kind,
    LocalProtocolError,
    Memory,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Received,
    Refuse,
    Release,
    Remember,
    RemoteProtocolError,
    SetTimer,
    Settings,
    SignAll,
    Signature,
    Signed,
    Snapshot,
    Statement,
    Stepped,
    Submission,
    Submitted,
    Task,
    Timer,
    TimerKind,
    View,
    Write,
    decode_event,
    encode_state,
)
from web4core.guard import admit, covers, silenced
from web4core.node import BULK_ITEMS, MAX_BATCH, MAX_BULK

ME = 1
"""The proposer of height 1 in view 0, so that it has something to say."""


@pytest.fixture(scope="module")
def fed() -> Federation:
    return Federation(4)


@pytest.fixture(scope="module")
def grown() -> Federation:
    """A federation that has decided two blocks."""
    fed = Federation(4)
    for agent in ("carol", "dave"):
        fed.submit(0, opening(fed, agent))
        fed.settle()
    assert 2 in fed.nodes[0].blocks
    return fed


def node_of(
    fed: Federation,
    journal: Journal | None = None,
    memory: Memory | None = None,
    settings: Settings | None = None,
) -> Node:
    return Node(
        fed.genesis,
        NAMES[ME],
        fed.ledger,
        gate=fed.gate,
        journal=journal,
        memory=memory,
        settings=settings,
    )


def take_all(node: Node, now_ms: int = START_MS) -> list[Stepped]:
    taken: list[Stepped] = []
    while (stepped := node.step(now_ms)) is not None:
        taken.append(stepped)
    return taken


def acknowledge(node: Node, task: Task) -> None:
    match task:
        case Write():
            node.written()
        case Remember():
            node.remembered()
        case SignAll():
            node.signed([platform_key(ME).sign(message) for message in task.messages])


def drive(node: Node, until: type[Task] | None = None) -> list[Task]:
    """Carry out tasks until one of this kind was handed out, or nothing is left; all of them."""
    tasks: list[Task] = []
    while not node.is_idle:
        take_all(node)
        node.flush()
        while (task := node.next()) is not None:
            tasks.append(task)
            if until is not None and isinstance(task, until):
                return tasks
            acknowledge(node, task)
    return tasks


def outputs(tasks: list[Task]) -> list[Output]:
    return [each for task in tasks if isinstance(task, Release) for each in task.outputs]


def begun(fed: Federation) -> Node:
    """A node that has begun, has said that it is there, and is idle."""
    node = node_of(fed)
    drive(node)
    return node


def records_of(fed: Federation) -> list[bytes]:
    """What a node writes that has proposed."""
    node = node_of(fed)
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    return [each for task in drive(node) if isinstance(task, Write) for each in task.records]


def asked_twice(fed: Federation) -> tuple[Node, SignAll]:
    """A node that is to sign a proposal and a status in one batch."""
    node = begun(fed)
    node.put(Connected(0, START_MS))
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    asked = drive(node, until=SignAll)[-1]
    assert isinstance(asked, SignAll)
    assert len(asked.statements) > 1
    return node, asked


# --- what is durable ----------------------------------------------------------------------------


@pytest.mark.clause("A-DUR-1")
def test_what_was_stepped_while_a_write_is_in_work_is_not_shown_as_durable(
    fed: Federation,
) -> None:
    node = begun(fed)
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    drive(node, until=Write)
    closed = node.state
    node.put(Submitted((opening(fed, "dave"),), START_MS))
    assert take_all(node)
    assert node.state != closed
    node.written()
    assert node.durable == closed


@pytest.mark.clause("A-DUR-2")
def test_every_record_is_the_event_that_was_stepped(fed: Federation) -> None:
    node = begun(fed)
    heard = status(fed, 0, 1)
    node.put(Received(heard, 0), encoded=fed.gate.encode(heard))
    node.put(Connected(2, START_MS))
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    taken = take_all(node, START_MS + 7)
    assert len(taken) == 3
    assert [decode_event(fed.events, each.record) for each in taken] == [
        each.event for each in taken
    ]
    node.flush()
    write = node.next()
    assert isinstance(write, Write)
    assert write.records == tuple(each.record for each in taken)


@pytest.mark.clause("A-EFFECT-4")
def test_a_write_brings_all_blocks_that_its_events_decided_and_no_others(
    grown: Federation,
) -> None:
    node = begun(grown)
    for height in (1, 2):
        node.put(Received(grown.nodes[0].blocks[height], START_MS))
    decided = [
        effect
        for stepped in take_all(node)
        for effect in stepped.effects
        if isinstance(effect, Decide)
    ]
    assert [each.block.header.height for each in decided] == [1, 2]
    node.flush()
    write = node.next()
    assert isinstance(write, Write)
    assert list(write.blocks) == decided
    acknowledge(node, write)
    later = [task for task in drive(node) if isinstance(task, Write)]
    assert all(task.blocks == () for task in later)


@pytest.mark.clause("A-NODE-2", "A-EVENT-5", "A-SET-2")
def test_a_restart_brings_the_settings_of_that_start(fed: Federation) -> None:
    node = node_of(fed, settings=Settings(pool_items=7))
    records = [each for task in drive(node) if isinstance(task, Write) for each in task.records]
    again = node_of(fed, journal=Journal(records=records), settings=Settings(pool_items=9))
    assert again.state.config.settings.pool_items == 7
    take_all(again)
    assert again.state.config.settings.pool_items == 9


@pytest.mark.clause("A-DUR-2")
@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_journal_with_a_record_that_does_not_decode_is_refused(
    fed: Federation, place: int
) -> None:
    records = records_of(fed)
    records[place] = records[place][:-1]
    with pytest.raises(RemoteProtocolError):
        node_of(fed, journal=Journal(records=records))


@pytest.mark.clause("A-DUR-2", "A-DUR-4")
def test_a_snapshot_that_is_none_of_this_platform_is_refused(fed: Federation) -> None:
    state = begun(fed).durable
    other = Node(fed.genesis, NAMES[0], fed.ledger, gate=fed.gate)
    assert node_of(fed, journal=Journal(encode_state(state), seq=2)).state == state
    with pytest.raises(RemoteProtocolError):
        node_of(fed, journal=Journal(encode_state(state)[:-1], seq=2))
    with pytest.raises(LocalProtocolError, match="A-DUR-4"):
        node_of(fed, journal=Journal(encode_state(other.state), seq=2))


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("kind", BINDING)
def test_a_statement_of_any_binding_kind_that_the_journal_does_not_say_was_forgotten(
    fed: Federation, kind: Kind
) -> None:
    signed = Signed(1, View(1), Digest(bytes(32)))
    memory = Memory(tuple(signed if each is kind else None for each in BINDING))
    node = node_of(fed, journal=Journal(records=records_of(fed)), memory=memory)
    assert node.has_forgotten
    assert node.silent_through == 1


@pytest.mark.clause("C-GUARD-6")
def test_the_silence_ends_with_the_height_that_was_signed_last(grown: Federation) -> None:
    node = begun(grown)
    node.put(Received(grown.nodes[0].blocks[1], START_MS))
    node.put(Received(grown.nodes[0].blocks[2], START_MS))
    records = [each for task in drive(node) if isinstance(task, Write) for each in task.records]
    signed = Signed(2, View(0), Digest(bytes([7]) * 32))
    memory = Memory((None, signed, None, None))
    again = node_of(grown, journal=Journal(records=records), memory=memory)
    assert again.state.height > 2
    assert again.has_forgotten
    assert again.silent_through == 2


@pytest.mark.clause("C-GUARD-4")
def test_what_the_fold_passed_over_on_its_way_was_forgotten_too(fed: Federation) -> None:
    node = begun(fed)
    node.put(Elapsed(Timer(TimerKind.VIEW, 1, View(0)), START_MS))
    records = records_of(fed)
    records.extend(
        each for task in drive(node)[:1] if isinstance(task, Write) for each in task.records
    )
    journal = Journal(records=records)
    assert node_of(fed, journal=journal).state.agreement.view == 1
    signed = Signed(1, View(0), Digest(bytes(32)))
    memory = Memory((None, signed, None, None))
    assert node_of(fed, journal=journal, memory=memory).has_forgotten


@pytest.mark.clause("C-GUARD-6")
def test_a_silence_is_remembered_with_all_that_is_signed_later(grown: Federation) -> None:
    before = Memory(silent_through=1)
    node = node_of(grown, memory=before)
    node.put(Received(grown.nodes[0].blocks[1], START_MS))
    node.put(Received(grown.nodes[0].blocks[2], START_MS))
    drive(node)
    node.put(Submitted((opening(grown, "erin"),), START_MS))
    drive(node)
    node.put(Elapsed(Timer(TimerKind.VIEW, 3, View(0)), START_MS))
    remembered = drive(node, until=Remember)[-1]
    assert isinstance(remembered, Remember)
    assert remembered.memory.last[BINDING.index(Kind.VIEW_CHANGE)] is not None
    assert remembered.memory.silent_through == 1


@pytest.mark.clause("A-DUR-2")
def test_one_snapshot_is_in_work_at_a_time_and_the_next_counts_from_it(grown: Federation) -> None:
    node = Node(grown.genesis, NAMES[ME], grown.ledger, gate=grown.gate, snapshot_blocks=1)
    node.put(Received(grown.nodes[0].blocks[1], START_MS))
    drive(node)
    first = node.snapshot()
    assert first is not None
    node.put(Received(grown.nodes[0].blocks[2], START_MS))
    drive(node)
    assert node.snapshot() is None
    node.snapshot_stored()
    second = node.snapshot()
    assert second is not None
    assert second.seq > first.seq
    assert second.state == node.durable


@pytest.mark.clause("A-DUR-2")
def test_what_is_written_while_a_snapshot_is_in_work_counts_for_the_next(
    fed: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web4core.node.SNAPSHOT_JOURNAL_BYTES", 1)
    node = Node(fed.genesis, NAMES[ME], fed.ledger, gate=fed.gate, snapshot_blocks=1000)
    drive(node)
    assert node.snapshot() is not None
    node.put(Connected(0, START_MS))
    drive(node)
    node.snapshot_stored()
    assert node.snapshot() is not None
    node.snapshot_stored()
    assert node.snapshot() is None


@pytest.mark.clause("A-EFFECT-7")
def test_a_refusal_does_not_wait_for_a_flush(fed: Federation) -> None:
    node = begun(fed)
    node.flush(0)  # of a batch that is closed
    node.put(Submitted((opening(fed, "alice"),), START_MS))
    assert [type(each) for each in take_all(node)[0].effects] == [Refuse]
    assert isinstance(node.next(), Write)


# --- the guard ----------------------------------------------------------------------------------


def vote_of(kind: Kind, height: int, view: int, word: int) -> Statement:
    return Statement(kind, height, View(view), Digest(bytes([word]) * 32), ME)


@pytest.mark.clause("C-GUARD-2")
def test_a_statement_of_another_kind_does_not_excuse_a_vote_of_the_past() -> None:
    memory, conflicts = admit(
        Memory(),
        (
            vote_of(Kind.PREPARE, 5, 0, 7),
            vote_of(Kind.PRE_PREPARE, 5, 1, 8),
            vote_of(Kind.PREPARE, 5, 2, 9),
        ),
    )
    assert conflicts == (None, None, None)
    _, (conflict,) = admit(memory, (vote_of(Kind.PREPARE, 5, 1, 8),))
    assert conflict is not None
    assert conflict.clause == "C-GUARD-2"


@pytest.mark.clause("C-GUARD-1", "C-GUARD-6")
def test_what_was_signed_last_is_signed_again_even_where_the_platform_is_silent() -> None:
    said = vote_of(Kind.PREPARE, 5, 0, 7)
    memory = silenced(admit(Memory(), (said,))[0], 9)
    assert admit(memory, (said,)) == (memory, (None,))


@pytest.mark.clause("C-GUARD-1")
def test_a_conflict_forbids_no_other_statement_of_its_batch() -> None:
    memory, _ = admit(Memory(), (vote_of(Kind.PREPARE, 5, 0, 7),))
    asked = (vote_of(Kind.PREPARE, 5, 0, 8), vote_of(Kind.COMMIT, 5, 0, 7))
    after, (first, second) = admit(memory, asked)
    assert first is not None
    assert second is None
    assert covers(after, asked[1])


# --- acknowledgements ---------------------------------------------------------------------------


@pytest.mark.clause("A-NODE-1")
@pytest.mark.parametrize("kind", [Write, Remember, SignAll])
def test_an_acknowledgement_twice_is_misuse(fed: Federation, kind: type[Task]) -> None:
    node = begun(fed)
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    task = drive(node, until=kind)[-1]
    acknowledge(node, task)
    with pytest.raises(LocalProtocolError, match="A-DUR-1"):
        acknowledge(node, task)
    assert node.next() is not None


# --- signatures ---------------------------------------------------------------------------------


@pytest.mark.clause("A-EFFECT-1", "C-STMT-2")
def test_what_is_to_be_signed_are_the_bytes_of_each_statement_on_this_chain(
    fed: Federation,
) -> None:
    node = begun(fed)
    node.put(Connected(0, START_MS))
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    said = [each for each in outputs(drive(node)) if isinstance(each, Outgoing)]
    signed = [each for each in said if not isinstance(each.message, Submission | Decided)]
    assert len(signed) > 1
    for each in signed:
        assert fed.gate.open(each.encoded, verify) == each.message


@pytest.mark.clause("A-EFFECT-1")
def test_a_signature_that_is_refused_leaves_the_others_in_their_places(fed: Federation) -> None:
    node, asked = asked_twice(fed)
    made: list[Signature | None] = [platform_key(ME).sign(each) for each in asked.messages]
    made[0] = None
    node.signed(made)
    released = node.next()
    assert isinstance(released, Release)
    refused = [each.statement for each in released.outputs if isinstance(each, NotSigned)]
    assert refused == [asked.statements[0]]
    said = [
        each.message
        for each in released.outputs
        if isinstance(each, Outgoing) and not isinstance(each.message, Submission | Decided)
    ]
    assert [each.statement for each in said] == list(asked.statements[1:])
    assert [each.signature for each in said] == made[1:]


@pytest.mark.clause("C-GUARD-4")
def test_the_guard_is_to_remember_all_that_was_signed_and_not_the_latest_alone(
    fed: Federation,
) -> None:
    node = begun(fed)
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    tasks = drive(node)
    node.put(Elapsed(Timer(TimerKind.VIEW, 1, View(0)), START_MS))
    tasks += drive(node)
    signed = [each for task in tasks if isinstance(task, SignAll) for each in task.statements]
    kinds = {each.kind for each in signed} & set(BINDING)
    assert kinds == {Kind.PRE_PREPARE, Kind.PREPARE, Kind.VIEW_CHANGE}
    last = [task.memory for task in tasks if isinstance(task, Remember)][-1]
    assert all(covers(last, each) for each in signed)


# --- what is released ---------------------------------------------------------------------------


@pytest.mark.clause("A-EFFECT-8")
def test_a_halt_is_released_and_nothing_is_taken_afterwards() -> None:
    fed = Federation(4, byzantine=[0, 2, 3])
    node = begun(fed)
    bad = block_after(node.state, [], START_MS + 1, bytes(32))
    proof = Decided(bad, certificate(fed, Kind.COMMIT, bad, 0, (0, 2, 3)))
    node.put(Received(proof, START_MS), ticket="who asks")
    assert [type(each) for each in outputs(drive(node))] == [Halt, Answer]
    assert node.state.halted is not None
    node.put(Connected(2, START_MS))
    assert not node.has_work
    assert node.step(START_MS) is None
    assert node.next() is None
    assert node.is_idle


@pytest.mark.clause("A-EFFECT-7")
def test_an_answer_tells_of_the_refusals_of_its_own_event(fed: Federation) -> None:
    node = begun(fed)
    for ticket, agent in enumerate(("alice", "carol")):  # there is an alice already
        node.put(Submitted((opening(fed, agent),), START_MS), ticket=ticket)
    released = outputs(drive(node))
    answers = [each for each in released if isinstance(each, Answer)]
    assert [(each.ticket, len(each.refused)) for each in answers] == [(0, 1), (1, 0)]
    assert [type(each) for each in released[:2]] == [Refuse, Answer]


# --- turns and queues ---------------------------------------------------------------------------


def test_transactions_get_their_share_of_a_turn_though_more_votes_come(fed: Federation) -> None:
    node = begun(fed)
    node.put(Connected(0, START_MS))
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    kinds: list[type] = []
    while (stepped := node.step(START_MS)) is not None:
        kinds.append(type(stepped.event))
        node.put(Connected(2, START_MS))  # comes in too late for this turn
    assert kinds == [Connected, Submitted]


def test_blocks_of_the_past_count_by_their_transactions(grown: Federation) -> None:
    node = begun(grown)
    block = grown.nodes[0].blocks[1]
    assert len(block.block.payload) == 1
    for _ in range(MAX_BULK):
        assert node.put(Received(block, START_MS))
    assert not node.has_room(Received(block, START_MS))
    assert not node.put(Received(block, START_MS))
    assert node.step(START_MS) is not None
    assert node.put(Received(block, START_MS))
    assert len(take_all(node)) == BULK_ITEMS - 1
    assert len(take_all(node)) == 1


@pytest.mark.clause("A-EVENT-2")
def test_a_clock_that_was_set_back_is_told_as_it_is(fed: Federation) -> None:
    node = begun(fed)
    for now_ms in (START_MS + 3_600_000, START_MS):
        node.put(Connected(0, 0))
        taken = take_all(node, now_ms)
        assert [each.event.now_ms for each in taken] == [now_ms]


# --- the asyncio driver -------------------------------------------------------------------------


def failing(*_: object, **__: object) -> NoReturn:
    raise StorageError(Path("store"), "the disk answers no more", "replace it")


@pytest.mark.clause("A-DUR-1")
def test_a_commit_that_failed_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    async def play(rig: Rig) -> None:
        await until(lambda: rig.recorder.sent != [])

        def fail_once(*given: object) -> None:
            tried.append(given)
            if len(tried) == 1:
                failing()

        monkeypatch.setattr(rig.store, "commit", fail_once)
        await rig.engine.submit((opening(rig.fed, "carol"),))

    with pytest.raises(StorageError, match="answers no more"):
        on_a_rig(tmp_path, play)
    assert len(tried) == 1


@pytest.mark.clause("A-DUR-1")
def test_after_a_failed_read_nothing_more_is_written(tmp_path: Path) -> None:
    found: list[int] = []

    async def play(rig: Rig) -> None:
        await until(lambda: rig.recorder.sent != [])
        saved = len(rig.recorder.events)
        rig.engine.node.put(Submitted((opening(rig.fed, "carol"),), START_MS), ticket=0)
        rig.engine.fail(StorageError(Path("store"), "the disk answers no more", "replace it"))
        try:
            await asyncio.Event().wait()
        finally:
            found.append(len(rig.recorder.events) - saved)

    with pytest.raises(StorageError, match="answers no more"):
        on_a_rig(tmp_path, play)
    assert found == [0]


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("what", ["remember", "sign_statements"])
def test_an_error_of_the_guard_stops_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    found: list[int] = []

    async def play(rig: Rig) -> None:
        await until(lambda: rig.recorder.sent != [])
        sent = len(rig.recorder.sent)
        monkeypatch.setattr(GuardedSigner, what, failing)
        try:
            await rig.engine.submit((opening(rig.fed, "carol"),))
            await asyncio.Event().wait()
        finally:
            found.append(len(rig.recorder.sent) - sent)

    with pytest.raises(StorageError, match="answers no more"):
        on_a_rig(tmp_path, play)
    assert found == [0]


@pytest.mark.clause("A-DUR-1", "A-DUR-2")
def test_a_snapshot_that_cannot_be_stored_stops_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(rig: Rig) -> None:
        node = rig.engine.node
        monkeypatch.setattr(rig.store, "snapshot", failing)
        monkeypatch.setattr(node, "snapshot", lambda: Snapshot(node.seq, node.durable))
        await asyncio.Event().wait()

    with pytest.raises(StorageError, match="answers no more"):
        on_a_rig(tmp_path, play)


@pytest.mark.clause("A-DUR-2")
def test_the_engine_stores_the_snapshot_that_the_node_hands_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(rig: Rig) -> None:
        node = rig.engine.node
        await until(lambda: rig.recorder.sent != [] and node.is_idle)
        due = Snapshot(node.seq, node.durable)
        stored: list[tuple[int, bytes]] = []
        monkeypatch.setattr(
            rig.store, "snapshot", lambda seq, _height, state: stored.append((seq, state))
        )
        waiting = [due]
        monkeypatch.setattr(node, "snapshot", lambda: waiting.pop() if waiting else None)
        monkeypatch.setattr(node, "snapshot_stored", lambda: None)
        await rig.engine.submit((opening(rig.fed, "carol"),))
        await until(lambda: stored != [])
        assert node.state != due.state
        assert stored == [(due.seq, encode_state(due.state))]

    on_a_rig(tmp_path, play)


@pytest.mark.clause("A-EFFECT-8")
def test_a_halt_ends_the_engine(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        bad = block_after(rig.engine.state, [], wall_clock_ms(), bytes(32))
        proof = Decided(bad, certificate(rig.fed, Kind.COMMIT, bad, 0, (0, 2, 3)))
        await rig.engine.receive(proof, rig.fed.gate.encode(proof))
        await asyncio.Event().wait()

    with pytest.raises(NodeHalted):
        on_a_rig(tmp_path, play)


@pytest.mark.clause("A-EFFECT-3")
def test_a_timer_takes_the_place_of_an_earlier_one_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(rig: Rig) -> None:
        node, engine = rig.engine.node, rig.engine
        await until(lambda: rig.recorder.sent != [] and node.is_idle)
        elapsed: list[int] = []
        put = node.put

        def spy(event: Event, **given: Any) -> bool:
            if isinstance(event, Elapsed) and event.timer.kind is TimerKind.SYNC:
                elapsed.append(event.timer.height)
            return put(event, **given)

        monkeypatch.setattr(node, "put", spy)
        for height, delay_ms in ((1, 20), (2, 1), (3, 40)):
            engine._set_timer(SetTimer(Timer(TimerKind.SYNC, height, View(0)), delay_ms))
        await until(lambda: elapsed != [])
        assert elapsed == [3]

    on_a_rig(tmp_path, play)


def test_what_a_full_batch_left_waiting_is_taken_without_a_new_event(tmp_path: Path) -> None:
    async def play(rig: Rig) -> None:
        node = rig.engine.node
        await until(lambda: rig.recorder.sent != [] and node.is_idle)
        heard = status(rig.fed, 0, 1)
        for _ in range(4 * MAX_BATCH):
            assert node.put(Received(heard, 0))
        rig.engine.connected(2)
        for _ in range(100):  # turns of the loop; no timer is needed
            await asyncio.sleep(0)
        assert not node.has_work

    on_a_rig(tmp_path, play)


def test_a_message_without_room_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(rig: Rig) -> None:
        node = rig.engine.node
        await until(lambda: rig.recorder.sent != [] and node.is_idle)
        heard, put = status(rig.fed, 0, 1), node.put
        refused = [True, True]

        def full(event: Event, **given: Any) -> bool:
            if isinstance(event, Received) and event.message == heard and refused:
                refused.pop()
                return False
            return put(event, **given)

        monkeypatch.setattr(node, "put", full)
        await rig.engine.receive(heard, rig.fed.gate.encode(heard))
        assert refused == []

    on_a_rig(tmp_path, play)
