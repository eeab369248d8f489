"""The reading for people: formulas, actions and whole protocols as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from web4proofs.agreement.logic import (
    And,
    Defined,
    Definition,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Implies,
    Not,
    Or,
    Relation,
    Variable,
)
from web4proofs.agreement.model import (
    DEFINITIONS,
    SORTS,
    Action,
    Claim,
    Protocol,
    Update,
)

_LOOSE, _IMPLIES, _OR, _AND, _TIGHT = range(5)
"""Precedences; a formula with a lower one than its place requires gets parentheses."""


def show(formula: Formula, place: int = _LOOSE) -> str:
    """Return the formula as text."""
    text, binds = _shown(formula)
    return f"({text})" if binds < place else text


def _shown(formula: Formula) -> tuple[str, int]:
    match formula:
        case Holds(relation, of):
            return f"{relation.name}({_names(of)})", _TIGHT
        case Defined(definition, of):
            return f"{definition.name}({_names(of)})", _TIGHT
        case Equal(one, other):
            return f"{one.name} = {other.name}", _TIGHT
        case Not(Equal(one, other)):
            return f"{one.name} != {other.name}", _TIGHT
        case Not(part):
            return f"not {show(part, _TIGHT)}", _TIGHT
        case And(parts):
            return _joined(" and ", parts, "true", _AND)
        case Or(parts):
            return _joined(" or ", parts, "false", _OR)
        case Implies(premise, conclusion):
            return f"{show(premise, _OR)} -> {show(conclusion, _IMPLIES)}", _IMPLIES
        case ForAll(variables, body):
            return f"for all {_names(variables)}: {show(body)}", _LOOSE
        case Exists(variables, body):
            return f"for some {_names(variables)}: {show(body)}", _LOOSE


def _joined(word: str, parts: tuple[Formula, ...], none: str, binds: int) -> tuple[str, int]:
    if len(parts) <= 1:
        return (show(parts[0], binds), binds) if parts else (none, _TIGHT)
    return word.join(show(part, _TIGHT) for part in parts), binds


def _names(variables: tuple[Variable, ...]) -> str:
    return ", ".join(variable.name for variable in variables)


def _clauses(clauses: tuple[str, ...]) -> str:
    return f" ({', '.join(clauses)})" if clauses else ""


def relation_line(relation: Relation) -> str:
    """Return the line of a relation: its name, its sorts, and its meaning."""
    sorts = ", ".join(sort.name for sort in relation.sorts)
    return f"{relation.name}({sorts}): {relation.says}"


def definition_line(definition: Definition) -> str:
    """Return the line of a definition: its name and its body."""
    return f"{definition.name}({_names(definition.variables)}) := {show(definition.body)}"


def claim_line(claim: Claim) -> str:
    """Return the line of a claim: its name, its formula, and its meaning."""
    return f"{claim.name}: {show(claim.formula)}"


def update_line(update: Update) -> str:
    """Return the line of an update; primed variables are the parameters of the relation."""
    return f"{update.relation.name}({_names(update.variables)}) := {show(update.formula)}"


def action_lines(action: Action) -> Iterator[str]:
    """Yield the lines of an action: its head, its meaning, its premises and its updates."""
    sorts = ", ".join(f"{each.name}: {each.sort.name}" for each in action.parameters)
    yield f"{action.name}({sorts})"
    yield f"    {action.says}"
    yield f"    the step of {', '.join(action.rules)}"
    for premise in action.premises:
        shown = show(premise.formula)
        yield f"    requires {premise.name}: {shown}{_clauses(premise.clauses)}"
    for update in action.updates:
        yield f"    {update_line(update)}"


def protocol_lines(protocol: Protocol) -> Iterator[str]:
    """Yield the lines of the whole protocol, with its claims."""
    for sort in SORTS:
        yield f"sort {sort.name}: {sort.says}"
    for relation in protocol.relations:
        yield f"relation {relation_line(relation)}"
    for definition in DEFINITIONS:
        yield f"define {definition_line(definition)}"
    for claim in protocol.axioms:
        yield f"axiom {claim_line(claim)}"
    for action in protocol.actions:
        head, *rest = action_lines(action)
        yield f"action {head}"
        yield from rest
    for claim in protocol.invariant:
        yield f"invariant {claim_line(claim)}{_clauses(claim.clauses)}"
    for consequence in protocol.consequences:
        yield f"follows {claim_line(consequence.claim)}{_clauses(consequence.claim.clauses)}"
