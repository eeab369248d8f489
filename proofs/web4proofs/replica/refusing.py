"""The clause of a refusal: the first one that is broken, in the order of the specification.

The order is that of the table above W-MSG-1. Here each clause has its own formula;
`invariant.well_formed` has them all in one.
"""

from __future__ import annotations

from typing import Any

import z3

from web4core.messages import Decided, Kind, Proposal, ViewChange
from web4proofs.replica.invariant import TRUE, Part, proves
from web4proofs.replica.terms import prepared_reference, proposer_of
from web4proofs.symbolic import equal, term


def names_the_first(refusal: Any, clauses: tuple[Part, ...]) -> Part:
    """Return that a refusal names the first broken clause, and that without one none is broken."""
    formula = z3.And([each.formula for each in clauses])
    if refusal is not None:
        named = [
            z3.And(z3.Not(each.formula), *(earlier.formula for earlier in clauses[:place]))
            for place, each in enumerate(clauses)
            if each.name == refusal.clause
        ]
        formula = z3.Or(named)
    return Part("a refusal names the first clause that is broken", formula)


def clauses_of(judge: Any, message: Any, kinds: tuple[Kind, ...]) -> tuple[Part, ...]:
    """Return the requirements of a message, clause by clause, in order."""
    if isinstance(message, Decided):
        return _of_decided(judge, message)
    statement = message.statement
    platform = term(statement.signer) < judge.keys.n.term
    first = (
        Part("W-MSG-4", z3.BoolVal(statement.kind in kinds)),
        Part("W-MSG-3", z3.And(platform, term(statement.height) >= 1)),
    )
    if isinstance(message, Proposal):
        return (*first, *_of_proposal(judge, message))
    if isinstance(message, ViewChange):
        return (*first, *_of_view_change(judge, message))
    return first


def _of_block(judge: Any, block: Any, height: Any) -> Part:
    chain = equal(block.header.chain_id, judge.chain_id)
    return Part("W-MSG-5", z3.And(chain, equal(block.header.height, height)))


def _of_proposal(judge: Any, message: Proposal) -> tuple[Part, ...]:
    statement, block, shown = message.statement, message.block, message.justification
    turn = term(statement.signer) == proposer_of(statement.height, statement.view)
    proved = TRUE
    if shown is not None:
        proved = proves(shown, Kind.PREPARE, statement.height, block.digest, statement.view)
    return (
        Part("W-MSG-6", z3.And(turn, equal(statement.digest, block.digest))),
        _of_block(judge, block, statement.height),
        Part("C-CERT-3", proved),
    )


def _of_view_change(judge: Any, message: ViewChange) -> tuple[Part, ...]:
    statement, shown, block = message.statement, message.prepared, message.block
    clauses = (
        Part("C-VIEW-1", term(statement.view) >= 1),
        Part("C-STMT-3", equal(statement.digest, prepared_reference(shown))),
        Part("C-VIEW-3", z3.BoolVal((shown is None) == (block is None))),
    )
    if shown is None or block is None:
        return clauses
    proved = proves(shown, Kind.PREPARE, statement.height, block.digest, statement.view)
    return (*clauses, _of_block(judge, block, statement.height), Part("C-CERT-3", proved))


def _of_decided(judge: Any, message: Decided) -> tuple[Part, ...]:
    block, height = message.block, message.block.header.height
    return (
        _of_block(judge, block, height),
        Part("C-CERT-4", proves(message.certificate, Kind.COMMIT, height, block.digest)),
        Part("W-MSG-3", term(height) >= 1),
    )
