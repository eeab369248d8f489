"""The cost of a block without transactions in the core and the codec, over its signatures.

Four nodes in one process: every message goes through encoding, gate and `Node` as on a real
platform, and only that is timed; signing, verifying, disks and sockets are not.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from attrs import define
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4core import (
    Gate,
    Genesis,
    Node,
    Outgoing,
    Platform,
    PublicKey,
    Received,
    Release,
    Remember,
    SignAll,
    Signature,
    Task,
    TimeMs,
    Write,
    quorum_size,
)
from web4lab.bench.baselines import signature_times
from web4lab.bench.measurement import Aim, BenchError, Measurement, Spread, in_ms
from web4lab.bench.null_application import Blank

AIM = Aim(0.5)
NAMES = ("thor", "sprout", "legion", "platform2")
NOW_MS = 1
MAX_MESSAGES = 200
"""Messages per block; four platforms need 27."""


def verifications_needed(n: int) -> int:
    """Others' statements that n platforms must verify for one block, all together.

    All but the proposer verify the PRE-PREPARE; each verifies a quorum of PREPAREs and one of
    COMMITs, less its own.
    """
    return (n - 1) + n * 2 * (quorum_size(n) - 1)


def signatures_needed(n: int) -> int:
    """Statements that n platforms sign for one block, all together."""
    return 1 + 2 * n


@define
class _Spent:
    core_s: float = 0.0


class Quartet:
    """Four platforms that agree on empty blocks, as many as they are asked for."""

    def __init__(self) -> None:
        self._keys = [Ed25519PrivateKey.generate() for _ in NAMES]
        platforms = tuple(
            Platform(name, PublicKey(key.public_key().public_bytes_raw()))
            for name, key in zip(NAMES, self._keys, strict=True)
        )
        genesis = Genesis("bench", TimeMs(0), platforms, b"")
        blank: Any = Blank  # its states are plain numbers, which no schema types
        self._gate = Gate.of(genesis, blank())
        self._nodes = [Node(genesis, name, blank(), gate=self._gate) for name in NAMES]
        self._wire: deque[tuple[int, bytes]] = deque()
        self._spent = _Spent()
        for index in range(len(NAMES)):
            self._drive(index)

    @property
    def height(self) -> int:
        """The lowest height that a platform is at."""
        return min(node.state.height for node in self._nodes)

    def core_seconds(self, blocks: int) -> float:
        """Agree on so many more blocks; the seconds that core and codec took, all platforms."""
        self._spent = _Spent()
        target = self.height + blocks
        for _ in range(blocks * MAX_MESSAGES):
            if self.height >= target:
                return self._spent.core_s
            self._deliver(*self._wire.popleft())
        raise BenchError(f"{blocks} blank blocks were not agreed on; is the core broken?")

    def _deliver(self, index: int, data: bytes) -> None:
        node = self._nodes[index]
        began_s = time.perf_counter()
        message = self._gate.parse(data).message
        dropped = node.is_late(message)
        self._spent.core_s += time.perf_counter() - began_s
        if not dropped:
            node.put(Received(message, NOW_MS), encoded=data)
            self._drive(index)

    def _drive(self, index: int) -> None:
        """Let a node do all it can; its disk takes no time."""
        node = self._nodes[index]
        while node.has_work or not node.is_idle:
            began_s = time.perf_counter()
            while node.step(NOW_MS) is not None:
                pass
            node.flush()
            task = node.next()
            self._spent.core_s += time.perf_counter() - began_s
            if task is not None:
                self._carry_out(index, node, task)

    def _carry_out(self, index: int, node: Node, task: Task) -> None:
        signatures: list[Signature] = []
        if isinstance(task, SignAll):
            signatures = [Signature(self._keys[index].sign(each)) for each in task.messages]
        began_s = time.perf_counter()
        match task:
            case Write():
                node.written()
            case Remember():
                node.remembered()
            case SignAll():
                node.signed(signatures)
            case Release(outputs=outputs):
                for output in outputs:
                    if isinstance(output, Outgoing):
                        self._wire.extend((peer, output.encoded) for peer in output.to)
        self._spent.core_s += time.perf_counter() - began_s


def empty_block(repeats: int, blocks: int) -> Measurement:
    """Core and codec for a block, over the signatures it cannot do without; per platform."""
    quartet = Quartet()
    quartet.core_seconds(blocks)  # warm-up
    n = len(NAMES)
    verified, signed = verifications_needed(n), signatures_needed(n)
    ratios: list[float] = []
    core: list[float] = []
    floor: list[float] = []
    for _ in range(repeats):
        core.append(quartet.core_seconds(blocks) / (blocks * n))
        times = signature_times(rounds=2)
        floor.append((verified * times.verify_s + signed * times.sign_s) / n)
        ratios.append(core[-1] / floor[-1])
    details: dict[str, Any] = {
        "stand_in": "one unsigned mark of 8 bytes: view 0 proposes no empty block",
        "core_ms_per_block_and_platform": in_ms(core),
        "signatures_ms_per_block_and_platform": in_ms(floor),
        "verified_per_block": verified,
        "signed_per_block": signed,
        "platforms": n,
    }
    over = "core and codec for an empty block / the signatures it needs"
    return Measurement("empty block", over, Spread.of(ratios), AIM, details)
