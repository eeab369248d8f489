"""The functions that loop over slots and signatures: their results for any number of platforms.

A comprehension returns for each element what it returns for that element alone. So its shape is
checked on the source that runs, and the shipped function is executed on one arbitrary element.
A loop is cut at its head, and its parts are executed.
`rows` has the summaries that represent these contracts in the proofs of the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3
from attrs import evolve, frozen

from web4core import certificates, quorum
from web4core.consensus import state
from web4core.consensus.state import Agreement, Slots
from web4core.messages import Certificate, Kind
from web4proofs.replica import arbitrary, rows
from web4proofs.replica.cutting import Reached, check_comprehension, check_stateless, cut
from web4proofs.replica.invariant import FALSE, TRUE, Part, proves
from web4proofs.replica.plain import endorsements_of
from web4proofs.replica.proving import Attempt, Case
from web4proofs.replica.terms import INT, quorum_of
from web4proofs.symbolic import (
    SymbolicBool,
    SymbolicInt,
    assume,
    bind,
    boolean,
    choose,
    equal,
    integer,
    optional,
    term,
    unmodelled,
)
from web4proofs.symbolic.values import Symbolic, seen_as, strict


def truth(value: Any) -> z3.BoolRef:
    """Return the code's answer as a formula."""
    found: z3.BoolRef = term(value)
    return found


# --- comprehensions ----------------------------------------------------------------------------


def prove_supporters(attempt: Attempt) -> None:
    """A vote is among the supporters if and only if it is for the digest, in the view."""
    check_comprehension(state.supporters, "votes")

    def run() -> Case:
        vote = optional(lambda: arbitrary.vote("vote", Kind.PREPARE))
        view, digest = arbitrary.natural("view"), arbitrary.digest("digest")
        found = state.supporters((vote,), view, digest)
        belongs = FALSE
        if vote is not None:
            said = vote.statement
            belongs = z3.And(equal(said.view, view), equal(said.digest, digest))
        shown = {"votes": (vote,), "view": view, "digest": digest}
        return Case(
            (Part("one vote is a supporter or not", _alone(found, vote, belongs)),),
            shown,
            ((vote,), view, digest),
            found,
        )

    attempt.cases(state.supporters, run)


def prove_views_reached(attempt: Attempt) -> None:
    """Every VIEW-CHANGE counts, with its view."""
    check_comprehension(state.views_reached, "agreement.slots.view_changes")

    def run() -> Case:
        message = optional(lambda: arbitrary.view_change("message"))
        agreement = _with_view_changes((message,))
        found = state.views_reached(agreement)
        view = None if message is None else message.statement.view
        belongs = z3.BoolVal(message is not None)
        parts = (Part("a VIEW-CHANGE counts with its view", _alone(found, view, belongs)),)
        return Case(parts, {"agreement": agreement}, (agreement,), found)

    attempt.cases(state.views_reached, run)


def prove_gathered(attempt: Attempt) -> None:
    """A VIEW-CHANGE is gathered if and only if it is into the current view."""
    check_comprehension(state.gathered_view_changes, "agreement.slots.view_changes")

    def run() -> Case:
        message = optional(lambda: arbitrary.view_change("message"))
        agreement = _with_view_changes((message,))
        found = state.gathered_view_changes(agreement)
        belongs = FALSE if message is None else equal(message.statement.view, agreement.view)
        parts = (Part("a VIEW-CHANGE into this view is gathered", _alone(found, message, belongs)),)
        return Case(parts, {"agreement": agreement}, (agreement,), found)

    attempt.cases(state.gathered_view_changes, run)


def _alone(found: Any, expected: Any, belongs: z3.BoolRef) -> z3.BoolRef:
    """Require the expected result of one element if it belongs, and otherwise no result."""
    if type(found) is not tuple or len(found) > 1:
        return FALSE
    return z3.And(belongs, equal(found[0], expected)) if found else z3.Not(belongs)


def _with_view_changes(messages: tuple[Any, ...]) -> Agreement:
    view = arbitrary.natural("view")
    return Agreement(1, 0, 1, Slots((), (), (), messages), view)


def prove_certificate_of(attempt: Attempt) -> None:
    """A certificate has the statement of the first vote, and every vote's signature, in order."""
    check_stateless(state.certificate_of)

    def run() -> Case:
        kind = choose((Kind.PREPARE, Kind.COMMIT))
        first, other = arbitrary.vote("first", kind), arbitrary.vote("other", kind)
        made = state.certificate_of((first, other))
        said = first.statement
        each = tuple((vote.statement.signer, vote.signature) for vote in (first, other))
        expected = Certificate(kind, said.height, said.view, said.digest, each)
        parts = (Part("words of the first, signatures of all", equal(made, expected)),)
        return Case(parts, {"votes": (first, other)}, ((first, other),), made)

    attempt.cases(state.certificate_of, run)


# --- certificates ------------------------------------------------------------------------------


@strict
class Signers(Symbolic):
    """The indices of signers; `size` is their number."""

    __slots__ = ("count", "size")
    __class__ = seen_as(tuple)

    def __init__(self, size: SymbolicInt, count: z3.BoolRef) -> None:
        self.size = size
        self.count = count


def _length(value: Any) -> Any:
    return value.size if type(value) is Signers else len(value)


def prove_signers_count(attempt: Attempt) -> None:
    """It accepts q to N signers that are strictly ascending and below N: C-CERT-1."""
    function = certificates.signers_count
    bound = bind(function, {"len": _length}, (quorum.quorum, quorum.faulty))
    parts = cut(bound)

    def before() -> Case:
        n, size = integer("n"), arbitrary.natural("signers")
        assume(n.term >= 1)
        signers = Signers(size, TRUE)
        found = parts.before(signers=signers, n=n)
        enough = z3.And(quorum_of(n.term) <= size.term, size.term <= n.term)
        if type(found) is Reached:
            started = z3.BoolVal(found.iterated is signers and list(found.variables) == ["last"])
            goal = z3.And(enough, started, term(found.variables["last"]) == -1)
        else:
            goal = z3.And(z3.Not(enough), z3.Not(truth(found)))
        return Case((Part("between q and N signers, and none before the first", goal),))

    def turn() -> Case:
        n, last, signer = integer("n"), integer("last"), integer("signer")
        found = parts.turn(signers=None, n=n, last=last, element=signer)
        ascends = z3.And(signer.term > last.term, signer.term < n.term)
        if type(found) is Reached:
            goal = z3.And(ascends, term(found.variables["last"]) == signer.term)
        else:
            goal = z3.And(z3.Not(ascends), z3.Not(truth(found)))
        shown = {"n": n, "last": last, "signer": signer}
        return Case((Part("each above the one before, and below N", goal),), shown)

    def after() -> Case:
        found = parts.after(signers=None, n=integer("n"), last=integer("last"))
        return Case((Part("what came through is accepted", truth(found)),))

    for label, run in (("start", before), ("one signer", turn), ("end", after)):
        attempt.cases(function, run, (quorum.quorum, quorum.faulty), label, parts)
    _prove_distinct(attempt)


def _prove_distinct(attempt: Attempt) -> None:
    """Signers accepted in this way are distinct platforms, by induction over their positions."""
    signer = z3.Function("signer", INT, INT)
    i, j, n = z3.Ints("i j n")

    def ascending_up_to(place: z3.ArithRef) -> z3.BoolRef:
        earlier = z3.ForAll([i], z3.Implies(z3.And(i >= 0, i < place), signer(i) < signer(place)))
        return z3.And(signer(place) >= 0, signer(place) < n, earlier)

    accepted = (signer(j + 1) > signer(j), signer(j + 1) < n)
    first = (signer(0) > -1, signer(0) < n)
    attempt.holds(
        "signers are distinct platforms, the first",
        first,
        (Part("distinct", ascending_up_to(z3.IntVal(0))),),
        {},
    )
    attempt.holds(
        "signers are distinct platforms, one more",
        (j >= 0, ascending_up_to(j), *accepted),
        (Part("distinct", ascending_up_to(j + 1)),),
        {},
    )


@strict
class Pairs(Symbolic):
    """The pairs of signer and signature in a certificate, of which one represents each."""

    __slots__ = ("count", "pair")
    __class__ = seen_as(tuple)

    def __init__(self, count: z3.BoolRef) -> None:
        self.count = count
        self.pair = (integer("signer"), arbitrary.signature("signature"))

    def __iter__(self) -> Any:
        yield self.pair

    def concretised(self, plain: Any) -> Any:
        """Return signatures of three platforms, which are enough of four, or none."""
        return endorsements_of(self, plain)


def prove_proofs(attempt: Attempt) -> None:
    """A certificate proves exactly what C-CERT-3 and C-CERT-4 say."""
    for function in (certificates.proves_prepared, certificates.proves_decided):
        check_stateless(function)
        attempt.cases(function, _proof_case(function))


def _proof_case(function: Callable[..., Any]) -> Callable[[], Case]:
    prepared = function is certificates.proves_prepared

    def run() -> Case:
        pairs: Any = Pairs(boolean("counts").term)
        certificate = Certificate(
            choose(tuple(Kind)),
            arbitrary.natural("certificate.height"),
            arbitrary.natural("certificate.view"),
            arbitrary.digest("certificate.digest"),
            pairs,
        )
        n, height = integer("n"), arbitrary.natural("height")
        digest, below = arbitrary.digest("digest"), arbitrary.natural("below")
        bound = bind(function, {"tuple": _signers_of(pairs), "signers_count": _counts(n)})
        more = (below,) if prepared else ()
        found = bound(certificate, n, height, digest, *more)
        kind = Kind.PREPARE if prepared else Kind.COMMIT
        expected = proves(certificate, kind, height, digest, below if prepared else None)
        part = Part("it proves what it is taken for", truth(found) == expected)
        arguments = (certificate, _FOUR, height, digest, *more)
        shown = {"certificate": certificate, "height": height, "digest": digest}
        return Case((part,), shown, arguments, SymbolicBool(truth(found)), walks=True)

    return run


_FOUR = 4
"""The number of platforms in the replay, where signatures are really counted."""


def _signers_of(pairs: Pairs) -> Callable[[Any], Signers]:
    """Return a `tuple` of the signers of the pairs."""

    def collected(generator: Any) -> Signers:
        found = list(generator)
        if len(found) != 1 or found[0] is not pairs.pair[0]:
            raise unmodelled("anything but the signers of the certificate, in its order")
        return Signers(integer("size"), pairs.count)

    return collected


def _counts(n: SymbolicInt) -> Callable[[Any, Any], SymbolicBool]:
    """Return a summary of `certificates.signers_count`."""

    def summary(signers: Any, among: Any) -> SymbolicBool:
        if type(signers) is not Signers or among is not n:
            raise unmodelled("counting anything but the signers among the platforms")
        return SymbolicBool(signers.count)

    return summary


# --- slots -------------------------------------------------------------------------------------


def prove_keep(attempt: Attempt) -> None:
    """A message goes into its slot if and only if that has one of an earlier view: C-SLOT-2."""

    def run() -> Case:
        n, height = integer("n"), integer("height")
        assume(z3.And(n.term >= 1, height.term >= 1))
        slots = arbitrary.slots("", height, n)
        message = arbitrary.message_in_order(choose(arbitrary.SLOTTED), height, n)
        present = arbitrary.slot_of(slots, message)
        found = state.keep(slots, message)
        newer = (
            TRUE if present is None else term(present.statement.view) < term(message.statement.view)
        )
        shown = {"slots": slots, "message": message}
        result = slots if found is slots else _Replaced(slots, message)
        parts = (
            Part("it asks the slot of this kind and signer", _is_from(slots, message, present)),
            Part("only a message of a higher view goes in", _kept(slots, found, message, newer)),
        )
        return Case(parts, shown, (slots, message), result)

    attempt.cases(state.keep, run, (state.kept,))


@frozen
class _Replaced:
    """Slots with a message in its place."""

    slots: Slots
    message: Any

    def concretised(self, plain: Any) -> Slots:
        """Return the plain slots, with the plain message at its signer's index."""
        slots: Slots = plain(self.slots)
        message = plain(self.message)
        field, signer = arbitrary.field_of(message), message.statement.signer
        row = getattr(slots, field)
        after = (*row[:signer], message, *row[signer + 1 :])
        return evolve(slots, **{field: after})


def _is_from(slots: Slots, message: Any, present: Any) -> z3.BoolRef:
    row: Any = getattr(slots, arbitrary.field_of(message))
    there = [
        term(place) == term(message.statement.signer) for place, it in row.known if it is present
    ]
    return z3.Or(there) if there else FALSE


def _kept(slots: Slots, found: Slots, message: Any, newer: z3.BoolRef) -> z3.BoolRef:
    """Require that exactly this place of this row holds the message, or nothing changed."""
    if found is slots:
        return z3.Not(newer)
    changed = arbitrary.field_of(message)
    names = ("proposals", "prepares", "commits", "view_changes")
    others = all(getattr(found, name) is getattr(slots, name) for name in names if name != changed)
    row, after = getattr(slots, changed), getattr(found, changed)
    return z3.And(newer, z3.BoolVal(others), replaces(row, after, message))


def replaces(row: rows.Row, after: Any, message: Any) -> z3.BoolRef:
    """Require that a tuple is the row with the message in its signer's place."""
    match after:
        case (rows.Stretch() as head, middle, rows.Stretch() as tail) if middle is message:
            signer = term(message.statement.signer)
            parts = (head.row is row, tail.row is row, head.part.start is None)
            open_ended = tail.part.stop is None and head.part.step is tail.part.step is None
            return z3.And(
                z3.BoolVal(all(parts) and open_ended),
                term(head.part.stop) == signer,
                term(tail.part.start) == signer + 1,
            )
    return FALSE
