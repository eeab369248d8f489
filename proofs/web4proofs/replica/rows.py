"""Tuples with one place for each platform, for any number of platforms.

A `Row` represents one of the tuples in `Slots`. The code reads it at an index, or asks for its
votes for a digest, or for the views of its VIEW-CHANGEs. It then gets their number, and one that
represents each of them; it never loops over all.
The functions that do loop over a row have contracts, proved in `counting`. The summaries here
represent these contracts where the rules call the functions.
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
        """The places that were read, with their messages."""
        self.asked: list[tuple[z3.ExprRef, ...]] = []
        """The points that were counted: view and digest of votes, or a view."""

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
        """Return the message at any place; a property of it holds at each place."""
        index = integer(f"{self.name}.place")
        assume(z3.And(index.term >= 0, index.term < self.n.term))
        return self[index]

    def support(self, view: Any, digest: Any) -> z3.ArithRef:
        """Count the votes for this digest in this view."""
        point = (term(view), term(digest))
        self.asked.append(point)
        count = _support(self.name, *point)
        assume(z3.And(count >= 0, count <= self.messages()))
        return count

    def reached(self, view: Any) -> z3.ArithRef:
        """Count the VIEW-CHANGEs into this view or a later one."""
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
        """Count the VIEW-CHANGEs into exactly this view."""
        return self.reached(view) - self.reached(SymbolicInt(term(view) + 1))

    def messages(self) -> z3.ArithRef:
        """Count the places that hold a message."""
        count = z3.Int(f"{self.name}.messages")
        assume(z3.And(count >= 0, count <= self.n.term))
        return count

    def counted(self, point: tuple[z3.ExprRef, ...]) -> z3.ExprRef:
        """Return the term that counts this: votes for a digest in a view, or VIEW-CHANGEs."""
        return _support(self.name, *point) if len(point) > 1 else _reached(self.name, *point)

    def _count(self, statement: Statement) -> None:
        """Assume that a message that is present is among those counted."""
        if self.kind in (Kind.PREPARE, Kind.COMMIT):
            assume(self.support(statement.view, statement.digest) >= 1)
        elif self.kind is Kind.VIEW_CHANGE:
            assume(self.into(statement.view) >= 1)

    def concretised(self, plain: Callable[[Any], Any]) -> Any:
        """Return a plain tuple with messages and counts as in the model, as far as they fit."""
        from web4proofs.replica.plain import slots_of  # noqa: PLC0415  builds on this module

        return slots_of(self, plain)


def _support(name: str, view: z3.ExprRef, digest: z3.ExprRef) -> z3.ArithRef:
    function = z3.Function(f"{name}.support", INT, DIGEST.of_solver, INT)
    return function(view, digest)


def _reached(name: str, view: z3.ExprRef) -> z3.ArithRef:
    return z3.Function(f"{name}.reached", INT, INT)(view)


@strict
class Stretch(Symbolic):
    """A part of a row, between two places; it represents all its messages."""

    __slots__ = ("part", "row")
    __class__ = seen_as(tuple)

    def __init__(self, row: Row, part: slice) -> None:
        self.row = row
        self.part = part


@strict
class Endorsements(Symbolic):
    """The signatures of a certificate, of any number.

    `count` says that they are those of q to N distinct platforms by ascending index: C-CERT-1,
    which `signers_count` checks.
    """

    __slots__ = ("count",)
    __class__ = seen_as(tuple)

    def __init__(self, count: z3.BoolRef) -> None:
        self.count = count

    def __eq__(self, other: object) -> Any:
        """Return whether two are made of the same votes; the code compares no others."""
        if type(other) is not Endorsements:
            raise unmodelled("signatures compared with anything else")
        return SymbolicBool(self.count == other.count)

    __hash__ = refusal("hash()")

    def concretised(self, plain: Callable[[Any], Any]) -> Any:
        """Return a quorum's signatures if they count, or else none."""
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
    """The views of the VIEW-CHANGEs of a row, in any order; all are at least `low`."""

    __slots__ = ("row",)
    __class__ = seen_as(tuple)

    def __init__(self, row: Row) -> None:
        self.row = row

    def size(self) -> SymbolicInt:
        return SymbolicInt(self.row.reached(0))

    def __iter__(self) -> Iterator[Any]:
        """Yield one view that represents each of them."""
        yield SymbolicInt(EACH_VIEW)


EACH_VIEW = z3.Int("each view")
"""Any of the views that are counted, in formulas about them."""


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
    """Return `len`, without a fork for a symbolic number."""
    sized = type(value) in (Supporters, Views, Descending, Gathered)
    return value.size() if sized else len(value)


def supporters(votes: Any, view: Any, digest: Any) -> Supporters:
    """Summarise `state.supporters`."""
    if type(votes) is not Row or votes.kind not in (Kind.PREPARE, Kind.COMMIT):
        raise unmodelled("votes that are no row of votes")
    return Supporters(votes, view, digest)


def certificate_of(votes: Any) -> Certificate:
    """Summarise `state.certificate_of`: the signatures count if there are enough votes."""
    if type(votes) is not Supporters:
        raise unmodelled("a certificate of anything but supporters")
    size = votes.size().term
    if not decide(size >= 1):
        raise IndexError("tuple index out of range")
    return made_of(votes.row, votes.view, votes.digest, size)


def made_of(row: Row, view: Any, digest: Any, size: z3.ArithRef) -> Certificate:
    """Return the certificate of a row's `size` votes for a digest in a view."""
    n = row.n.term
    enough = z3.And(size >= quorum_of(n), size <= n)
    signatures: Any = Endorsements(enough)
    return Certificate(row.kind, row.height, view, digest, signatures)


def views_reached(agreement: Any) -> Views:
    """Summarise `state.views_reached`."""
    return Views(agreement.slots.view_changes)


def descending(views: Any, *, reverse: bool) -> Descending:
    """Return views `sorted` in descending order."""
    if type(views) is not Views or reverse is not True:
        raise unmodelled("sorting anything but views in descending order")
    return Descending(views)


def gathered_view_changes(agreement: Any) -> Gathered:
    """Summarise `state.gathered_view_changes`."""
    return Gathered(agreement.slots.view_changes, agreement.view)
