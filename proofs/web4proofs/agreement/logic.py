"""First-order logic as plain values, to be read in several ways.

A model written once in these values is read as questions to a solver (`symbolic_reading`), as
a Python truth value over finitely many elements (`finite`), and as text for people (`text`).

The language is small on purpose: sorts without structure, relations, equality, and quantifiers.
There are no functions and no constants, so that an element can come only from a quantifier;
that is what keeps the questions within the fragment that a solver can decide.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen


@frozen
class Sort:
    """A kind of element, of which there may be any number."""

    name: str
    says: str


@frozen
class Variable:
    """Stands for an element of its sort; two variables are the same if their names are."""

    name: str
    sort: Sort


@frozen
class Relation:
    """What may hold of elements; `changes` tells whether an action can alter it."""

    name: str
    sorts: tuple[Sort, ...]
    says: str
    changes: bool = True

    def __call__(self, *of: Variable) -> Holds:
        """That the relation holds of these."""
        _check_sorts(self.name, self.sorts, of)
        return Holds(self, of)


@frozen
class Definition:
    """A formula with a name: it means its body, and makes what is built of it readable."""

    name: str
    variables: tuple[Variable, ...]
    body: Formula
    says: str

    def __call__(self, *of: Variable) -> Defined:
        """The body, said of these."""
        _check_sorts(self.name, tuple(variable.sort for variable in self.variables), of)
        return Defined(self, of)


@frozen
class Holds:
    """That a relation holds."""

    relation: Relation
    of: tuple[Variable, ...]


@frozen
class Defined:
    """What a definition says of these."""

    definition: Definition
    of: tuple[Variable, ...]


@frozen
class Equal:
    """That two variables stand for one element."""

    one: Variable
    other: Variable


@frozen
class Not:
    """Negation."""

    part: Formula


@frozen
class And:
    """That all parts hold; true if there are none."""

    parts: tuple[Formula, ...]


@frozen
class Or:
    """That some part holds; false if there are none."""

    parts: tuple[Formula, ...]


@frozen
class Implies:
    """That the conclusion holds if the premise does."""

    premise: Formula
    conclusion: Formula


@frozen
class ForAll:
    """That the body holds whatever the variables stand for."""

    variables: tuple[Variable, ...]
    body: Formula


@frozen
class Exists:
    """That the body holds for some elements."""

    variables: tuple[Variable, ...]
    body: Formula


Formula: TypeAlias = Holds | Defined | Equal | Not | And | Or | Implies | ForAll | Exists

TRUE = And(())


def both(*parts: Formula) -> And:
    """That all of these hold."""
    return And(parts)


def either(*parts: Formula) -> Or:
    """That one of these holds at least."""
    return Or(parts)


def every(*variables: Variable, holds: Formula) -> ForAll:
    """`ForAll`, with the variables first, as one says it."""
    return ForAll(variables, holds)


def some(*variables: Variable, holds: Formula) -> Exists:
    """`Exists`, with the variables first, as one says it."""
    return Exists(variables, holds)


def _check_sorts(name: str, sorts: tuple[Sort, ...], of: tuple[Variable, ...]) -> None:
    given = tuple(variable.sort for variable in of)
    if given != sorts:
        wanted = ", ".join(sort.name for sort in sorts)
        raise TypeError(f"{name} is said of ({wanted}), not of {of}")
