"""The cost of a federation by its size: messages, bytes, certificates, work, speed, recovery.

Everything but the processor time is counted on virtual time, so it is the same on every machine.
The network has one delay, a disk takes `SYNC_US` for each sync, a processor `EVENT_US` for each
event, and there are no faults but the measured ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from attrs import asdict, evolve, frozen

from web4core import (
    CERTIFICATE,
    AccountOpen,
    Address,
    Memory,
    Output,
    Settings,
    SignAll,
    State,
    Stepped,
    Transaction,
    Write,
    faulty,
    proposer,
    quorum_size,
)
from web4lab.simulation.byzantine import STRATEGIES
from web4lab.simulation.checker import Judge
from web4lab.simulation.cluster import Cluster
from web4lab.simulation.environment import Environment
from web4lab.simulation.federation import (
    Federation,
    Signatures,
    owner_address,
    platform_name,
)
from web4lab.simulation.platform_faults import Byzantine
from web4lab.simulation.prng import Prng
from web4lab.simulation.run import federation_of
from web4lab.simulation.swarm import Plan
from web4lab.simulation.virtual_time import MS, SECOND
from web4process.workers import working

SIZES: Final = (4, 7, 10, 16, 31)
DELAYS_MS: Final = (1, 10, 100)
"""One-way delays of the links."""

SYNC_US = 500
"""The time of a sync: that of a fair solid-state disk."""

VOTING: Final = ("proposal", "prepare", "commit")
"""The kinds of message that a block costs when nothing goes wrong."""

EVENT_US = 100
"""The processor time of one event: parsing, verifying, stepping."""

COUNTED_BLOCKS = 3
TIMED_BLOCKS = 20
WORKED_BLOCKS = 3
FIRST, THIRD = "first", 3
"""Recovery begins after the first block, and is over when all are at the third height."""

MISSED_BLOCKS = 40
"""The number of blocks that a platform misses before it restarts."""

PARTITION_MS = 10_000
PATIENCE_US = 600 * SECOND
STEP_US = 1 * MS


@frozen
class Cost:
    """The cost of a block in messages and bytes."""

    messages: float
    bytes: float


@frozen
class Recovery:
    """The times of recovery, in milliseconds of virtual time, at 10 ms a link."""

    proposer_ms: int
    """From a client's submission to the decision, while the proposer of the height is dead."""
    partition_ms: int
    """From the end of a partition without a quorum to the decision of the waiting transaction."""
    restart_ms: int
    """From the restart of a platform that missed blocks to its being level with the others."""


@frozen
class Scale:
    """The figures of one size."""

    n: int
    f: int
    quorum: int
    formula: int
    """Messages per block by the formula, (N - 1)(2N + 1)."""
    honest: Cost
    byzantine: Cost
    """All kinds of message, with f Byzantine platforms whose strategies differ."""
    byzantine_block_ms: float
    """The time of a block with them, in milliseconds of virtual time at 10 ms a link."""
    strategies: tuple[str, ...]
    certificate_bytes: tuple[int, int]
    """The smallest and largest commit certificate that was made."""
    blocks_per_s: dict[int, float]
    """By the delay of the links, in milliseconds."""
    recovery: Recovery
    cpu_ms: float | None
    """Processor time that one platform spends on a block: measured here, other elsewhere."""


def scale_report(
    sizes: Sequence[int] = SIZES,
    jobs: int = 1,
    measure_cpu: bool = True,
    progress: Callable[[int], None] | None = None,
) -> tuple[Scale, ...]:
    """The figures of these sizes; `progress` is told each size that is done.

    Without `measure_cpu` the report is the same on every machine.
    """
    told = progress or (lambda _n: None)
    work = partial(figures, measure_cpu=measure_cpu)
    if jobs <= 1:
        return tuple(_and_tell(work(n), told) for n in sizes)
    with working(work, sizes, min(jobs, len(sizes))) as done:
        found = {n: _and_tell(future.result(), told) for n, future in done}
    return tuple(found[n] for n in sizes)


def figures(n: int, measure_cpu: bool = True) -> Scale:
    """All figures of one size."""
    federation = federation_of(n, Signatures.ED25519)
    honest, certificates = _count(_cluster(federation))
    byzantine, block_ms, strategies = _count_byzantine(federation)
    return Scale(
        n=n,
        f=faulty(n),
        quorum=quorum_size(n),
        formula=(n - 1) * (2 * n + 1),
        honest=honest,
        byzantine=byzantine,
        byzantine_block_ms=block_ms,
        strategies=strategies,
        certificate_bytes=(min(certificates), max(certificates)),
        blocks_per_s={delay: _speed(federation, delay) for delay in DELAYS_MS},
        recovery=Recovery(_dead_proposer(federation), _partition(federation), _restart(federation)),
        cpu_ms=_cpu_ms(n) if measure_cpu else None,
    )


def as_json(scales: Sequence[Scale]) -> dict[str, Any]:
    """The report for machines."""
    return {
        "model": {
            "sync_us": SYNC_US,
            "event_us": EVENT_US,
            "recovery_delay_ms": 10,
            "missed_blocks": MISSED_BLOCKS,
            "partition_ms": PARTITION_MS,
            "settings": asdict(Settings()),
        },
        "sizes": [asdict(each) for each in scales],
    }


def _and_tell(done: Scale, told: Callable[[int], None]) -> Scale:
    told(done.n)
    return done


# --- a quiet cluster -----------------------------------------------------------------------------


def _plan(n: int, delay_ms: int, strategies: Sequence[str] = ()) -> Plan:
    members = range(n - len(strategies), n)
    faults = tuple(Byzantine(*pair) for pair in zip(members, strategies, strict=True))
    return Plan(
        seed=0,
        n=n,
        settings=(Settings(block_items=1),),
        snapshot_blocks=0,
        delay_us=delay_ms * MS,
        jitter_us=0,
        sync_us=(SYNC_US,) * n,
        rate_ppm=(0,) * n,
        faults_ms=0,
        faults=faults,
        clients=(),
        kept=tuple(range(len(faults))),
        event_us=EVENT_US,
    )


def _cluster(federation: Federation, delay_ms: int = 10, strategies: Sequence[str] = ()) -> Cluster:
    """A federation that has booted, and has nothing to do."""
    cluster = Cluster(_plan(federation.n, delay_ms, strategies), federation)
    cluster.begin()
    cluster.time.run(SECOND)
    return cluster


def _openings(federation: Federation, count: int, name: str) -> tuple[Transaction, ...]:
    """So many transactions that do not stand in one another's way."""
    platform, owner = platform_name(0), str(owner_address(0, 0))
    key = federation.key_of(owner).public
    return tuple(
        federation.transaction(
            AccountOpen(
                federation.chain_id, Address(platform=platform, agent=f"{name}{number}"), key
            ),
            platform,
            owner,
        )
        for number in range(count)
    )


def _hand_in(cluster: Cluster, items: tuple[Transaction, ...], platform: int = 0) -> None:
    cluster.platforms[platform].submit(items, lambda _codes: None)


def _heights(cluster: Cluster, among: Sequence[int] | None = None) -> list[int]:
    chosen = cluster.platforms if among is None else among
    states = [cluster.platforms[index].state for index in chosen]
    return [0 if state is None else state.height for state in states]


def _run_until(cluster: Cluster, done: Callable[[], bool]) -> int:
    """Let time pass until something holds; how long that took, in milliseconds."""
    began_us = cluster.time.now_us
    while not done():
        if cluster.time.now_us - began_us > PATIENCE_US:
            raise RuntimeError(f"nothing came of it in {PATIENCE_US // SECOND} s")
        cluster.time.run(cluster.time.now_us + STEP_US)
    return (cluster.time.now_us - began_us) // MS


def _decide(cluster: Cluster, blocks: int, name: str, among: Sequence[int] | None = None) -> int:
    """Have so many blocks decided, one after another as fast as they go; milliseconds."""
    height = max(_heights(cluster, among))
    _hand_in(cluster, _openings(cluster.federation, blocks, name))
    return _run_until(cluster, lambda: min(_heights(cluster, among)) >= height + blocks)


# --- the cost of a block ------------------------------------------------------------------------


def _count(cluster: Cluster) -> tuple[Cost, list[int]]:
    """Messages and bytes of a block, and the sizes of the certificates made."""
    before = _voting(cluster)
    for number in range(COUNTED_BLOCKS):
        _decide(cluster, 1, f"count{number}-")
        cluster.time.run(cluster.time.now_us + 200 * MS)
    after = _voting(cluster)
    sizes = [len(CERTIFICATE.encode(each.certificate)) for each in cluster.judge.decisions]
    return _per_block(before, after, COUNTED_BLOCKS), sizes


def _voting(cluster: Cluster) -> tuple[int, int]:
    traffic = cluster.traffic
    return (
        sum(traffic.messages[kind] for kind in VOTING),
        sum(traffic.sizes[kind] for kind in VOTING),
    )


def _per_block(before: tuple[int, int], after: tuple[int, int], blocks: int) -> Cost:
    return Cost(
        round((after[0] - before[0]) / blocks, 1), round((after[1] - before[1]) / blocks, 1)
    )


def _count_byzantine(federation: Federation) -> tuple[Cost, float, tuple[str, ...]]:
    """All messages between platforms, per block, with f Byzantine ones among them."""
    names = tuple(STRATEGIES)
    strategies = tuple(names[place % len(names)] for place in range(faulty(federation.n)))
    cluster = _cluster(federation, strategies=strategies)
    before = _everything(cluster)
    blocks = federation.n  # every platform's turn comes once
    milliseconds = _decide(cluster, blocks, "byzantine")
    cost = _per_block(before, _everything(cluster), blocks)
    return cost, round(milliseconds / blocks, 1), strategies


def _everything(cluster: Cluster) -> tuple[int, int]:
    return sum(cluster.traffic.messages.values()), sum(cluster.traffic.sizes.values())


def _speed(federation: Federation, delay_ms: int) -> float:
    """Blocks per second while there is always work."""
    cluster = _cluster(federation, delay_ms)
    milliseconds = _decide(cluster, TIMED_BLOCKS, "speed")
    return round(TIMED_BLOCKS * 1000 / milliseconds, 3)


# --- recovery ----------------------------------------------------------------------------------


def _dead_proposer(federation: Federation) -> int:
    cluster = _cluster(federation)
    _decide(cluster, 1, FIRST)
    dead = proposer(2, 0, federation.n)
    cluster.platforms[dead].crash(Prng("scale"))
    alive = [index for index in cluster.platforms if index != dead]
    _hand_in(cluster, _openings(federation, 1, "second"), alive[0])
    return _run_until(cluster, lambda: min(_heights(cluster, alive)) >= THIRD)


def _partition(federation: Federation) -> int:
    """Cut f + 1 platforms off, so that nobody has a quorum, with a transaction waiting."""
    cluster = _cluster(federation)
    _decide(cluster, 1, FIRST)
    side = range(faulty(federation.n) + 1)
    rest = range(faulty(federation.n) + 1, federation.n)
    links = [(one, other) for one in side for other in rest]
    links += [(other, one) for one, other in links]
    cluster.network.cut(links)
    _hand_in(cluster, _openings(federation, 1, "second"), federation.n - 1)
    cluster.time.run(cluster.time.now_us + PARTITION_MS * MS)
    cluster.reconnect(cluster.network.mend(links))
    return _run_until(cluster, lambda: min(_heights(cluster)) >= THIRD)


def _restart(federation: Federation) -> int:
    """Crash a platform, decide blocks without it, and start it again."""
    cluster = _cluster(federation)
    missing = federation.n - 1
    _decide(cluster, 1, FIRST)
    cluster.platforms[missing].crash(Prng("scale"))
    others = [index for index in cluster.platforms if index != missing]
    _decide(cluster, MISSED_BLOCKS, "missed", others)
    height = min(_heights(cluster, others))
    cluster.platforms[missing].boot()
    return _run_until(cluster, lambda: min(_heights(cluster)) >= height)


# --- work --------------------------------------------------------------------------------------


class _Unwatched(Judge):
    """Checks nothing while the run goes on: that is no work of a platform."""

    def stepped(self, platform: int, stepped: Stepped) -> None:
        pass

    def signing(self, platform: int, asked: SignAll, memory: Memory, waiting: int) -> None:
        pass

    def released(self, platform: int, outputs: tuple[Output, ...]) -> None:
        pass

    def writing(self, platform: int, task: Write, durable: State) -> None:
        pass


class _Apart(Cluster):
    """Platforms that share no memory: each parses and verifies everything itself."""

    judge_type = _Unwatched

    def around(self, index: int) -> Environment:
        return evolve(super().around(index), federation=Federation.of(self.n))


def _cpu_ms(n: int) -> float:
    """Processor time for a block on one platform: all of it, divided by the platforms."""
    cluster = _Apart(_plan(n, 10), Federation.of(n))
    cluster.begin()
    cluster.time.run(SECOND)
    _decide(cluster, 1, "warm")
    began_s = time.process_time()
    _decide(cluster, WORKED_BLOCKS, "work")
    spent_s = time.process_time() - began_s
    return round(spent_s * 1000 / WORKED_BLOCKS / n, 3)
