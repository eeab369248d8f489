"""The cluster of one run: platforms, Byzantine ones among them, their network, and their clients.

It is built from a plan and does nothing by itself; `run` advances its time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from attrs import define, field

from web4adapters.storage.records import journal_seed
from web4core import Address, Nonce, Settings, Transaction
from web4lab.simulation.byzantine import STRATEGIES
from web4lab.simulation.byzantine_replica import Adversary
from web4lab.simulation.checker import Judge, Trace
from web4lab.simulation.clients import COMMITTED, Walker
from web4lab.simulation.disk import Disk, Store
from web4lab.simulation.environment import Clock, Environment
from web4lab.simulation.federation import Federation, platform_name
from web4lab.simulation.network import Link, Network
from web4lab.simulation.platforms import Platform
from web4lab.simulation.prng import Prng
from web4lab.simulation.swarm import Plan
from web4lab.simulation.virtual_time import VirtualTime

STAGGER_US = 20_000
"""Platforms boot within this time of one another."""


@define
class Traffic:
    """Counts of the packets sent, by kind of message."""

    messages: Counter[str] = field(factory=Counter)
    sizes: Counter[str] = field(factory=Counter)

    def count(self, kind: str, size: int) -> None:
        """Count one packet."""
        self.messages[kind] += 1
        self.sizes[kind] += size


class Cluster:
    """All parts of a run."""

    judge_type: type[Judge] = Judge

    def __init__(
        self,
        plan: Plan,
        federation: Federation,
        trace: Trace | None = None,
        strategies: Mapping[str, type[Adversary]] = STRATEGIES,
        forks_expected: bool = False,
    ) -> None:
        self.plan = plan
        self.n = plan.n
        self.federation = federation
        self.time = VirtualTime()
        self.traffic = Traffic()
        self.struck: Counter[str] = Counter()
        self._dice = Prng("cluster", plan.seed)
        self._left: dict[int, None] = {}
        self._starts: Counter[int] = Counter()
        honest = tuple(index for index in range(plan.n) if index not in plan.byzantine)
        self.judge = self.judge_type(federation, self.time, honest, trace, forks_expected)
        self.network = Network(
            self.time, self._dice.fork("links"), plan.delay_us, plan.jitter_us, self._deliver
        )
        self.platforms = {index: self._platform(index) for index in honest}
        self.adversaries: dict[int, Adversary] = {
            index: strategies[strategy](
                index, self.around(index), self._dice.fork("byzantine", index)
            )
            for index, strategy in plan.byzantine.items()
        }
        self.walkers = tuple(
            Walker(client, federation, self.time, self._dice.fork("client", place), self)
            for place, client in enumerate(plan.clients)
        )

    def _platform(self, index: int) -> Platform:
        seed = journal_seed(self.federation.chain_id, platform_name(index))
        disk = Disk(Store(seed), self.plan.sync_us[index])
        clock = Clock(self.time, self.plan.rate_ppm[index])
        return Platform(index, self.around(index), clock, disk)

    def around(self, _index: int) -> Environment:
        """The environment of a platform."""
        return Environment(
            self.federation,
            self.time,
            self.judge,
            self._settings_of,
            self.plan.snapshot_blocks,
            self.send,
            self._booted,
            self.plan.event_us,
        )

    def _settings_of(self, index: int) -> Settings:
        """The settings of a platform's next start; some operators change them at each restart."""
        self._starts[index] += 1
        which = self._starts[index] - 1
        return self.plan.settings[which % len(self.plan.settings)]

    def begin(self) -> None:
        """Boot all platforms, start the clients, and schedule the faults."""
        dice = self._dice.fork("stagger")
        for place, fault in zip(self.plan.kept, self.plan.faults, strict=True):
            fault.inflict(self, self._dice.fork("fault", place))
        for index in range(self.n):
            start = self.platforms.get(index)
            boot = self.adversaries[index].begin if start is None else start.boot
            self.time.after(dice.below(STAGGER_US), boot)
        for walker in self.walkers:
            walker.begin()

    def heal(self) -> None:
        """End the faults: each platform that is to come back does."""
        for index in self.platforms:
            self.reboot(index)

    # --- for platforms ---

    def send(self, source: int, target: int, kind: str, packet: bytes) -> None:
        """Put a packet on the network."""
        self.traffic.count(kind, len(packet))
        self.network.send(source, target, kind, packet)

    def _deliver(self, source: int, target: int, packet: bytes) -> None:
        platform = self.platforms.get(target)
        if platform is None:
            self.adversaries[target].receive(source, packet)
        else:
            platform.receive(source, packet)

    def _booted(self, index: int) -> None:
        self.reconnect([(index, other) for other in range(self.n) if other != index])

    # --- for faults ---

    def honest(self, index: int) -> Platform | None:
        """The platform, unless it is Byzantine."""
        return self.platforms.get(index)

    @property
    def has_byzantine(self) -> bool:
        """Whether any platform is Byzantine."""
        return bool(self.adversaries)

    def when_decided(self, act: Callable[[int, int], None]) -> None:
        """Have this called with each honest platform that decides a block, and its height."""
        self.judge.listeners.append(act)

    def count(self, fault: str) -> None:
        """Count a fault that has struck."""
        self.struck[fault] += 1

    def reboot(self, index: int) -> None:
        """Start a platform again, unless it has left for good."""
        platform = self.platforms.get(index)
        if platform is not None and not self._is_gone(index):
            platform.boot()

    def _is_gone(self, index: int) -> bool:
        return index in self._left

    def leave(self, index: int) -> None:
        """Note that a platform will not come back."""
        self._left[index] = None

    def reconnect(self, links: Iterable[Link]) -> None:
        """Tell both ends of each pair that their link is up, if it is."""
        pairs = dict.fromkeys((min(link), max(link)) for link in links)
        for one, other in pairs:
            if not self.network.is_cut(one, other) and self._runs(one) and self._runs(other):
                self._connect(one, other)
                self._connect(other, one)

    def _runs(self, index: int) -> bool:
        platform = self.platforms.get(index)
        return platform is None or platform.is_up

    def _connect(self, index: int, peer: int) -> None:
        platform = self.platforms.get(index)
        if platform is None:
            self.adversaries[index].connected(peer)
        else:
            platform.connected(peer)

    # --- for clients ---

    def submit(
        self, platform: int, item: Transaction, answer: Callable[[dict[bytes, str]], None]
    ) -> None:
        """Hand in a transaction."""
        honest = self.platforms.get(platform)
        if honest is None:
            self.adversaries[platform].submit((item,))
        elif honest.is_up:
            honest.submit((item,), answer)

    def fate(self, platform: int, transaction: bytes) -> str | None:
        """The outcome of a transaction, as an honest platform knows it."""
        honest = self.platforms.get(platform)
        if honest is None or not honest.is_up:
            return None
        if transaction in honest.committed:
            return COMMITTED
        return honest.refusal_of(transaction)

    def nonce(self, platform: int, address: Address) -> Nonce | None:
        """The next nonce of an account, by what a platform has decided."""
        honest = self.platforms.get(platform)
        account = None if honest is None else honest.account(address)
        return None if account is None else account.nonce

    def helps(self, platform: int) -> bool:
        """Whether a platform is honest."""
        return platform in self.platforms

    def acknowledged(self, platform: int, item: Transaction) -> None:
        """Note that a platform has accepted a client's transaction."""
        self.judge.acknowledged[platform, item.id] = None

    # --- the end of the run ---

    @property
    def finishers(self) -> tuple[int, ...]:
        """The honest platforms that take part in the end: all that have not left.

        One whose store is damaged takes part if its operator got it to start.
        """
        return tuple(
            index
            for index, platform in self.platforms.items()
            if not self._is_gone(index) and (platform.is_up or not platform.was_damaged)
        )

    def unfinished(self) -> str | None:
        """The reason why the run is not over, or nothing."""
        for walker in self.walkers:
            if not walker.is_done:
                waits = ", ".join(item.id.hex()[:12] for item in walker.waits_for)
                return f"{walker.address} waits for {waits or 'its next errand'}"
        tips: dict[int, int] = {}
        for index in self.finishers:
            platform = self.platforms[index]
            if platform.state is None:
                return f"platform {index} is down"
            if not platform.is_at_rest:
                return f"platform {index} is not at rest"
            if platform.state.config.application.pending(platform.state.pool):
                return f"transactions wait on platform {index}"
            tips[index] = platform.state.height
        if len(dict.fromkeys(tips.values())) > 1:
            return f"the platforms are at heights {tips}"
        return None
