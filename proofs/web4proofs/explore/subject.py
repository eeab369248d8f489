"""The subject of an exploration: the code, the application, the chain, and the bounds."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any, Final

from attrs import evolve, field, frozen

from web4core.application import AnyApplication
from web4core.chain import Genesis, Platform
from web4core.consensus.state import FIRST_VIEW
from web4core.events import Event
from web4core.gate import Gate
from web4core.messages import Kind, Statement
from web4core.quorum import proposer
from web4core.replica import State, Transition, start, step
from web4core.settings import Settings
from web4core.signature_check import SignatureCheck
from web4core.types import Digest, PublicKey, TimeMs
from web4proofs.explore.stub import Stub

START_MS: Final = TimeMs(1_000_000_000)
"""The genesis time."""
HEIGHT_MS: Final = 1_000
"""The difference between the clocks of two heights, below the drift that settings allow."""


@frozen
class Bounds:
    """The bounds of an exploration.

    `faulty` is the number of Byzantine platforms; every placement of them is explored.
    """

    heights: int = 1
    views: int = 3
    n: int = 4
    faulty: int = 1

    def __attrs_post_init__(self) -> None:
        for name in ("heights", "views", "n"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if not 0 <= self.faulty < self.n:
            raise ValueError(f"faulty is {self.faulty}; it must leave an honest platform")

    def proposers(self) -> frozenset[int]:
        """The platforms that propose in some view within the bounds."""
        return frozenset(
            proposer(height, view, self.n)
            for height in range(1, self.heights + 1)
            for view in range(self.views)
        )

    def placements(self) -> tuple[tuple[int, ...], ...]:
        """The sets of platforms that may be Byzantine."""
        return tuple(itertools.combinations(range(self.n), self.faulty))


@frozen
class Stage:
    """One exploration: its bounds, its Byzantine platforms, and the blocks decided before it.

    `settled` are blocks by digest, one for each height from 1 on.
    """

    bounds: Bounds
    byzantine: frozenset[int]
    settled: tuple[Digest, ...] = ()

    @property
    def honest(self) -> tuple[int, ...]:
        """The platforms that follow the rules."""
        return tuple(each for each in range(self.bounds.n) if each not in self.byzantine)

    def settling(self) -> tuple[Statement, ...]:
        """The statements that prove the earlier decisions."""
        return tuple(
            Statement(Kind.COMMIT, height, FIRST_VIEW, digest, signer)
            for height, digest in enumerate(self.settled, start=1)
            for signer in self.honest
        )


@frozen
class Subject:
    """The code and the application to explore.

    `items` are given to every platform at first.
    `alike` says that the application distinguishes blocks only by their digests, so that renaming
    them changes nothing.
    `step` and `start` are the shipped functions, or those of a variant to explore.
    """

    application: Callable[[Genesis], AnyApplication] = Stub.of
    content: bytes = b""
    items: tuple[Any, ...] = ()
    alike: bool = True
    start: Callable[..., Transition] = field(default=start, repr=False)
    step: Callable[[State, Event], Transition] = field(default=step, repr=False)


def genesis_of(subject: Subject, n: int) -> Genesis:
    """Return the genesis of the explored chain. Its keys sign nothing: signatures are modelled."""
    platforms = tuple(
        Platform(f"platform{index}", PublicKey(hashlib.sha256(b"platform%d" % index).digest()))
        for index in range(n)
    )
    return Genesis("explored", START_MS, platforms, subject.content)


def gate_of(subject: Subject, n: int) -> Gate:
    """Return the gate of that chain."""
    genesis = genesis_of(subject, n)
    return Gate.of(genesis, subject.application(genesis))


def fresh(subject: Subject, n: int, platform: int) -> State:
    """Return a platform that has only the genesis and the waiting items."""
    genesis = genesis_of(subject, n)
    name = genesis.platforms[platform].name
    state = subject.start(genesis, name, Settings(), subject.application).state
    if not subject.items:
        return state
    # only admitted: the platform does not act on them before its first event
    pooled = state.config.application.admit(
        state.app, state.pool, subject.items, START_MS, Settings().pool_items
    )
    return evolve(state, pool=pooled.pool)


def given_checks(subject: Subject, n: int) -> frozenset[SignatureCheck]:
    """Return the signatures of clients on the waiting items, which exist from the start."""
    application = subject.application(genesis_of(subject, n))
    return frozenset(
        claim for item in subject.items for claim in application.signature_checks(item)
    )
