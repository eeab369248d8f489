"""Plain inputs that take a path: values of the code's types, drawn from the solver's model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import z3

from web4proofs import smt
from web4proofs.symbolic.containers import Record
from web4proofs.symbolic.engine import Path, Unmodelled
from web4proofs.symbolic.values import Identifier, SymbolicBool, SymbolicInt

EFFORT: Final = 2_000_000
"""Z3 steps for one further input of a path."""

TELLING: Final = (0, 1, 2, 3, 7, 255, 256, 2**31, 2**62, 2**63 - 2, 2**63 - 1, 2**63)
"""Integers near which code tends to fail; drawn inputs prefer them where their path allows."""


class Concretion:
    """Turns symbolic values into the plain values that a model of the solver gives them.

    Equal identifiers become equal plain values, different ones become different ones.
    A class of its own, such as a view of a ledger, defines by `concretised` which value it becomes.
    """

    def __init__(self, model: z3.ModelRef) -> None:
        self._model = model
        self._numbers: dict[tuple[str, str], int] = {}
        self._made: dict[int, tuple[Any, Any]] = {}
        """Values with several fields that are already plain. The originals are kept, so that no
        other object gets their `id`."""

    def __call__(self, value: Any) -> Any:
        """Return the plain value."""
        if type(value) is SymbolicInt:
            return self.evaluated(value.term).as_long()
        if type(value) is SymbolicBool:
            return z3.is_true(self.evaluated(value.term))
        if type(value) is Identifier:
            return value.sort.plain(self._number(value))
        if type(value) is Record:
            return self._record(value)
        if type(value) in (tuple, list):
            return type(value)(map(self, value))
        if type(value) is dict:
            return {self(key): self(each) for key, each in value.items()}
        if hasattr(type(value), "concretised"):
            return value.concretised(self)
        if attrs.has(type(value)):
            return self._of_fields(value)
        return value

    def evaluated(self, term: z3.ExprRef) -> Any:
        """Return a term's value in the model; a term that the model leaves open gets some value."""
        return self._model.eval(term, model_completion=True)

    def _number(self, value: Identifier) -> int:
        """Number identifiers in order of appearance, so a short counterexample has short names."""
        element = self.evaluated(value.term).decl().name()  # an element has no parts
        key = (value.sort.name, element)
        taken = sum(name == value.sort.name for name, _ in self._numbers)
        return self._numbers.setdefault(key, taken)

    def _of_fields(self, value: Any) -> Any:
        known = self._made.get(id(value))
        if known is None:
            known = value, attrs.evolve(value, **self._fields(value))
            self._made[id(value)] = known
        return known[1]

    def _fields(self, value: Any) -> dict[str, Any]:
        fields = [field for field in attrs.fields(type(value)) if field.init]
        return {field.alias or field.name: self(getattr(value, field.name)) for field in fields}

    def _record(self, value: Record) -> Any:
        """Return the record as a plain value; fields that the code never looked at become None."""
        known = value.looked_at()
        kind: Any = value.__class__
        fields = [field for field in attrs.fields(kind) if field.init]
        return kind(**{field.alias or field.name: self(known.get(field.name)) for field in fields})


def inputs_of(path: Path[Any], count: int, seed: int = 0) -> Iterator[z3.ModelRef]:
    """Yield up to `count` different models of a path, its own first; fewer if it has no more.

    Each draw fixes some of the path's values and equalities at random, as far as the path allows.
    """
    dice = random.Random(seed)
    solver = smt.solver(seed, EFFORT)
    solver.add(*path.condition)
    model = model_of(path)
    yield model
    for _ in range(count - 1):
        solver.add(_another(path.made, model))
        wishes: list[z3.BoolRef] = []
        for wish in _wishes(path.made, dice):
            if solver.check(*wishes, wish) == z3.sat:
                wishes.append(wish)
        if solver.check(*wishes) != z3.sat:
            return
        model = solver.model()
        yield model


def _wishes(made: Sequence[z3.ExprRef], dice: random.Random) -> Iterator[z3.BoolRef]:
    for one in made:
        if dice.random() < 1 / 2:
            continue
        if z3.is_int(one):
            yield one == dice.choice(TELLING) + dice.randint(-1, 1)
        elif z3.is_bv(one):
            yield one == dice.choice((dice.choice(TELLING), dice.getrandbits(one.size())))
        elif z3.is_bool(one):
            yield one == dice.choice((True, False))
        else:
            other = dice.choice(made)
            if other.sort() == one.sort() and not other.eq(one):
                yield dice.choice((one == other, one != other))


def _another(made: Sequence[z3.ExprRef], model: z3.ModelRef) -> z3.BoolRef:
    """Require a later model to differ; of identifiers only their equalities count."""
    same: list[z3.BoolRef] = []
    for place, one in enumerate(made):
        if one.sort().kind() != z3.Z3_UNINTERPRETED_SORT:
            same.append(one == model.eval(one, model_completion=True))
            continue
        for other in made[:place]:
            if other.sort() == one.sort():
                agree = z3.is_true(model.eval(one == other, model_completion=True))
                same.append(one == other if agree else one != other)
    return z3.Not(z3.And(same))


def model_of(path: Path[Any]) -> z3.ModelRef:
    """Return the path's own model. Raises `Unmodelled` if the solver could not find one."""
    if path.model is None:
        raise Unmodelled("the solver found no input for a path")
    return path.model
