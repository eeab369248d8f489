"""The steps of the demo, and the checks after each.

Each step moves ATP, then reads the accounts back from every platform, proved; a check holds only
if every platform proved the result that the step should have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attrs import Factory, define, frozen

from web4adapters.client import Refused, next_transaction, signed_transaction
from web4adapters.config.amounts import format_atp
from web4adapters.signers import KeyFile
from web4core import (
    MICRO,
    AccountOpen,
    Address,
    Code,
    Nonce,
    Phase,
    TimeMs,
    Transaction,
    TransactionId,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    chain_id,
)
from web4lab.demo.federation import POLL_S, LocalFederation

LOCK_MS = 60_000
SHORT_LOCK_MS = 1_500
COMMIT_TIMEOUT_S = 20.0
SETTLE_TIMEOUT_S = 10.0


@frozen
class Balance:
    """The balance of an account as a platform proved it, in micro-ATP."""

    available_uatp: int
    locked_uatp: int


@frozen
class ScenarioStep:
    """One step, and the balances that every platform proved afterwards."""

    title: str
    height: int
    digests: dict[str, str]
    balances: dict[str, dict[str, Balance]]
    """By platform, then by address."""


@define
class Report:
    """Everything that happened, and which checks held."""

    platforms: tuple[str, ...]
    steps: list[ScenarioStep] = Factory(list)
    checks: dict[str, bool] = Factory(dict)
    supply_uatp: dict[str, int] = Factory(dict)
    messages_per_block: float = 0.0
    messages_allowed: int = 0
    refusals: dict[str, str] = Factory(dict)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether every check was made and held."""
        return bool(self.checks) and all(self.checks.values())

    def as_json(self) -> dict[str, Any]:
        """The same, as one object."""
        return {
            "platforms": list(self.platforms),
            "blocks": [
                {
                    "title": step.title,
                    "height": step.height,
                    "digests": step.digests,
                    "balances": {
                        platform: {
                            address: {
                                "available": format_atp(balance.available_uatp),
                                "locked": format_atp(balance.locked_uatp),
                            }
                            for address, balance in balances.items()
                        }
                        for platform, balances in step.balances.items()
                    },
                }
                for step in self.steps
            ],
            "supply": {name: format_atp(value) for name, value in self.supply_uatp.items()},
            "messages_per_block": self.messages_per_block,
            "messages_allowed": self.messages_allowed,
            "refusals": self.refusals,
            "checks": self.checks,
            "holds": self.holds,
            "seconds": round(self.seconds, 2),
        }


def cast(n: int) -> tuple[Address, Address, Address]:
    """Alice, Bob and Dave, on the platforms that there are; Dave shares Bob's platform."""
    home = "sprout" if n > 1 else "thor"
    return (
        Address(platform="thor", agent="alice"),
        Address(platform=home, agent="bob"),
        Address(platform=home, agent="dave"),
    )


class _Stage:
    """The federation, the people, and the report as it grows."""

    def __init__(
        self, federation: LocalFederation, report: Report, on_step: Callable[[ScenarioStep], None]
    ) -> None:
        self.federation = federation
        self.report = report
        self.on_step = on_step
        self.chain = chain_id(federation.genesis)
        self.alice, self.bob, self.dave = cast(len(federation.names))
        self.client = federation.clients[federation.names[0]]

    def wallet(self, address: Address) -> KeyFile:
        return KeyFile.load(self.federation.folder / "wallets" / f"{address}.key")

    def platform(self, name: str) -> KeyFile:
        return KeyFile.load(self.federation.folder / name / "platform.key")

    def check(self, name: str, holds: bool) -> None:
        self.report.checks[name] = self.report.checks.get(name, True) and holds

    def carry_out(self, title: str, transaction: Transaction, **expected: tuple[int, int]) -> None:
        """Submit a transaction, wait for it, and show the balances that every platform then proves.

        `expected` gives available and locked ATP by agent.
        """
        self.client.submit(transaction)
        height = self.client.wait(transaction, COMMIT_TIMEOUT_S).height
        self.show(title, height, **expected)

    def show(self, title: str, height: int, **expected: tuple[int, int]) -> None:
        """Read everything back from every platform, proved, and compare it with the expectation."""
        addresses = {each.agent: each for each in (self.alice, self.bob, self.dave)}
        digests: dict[str, str] = {}
        balances: dict[str, dict[str, Balance]] = {}
        for name, client in self.federation.clients.items():
            self._await_height(name, height)
            digests[name] = client.block(height).digest.hex()
            balances[name] = {}
            for agent in expected:
                account = client.account(addresses[agent]).account
                balances[name][str(account.address)] = Balance(
                    account.available_uatp, account.locked_uatp
                )
        wanted = {
            str(addresses[agent]): Balance(available * MICRO, locked * MICRO)
            for agent, (available, locked) in expected.items()
        }
        step = ScenarioStep(title, height, digests, balances)
        self.report.steps.append(step)
        self.check(f"{title}: figures", all(each == wanted for each in balances.values()))
        self.check("one digest at each height", len(set(digests.values())) == 1)
        self.on_step(step)

    def _await_height(self, name: str, height: int) -> None:
        until_s = time.monotonic() + SETTLE_TIMEOUT_S
        client = self.federation.clients[name]
        while client.status()["height"] < height and time.monotonic() < until_s:
            time.sleep(POLL_S)

    def refused(self, title: str, transaction: Transaction, code: Code) -> None:
        """Submit a transaction that must be refused everywhere, with this code."""
        found: list[str] = []
        for client in self.federation.clients.values():
            try:
                client.submit(transaction)
                found.append("accepted")
            except Refused as refusal:
                found.append(refusal.code)
        self.report.refusals[title] = found[0]
        self.check(f"{title}: refused with {code}", found == [code] * len(found))


def tell(federation: LocalFederation, on_step: Callable[[ScenarioStep], None]) -> Report:
    """Run the whole story against a federation that is up and linked."""
    began_s = time.monotonic()
    report = Report(federation.names)
    stage = _Stage(federation, report, on_step)
    stage.show("genesis", 0, alice=(1000, 0), bob=(500, 0))
    before = _sent(federation)
    first = stage.client.status()["height"]
    _local(stage)
    if len(federation.names) > 1:
        transfer = _lock_and_commit(stage)
        _lock_and_roll_back(stage)
        _refusals(stage, transfer)
    _totals(stage, before, first)
    report.seconds = time.monotonic() - began_s
    return report


def _local(stage: _Stage) -> None:
    """Open Dave's account, pay him, and have him pay back."""
    dave = KeyFile.create(stage.federation.folder / "wallets" / f"{stage.dave}.key")
    home = stage.platform(stage.dave.platform)
    opening = AccountOpen(stage.chain, stage.dave, dave.public_key)
    stage.carry_out(
        "open dave",
        signed_transaction(opening, home, dave),
        alice=(1000, 0),
        bob=(500, 0),
        dave=(0, 0),
    )
    there = _payment(stage, stage.bob, stage.dave)
    stage.carry_out("local transfer", there, alice=(1000, 0), bob=(400, 0), dave=(100, 0))
    back = _payment(stage, stage.dave, stage.bob)
    stage.carry_out("and back", back, alice=(1000, 0), bob=(500, 0), dave=(0, 0))


def _payment(stage: _Stage, payer: Address, payee: Address) -> Transaction:
    def body(nonce: Nonce) -> Transfer:
        return Transfer(
            chain_id=stage.chain,
            source=payer,
            destination=payee,
            amount_uatp=100 * MICRO,
            nonce=nonce,
        )

    return next_transaction(stage.client, payer, stage.wallet(payer), body)


def _lock(stage: _Stage, amount: int, lock_ms: int) -> Transaction:
    expiry_ms = TimeMs(time.time_ns() // 1_000_000 + lock_ms)
    return next_transaction(
        stage.client,
        stage.alice,
        stage.wallet(stage.alice),
        lambda nonce: TransferLock(
            chain_id=stage.chain,
            source=stage.alice,
            destination=stage.bob,
            amount_uatp=amount * MICRO,
            nonce=nonce,
            expiry_ms=expiry_ms,
        ),
    )


def _lock_and_commit(stage: _Stage) -> TransactionId:
    lock = _lock(stage, 200, LOCK_MS)
    stage.carry_out("LOCK 200", lock, alice=(800, 200), bob=(500, 0))
    commit = TransferCommit(stage.chain, lock.id)
    destination = stage.platform(stage.bob.platform)
    stage.carry_out("COMMIT", signed_transaction(commit, destination), alice=(800, 0), bob=(700, 0))
    for name, client in stage.federation.clients.items():
        shown = client.transfer(lock.id).transfer
        stage.check(f"transfer committed on {name}", shown.phase is Phase.COMMITTED)
    return lock.id


def _lock_and_roll_back(stage: _Stage) -> None:
    lock = _lock(stage, 300, SHORT_LOCK_MS)
    stage.carry_out("LOCK 300, expiring", lock, alice=(500, 300), bob=(700, 0))
    time.sleep(SHORT_LOCK_MS / 1000)
    rollback = TransferRollback(stage.chain, lock.id, "expired")
    anyone = stage.wallet(stage.alice)
    stage.carry_out("ROLLBACK", signed_transaction(rollback, anyone), alice=(800, 0), bob=(700, 0))


def _refusals(stage: _Stage, transfer: TransactionId) -> None:
    overspend = _lock(stage, 801, LOCK_MS)
    stage.refused("overspend", overspend, Code.INSUFFICIENT_FUNDS)
    commit = TransferCommit(stage.chain, transfer)
    again = signed_transaction(commit, stage.platform(stage.bob.platform))
    stage.refused("double commit", again, Code.ALREADY_SETTLED)
    other = signed_transaction(
        TransferRollback(stage.chain, transfer, "too late"), stage.platform(stage.bob.platform)
    )
    stage.refused("rollback after commit", other, Code.ALREADY_SETTLED)


def _sent(federation: LocalFederation) -> int:
    """Consensus messages sent so far, by the platforms' own counters."""
    total = 0
    for client in federation.clients.values():
        sent = client.status()["counters"]["sent"]
        total += sum(sent.get(kind, 0) for kind in ("proposal", "prepare", "commit"))
    return total


def _totals(stage: _Stage, before: int, first: int) -> None:
    report, federation = stage.report, stage.federation
    n = len(federation.names)
    blocks = stage.client.status()["height"] - first
    report.messages_per_block = (_sent(federation) - before) / max(1, blocks)
    report.messages_allowed = (n - 1) * (2 * n + 1)
    stage.check("messages per block", 0 <= report.messages_per_block <= report.messages_allowed)
    genesis_uatp = 1500 * MICRO
    for name, client in federation.clients.items():
        accounts = [client.account(each).account for each in (stage.alice, stage.bob, stage.dave)]
        report.supply_uatp[name] = sum(
            account.available_uatp + account.locked_uatp for account in accounts
        )
    stage.check("supply", all(supply == genesis_uatp for supply in report.supply_uatp.values()))
