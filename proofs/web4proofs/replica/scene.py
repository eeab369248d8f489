"""A scene: any platform in the middle of a step, for code that gets a `Run`.

The state consists of the shipped classes. Everything outside of the proof is arbitrary: the
application answers anything, and the number of other platforms is unknown.
Functions that the code under proof calls may be replaced by recorders, see `Scene.noting`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import z3
from attrs import frozen

import web4core.replica
from web4core.application import Applied, Chosen, Pooled, Refusal
from web4core.consensus.state import Agreement
from web4core.effects import Effect, Sign
from web4core.messages import Kind, StatusDraft
from web4core.replica.state import Run, State, Verdict
from web4core.schema import MAX_UINT
from web4core.settings import Settings
from web4core.types import TransactionId
from web4proofs.replica import arbitrary
from web4proofs.replica.invariant import Part
from web4proofs.symbolic import assume, boolean, choose, equal, integer, optional
from web4proofs.symbolic.values import Symbolic, strict

stepping: Any = sys.modules[f"{web4core.replica.__name__}.step"]
"""The module `step`; the package gives this name to its function."""


@strict
class Others(Symbolic):
    """All platforms but this one."""

    __slots__ = ("another", "some")

    def __init__(self) -> None:
        self.some = boolean("there are others")
        self.another = boolean("it is another platform")
        """Whether the one platform that is asked for is among them."""

    def __bool__(self) -> bool:
        return bool(self.some)

    def __contains__(self, _index: object) -> bool:
        return bool(self.another)


@strict
class Payload(Symbolic):
    """The items of a block, if there are any."""

    __slots__ = ("some",)

    def __init__(self) -> None:
        self.some = boolean("payload has items")

    def __bool__(self) -> bool:
        return bool(self.some)


class AnyApplication:
    """An arbitrary application: it may answer anything that its contract allows."""

    def pending(self, _pool: Any) -> Any:
        return arbitrary.natural("pending")

    def waiting(self, _pool: Any, _limit: int) -> tuple[Any, ...]:
        return choose(((), (arbitrary.opaque("waiting"),)))

    def admit(self, *_given: Any) -> Pooled[Any, Any]:
        return self._pooled()

    def recheck(self, *_given: Any) -> Pooled[Any, Any]:
        return self._pooled()

    def choose(self, *_given: Any) -> Chosen[Any, Any]:
        payload: Any = Payload()
        return Chosen(payload, applied("chosen"), choose(((), (b"stale",))))

    def apply(self, *_given: Any) -> Applied[Any] | Refusal:
        answers: tuple[Applied[Any] | Refusal, ...] = (
            Refusal(TransactionId(b"item"), "a code"),
            applied("result"),
        )
        return choose(answers)

    def _pooled(self) -> Pooled[Any, Any]:
        refused = Refusal(TransactionId(choose((b"one", b"another"))), "a code")
        added = choose(((), (arbitrary.opaque("added"),)))
        return Pooled(arbitrary.opaque("pool after"), choose(((), (refused,))), added)


def applied(stem: str) -> Applied[Any]:
    """Return any result of a payload."""
    return Applied(arbitrary.opaque(f"{stem}.state"), arbitrary.digest(f"{stem}.root"), ())


@frozen
class AnyConfig:
    """A replacement of `Config` for an unknown number of platforms."""

    chain_id: Any
    n: Any
    me: Any
    settings: Any
    application: Any
    others: Any


def _config(agreement: Agreement, application: Any) -> Any:
    chain = arbitrary.digest("chain")
    return AnyConfig(chain, agreement.n, agreement.me, Settings(), application, Others())


class Scene:
    """One platform in any state that satisfies J, with a `Run` in progress.

    `known` has the fields of the state that the code inspects; it only passes on the others.
    """

    def __init__(self, agreement: Agreement, **known: Any) -> None:
        self.agreement = agreement
        self.upcoming = arbitrary.slots("upcoming.", agreement.height + 1, agreement.n)
        self.config = _config(agreement, known.get("application", AnyApplication()))
        tip = arbitrary.block("tip")
        assume(equal(tip.header.height, agreement.height - 1))
        self.state = State(
            config=self.config,
            tip=tip,
            tip_certificate=known.get("tip_certificate", arbitrary.opaque("tip certificate")),
            app=arbitrary.opaque("app"),
            pool=arbitrary.opaque("pool"),
            agreement=agreement,
            upcoming=self.upcoming,
            verdict=known.get("verdict", arbitrary.opaque("verdict")),
            sync=known.get("sync"),
            armed=known.get("armed", ()),
            halted=known.get("halted"),
        )
        self.run = Run(self.state)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def now(self) -> State:
        """The state as the code has left it."""
        return self.run.state

    @property
    def effects(self) -> list[Effect]:
        """The effects so far."""
        return self.run.effects

    def noting(
        self, name: str, answer: Callable[..., Any] = lambda *_given: None
    ) -> Callable[..., Any]:
        """Return a summary that records its calls and returns this answer."""

        def summary(*given: Any) -> Any:
            self.calls.append((name, given))
            return answer(*given)

        return summary

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of this summary."""
        return [given for called, given in self.calls if called == name]

    def untouched(self, *fields: str) -> bool:
        """Return whether these fields of the state have their original values."""
        return all(getattr(self.now, name) is getattr(self.state, name) for name in fields)


SAFE_FIELDS = ("config", "tip", "tip_certificate", "app", "agreement", "upcoming", "halted")
"""The fields that only rules, slots and a decision may change."""


def verdict() -> Verdict:
    """Return any memo of a verdict."""
    result = optional(lambda: applied("known"))
    return Verdict(arbitrary.digest("verdict"), result)


def now_ms() -> Any:
    """Return any reading of the clock."""
    return integer("now_ms")


def event_ms() -> Any:
    """Return any reading of the clock that an event accepts (A-EVENT-2)."""
    made = now_ms()
    assume(z3.And(made.term >= 0, made.term <= MAX_UINT))
    return made


def plainly(name: str, *facts: bool) -> Part:
    """Return a part that needs no solver: the path shows it."""
    return Part(name, z3.BoolVal(all(facts)))


def same_one(one: object, other: object) -> bool:
    """Return whether these are one and the same value."""
    return one is other


def same_calls(called: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> bool:
    """Return whether exactly these calls were made, with the same values."""
    return len(called) == len(expected) and all(
        len(given) == len(meant)
        and all(one is other for one, other in zip(given, meant, strict=True))
        for given, meant in zip(called, expected, strict=True)
    )


def is_own_status(scene: Scene, effect: Any) -> bool:
    if type(effect) is not Sign or type(effect.draft) is not StatusDraft:
        return False
    statement, agreement = effect.draft.statement, scene.agreement
    return (
        statement.kind is Kind.STATUS
        and statement.signer is agreement.me
        and statement.height is agreement.height
        and statement.view is agreement.view
    )


def leaves_alone(scene: Scene, allowed: tuple[type, ...]) -> Part:
    """Return that no safe field changed, and that there are only effects of these types."""
    fine = [
        type(effect) in allowed and (type(effect) is not Sign or is_own_status(scene, effect))
        for effect in scene.effects
    ]
    return plainly("it leaves the agreement alone", scene.untouched(*SAFE_FIELDS), *fine)
