"""`python3 -m tests.spec_tools`: write anew what the specification takes from the code.

With `--check` nothing is written; what does not fit is named, and the exit code is 1 if any is.
`record WHY` adds a line to `spec/HISTORY.md` for each clause that reads otherwise than before.
"""

from __future__ import annotations

import sys

from tests.spec_tools.check import REASONS
from tests.spec_tools.generated import ROOT, stale, write
from tests.spec_tools.history import record


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    match arguments:
        case []:
            for path in stale():
                sys.stdout.write(f"{path.relative_to(ROOT)}\n")
            write()
            return 0
        case ["--check"]:
            found = [f"{reason}: {each}\n" for reason, seek in REASONS.items() for each in seek()]
            sys.stdout.writelines(found)
            return 1 if found else 0
        case ["record", why]:
            sys.stdout.writelines(f"{line}\n" for line in record(why))
            return 0
        case _:
            sys.stderr.write("usage: python3 -m tests.spec_tools [--check | record WHY]\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
