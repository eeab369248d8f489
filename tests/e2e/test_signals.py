"""A command that is told to end, or is killed, leaves nothing behind: no process and no folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from web4lab.demo import LocalFederation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

START_S = 40.0
"""How long a command may take until its processes are there."""
END_S = 30.0
"""How long it may take to end: two seconds, and what a busy machine adds."""
LEFT_S = 30.0
"""How soon the processes of a command that was killed are gone: some seconds, and the same."""
POLL_S = 0.05
COMMANDS = {
    "check prove": 2,
    "check prove P-LEDGER-1": 1,
    "check mutants": 2,
    "check explore": 2,
    "simulate --seeds 500 --json": 2,
    "demo": 4,
    "demo --faults": 4,
    "bench --only throughput": 4,
}
"""Commands that take long, and how many processes each has when it is under way."""


def slow_but(*quick: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test of all these commands, slow but for a few."""
    slow = [pytest.param(each, marks=pytest.mark.slow) for each in COMMANDS if each not in quick]
    return pytest.mark.parametrize("under_way", [*quick, *slow], indirect=True)


def works(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Command:
    """A command under way, in a process group and with a temporary folder of its own."""

    def __init__(self, words: str, folder: Path) -> None:
        self.processes: list[psutil.Process] = []
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "web4cli", *words.split(), *self._jobs(words)],
            env={**os.environ, "TMPDIR": str(folder)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def _jobs(words: str) -> tuple[str, ...]:
        return ("--jobs", "2") if words.startswith("check") else ()

    def await_processes(self, count: int) -> None:
        until_s = time.monotonic() + START_S
        while len(self.processes) < count:
            assert self._process.poll() is None, "it ended by itself"
            assert time.monotonic() < until_s, "its processes are not there"
            time.sleep(POLL_S)
            found = psutil.Process(self._process.pid).children(recursive=True)
            self.processes = [each for each in found if not self._is_tracker(each)]

    @staticmethod
    def _is_tracker(process: psutil.Process) -> bool:
        try:
            return any("resource_tracker" in word for word in process.cmdline())
        except psutil.Error:
            return True

    def tell(self, number: int, *, everyone: bool) -> None:
        """Send the command a signal, or its whole group, as a terminal does."""
        (os.killpg if everyone else os.kill)(self._process.pid, number)

    def end(self) -> tuple[int, str]:
        """How it ended, and its errors."""
        _, errors = self._process.communicate(timeout=END_S)
        return self._process.returncode, errors

    def left(self, within_s: float) -> list[psutil.Process]:
        """Who still works after this time; a zombie only waits to be counted."""
        return [each for each in psutil.wait_procs(self.processes, within_s)[1] if works(each)]

    def close(self) -> None:
        """End what is left of the processes that were seen."""
        self._process.kill()
        self._process.communicate()
        for each in self.left(0):
            each.kill()


@pytest.fixture
def under_way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Command]:
    command = Command(request.param, tmp_path)
    try:
        command.await_processes(COMMANDS[request.param])
        yield command
    finally:
        command.close()


@pytest.mark.parametrize(
    ("number", "everyone"),
    [
        pytest.param(signal.SIGINT, True, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, False, id="SIGTERM", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, True, id="hang-up", marks=pytest.mark.slow),
    ],
)
@slow_but("check mutants", "demo")
def test_a_command_that_is_told_to_end_takes_everything_with_it(
    under_way: Command, number: int, everyone: bool, tmp_path: Path
) -> None:
    under_way.tell(number, everyone=everyone)
    code, errors = under_way.end()
    assert code == 128 + number, errors
    assert "Traceback" not in errors
    assert "Process" not in errors
    assert under_way.left(POLL_S) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_platform_that_is_told_to_end_stops_in_order(number: int, tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "federation", 1, {}) as alone:
        alone.start()
        alone.processes["thor"].send_signal(number)
        assert alone.processes["thor"].wait(END_S) == 0, alone.tail("thor")
        assert "Traceback" not in alone.tail("thor")


def test_a_platform_that_ignores_hang_ups_outlives_its_terminal(tmp_path: Path) -> None:
    with LocalFederation(tmp_path / "federation", 1, {}) as alone:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
        try:
            alone.start()
        finally:
            signal.signal(signal.SIGHUP, before)
        alone.processes["thor"].send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert alone.clients["thor"].is_up()
        assert alone.stop("thor") == 0


@slow_but("check mutants")
def test_processes_of_a_command_that_is_killed_end_by_themselves(under_way: Command) -> None:
    under_way.tell(signal.SIGKILL, everyone=False)
    assert under_way.left(LEFT_S) == []


@pytest.mark.parametrize("delay_s", [0.2, 0.4, 0.8])
def test_ctrl_c_before_anything_has_begun_shows_no_traceback(
    delay_s: float, tmp_path: Path
) -> None:
    command = Command("check prove", tmp_path)
    try:
        time.sleep(delay_s)
        command.tell(signal.SIGINT, everyone=True)
        code, errors = command.end()
    finally:
        command.close()
    # Python itself may not be up yet, and is then ended by the signal.
    assert code in {130, -signal.SIGINT}
    assert "web4cli" not in errors or code == -signal.SIGINT


def test_a_signal_that_was_ignored_from_the_start_stays_ignored() -> None:
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "from web4process import signals; signals.listen(); signal.raise_signal(signal.SIGHUP);"
        "signals.leave(); print(signal.getsignal(signal.SIGHUP).name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "SIG_IGN\n"
