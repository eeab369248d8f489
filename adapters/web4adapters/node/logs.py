"""The logs that others can cause: the errors of the web server, and those of the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from web4adapters.throttled_log import ThrottledLog

MAX_LOGGED_CHARACTERS = 200
"""Length of the logged text about a malformed request."""


class _ThrottledFilter(logging.Filter):
    """Lets the first error of a kind pass and every hundredth; a client's without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._throttled = ThrottledLog()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        error = record.exc_info[1] if record.exc_info else None
        before = self._throttled.before(type(error).__name__)
        if before is None:
            return False
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            reason = ascii(" ".join(str(error).split()))[:MAX_LOGGED_CHARACTERS]
            record.msg = "a client's request is malformed: %s (%d before)"
            record.args = (reason, before)
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def web_server_log() -> logging.Logger:
    """The log of the web server, which no client can fill."""
    log = logging.Logger("web4.http", logging.INFO)
    log.parent = logging.getLogger("web4")
    log.addFilter(_ThrottledFilter())
    return log


def loop_error_handler() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """A handler that logs errors of the event loop: the first of a kind and every hundredth."""
    throttled = ThrottledLog()
    log = logging.getLogger("web4.loop")

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        before = throttled.before((type(error).__name__, getattr(error, "errno", None)))
        if before is None:
            return
        loop.default_exception_handler(context)
        if before:
            log.error("there were %d like this before", before)

    return handle
