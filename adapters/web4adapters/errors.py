"""The errors that a user can cause or mend, and the one line that reports each of them."""

from __future__ import annotations

from typing import Final

from web4adapters.config.errors import ConfigError
from web4adapters.signers import GuardError, KeyFileError
from web4adapters.storage import StorageError
from web4core import LocalProtocolError, RemoteProtocolError


class ExpectedError(Exception):
    """A failure that the command expects, and reports in one line: what failed, and what to do.

    Errors of programs that use the adapters derive from it. The adapters themselves raise classes
    of their own.
    """


PLATFORM_ERRORS: Final = (
    ConfigError,
    GuardError,
    KeyFileError,
    LocalProtocolError,
    OSError,
    RemoteProtocolError,
    StorageError,
)
"""Errors that may keep a platform from running; each is told in one line, without a traceback."""


def one_line(error: BaseException) -> str:
    """The text of such an error."""
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return str(error)
