"""The `web4` command: its entry point, which at first needs nothing but the standard library.

A missing package is reported in one line; a signal that ends the command ends all that it started.
"""

from __future__ import annotations

import sys

from web4cli.catalogue import COMMANDS, EXTRA_OF_ALL, FROM_EXTRAS
from web4process import signals


def main() -> None:
    """Run `web4`, until it is done or told to end."""
    signals.supervise(_run)


def _run() -> int:
    try:
        from web4cli.commands import carry_out

        return carry_out()
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in FROM_EXTRAS:
            raise
        print(_missing(module, sys.argv[1:]), file=sys.stderr)
        return 1


def _missing(module: str, words: list[str]) -> str:
    """The extra that brings the module that the command in these arguments needs, as a sentence."""
    named = next((word for word in words if not word.startswith("-")), "")
    entry = COMMANDS.get(named)
    command, extra = ("web4", EXTRA_OF_ALL) if entry is None else (f"web4 {named}", entry.extra)
    install = f"python3 -m pip install '.[{extra}]', from the checkout"
    return f"web4: `{command}` needs {module}: {install}"


__all__ = ["main"]
