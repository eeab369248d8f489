"""Platforms as processes on loopback: made, started, stopped by their ids.

Each holds one end of a pipe, and stops by itself when the process that started it is gone.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from web4adapters.client import Client
from web4adapters.config import PLATFORM_FILE, Plan, Routes, load_genesis, make_federation
from web4adapters.config.scaffold import FIRST_PLATFORMS
from web4adapters.errors import ExpectedError
from web4adapters.signers import Verifier
from web4core import Address, Settings
from web4process.signals import uninterrupted

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 8.0
HURRY_S = 1.0
"""The longest that platforms may take to stop when a command is told to end."""
POLL_S = 0.05
"""The interval at which the lab looks whether the event that it waits for has come."""
PORTS = range(20_000, 32_000)
LOG_TAIL_BYTES = 4_000

Router: TypeAlias = Callable[[dict[str, tuple[str, int]]], Routes]
"""Takes the place where each platform listens; returns the places to dial instead."""


class ProcessFailed(ExpectedError):
    """A platform's process ended or never came up; carries the end of its log."""


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on now, chosen at random.

    They are below the ports that systems give to outgoing connections, so that none is taken
    meanwhile.
    """
    found: list[int] = []
    for port in secrets.SystemRandom().sample(PORTS, len(PORTS)):
        if len(found) == count:
            break
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            found.append(port)
    return found


def names_of(n: int) -> tuple[str, ...]:
    """The names of n platforms; the first four are those of the demo."""
    more = (f"platform{index}" for index in range(3, n))
    return (*FIRST_PLATFORMS, *more)[:n]


class LocalFederation:
    """n platforms with fresh keys in a folder, each a process; a context manager."""

    def __init__(
        self,
        folder: Path,
        n: int,
        accounts: dict[Address, int],
        settings: Settings | None = None,
        snapshot_blocks: int = 1_000,
        route: Router | None = None,
    ) -> None:
        self.folder = folder
        self.names = names_of(n)
        ports = dict(zip(self.names, free_ports(n), strict=True))
        platforms = {name: ("127.0.0.1", port) for name, port in ports.items()}
        routes = {} if route is None else route(platforms)
        plan = Plan("demo", platforms, accounts, settings or Settings(), snapshot_blocks, routes)
        self.genesis = make_federation(folder, plan)
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lifeline: tuple[int, ...] = ()
        verifier = Verifier()
        self.clients = {
            name: Client(url, load_genesis(folder / "genesis.json"), verifier)
            for name, url in self.urls.items()
        }

    def start(self, *names: str) -> None:
        """Start these platforms, or all of them, and wait until they answer."""
        for name in names or self.names:
            self.spawn(name)
        self.wait_up(*(names or self.names))

    def command(self, name: str) -> list[str]:
        """Return the command of a platform's process."""
        config = self.folder / name / PLATFORM_FILE
        return [sys.executable, "-m", "web4lab.demo.member", str(config)]

    def spawn(self, name: str) -> None:
        """Start the platform in the folder of this name, and do not wait."""
        self._lifeline = self._lifeline or os.pipe()
        with self.log(name).open("ab") as log, uninterrupted():
            self.processes[name] = subprocess.Popen(
                self.command(name),
                stdin=self._lifeline[0],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def log(self, name: str) -> Path:
        """The log file of a platform's process."""
        return self.folder / f"{name}.log"

    def wait_up(self, *names: str) -> None:
        """Wait until these platforms answer."""
        until_s = time.monotonic() + START_TIMEOUT_S
        for name in names:
            while not self.clients[name].is_up():
                if self.processes[name].poll() is not None:
                    raise ProcessFailed(f"{name} ended: {self.tail(name)}")
                if time.monotonic() > until_s:
                    raise ProcessFailed(f"{name} did not come up: {self.tail(name)}")
                time.sleep(POLL_S)

    def wait_linked(self) -> None:
        """Wait until every platform has a link to every other."""
        until_s = time.monotonic() + START_TIMEOUT_S
        for name, client in self.clients.items():
            while not all(peer["connected"] for peer in client.status()["peers"]):
                if time.monotonic() > until_s:
                    raise ProcessFailed(f"{name} is not linked to all: {self.tail(name)}")
                time.sleep(POLL_S)

    def tail(self, name: str) -> str:
        """The end of a platform's log."""
        if not self.log(name).exists():
            return "it wrote nothing"
        return self.log(name).read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()

    def kill(self, name: str) -> None:
        """End a platform with SIGKILL: no warning, nothing saved."""
        process = self.processes[name]
        process.kill()
        process.wait()

    def stop(self, name: str) -> int:
        """Ask a platform to stop; SIGKILL if it does not. Its exit code."""
        self._ask_to_stop(name)
        return self._wait_stopped(name)

    def close(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop every process that was started, all at once; each is asked only once."""
        until_s = time.monotonic() + timeout_s
        try:
            for name in self.processes:
                self._ask_to_stop(name)
            for name in self.processes:
                self._wait_stopped(name, max(0.0, until_s - time.monotonic()))
        finally:
            lifeline, self._lifeline = self._lifeline, ()
            for end in lifeline:
                os.close(end)

    def _ask_to_stop(self, name: str) -> None:
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)

    def _wait_stopped(self, name: str, timeout_s: float = STOP_TIMEOUT_S) -> int:
        process = self.processes[name]
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def __enter__(self) -> LocalFederation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(HURRY_S if isinstance(error, KeyboardInterrupt) else STOP_TIMEOUT_S)
