"""Mutants of the rules of signer and store, one change each: `spec/consensus.md`."""

from __future__ import annotations

from typing import Final

from web4proofs.mutants.named import TESTS, Named

KEYFILE: Final = "web4adapters.signers.keyfile"
GUARD: Final = "web4core.guard"
SIGNER: Final = "web4adapters.signers.guard"
GUARDFILE: Final = "web4adapters.signers.guardfile"
STORE: Final = "web4adapters.storage.store"
JOURNAL: Final = "web4adapters.storage.journal"
LOCK: Final = "web4adapters.storage.lock"

ADAPTERS: Final[tuple[Named, ...]] = (
    Named(
        "a key that others can read is used",
        "C-KEY-1",
        KEYFILE,
        "_read_private",
        "if fault is not None:",
        "if False:",
        TESTS,
    ),
    Named(
        "a missing key is made anew",
        "C-KEY-2",
        KEYFILE,
        "KeyFile.load",
        "        pem = _read_private(path)\n        return",
        (
            "        if not path.exists():\n"
            "            return cls.create(path, passphrase)\n"
            "        pem = _read_private(path)\n"
            "        return"
        ),
        TESTS,
    ),
    Named(
        "a second digest is signed",
        "C-GUARD-1",
        GUARD,
        "refusal",
        "if last is not None and (asked.height, asked.view) == (last.height, last.view):",
        "if False:",
        TESTS,
    ),
    Named(
        "what is below the last is signed",
        "C-GUARD-2",
        GUARD,
        "refusal",
        "if last is not None and (asked.height, asked.view) < (last.height, last.view):",
        "if False:",
        TESTS,
    ),
    Named(
        "a vote below the promised view is signed",
        "C-GUARD-3",
        GUARD,
        "refusal",
        "if statement.kind in _VOTES and promised_above:",
        "if False:",
        TESTS,
    ),
    Named(
        "a signer signs what its guard does not remember",
        "C-GUARD-4",
        SIGNER,
        "GuardedSigner.sign_statements",
        "if not covers(memory, statement):",
        "if False:",
        TESTS,
    ),
    Named(
        "the guard of another key is used",
        "C-GUARD-5",
        GUARDFILE,
        "_check_header",
        "if recorded_key != public_key:",
        "if False:",
        TESTS,
    ),
    Named(
        "a silenced platform signs",
        "C-GUARD-6",
        GUARD,
        "refusal",
        "if asked.height <= memory.silent_through:",
        "if False:",
        TESTS,
    ),
    Named(
        "events are not synchronised",
        "C-DURABLE-1",
        STORE,
        "",
        '"synchronous = FULL",',
        '"synchronous = OFF",',
        TESTS,
    ),
    Named(
        "a store goes on after a failed write",
        "C-DURABLE-2",
        STORE,
        "",
        "self._failure = reason",
        "pass",
        TESTS,
    ),
    Named(
        "a changed event is served",
        "C-DURABLE-3",
        JOURNAL,
        "_follows",
        "        and check == chained_check(previous.check, previous.seq + 1, event)\n",
        "",
        TESTS,
    ),
    Named(
        "two processes hold a store",
        "C-DURABLE-4",
        LOCK,
        "FolderLock.__init__",
        "if not try_lock(self._descriptor):",
        "if False:",
        TESTS,
    ),
)
