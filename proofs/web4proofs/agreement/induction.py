"""The proof by induction: a query for each conjunct, at the start and after each action.

Together they show that the invariant holds in every state that any number of platforms can reach in
any number of steps, and that the consequences hold with it.
If an action breaks a conjunct, the smallest world that shows this is found, and plain Python
confirms it before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import z3
from attrs import field, frozen

from web4proofs.agreement import finite
from web4proofs.agreement.counterexample import shown, smallest
from web4proofs.agreement.logic import ForAll, Implies, Not, Variable, every
from web4proofs.agreement.model import Action, Claim, Protocol
from web4proofs.agreement.stratification import Dependences, circle, dependences
from web4proofs.agreement.symbolic_reading import Meaning, Reader
from web4proofs.smt import EFFORT, ask
from web4proofs.theorem import Answer, Failure, Outcome, Query


@frozen
class Question:
    """A question to the solver, and its subject.

    `formulas` must be impossible together (`needed` is UNSAT), or possible (SAT).
    `denied` is the claim that they deny, in the state after `action` if there is one.
    """

    name: str
    formulas: tuple[z3.BoolRef, ...] = field(repr=False)
    needed: Answer
    denied: Claim | None = None
    assumed: tuple[Claim, ...] = ()
    action: Action | None = None
    parameters: Mapping[Variable, z3.ExprRef] = {}


@frozen
class _Reading:
    """A protocol, translated once for all its questions."""

    protocol: Protocol
    reader: Reader
    before: Meaning
    axioms: tuple[z3.BoolRef, ...]
    claims: Mapping[str, z3.BoolRef]
    """Conjuncts of the invariant, and consequences, in the state before an action."""

    @classmethod
    def of(cls, protocol: Protocol) -> _Reading:
        reader = Reader()
        before = reader.symbols(protocol.relations)
        claims = (*protocol.invariant, *(each.claim for each in protocol.consequences))
        return cls(
            protocol,
            reader,
            before,
            tuple(reader.formula(axiom.formula, before, {}) for axiom in protocol.axioms),
            {claim.name: reader.formula(claim.formula, before, {}) for claim in claims},
        )

    @property
    def invariant(self) -> tuple[z3.BoolRef, ...]:
        return tuple(self.claims[claim.name] for claim in self.protocol.invariant)

    @property
    def start(self) -> tuple[z3.BoolRef, ...]:
        """Return formulas for the start: no changing relation holds of anything."""
        nothing = []
        for relation in self.protocol.relations:
            if relation.changes:
                of = tuple(Variable(f"x{at}", sort) for at, sort in enumerate(relation.sorts))
                formula = every(*of, holds=Not(relation(*of)))
                nothing.append(self.reader.formula(formula, self.before, {}))
        return tuple(nothing)


def questions(protocol: Protocol) -> Iterator[Question]:
    """Yield every question that proves a protocol."""
    reading = _Reading.of(protocol)
    yield from _at_the_start(reading)
    for action in protocol.actions:
        yield from _after_an_action(reading, action)
    yield from _consequences(reading)


def _at_the_start(reading: _Reading) -> Iterator[Question]:
    given = (*reading.axioms, *reading.start)
    yield Question("start: possible", given, Answer.SAT)
    for claim in reading.protocol.invariant:
        denial = z3.Not(reading.claims[claim.name])
        yield Question(f"start: {claim.name}", (*given, denial), Answer.UNSAT, denied=claim)


def _after_an_action(reading: _Reading, action: Action) -> Iterator[Question]:
    reader, before = reading.reader, reading.before
    parameters = reader.named(action.parameters)
    premises = tuple(
        reader.formula(premise.formula, before, parameters) for premise in action.premises
    )
    given = (*reading.axioms, *reading.invariant, *premises)
    yield Question(f"{action.name}: possible", given, Answer.SAT)
    then = reader.after(before, action, parameters)
    for claim in reading.protocol.invariant:
        denial = z3.Not(reader.formula(claim.formula, then, {}))
        yield Question(
            f"{action.name}: {claim.name}",
            (*given, denial),
            Answer.UNSAT,
            denied=claim,
            assumed=reading.protocol.invariant,
            action=action,
            parameters=parameters,
        )


def _consequences(reading: _Reading) -> Iterator[Question]:
    """Yield the consequences; each antecedent must also be possible, or the claim is vacuous."""
    known = {claim.name: claim for claim in reading.protocol.invariant}
    for consequence in reading.protocol.consequences:
        claim = consequence.claim
        given = (*reading.axioms, *(reading.claims[name] for name in consequence.uses))
        yield Question(f"{claim.name}: possible", (*given, _occasion(reading, claim)), Answer.SAT)
        yield Question(
            f"{claim.name}: follows",
            (*given, z3.Not(reading.claims[claim.name])),
            Answer.UNSAT,
            denied=claim,
            assumed=tuple(known[name] for name in consequence.uses),
        )
        known[claim.name] = claim


def _occasion(reading: _Reading, claim: Claim) -> z3.BoolRef:
    """Require elements to which the claim, "for all these: if this then that", applies."""
    match claim.formula:
        case ForAll(variables, Implies(premise, _)):
            named = reading.reader.named(variables)
            return reading.reader.formula(premise, reading.before, named)
    raise TypeError(f"{claim.name} has no antecedent")


# --- asking ------------------------------------------------------------------------------------


def prove(protocol: Protocol, *, seed: int = 0, effort: int = EFFORT) -> Outcome:
    """Ask every question, and explain each failure."""
    queries: list[Query] = []
    failures: list[Failure] = []
    known: dict[int, Dependences] = {}
    for question in questions(protocol):
        path = circle(_dependences(question, known))
        if path:
            outside = f"outside the decidable fragment: {' -> '.join(path)}"
            failures.append(Failure(question.name, outside))
            continue
        query, _ = ask(question.name, question.formulas, question.needed, seed=seed, effort=effort)
        queries.append(query)
        if not query.holds:
            failures.append(explain(protocol, question, query.got))
    return Outcome(tuple(queries), failures=tuple(failures))


def _dependences(question: Question, known: dict[int, Dependences]) -> Dependences:
    """Return the dependences of a question's formulas; `known` caches them by formula."""
    found: Dependences = frozenset()
    for formula in question.formulas:
        name = formula.get_id()
        if name not in known:
            known[name] = dependences(formula)
        found |= known[name]
    return found


def explain(protocol: Protocol, question: Question, got: Answer) -> Failure:
    """Explain why a question was not answered as needed, on the smallest world if there is one."""
    claim = question.denied
    if claim is None or got is not Answer.SAT:
        why = {Answer.UNSAT: "contradictory premises", Answer.UNKNOWN: "effort exhausted"}
        return Failure(question.name, why.get(got, "no instance was looked for"))
    found = smallest(protocol, question.formulas, question.action, question.parameters)
    if found is None:
        return Failure(question.name, f"{claim.name} breaks, in a world too large to show")
    world, step = found
    taken = "where it should hold" if step is None else f"by {step}"
    if not _replays(protocol, question, world, step):
        taken = f"{taken}; in plain Python this does NOT come out the same"
    return Failure(question.name, f"{claim.name} breaks {taken}: {claim.says}", shown(world))


def _replays(
    protocol: Protocol, question: Question, world: finite.World, step: finite.Step | None
) -> bool:
    """Return whether plain Python confirms it: the assumptions hold, and the claim breaks."""
    if question.denied is None or finite.broken((*protocol.axioms, *question.assumed), world):
        return False
    if step is None:
        return bool(finite.broken((question.denied,), world))
    then = finite.after(step, world)
    return not finite.refused(step, world) and bool(finite.broken((question.denied,), then))
