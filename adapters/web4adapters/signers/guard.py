"""A signer with a double-sign guard: it signs no statement that its durable memory does not cover.

The rule of the guard is `web4core.guard`, and `web4core.Node` owns the order: first it has the new
memory made durable, then it asks for signatures.
This signer checks that order again, next to the key. Clauses:

- C-GUARD-4: what will be signed is durable before a signature leaves.
- C-GUARD-5: without its guard, a platform does not sign.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from web4adapters.signers.guardfile import GuardFile
from web4adapters.signers.protocol import Signer
from web4core import (
    ChainId,
    LocalProtocolError,
    Memory,
    PublicKey,
    Signature,
    Statement,
    Tag,
    covers,
    domain,
    signing_bytes,
)


class GuardedSigner:
    """A signer behind a guard; holds its guard file locked while it is open."""

    def __init__(self, signer: Signer, guard_path: Path, chain_id: ChainId) -> None:
        """Open the guard of this key on this chain. Raises GuardError, GuardMissing, GuardLocked.

        `create_guard` makes one, once in the life of a key.
        """
        self._signer = signer
        self._chain_id = chain_id
        self._mutex = threading.Lock()
        self._file = GuardFile(guard_path, chain_id, signer.public_key)
        self.recovered_from_torn_write = self._file.torn
        """Whether the last write before this start was cut short, which is to be logged."""

    @property
    def public_key(self) -> PublicKey:
        """The raw public key, 32 bytes."""
        return self._signer.public_key

    @property
    def memory(self) -> Memory:
        """The durable memory: the last signed statement of each kind."""
        return self._file.memory

    def sign(self, message: bytes) -> Signature:
        """Sign bytes that are not a statement: a handshake, a transaction."""
        if message.startswith(domain(Tag.STATEMENT)):  # it would bypass the guard
            raise LocalProtocolError(
                "C-GUARD-4: a statement is signed by sign_statements, behind the guard"
            )
        return self._signer.sign(message)

    def remember(self, memory: Memory) -> None:
        """Make the guard's memory durable (C-GUARD-4).

        Raises GuardError when the guard cannot be written; nothing is signed then, nor later.
        A memory that changes nothing costs no sync.
        """
        with self._mutex:
            if memory != self._file.memory:
                self._file.save(memory)

    def sign_statements(self, statements: Sequence[Statement]) -> list[Signature]:
        """Sign each statement, in order.

        Raises LocalProtocolError, and signs nothing, if the durable memory does not cover one of
        them: a caller that follows `web4core.Node` never sees that.
        """
        memory = self._file.memory
        for statement in statements:
            if not covers(memory, statement):
                raise LocalProtocolError(
                    f"C-GUARD-4: the guard does not remember a {statement.kind.name} of height"
                    f" {statement.height}, view {statement.view}; remember it first"
                )
        return [self._signer.sign(signing_bytes(self._chain_id, each)) for each in statements]

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
