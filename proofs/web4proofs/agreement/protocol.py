"""The classes for the parts of a protocol and of its proof."""

from __future__ import annotations

from attrs import frozen

from web4proofs.agreement.logic import Formula, Relation, Variable
from web4proofs.agreement.vocabulary import RELATIONS


@frozen
class Claim:
    """A formula with a name, and the clauses of `spec/` that it renders."""

    name: str
    formula: Formula
    says: str
    clauses: tuple[str, ...] = ()


@frozen
class Premise:
    """One condition of an action, in terms of its parameters.

    If `local` is true, the acting platform's own relations decide the condition, so its local state
    must show it. Otherwise a certificate shows it, which passed the gate or was counted.
    """

    name: str
    formula: Formula
    says: str
    clauses: tuple[str, ...] = ()
    local: bool = True


@frozen
class Update:
    """The new value of a relation: it holds of the variables if the formula held before."""

    relation: Relation
    variables: tuple[Variable, ...]
    formula: Formula


@frozen
class Action:
    """A step of one honest platform.

    `rules` are the functions of the code that take this step, by module and qualified name.
    Relations without an update stay as they were.
    """

    name: str
    says: str
    rules: tuple[str, ...]
    parameters: tuple[Variable, ...]
    premises: tuple[Premise, ...]
    updates: tuple[Update, ...] = ()

    def premise(self, name: str) -> Premise:
        """Return the premise with this name."""
        return next(premise for premise in self.premises if premise.name == name)


@frozen
class Consequence:
    """A claim that follows from others, in every state in which these hold.

    `uses` names the others: conjuncts of the invariant, or earlier consequences.
    """

    claim: Claim
    uses: tuple[str, ...]


@frozen
class Protocol:
    """A protocol with everything to prove of it.

    At the start no changing relation holds of anything.
    """

    axioms: tuple[Claim, ...]
    actions: tuple[Action, ...]
    invariant: tuple[Claim, ...]
    consequences: tuple[Consequence, ...] = ()
    relations: tuple[Relation, ...] = RELATIONS

    def action(self, name: str) -> Action:
        """Return the action with this name."""
        return next(action for action in self.actions if action.name == name)
