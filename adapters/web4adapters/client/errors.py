"""What can go wrong between a client and a platform, in words that are safe to print."""

from __future__ import annotations

import unicodedata

MAX_TOLD_CHARACTERS = 400
"""Length of an error's text; the rest of what a platform said is cut off."""

_UNPRINTABLE = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """One line of text without what steers a terminal, each such character shown as a `?`."""
    cut = text[:MAX_TOLD_CHARACTERS] + ("..." if len(text) > MAX_TOLD_CHARACTERS else "")
    return "".join("?" if unicodedata.category(each) in _UNPRINTABLE else each for each in cut)


class ClientError(Exception):
    """The platform cannot be reached, refuses the request, or says what does not hold."""

    def __init__(self, text: str) -> None:
        super().__init__(plain(text))


class Unreachable(ClientError):
    """No connection to the platform came about, so it was asked nothing."""


class Denied(ClientError):
    """The platform refuses the request, and did nothing."""


class Nonsense(ClientError):
    """The platform answers what no platform answers."""


class Refused(Exception):
    """A transaction was refused, for good, with this code."""

    def __init__(self, code: str, meaning: str) -> None:
        super().__init__(plain(f"refused, {code}: {meaning}"))
        self.code = plain(code)
        self.meaning = plain(meaning)
