"""The long runs of what the tests sample: `python -m tests.long.agreement`.

Exits with 0 if all agrees, with 12 at the first difference.
"""

from __future__ import annotations

import argparse
import random
import sys

import cbor2

from tests.support.chaos import Chaos
from tests.support.federation import verify
from tests.unit.test_bytes import generate, plain
from web4core import codec
from web4core.errors import RemoteProtocolError

REPORT_EVERY = 10_000
DIFFERS = 12


def codec_agrees(count: int) -> bool:
    """The codec and cbor2 canonical give the same bytes, and the codec reads them back."""
    dice = random.Random(3)
    for number in range(count):
        value = generate(dice)
        data = codec.encode(value)
        if data != cbor2.dumps(plain(value), canonical=True):
            return False
        if codec.decode(data, len(data)) != value:
            return False
        report("values", number, count)
    return True


def gate_holds(count: int) -> bool:
    """Mutated bytes give an authentic message or `RemoteProtocolError`; anything else is raised."""
    dice = random.Random(4)
    run = Chaos(5, 4)
    run.run(400)
    gate = run.fed.gate
    seen = [gate.encode(message) for _, _, message in run.fed.sent]
    for number in range(count):
        data = bytearray(dice.choice(seen))
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(data) + 1)
            data[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
        report("mutations", number, count)
        try:
            message = gate.open(bytes(data), verify)
        except RemoteProtocolError:
            continue
        if gate.encode(message) != bytes(data):
            return False
    return True


def report(what: str, number: int, count: int) -> None:
    if number % REPORT_EVERY == 0 and sys.stderr.isatty():
        print(f"\r{what} {number} of {count}", end="", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=100_000)
    parser.add_argument("--mutations", type=int, default=1_000_000)
    options = parser.parse_args()
    agrees = codec_agrees(options.values)
    print(f"{options.values} values: codec and cbor2 canonical {'agree' if agrees else 'DIFFER'}")
    holds = gate_holds(options.mutations)
    told = "authentic or refused" if holds else "NOT ALL authentic or refused"
    print(f"{options.mutations} mutated messages at the gate: {told}")
    return 0 if agrees and holds else DIFFERS


if __name__ == "__main__":
    sys.exit(main())
