"""The abstract protocol: the irrevocable acts of honest platforms, and the properties of them.

This is the only statement of the protocol in the project. It is read as solver formulas
(`induction`), as truth over finite structures (`finite`), and as text (`text`).

`vocabulary` defines its sorts and relations, `protocol` the classes for its parts, `actions` its
steps. This module states the properties to prove, and re-exports the rest.

Each action is a rule of `web4core.consensus.rules`: parameters, named premises, and the relations
that it changes. This module defines such a step; `web4proofs.replica` proves, by executing the
shipped rules, that they take no other steps.

The model corresponds to a run of the code as follows:

- All changing relations speak of what honest platforms have *cast*. A platform casts a statement
  when it makes the draft, in a state that is on disk. It signs only after that, so every statement
  that others can show of an honest platform was cast by it.
- Byzantine platforms take no action here. A certificate asks only the honest members of its quorum
  (`prepared_certificate`, `commit_certificate`); signatures of the others always exist. So
  Byzantine platforms may say anything to any platform, at any time, and need no rule.
- There are no messages. A statement cast by an honest platform may arrive late, twice, or never.
- A platform's state is a fold over its journal, and an event is in the journal before any of its
  effects leaves the machine. So a crash removes no fact from a relation: an event that it loses had
  no effect yet. That is why `restart` changes nothing.
- A platform may be silent, because its guard has signed statements that its store does not know
  (C-GUARD-4). It then counts as one that keeps its relations, takes no action at the heights of its
  silence except to decide, and goes on above them. Drafts that its rules make meanwhile are never
  signed, and are not cast.
- Everything has a height as parameter, and no action at one height looks at another. The model lets
  a platform act at any height; the shipped one acts only at its own.
- A quorum is any set of platforms that is large enough for a certificate. The only property used is
  `quorums_meet`, which `quorums` proves of the shipped sizes for every N.
"""

from __future__ import annotations

from typing import Final

from web4proofs.agreement.actions import (
    ACTIONS,
    DECIDE,
    ENTER,
    HONEST,
    IN_VIEW,
    JUDGED,
    LOCK_AND_COMMIT,
    NOT_LEFT,
    PREPARE,
    PREPARE_JUSTIFIED,
    PROPOSE,
    REACHED,
    RESTART,
    SETS_LOCK,
    adds,
    once,
)
from web4proofs.agreement.logic import Equal, Implies, Or, Relation, both, either, every, some
from web4proofs.agreement.protocol import Action, Claim, Consequence, Premise, Protocol, Update
from web4proofs.agreement.vocabulary import (
    DEFINITIONS,
    DIGEST,
    HEIGHT,
    PLATFORM,
    QUORUM,
    RELATIONS,
    SORTS,
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
    k,
    left,
    locked,
    member,
    p,
    prepared,
    prepared_certificate,
    proposed,
    q,
    r,
    s,
    still_choosable,
    up_to,
    v,
    w,
)

__all__ = [
    "ACTIONS",
    "AGREED",
    "AGREEMENT",
    "CHOOSABLE_IS_GUARDED",
    "COMMITTED_IS_CERTIFIED",
    "DECIDE",
    "DECIDED_IS_CERTIFIED",
    "DECIDED_IS_VALID",
    "DECIDED_WAS_PREPARED",
    "DECISION_BINDS_LATER_VIEWS",
    "DEFINITIONS",
    "DIGEST",
    "ENTER",
    "HEIGHT",
    "HONEST",
    "INVARIANT",
    "IN_VIEW",
    "JUDGED",
    "JUDGED_FIRST",
    "LOCK_AND_COMMIT",
    "NOT_LEFT",
    "NO_CONFLICT",
    "ONE_CERTIFICATE_A_VIEW",
    "ORDER",
    "PLATFORM",
    "PREPARE",
    "PREPARED_IS_VALID",
    "PREPARE_JUSTIFIED",
    "PROPOSE",
    "QUORUM",
    "QUORUMS_MEET",
    "REACHED",
    "RELATIONS",
    "RESTART",
    "SETS_LOCK",
    "SORTS",
    "STATEMENTS",
    "UNAMBIGUOUS",
    "VIEW",
    "Action",
    "Claim",
    "Consequence",
    "Premise",
    "Protocol",
    "Update",
    "adds",
    "announced",
    "below",
    "cast_after_leaving",
    "cast_once",
    "commit_certificate",
    "committed",
    "d",
    "decided",
    "e",
    "h",
    "honest",
    "judged_valid",
    "k",
    "left",
    "locked",
    "member",
    "once",
    "p",
    "prepared",
    "prepared_certificate",
    "proposed",
    "q",
    "r",
    "s",
    "still_choosable",
    "up_to",
    "v",
    "w",
]


# --- axioms ------------------------------------------------------------------------------------

ORDER: Final = (
    Claim("views_reflexive", every(v, holds=up_to(v, v)), "a view is up to itself"),
    Claim(
        "views_transitive",
        every(v, w, r, holds=Implies(both(up_to(v, w), up_to(w, r)), up_to(v, r))),
        "what comes before a view comes before all after it",
    ),
    Claim(
        "views_antisymmetric",
        every(v, w, holds=Implies(both(up_to(v, w), up_to(w, v)), Equal(v, w))),
        "of two views one alone comes first",
    ),
    Claim(
        "views_total",
        every(v, w, holds=either(up_to(v, w), up_to(w, v))),
        "of two views one comes first",
    ),
)
"""Views are ordered as numbers are; the proofs do not use that there is a first one."""

QUORUMS_MEET: Final = Claim(
    "quorums_meet",
    every(q, s, holds=some(k, holds=both(honest(k), member(k, q), member(k, s)))),
    "two quorums share an honest platform",
    ("C-QUORUM-2",),
)


# --- invariants --------------------------------------------------------------------------------


def cast_once(relation: Relation) -> Claim:
    """Return the claim that a platform casts at most one digest of this kind in a view."""
    return Claim(
        f"{relation.name}_once",
        every(
            *(p, h, v, d, e),
            holds=Implies(both(relation(p, h, v, d), relation(p, h, v, e)), Equal(d, e)),
        ),
        "one digest at most is cast in a view",
        ("C-STMT-4", "I-SIGN-1"),
    )


def cast_after_leaving(relation: Relation) -> Claim:
    """Return the claim that a platform had left all views below that of its statement."""
    return Claim(
        f"{relation.name}_after_leaving",
        every(
            *(p, h, v, w, d),
            holds=Implies(both(relation(p, h, v, d), below(w, v)), left(p, h, w)),
        ),
        "what is cast in a view is cast after leaving all below",
        ("C-VIEW-1",),
    )


COMMITTED_IS_CERTIFIED: Final = Claim(
    "committed_is_certified",
    every(
        *(h, v, d),
        holds=Implies(
            some(p, holds=committed(p, h, v, d)),
            some(q, holds=prepared_certificate(q, h, v, d)),
        ),
    ),
    "whoever casts COMMIT has a prepared certificate",
    ("C-LOCK-1", "I-LOCK-1"),
)
DECIDED_IS_CERTIFIED: Final = Claim(
    "decided_is_certified",
    every(
        *(h, v, d),
        holds=Implies(
            some(p, holds=decided(p, h, v, d)), some(q, holds=commit_certificate(q, h, v, d))
        ),
    ),
    "whoever decides has a commit certificate",
    ("C-DEC-1", "I-TIP-1"),
)
CHOOSABLE_IS_GUARDED: Final = Claim(
    "choosable_is_guarded",
    every(
        *(h, v, d, q),
        holds=Implies(
            still_choosable(q, h, v, d),
            every(
                p,
                holds=Implies(
                    committed(p, h, v, d),
                    both(
                        locked(p, h, v, d),
                        every(
                            *(w, e),
                            holds=Implies(both(below(v, w), prepared(p, h, w, e)), Equal(e, d)),
                        ),
                    ),
                ),
            ),
        ),
    ),
    "while a digest can yet be decided in a view, whoever cast COMMIT for it there keeps a lock on"
    " it, and prepares nothing else in later views",
    ("C-PREP-3", "C-LOCK-1"),
)
PREPARED_IS_VALID: Final = Claim(
    "prepared_is_valid",
    every(*(p, h, v, d), holds=Implies(prepared(p, h, v, d), judged_valid(p, h, d))),
    "only what the platform finds valid is prepared",
    ("C-PREP-4",),
)

INVARIANT: Final = (
    cast_once(prepared),
    cast_after_leaving(prepared),
    cast_after_leaving(committed),
    COMMITTED_IS_CERTIFIED,
    DECIDED_IS_CERTIFIED,
    CHOOSABLE_IS_GUARDED,
)
"""It holds at the start, every action keeps it, and it implies agreement."""

ONE_CERTIFICATE_A_VIEW: Final = Claim(
    "one_certificate_a_view",
    every(
        *(h, v, d, e),
        holds=Implies(
            both(
                some(q, holds=prepared_certificate(q, h, v, d)),
                some(q, holds=prepared_certificate(q, h, v, e)),
            ),
            Equal(d, e),
        ),
    ),
    "one digest at most has a prepared certificate in a view",
    ("C-CERT-3",),
)
DECIDED_WAS_PREPARED: Final = Claim(
    "decided_was_prepared",
    every(
        *(h, v, d),
        holds=Implies(
            some(p, holds=decided(p, h, v, d)),
            some(q, holds=prepared_certificate(q, h, v, d)),
        ),
    ),
    "what is decided has a prepared certificate of the same view",
    ("C-DEC-1",),
)
DECISION_BINDS_LATER_VIEWS: Final = Claim(
    "decision_binds_later_views",
    every(
        *(h, v, w, d, e),
        holds=Implies(
            both(
                some(p, holds=decided(p, h, v, d)),
                below(v, w),
                some(q, holds=prepared_certificate(q, h, w, e)),
            ),
            Equal(d, e),
        ),
    ),
    "after a decision nothing else is prepared by a quorum in later views",
    ("C-PREP-3",),
)
AGREEMENT: Final = Claim(
    "agreement",
    every(
        *(h, v, w, d, e),
        holds=Implies(
            both(some(p, holds=decided(p, h, v, d)), some(p, holds=decided(p, h, w, e))),
            Equal(d, e),
        ),
    ),
    "two honest platforms do not decide differently at a height",
    ("I-AGREE-1",),
)
DECIDED_IS_VALID: Final = Claim(
    "decided_is_valid",
    every(
        *(h, v, d),
        holds=Implies(
            some(p, holds=decided(p, h, v, d)),
            some(
                q,
                holds=every(k, holds=Implies(both(member(k, q), honest(k)), judged_valid(k, h, d))),
            ),
        ),
    ),
    "what is decided was found valid by all honest platforms of some quorum",
    ("C-LOCK-1", "C-PREP-4"),
)

AGREED: Final = Protocol(
    axioms=(*ORDER, QUORUMS_MEET),
    actions=ACTIONS,
    invariant=INVARIANT,
    consequences=(
        Consequence(ONE_CERTIFICATE_A_VIEW, ("prepared_once",)),
        Consequence(DECIDED_WAS_PREPARED, ("decided_is_certified", "committed_is_certified")),
        Consequence(DECISION_BINDS_LATER_VIEWS, ("decided_is_certified", "choosable_is_guarded")),
        Consequence(
            AGREEMENT,
            ("one_certificate_a_view", "decided_was_prepared", "decision_binds_later_views"),
        ),
    ),
)
"""Agreement at each height: I-AGREE-1."""

JUDGED_FIRST: Final = Protocol(
    axioms=(*ORDER, QUORUMS_MEET),
    actions=ACTIONS,
    invariant=(PREPARED_IS_VALID, COMMITTED_IS_CERTIFIED, DECIDED_IS_CERTIFIED),
    consequences=(
        Consequence(DECIDED_WAS_PREPARED, ("decided_is_certified", "committed_is_certified")),
        Consequence(DECIDED_IS_VALID, ("decided_was_prepared", "prepared_is_valid")),
    ),
)
"""No block is decided that was not found valid: C-LOCK-1."""

STATEMENTS: Final = (proposed, prepared, committed, announced)
"""The relations of signed statements, one for each kind."""

NO_CONFLICT: Final = Claim(
    "no_conflict",
    every(
        *(p, h, v, d, e),
        holds=Implies(
            Or(tuple(both(cast(p, h, v, d), cast(p, h, v, e)) for cast in STATEMENTS)),
            Equal(d, e),
        ),
    ),
    "of one kind, height and view a platform casts one digest at most",
    ("C-STMT-4", "I-SIGN-1"),
)

UNAMBIGUOUS: Final = Protocol(
    axioms=ORDER,
    actions=ACTIONS,
    invariant=(
        *(cast_once(relation) for relation in STATEMENTS),
        cast_after_leaving(announced),
    ),
    consequences=(
        Consequence(NO_CONFLICT, tuple(cast_once(relation).name for relation in STATEMENTS)),
    ),
)
"""No honest platform casts conflicting statements, however many others are Byzantine: I-SIGN-1."""
