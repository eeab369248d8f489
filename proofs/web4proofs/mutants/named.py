"""What breaks a rule: the single change of the source, and the instrument that must catch it.

A change is a piece of the source that occurs in it once, and what stands there instead.
"""

from __future__ import annotations

import enum
from typing import Final

from attrs import frozen

from web4proofs.mutants.install import source_of
from web4proofs.mutants.operators import Mutant


class Instrument(enum.StrEnum):
    """What looks at the code; each must catch the mutants that name it."""

    PROOF = "proof"
    EXPLORATION = "exploration"
    SIMULATION = "simulation"
    TESTS = "tests"
    """The tests that cite the clause; they are not part of what is installed."""


EXPLORATION: Final = Instrument.EXPLORATION
SIMULATION: Final = Instrument.SIMULATION
TESTS: Final = Instrument.TESTS


@frozen
class Named:
    """A rule broken: in words, by its clause, and in the source."""

    name: str
    clause: str
    module: str
    function: str
    """Empty for what stands outside functions."""
    old: str
    new: str
    by: Instrument = Instrument.PROOF


class Stale(Exception):
    """The source has changed, so that a named change does not fit it any more."""


def mutant_of(named: Named) -> Mutant:
    """The module with this change in it. Raises `Stale`."""
    source = source_of(named.module)
    if source.count(named.old) != 1:
        raise Stale(
            f"{named.name}: `{named.old.strip()}` stands {source.count(named.old)} times "
            f"in {named.module}, not once"
        )
    line = source.count("\n", 0, source.index(named.old)) + 1
    text = source.replace(named.old, named.new)
    return Mutant(named.module, named.function, line, named.name, text)
