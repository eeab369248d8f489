"""`web4 demo --faults`: a federation goes through every trial under load, and is then checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, frozen

from web4core import MICRO, Address, Decision, Settings, chain_is_linked, check_decisions
from web4lab.chaos.latency import Latency, latency
from web4lab.chaos.load import Load
from web4lab.chaos.network import Network
from web4lab.chaos.trials import TRIALS, Stage, Trial, TrialFailed
from web4lab.demo.federation import POLL_S, LocalFederation

SETTINGS: Final = Settings(view_timeout_ms=500, resend_ms=300)
ALICE, EVE = Address(platform="thor", agent="alice"), Address(platform="thor", agent="eve")
SUPPLY_UATP: Final = 1000 * MICRO
DELAYS_MS: Final = (0, 10, 100)
LONE_ROUNDS: Final = 5
KEEP_ALL: Final = 1_000_000
"""Blocks between two snapshots: so many that none is taken and the journals hold everything."""

HOLD_S: Final = 1.5
GO_ON_S: Final = 15.0
"""Within this time something must be committed during the fault, if a quorum remains."""
IN_FLIGHT: Final = 1
"""Transactions that may be committed after a fault has begun, because they were in progress."""
RECOVERY_S: Final = 30.0
"""Within this time after the fault, all platforms must be level and something be committed."""


@frozen
class Outcome:
    """The result of a trial."""

    trial: str
    does: str
    committed: int
    """Transactions that were committed while the fault lasted."""
    recovery_s: float
    """The time until all were level and something more was committed."""
    fault: str | None
    """The reason why the trial failed; None if all was as it should be."""


@define
class FaultReport:
    """Everything that happened, and which checks held."""

    platforms: tuple[str, ...]
    latencies: list[Latency] = Factory(list)
    outcomes: list[Outcome] = Factory(list)
    checks: dict[str, bool] = Factory(dict)
    blocks: int = 0
    transactions: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether every trial ended well and every check was made and held."""
        ended_well = all(outcome.fault is None for outcome in self.outcomes)
        return bool(self.outcomes and self.checks) and ended_well and all(self.checks.values())

    def as_json(self) -> dict[str, Any]:
        """The same, as one object."""
        return {
            "platforms": list(self.platforms),
            "latencies": [
                {
                    "delay_ms": each.delay_ms,
                    "median_ms": round(each.median_ms, 1),
                    "low_ms": round(each.low_ms, 1),
                    "over_three_delays": None
                    if each.over_floor is None
                    else round(each.over_floor, 2),
                }
                for each in self.latencies
            ],
            "trials": [
                {
                    "trial": each.trial,
                    "does": each.does,
                    "committed": each.committed,
                    "recovery_s": round(each.recovery_s, 2),
                    "fault": each.fault,
                }
                for each in self.outcomes
            ],
            "blocks": self.blocks,
            "transactions": self.transactions,
            "checks": self.checks,
            "holds": self.holds,
            "seconds": round(self.seconds, 2),
        }


def tell_faults(
    folder: Path,
    n: int,
    told: Callable[[Latency | Outcome], None],
    *,
    trials: Sequence[Trial] = TRIALS,
    delays_ms: Sequence[int] = DELAYS_MS,
    seed: int = 0,
) -> FaultReport:
    """Run it all in a new federation of n in this folder, which must not exist."""
    began_s = time.monotonic()
    accounts = {ALICE: SUPPLY_UATP, EVE: 0}
    with (
        Network(seed) as network,
        LocalFederation(folder, n, accounts, SETTINGS, KEEP_ALL, network.open) as federation,
    ):
        report = FaultReport(federation.names)
        federation.start()
        federation.wait_linked()
        for delay_ms in delays_ms:
            found = latency(federation, network, (ALICE, EVE), delay_ms, LONE_ROUNDS)
            report.latencies.append(found)
            told(found)
        with Load(federation, ALICE, EVE) as load:
            for number, trial in enumerate(trials):
                victim = federation.names[(number + 1) % n]
                outcome = _tried(trial, Stage(federation, network, load, victim))
                report.outcomes.append(outcome)
                told(outcome)
        _look(federation, load, report)
    report.seconds = time.monotonic() - began_s
    return report


def _tried(trial: Trial, stage: Stage) -> Outcome:
    """Let one fault begin, last, and end; then wait until all is as before."""
    before = len(stage.load.committed)
    committed, fault = 0, None
    began_s = time.monotonic()
    try:
        with trial.during(stage):
            goes_on = stage.load.goes_on(2, GO_ON_S) if trial.goes_on else True
            time.sleep(max(0.0, began_s + HOLD_S - time.monotonic()))
            committed = len(stage.load.committed) - before
        if not goes_on:
            fault = f"with a quorum up, nothing was committed within {GO_ON_S:g} s"
        if not trial.goes_on and committed > IN_FLIGHT:
            fault = f"without a quorum, {committed} were committed"
    except TrialFailed as error:
        fault = str(error)
        stage.network.heal()
    ended_s = time.monotonic()
    if not _recovers(stage) and fault is None:
        fault = f"not level within {RECOVERY_S:g} s after it was over"
    return Outcome(trial.name, trial.does, committed, time.monotonic() - ended_s, fault)


def _recovers(stage: Stage) -> bool:
    """Whether more is committed, and every platform reaches the highest tip after the fault."""
    height = max(stage.load.committed.values(), default=0)
    return stage.load.goes_on(2, RECOVERY_S) and _level(stage.federation, height)


def _level(federation: LocalFederation, height: int) -> bool:
    until_s = time.monotonic() + RECOVERY_S
    for client in federation.clients.values():
        while client.status()["height"] < height:
            if time.monotonic() > until_s:
                return False
            time.sleep(POLL_S)
    return True


def _look(federation: LocalFederation, load: Load, report: FaultReport) -> None:
    """Read the chain of every platform; compare the chains with each other and with the client."""
    height = max(load.committed.values(), default=0)
    report.checks["all platforms are level"] = _level(federation, height)
    chains = {
        name: [client.block(each) for each in range(height + 1)]
        for name, client in federation.clients.items()
    }
    report.checks["chains are linked"] = all(
        chain_is_linked(blocks) is None for blocks in chains.values()
    )
    decisions = [
        Decision(index, block) for index, blocks in enumerate(chains.values()) for block in blocks
    ]
    report.checks["one block at each height"] = check_decisions(decisions) == ()
    placed = [
        {item.id: block.header.height for block in blocks for item in block.payload}
        for blocks in chains.values()
    ]
    report.checks["all that a client was told is there"] = all(
        load.committed.items() <= each.items() for each in placed
    )
    supplies = {
        sum(client.account(who).account.available_uatp for who in (ALICE, EVE))
        for client in federation.clients.values()
    }
    report.checks["supply"] = supplies == {SUPPLY_UATP}
    report.blocks = height
    report.transactions = len(load.committed)
