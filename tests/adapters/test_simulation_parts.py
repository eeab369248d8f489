"""The simulated parts keep the promises of the real ones, and break only what real ones break."""

from __future__ import annotations

from functools import partial

import pytest

from web4core.guard import Memory, Signed
from web4core.types import Digest, View
from web4lab.simulation.disk import (
    Damaged,
    DiskFull,
    GuardFile,
    Record,
    Store,
    StoredBlock,
)
from web4lab.simulation.network import Copy, Network
from web4lab.simulation.prng import Prng
from web4lab.simulation.virtual_time import MS, VirtualTime

FIRST = Record((b"one", b"two"), (StoredBlock(1, bytes(32), b"block", (b"id",)),))
SECOND = Record((b"three",), ())


def store_of(*records: Record) -> Store:
    store = Store(b"seed")
    for record in records:
        store.append(record)
    return store


def arrivals(delay_us: int = 10, jitter_us: int = 0) -> tuple[VirtualTime, Network, list[bytes]]:
    time = VirtualTime()
    arrived: list[bytes] = []
    network = Network(
        time, Prng("test"), delay_us, jitter_us, lambda _from, _to, data: arrived.append(data)
    )
    return time, network, arrived


# --- dice --------------------------------------------------------------------------------------


def test_dice_are_the_same_for_ever() -> None:
    dice = Prng("web4", 1)
    assert [dice.below(1000) for _ in range(6)] == [320, 496, 991, 848, 874, 380]


def test_a_fork_does_not_depend_on_what_was_thrown_before() -> None:
    fresh, used = Prng("web4", 1), Prng("web4", 1)
    used.below(10)
    assert fresh.fork("a").octets(8) == used.fork("a").octets(8)
    assert fresh.fork("a").octets(8) != fresh.fork("b").octets(8)


# --- time --------------------------------------------------------------------------------------


def test_what_falls_on_one_moment_happens_in_the_order_of_asking() -> None:
    time = VirtualTime()
    done: list[str] = []
    for name in "abc":
        time.after(5, partial(done.append, name))
    time.after(4, partial(done.append, "first"))
    time.run(5)
    assert done == ["first", "a", "b", "c"]
    assert time.now_us == 5


# --- the network -------------------------------------------------------------------------------


def test_packets_of_a_link_arrive_in_order() -> None:
    time, network, arrived = arrivals(jitter_us=1000)
    sent = [bytes([number]) for number in range(50)]
    for data in sent:
        network.send(0, 1, "vote", data)
    time.run(MS * 10)
    assert arrived == sent


def test_a_cut_loses_what_is_on_its_way_and_what_is_sent() -> None:
    time, network, arrived = arrivals()
    network.send(0, 1, "vote", b"on its way")
    network.cut([(0, 1)])
    network.send(0, 1, "vote", b"cut")
    network.send(1, 0, "vote", b"other way")
    assert network.mend([(0, 1)]) == ((0, 1),)
    network.send(0, 1, "vote", b"mended")
    time.run(MS)
    assert arrived == [b"on its way", b"other way", b"mended"]
    assert network.lost == 1


def test_two_cuts_of_a_link_need_two_mendings() -> None:
    _, network, _ = arrivals()
    network.cut([(0, 1)])
    network.cut([(0, 1)])
    assert network.mend([(0, 1)]) == ()
    assert network.is_cut(1, 0)
    assert network.mend([(0, 1)]) == ((0, 1),)


def test_a_clogged_link_lets_all_through_at_once() -> None:
    time, network, arrived = arrivals()
    network.clog([(0, 1)], 1000)
    network.send(0, 1, "vote", b"held")
    time.run(999)
    assert arrived == []
    time.run(1000)
    assert arrived == [b"held"]


def test_a_trouble_befalls_packets_from_its_beginning_to_its_end() -> None:
    class Twice:
        def befall(self, _link: object, _kind: str, copies: list[Copy]) -> list[Copy]:
            return copies * 2

    time, network, arrived = arrivals()
    trouble = Twice()
    network.begin(trouble)
    network.send(0, 1, "vote", b"a")
    network.end(trouble)
    network.send(0, 1, "vote", b"b")
    time.run(MS)
    assert arrived == [b"a", b"a", b"b"]


# --- the disk ----------------------------------------------------------------------------------


@pytest.mark.clause("C-DURABLE-1")
def test_what_was_synchronised_survives_every_crash() -> None:
    for number in range(50):
        store = store_of(FIRST)
        store.sync()
        store.append(SECOND)
        store.crash(Prng("crash", number))
        recovered = store.recover()
        assert recovered.events[:2] == FIRST.events
        assert recovered.blocks == FIRST.blocks


def test_a_crash_loses_tears_or_keeps_what_was_not_synchronised() -> None:
    found = set()
    for number in range(50):
        store = store_of(FIRST, SECOND)
        cost = store.crash(Prng("crash", number))
        found.add((cost, store.recover().events))
    assert {events for _, events in found} == {(), FIRST.events, FIRST.events + SECOND.events}
    assert {cost for cost, _ in found} == {"lost", "torn"}


@pytest.mark.clause("C-DURABLE-3")
def test_a_bit_that_flips_is_damage_or_passes_for_a_torn_tail() -> None:
    places = set()
    for number in range(50):
        store = store_of(FIRST, SECOND)
        store.sync()
        place = store.flip(Prng("flip", number))
        if place == 1:
            with pytest.raises(Damaged) as damaged:
                store.recover()
            assert damaged.value.record == place
        else:
            assert store.recover().events == FIRST.events
        places.add(place)
    assert places == {1, 2}


def test_a_dropped_tail_leaves_what_was_before() -> None:
    store = store_of(FIRST, SECOND)
    store.sync()
    store.drop_from(2)
    assert store.recover().events == FIRST.events


@pytest.mark.clause("C-DURABLE-2")
def test_after_a_failed_write_there_is_no_other_until_the_store_is_opened_again() -> None:
    store = store_of(FIRST)
    store.full = True
    with pytest.raises(DiskFull):
        store.append(SECOND)
    store.full = False
    with pytest.raises(DiskFull):
        store.append(SECOND)
    store.recover()
    store.append(SECOND)
    assert store.records == 2


def test_a_snapshot_stands_for_all_events_before_it() -> None:
    store = store_of(FIRST, Record((), (), b"state", len(FIRST.events)), SECOND)
    recovered = store.recover()
    assert (recovered.state, recovered.events) == (b"state", SECOND.events)
    assert recovered.blocks == FIRST.blocks


@pytest.mark.clause("C-GUARD-4")
def test_a_guard_that_is_torn_remembers_what_it_did_before() -> None:
    kept, written = (
        Memory((Signed(1, View(0), Digest(b"a")), None, None, None)),
        Memory((Signed(2, View(0), Digest(b"b")), None, None, None)),
    )
    seen = set()
    for number in range(30):
        guard = GuardFile()
        guard.write(kept)
        guard.sync()
        guard.write(written)
        guard.crash(Prng("guard", number))
        guard.open()
        seen.add(guard.memory)
    assert seen == {kept, written}
