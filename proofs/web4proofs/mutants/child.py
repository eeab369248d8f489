"""The process that tries a mutant on proofs: its order is on standard input, its result on output.

It is a fresh process, so nothing of `web4core` is imported before the mutant is in place.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from web4process.workers import end_with_parent
from web4proofs.mutants.install import install

IMPORT_FAILS = "import"
MEMORY_BYTES = 4 * 2**30
"""The memory limit of a mutant; an endless loop exhausts it. Proofs need a tenth of it."""


def main() -> None:
    """Try one mutant."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    end_with_parent()
    asked: dict[str, Any] = json.load(sys.stdin)
    install(asked["module"], asked["source"])
    caught_by, how = tried(asked["theorems"])
    json.dump({"caught_by": caught_by, "how": how}, sys.stdout)


def tried(identities: list[str]) -> tuple[str | None, str]:
    """Return the first of these theorems that does not hold, and why; None if all hold."""
    try:
        from web4proofs.catalogue import theorems  # noqa: PLC0415
        from web4proofs.reports import failures_of  # noqa: PLC0415
        from web4proofs.runner import ProofResult, attempt  # noqa: PLC0415

        by_id = {theorem.id: theorem for theorem in theorems()}
    except Exception as error:  # noqa: BLE001  a mutant may break anything
        return IMPORT_FAILS, f"{type(error).__name__}: {error}"
    for identity in identities:
        done = attempt(by_id[identity])
        if done.verdict is not ProofResult.HOLDS:
            return identity, failures_of(done)[0].found
    return None, ""


if __name__ == "__main__":
    main()
