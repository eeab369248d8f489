"""The double-sign guard: no platform contradicts what it signed before, whatever its journal says.

The rule of what may be signed after what, as functions of plain values, and the signer that obeys
it may live here. Clauses:

- C-GUARD-1: one digest at most for a kind, height and view.
- C-GUARD-2: for a kind, nothing below the height and view signed last.
- C-GUARD-3: no vote below the view promised by a VIEW-CHANGE.
- C-GUARD-4: what will be signed is durable before a signature leaves.
- C-GUARD-5: without its guard, a platform does not sign.
- C-GUARD-6: nothing new at a height at which the platform no longer knows what it stood for.

What was signed last may be signed again: the signature is the same, byte for byte.
Behind it all lies one weakness that no guard can mend: it knows digests, not locks. A platform
whose journal is older than its guard must be told so with `silence_through`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import attrs

from web4adapters.signers.guardfile import (
    DIGEST_BYTES,
    MAX_NUMBER,
    GuardFile,
    Memory,
    Signed,
)
from web4adapters.signers.protocol import Signer
from web4core import (
    BINDING,
    ChainId,
    Kind,
    LocalProtocolError,
    PublicKey,
    Signature,
    Statement,
    Tag,
    domain,
    signing_bytes,
)

VOTES = (Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT)
MAX_BATCH = 4096
"""Statements signed behind one sync of the guard."""


@attrs.frozen
class Conflict:
    """Why a statement was not signed: the clause, what was asked, what stands against it.

    `signed` is what was signed before; None when the platform is silent at that height.
    """

    clause: str
    asked: Statement
    signed: Signed | None

    def __str__(self) -> str:
        asked = f"{self.asked.kind.name} of {_place(self.asked)}"
        if self.signed is None:
            return f"{self.clause}: {asked} is at a height at which this platform stays silent"
        return f"{self.clause}: {asked} contradicts {_place(self.signed)}, signed before"


class GuardedSigner:
    """A signer that refuses to contradict itself; holds its guard file locked while it is open."""

    def __init__(self, signer: Signer, guard_path: Path, chain_id: ChainId) -> None:
        """Open the guard of this key on this chain. Raises GuardError, GuardMissing, GuardLocked.

        `create_guard` makes one, once in the life of a key.
        """
        self._signer = signer
        self._chain_id = chain_id
        self._mutex = threading.Lock()
        self._file = GuardFile(guard_path, chain_id, signer.public_key)
        self.recovered_from_torn_write = self._file.torn
        """Whether the last write before this start was cut short; worth a line in a log."""

    @property
    def public_key(self) -> PublicKey:
        """The raw public key, 32 bytes."""
        return self._signer.public_key

    @property
    def memory(self) -> Memory:
        """What was signed last, by kind. A journal that knows less than this is too old."""
        return self._file.memory

    def sign(self, message: bytes) -> Signature:
        """Sign what is not a statement: a greeting, a transaction."""
        if message.startswith(domain(Tag.STATEMENT)):
            # C-GUARD-1 and its neighbours would be passed by.
            raise LocalProtocolError("a statement must be signed by sign_statements")
        return self._signer.sign(message)

    def sign_statements(self, statements: Sequence[Statement]) -> list[Signature | Conflict]:
        """Answer each statement, in order, with its signature or with why there is none.

        One sync of the guard serves the whole batch. Raises GuardError when the guard cannot be
        written; nothing is signed then, nor later.
        """
        if len(statements) > MAX_BATCH:
            raise LocalProtocolError(f"{len(statements)} statements; at most {MAX_BATCH} at once")
        with self._mutex:
            memory = self._file.memory
            conflicts: list[Conflict | None] = []
            for statement in statements:
                conflict = refusal(memory, statement)
                conflicts.append(conflict)
                if conflict is None:
                    memory = remembering(memory, statement)
            self._save(memory)
        return [
            conflict or self._signer.sign(signing_bytes(self._chain_id, statement))
            for statement, conflict in zip(statements, conflicts, strict=True)
        ]

    def silence_through(self, height: int) -> None:
        """Sign nothing new up to and including `height`, from now on and after a restart.

        For a platform that may have forgotten what it stood for: its store was restored from a
        backup, or its tail was dropped. The silence is never shortened.
        """
        _check_number("height", height)
        with self._mutex:
            memory = self._file.memory
            silent_through = max(memory.silent_through, height)
            self._save(attrs.evolve(memory, silent_through=silent_through))

    def close(self) -> None:
        """Release the guard file; nothing new is signed afterwards."""
        with self._mutex:
            self._file.close()

    def __enter__(self) -> GuardedSigner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _save(self, memory: Memory) -> None:
        # C-GUARD-4. What changes nothing, such as a repetition, needs no sync.
        if memory != self._file.memory:
            self._file.save(memory)


def refusal(memory: Memory, statement: Statement) -> Conflict | None:
    """Say why `statement` must not be signed, or None when it may be."""
    if statement.kind not in BINDING:
        return None
    _check_statement(statement)
    asked = _signed(statement)
    last = memory.last[_place_of(statement.kind)]
    if asked == last:
        return None
    if asked.height <= memory.silent_through:
        return Conflict("C-GUARD-6", statement, None)  # C-GUARD-6
    if last is not None and (asked.height, asked.view) == (last.height, last.view):
        return Conflict("C-GUARD-1", statement, last)  # C-GUARD-1
    if last is not None and (asked.height, asked.view) < (last.height, last.view):
        return Conflict("C-GUARD-2", statement, last)  # C-GUARD-2
    # C-GUARD-3. Promises made at lower heights are forgotten, so those heights are over as well.
    promise = memory.last[_place_of(Kind.VIEW_CHANGE)]
    promised_above = promise is not None and (asked.height, asked.view) < (
        promise.height,
        promise.view,
    )
    if statement.kind in VOTES and promised_above:
        return Conflict("C-GUARD-3", statement, promise)
    return None


def remembering(memory: Memory, statement: Statement) -> Memory:
    """Return `memory` after `statement`, which it does not refuse, has been signed."""
    if statement.kind not in BINDING:
        return memory
    place = _place_of(statement.kind)
    last = (*memory.last[:place], _signed(statement), *memory.last[place + 1 :])
    return attrs.evolve(memory, last=last)


def _place_of(kind: Kind) -> int:
    return BINDING.index(kind)


def _signed(statement: Statement) -> Signed:
    return Signed(statement.height, statement.view, statement.digest)


def _place(subject: Statement | Signed) -> str:
    return f"{subject.digest.hex()} at height {subject.height}, view {subject.view}"


def _check_statement(statement: Statement) -> None:
    _check_number("height", statement.height)
    _check_number("view", statement.view)
    if len(statement.digest) != DIGEST_BYTES:
        raise LocalProtocolError(f"a digest has 32 bytes, not {len(statement.digest)}")


def _check_number(what: str, number: int) -> None:
    if not 0 <= number <= MAX_NUMBER:
        raise LocalProtocolError(f"{what} must be from 0 to {MAX_NUMBER}, not {number}")
