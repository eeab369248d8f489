"""The actions of the protocol: each is a rule of `web4core.consensus.rules`.

An action has premises and updates. `model` explains how they correspond to a run of the code.
"""

from __future__ import annotations

from typing import Final

from web4proofs.agreement.logic import (
    And,
    Equal,
    Implies,
    Not,
    Relation,
    Variable,
    both,
    either,
    every,
)
from web4proofs.agreement.protocol import Action, Premise, Update
from web4proofs.agreement.vocabulary import (
    DIGEST,
    HEIGHT,
    PLATFORM,
    VIEW,
    announced,
    below,
    commit_certificate,
    committed,
    d,
    decided,
    e,
    h,
    honest,
    judged_valid,
    left,
    locked,
    p,
    prepared,
    prepared_certificate,
    proposed,
    q,
    r,
    up_to,
    v,
    w,
)

_RULES = "web4core.consensus.rules"

HONEST: Final = Premise("honest", honest(p), "the platform is honest")
NOT_LEFT: Final = Premise("not_left", Not(left(p, h, v)), "it has not left the view", ("C-VIEW-1",))
REACHED: Final = Premise(
    "reached",
    every(w, holds=Implies(below(w, v), left(p, h, w))),
    "it has left all views below, so it is in this one",
    ("C-PREP-2", "C-LOCK-1"),
)
IN_VIEW: Final = (HONEST, NOT_LEFT, REACHED)
"""The platform is honest, and `v` is its current view."""


def once(relation: Relation, clause: str) -> Premise:
    """Require that the platform has cast no statement of this kind in the view."""
    return Premise(
        f"not_{relation.name}",
        every(e, holds=Not(relation(p, h, v, e))),
        "it has cast no statement of this kind in the view",
        (clause,),
    )


def adds(relation: Relation, *point: Variable) -> Update:
    """Return the update that adds this point to the relation and keeps all others."""
    variables = tuple(Variable(f"{variable.name}'", variable.sort) for variable in point)
    same = And(tuple(Equal(one, other) for one, other in zip(variables, point, strict=True)))
    return Update(relation, variables, either(relation(*variables), same))


JUDGED: Final = Premise(
    "judged_valid", judged_valid(p, h, d), "it finds the block valid", ("C-PREP-4",)
)

PROPOSE: Final = Action(
    "propose",
    "Cast PRE-PREPARE for a block.",
    (f"{_RULES}.propose",),
    (p, h, v, d),
    (*IN_VIEW, once(proposed, "C-PROP-2")),
    (adds(proposed, p, h, v, d),),
)

PREPARE: Final = Action(
    "prepare",
    "Cast PREPARE for a block that the lock does not speak against.",
    (f"{_RULES}.prepare", f"{_RULES}.lock_permits"),
    (p, h, v, d),
    (
        *IN_VIEW,
        once(prepared, "C-PREP-1"),
        JUDGED,
        Premise(
            "lock_agrees",
            every(w, e, holds=Implies(locked(p, h, w, e), Equal(e, d))),
            "it is not locked, or locked on this digest",
            ("C-PREP-3",),
        ),
    ),
    (adds(prepared, p, h, v, d),),
)

PREPARE_JUSTIFIED: Final = Action(
    "prepare_justified",
    "Cast PREPARE for a block that a prepared certificate of view r allows, whatever the lock.",
    (f"{_RULES}.prepare", f"{_RULES}.lock_permits"),
    (p, h, v, d, r, q),
    (
        *IN_VIEW,
        once(prepared, "C-PREP-1"),
        JUDGED,
        Premise(
            "lock_not_above",
            every(w, e, holds=Implies(locked(p, h, w, e), up_to(w, r))),
            "its lock is not of a view above the certificate's",
            ("C-PREP-3",),
        ),
        Premise(
            "justified",
            prepared_certificate(q, h, r, d),
            "a quorum prepared this digest in view r",
            ("C-PREP-3", "C-CERT-3"),
            local=False,
        ),
        Premise(
            "justified_below",
            below(r, v),
            "the certificate is of an earlier view",
            ("C-CERT-3",),
            local=False,
        ),
    ),
    (adds(prepared, p, h, v, d),),
)

_holder, _at = Variable("p'", PLATFORM), Variable("h'", HEIGHT)
_view, _on = Variable("v'", VIEW), Variable("d'", DIGEST)
SETS_LOCK: Final = Update(
    locked,
    (_holder, _at, _view, _on),
    either(
        both(Equal(_holder, p), Equal(_at, h), up_to(_view, v), Equal(_on, d)),
        both(Not(both(Equal(_holder, p), Equal(_at, h))), locked(_holder, _at, _view, _on)),
    ),
)
"""Afterwards the platform's lock at the height is `d` in view `v`, and it has no other lock."""

LOCK_AND_COMMIT: Final = Action(
    "lock_and_commit",
    "On a prepared certificate of the current view, lock on it, and cast COMMIT.",
    (f"{_RULES}.lock_and_commit",),
    (p, h, v, d, q),
    (
        *IN_VIEW,
        once(committed, "C-LOCK-3"),
        Premise(
            "prepared_by_quorum",
            prepared_certificate(q, h, v, d),
            "a quorum prepared this digest in this view",
            ("C-LOCK-1",),
            local=False,
        ),
    ),
    (adds(committed, p, h, v, d), SETS_LOCK),
)

DECIDE: Final = Action(
    "decide",
    "Decide on a commit certificate, of whatever view, whoever sent it.",
    (f"{_RULES}.decision", "web4core.replica.catchup.on_decided"),
    (p, h, v, d, q),
    (
        HONEST,
        Premise(
            "committed_by_quorum",
            commit_certificate(q, h, v, d),
            "a quorum committed this digest in this view",
            ("C-DEC-1", "C-SYNC-1", "C-CERT-4"),
            local=False,
        ),
    ),
    (adds(decided, p, h, v, d),),
)

ENTER: Final = Action(
    "enter",
    "Leave the current view v for a higher one w, with the lock, and cast VIEW-CHANGE.",
    (f"{_RULES}.enter", f"{_RULES}.join"),
    (p, h, v, w, d),
    (
        *IN_VIEW,
        Premise("higher", below(v, w), "the view entered is above it", ("C-VIEW-1", "C-VIEW-2")),
    ),
    (
        adds(announced, p, h, w, d),
        Update(
            left,
            (_holder, _at, _view),
            either(
                left(_holder, _at, _view),
                both(Equal(_holder, p), Equal(_at, h), below(_view, w)),
            ),
        ),
    ),
)
"""A platform may enter for any reason, its own timer or f + 1 others: the model allows both."""

RESTART: Final = Action(
    "restart",
    "Crash, and come back with what is durable: nothing changes.",
    ("web4core.replica.step._on_resumed",),
    (p, h),
    (HONEST,),
)
"""Also the step of an event that casts nothing and changes neither view, lock nor tip."""

ACTIONS: Final = (*(PROPOSE, PREPARE, PREPARE_JUSTIFIED, LOCK_AND_COMMIT, DECIDE, ENTER, RESTART),)
