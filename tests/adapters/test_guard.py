"""The double-sign guard: what it refuses, and what it survives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web4adapters.signers.guard import GuardedSigner
from web4adapters.signers.guardfile import (
    FILE_BYTES,
    PAGE_BYTES,
    GuardError,
    GuardFile,
    GuardLocked,
    GuardMissing,
    create_guard,
)
from web4core.errors import LocalProtocolError
from web4core.guard import Conflict, Memory, Signed, admit, refusal, remembering, silenced
from web4core.messages import BINDING, Kind, Statement, conflict, signing_bytes
from web4core.types import ChainId, Digest, PublicKey, Signature, View

CHAIN = ChainId(b"\x11" * 32)
OTHER_CHAIN = ChainId(b"\x22" * 32)
A, B = b"\xaa" * 32, b"\xbb" * 32
VOTES = [Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT]


class EchoSigner:
    """Signs by repeating the message, so that a test can see what was signed."""

    public_key = PublicKey(b"\x33" * 32)

    def sign(self, message: bytes) -> Signature:
        return Signature(b"signed:" + message)


class OtherSigner(EchoSigner):
    public_key = PublicKey(b"\x44" * 32)


def say(kind: Kind, height: int, view: int, digest: bytes = A) -> Statement:
    return Statement(kind, height, View(view), Digest(digest), signer=0)


def released(statement: Statement) -> bytes:
    return b"signed:" + signing_bytes(CHAIN, statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "guard"
    create_guard(path, CHAIN, EchoSigner.public_key)
    return path


@pytest.fixture
def guard(path: Path) -> Iterator[GuardedSigner]:
    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        yield guard


def ask(guard: GuardedSigner, *statements: Statement) -> list[bytes | Conflict]:
    """What a node has of a signer: the guard remembers first, then signs what may be signed."""
    memory, conflicts = admit(guard.memory, statements)
    guard.remember(memory)
    judged = list(zip(statements, conflicts, strict=True))
    allowed = [statement for statement, conflict in judged if conflict is None]
    given = iter(guard.sign_statements(allowed))
    return [next(given) if conflict is None else conflict for _, conflict in judged]


def answer(guard: GuardedSigner, statement: Statement) -> bytes | Conflict:
    (one,) = ask(guard, statement)
    return one


def after_restart(path: Path, statement: Statement) -> bytes | Conflict:
    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        return answer(guard, statement)


def sign_once(path: Path, *statements: Statement) -> None:
    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        ask(guard, *statements)


def damage(path: Path, offset: int, size: int = 1) -> None:
    content = bytearray(path.read_bytes())
    for at in range(offset, offset + size):
        content[at] ^= 0xFF
    path.write_bytes(content)


# --- what may be signed after what -------------------------------------------------------------


@pytest.mark.clause("C-GUARD-1")
@pytest.mark.parametrize("kind", BINDING)
def test_a_second_digest_at_one_height_and_view_is_refused(
    guard: GuardedSigner, kind: Kind
) -> None:
    answer(guard, say(kind, 5, 2, A))

    refused = answer(guard, say(kind, 5, 2, B))

    assert refused == Conflict("C-GUARD-1", say(kind, 5, 2, B), Signed(5, View(2), Digest(A)))


@pytest.mark.clause("C-GUARD-1")
def test_a_conflict_names_both_statements(guard: GuardedSigner) -> None:
    answer(guard, say(Kind.COMMIT, 5, 2, A))

    text = str(answer(guard, say(Kind.COMMIT, 5, 2, B)))

    assert text == (
        f"C-GUARD-1: COMMIT of {B.hex()} at height 5, view 2 contradicts "
        f"{A.hex()} at height 5, view 2, signed before"
    )


@pytest.mark.clause("C-GUARD-1")
def test_two_digests_in_one_batch_get_one_signature(guard: GuardedSigner) -> None:
    first, second = say(Kind.PREPARE, 1, 0, A), say(Kind.PREPARE, 1, 0, B)

    signature, refused = ask(guard, first, second)

    assert (signature, type(refused)) == (released(first), Conflict)


@pytest.mark.clause("C-GUARD-2")
@pytest.mark.parametrize("kind", BINDING)
@pytest.mark.parametrize("place", [(4, 9), (5, 1)])
def test_a_statement_below_the_last_of_its_kind_is_refused(
    guard: GuardedSigner, kind: Kind, place: tuple[int, int]
) -> None:
    answer(guard, say(kind, 5, 2))

    refused = answer(guard, say(kind, *place))

    assert refused == Conflict("C-GUARD-2", say(kind, *place), Signed(5, View(2), Digest(A)))


@pytest.mark.clause("C-GUARD-3")
@pytest.mark.parametrize("kind", VOTES)
@pytest.mark.parametrize("place", [(5, 1), (4, 0)])
def test_a_vote_below_a_promised_view_is_refused(
    guard: GuardedSigner, kind: Kind, place: tuple[int, int]
) -> None:
    answer(guard, say(Kind.VIEW_CHANGE, 5, 2, B))

    refused = answer(guard, say(kind, *place))

    assert refused == Conflict("C-GUARD-3", say(kind, *place), Signed(5, View(2), Digest(B)))


@pytest.mark.parametrize("kind", VOTES)
@pytest.mark.parametrize("place", [(5, 2), (5, 3), (6, 0)])
def test_a_vote_at_or_above_a_promised_view_is_signed(
    guard: GuardedSigner, kind: Kind, place: tuple[int, int]
) -> None:
    answer(guard, say(Kind.VIEW_CHANGE, 5, 2, B))

    assert answer(guard, say(kind, *place)) == released(say(kind, *place))


def test_what_was_signed_last_is_signed_again_even_below_a_promise(guard: GuardedSigner) -> None:
    vote = say(Kind.COMMIT, 5, 0)
    answer(guard, vote)
    answer(guard, say(Kind.VIEW_CHANGE, 5, 1, B))

    assert answer(guard, vote) == released(vote)


def test_kinds_are_remembered_apart(guard: GuardedSigner) -> None:
    answer(guard, say(Kind.PREPARE, 5, 0, A))

    commit = say(Kind.COMMIT, 5, 0, B)

    assert answer(guard, commit) == released(commit)


def test_a_status_is_signed_whatever_it_says(guard: GuardedSigner) -> None:
    answer(guard, say(Kind.STATUS, 5, 2, A))

    status = say(Kind.STATUS, 1, 0, B)

    assert answer(guard, status) == released(status)


@pytest.mark.clause("C-GUARD-6")
def test_a_silenced_platform_signs_nothing_new_up_to_that_height(guard: GuardedSigner) -> None:
    guard.remember(silenced(guard.memory, 7))

    assert answer(guard, say(Kind.PREPARE, 7, 9)) == Conflict(
        "C-GUARD-6", say(Kind.PREPARE, 7, 9), None
    )


@pytest.mark.clause("C-GUARD-6")
def test_a_silenced_platform_signs_above_that_height(guard: GuardedSigner) -> None:
    guard.remember(silenced(guard.memory, 7))

    assert answer(guard, say(Kind.PREPARE, 8, 0)) == released(say(Kind.PREPARE, 8, 0))


@pytest.mark.clause("C-GUARD-6")
def test_silence_outlives_a_restart_and_is_never_shortened(path: Path) -> None:
    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        guard.remember(silenced(guard.memory, 7))
        guard.remember(silenced(guard.memory, 3))

    assert isinstance(after_restart(path, say(Kind.COMMIT, 7, 0)), Conflict)


@pytest.mark.clause("C-GUARD-6")
def test_a_guard_made_anew_for_an_old_key_can_start_silent(tmp_path: Path) -> None:
    create_guard(tmp_path / "anew", CHAIN, EchoSigner.public_key, silent_through=9)

    assert isinstance(after_restart(tmp_path / "anew", say(Kind.PREPARE, 9, 0)), Conflict)


STATEMENTS = st.builds(
    say,
    st.sampled_from(list(Kind)),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([A, B]),
)


@pytest.mark.clause("C-GUARD-1", "C-GUARD-3")
@given(st.lists(STATEMENTS, max_size=40))
def test_no_history_of_requests_gets_a_contradiction_signed(history: list[Statement]) -> None:
    memory, signed = Memory(), list[Statement]()
    for statement in history:
        if refusal(memory, statement) is None:
            memory = remembering(memory, statement)
            assert not any(conflict(statement, earlier) for earlier in signed)
            repeated = statement in signed
            promises = [s for s in signed if s.kind is Kind.VIEW_CHANGE]
            broken = [
                promise
                for promise in promises
                if promise.height == statement.height and promise.view > statement.view
            ]
            assert repeated or statement.kind not in VOTES or not broken
            signed.append(statement)


# --- what is not a statement -------------------------------------------------------------------


def test_other_messages_are_signed_as_they_are(guard: GuardedSigner) -> None:
    assert guard.sign(b"hello") == b"signed:hello"


@pytest.mark.clause("C-GUARD-1")
def test_a_statement_cannot_pass_by_the_guard(guard: GuardedSigner) -> None:
    with pytest.raises(LocalProtocolError, match="sign_statements"):
        guard.sign(signing_bytes(CHAIN, say(Kind.COMMIT, 1, 0)))


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("kind", BINDING)
def test_what_the_guard_does_not_remember_is_not_signed(guard: GuardedSigner, kind: Kind) -> None:
    earlier = say(kind, 5, 2, A)
    ask(guard, earlier)

    for other in (say(kind, 5, 2, B), say(kind, 5, 3, A), say(kind, 6, 0, A)):
        with pytest.raises(LocalProtocolError, match="remember it first"):
            guard.sign_statements([earlier, other])


def test_a_height_beyond_the_wire_is_refused_before_anything_is_remembered(
    guard: GuardedSigner,
) -> None:
    with pytest.raises(LocalProtocolError, match="height"):
        ask(guard, say(Kind.COMMIT, 1, 0), say(Kind.COMMIT, 2**64, 0))

    assert guard.memory == Memory()


# --- restarts, crashes, damage -----------------------------------------------------------------


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("kind", BINDING)
def test_a_restart_forgets_nothing(path: Path, kind: Kind) -> None:
    sign_once(path, say(kind, 5, 2, A))

    assert isinstance(after_restart(path, say(kind, 5, 2, B)), Conflict)


@pytest.mark.clause("C-GUARD-4")
def test_one_sync_serves_a_batch_and_precedes_its_signatures(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []

    class Recorder(EchoSigner):
        def sign(self, message: bytes) -> Signature:
            log.append("sign")
            return Signature(message)

    sync = os.fdatasync

    def logged(file: int) -> None:
        log.append("sync")
        sync(file)

    monkeypatch.setattr(os, "fdatasync", logged)

    with GuardedSigner(Recorder(), path, CHAIN) as guard:
        ask(guard, say(Kind.PREPARE, 1, 0), say(Kind.COMMIT, 1, 0))

    assert log == ["sync", "sign", "sign"]


def test_a_repetition_costs_no_sync(guard: GuardedSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(guard, say(Kind.PREPARE, 1, 0))

    def unexpected(descriptor: int) -> None:
        raise AssertionError("nothing changed, so nothing needs a sync")

    monkeypatch.setattr(os, "fdatasync", unexpected)

    assert answer(guard, say(Kind.PREPARE, 1, 0)) == released(say(Kind.PREPARE, 1, 0))


@pytest.mark.clause("C-GUARD-4")
def test_a_failed_sync_stops_the_signer_for_good(
    guard: GuardedSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", broken)
        with pytest.raises(GuardError, match="Input/output error"):
            answer(guard, say(Kind.PREPARE, 1, 0))

    with pytest.raises(GuardError, match="nothing is signed any more"):
        answer(guard, say(Kind.PREPARE, 2, 0))


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("written", range(0, 244, 13))
def test_after_a_torn_write_the_state_before_it_stands(path: Path, written: int) -> None:
    sign_once(path, say(Kind.PREPARE, 5, 0, A))
    before = path.read_bytes()
    sign_once(path, say(Kind.PREPARE, 6, 0, A))
    after = path.read_bytes()
    start = next(at for at in range(FILE_BYTES) if before[at] != after[at])
    page = start - start % PAGE_BYTES
    path.write_bytes(after[: page + written] + before[page + written :])

    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        last = guard.memory.last[BINDING.index(Kind.PREPARE)]

    assert last == Signed(5, View(0), Digest(A))


@pytest.mark.clause("C-GUARD-4")
def test_a_torn_write_is_reported_and_the_next_write_mends_it(path: Path) -> None:
    sign_once(path, say(Kind.PREPARE, 5, 0))
    damage(path, PAGE_BYTES + 20)
    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        torn = guard.recovered_from_torn_write
        answer(guard, say(Kind.PREPARE, 6, 0))

    with GuardedSigner(EchoSigner(), path, CHAIN) as guard:
        assert (torn, guard.recovered_from_torn_write) == (True, False)


@pytest.mark.clause("C-GUARD-5")
def test_damage_in_both_slots_means_no_signature(path: Path) -> None:
    damage(path, PAGE_BYTES + 20)
    damage(path, 2 * PAGE_BYTES + 20)

    with pytest.raises(GuardError, match="both of its slots are damaged"):
        GuardedSigner(EchoSigner(), path, CHAIN)


@pytest.mark.clause("C-GUARD-5")
def test_any_flipped_byte_of_the_header_means_no_signature(path: Path) -> None:
    sound = path.read_bytes()
    for offset in range(8 + 2 + 64 + 32 + 32):
        path.write_bytes(sound)
        damage(path, offset)
        with pytest.raises(GuardError, match="header is damaged"):
            GuardFile(path, CHAIN, EchoSigner.public_key)


@pytest.mark.clause("C-GUARD-5")
@pytest.mark.parametrize("size", [0, 1, PAGE_BYTES, FILE_BYTES - 1, FILE_BYTES + 1])
def test_a_guard_of_another_size_means_no_signature(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes().ljust(size, b"\0")[:size])

    with pytest.raises(GuardError, match="bytes of a guard"):
        GuardedSigner(EchoSigner(), path, CHAIN)


@pytest.mark.clause("C-GUARD-5")
def test_swapped_slots_mean_no_signature(path: Path) -> None:
    content = path.read_bytes()
    header, first, second = (content[at : at + PAGE_BYTES] for at in range(0, FILE_BYTES, 4096))
    path.write_bytes(header + second + first)

    with pytest.raises(GuardError, match="both of its slots"):
        GuardedSigner(EchoSigner(), path, CHAIN)


# --- which guard, and whose --------------------------------------------------------------------


@pytest.mark.clause("C-GUARD-5")
def test_a_missing_guard_is_an_error_and_is_not_made_silently(tmp_path: Path) -> None:
    with pytest.raises(GuardMissing, match="`web4 init` creates it"):
        GuardedSigner(EchoSigner(), tmp_path / "guard", CHAIN)

    assert not (tmp_path / "guard").exists()


@pytest.mark.clause("C-GUARD-5")
def test_the_guard_of_another_key_is_refused(path: Path) -> None:
    with pytest.raises(GuardError, match="guards key 3333"):
        GuardedSigner(OtherSigner(), path, CHAIN)


@pytest.mark.clause("C-GUARD-5")
def test_the_guard_of_another_chain_is_refused(path: Path) -> None:
    with pytest.raises(GuardError, match="guards chain 1111"):
        GuardedSigner(EchoSigner(), path, OTHER_CHAIN)


@pytest.mark.clause("C-GUARD-5")
def test_creating_a_guard_never_overwrites_one(path: Path) -> None:
    with pytest.raises(GuardError, match="exists already"):
        create_guard(path, CHAIN, EchoSigner.public_key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_guard_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(GuardError, match="lets group or others"):
        GuardedSigner(EchoSigner(), path, CHAIN)


@pytest.mark.clause("C-GUARD-5")
def test_a_second_process_behind_the_same_guard_is_refused(
    guard: GuardedSigner, path: Path
) -> None:
    program = (
        "import sys, pathlib\n"
        "from web4adapters.signers.guardfile import GuardFile, GuardLocked\n"
        "try:\n"
        "    GuardFile(pathlib.Path(sys.argv[1]), b'\\x11' * 32, b'\\x33' * 32)\n"
        "except GuardLocked:\n"
        "    sys.exit(42)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        check=False,
    )

    assert done.returncode == 42


def test_a_second_guard_in_the_same_process_is_refused(guard: GuardedSigner, path: Path) -> None:
    with pytest.raises(GuardLocked, match="another process"):
        GuardedSigner(EchoSigner(), path, CHAIN)


def test_a_closed_guard_signs_nothing_new(path: Path) -> None:
    guard = GuardedSigner(EchoSigner(), path, CHAIN)
    guard.close()

    with pytest.raises(GuardError, match="closed"):
        answer(guard, say(Kind.PREPARE, 1, 0))
