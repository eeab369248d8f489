"""The parts of which a protocol and its proof are made."""

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

    `local` tells that the acting platform's own relations decide it, so that its local state must
    show it; the others are shown by a certificate, which passed the gate or was counted.
    """

    name: str
    formula: Formula
    says: str
    clauses: tuple[str, ...] = ()
    local: bool = True


@frozen
class Update:
    """What a relation becomes: it holds of the variables if the formula held before the action."""

    relation: Relation
    variables: tuple[Variable, ...]
    formula: Formula


@frozen
class Action:
    """A step of one honest platform.

    `rules` name the functions of the code whose step it is, by module and qualified name.
    What no update names stays as it was.
    """

    name: str
    says: str
    rules: tuple[str, ...]
    parameters: tuple[Variable, ...]
    premises: tuple[Premise, ...]
    updates: tuple[Update, ...] = ()

    def premise(self, name: str) -> Premise:
        """The premise of this name."""
        return next(premise for premise in self.premises if premise.name == name)


@frozen
class Consequence:
    """A claim that follows from others, in every state in which these hold.

    `uses` names them: conjuncts of the invariant, or consequences stated before.
    """

    claim: Claim
    uses: tuple[str, ...]


@frozen
class Protocol:
    """Everything that there is to be proved.

    At first no relation that changes holds of anything.
    """

    axioms: tuple[Claim, ...]
    actions: tuple[Action, ...]
    invariant: tuple[Claim, ...]
    consequences: tuple[Consequence, ...] = ()
    relations: tuple[Relation, ...] = RELATIONS

    def action(self, name: str) -> Action:
        """The action of this name."""
        return next(action for action in self.actions if action.name == name)
