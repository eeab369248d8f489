"""A client process that keeps a federation busy with transfers that were signed beforehand.

Run as `python -m web4lab.bench.load`; it reads its order as one line of JSON, prepares, warms
up, prints "warm", waits for another line, works, and prints its result as JSON.
Closed loop: each of its workers hands in a batch and waits until the batch is in a block before it
sends the next, so that no pool overflows.
The first batch of every worker is warm-up and is not timed: it is when the platforms meet each
owner's key, which costs them a check once in the life of a process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from attrs import asdict, frozen

from web4adapters.client import signed_transaction
from web4adapters.config import load_genesis
from web4adapters.signers import KeyFile
from web4core import Address, Nonce, Transaction, Transfer, chain_id
from web4lab.bench.measurement import BenchError
from web4process.workers import end_with_parent

LONG_POLL_MS = 10_000
MAX_POLLS = 6
DRAIN_POLLS = 600
DRAIN_POLL_S = 0.05


@frozen
class Order:
    """The order: `batches` by each worker, of `each` transfers by each of its accounts, after
    one batch to warm up.

    Worker w sends to platform w modulo their number, and owns the accounts w, w + workers, ...
    """

    folder: str
    urls: list[str]
    accounts: list[str]
    workers: int
    batches: int
    each: int

    @property
    def timed(self) -> int:
        """Transfers that are timed."""
        return len(self.accounts) * self.batches * self.each

    @property
    def total(self) -> int:
        """Transfers in all."""
        return self.timed + len(self.accounts) * self.each


def as_line(order: Order) -> bytes:
    """The order as a line of JSON."""
    return json.dumps(asdict(order)).encode() + b"\n"


def address_of(text: str) -> Address:
    """The address in agent@platform, which the federation's own files have checked."""
    agent, _, platform = text.partition("@")
    return Address(platform=platform, agent=agent)


def prepare(order: Order) -> list[list[list[Transaction]]]:
    """For each worker its batches, signed: each account's in the order of their nonces."""
    folder = Path(order.folder)
    chain = chain_id(load_genesis(folder / "genesis.json"))
    work: list[list[list[Transaction]]] = []
    for worker in range(order.workers):
        batches: list[list[Transaction]] = [[] for _ in range(order.batches + 1)]
        for name in order.accounts[worker :: order.workers]:
            key = KeyFile.load(folder / "wallets" / f"{name}.key", None)
            source = address_of(name)
            destination = address_of(_neighbour(order.accounts, name))
            for nonce in range((order.batches + 1) * order.each):
                body = Transfer(
                    chain_id=chain,
                    source=source,
                    destination=destination,
                    amount_uatp=1,
                    nonce=Nonce(nonce),
                )
                batches[nonce // order.each].append(signed_transaction(body, key))
        work.append(batches)
    return work


def _neighbour(accounts: list[str], name: str) -> str:
    """Another account of the same platform."""
    platform = name.partition("@")[2]
    local = [each for each in accounts if each.endswith(f"@{platform}")]
    return local[(local.index(name) + 1) % len(local)]


async def _worker(
    session: aiohttp.ClientSession, url: str, batches: list[list[Transaction]]
) -> None:
    for batch in batches:
        body = {"transactions": [each.encoded.hex() for each in batch]}
        async with session.post(f"{url}/v1/transactions", json=body) as response:
            answer: dict[str, Any] = await response.json()
        for told in answer.get("transactions", [answer]):
            if told.get("status") != "pending":
                raise BenchError(f"{url} did not take a transfer of the load: {told}")
        await _committed(session, url, batch[-1].id.hex())


async def _committed(session: aiohttp.ClientSession, url: str, identity: str) -> None:
    path = f"{url}/v1/transactions/{identity}?wait_ms={LONG_POLL_MS}"
    answer: dict[str, Any] = {}
    for _ in range(MAX_POLLS):
        async with session.get(path) as response:
            answer = await response.json()
        if answer["status"] == "committed":
            return
    raise BenchError(f"{url} did not commit transaction {identity}: {answer}")


async def _drained(session: aiohttp.ClientSession, urls: list[str]) -> None:
    """Wait until nothing is pending anywhere."""
    for _ in range(DRAIN_POLLS):
        pending = 0
        for url in urls:
            async with session.get(f"{url}/v1/status") as response:
                pending += (await response.json())["pending"]
        if not pending:
            return
        await asyncio.sleep(DRAIN_POLL_S)
    raise BenchError("transfers of the load are still pending")


async def _send(
    session: aiohttp.ClientSession, order: Order, work: list[list[list[Transaction]]]
) -> dict[str, float]:
    """Send everything of these workers; the seconds until all of it is committed."""
    began_s, computed_s = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for worker, batches in enumerate(work):
            url = order.urls[worker % len(order.urls)]
            group.create_task(_worker(session, url, batches))
    await _drained(session, order.urls)
    return {
        "seconds": time.perf_counter() - began_s,
        "cpu_seconds": time.process_time() - computed_s,
    }


async def _run(order: Order, work: list[list[list[Transaction]]]) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        warming = await _send(session, order, [batches[:1] for batches in work])
        _tell("warm")
        await asyncio.to_thread(sys.stdin.readline)
        told = await _send(session, order, [batches[1:] for batches in work])
    counted = {"transactions": order.timed, "warm_up_seconds": warming["seconds"]}
    _tell(json.dumps(counted | told))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Prepare, warm up, wait for the signal, send, print the result."""
    end_with_parent()
    order = Order(**json.loads(sys.stdin.readline()))
    asyncio.run(_run(order, prepare(order)))


if __name__ == "__main__":
    main()
