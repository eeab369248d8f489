"""The theorems about the abstract protocol, for any number of platforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from web4proofs.agreement import accountability, examples, heights, necessity, quorums
from web4proofs.agreement.induction import prove
from web4proofs.agreement.model import AGREED, JUDGED_FIRST, UNAMBIGUOUS, Protocol
from web4proofs.theorem import Outcome, Theorem

_ANY_N: Final = "any N >= 1"
_ANYTHING: Final = "any number of platforms, views, heights, digests and steps"


def _of(protocol: Protocol) -> Callable[[], Outcome]:
    """Return the attempt to prove a protocol."""
    return lambda: prove(protocol)


THEOREMS: Final[tuple[Theorem, ...]] = (
    Theorem(
        "P-QUORUM-1",
        "Any two quorums share more than f platforms, hence an honest one, and one platform less"
        " would not do.",
        ("C-QUORUM-1", "C-QUORUM-2"),
        (),
        _ANY_N,
        quorums.two_quorums_share_more_than_f,
    ),
    Theorem(
        "P-QUORUM-2",
        "N - f platforms make a quorum, and f is the largest number below a third of N.",
        ("C-QUORUM-1", "C-QUORUM-2"),
        (),
        _ANY_N,
        quorums.a_quorum_needs_no_faulty_one,
    ),
    Theorem(
        "P-QUORUM-3",
        "Of f + 1 platforms one is honest, of f none need be, and of a quorum f + 1 are.",
        ("C-QUORUM-1", "C-QUORUM-2", "C-QUORUM-3", "C-LOCK-1"),
        ("A1",),
        _ANY_N,
        quorums.f_plus_1_have_an_honest_one,
    ),
    Theorem(
        "P-AGREE-1",
        "Two honest platforms that take the permitted steps never decide differently at a height.",
        (
            *("I-AGREE-1", "C-CERT-3", "C-CERT-4", "C-PREP-1", "C-PREP-2", "C-PREP-3"),
            *("C-LOCK-1", "C-DEC-1", "C-SYNC-1", "C-VIEW-1", "C-VIEW-2"),
        ),
        ("A1", "A2", "A3", "A6", "A10", "P-QUORUM-1"),
        _ANYTHING,
        _of(AGREED),
    ),
    Theorem(
        "P-AGREE-2",
        "An honest platform never casts two statements that conflict, however many others are"
        " Byzantine.",
        (
            *("I-SIGN-1", "C-STMT-4", "C-PROP-2", "C-PREP-1", "C-LOCK-3"),
            "C-VIEW-1",
        ),
        ("A5", "A6", "A10"),
        _ANYTHING,
        _of(UNAMBIGUOUS),
    ),
    Theorem(
        "P-AGREE-3",
        "Whatever is decided was found valid by all honest platforms of some quorum, so by f + 1"
        " at least.",
        ("C-PREP-4", "C-LOCK-1", "C-DEC-1"),
        ("A1", "A2", "A6", "A10", "P-QUORUM-1", "P-QUORUM-3"),
        _ANYTHING,
        _of(JUDGED_FIRST),
    ),
    Theorem(
        "P-AGREE-4",
        "Honest platforms that have decided a height have the same chain and the same state up to"
        " it.",
        ("I-AGREE-2",),
        ("A3", "A4", "A-APP-2", "A-APP-4", "C-DEC-2", "C-VALID-4", "I-TIP-1", "P-AGREE-1"),
        "any two honest platforms, any height",
        heights.chains_agree,
    ),
    Theorem(
        "P-AGREE-5",
        "The permitted steps lead to a decision, also in a later view than that of a lock.",
        ("C-PREP-2", "C-LOCK-1", "C-DEC-1", "C-VIEW-1"),
        (),
        "N = 4, one Byzantine, 2 views, 2 digests",
        examples.decisions_are_reached,
    ),
    Theorem(
        "P-AGREE-6",
        "Each premise of a step and each conjunct of the invariants of P-AGREE-1 to P-AGREE-3 is"
        " needed, or listed with the reason why not.",
        ("I-AGREE-1", "I-SIGN-1"),
        (),
        _ANYTHING,
        necessity.nothing_is_idle,
    ),
    Theorem(
        "P-ACCOUNT-1",
        "Where honest platforms disagree, two quorums share no honest platform, so more than f"
        " left the rules, however many are Byzantine.",
        ("I-AGREE-1",),
        ("A2", "A3", "A6", "A10", "P-QUORUM-1"),
        _ANYTHING,
        _of(accountability.FORKED_BY_MANY),
    ),
    Theorem(
        "P-ACCOUNT-2",
        "Two statements conflict just if one signer gave two digests for one height, view and kind,"
        " of a kind PRE-PREPARE to VIEW-CHANGE, so two certificates of one view convict all who"
        " signed both.",
        ("C-STMT-4", "C-EVID-1"),
        ("A2", "P-QUORUM-1"),
        "all statements",
        accountability.conflict_is_exactly_two_digests_in_one_view,
    ),
    Theorem(
        "P-ACCOUNT-3",
        "An honest platform that prepares against its earlier COMMIT was shown a prepared"
        " certificate of that view or a later one.",
        ("C-PREP-3", "C-LOCK-1"),
        ("A6", "A10"),
        _ANYTHING,
        _of(accountability.UNLOCKED_BY_PROOF),
    ),
    Theorem(
        "P-ACCOUNT-4",
        "Votes across views convict nobody by themselves: an honest platform may give them, and a"
        " fork may come without two conflicting statements.",
        ("C-STMT-4", "C-EVID-1"),
        (),
        "two runs with N = 4",
        accountability.two_statements_do_not_always_tell,
    ),
)
