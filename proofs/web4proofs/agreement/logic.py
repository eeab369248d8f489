"""First-order logic as plain values, with several readings.

A model is written once in these values. It is read as solver formulas (`symbolic_reading`), as a
Python truth value over finitely many elements (`finite`), and as text for people (`text`).

The language is small on purpose: sorts without structure, relations, equality, and quantifiers.
It has no functions and no constants, so an element can come only from a quantifier; this keeps the
queries in the fragment that a solver can decide.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen


@frozen
class Sort:
    """A kind of elements, of any number."""

    name: str
    says: str


@frozen
class Variable:
    """A variable for elements of its sort; two variables are the same if their names are."""

    name: str
    sort: Sort


@frozen
class Relation:
    """A relation of elements; `changes` says whether an action can alter it."""

    name: str
    sorts: tuple[Sort, ...]
    says: str
    changes: bool = True

    def __call__(self, *of: Variable) -> Holds:
        """Return the formula that the relation holds of these variables."""
        _check_sorts(self.name, self.sorts, of)
        return Holds(self, of)


@frozen
class Definition:
    """A named formula: it means its body, and makes the formulas that use it readable."""

    name: str
    variables: tuple[Variable, ...]
    body: Formula
    says: str

    def __call__(self, *of: Variable) -> Defined:
        """Return the body for these variables."""
        _check_sorts(self.name, tuple(variable.sort for variable in self.variables), of)
        return Defined(self, of)


@frozen
class Holds:
    """The formula that a relation holds of some variables."""

    relation: Relation
    of: tuple[Variable, ...]


@frozen
class Defined:
    """The formula of a definition for some variables."""

    definition: Definition
    of: tuple[Variable, ...]


@frozen
class Equal:
    """The formula that two variables have the same value."""

    one: Variable
    other: Variable


@frozen
class Not:
    """Negation."""

    part: Formula


@frozen
class And:
    """The formula that all parts hold; true if there are none."""

    parts: tuple[Formula, ...]


@frozen
class Or:
    """The formula that some part holds; false if there are none."""

    parts: tuple[Formula, ...]


@frozen
class Implies:
    """The formula that the conclusion holds if the premise does."""

    premise: Formula
    conclusion: Formula


@frozen
class ForAll:
    """The formula that the body holds for all values of the variables."""

    variables: tuple[Variable, ...]
    body: Formula


@frozen
class Exists:
    """The formula that the body holds for some values of the variables."""

    variables: tuple[Variable, ...]
    body: Formula


Formula: TypeAlias = Holds | Defined | Equal | Not | And | Or | Implies | ForAll | Exists

TRUE = And(())


def both(*parts: Formula) -> And:
    """Return the formula that all of these hold."""
    return And(parts)


def either(*parts: Formula) -> Or:
    """Return the formula that at least one of these holds."""
    return Or(parts)


def every(*variables: Variable, holds: Formula) -> ForAll:
    """Return `ForAll`, with the variables first, in the order of speech."""
    return ForAll(variables, holds)


def some(*variables: Variable, holds: Formula) -> Exists:
    """Return `Exists`, with the variables first, in the order of speech."""
    return Exists(variables, holds)


def _check_sorts(name: str, sorts: tuple[Sort, ...], of: tuple[Variable, ...]) -> None:
    given = tuple(variable.sort for variable in of)
    if given != sorts:
        wanted = ", ".join(sort.name for sort in sorts)
        raise TypeError(f"{name} is said of ({wanted}), not of {of}")
