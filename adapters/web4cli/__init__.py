"""The `web4` command: its entry point, which at first needs nothing but the standard library.

What is missing is told in one line, and what ends the command early ends all that it has started.
"""

from __future__ import annotations

import sys

from web4process import signals

NEEDED_BY = {
    "click": ("the command", "node"),
    "rich": ("the command", "node"),
    "aiohttp": ("the command", "node"),
    "cryptography": ("the command", "node"),
    "z3": ("this check", "proofs"),
}
"""What may be missing: what needs it, and the extra that brings it."""


def main() -> None:
    """Run `web4`, until it is done or told to end."""
    signals.supervise(_run)


def _run() -> int:
    try:
        from web4cli.commands import carry_out

        return carry_out()
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in NEEDED_BY:
            raise
        what, extra = NEEDED_BY[module]
        install = f"python3 -m pip install '.[{extra}]', from the checkout"
        print(f"web4: {what} needs {module}: {install}", file=sys.stderr)
        return 1


__all__ = ["main"]
