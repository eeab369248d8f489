"""Accountability: which platforms can be identified after a fork, and which cannot.

- A fork needs more than f platforms that broke the rules. Either two quorums share no honest
  platform (`FORKED_BY_MANY`), or they do; two quorums always share more than f platforms.
- Two conflicting statements (C-STMT-4) convict their signer: no honest platform signs both, however
  many others are Byzantine (`model.UNAMBIGUOUS`). Two certificates of one kind and view with two
  digests give such a pair for each platform that signed both, and more than f platforms did
  (`conflict_is_exactly_two_digests_in_one_view`).
- Certificates of two views give no such pair. More than f platforms then signed COMMIT for one
  digest, and PREPARE for another in a later view. But an honest platform may do that, too, if it
  receives a prepared certificate at or above its lock (`an_honest_one_may_turn`).
- That certificate clears an honest platform: its view is not below that of the COMMIT
  (`TURNED_BY_PROOF`), so the platform's journal holds it. A platform without one broke C-PREP-3.

So a fork across views can leave no evidence in the sense of C-EVID-1 at all
(`a_fork_may_name_nobody`); then only the journals of the signers show which platforms broke the
rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import z3
from attrs import evolve

from web4core import messages
from web4core.invariants import nobody_signs_twice
from web4core.messages import Certificate, Kind, Statement
from web4core.types import Digest, View
from web4proofs.agreement import finite
from web4proofs.agreement.logic import (
    Equal,
    ForAll,
    Formula,
    Implies,
    Not,
    Relation,
    Variable,
    both,
    either,
    every,
    some,
)
from web4proofs.agreement.model import (
    ACTIONS,
    AGREED,
    AGREEMENT,
    DECIDE,
    DIGEST,
    ENTER,
    HEIGHT,
    LOCK_AND_COMMIT,
    ORDER,
    PLATFORM,
    PREPARE,
    PREPARE_JUSTIFIED,
    QUORUMS_MEET,
    RELATIONS,
    VIEW,
    Action,
    Claim,
    Protocol,
    Update,
    announced,
    below,
    cast_after_leaving,
    committed,
    d,
    e,
    h,
    locked,
    p,
    prepared,
    proposed,
    r,
    up_to,
    v,
    w,
)
from web4proofs.agreement.reachable import Run, find
from web4proofs.smt import ask
from web4proofs.symbolic import Unmodelled, equal, identifier, integer, octets_sort, term
from web4proofs.symbolic import choose as any_of
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import (
    Subject,
    executed,
    never_reached,
    paths_of,
    replay,
    taken_by,
)
from web4proofs.theorem import Answer, Failure, Outcome, Query

# --- any fork: more than f left the rules -------------------------------------------------------

lost: Final = Relation("lost", (), "two quorums share no honest platform", changes=False)
LOST: Final = Claim(
    "lost",
    Implies(Not(lost()), QUORUMS_MEET.formula),
    "unless two quorums share no honest platform, all do",
)


def _or_lost(claim: Claim) -> Claim:
    """Return the claim or, as the alternative, two quorums that share no honest platform."""
    match claim.formula:
        case ForAll(variables, Implies(premise, conclusion)):
            weaker = Implies(premise, either(conclusion, lost()))
            return evolve(claim, formula=ForAll(variables, weaker))
    raise TypeError(f"{claim.name} is not a claim of what follows for all")


FORKED_BY_MANY: Final = Protocol(
    axioms=(*ORDER, LOST),
    actions=ACTIONS,
    invariant=tuple(_or_lost(claim) for claim in AGREED.invariant),
    consequences=tuple(
        evolve(consequence, claim=_or_lost(consequence.claim))
        for consequence in AGREED.consequences
    ),
    relations=(*RELATIONS, lost),
)
"""Agreement, or two quorums without a common honest platform, however many are Byzantine."""


# --- one view: two statements convict ----------------------------------------------------------

_DIGEST: Final = octets_sort("Digest", 32)
_BLAMED: Final = (Kind.PRE_PREPARE, Kind.PREPARE, Kind.COMMIT, Kind.VIEW_CHANGE)


def _any_signed() -> tuple[Certificate, Any]:
    """Return any certificate without its signatures, and any signer of it."""
    # Symbolic values replace the integers and bytes of the code.
    height: Any = integer("height")
    view: Any = integer("view")
    digest: Any = identifier("digest", _DIGEST)
    return Certificate(any_of(tuple(Kind)), height, view, digest, ()), integer("signer")


def _judge(
    one: Certificate, signer: int, other: Certificate, another: int
) -> tuple[Statement, Statement, bool]:
    """Return the statements in two certificates, and whether the code says that they conflict."""
    first = messages.certified_statement(one, signer)
    second = messages.certified_statement(other, another)
    return first, second, messages.conflict(first, second)


def _judged() -> Subject:
    functions = (messages.conflict, messages.certified_statement)
    return Subject(functions, lambda: (*_any_signed(), *_any_signed()), _judge)


def _guilty(first: Statement, second: Statement) -> z3.BoolRef:
    """Return C-STMT-4 as a formula: one signer, kind, height and view, two digests, no hint."""
    if first.kind is not second.kind or first.kind not in _BLAMED:
        return z3.BoolVal(False)
    return z3.And(
        equal(first.signer, second.signer),
        equal(first.height, second.height),
        equal(first.view, second.view),
        z3.Not(equal(first.digest, second.digest)),
    )


def conflict_is_exactly_two_digests_in_one_view() -> Outcome:
    """The shipped `conflict` convicts exactly the signers that C-STMT-4 convicts.

    So it convicts every signer of two certificates of one kind and view with two digests, and no
    platform for statements of two views.
    """
    queries: list[Query] = []
    subject = _judged()
    try:
        exploration = paths_of(subject)
        replays = replay(subject, exploration)
    except Unmodelled as reason:
        return Outcome(failures=(Failure("conflict", f"it could not be followed: {reason}"),))
    flaws = (*never_reached(subject, exploration), *replays.differences)
    failures = [Failure("conflict", each) for each in flaws]
    for number, path in enumerate(exploration.paths):
        name = f"conflict, path {number}"
        taken = taken_by(path)
        if taken.raised is not None:
            failures.append(Failure(name, f"raised {taken.raised!r}"))
            continue
        first, second, conflict = taken.result
        wrong = term(conflict) != _guilty(first, second)
        query, model = ask(name, (*path.condition, wrong), Answer.UNSAT)
        queries.append(query)
        if model is not None:
            failures.append(_misjudged(name, Concretion(model), taken.result))
    paths = len(exploration.paths)
    return Outcome(tuple(queries), paths, executed(subject.functions), tuple(failures))


def _misjudged(name: str, concretion: Concretion, judged: tuple[Any, ...]) -> Failure:
    first, second, conflict = map(concretion, judged)
    told = messages.conflict(first, second)
    same = told == conflict
    note = "" if same else "; the plain function does NOT say so"
    return Failure(
        name,
        f"conflict() says {told}, C-STMT-4 says {not told}{note}",
        (("first", repr(first)), ("second", repr(second))),
        "from web4core.messages import Kind, Statement, conflict\n"
        f"print(conflict({_source(first)}, {_source(second)}))\n",
    )


def _source(statement: Statement) -> str:
    return (
        f"Statement(Kind.{statement.kind.name}, {statement.height}, {statement.view}, "
        f"{statement.digest!r}, {statement.signer})"
    )


# --- two views: a certificate clears -----------------------------------------------------------

shown: Final = Relation(
    "shown",
    (PLATFORM, HEIGHT, VIEW, DIGEST),
    "was shown a prepared certificate for this digest, of this view or one above",
)


def _is_shown(of: Variable) -> Update:
    """Record that the platform was shown a prepared certificate for `d` of the view `of`."""
    who, where = Variable("p'", PLATFORM), Variable("h'", HEIGHT)
    view, what = Variable("v'", VIEW), Variable("d'", DIGEST)
    here = both(Equal(who, p), Equal(where, h), up_to(view, of), Equal(what, d))
    return Update(shown, (who, where, view, what), either(shown(who, where, view, what), here))


def _noting(action: Action) -> Action:
    """Return the action, extended to record the certificate that it looks at."""
    of = {PREPARE_JUSTIFIED.name: r, LOCK_AND_COMMIT.name: v}.get(action.name)
    return action if of is None else evolve(action, updates=(*action.updates, _is_shown(of)))


TURNED_BY_PROOF: Final = Claim(
    "turned_by_proof",
    every(
        *(p, h, v, w, d, e),
        holds=Implies(
            both(committed(p, h, v, d), below(v, w), prepared(p, h, w, e), Not(Equal(d, e))),
            shown(p, h, v, e),
        ),
    ),
    "who prepares against its earlier COMMIT was shown a prepared certificate from that view on",
    ("C-PREP-3",),
)

UNLOCKED_BY_PROOF: Final = Protocol(
    axioms=ORDER,
    actions=tuple(_noting(action) for action in ACTIONS),
    invariant=(
        TURNED_BY_PROOF,
        cast_after_leaving(prepared),
        cast_after_leaving(committed),
        Claim(
            "committed_is_locked",
            every(
                *(p, h, v),
                holds=Implies(
                    some(d, holds=committed(p, h, v, d)), some(e, holds=locked(p, h, v, e))
                ),
            ),
            "who cast COMMIT in a view has a lock of that view or one above",
            ("C-LOCK-1",),
        ),
        Claim(
            "lock_is_shown",
            every(*(p, h, v, d), holds=Implies(locked(p, h, v, d), shown(p, h, v, d))),
            "who is locked was shown the certificate",
            ("I-LOCK-1",),
        ),
    ),
    relations=(*RELATIONS, shown),
)
"""The lock rule as one honest platform keeps it, however many others are Byzantine."""


# --- two views: two statements are no evidence --------------------------------------------------

_FORGETFUL: Final = evolve(
    PREPARE, premises=tuple(each for each in PREPARE.premises if each.name != "lock_agrees")
)
"""PREPARE by a platform that forgets its lock and keeps all other rules."""

_FORGOT: Final = (2, 3)
"""The platforms that forget their lock, among four."""

TURNED: Final[Formula] = some(
    *(p, h, v, w, d, e),
    holds=both(committed(p, h, v, d), below(v, w), prepared(p, h, w, e), Not(Equal(d, e))),
)

_KINDS: Final = {
    proposed: Kind.PRE_PREPARE,
    prepared: Kind.PREPARE,
    committed: Kind.COMMIT,
    announced: Kind.VIEW_CHANGE,
}


def statements(world: finite.World) -> tuple[Statement, ...]:
    """Return the statements cast in a world, as values of the shipped code."""
    return tuple(
        Statement(kind, *_plain(point))
        for relation, kind in _KINDS.items()
        for point in sorted(world.facts[relation], key=str)
    )


def _plain(point: finite.Point) -> tuple[int, View, Digest, int]:
    platform, height, view, digest = point
    if isinstance(platform, int) and isinstance(height, int) and isinstance(view, int):
        return height, View(view), Digest(str(digest).encode().rjust(32, b".")), platform
    raise TypeError(f"{point} is no statement of a federation")


def an_honest_one_may_turn() -> tuple[Query, Run | None]:
    """Among four, one Byzantine: an honest platform prepares against its earlier COMMIT."""
    start = finite.federation(4, frozenset({3}), views=3, digests=("A", "B"))
    rules = (PREPARE, PREPARE_JUSTIFIED, LOCK_AND_COMMIT, ENTER)
    return find("an honest platform turns", start, lambda _: rules, TURNED, 9)


def a_fork_may_name_nobody() -> tuple[Query, Run | None]:
    """Among four, two forget their lock: a fork in which no two statements conflict.

    All four count as honest in the model, so that it records the statements of these two as well.
    """
    start = finite.federation(4, frozenset(), views=2, digests=("A", "B"))
    rest = (LOCK_AND_COMMIT, ENTER, DECIDE)
    keeps, forgets = (PREPARE, *rest), (_FORGETFUL, *rest)
    return find(
        "a fork without conflicting statements",
        start,
        lambda platform: forgets if platform in _FORGOT else keeps,
        Not(AGREEMENT.formula),
        17,
    )


def two_statements_do_not_always_tell() -> Outcome:
    """Both runs exist, are confirmed in plain Python, and contain no conflicting statements."""
    queries: list[Query] = []
    failures: list[Failure] = []
    for (query, run), goal in (
        (an_honest_one_may_turn(), TURNED),
        (a_fork_may_name_nobody(), Not(AGREEMENT.formula)),
    ):
        queries.append(query)
        failures.extend(Failure(query.name, flaw) for flaw in _flaws(run, goal))
    return Outcome(tuple(queries), failures=tuple(failures))


def _flaws(run: Run | None, goal: Formula) -> Iterable[str]:
    """Yield the reasons why a run does not show what it should."""
    if run is None:
        return ("no such run was found",)
    named = nobody_signs_twice(statements(run.end))
    missed = () if finite.holds(goal, run.end, {}) else ("the run does not get there",)
    return (*run.flaws(), *missed, *(() if named is None else (named,)))
