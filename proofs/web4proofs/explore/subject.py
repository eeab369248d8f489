"""What is explored, and how far: the code, the application, the chain, and the bounds."""

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
"""The time of the genesis."""
HEIGHT_MS: Final = 1_000
"""How far apart the clocks of two heights are; below the drift that the settings allow."""


@frozen
class Bounds:
    """How far to explore.

    Byzantine platforms are `faulty` in number; every placement of them is explored.
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
    """One exploration: its bounds, who is Byzantine, and what was decided before it begins.

    `settled` are blocks by digest, one a height from 1 on.
    """

    bounds: Bounds
    byzantine: frozenset[int]
    settled: tuple[Digest, ...] = ()

    @property
    def honest(self) -> tuple[int, ...]:
        """The platforms that follow the rules."""
        return tuple(each for each in range(self.bounds.n) if each not in self.byzantine)

    def settling(self) -> tuple[Statement, ...]:
        """The statements that prove what was decided before."""
        return tuple(
            Statement(Kind.COMMIT, height, FIRST_VIEW, digest, signer)
            for height, digest in enumerate(self.settled, start=1)
            for signer in self.honest
        )


@frozen
class Subject:
    """The code and the application to explore.

    `items` are handed to every platform at first.
    `alike` says that the application does not tell two blocks apart but by their digests, so that
    renaming them changes nothing.
    `step` and `start` are the shipped ones, unless somebody explores a variant of their own.
    """

    application: Callable[[Genesis], AnyApplication] = Stub.of
    content: bytes = b""
    items: tuple[Any, ...] = ()
    alike: bool = True
    start: Callable[..., Transition] = field(default=start, repr=False)
    step: Callable[[State, Event], Transition] = field(default=step, repr=False)


def genesis_of(subject: Subject, n: int) -> Genesis:
    """The genesis of the chain that is explored. Its keys sign nothing: signatures are modelled."""
    platforms = tuple(
        Platform(f"platform{index}", PublicKey(hashlib.sha256(b"platform%d" % index).digest()))
        for index in range(n)
    )
    return Genesis("explored", START_MS, platforms, subject.content)


def gate_of(subject: Subject, n: int) -> Gate:
    """The gate of that chain."""
    genesis = genesis_of(subject, n)
    return Gate.of(genesis, subject.application(genesis))


def fresh(subject: Subject, n: int, platform: int) -> State:
    """A platform that has seen nothing but the genesis and the items that wait."""
    genesis = genesis_of(subject, n)
    name = genesis.platforms[platform].name
    state = subject.start(genesis, name, Settings(), subject.application).state
    if not subject.items:
        return state
    # admitted, and nothing more: the platform does not act on them before its first event
    pooled = state.config.application.admit(
        state.app, state.pool, subject.items, START_MS, Settings().pool_items
    )
    return evolve(state, pool=pooled.pool)


def given_claims(subject: Subject, n: int) -> frozenset[SignatureCheck]:
    """The signatures of clients on the items that wait, which are there from the start."""
    application = subject.application(genesis_of(subject, n))
    return frozenset(
        claim for item in subject.items for claim in application.signature_checks(item)
    )
