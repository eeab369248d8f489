"""From one height to the chain: agreement at each height gives one chain and one state.

Agreement is proved at each height for platforms that take the same federation for theirs.
It extends to the chain by induction over heights: two platforms that are the same up to a height
and agree on the next block are the same up to the next height.

Three functions of platform and height describe a platform after a height: its federation, its
chain of blocks, and its application's state. Only the premises say anything of them, so each
premise must be shown to be needed.
"""

from __future__ import annotations

from typing import Final

import z3
from attrs import field, frozen

from web4proofs.smt import ask
from web4proofs.theorem import Answer, Failure, Outcome, Query

_PLATFORM, _FEDERATION, _CHAIN, _BLOCK, _STATE = (
    z3.DeclareSort(name) for name in ("Platform", "Federation", "Chain", "Block", "State")
)
_federation = z3.Function("federation", _PLATFORM, z3.IntSort(), _FEDERATION)
_chain = z3.Function("chain", _PLATFORM, z3.IntSort(), _CHAIN)
_state = z3.Function("state", _PLATFORM, z3.IntSort(), _STATE)
_block = z3.Function("block", _PLATFORM, z3.IntSort(), _BLOCK)
_has = z3.Function("has", _PLATFORM, z3.IntSort(), z3.BoolSort())
_longer = z3.Function("longer", _CHAIN, _BLOCK, _CHAIN)
_apply = z3.Function("apply", _STATE, _BLOCK, _STATE)

_x, _y = z3.Consts("x y", _PLATFORM)
"""Any two honest platforms."""

_h = z3.Int("h")
"""Any height from 0 on; the step of the induction goes from it to the next."""


@frozen
class Premise:
    """A premise of the induction, with its source."""

    name: str
    says: str
    source: str
    formula: z3.BoolRef = field(repr=False)


def _of_both(of: z3.FuncDeclRef, height: z3.ArithRef | int) -> z3.BoolRef:
    return of(_x, height) == of(_y, height)


def _each(*formulas: z3.BoolRef) -> z3.BoolRef:
    """Return the formulas about the platform x, and the same about y."""
    said = z3.And(*formulas)
    return z3.And(said, z3.substitute(said, (_x, _y)))


PREMISES: Final = (
    Premise(
        "one_genesis",
        "all begin with the federation, the first block and the state of the same genesis",
        "A4, A-APP-2",
        z3.And(_of_both(_federation, 0), _of_both(_chain, 0), _of_both(_state, 0)),
    ),
    Premise(
        "fixed_federation",
        "a block does not change whom a platform takes for the federation",
        "C-DEC-2",
        _each(_federation(_x, _h + 1) == _federation(_x, _h)),
    ),
    Premise(
        "in_order",
        "a platform decides a height only after those below",
        "C-DEC-2, I-TIP-1",
        _each(z3.Implies(_has(_x, _h + 1), _has(_x, _h))),
    ),
    Premise(
        "agreement",
        "platforms of one federation decide the same block at a height",
        "P-AGREE-1",
        z3.Implies(
            z3.And(_has(_x, _h + 1), _has(_y, _h + 1), _of_both(_federation, _h)),
            _of_both(_block, _h + 1),
        ),
    ),
    Premise(
        "one_chain",
        "the decided block becomes the tip",
        "C-DEC-2",
        _each(_chain(_x, _h + 1) == _longer(_chain(_x, _h), _block(_x, _h + 1))),
    ),
    Premise(
        "deterministic",
        "the state after a block depends on the state before and the block alone",
        "C-VALID-4, A-APP-4",
        _each(_state(_x, _h + 1) == _apply(_state(_x, _h), _block(_x, _h + 1))),
    ),
)


def _same_up_to(height: z3.ArithRef | int) -> z3.BoolRef:
    """Require that the platforms are the same up to the height, if both have it."""
    alike = (_of_both(of, height) for of in (_federation, _chain, _state))
    return z3.Implies(z3.And(_has(_x, height), _has(_y, height)), z3.And(*alike))


def chains_agree(premises: tuple[Premise, ...] = PREMISES) -> Outcome:
    """Ask for the start and the step, and whether each premise is needed for them."""
    queries: list[Query] = []
    both_go_on = (_h >= 0, _has(_x, _h + 1), _has(_y, _h + 1), _x != _y)
    known = (*(each.formula for each in premises), _same_up_to(_h), *both_go_on)
    queries.append(ask("two platforms can go on", known, Answer.SAT)[0])
    for name, formulas in _induction(premises):
        queries.append(ask(name, formulas, Answer.UNSAT)[0])
    for missing in premises:
        rest = tuple(each for each in premises if each is not missing)
        broken = z3.Or(*(z3.And(*formulas) for _, formulas in _induction(rest)))
        queries.append(ask(f"needs {missing.name}", (broken,), Answer.SAT)[0])
    failures = tuple(
        Failure(query.name, f"needed {query.needed.value}, got {query.got.value}")
        for query in queries
        if not query.holds
    )
    return Outcome(tuple(queries), failures=failures)


def _induction(premises: tuple[Premise, ...]) -> tuple[tuple[str, tuple[z3.BoolRef, ...]], ...]:
    """Return the two cases that must be impossible: the start fails, or the step does."""
    given = tuple(each.formula for each in premises)
    return (
        ("the same at the start", (*given, z3.Not(_same_up_to(0)))),
        (
            "the same one height on",
            (*given, _h >= 0, _same_up_to(_h), z3.Not(_same_up_to(_h + 1))),
        ),
    )
