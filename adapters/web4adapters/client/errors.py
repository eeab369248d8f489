"""The errors between a client and a platform, with texts that are safe to print."""

from __future__ import annotations

import unicodedata

MAX_TOLD_CHARACTERS = 400
"""Length of an error's text; the rest of a platform's text is cut off."""

_UNPRINTABLE = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """One line of text in which each character that could control a terminal is shown as a `?`."""
    cut = text[:MAX_TOLD_CHARACTERS] + ("..." if len(text) > MAX_TOLD_CHARACTERS else "")
    return "".join("?" if unicodedata.category(each) in _UNPRINTABLE else each for each in cut)


class ClientError(Exception):
    """The platform cannot be reached, refuses the request, or gives a false answer."""

    def __init__(self, text: str) -> None:
        super().__init__(plain(text))


class Unreachable(ClientError):
    """No connection to the platform was made, so no request was sent."""


class Denied(ClientError):
    """The platform refuses the request, and did nothing."""


class Nonsense(ClientError):
    """The platform gives an answer that no correct platform gives."""


class Refused(Exception):
    """A transaction was refused, for good, with this code."""

    def __init__(self, code: str, meaning: str) -> None:
        super().__init__(plain(f"refused, {code}: {meaning}"))
        self.code = plain(code)
        self.meaning = plain(meaning)
