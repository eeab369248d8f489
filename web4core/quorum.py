"""The sizes of groups of platforms, and the proposer of each view, for any N >= 1.

Plain integer arithmetic and nothing else, so that it can be run on a symbolic N.
Implements C-QUORUM-1 to C-QUORUM-4.
"""

from __future__ import annotations


def faulty(n: int) -> int:
    """The number f of Byzantine platforms that n platforms withstand (C-QUORUM-1)."""
    return (n - 1) // 3


def quorum(n: int) -> int:
    """The smallest size of groups of which any two share an honest platform (C-QUORUM-2).

    Two groups of q share at least 2q - n platforms, which must exceed f.
    The usual 2f + 1 does so only where n = 3f + 1: at n = 5 it would let the chain fork.
    """
    return (n + faulty(n)) // 2 + 1


def with_an_honest_one(n: int) -> int:
    """The smallest size of a group in which at least one platform is honest (C-QUORUM-3)."""
    return faulty(n) + 1


def proposer(height: int, view: int, n: int) -> int:
    """The index of the platform that proposes in this view of this height (C-QUORUM-4)."""
    return (height + view) % n
