"""The commands of `web4`: the module of each, the extra that it needs, and its line of help.

This module needs the standard library alone, so that help and errors need nothing else.
The module of a command is imported only when the command is named.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """One command.

    `module` defines it, under its own name. `extra` is the optional dependency of the project that
    brings what it needs. `help` is the first sentence of its own help.
    """

    module: str
    extra: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "account": Entry(
        "web4cli.ledger", "client", "Show and open accounts: `web4 account alice@thor`."
    ),
    "audit": Entry(
        "web4cli.audit",
        "client",
        "Fold journals again, and check each step against the protocol that is proved.",
    ),
    "bench": Entry(
        "web4cli.bench",
        "lab",
        "Measure this machine: each figure is a ratio to what cannot be avoided, in the same run.",
    ),
    "check": Entry(
        "web4cli.check", "proofs", "Check the properties of the code that is installed here."
    ),
    "demo": Entry(
        "web4cli.demo",
        "lab",
        "Start a federation on this machine, move ATP across it, and check every figure.",
    ),
    "export": Entry(
        "web4cli.verify",
        "client",
        "Write the chain that a platform has to FILE, for `web4 verify`.",
    ),
    "init": Entry(
        "web4cli.federation",
        "node",
        "Make a federation in FOLDER: keys, guards, stores, a genesis, one TOML for each platform.",
    ),
    "playground": Entry(
        "web4cli.playground", "lab", "Play with a federation of four in a browser."
    ),
    "replay": Entry(
        "web4cli.explore",
        "proofs",
        "Run the counterexample in FILE again, on the code that is installed.",
    ),
    "run": Entry(
        "web4cli.run",
        "node",
        "Run the platform that CONFIG, a platform.toml, describes, until it is told to stop.",
    ),
    "simulate": Entry(
        "web4cli.simulate",
        "lab",
        "Run whole federations on virtual time, each with faults of its own.",
    ),
    "status": Entry(
        "web4cli.status",
        "client",
        "Show where every platform is, who is missing, and in which view.",
    ),
    "transfer": Entry(
        "web4cli.ledger",
        "client",
        "Move ATP: at once within a platform, in two phases across platforms.",
    ),
    "verify": Entry(
        "web4cli.verify",
        "client",
        "Verify a chain offline: every signature, certificate, root, rule and invariant.",
    ),
}

EXTRA_OF_ALL: Final = "client"
"""The extra that suffices for `web4 --help` and `web4 --version`."""

FROM_EXTRAS: Final = frozenset({"aiohttp", "click", "cryptography", "rich", "z3"})
"""The packages that the extras bring: if one is missing, a command names the extra it needs."""
