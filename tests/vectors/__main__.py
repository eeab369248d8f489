"""`python3 -m tests.vectors`: write the vectors of `spec/vectors/` anew.

With `--check` nothing is written; what is out of date is named, and the exit code is 1.
A vector that would come to say something else is not written while `WIRE_VERSION` stays the same:
raise the version, or, before the first release, delete the file first.
"""

from __future__ import annotations

import sys

from tests.vectors.catalogue import broken_promises, stale, strangers, write


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python3 -m tests.vectors [--check]\n")
        return 2
    broken = broken_promises()
    for vector in broken:
        sys.stderr.write(f"changed under the same version of the wire: {vector}\n")
    for name in (*stale(), *strangers()):
        sys.stdout.write(f"{name}\n")
    if arguments:
        return 1 if stale() or strangers() else 0
    if broken:
        return 1
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
