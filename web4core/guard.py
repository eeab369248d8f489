"""The double-sign guard's rule: which statement may be signed after which, as pure functions.

A guard remembers, for each binding kind, the last statement that the platform signed.
`admit` takes the guard's memory and a batch of statements.
It returns the memory that must be durable before a signature leaves, and says for each statement
whether it may be signed.
A platform whose journal is older than its guard has forgotten what it stood for.
`silenced` keeps it from signing at the heights in question.

The guard knows digests, not locks.
That is why it can keep a platform from contradicting a signature, but not from breaking a lock.
Implements C-GUARD-1 to C-GUARD-4 and C-GUARD-6.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from web4core.errors import LocalProtocolError
from web4core.hashing import DIGEST_BYTES
from web4core.messages import BINDING, Kind, Statement
from web4core.types import Digest, View

MAX_GUARDED: Final = 2**64 - 1
"""The last height or view that a guard can remember."""

_VOTES: Final = (Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT)


@frozen
class Signed:
    """The statement of one kind that a platform signed last."""

    height: int
    """Height of the statement, from 1 to `MAX_GUARDED`."""
    view: View
    """View of the statement, from 0 to `MAX_GUARDED`."""
    digest: Digest
    """Digest that the statement names, 32 bytes."""


@frozen
class Memory:
    """All that a guard remembers; the smallest record that must survive a lost journal."""

    last: tuple[Signed | None, ...] = (None,) * len(BINDING)
    """The last signed statement of each kind, in the order of `BINDING`; None before the first."""
    silent_through: int = 0
    """Up to this height nothing new may be signed; 0 means that there is no such height."""

    def __attrs_post_init__(self) -> None:
        if len(self.last) != len(BINDING):
            raise LocalProtocolError(
                f"C-GUARD-4: a guard remembers {len(BINDING)} kinds, not {len(self.last)}"
            )


@frozen
class Conflict:
    """The reason why a statement may not be signed."""

    clause: str
    """Id of the clause that forbids it."""
    asked: Statement
    """The statement that was to be signed."""
    signed: Signed | None
    """The earlier statement that it contradicts; None if the platform is silent at its height."""

    def __str__(self) -> str:
        asked = f"{self.asked.kind.name} of {_place(self.asked)}"
        if self.signed is None:
            return f"{self.clause}: {asked} is at a height at which this platform stays silent"
        return f"{self.clause}: {asked} contradicts {_place(self.signed)}, signed before"


def admit(
    memory: Memory, statements: tuple[Statement, ...]
) -> tuple[Memory, tuple[Conflict | None, ...]]:
    """The memory after these statements are signed, and for each of them the conflict, if any.

    None says that a statement may be signed.
    Raises `LocalProtocolError` for a statement that no guard can remember.
    """
    conflicts: list[Conflict | None] = []
    for statement in statements:
        conflict = refusal(memory, statement)
        conflicts.append(conflict)
        if conflict is None:
            memory = remembering(memory, statement)
    return memory, tuple(conflicts)


def refusal(memory: Memory, statement: Statement) -> Conflict | None:
    """The conflict that forbids this statement; None if it may be signed.

    The statement that was signed last may be signed again: the signature is the same bytes.
    """
    if statement.kind not in BINDING:
        return None
    _check(statement)
    asked = _signed(statement)
    last = memory.last[_slot(statement.kind)]
    if asked == last:
        return None
    if asked.height <= memory.silent_through:  # C-GUARD-6
        return Conflict("C-GUARD-6", statement, None)
    if last is not None and (asked.height, asked.view) == (last.height, last.view):  # C-GUARD-1
        return Conflict("C-GUARD-1", statement, last)
    if last is not None and (asked.height, asked.view) < (last.height, last.view):  # C-GUARD-2
        return Conflict("C-GUARD-2", statement, last)
    # C-GUARD-3. The guard forgets promises of lower heights, so those heights are over as well.
    promise = memory.last[_slot(Kind.VIEW_CHANGE)]
    promised_above = promise is not None and (asked.height, asked.view) < (
        promise.height,
        promise.view,
    )
    if statement.kind in _VOTES and promised_above:
        return Conflict("C-GUARD-3", statement, promise)
    return None


def remembering(memory: Memory, statement: Statement) -> Memory:
    """The memory after this statement, which it does not refuse, has been signed."""
    if statement.kind not in BINDING:
        return memory
    slot = _slot(statement.kind)
    return evolve(memory, last=(*memory.last[:slot], _signed(statement), *memory.last[slot + 1 :]))


def covers(memory: Memory, statement: Statement) -> bool:
    """Whether this memory, once durable, allows the statement's signature to leave (C-GUARD-4).

    It does if a later restart could sign nothing that contradicts the statement.
    """
    if statement.kind not in BINDING:
        return True
    last = memory.last[_slot(statement.kind)]
    if last is None:
        return False
    asked = _signed(statement)
    return asked == last or (asked.height, asked.view) < (last.height, last.view)


def silenced(memory: Memory, height: int) -> Memory:
    """The memory of a platform that signs nothing new up to this height; never shortened.

    Raises `LocalProtocolError` for a height that no guard can remember.
    """
    if not 0 <= height <= MAX_GUARDED:
        raise LocalProtocolError(f"C-GUARD-6: height must be from 0 to {MAX_GUARDED}, not {height}")
    return evolve(memory, silent_through=max(memory.silent_through, height))


def highest_signed(memory: Memory) -> int:
    """The highest height of anything that was signed; 0 before the first signature."""
    return max((last.height for last in memory.last if last is not None), default=0)


def _slot(kind: Kind) -> int:
    return BINDING.index(kind)


def _signed(statement: Statement) -> Signed:
    return Signed(statement.height, statement.view, statement.digest)


def _place(subject: Statement | Signed) -> str:
    return f"{subject.digest.hex()} at height {subject.height}, view {subject.view}"


def _check(statement: Statement) -> None:
    for name, number in (("height", statement.height), ("view", statement.view)):
        if not 0 <= number <= MAX_GUARDED:
            raise LocalProtocolError(
                f"C-GUARD-4: {name} must be from 0 to {MAX_GUARDED}, not {number}"
            )
    if len(statement.digest) != DIGEST_BYTES:
        raise LocalProtocolError(
            f"C-GUARD-4: a digest has {DIGEST_BYTES} bytes, not {len(statement.digest)}"
        )
