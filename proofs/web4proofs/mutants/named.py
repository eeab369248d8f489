"""Named mutants: each breaks a rule by one change of the source that one instrument must catch.

A change is a piece of the source that occurs in it once, and its replacement.
"""

from __future__ import annotations

import enum
from typing import Final

from attrs import frozen

from web4proofs.mutants.install import source_of
from web4proofs.mutants.operators import Mutant


class Instrument(enum.StrEnum):
    """An instrument that checks the code; it must catch the mutants that name it."""

    PROOF = "proof"
    EXPLORATION = "exploration"
    SIMULATION = "simulation"
    TESTS = "tests"
    """The tests that cite the clause; they are not installed."""


EXPLORATION: Final = Instrument.EXPLORATION
SIMULATION: Final = Instrument.SIMULATION
TESTS: Final = Instrument.TESTS


@frozen
class Named:
    """A broken rule: its description, its clause, and the change of the source."""

    name: str
    clause: str
    module: str
    function: str
    """The function; empty for code outside functions."""
    old: str
    new: str
    by: Instrument = Instrument.PROOF


class Stale(Exception):
    """The source has changed, so that a named change no longer fits it."""


def mutant_of(named: Named) -> Mutant:
    """Return the module with this change in it. Raises `Stale`."""
    source = source_of(named.module)
    if source.count(named.old) != 1:
        raise Stale(
            f"{named.name}: `{named.old.strip()}` stands {source.count(named.old)} times "
            f"in {named.module}, not once"
        )
    line = source.count("\n", 0, source.index(named.old)) + 1
    text = source.replace(named.old, named.new)
    return Mutant(named.module, named.function, line, named.name, text)
