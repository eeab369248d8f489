"""The way of a message that passed the gate into the state: into one slot, or nowhere.

`counting` proves how `keep` changes slots. Here it is proved which code calls it with which slots,
and that nothing else changes.
"""

from __future__ import annotations

from typing import Any

import z3

from web4core import messages
from web4core.consensus.state import Agreement
from web4core.effects import Accuse
from web4core.messages import Kind, Status
from web4proofs.replica import arbitrary
from web4proofs.replica.invariant import (
    FALSE,
    Part,
)
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.scene import (
    SAFE_FIELDS,
    Scene,
    plainly,
    same_calls,
    stepping,
)
from web4proofs.symbolic import assume, bind, choose, equal, optional, term


def prove_slots(attempt: Attempt) -> None:
    """A message of this height or the next goes to `_keep`, with the slots of its height.

    The height of a platform that is ahead is recorded, one that is behind gets help, and nothing
    else changes.
    """

    def statement() -> Case:
        scene = Scene(arbitrary.bare())
        message, kept = _any_message(scene), arbitrary.opaque("slots after")
        names = {
            "_keep": scene.noting("keep", lambda _run, _slots, _message: kept),
            "record_peer_height": scene.noting("ahead"),
            "assist_lagging": scene.noting("behind"),
        }
        bind(stepping._on_statement, names)(scene.run, message)
        return Case(_sorted_in(scene, message, kept))

    def keeping() -> Case:
        scene = Scene(arbitrary.bare())
        message, slots = _any_vote(), arbitrary.opaque("slots")
        present, after = optional(_any_vote), arbitrary.opaque("slots after")
        names = {
            "kept": scene.noting("kept", lambda _slots, _statement: present),
            "keep": scene.noting("keep", lambda _slots, _message: after),
        }
        through = (messages.conflict,)
        found = bind(stepping._keep, names, through)(scene.run, slots, message)
        part = plainly(
            "it goes into its slot by the rule for slots",
            found is after,
            same_calls(scene.called("kept"), [(slots, message.statement)]),
            same_calls(scene.called("keep"), [(slots, message)]),
            scene.untouched(*SAFE_FIELDS),
        )
        return Case((part, _accused(scene, present, message)))

    attempt.cases(stepping._on_statement, statement)
    attempt.cases(stepping._keep, keeping, (messages.conflict,))


def _any_message(scene: Scene) -> Any:
    """Return any vote, proposal, VIEW-CHANGE or STATUS that passed the gate, of any height."""
    height = arbitrary.natural("message.height")
    assume(height.term >= 1)
    kind = choose((*arbitrary.SLOTTED, Kind.STATUS))
    if kind is Kind.STATUS:
        return arbitrary.status("message")
    return arbitrary.message_in_order(kind, height, scene.agreement.n)


def _any_vote() -> Any:
    """Return a vote, or None for an empty slot: a statement that conflicts with none."""
    return arbitrary.vote("message", choose((Kind.PREPARE, Kind.COMMIT, Kind.STATUS)))


def _sorted_in(scene: Scene, message: Any, kept: Any) -> tuple[Part, ...]:
    statement, now = message.statement, scene.now
    height, here = term(statement.height), term(scene.agreement.height)
    slotted = z3.BoolVal(type(message) is not Status)
    this, upcoming = now.agreement.slots is kept, now.upcoming is kept
    used = now.agreement.slots if this else scene.agreement.slots
    calls = scene.called("keep")
    given = scene.agreement.slots if this else scene.upcoming
    ahead, behind = scene.called("ahead"), scene.called("behind")
    return (
        Part("this height's slots", z3.BoolVal(this) == z3.And(slotted, height == here)),
        Part("the next height's", z3.BoolVal(upcoming) == z3.And(slotted, height == here + 1)),
        Part("who is ahead is noted", z3.BoolVal(bool(ahead)) == (height > here)),
        Part("who is behind is helped", z3.BoolVal(bool(behind)) == (height < here)),
        plainly(
            "and nothing else changes",
            not calls or same_calls(calls, [(scene.run, given, message)]),
            _same_but_slots(scene.agreement, now.agreement) and now.agreement.slots is used,
            upcoming or now.upcoming is scene.upcoming,
            all(_is_of(statement, each) for each in ahead),
            scene.untouched("config", "tip", "tip_certificate", "app", "halted"),
            not scene.effects,
        ),
    )


def _is_of(statement: Any, noted: tuple[Any, ...]) -> bool:
    _, height, sources = noted
    return height is statement.height and len(sources) == 1 and sources[0] is statement.signer


def _accused(scene: Scene, present: Any, message: Any) -> Part:
    """Require C-EVID-2: two conflicting statements are reported in full, and nothing else."""
    conflicts = FALSE
    if present is not None:
        one, other = present.statement, message.statement
        alike = [equal(getattr(one, name), getattr(other, name)) for name in _CONFLICT_IN]
        binding = z3.BoolVal(one.kind is not Kind.STATUS)
        conflicts = z3.And(binding, *alike, z3.Not(equal(one.digest, other.digest)))
    told = scene.effects != []
    shown = [each.evidence for each in scene.effects if type(each) is Accuse]
    whole = all(
        each.first is present.statement
        and each.first_signature is present.signature
        and each.second is message.statement
        and each.second_signature is message.signature
        for each in shown
    )
    right = z3.BoolVal(len(shown) == len(scene.effects) == int(told) and whole)
    return Part("evidence exactly of a conflict", z3.And(z3.BoolVal(told) == conflicts, right))


_CONFLICT_IN = ("signer", "kind", "height", "view")


def _same_but_slots(before: Agreement, after: Agreement) -> bool:
    names = ("n", "me", "height", "view", "said", "lock", "gathered")
    return all(getattr(before, name) is getattr(after, name) for name in names)
