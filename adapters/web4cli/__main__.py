"""`python -m web4cli`: the same as `web4`."""

from web4cli import main

main()
