"""One Byzantine platform too many: f + 1 of them fork the chain, and are convicted of it.

At first they follow the protocol.
Then they cut the honest platforms into two halves, and each of them goes on as two personas, one
for each half, so that either side has a quorum and decides by itself.
Such a run must show the fork, and evidence against at least f + 1 platforms, none of them honest.
"""

from __future__ import annotations

from attrs import define, evolve, field

from web4core import (
    AccountOpen,
    Address,
    Connected,
    Evidence,
    Message,
    Request,
    Submitted,
    Transaction,
    faulty,
)
from web4lab.simulation.accountability import convicted
from web4lab.simulation.byzantine_replica import Adversary, ByzantineReplica, Speak
from web4lab.simulation.checker import Fork
from web4lab.simulation.cluster import Cluster
from web4lab.simulation.environment import Environment
from web4lab.simulation.federation import platform_name
from web4lab.simulation.network import Link
from web4lab.simulation.network_faults import Corruption, Delay, Doubling, Loss, Reordering
from web4lab.simulation.platform_faults import Byzantine, Crash, Pause, SlowDisk
from web4lab.simulation.prng import Prng
from web4lab.simulation.swarm import Plan
from web4lab.simulation.virtual_time import MS, SECOND

STRATEGY = "conspiring"
WHISPER_US = 1 * MS
"""The time of a message from one conspirator to another, which no network fault affects."""

HOUR_MS = (500, 4_000)
"""The earliest and the latest time at which the conspirators begin."""

ATTEMPT_US = 120 * SECOND
"""The longest that they may try."""

AFTERMATH_US = 10 * SECOND
"""The time for which the halves are watched after they are connected again."""

LOOK_US = 250 * MS


class Conspirator(Adversary):
    """A platform that follows the protocol until it is split into two personas."""

    def __init__(self, index: int, around: Environment, dice: Prng) -> None:
        super().__init__(index, around, dice)
        self.personas = [ByzantineReplica.new(index, around, self._speaker(0))]
        self.plot: Plot | None = None
        self._opened = 0

    def begin(self) -> None:
        self.personas[0].resume()

    def receive(self, source: int, packet: bytes) -> None:
        persona = self.personas[self._side_of(source)]
        for message in self.messages(packet):
            persona.hear(message)
        for content in self.frames(packet):
            if isinstance(content, Request):
                self.serve(persona, source, content.height)

    def connected(self, peer: int) -> None:
        persona = self.personas[self._side_of(peer)]
        persona.feed(Connected(peer, persona.now_ms()))

    def submit(self, items: tuple[Transaction, ...]) -> None:
        for persona in self.personas:
            persona.feed(Submitted(items, persona.now_ms()))

    def split(self) -> None:
        """Go on as two personas, and give each half something to decide."""
        first = self.personas[0]
        second = ByzantineReplica(
            self.index, self.around, first.state, self._speaker(1), ahead_ms=1
        )
        second.blocks.update(first.blocks)
        self.personas.append(second)
        second.resume()
        self.every(300, 1_500, self._open_account)

    def whisper(self, side: int, message: Message) -> None:
        """Take a message from another conspirator, as the persona of that side."""
        if side < len(self.personas):
            self.personas[side].hear(message)

    def _side_of(self, other: int) -> int:
        """The persona that a platform talks to."""
        if self.plot is None or len(self.personas) == 1:
            return 0
        return int(other in self.plot.halves[1])

    def _speaker(self, side: int) -> Speak:
        def speak(message: Message, to: tuple[int, ...]) -> None:
            plot = self.plot
            if plot is None or len(self.personas) == 1:
                self.tell(message, to)
                return
            self.tell(message, tuple(each for each in to if each in plot.halves[side]))
            for fellow in plot.members:
                if fellow is not self and fellow.index in to:
                    _whisper(self.around, fellow, side, message)

        return speak

    def _open_account(self) -> None:
        """Open an account on each side, so that neither is ever without work."""
        for side, persona in enumerate(self.personas):
            self._opened += 1
            name = platform_name(self.index)
            address = Address(platform=name, agent=f"{'ab'[side]}{self._opened}")
            key = self.federation.key_of(name).public
            item = self.federation.transaction(
                AccountOpen(self.federation.chain_id, address, key), name, name
            )
            persona.feed(Submitted((item,), persona.now_ms()))


def _whisper(around: Environment, fellow: Conspirator, side: int, message: Message) -> None:
    around.time.after(WHISPER_US, lambda: fellow.whisper(side, message))


@define(eq=False)
class Plot:
    """The conspirators, and the two halves into which they divide the others."""

    members: tuple[Conspirator, ...]
    halves: tuple[tuple[int, ...], tuple[int, ...]]
    links: tuple[Link, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        one_way = tuple((one, other) for one in self.halves[0] for other in self.halves[1])
        self.links = one_way + tuple((other, one) for one, other in one_way)
        for member in self.members:
            member.plot = self


def conspiring(plan: Plan) -> Plan:
    """The same plan with f + 1 conspirators as its only Byzantine platforms, and milder faults."""
    dice = Prng("conspiracy", plan.seed)
    members = dice.some(range(plan.n), faulty(plan.n) + 1)
    mild = [
        (place, fault)
        for place, fault in zip(plan.kept, plan.faults, strict=True)
        if isinstance(fault, _MILD)
    ]
    return evolve(
        plan,
        faults=(
            *(fault for _, fault in mild),
            *(Byzantine(member, STRATEGY) for member in members),
        ),
        kept=(*(place for place, _ in mild), *range(-len(members), 0)),
        snapshot_blocks=0,
    )


_MILD = (Loss, Doubling, Reordering, Corruption, Delay, Crash, Pause, SlowDisk)
"""Faults that do not stand in the way of either side's quorum for long."""


@define
class Attempt:
    """The result of a conspiracy."""

    forks: list[Fork] = field(factory=list)
    evidence: dict[int, Evidence] = field(factory=dict)


def attempt(cluster: Cluster, came_to: Attempt) -> None:
    """Let the conspirators try; then connect the halves again, and watch the result."""
    dice = Prng("plot", cluster.plan.seed)
    members = tuple(each for each in cluster.adversaries.values() if isinstance(each, Conspirator))
    honest = tuple(cluster.platforms)
    half = dice.some(honest, len(honest) // 2)
    plot = Plot(members, (half, tuple(each for each in honest if each not in half)))
    came_to.forks = cluster.judge.forks
    cluster.begin()
    cluster.time.run(dice.between(*HOUR_MS) * MS)
    cluster.network.cut(plot.links)
    for member in members:
        member.split()
    _wait_for_fork(cluster, came_to)
    cluster.reconnect(cluster.network.mend(plot.links))
    cluster.time.run(cluster.time.now_us + AFTERMATH_US)
    cluster.judge.conclude()


def _wait_for_fork(cluster: Cluster, came_to: Attempt) -> None:
    """Watch until the journals convict f + 1 platforms of a fork, or the time is over."""
    deadline_us = cluster.time.now_us + ATTEMPT_US
    looked_at = 0
    while cluster.time.now_us < deadline_us and len(came_to.evidence) <= faulty(cluster.n):
        cluster.time.run(cluster.time.now_us + LOOK_US)
        if any(_in_one_view(fork) for fork in came_to.forks[looked_at:]):
            journals = (platform.disk.store.events() for platform in cluster.platforms.values())
            came_to.evidence = convicted(cluster.federation, journals)
        looked_at = len(came_to.forks)


def _in_one_view(fork: Fork) -> bool:
    return fork.first.certificate.view == fork.second.certificate.view
