"""Tuples with one place for each platform, for any number of platforms.

A `Row` stands for one of the tuples in `Slots`. The code reaches into it at an index, and asks for
its votes for a digest, or for the views that its VIEW-CHANGEs are into; it learns how many these
are, and one that stands for each of them, and never walks over all.
The functions that do walk over a row have contracts, proved in `counting`; the summaries here stand
for them where the rules call them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import z3

from web4core.messages import Certificate, Kind, Statement
from web4proofs.replica.terms import DIGEST, INT, quorum_of
from web4proofs.symbolic import SymbolicInt, assume, decide, integer, term, unmodelled
from web4proofs.symbolic.values import Symbolic, SymbolicBool, refusal, seen_as, strict


@strict
class Row(Symbolic):
    """The messages of one kind by all platforms, None where there is none."""

    __slots__ = ("_make", "asked", "height", "kind", "known", "n", "name")
    __class__ = seen_as(tuple)

    def __init__(
        self, name: str, kind: Kind, height: Any, n: SymbolicInt, make: Callable[[Any], Any]
    ) -> None:
        self.name = name
        self.kind = kind
        self.height = height
        self.n = n
        self._make = make
        self.known: list[tuple[SymbolicInt, Any]] = []
        """The places that were looked at, with what is there."""
        self.asked: list[tuple[z3.ExprRef, ...]] = []
        """What was counted: view and digest of votes, or a view."""

    def __getitem__(self, place: Any) -> Any:
        if type(place) is slice:
            return (Stretch(self, place),)
        index = place if type(place) is SymbolicInt else SymbolicInt(term(place))
        if not decide(z3.And(index.term >= 0, index.term < self.n.term)):
            raise unmodelled(f"a place outside of {self.name}")
        for known, message in self.known:
            if decide(known.term == index.term):
                return message
        message = self._make(index)
        self.known.append((index, message))
        if message is not None:
            self._count(message.statement)
        return message

    def any_one(self) -> Any:
        """The message at any place; whatever holds of it holds at each."""
        index = integer(f"{self.name}.place")
        assume(z3.And(index.term >= 0, index.term < self.n.term))
        return self[index]

    def support(self, view: Any, digest: Any) -> z3.ArithRef:
        """How many votes there are for this digest in this view."""
        point = (term(view), term(digest))
        self.asked.append(point)
        count = _support(self.name, *point)
        assume(z3.And(count >= 0, count <= self.messages()))
        return count

    def reached(self, view: Any) -> z3.ArithRef:
        """How many VIEW-CHANGEs there are into this view or one beyond."""
        point = term(view)
        count = _reached(self.name, point)
        assume(z3.And(count >= 0, count <= self.n.term))
        for (earlier,) in self.asked:
            other = _reached(self.name, earlier)
            assume(z3.Implies(earlier <= point, other >= count))
            assume(z3.Implies(point <= earlier, count >= other))
        self.asked.append((point,))
        return count

    def into(self, view: Any) -> z3.ArithRef:
        """How many VIEW-CHANGEs there are into exactly this view."""
        return self.reached(view) - self.reached(SymbolicInt(term(view) + 1))

    def messages(self) -> z3.ArithRef:
        """How many places hold a message."""
        count = z3.Int(f"{self.name}.messages")
        assume(z3.And(count >= 0, count <= self.n.term))
        return count

    def counted(self, point: tuple[z3.ExprRef, ...]) -> z3.ExprRef:
        """The term that counts this: votes for a digest in a view, or VIEW-CHANGEs."""
        return _support(self.name, *point) if len(point) > 1 else _reached(self.name, *point)

    def _count(self, statement: Statement) -> None:
        """A message that is there is one of those that are counted."""
        if self.kind in (Kind.PREPARE, Kind.COMMIT):
            assume(self.support(statement.view, statement.digest) >= 1)
        elif self.kind is Kind.VIEW_CHANGE:
            assume(self.into(statement.view) >= 1)

    def concretised(self, plain: Callable[[Any], Any]) -> Any:
        """A plain tuple with the messages and the counts of the model, as far as they fit."""
        from web4proofs.replica.plain import slots_of  # noqa: PLC0415  builds on this module

        return slots_of(self, plain)


def _support(name: str, view: z3.ExprRef, digest: z3.ExprRef) -> z3.ArithRef:
    function = z3.Function(f"{name}.support", INT, DIGEST.of_solver, INT)
    return function(view, digest)


def _reached(name: str, view: z3.ExprRef) -> z3.ArithRef:
    return z3.Function(f"{name}.reached", INT, INT)(view)


@strict
class Stretch(Symbolic):
    """A part of a row, between two places: one mark that stands for all its messages."""

    __slots__ = ("part", "row")
    __class__ = seen_as(tuple)

    def __init__(self, row: Row, part: slice) -> None:
        self.row = row
        self.part = part


@strict
class Endorsements(Symbolic):
    """The signatures of a certificate, however many.

    `count` says that they are those of q distinct platforms at least and of N at most, by ascending
    index: C-CERT-1, which `signers_count` checks.
    """

    __slots__ = ("count",)
    __class__ = seen_as(tuple)

    def __init__(self, count: z3.BoolRef) -> None:
        self.count = count

    def __eq__(self, other: object) -> Any:
        """Of two made of the same votes; that is all that is ever compared."""
        if type(other) is not Endorsements:
            raise unmodelled("signatures compared with anything else")
        return SymbolicBool(self.count == other.count)

    __hash__ = refusal("hash()")

    def concretised(self, plain: Callable[[Any], Any]) -> Any:
        """A quorum's signatures if they count, or else none."""
        from web4proofs.replica.plain import endorsements_of  # noqa: PLC0415

        return endorsements_of(self, plain)


@strict
class Supporters(Symbolic):
    """The votes of a row for one digest in one view, by ascending signer."""

    __slots__ = ("digest", "row", "view")
    __class__ = seen_as(tuple)

    def __init__(self, row: Row, view: Any, digest: Any) -> None:
        self.row = row
        self.view = view
        self.digest = digest

    def size(self) -> SymbolicInt:
        return SymbolicInt(self.row.support(self.view, self.digest))


@strict
class Views(Symbolic):
    """The views that the VIEW-CHANGEs of a row are into, in whatever order; at least `low`."""

    __slots__ = ("row",)
    __class__ = seen_as(tuple)

    def __init__(self, row: Row) -> None:
        self.row = row

    def size(self) -> SymbolicInt:
        return SymbolicInt(self.row.reached(0))

    def __iter__(self) -> Iterator[Any]:
        """One view that stands for each of them."""
        yield SymbolicInt(EACH_VIEW)


EACH_VIEW = z3.Int("each view")
"""Any of the views that are counted, in what is counted of them."""


@strict
class Descending(Symbolic):
    """Views in descending order: the one at place k is the (k + 1)-th highest."""

    __slots__ = ("row",)
    __class__ = seen_as(list)

    def __init__(self, views: Views) -> None:
        self.row = views.row

    def size(self) -> SymbolicInt:
        return SymbolicInt(self.row.reached(0))

    def __getitem__(self, place: Any) -> SymbolicInt:
        at = term(place)
        if not decide(z3.And(at >= 0, at < self.row.reached(0))):
            raise IndexError("list index out of range")
        view = integer("view reached")
        assume(view.term >= 0)
        assume(self.row.reached(view) >= at + 1)
        assume(self.row.reached(view + 1) <= at)
        return view


@strict
class Gathered(Symbolic):
    """The VIEW-CHANGEs of a row into one view."""

    __slots__ = ("row", "view")
    __class__ = seen_as(tuple)

    def __init__(self, row: Row, view: Any) -> None:
        self.row = row
        self.view = view

    def size(self) -> SymbolicInt:
        return SymbolicInt(self.row.into(self.view))


# --- summaries ---------------------------------------------------------------------------------


def length(value: Any) -> Any:
    """`len`, without a fork where it is of any number."""
    sized = type(value) in (Supporters, Views, Descending, Gathered)
    return value.size() if sized else len(value)


def supporters(votes: Any, view: Any, digest: Any) -> Supporters:
    """Summary of `state.supporters`."""
    if type(votes) is not Row or votes.kind not in (Kind.PREPARE, Kind.COMMIT):
        raise unmodelled("votes that are no row of votes")
    return Supporters(votes, view, digest)


def certificate_of(votes: Any) -> Certificate:
    """Summary of `state.certificate_of`: the votes' signatures count if the votes are enough."""
    if type(votes) is not Supporters:
        raise unmodelled("a certificate of anything but supporters")
    size = votes.size().term
    if not decide(size >= 1):
        raise IndexError("tuple index out of range")
    return made_of(votes.row, votes.view, votes.digest, size)


def made_of(row: Row, view: Any, digest: Any, size: z3.ArithRef) -> Certificate:
    """The certificate of a row's votes for a digest in a view, of which there are so many."""
    n = row.n.term
    enough = z3.And(size >= quorum_of(n), size <= n)
    signatures: Any = Endorsements(enough)
    return Certificate(row.kind, row.height, view, digest, signatures)


def views_reached(agreement: Any) -> Views:
    """Summary of `state.views_reached`."""
    return Views(agreement.slots.view_changes)


def descending(views: Any, *, reverse: bool) -> Descending:
    """`sorted` of views, in descending order."""
    if type(views) is not Views or reverse is not True:
        raise unmodelled("sorting anything but views in descending order")
    return Descending(views)


def gathered_view_changes(agreement: Any) -> Gathered:
    """Summary of `state.gathered_view_changes`."""
    return Gathered(agreement.slots.view_changes, agreement.view)
