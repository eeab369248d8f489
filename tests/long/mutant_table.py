"""The page `spec/MUTANTS.md`, from what was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from web4proofs.mutants.catalogue import NAMED
from web4proofs.mutants.named import Instrument, Named
from web4proofs.mutants.trial import Trial

HEAD = """# Mutants

The shipped source, broken on purpose, and what catches it.
Written by `python3 -m tests.long.mutants`; do not edit.

## One for each rule

Each is a single change that breaks the rule; each is caught.
A theorem is named by its id; where it says tests, those that cite the clause.
`web4 check mutants` tries all again but those that tests catch, and shows what each breaks.

| clause | mutant | function | caught by | seconds |
|---|---|---|---|---|
"""


MACHINE_MADE = """
## Made by machine

Conditions dropped, negated or off by one, checks moved, updates left out, fields swapped, in every
function that a proof executes.

| module | mutants | caught by a proof | by a test alone | change nothing |
|---|---|---|---|---|
"""


def row_of(named: Named) -> str:
    """How the row of a named mutant begins, whatever came of it."""
    function = f"{named.module}.{named.function}".rstrip(".")
    return f"| {named.clause} | {named.name} | `{function}` |"


def written(
    named: Mapping[str, Trial], automatic: Sequence[Trial], equivalent: Mapping[str, str]
) -> str:
    """The page."""
    rows = "".join(_named(each, named[each.name]) for each in NAMED)
    return HEAD + rows + _automatic(automatic) + _equivalent(equivalent)


def with_named(page: str, named: Mapping[str, Trial], equivalent: Mapping[str, str]) -> str:
    """The page with the rows of the named mutants, and the reasons, anew; the counts stay."""
    _, _, rest = page.partition(MACHINE_MADE)
    counts, _, _ = rest.partition(UNSEEN)
    rows = "".join(_named(each, named[each.name]) for each in NAMED)
    return HEAD + rows + MACHINE_MADE + counts + _equivalent(equivalent)


def _named(named: Named, trial: Trial) -> str:
    return f"{row_of(named)} {trial.caught_by or 'nothing'} | {trial.seconds:.1f} |\n"


def _automatic(tried: Sequence[Trial]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for trial in tried:
        counts[trial.mutant.module, _instrument(trial)] += 1
    rows = "".join(
        _counted(f"`{module}`", *(counts[module, each] for each in _OUTCOMES))
        for module in sorted({trial.mutant.module for trial in tried})
    )
    whole = Counter(map(_instrument, tried))
    return MACHINE_MADE + rows + _counted("all", *(whole[each] for each in _OUTCOMES))


_OUTCOMES = ("proof", "test", "nothing")


def _counted(what: str, proof: int, test: int, nothing: int) -> str:
    return f"| {what} | {proof + test + nothing} | {proof} | {test} | {nothing} |\n"


def _instrument(trial: Trial) -> str:
    if trial.caught_by is None:
        return "nothing"
    return "test" if trial.caught_by == Instrument.TESTS else "proof"


def _equivalent(equivalent: Mapping[str, str]) -> str:
    rows = "".join(f"{unseen_row(*each)}\n" for each in equivalent.items())
    return f"{UNSEEN}{rows}"


UNSEEN = """
## Those that change nothing

| function | change | why nobody can see it |
|---|---|---|
"""


def unseen_row(identity: str, reason: str) -> str:
    """The row of a mutant that changes nothing."""
    function, _, change = identity.partition(":")
    return f"| `{function}` | {change.replace('|', chr(92) + '|')} | {reason} |"
