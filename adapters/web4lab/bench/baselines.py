"""The unavoidable costs: signatures, syncs and hops, each timed by itself.

The floors are those of the bare library, disk and socket, without any code of ours around them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4lab.bench.measurement import BenchError
from web4process.signals import uninterrupted

ROUND = 100
"""Signatures timed at once."""

MESSAGE_BYTES = 96
"""About the length of a statement's signing bytes."""

PAUSE_S = 0.005
"""The pause between two syncs, and between two hops: in real use they never follow at once."""

RECORD_BYTES = 1024
"""Bytes written before each sync: about as many as one save of a small block writes."""

PACKET_BYTES = 256
ECHO_TIMEOUT_S = 10.0


@frozen
class SignatureTimes:
    """Seconds for one signature, made and verified, by the library alone."""

    sign_s: float
    verify_s: float


def signature_times(rounds: int = 1) -> SignatureTimes:
    """Make and verify `rounds` hundred signatures in one thread."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    messages = [os.urandom(MESSAGE_BYTES) for _ in range(ROUND)]
    count = rounds * ROUND
    signatures: list[bytes] = []
    began_s = time.perf_counter()
    for _ in range(rounds):
        signatures = [key.sign(message) for message in messages]
    signed_s = time.perf_counter()
    for _ in range(rounds):
        for signature, message in zip(signatures, messages, strict=True):
            public.verify(signature, message)
    ended_s = time.perf_counter()
    return SignatureTimes((signed_s - began_s) / count, (ended_s - signed_s) / count)


def sync_times(folder: Path, count: int, pause_s: float = PAUSE_S) -> list[float]:
    """Seconds for each of so many appends with fsync, on the disk that the folder is on."""
    path = folder / "sync-probe"
    record = os.urandom(RECORD_BYTES)
    times: list[float] = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(count):
            time.sleep(pause_s)
            began_s = time.perf_counter()
            os.write(descriptor, record)
            os.fsync(descriptor)
            times.append(time.perf_counter() - began_s)
    finally:
        os.close(descriptor)
        path.unlink()
    return times


@contextmanager
def _echo() -> Iterator[socket.socket]:
    """A connection to another process that sends everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(ECHO_TIMEOUT_S)
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "web4lab.bench.echo", str(port)]
        with ExitStack() as ending:
            with uninterrupted():
                process = ending.enter_context(subprocess.Popen(command, process_group=0))
                ending.callback(process.kill)
            try:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(ECHO_TIMEOUT_S)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    yield connection
            except TimeoutError:
                raise BenchError("the echo process did not answer; see its output") from None


def hop_times(count: int, pause_s: float = PAUSE_S) -> list[float]:
    """Seconds for each of so many hops between two processes: half of there and back."""
    packet = bytes(PACKET_BYTES)
    times: list[float] = []
    with _echo() as connection:
        for _ in range(count):
            time.sleep(pause_s)
            began_s = time.perf_counter()
            connection.sendall(packet)
            left = PACKET_BYTES
            while left:
                received = connection.recv(left)
                if not received:
                    raise BenchError("the echo process ended; see its output")
                left -= len(received)
            times.append((time.perf_counter() - began_s) / 2)
    return times
