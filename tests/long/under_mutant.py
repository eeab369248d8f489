"""Run tests while a mutant stands in place of a module: its source comes on standard input."""

from __future__ import annotations

import sys

import pytest

from web4proofs.mutants.install import install


def main(module: str, tests: list[str]) -> int:
    """The exit code of pytest, which stops at the first failure."""
    install(module, sys.stdin.read())
    return int(pytest.main(["-x", "-q", "-m", "", "-n0", "-p", "no:cacheprovider", *tests]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
