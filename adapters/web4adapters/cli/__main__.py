"""`python -m web4adapters.cli`: the same as `web4`."""

from web4adapters.cli import main

main()
