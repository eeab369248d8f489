"""The time of a lone transaction over slow links, against three one-way delays."""

from __future__ import annotations

import statistics
import time

from attrs import frozen

from web4adapters.client import signed_transaction
from web4adapters.signers import KeyFile
from web4core import Address, Transfer, chain_id, proposer
from web4lab.chaos.network import Network
from web4lab.chaos.proxy import FAIR, Weather
from web4lab.demo.federation import LocalFederation

HOPS = 3
"""PRE-PREPARE, PREPARE, COMMIT."""
SETTLE_S = 0.3
COMMIT_TIMEOUT_S = 20.0


@frozen
class Latency:
    """From handing in at the next proposer to the answer that it is committed, with proof."""

    delay_ms: int
    """One way, on every link."""
    median_ms: float
    low_ms: float

    @property
    def over_floor(self) -> float | None:
        """The median over three one-way delays; None where there are none."""
        return self.median_ms / (HOPS * self.delay_ms) if self.delay_ms else None


def latency(
    federation: LocalFederation,
    network: Network,
    pair: tuple[Address, Address],
    delay_ms: int,
    rounds: int,
) -> Latency:
    """Measure with all links this slow; afterwards they are as they were."""
    network.everywhere(Weather(delay_s=delay_ms / 1000))
    time.sleep(SETTLE_S)
    try:
        found = [_lone(federation, *pair) for _ in range(rounds)]
    finally:
        network.everywhere(FAIR)
    return Latency(delay_ms, statistics.median(found), min(found))


def _lone(federation: LocalFederation, source: Address, destination: Address) -> float:
    """Milliseconds for one transaction, with nothing else going on."""
    first = federation.clients[federation.names[0]]
    height = first.status()["agreeing_on"]
    client = federation.clients[federation.names[proposer(height, 0, len(federation.names))]]
    until_s = time.monotonic() + COMMIT_TIMEOUT_S
    while client.status()["agreeing_on"] < height and time.monotonic() < until_s:
        time.sleep(0.01)
    nonce = client.account(source).account.nonce
    key = KeyFile.load(federation.folder / "wallets" / f"{source}.key")
    body = Transfer(
        chain_id=chain_id(federation.genesis),
        source=source,
        destination=destination,
        amount_uatp=1,
        nonce=nonce,
    )
    transaction = signed_transaction(body, key)
    began_s = time.perf_counter()
    client.submit(transaction)
    client.wait(transaction, COMMIT_TIMEOUT_S)
    took_ms = (time.perf_counter() - began_s) * 1000
    time.sleep(SETTLE_S)
    return took_ms
