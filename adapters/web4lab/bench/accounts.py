"""Ledgers of any size without signatures: the cost of applying a block, and of holding accounts.

The owners' keys are not real keys, only as long: nothing here verifies.
Run as `python -m web4lab.bench.accounts SIZE`, it prints its figures as JSON; it is a process of
its own, so that its resident memory shows what the accounts take.
"""

from __future__ import annotations

import gc
import hashlib
import json
import math
import subprocess
import sys
from typing import Any

from attrs import asdict, frozen

from web4core import (
    SIGNATURE_BYTES,
    Account,
    Address,
    Entry,
    Genesis,
    Ledger,
    LedgerState,
    Map,
    Nonce,
    Platform,
    PublicKey,
    Refusal,
    Signature,
    TimeMs,
    Transaction,
    Transfer,
    assemble,
    encode_entry,
    path_of,
    payload_root,
)
from web4lab.bench.baselines import signature_times
from web4lab.bench.measurement import Aim, BenchError, Measurement, Spread, in_ms, seconds_of
from web4lab.bench.processes import resident_bytes
from web4process.workers import end_with_parent

BLOCK_ITEMS = 1_000
BLOCK_LEDGER_ACCOUNTS = 10_000
SMALLEST = 1_000
BALANCE_UATP = 1_000_000
APPLIES = 15
NOW_MS = TimeMs(1)
APPLY_AIM = Aim(0.5)
GROWTH_AIM = Aim(1.0)
MEMORY_AIM = Aim(1.0)
KILOBYTE = 1_000
GROWTH_TIMEOUT_S = 900

_GENESIS = Genesis("bench", TimeMs(0), (Platform("thor", PublicKey(bytes(32))),), b"")


def _account(number: int) -> Account:
    owner = PublicKey(hashlib.sha256(number.to_bytes(8, "big")).digest())
    return Account(
        address=Address(platform="thor", agent=f"agent-{number}"),
        owner=owner,
        available_uatp=BALANCE_UATP,
        locked_uatp=0,
        nonce=Nonce(0),
    )


def ledger_of(size: int) -> LedgerState:
    """A ledger with so many accounts, its root computed."""
    placed = [(path_of(account), account) for account in map(_account, range(size))]
    placed.sort(key=lambda pair: pair[0])
    entries = Map[Entry].build(encode_entry, placed)
    entries.root()
    return LedgerState(entries, size * BALANCE_UATP)


def transfers_among(size: int, count: int) -> tuple[Transaction, ...]:
    """One transfer by each of `count` accounts, spread over all `size`, each to another one."""
    chain_id = Ledger.of(_GENESIS).chain_id
    stride = size // count
    made: list[Transaction] = []
    for each in range(count):
        source, destination = _account(each * stride), _account((each + 1) * stride % size)
        body = Transfer(
            chain_id=chain_id,
            source=source.address,
            destination=destination.address,
            amount_uatp=1,
            nonce=Nonce(0),
        )
        made.append(assemble(body, (source.owner,), (Signature(bytes(SIGNATURE_BYTES)),)))
    return tuple(made)


def apply_seconds(state: LedgerState, payload: tuple[Transaction, ...]) -> float:
    """Apply a block and compute both of its roots."""
    ledger = Ledger.of(_GENESIS)

    def work() -> None:
        applied = ledger.apply(state, payload, NOW_MS)
        if isinstance(applied, Refusal):
            raise BenchError(f"a transfer of the measurement was refused: {applied.code}")
        payload_root(payload)

    return seconds_of(work)


def apply_block(repeats: int, items: int = BLOCK_ITEMS) -> Measurement:
    """A block with its roots, over the signatures of its transactions."""
    accounts = max(BLOCK_LEDGER_ACCOUNTS, items)
    state, payload = ledger_of(accounts), transfers_among(accounts, items)
    apply_seconds(state, payload)  # warm-up
    ratios: list[float] = []
    applied: list[float] = []
    floor: list[float] = []
    for _ in range(repeats):
        applied.append(apply_seconds(state, payload))
        floor.append(items * signature_times(rounds=5).verify_s)
        ratios.append(applied[-1] / floor[-1])
    details = {
        "transactions": items,
        "accounts": accounts,
        "apply_ms": in_ms(applied),
        "verify_ms": in_ms(floor),
    }
    over = "apply a block of transfers and compute its roots / verify its signatures"
    return Measurement("apply a block", over, Spread.of(ratios), APPLY_AIM, details)


# --- ledgers of growing size, each in a process of its own ----------------------------------------


@frozen
class Size:
    """The measurements on a ledger of one size, and, taken in turn with them, on the smallest."""

    accounts: int
    apply_s: list[float]
    smallest_s: list[float]
    bytes_per_account: float


def measure_size(accounts: int, applies: int = APPLIES) -> Size:
    """Build a ledger, weigh it, and apply a block to it and to the smallest one in turn."""
    gc.collect()
    before = resident_bytes()
    state = ledger_of(accounts)
    gc.collect()
    grown = resident_bytes() - before
    count = min(BLOCK_ITEMS, accounts)
    payload, smallest_payload = transfers_among(accounts, count), transfers_among(SMALLEST, count)
    smallest = ledger_of(SMALLEST)
    times: list[float] = []
    smallest_times: list[float] = []
    for _ in range(applies + 1):
        smallest_times.append(apply_seconds(smallest, smallest_payload))
        times.append(apply_seconds(state, payload))
    # the first of each is warm-up
    return Size(accounts, times[1:], smallest_times[1:], grown / accounts)


def _measured_apart(accounts: int) -> Size:
    command = [sys.executable, "-m", "web4lab.bench.accounts", str(accounts)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=GROWTH_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"a ledger of {accounts} accounts could not be measured: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return Size(**told)


def growth(largest: int) -> tuple[Measurement, Measurement]:
    """The growth with the ledger of the time to apply a block, and the memory of an account."""
    sizes = [_measured_apart(size) for size in _decades(SMALLEST, largest)]
    first, last = sizes[0], sizes[-1]
    logarithm = math.log(last.accounts) / math.log(first.accounts)
    grown = [one / other for one, other in zip(last.apply_s, last.smallest_s, strict=True)]
    ratios = [each / logarithm for each in grown]
    details: dict[str, Any] = {
        "apply_ms_by_accounts": {str(each.accounts): in_ms(each.apply_s) for each in sizes},
        "growth": round(Spread.of(grown).median, 3),
        "growth_if_logarithmic": round(logarithm, 3),
    }
    over = (
        f"growth of the time to apply a block from {first.accounts:,} to {last.accounts:,}"
        " accounts / growth of their logarithm"
    )
    grows = Measurement("growth", over, Spread.of(ratios), GROWTH_AIM, details)
    weight = last.bytes_per_account / KILOBYTE
    weighs = Measurement(
        "account memory",
        f"resident bytes per account at {last.accounts:,} accounts / 1 kB",
        Spread.of([weight]),
        MEMORY_AIM,
        {
            "bytes_per_account": {
                str(each.accounts): round(each.bytes_per_account) for each in sizes
            }
        },
    )
    return grows, weighs


def _decades(first: int, last: int) -> list[int]:
    sizes = [first]
    while sizes[-1] * 10 <= last:
        sizes.append(sizes[-1] * 10)
    return sizes


def main(accounts: int) -> None:
    """Measure one size and print it."""
    end_with_parent()
    sys.stdout.write(json.dumps(asdict(measure_size(accounts))) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
