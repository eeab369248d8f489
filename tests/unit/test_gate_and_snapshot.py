"""The gate lets nothing through that is not authentic; states and events survive their bytes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chaos import Chaos
from tests.support.federation import NAMES, Federation, verify
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.events import Received, Resumed
from web4core.ledger.application import Ledger
from web4core.link import Request, frame, open_packet, packet
from web4core.quorum import faulty, proposer, quorum, with_an_honest_one
from web4core.replica import State, configure, start, step
from web4core.settings import Settings
from web4core.snapshot import (
    decode_event,
    decode_state,
    encode_state,
    received_bytes,
    state_digest,
)

MUTATIONS = 20_000
ROOT = Path(__file__).parents[2]


def chaos(seed: int = 5) -> Chaos:
    run = Chaos(seed, 4)
    run.run(400)
    return run


@pytest.mark.clause("W-MSG-1", "W-MSG-2")
def test_mutated_bytes_give_an_authentic_message_or_a_refusal() -> None:
    dice = random.Random(1)
    fed = chaos().fed
    seen = [fed.gate.encode(message) for _, _, message in fed.sent]
    authentic = set(seen)
    passed = 0
    for _ in range(MUTATIONS):
        data = bytearray(dice.choice(seen))
        for _ in range(dice.randint(1, 3)):
            change, place = dice.randrange(4), dice.randrange(len(data))
            if change == 0:
                data[place] ^= 1 << dice.randrange(8)
            elif change == 1:
                data[place : place + dice.randint(1, 8)] = b""
            elif change == 2:
                data[place:place] = dice.randbytes(dice.randint(1, 8))
            else:
                data[place] = dice.randrange(256)
            if not data:
                break
        try:
            message = fed.gate.open(bytes(data), verify)
        except RemoteProtocolError:
            continue
        assert fed.gate.encode(message) == bytes(data)
        passed += bytes(data) in authentic
    assert passed < MUTATIONS // 10


@pytest.mark.clause("A-DUR-2", "A-DUR-3", "A-DUR-4")
@pytest.mark.parametrize("seed", range(6))
def test_a_state_survives_its_bytes_and_goes_on_the_same(seed: int) -> None:
    fed = chaos(seed).fed
    for index, node in fed.nodes.items():
        config = configure(fed.genesis, NAMES[index], fed.settings, fed.ledger)
        again = decode_state(config, encode_state(node.state))
        assert node.state == again
        assert state_digest(node.state) == state_digest(again)
        event = Resumed(fed.now_ms + 5)
        assert step(node.state, event) == step(again, event)


@pytest.mark.clause("A-DUR-4")
def test_a_state_of_another_platform_is_refused() -> None:
    fed = Federation(4)
    config = configure(fed.genesis, NAMES[1], fed.settings, fed.ledger)
    with pytest.raises(LocalProtocolError, match="A-DUR-4"):
        decode_state(config, encode_state(fed.nodes[0].state))


def test_a_received_message_is_journalled_from_its_own_bytes() -> None:
    fed = chaos().fed
    for _, _, message in fed.sent[:50]:
        record = received_bytes(fed.gate.encode(message), 77)
        assert fed.events.encode(Received(message, 77)) == record
        assert decode_event(fed.events, record) == Received(message, 77)


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from tests.support.chaos import Chaos
from web4core.snapshot import state_digest
run = Chaos(11, 4)
run.run(300)
print(*(state_digest(node.state).hex() for node in run.fed.nodes.values()))
"""


@pytest.mark.clause("A-EVENT-1")
def test_the_same_seed_gives_the_same_states_everywhere() -> None:
    answers = set()
    for hash_seed, flag in (("0", "-B"), ("1", "-B"), ("4711", "-B"), ("2", "-O")):
        command = [sys.executable, flag, "-c", PROGRAM.format(root=str(ROOT))]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        answers.add(
            subprocess.run(command, env=environment, check=True, capture_output=True).stdout
        )
    assert len(answers) == 1
    assert len(answers.pop().split()) >= 3


@pytest.mark.clause("C-QUORUM-1", "C-QUORUM-2", "C-QUORUM-3", "C-QUORUM-4")
@pytest.mark.parametrize("n", range(1, 129))
def test_quorums_intersect_in_an_honest_platform(n: int) -> None:
    f, q = faulty(n), quorum(n)
    assert 3 * f < n <= 3 * f + 3
    assert 2 * q - n > f
    assert q <= n - f
    assert with_an_honest_one(n) == f + 1
    assert sorted(proposer(h, 0, n) for h in range(n)) == list(range(n))


def test_misuse_is_told_apart_from_what_peers_do() -> None:
    fed = Federation(4)
    with pytest.raises(LocalProtocolError, match="A-EVENT-1"):
        step(fed.nodes[0].state, "an event")  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="H-GENESIS-1"):
        start(fed.genesis, "nobody", Settings(), Ledger.of)
    with pytest.raises(LocalProtocolError, match="A-SET-1"):
        Settings(view_timeout_ms=0)
    state: State = fed.nodes[0].state
    assert state.height == 1


@pytest.mark.clause("W-LINK-4", "W-LINK-5", "W-LINK-6")
def test_packets_hold_their_frames_and_nothing_else() -> None:
    frames = (b"one", Request(7), b"")
    data = packet(frame(each) for each in frames)
    assert open_packet(data) == frames
    for spoilt in (data[:-1], data + b"x", b"\x09" + data[1:], b"\x01\xff\xff\xff\xff"):
        with pytest.raises(RemoteProtocolError, match="W-LINK"):
            open_packet(spoilt)
