"""The node: what it hands out in which order, and what it keeps back until it may."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from tests.support.federation import NAMES, START_MS, Federation, platform_key
from tests.support.forge import opening
from web4core import (
    Answer,
    Connected,
    Flush,
    Journal,
    LocalProtocolError,
    Memory,
    Node,
    NotSigned,
    Outgoing,
    Proposal,
    Received,
    Release,
    Remember,
    Resumed,
    SetTimer,
    Settings,
    SignAll,
    Submission,
    Submitted,
    Task,
    Write,
    decode_event,
)
from web4core.messages import Kind, Statement, Status, StatusDraft, Vote
from web4core.node import MAX_ARRIVALS, MAX_BATCH, MAX_BULK
from web4core.types import Digest, Signature, View

ME = 1
"""The proposer of height 1 in view 0, so that it has something to say."""


def node_of(fed: Federation, **given: object) -> Node:
    return Node(fed.genesis, NAMES[ME], fed.ledger, **{"gate": fed.gate, **given})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fed() -> Federation:
    return Federation(4)


@pytest.fixture
def node(fed: Federation) -> Node:
    """One that has begun, has said that it is there, and is idle."""
    node = node_of(fed)
    drive(node)
    node.flush()
    drive(node)
    assert node.is_idle
    return node


def take_all(node: Node) -> list[SetTimer | Flush]:
    timers: list[SetTimer | Flush] = []
    while (stepped := node.step(START_MS)) is not None:
        timers.extend(stepped.timers)
    return timers


def signatures(task: SignAll) -> list[Signature]:
    return [platform_key(ME).sign(message) for message in task.messages]


def acknowledge(node: Node, task: Task) -> None:
    match task:
        case Write():
            node.written()
        case Remember():
            node.remembered()
        case SignAll():
            node.signed(signatures(task))


def drive(node: Node, until: type[Task] | None = None) -> list[Task]:
    """Carry out tasks until one of this kind was handed out, or there is none; all of them."""
    tasks: list[Task] = []
    while node.has_work or not node.is_idle:
        take_all(node)
        task = node.next()
        if task is None:
            break
        tasks.append(task)
        if until is not None and isinstance(task, until):
            break
        acknowledge(node, task)
    return tasks


def outgoing(tasks: Sequence[Task]) -> list[Outgoing]:
    return [
        output
        for task in tasks
        if isinstance(task, Release)
        for output in task.outputs
        if isinstance(output, Outgoing)
    ]


def propose(fed: Federation, node: Node) -> None:
    node.put(Submitted((opening(fed, "carol"),), START_MS), ticket="a client")


# --- order --------------------------------------------------------------------------------------


@pytest.mark.clause("A-NODE-1", "A-DUR-1", "C-GUARD-4")
def test_a_batch_is_written_then_remembered_then_signed_then_released(
    fed: Federation, node: Node
) -> None:
    propose(fed, node)
    kinds = [type(task) for task in drive(node)]
    assert kinds[:4] == [Write, Remember, SignAll, Release]


@pytest.mark.clause("A-NODE-1", "A-DUR-1")
@pytest.mark.parametrize("kind", [Write, Remember, SignAll])
def test_nothing_follows_a_task_before_it_is_acknowledged(
    fed: Federation, node: Node, kind: type[Task]
) -> None:
    propose(fed, node)
    last = drive(node, until=kind)[-1]
    assert isinstance(last, kind)
    assert node.next() is None
    propose(fed, node)
    take_all(node)
    assert node.next() is None


@pytest.mark.clause("A-NODE-1")
def test_an_acknowledgement_of_something_else_is_misuse(fed: Federation, node: Node) -> None:
    with pytest.raises(LocalProtocolError, match="a Write is acknowledged, but no task is in work"):
        node.written()
    propose(fed, node)
    drive(node, until=Write)
    with pytest.raises(LocalProtocolError, match="a Remember is acknowledged, but a Write"):
        node.remembered()
    with pytest.raises(LocalProtocolError, match="a SignAll is acknowledged, but a Write"):
        node.signed([])
    node.written()
    assert isinstance(node.next(), Remember)


def test_signatures_must_be_as_many_as_statements(fed: Federation, node: Node) -> None:
    propose(fed, node)
    drive(node, until=SignAll)
    with pytest.raises(LocalProtocolError, match="A-EFFECT-1: 0 signatures for 1 statements"):
        node.signed([])


@pytest.mark.clause("A-DUR-1")
def test_clients_are_shown_what_is_durable_alone(fed: Federation, node: Node) -> None:
    before, seq = node.durable, node.seq
    propose(fed, node)
    drive(node, until=Write)
    assert node.state != before
    assert (node.durable, node.seq) == (before, seq)
    node.written()
    assert (node.durable, node.seq) == (node.state, seq + 1)


@pytest.mark.clause("A-DUR-1")
def test_a_client_is_answered_once_its_transactions_are_durable(
    fed: Federation, node: Node
) -> None:
    first = opening(fed, "carol")
    node.put(Submitted((first,), START_MS), ticket=7)
    node.put(Submitted((first,), START_MS), ticket="again")
    answers = [
        output
        for task in drive(node)
        if isinstance(task, Release)
        for output in task.outputs
        if isinstance(output, Answer)
    ]
    assert [each.ticket for each in answers] == [7, "again"]
    assert answers[0].refused == {}


@pytest.mark.clause("A-EFFECT-1", "C-GUARD-1")
def test_what_the_guard_forbids_is_neither_signed_nor_sent_nor_heard(fed: Federation) -> None:
    node = node_of(fed, memory=Memory(silent_through=1))
    drive(node)
    propose(fed, node)
    tasks = drive(node)
    asked = [each for task in tasks if isinstance(task, SignAll) for each in task.statements]
    refused = [
        output
        for task in tasks
        if isinstance(task, Release)
        for output in task.outputs
        if isinstance(output, NotSigned)
    ]
    assert not [each for each in asked if each.kind is Kind.PRE_PREPARE]
    assert [each.conflict.clause for each in refused if each.conflict] == ["C-GUARD-6"]
    assert not [each for each in outgoing(tasks) if isinstance(each.message, Proposal)]
    assert node.state.agreement.slots.proposals[ME] is None


@pytest.mark.clause("A-EFFECT-1")
def test_what_the_signer_refuses_is_neither_sent_nor_heard(fed: Federation, node: Node) -> None:
    propose(fed, node)
    drive(node, until=SignAll)
    waiting = node.waiting
    node.signed([None])
    assert node.waiting == waiting
    released = node.next()
    assert isinstance(released, Release)
    assert {type(each.message) for each in outgoing([released])} == {Submission}


# --- its own voice ------------------------------------------------------------------------------


@pytest.mark.clause("A-EFFECT-9")
def test_a_platform_hears_itself_behind_all_that_waits(fed: Federation, node: Node) -> None:
    propose(fed, node)
    drive(node, until=SignAll)
    node.put(Connected(0, START_MS))
    node.signed(signatures_of(node))
    heard = []
    while (stepped := node.step(START_MS)) is not None:
        heard.append(type(stepped.event))
    assert heard[0] is Connected
    assert Received in heard[1:]


def signatures_of(node: Node) -> list[Signature]:
    handed = node._handed
    assert isinstance(handed, SignAll)
    return signatures(handed)


@pytest.mark.clause("A-EFFECT-3", "A-EFFECT-9")
def test_timers_are_told_with_the_event_that_sets_them(fed: Federation) -> None:
    timers = take_all(node_of(fed))
    assert [each for each in timers if isinstance(each, SetTimer)]


# --- queues -------------------------------------------------------------------------------------


def status(fed: Federation, view: int) -> Status:
    return fed.sign_as(2, StatusDraft(Statement(Kind.STATUS, 1, View(view), Digest(bytes(32)), 2)))


def test_what_comes_from_outside_finds_no_room_in_a_full_queue(fed: Federation, node: Node) -> None:
    event = Received(status(fed, 0), START_MS)
    taken = sum(node.put(event) for _ in range(MAX_ARRIVALS + 5))
    assert taken == MAX_ARRIVALS
    assert not node.has_room(event)
    assert node.put(Connected(0, START_MS))  # a platform's own events always find room


def test_transactions_have_a_queue_of_their_own(fed: Federation, node: Node) -> None:
    event = Submitted((opening(fed, "carol"),), START_MS)
    assert sum(node.put(event) for _ in range(MAX_BULK + 5)) == MAX_BULK
    assert node.put(Received(status(fed, 0), START_MS))


def test_votes_overtake_transactions_that_wait(fed: Federation, node: Node) -> None:
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    node.put(Received(status(fed, 0), START_MS))
    first = node.step(START_MS)
    assert first is not None
    assert isinstance(first.event, Received)


def test_a_batch_has_a_bound_and_is_closed_when_it_is_reached(fed: Federation, node: Node) -> None:
    for view in range(MAX_BATCH + 5):
        node.put(Received(status(fed, view), START_MS))
    take_all(node)
    task = node.next()
    assert isinstance(task, Write)
    assert len(task.records) == MAX_BATCH
    assert node.waiting == 5


def test_what_nobody_waits_for_is_written_when_it_is_flushed(fed: Federation, node: Node) -> None:
    node.put(Received(status(fed, 0), START_MS))
    (flush,) = take_all(node)
    assert isinstance(flush, Flush)
    assert node.next() is None
    node.flush(flush.batch + 1)  # of no batch that stands open
    assert node.next() is None
    node.flush(flush.batch)
    assert isinstance(node.next(), Write)


def test_an_event_gets_the_clock_reading_of_its_turn(fed: Federation, node: Node) -> None:
    node.put(Received(status(fed, 0), START_MS))
    stepped = node.step(START_MS + 9)
    assert stepped is not None
    assert stepped.event.now_ms == START_MS + 9
    assert decode_event(fed.events, stepped.record) == stepped.event


@pytest.mark.clause("C-LOSS-5")
def test_a_vote_of_a_height_that_is_decided_is_late(fed: Federation, node: Node) -> None:
    vote = Vote(Statement(Kind.PREPARE, 0, View(0), Digest(bytes(32)), 2), Signature(b""))
    assert node.is_late(vote)
    assert not node.is_late(evolve(vote, statement=evolve(vote.statement, height=1)))


# --- recovery and snapshots ---------------------------------------------------------------------


def journal_of(fed: Federation, node: Node) -> list[bytes]:
    """Let it propose and vote; all that it writes."""
    propose(fed, node)
    return [each for task in drive(node) if isinstance(task, Write) for each in task.records]


@pytest.mark.clause("A-NODE-2", "A-DUR-2")
def test_a_node_comes_back_as_it_was_durable(fed: Federation) -> None:
    node = node_of(fed, settings=Settings(pool_items=7))
    records = journal_of(fed, node)
    again = node_of(fed, journal=Journal(records=records), memory=memory_of(node))
    assert again.state == node.durable
    assert again.seq == node.seq == len(records)
    assert not again.has_forgotten


def memory_of(node: Node) -> Memory:
    return node._memory


@pytest.mark.clause("A-NODE-2", "C-GUARD-4", "C-GUARD-6")
def test_a_node_that_forgot_what_it_signed_makes_its_guard_remember_the_silence_first(
    fed: Federation,
) -> None:
    node = node_of(fed)
    journal_of(fed, node)
    forgetful = node_of(fed, memory=memory_of(node))
    assert forgetful.has_forgotten
    take_all(forgetful)
    first = forgetful.next()
    assert first == Remember(evolve(memory_of(node), silent_through=1))
    forgetful.remembered()
    assert isinstance(forgetful.next(), Write)


@pytest.mark.clause("A-EVENT-5", "A-SET-2")
def test_the_first_event_resumes_with_the_settings(fed: Federation) -> None:
    node = node_of(fed, settings=Settings(pool_items=7))
    assert node.state.config.settings.pool_items != 7
    node.step(START_MS)
    assert node.state.config.settings.pool_items == 7


@pytest.mark.clause("A-DUR-2")
def test_a_snapshot_is_of_the_last_durable_state(fed: Federation) -> None:
    chain = Federation(4)
    chain.submit(0, opening(chain, "carol"))
    chain.settle()
    node = Node(chain.genesis, NAMES[ME], chain.ledger, gate=chain.gate, snapshot_blocks=1)
    drive(node)
    assert node.snapshot() is None
    node.put(Received(chain.nodes[0].blocks[1], START_MS))
    take_all(node)
    drive(node)
    node.flush()
    drive(node)
    node.put(Connected(0, START_MS))
    take_all(node)
    due = node.snapshot()
    assert due is not None
    assert (due.seq, due.state) == (node.seq, node.durable)
    assert node.snapshot() is None
    node.snapshot_stored()
    assert node.snapshot() is None
    with pytest.raises(LocalProtocolError, match="no snapshot is in work"):
        node.snapshot_stored()


# --- misuse -------------------------------------------------------------------------------------


@pytest.mark.clause("A-EVENT-1", "A-EVENT-3")
@pytest.mark.parametrize("event", ["x", None, b"", 7])
def test_what_is_no_event_is_not_taken(fed: Federation, node: Node, event: object) -> None:
    with pytest.raises(LocalProtocolError, match="A-EVENT-1"):
        node.put(event)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="A-EVENT-3"):
        node.put(Connected(0, START_MS), encoded=b"\x01")
    assert node.is_idle


@pytest.mark.clause("A-EFFECT-1")
@pytest.mark.parametrize("given", [[b"x"], ["x"], [5], [bytearray(64)], None, {"a": 1}])
def test_what_is_no_signature_is_not_taken_and_the_driver_may_try_again(
    fed: Federation, node: Node, given: object
) -> None:
    propose(fed, node)
    task = drive(node, until=SignAll)[-1]
    assert isinstance(task, SignAll)
    with pytest.raises(LocalProtocolError, match="A-EFFECT-1"):
        node.signed(given)  # type: ignore[arg-type]
    node.signed(signatures(task))
    assert isinstance(node.next(), Release)


@pytest.mark.clause("A-EVENT-2")
def test_an_event_that_cannot_be_taken_stays_first_in_its_queue(fed: Federation) -> None:
    node = node_of(fed)
    before = node.state
    with pytest.raises(LocalProtocolError, match="now_ms"):
        node.step(-1)
    assert node.state is before
    first = node.step(START_MS)
    assert first is not None
    assert isinstance(first.event, Resumed)


@pytest.mark.clause("A-NODE-2")
def test_parts_that_do_not_fit_are_refused(fed: Federation) -> None:
    other = Federation(5)
    parts: tuple[dict[str, object], ...] = (
        {"gate": other.gate},
        {"memory": "x"},
        {"journal": []},
        {"journal": Journal(seq=7)},
        {"snapshot_blocks": -1},
    )
    for given in parts:
        with pytest.raises(LocalProtocolError, match="A-NODE-2"):
            node_of(fed, **given)
    with pytest.raises(LocalProtocolError, match="C-GUARD-4"):
        Memory(())


@pytest.mark.clause("A-NODE-1")
def test_a_flood_of_votes_leaves_transactions_their_turn(fed: Federation, node: Node) -> None:
    for _ in range(3 * MAX_BATCH):
        node.put(Received(status(fed, 0), START_MS))
    node.put(Submitted((opening(fed, "carol"),), START_MS))
    taken = 0
    while node.waiting or node.has_work:
        stepped = node.step(START_MS)
        if stepped is None:
            node.put(Received(status(fed, 0), START_MS))
            task = node.next()
            if task is not None:
                acknowledge(node, task)
            continue
        taken += 1
        if isinstance(stepped.event, Submitted):
            break
    assert taken <= 4 * MAX_BATCH


@pytest.mark.clause("A-NODE-3", "A-DUR-1")
def test_a_batch_that_is_never_flushed_is_not_durable(fed: Federation, node: Node) -> None:
    node.put(Received(status(fed, 0), START_MS))
    (flush,) = take_all(node)
    assert isinstance(flush, Flush)
    assert node.next() is None
    assert not node.is_idle
    node.flush(flush.batch)
    drive(node)
    assert node.is_idle
