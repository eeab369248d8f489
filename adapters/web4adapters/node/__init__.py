"""A platform put together from the core and the adapters, and run: what `web4 run` does."""

from web4adapters.node.main import run, run_command

__all__ = ["run", "run_command"]
