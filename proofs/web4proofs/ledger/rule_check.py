"""The check of statements about rules, which the theorems about rules share.

A rule is explored along every path and replayed. A case is one path of it: the state before, the
call, and the answer. Statements are formulas about a case. If one does not follow, the
counterexample runs on the plain code before it is shown.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import z3
from attrs import frozen

from web4core.ledger.rules import Call
from web4core.ledger.state import Account, CrossTransfer, Entry
from web4proofs import smt
from web4proofs.ledger.abstract import After, Before
from web4proofs.ledger.code_check import Statement, explored, together
from web4proofs.ledger.conditions import Given
from web4proofs.ledger.source import imports_of, lines_of, source_of
from web4proofs.ledger.view import Rule, SymbolicView
from web4proofs.symbolic import Path
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import Taken, difference, executed, taken_by
from web4proofs.theorem import Failure, Outcome, Query


@frozen
class Case:
    """One path of a rule."""

    rule: Rule
    path: Path[Taken]
    view: SymbolicView
    body: Any
    call: Call
    answer: enum.Enum | tuple[Entry, ...]
    """A refusal, which is a member of an enum such as `Code`, or the changed entries."""
    before: Before
    after: After
    """The state after; equal to `before` if the rule refused."""

    @property
    def given(self) -> Given:
        """The case in the terms of a contract."""
        return Given(self.before, self.body, self.call)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The changed entries; none for a refusal."""
        return () if isinstance(self.answer, enum.Enum) else self.answer

    @property
    def premises(self) -> tuple[z3.BoolRef, ...]:
        """The formulas that hold for every input that takes this path."""
        return (*self.path.condition, *self.before.facts(self.view))


Premises: TypeAlias = Callable[[Case], Iterable[z3.BoolRef]]
Statements: TypeAlias = Callable[[Case], Iterable[Statement]]


def nothing_more(_case: Case) -> Iterable[z3.BoolRef]:
    """Return no premise beside the path."""
    return ()


def judge(rules: Sequence[Rule], states: Statements, premises: Premises = nothing_more) -> Outcome:
    """Prove these statements of every path of these rules, under these premises."""
    return together(_judge(rule, states, premises) for rule in rules)


def _judge(rule: Rule, states: Statements, premises: Premises) -> Outcome:
    name = rule.kind.__name__
    found = explored(name, rule.subject)
    failures = list(found.failures)
    queries: list[Query] = []
    answered: set[bool] = set()
    for number, path in enumerate(found.exploration.paths):
        where = f"{name}, path {number}"
        case = _case(rule, path)
        if isinstance(case, str):
            failures.append(_crash(where, rule, path, case))
            continue
        asked, failed, is_possible = _judge_case(where, case, states(case), premises(case))
        queries += asked
        failures += failed
        if is_possible:
            answered.add(isinstance(case.answer, enum.Enum))
    if False not in answered and not failures:
        failures.append(Failure(name, "under the premises nothing is ever carried out"))
    done = executed(rule.subject.functions)
    return Outcome(tuple(queries), len(found.exploration.paths), done, tuple(failures))


def _judge_case(
    where: str, case: Case, statements: Iterable[Statement], premises: Iterable[z3.BoolRef]
) -> tuple[list[Query], list[Failure], bool]:
    known = [*case.premises, *premises]
    possible, _ = smt.possible(f"{where}: premises", known)
    if not possible.holds:
        # No state that satisfies the premises takes this path; the path alone must be possible.
        alone, _ = smt.possible(f"{where}: path", case.premises)
        return [alone], [], False
    queries, failures = [possible], []
    for statement in statements:
        query, model = smt.valid(f"{where}: {statement.name}", known, statement.formula)
        queries.append(query)
        if model is not None:
            found = statement.explain(model) if statement.explain else "it does not hold"
            failures.append(_counterexample(query.name, found, case, model))
    return queries, failures, True


def _case(rule: Rule, path: Path[Taken]) -> Case | str:
    """Return the case of a path, or what is wrong with the rule's answer."""
    taken = taken_by(path)
    if taken.raised is not None:
        return f"the rule raises {taken.raised!r}"
    answer = taken.result
    if not isinstance(answer, enum.Enum) and not _are_entries(answer):
        return f"the rule returns neither a refusal nor entries, but a {type(answer).__name__}"
    view, body, call = taken.arguments
    before = Before()
    after = After(before, () if isinstance(answer, enum.Enum) else answer)
    return Case(rule, path, view, body, call, answer, before, after)


def _are_entries(answer: object) -> bool:
    return type(answer) is tuple and all(type(each) in (Account, CrossTransfer) for each in answer)


def _crash(where: str, rule: Rule, path: Path[Taken], what: str) -> Failure:
    taken = taken_by(path)
    if path.model is None:
        return Failure(where, what)
    return _shown(where, what, rule, taken, path.model)


def _counterexample(name: str, found: str, case: Case, model: z3.ModelRef) -> Failure:
    return _shown(name, found, case.rule, taken_by(case.path), model)


def _shown(name: str, found: str, rule: Rule, taken: Taken, model: z3.ModelRef) -> Failure:
    """Return a counterexample in values of the code, if the plain code confirms it."""
    view, body, call = taken.arguments
    concretion = Concretion(model)
    entries, keys = view.parts(concretion)
    plain_body, plain_call = concretion(body), concretion(call)
    values = (
        ("entries", source_of(entries)),
        ("platform_keys", source_of(keys)),
        ("body", source_of(plain_body)),
        ("call", source_of(plain_call)),
        ("outcome", source_of(concretion(taken.result))),
    )
    differs = difference(rule.subject, taken, Concretion(model))
    if differs is not None:
        return Failure(name, f"{found}; it does not replay on the plain code: {differs}", values)
    return Failure(
        name,
        found,
        values,
        _snippet(found, rule.module, entries, keys, plain_body, plain_call),
    )


_CALL: Final = """\
placed = sorted(((path_of(entry), entry) for entry in entries), key=lambda pair: pair[0])
view = Overlay(LedgerState(Map.build(encode_entry, placed), 0), platform_keys)
print(RULES[type(body)](view, body, call))
"""


def _snippet(
    found: str, module: str, entries: tuple[Any, ...], keys: Any, body: Any, call: Call
) -> str:
    lines = [
        f"# {found}",
        f"from {module} import RULES",
        "from web4core.ledger.overlay import Overlay",
        "from web4core.ledger.state import LedgerState, encode_entry, path_of",
        "from web4core.merkle import Map",
        *imports_of(entries, keys, body, call),
        "",
        *lines_of("entries", entries),
        f"platform_keys = {source_of(keys)}",
        f"body = {source_of(body)}",
        f"call = {source_of(call)}",
    ]
    return "\n".join(lines) + f"\n{_CALL}"
