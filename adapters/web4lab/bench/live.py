"""Four real processes on loopback, real stores and real clients: throughput, latency, memory.

The processes are those of `web4 run`; only the load is made here.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from web4adapters.client import signed_transaction
from web4adapters.signers import KeyFile
from web4core import (
    MAX_MESSAGE_BYTES,
    Address,
    ChainId,
    Nonce,
    Settings,
    Transaction,
    Transfer,
    block_schema,
    chain_id,
)
from web4lab.bench.baselines import hop_times, signature_times, sync_times
from web4lab.bench.load import Order, address_of, as_line
from web4lab.bench.measurement import Aim, BenchError, Measurement, Spread, in_ms
from web4lab.bench.processes import cores, cpu_seconds, resident_bytes
from web4lab.bench.profiler import ProfiledFederation
from web4lab.demo import LocalFederation
from web4lab.demo.federation import names_of
from web4process.signals import uninterrupted

N = 4
BALANCE_UATP = 1_000_000_000
VERIFICATIONS_PER_TRANSACTION = N
"""Every platform verifies every transaction once."""

THROUGHPUT_AIM = Aim(0.5, at_least=True)
LATENCY_AIM = Aim(2.0)
MEMORY_AIM = Aim(1.05)
HOPS, SYNCS = 3, 3
VERIFIED_ON_PATH, SIGNED_ON_PATH = 6, 3
"""One after another: the transaction and the PRE-PREPARE verified, then two PREPAREs and two
COMMITs by others; PRE-PREPARE, PREPARE and COMMIT signed."""

WORKERS_PER_PLATFORM = 3
ACCOUNTS_PER_WORKER = 64
EACH = 4
"""Transfers of one account in one batch."""

LONE_PAUSE_S = 0.1
HTTP_TIMEOUT_S = 30
LOAD_TIMEOUT_S = 3_600
WARM_SHARE = 0.5
SAMPLE_S = 0.5
SMALL_BLOCK_ITEMS = 10
STEADY_ACCOUNTS = 64
MEGABYTE = 1_000_000


def _names(count: int) -> list[str]:
    """So many accounts, over all platforms."""
    platforms = names_of(N)
    return [f"agent-{each}@{platforms[each % N]}" for each in range(count)]


@contextmanager
def federation(
    accounts: list[str],
    settings: Settings | None = None,
    snapshot_blocks: int = 1_000,
    profiles: Path | None = None,
) -> Iterator[LocalFederation]:
    """Four platforms, linked; with their profiles written to a folder if one is given."""
    endowed = {address_of(name): BALANCE_UATP for name in accounts}
    with tempfile.TemporaryDirectory(prefix="web4-bench-") as temporary:
        folder = Path(temporary) / "federation"
        made = (
            LocalFederation(folder, N, endowed, settings, snapshot_blocks)
            if profiles is None
            else ProfiledFederation(profiles, folder, N, endowed, settings, snapshot_blocks)
        )
        with made as running:
            running.start()
            running.wait_linked()
            yield running


@contextmanager
def load(order: Order) -> Iterator[subprocess.Popen[bytes]]:
    """The load process, warmed up, with its transfers signed, waiting for a line to begin."""
    command = [sys.executable, "-m", "web4lab.bench.load"]
    pipe = subprocess.PIPE
    # A group of its own: Ctrl-C is for the bench, which ends it.
    with ExitStack() as ending:
        with uninterrupted():
            started = subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)
            process = ending.enter_context(started)
            ending.callback(process.kill)
        _tell(process, as_line(order))
        if process.stdout is None or process.stdout.readline() != b"warm\n":
            raise BenchError("the load could not be prepared; see its output")
        yield process


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line)
        process.stdin.flush()


def _outcome(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=LOAD_TIMEOUT_S)
    if process.returncode != 0:
        raise BenchError("the load failed; see its output")
    told: dict[str, Any] = json.loads(out)
    return told


# --- throughput -----------------------------------------------------------------------------------


@frozen
class _Window:
    seconds: float
    transactions: int


def throughput(repeats: int, batches: int, profiles: Path | None = None) -> Measurement:
    """Committed transactions per second over what the signatures alone allow.

    The same federation is loaded `repeats` times; the ceiling is taken before and after each.
    """
    workers = N * WORKERS_PER_PLATFORM
    accounts = _names(workers * ACCOUNTS_PER_WORKER)
    told: dict[str, Any] = {}
    blocks = 0
    ratios: list[float] = []
    rates: list[float] = []
    ceilings: list[float] = []
    shares: list[float] = []
    blocks = 0
    for _ in range(repeats):
        with federation(accounts, profiles=profiles) as running:
            order = Order(
                str(running.folder), list(running.urls.values()), accounts, workers, batches, EACH
            )
            with load(order) as process:
                before_s = _computed(running)
                ceiling = _ceiling()
                _tell(process, b"go\n")
                told = _outcome(process)
            ceilings.append((ceiling + _ceiling()) / 2)
            rates.append(told["transactions"] / told["seconds"])
            ratios.append(rates[-1] / ceilings[-1])
            shares.append((_computed(running) - before_s) / told["seconds"] / cores())
            blocks, committed = _counted(running)
            if committed != order.total:
                raise BenchError(f"{committed} of {order.total} transfers are in the chain")
    details = {
        "transactions_per_s": Spread.of(rates).as_json(),
        "ceiling_per_s": Spread.of(ceilings).as_json(),
        "cores": cores(),
        "transactions_per_run": told["transactions"],
        "blocks_in_last_run": blocks,
        "share_of_cores_used_by_platforms": Spread.of(shares).as_json(),
        "cpu_s_of_the_load_in_last_run": round(told["cpu_seconds"], 3),
        "warm_up_s_of_last_run": round(told["warm_up_seconds"], 3),
    }
    over = "committed transactions/s, four processes / cores / (4 verifications)"
    return Measurement("throughput", over, Spread.of(ratios), THROUGHPUT_AIM, details)


def _ceiling() -> float:
    return cores() / (VERIFICATIONS_PER_TRANSACTION * signature_times(rounds=5).verify_s)


def _computed(running: LocalFederation) -> float:
    return sum(cpu_seconds(process.pid) for process in running.processes.values())


def _counted(running: LocalFederation) -> tuple[int, int]:
    """Blocks with transactions, and transactions, in the chain as one platform exports it."""
    client = running.clients[running.names[0]]
    schema = block_schema(lambda encoded: encoded)
    height, transactions = 0, 0
    while exported := client.export(height + 1):
        for each in exported:
            block = schema.decode(bytes.fromhex(each["block"]), MAX_MESSAGE_BYTES)
            transactions += len(block.payload)
        height += len(exported)
    return height, transactions


# --- latency --------------------------------------------------------------------------------------


class _Lone:
    """A client with one connection to one platform, kept open."""

    def __init__(self, url: str) -> None:
        host = url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=HTTP_TIMEOUT_S)
        self._connection.connect()

    def _request(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(method, path, body, headers)
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer

    def commit(self, transaction: Transaction) -> float:
        """Seconds from handing it in to knowing that it is committed."""
        body = json.dumps({"transactions": [transaction.encoded.hex()]}).encode()
        path = f"/v1/transactions/{transaction.id.hex()}?wait_ms={HTTP_TIMEOUT_S * 500}"
        began_s = time.perf_counter()
        self._request("POST", "/v1/transactions", body)
        answer = self._request("GET", path)
        took_s = time.perf_counter() - began_s
        if answer.get("status") != "committed":
            raise BenchError(f"a lone transaction was not committed: {answer}")
        return took_s

    def close(self) -> None:
        self._connection.close()


def latency(repeats: int, profiles: Path | None = None) -> Measurement:
    """The time from a client's POST of a lone transaction to the answer that it is committed.

    Over its floor.

    It is handed to the platforms in turn, so that the proposer is sometimes near and sometimes far.
    """
    accounts = _names(2 * N)
    ratios: list[float] = []
    times: list[float] = []
    floors: list[float] = []
    floor: dict[str, float] = {}
    with federation(accounts, profiles=profiles) as running:
        clients = [_Lone(url) for url in running.urls.values()]
        for nonce in range(repeats):
            for index, client in enumerate(clients):
                time.sleep(LONE_PAUSE_S)
                transaction = _lone_transfer(running, accounts, index, nonce)
                times.append(client.commit(transaction))
            floor = _floor(running.folder)
            floors.append(floor["total_s"])
            ratios.extend(each / floors[-1] for each in times[-N:])
        for client in clients:
            client.close()
    details = {
        "latency_ms": in_ms(times),
        "floor_ms": in_ms(floors),
        "last_floor_ms": {name: round(value * 1000, 3) for name, value in floor.items()},
        "hops": HOPS,
        "syncs": SYNCS,
        "verified_on_path": VERIFIED_ON_PATH,
        "signed_on_path": SIGNED_ON_PATH,
    }
    over = "POST of a lone transaction to its committed answer / 3 hops, 3 fsyncs, signatures"
    return Measurement("latency", over, Spread.of(ratios), LATENCY_AIM, details)


def _lone_transfer(
    running: LocalFederation, accounts: list[str], index: int, nonce: int
) -> Transaction:
    """The next transfer of the account that belongs to one platform's client."""
    key = KeyFile.load(running.folder / "wallets" / f"{accounts[index]}.key", None)
    source, destination = address_of(accounts[index]), address_of(accounts[index + N])
    return _transfer(chain_id(running.genesis), source, destination, nonce, key)


def _transfer(
    chain: ChainId, source: Address, destination: Address, nonce: int, key: KeyFile
) -> Transaction:
    return signed_transaction(
        Transfer(
            chain_id=chain,
            source=source,
            destination=destination,
            amount_uatp=1,
            nonce=Nonce(nonce),
        ),
        key,
    )


def _floor(folder: Path, probes: int = 10) -> dict[str, float]:
    """The floor now, and its parts."""
    signatures = signature_times()
    hop_s = Spread.of(hop_times(probes)).median
    sync_s = Spread.of(sync_times(folder, probes)).median
    signing_s = VERIFIED_ON_PATH * signatures.verify_s + SIGNED_ON_PATH * signatures.sign_s
    return {
        "hop_s": hop_s,
        "sync_s": sync_s,
        "signatures_s": signing_s,
        "total_s": HOPS * hop_s + SYNCS * sync_s + signing_s,
    }


# --- memory ---------------------------------------------------------------------------------------


def memory(blocks: int, warm_share: float = WARM_SHARE) -> Measurement:
    """Resident memory of the four platforms over so many blocks under load, end over warm."""
    accounts = _names(STEADY_ACCOUNTS)
    settings = Settings(block_items=SMALL_BLOCK_ITEMS)
    batches = -(-blocks * SMALL_BLOCK_ITEMS // len(accounts))
    with federation(accounts, settings, snapshot_blocks=max(1, blocks // 20)) as running:
        order = Order(str(running.folder), list(running.urls.values()), accounts, N, batches, 1)
        with load(order) as process:
            _tell(process, b"go\n")
            samples = _watched(running, process)
            _outcome(process)
        samples.append(_sample(running))
    last = samples[-1]
    warm = next(each for each in samples if each.height >= warm_share * last.height)
    ratios = [end / begin for end, begin in zip(last.resident, warm.resident, strict=True)]
    peaks = [max(values) for values in zip(*(each.resident for each in samples), strict=True)]
    details = {
        "blocks": last.height,
        "transactions": order.total,
        "warm_at_block": warm.height,
        "resident_mb_at_start": _in_mb(samples[0].resident),
        "resident_mb_warm": _in_mb(warm.resident),
        "resident_mb_at_end": _in_mb(last.resident),
        "resident_mb_peak": _in_mb(peaks),
    }
    over = f"resident memory after {last.height:,} blocks / after {warm.height:,}, by platform"
    return Measurement("platform memory", over, Spread.of(ratios), MEMORY_AIM, details)


@frozen
class _Sample:
    height: int
    resident: tuple[int, ...]


def _sample(running: LocalFederation) -> _Sample:
    height = running.clients[running.names[0]].status()["height"]
    return _Sample(
        height, tuple(resident_bytes(process.pid) for process in running.processes.values())
    )


def _watched(running: LocalFederation, process: subprocess.Popen[bytes]) -> list[_Sample]:
    samples = [_sample(running)]
    while process.poll() is None:
        time.sleep(SAMPLE_S)
        samples.append(_sample(running))
    return samples


def _in_mb(values: tuple[int, ...] | list[int]) -> list[float]:
    return [round(value / MEGABYTE, 1) for value in values]
