"""What others cause is logged the first time and every hundredth, and then more seldom."""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import Any

import pytest
from aiohttp.http import HttpProcessingError

from web4adapters.node.logs import loop_error_handler, web_server_log
from web4adapters.throttled_log import LOG_EVERY, ThrottledLog


def test_each_kind_is_told_first_and_then_every_so_many() -> None:
    seldom = ThrottledLog()
    told = [seldom.before("a") for _ in range(2 * LOG_EVERY + 1)]
    assert [each for each in told if each is not None] == [0, LOG_EVERY, 2 * LOG_EVERY]
    assert seldom.before("b") == 0
    many = [seldom.before("c") for _ in range(34_000)]
    assert len([each for each in many if each is not None]) == 1 + 9 + 9 + 3
    seldom.forget("a")
    seldom.forget("never seen")
    assert seldom.before("a") == 0


def test_the_event_loop_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    error = OSError(errno.EMFILE, "Too many open files")
    context: dict[str, Any] = {"message": "socket.accept() out of system resource"}

    async def play() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(loop_error_handler())
        for _ in range(LOG_EVERY + 1):
            loop.call_exception_handler(context | {"exception": error})
        loop.call_exception_handler({"message": "a defect", "exception": ZeroDivisionError()})

    asyncio.run(play())
    assert [each.name for each in caplog.records] == ["asyncio", "asyncio", "web4.loop", "asyncio"]
    assert f"{LOG_EVERY} like this before" in caplog.text
    assert "a defect" in caplog.text


def fail(log: logging.Logger, error: Exception) -> None:
    log.error("Error handling request from %s", "::1", exc_info=error)


def test_a_malformed_request_is_one_line_and_a_defect_keeps_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = web_server_log()
    for _ in range(LOG_EVERY):
        fail(log, HttpProcessingError(code=400, message="Bad\nline\x1b[2J"))
    fail(log, ZeroDivisionError("a defect"))
    malformed, defect = caplog.records
    assert malformed.getMessage().isprintable()
    assert "Bad line" in malformed.getMessage()
    assert malformed.exc_info is None
    assert defect.exc_info is not None
