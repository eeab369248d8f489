"""The vocabulary of the abstract protocol: its sorts, relations and definitions.

`model` explains how a run of the code corresponds to them.
"""

from __future__ import annotations

from typing import Final

from web4proofs.agreement.logic import (
    Definition,
    Equal,
    Implies,
    Not,
    Relation,
    Sort,
    Variable,
    both,
    either,
    every,
)

PLATFORM: Final = Sort("platform", "one of the N platforms of the genesis")
HEIGHT: Final = Sort("height", "a place in the chain")
VIEW: Final = Sort("view", "a view of a height")
DIGEST: Final = Sort("digest", "what a statement names: of a block, or of a certificate")
QUORUM: Final = Sort("quorum", "a set of q platforms or more")
SORTS: Final = (HEIGHT, DIGEST, VIEW, QUORUM, PLATFORM)

p, k = Variable("p", PLATFORM), Variable("k", PLATFORM)
h = Variable("h", HEIGHT)
v, w, r = Variable("v", VIEW), Variable("w", VIEW), Variable("r", VIEW)
d, e = Variable("d", DIGEST), Variable("e", DIGEST)
q, s = Variable("q", QUORUM), Variable("s", QUORUM)

honest: Final = Relation("honest", (PLATFORM,), "follows the rules all along", changes=False)
member: Final = Relation("member", (PLATFORM, QUORUM), "belongs to the quorum", changes=False)
up_to: Final = Relation(
    "up_to", (VIEW, VIEW), "the first view is the second or one before it", changes=False
)
judged_valid: Final = Relation(
    "judged_valid",
    (PLATFORM, HEIGHT, DIGEST),
    "the platform's application finds that the block follows from the tip",
    changes=False,
)

_OF_A_STATEMENT = (PLATFORM, HEIGHT, VIEW, DIGEST)
proposed: Final = Relation("proposed", _OF_A_STATEMENT, "has cast this PRE-PREPARE")
prepared: Final = Relation("prepared", _OF_A_STATEMENT, "has cast this PREPARE")
committed: Final = Relation("committed", _OF_A_STATEMENT, "has cast this COMMIT")
announced: Final = Relation("announced", _OF_A_STATEMENT, "has cast this VIEW-CHANGE")
left: Final = Relation("left", (PLATFORM, HEIGHT, VIEW), "is in a view above this one")
locked: Final = Relation(
    "locked", _OF_A_STATEMENT, "has a lock on this digest, in this view or one above"
)
decided: Final = Relation("decided", _OF_A_STATEMENT, "has decided this, on COMMITs of this view")
RELATIONS: Final = (
    *(honest, member, up_to, judged_valid),
    *(proposed, prepared, committed, announced, left, locked, decided),
)

below: Final = Definition(
    "below", (w, v), both(up_to(w, v), Not(Equal(w, v))), "w is an earlier view than v"
)
prepared_certificate: Final = Definition(
    "prepared_certificate",
    (q, h, v, d),
    every(k, holds=Implies(both(member(k, q), honest(k)), prepared(k, h, v, d))),
    "q can sign a prepared certificate: its honest members have cast that PREPARE",
)
commit_certificate: Final = Definition(
    "commit_certificate",
    (q, h, v, d),
    every(k, holds=Implies(both(member(k, q), honest(k)), committed(k, h, v, d))),
    "q can sign a commit certificate: its honest members have cast that COMMIT",
)
still_choosable: Final = Definition(
    "still_choosable",
    (q, h, v, d),
    every(
        k,
        holds=Implies(
            both(member(k, q), honest(k)), either(Not(left(k, h, v)), committed(k, h, v, d))
        ),
    ),
    "q can yet come to sign a commit certificate: no honest member left the view without it",
)
DEFINITIONS: Final = (below, prepared_certificate, commit_certificate, still_choosable)
