"""The `web4` command."""

from web4adapters.cli.main import main

__all__ = ["main"]
