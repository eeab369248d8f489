"""What every test shares: how hard Hypothesis tries, and how a failure is repeated.

`HYPOTHESIS_PROFILE` chooses the effort:

- `default`: for work at the keyboard; a new seed for each run.
- `ci`: derived from the tests themselves, so that the same checkout gives the same verdict.
- `long`: for a night; a new seed for each run.

A run that fails prints what repeats it.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
SEED_BITS = 32
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Wall time says nothing about the code on a busy machine; pytest's own timeout stops what hangs.
_BASE = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("default", _BASE, max_examples=50, stateful_step_count=30)
settings.register_profile(
    "ci", _BASE, max_examples=100, stateful_step_count=40, derandomize=True, database=None
)
settings.register_profile("long", _BASE, max_examples=5_000, stateful_step_count=200)
settings.load_profile(PROFILE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The transcripts in `scenarios/` can be written anew, to be reviewed as a diff."""
    parser.addoption("--rewrite-scenarios", action="store_true", dest="rewrite_scenarios")


@pytest.hookimpl(tryfirst=True)  # before Hypothesis reads the option
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed here, unless the command line or the profile did, so that it is known."""
    if config.getoption("hypothesis_seed") is None and not settings().derandomize:
        config.option.hypothesis_seed = str(secrets.randbits(SEED_BITS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """After a failure, say which command runs the same examples again."""
    if exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    seed = terminalreporter.config.getoption("hypothesis_seed")
    option = "" if seed is None else f" --hypothesis-seed={seed}"
    marks = shlex.quote(terminalreporter.config.getoption("markexpr"))
    terminalreporter.write_line(
        f"to repeat: HYPOTHESIS_PROFILE={PROFILE} pytest -m {marks}{option}"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser: Chromium, driven by Playwright.

    Its event loop runs for as long, so that no other test of the module can run one.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no chromium is installed: a page is tried in a real browser")
    # Chromium has no sandbox for the administrator, who runs the checks in a container.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=found, args=flags)
        yield made
        made.close()
