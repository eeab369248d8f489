"""`python3 -m tests.spec_tools`: write anew what the specification takes from the code.

With `--check` nothing is written; what is out of date is named, and the exit code is 1.
"""

from __future__ import annotations

import sys

from tests.spec_tools.generated import ROOT, stale, write


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python3 -m tests.spec_tools [--check]\n")
        return 2
    out_of_date = stale()
    for path in out_of_date:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    if arguments:
        return 1 if out_of_date else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
