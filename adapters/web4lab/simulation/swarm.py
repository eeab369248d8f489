"""The plan that a seed stands for: its federation, its faults, its clients.

Each seed draws its own mix: some kinds of fault are left out altogether, so that a defect that one
of them would hide is found in a run without it.
A plan keeps to the assumptions under which a federation must stay live: at most f platforms are
Byzantine, or lose durable data, or stay away; and wrong clocks are right in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from web4core import Settings, faulty
from web4lab.simulation import network_faults, platform_faults
from web4lab.simulation.byzantine import STRATEGIES
from web4lab.simulation.clients import Client, Errand
from web4lab.simulation.environment import Remedy
from web4lab.simulation.fault_target import Window
from web4lab.simulation.federation import OWNERS
from web4lab.simulation.platform_faults import Fault
from web4lab.simulation.prng import Prng

SIZES: Final = (4, 7, 10)
"""The numbers of platforms that a federation may have, unless one is given."""

KIND_PER_MILLE = 450
"""The chance that a kind of fault takes part in a run, in thousandths."""

SILENCED: Final = ("proposal", "prepare", "commit", "commit", "view_change", "decided", "status")
"""Kinds of message that the network may keep from some; lost COMMITs could lead to forks."""

HOUR_MS = 3_600_000


@frozen
class Plan:
    """All that determines a run, beside the code."""

    seed: int
    n: int
    settings: tuple[Settings, ...]
    """Those of the first start, and of each restart in turn."""
    snapshot_blocks: int
    delay_us: int
    """The shortest time that a packet travels."""
    jitter_us: int
    """The most time that it may take beyond that without a fault."""
    sync_us: tuple[int, ...]
    """The time of a sync on each platform's disk."""
    rate_ppm: tuple[int, ...]
    """The rate by which each platform's clocks run too fast, in millionths."""
    faults_ms: int
    """The time at which the last fault ends."""
    faults: tuple[Fault, ...]
    clients: tuple[Client, ...]
    kept: tuple[int, ...]
    """The places that these faults have among all that the seed drew."""
    event_us: int = 0
    """The processor time of an event; 0 unless a run measures speed."""

    @property
    def byzantine(self) -> dict[int, str]:
        """The strategy of each Byzantine platform."""
        found = [fault for fault in self.faults if isinstance(fault, platform_faults.Byzantine)]
        return {fault.platform: fault.strategy for fault in found}

    @property
    def absent(self) -> tuple[int, ...]:
        """The platforms that do not come back."""
        return tuple(
            fault.platform for fault in self.faults if isinstance(fault, platform_faults.Absent)
        )


class NoSuchFault(ValueError):
    """Of the faults that a seed draws, none is at the place that was asked for."""


def draw(seed: int, n: int | None = None, keep: tuple[int, ...] | None = None) -> Plan:
    """The plan of a seed; with `keep`, of its faults only those at these places.

    Raises `NoSuchFault` if there is none at one of them.
    """
    dice = Prng("plan", seed)
    size = n or dice.fork("size").pick(SIZES)
    faults_ms = dice.fork("length").between(6_000, 12_000)
    drawn = _faults(dice.fork("faults"), size, faults_ms)
    kept = tuple(range(len(drawn))) if keep is None else keep
    for place in kept:
        if not 0 <= place < len(drawn):
            raise NoSuchFault(f"seed {seed} draws {len(drawn)} faults, from 0 on: no {place}")
    ambient = dice.fork("ambient")
    return Plan(
        seed=seed,
        n=size,
        settings=tuple(
            _settings(dice.fork("settings", turn)) for turn in range(ambient.pick((1, 1, 2, 3)))
        ),
        snapshot_blocks=ambient.pick((0, 0, 2, 5)),
        delay_us=ambient.between(200, 25_000),
        jitter_us=ambient.between(0, 10_000),
        sync_us=tuple(ambient.between(100, 3_000) for _ in range(size)),
        rate_ppm=tuple(ambient.between(-300, 300) for _ in range(size)),
        faults_ms=faults_ms,
        faults=tuple(drawn[place] for place in kept),
        clients=_clients(dice.fork("clients"), size),
        kept=kept,
    )


def _settings(dice: Prng) -> Settings:
    view_timeout_ms = dice.between(500, 1_500)
    return Settings(
        view_timeout_ms=view_timeout_ms,
        view_timeout_max_ms=view_timeout_ms * dice.pick((4, 8)),
        propose_delay_ms=dice.between(20, 100),
        resend_ms=dice.between(400, 1_200),
        status_ms=dice.between(1_500, 5_000),
        sync_delay_ms=dice.between(80, 300),
        clock_drift_ms=dice.pick((2_000, 10_000)),
        block_items=dice.pick((1, 2, 1_000)),
    )


def _clients(dice: Prng, n: int) -> tuple[Client, ...]:
    homes = [(platform, owner) for platform in range(n) for owner in range(OWNERS)]
    return tuple(
        Client(
            platform,
            owner,
            tuple(dice.pick(tuple(Errand)) for _ in range(dice.between(1, 3))),
            think_ms=dice.between(200, 2_000),
            retry_ms=dice.between(800, 3_000),
            faithful=dice.chance(300),
        )
        for platform, owner in dice.some(homes, min(dice.between(3, 5), len(homes)))
    )


# --- faults ------------------------------------------------------------------------------------


def _faults(dice: Prng, n: int, faults_ms: int) -> tuple[Fault, ...]:
    drawn: list[Fault] = list(_lasting(dice.fork("lasting"), n, faults_ms))
    for kind, make in _KINDS.items():
        own = dice.fork(kind)
        if own.chance(KIND_PER_MILLE):
            drawn.extend(make(own, n, faults_ms) for _ in range(own.between(1, _MOST[kind])))
    drawn.extend(_wrong_clocks(dice.fork("clocks"), n, faults_ms))
    return tuple(drawn)


def _lasting(dice: Prng, n: int, faults_ms: int) -> list[Fault]:
    """The faults that last: they strike at most f platforms."""
    drawn: list[Fault] = []
    for platform in dice.some(range(n), faulty(n)):
        start_ms = dice.below(faults_ms)
        window = Window(start_ms, dice.between(start_ms, faults_ms))
        match dice.pick(_LASTING):
            case "byzantine":
                drawn.append(platform_faults.Byzantine(platform, _strategy(dice)))
            case "forgetful":
                drawn.extend(_forgetful(dice, platform, faults_ms))
            case "absent":
                drawn.append(platform_faults.Absent(window, platform))
    return drawn


def _forgetful(dice: Prng, platform: int, faults_ms: int) -> tuple[Fault, ...]:
    """Faults: a store loses data; later the platform starts again, and loses nothing more."""
    flip_ms = dice.below(faults_ms // 2)
    back_ms = flip_ms + dice.between(1, faults_ms // 8)
    again_ms = dice.between(back_ms, faults_ms - 1)
    return (
        platform_faults.BitFlip(Window(flip_ms, back_ms), platform, dice.pick(tuple(Remedy))),
        platform_faults.Crash(Window(again_ms, dice.between(again_ms, faults_ms)), platform, True),
    )


_LASTING: Final = (*("byzantine",) * 6, *("forgetful",) * 2, "absent", "reliable")
"""The lasting faults of platforms that may be unreliable, by weight."""


def _strategy(dice: Prng) -> str:
    """Any strategy; usurping comes more often, since locks are there to prevent it."""
    return "usurping" if dice.chance(200) else dice.pick(tuple(STRATEGIES))


def _wrong_clocks(dice: Prng, n: int, faults_ms: int) -> list[Fault]:
    """Clocks may be a little wrong everywhere, and wrong by any amount on f platforms."""
    if not dice.chance(KIND_PER_MILLE):
        return []
    little = [
        platform_faults.ClockSkew(_window(dice, faults_ms), platform, dice.between(-400, 400))
        for platform in dice.any_of(range(n))
    ]
    wild = [
        platform_faults.ClockSkew(
            _window(dice, faults_ms), platform, dice.between(-HOUR_MS, HOUR_MS)
        )
        for platform in dice.some(range(n), dice.below(faulty(n) + 1))
    ]
    return [*little, *wild]


def _window(dice: Prng, faults_ms: int, longest_ms: int | None = None) -> Window:
    """Short windows are more likely than long ones."""
    start_ms = dice.below(faults_ms)
    room_ms = min(longest_ms or faults_ms // 2, faults_ms - start_ms)
    length_ms = max(1, dice.between(1, room_ms) >> dice.below(4))
    return Window(start_ms, start_ms + length_ms)


def _ambush(dice: Prng, n: int, faults_ms: int) -> Fault:
    """Long enough for the others to change views."""
    start_ms = dice.below(faults_ms)
    window = Window(start_ms, min(faults_ms, start_ms + dice.between(2_000, 8_000)))
    return network_faults.Ambush(
        window, dice.below(n), dice.between(800, 4_000), dice.between(2_000, 8_000)
    )


Make = Callable[[Prng, int, int], Fault]

_KINDS: Final[dict[str, Make]] = {
    "loss": lambda dice, _n, ms: network_faults.Loss(
        _window(dice, ms), dice.pick((20, 100, 300, 600))
    ),
    "doubling": lambda dice, _n, ms: network_faults.Doubling(
        _window(dice, ms), dice.pick((50, 200, 500)), dice.between(1, 3_000)
    ),
    "reordering": lambda dice, _n, ms: network_faults.Reordering(
        _window(dice, ms), dice.pick((50, 200, 500)), dice.between(1, 1_000)
    ),
    "corruption": lambda dice, _n, ms: network_faults.Corruption(
        _window(dice, ms), dice.pick((5, 50))
    ),
    "delay": lambda dice, _n, ms: network_faults.Delay(_window(dice, ms), dice.between(20, 800)),
    "silencing": lambda dice, n, ms: network_faults.Silencing(
        _window(dice, ms), dice.pick(SILENCED), dice.any_of(range(n))
    ),
    "ambush": _ambush,
    "partition": lambda dice, n, ms: network_faults.Partition(
        _window(dice, ms), dice.any_of(range(n)), one_way=False, reconnects=dice.chance(700)
    ),
    "one way": lambda dice, n, ms: network_faults.Partition(
        _window(dice, ms), dice.any_of(range(n)), one_way=True, reconnects=dice.chance(700)
    ),
    "clog": lambda dice, n, ms: network_faults.Clog(
        _window(dice, ms), dice.below(n), outward=dice.chance(500)
    ),
    "crash": lambda dice, n, ms: platform_faults.Crash(
        _window(dice, ms, 5_000), dice.below(n), amid_write=dice.chance(700)
    ),
    "pause": lambda dice, n, ms: platform_faults.Pause(_window(dice, ms, 4_000), dice.below(n)),
    "slow disk": lambda dice, n, ms: platform_faults.SlowDisk(
        _window(dice, ms), dice.below(n), dice.pick((10, 50, 200))
    ),
    "full disk": lambda dice, n, ms: platform_faults.FullDisk(
        _window(dice, ms, 4_000), dice.below(n)
    ),
}
"""The kinds of fault that can be drawn, each from a stream of its own."""

_MOST: Final = {
    "loss": 2,
    "doubling": 1,
    "reordering": 2,
    "corruption": 1,
    "delay": 2,
    "silencing": 6,
    "ambush": 3,
    "partition": 3,
    "one way": 2,
    "clog": 3,
    "crash": 8,
    "pause": 4,
    "slow disk": 2,
    "full disk": 2,
}
"""The largest number of each kind in a run."""
