"""The necessity of every part of the proof: without any one part, the proof fails.

If a premise of an action or a conjunct of an invariant could be left out, the proof would not rest
on it: a reader would trust it in vain, and a mutant that drops it would survive. So each is left
out in turn, and a counterexample must appear.
The few parts that no proof rests on are listed with the reason, and the list is checked, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import evolve

from web4proofs.agreement.induction import Question, questions
from web4proofs.agreement.model import ACTIONS, AGREED, JUDGED_FIRST, UNAMBIGUOUS, Action, Protocol
from web4proofs.smt import ask
from web4proofs.theorem import Answer, Failure, Outcome, Query

PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "agreement": AGREED,
    "validity": JUDGED_FIRST,
    "unambiguity": UNAMBIGUOUS,
}
"""The protocols to prove; a premise is needed if the proof of one of them fails without it."""

_EVEN_BYZANTINE = "a Byzantine platform that keeps to the rules harms nothing"
_IN_ITS_VIEW = "it only says which view a platform proposes in; nothing rests on that"
_LOCK_STILL_ASKED = (
    "a late PREPARE passes the lock as any other; it is the late COMMIT that could decide anew"
)

IDLE: Final[Mapping[tuple[str, str], str]] = {
    **{(action.name, "honest"): _EVEN_BYZANTINE for action in ACTIONS},
    ("prepare", "not_left"): _LOCK_STILL_ASKED,
    ("prepare_justified", "not_left"): _LOCK_STILL_ASKED,
    ("propose", "not_left"): _IN_ITS_VIEW,
    ("propose", "reached"): _IN_ITS_VIEW,
    ("enter", "reached"): "whoever enters a view leaves all below it, wherever it was before",
    ("prepare_justified", "justified_below"): "of whatever view the certificate is, honest"
    " platforms prepared that digest before, and passed their own locks",
}
"""By action and premise, the reason why the proofs do not need it."""


def without_premise(protocol: Protocol, action: str, premise: str) -> Protocol:
    """Return the protocol in which this action lacks this premise."""

    def changed(each: Action) -> Action:
        if each.name != action:
            return each
        return evolve(each, premises=tuple(p for p in each.premises if p.name != premise))

    return evolve(protocol, actions=tuple(changed(each) for each in protocol.actions))


def without_conjunct(protocol: Protocol, name: str) -> Protocol:
    """Return the protocol whose invariant lacks this conjunct."""
    rest = tuple(claim for claim in protocol.invariant if claim.name != name)
    uses = tuple(
        evolve(each, uses=tuple(used for used in each.uses if used != name))
        for each in protocol.consequences
    )
    return evolve(protocol, invariant=rest, consequences=uses)


def nothing_is_idle(
    idle: Mapping[tuple[str, str], str] = IDLE,
    actions: Iterable[Action] = ACTIONS,
    protocols: Mapping[str, Protocol] = PROTOCOLS,
) -> Outcome:
    """Leave out each part in turn, and ask whether the proof fails."""
    queries: list[Query] = []
    for action in actions:
        for premise in action.premises:
            part = f"{action.name} without {premise.name}"
            asked = _about_action(protocols, action.name, premise.name)
            if (action.name, premise.name) in idle:
                queries.append(_all_hold(part, asked))
            else:
                queries.append(_one_breaks(part, asked))
    for about, protocol in protocols.items():
        for claim in protocol.invariant:
            asked = questions(without_conjunct(protocol, claim.name))
            queries.append(_one_breaks(f"{about} without {claim.name}", asked))
    failures = tuple(Failure(query.name, _WRONG[query.got]) for query in queries if not query.holds)
    return Outcome(tuple(queries), failures=failures)


_WRONG: Final = {
    Answer.UNSAT: "nothing breaks, so that nothing rests on it",
    Answer.SAT: "it is needed, though it is listed as one that is not",
    Answer.UNKNOWN: "not decided",
}


def _about_action(
    protocols: Mapping[str, Protocol], action: str, premise: str
) -> Iterator[Question]:
    """Yield the questions about an action without this premise, of all protocols."""
    for protocol in protocols.values():
        changed = without_premise(protocol, action, premise)
        yield from questions(evolve(changed, actions=(changed.action(action),), consequences=()))


def _one_breaks(part: str, asked: Iterable[Question]) -> Query:
    """Ask until a question gets a counterexample, as one of them must."""
    return _until(part, Answer.SAT, asked)


def _all_hold(part: str, asked: Iterable[Question]) -> Query:
    """Ask all questions; none may get a counterexample."""
    return _until(part, Answer.UNSAT, asked)


def _until(part: str, needed: Answer, asked: Iterable[Question]) -> Query:
    """Ask for counterexamples until an answer is not `unsat`; return the last query."""
    seconds, effort, got = 0.0, 0, Answer.UNKNOWN
    for question in asked:
        if question.needed is not Answer.UNSAT:
            continue
        query, _ = ask(question.name, question.formulas, Answer.UNSAT)
        seconds, effort, got = seconds + query.seconds, effort + query.effort, query.got
        if got is not Answer.UNSAT:
            break
    return Query(part, needed, got, seconds, effort)
