"""The page `spec/MUTANTS.md`, from what was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from web4proofs.mutants.named import NAMED
from web4proofs.mutants.trial import Trial

HEAD = """# Mutants

The shipped source, broken on purpose, and what catches it.
Written by `python3 -m tests.long.mutants`; do not edit.

## One for each safety rule

Each is the single change that breaks the rule; each is caught by a proof.
`web4 check mutants` tries them all again.

| clause | mutant | function | caught by |
|---|---|---|---|
"""


MACHINE_MADE = """
## Made by machine

Conditions dropped, negated or off by one, checks moved, updates left out, fields swapped, in every
function of the modules that the proofs cover.

| module | mutants | caught by a proof | by a test alone | change nothing |
|---|---|---|---|---|
"""


def written(
    named: Sequence[Trial], automatic: Sequence[Trial], equivalent: Mapping[str, str]
) -> str:
    """The page."""
    return HEAD + _named(named) + _automatic(automatic) + _equivalent(equivalent)


def _named(named: Sequence[Trial]) -> str:
    clauses = {each.name: each.clause for each in NAMED}
    order = [each.name for each in NAMED]
    rows = sorted(named, key=lambda trial: order.index(trial.mutant.change))
    return "".join(
        f"| {clauses[each.mutant.change]} | {each.mutant.change} "
        f"| `{each.mutant.module}.{each.mutant.function}` | {each.caught_by or 'nothing'} |\n"
        for each in rows
    )


def _automatic(tried: Sequence[Trial]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for trial in tried:
        counts[trial.mutant.module, _instrument(trial)] += 1
    lines = [MACHINE_MADE]
    modules = list(dict.fromkeys(trial.mutant.module for trial in tried))
    for module in modules:
        proof, test, nothing = (counts[module, each] for each in ("proof", "test", "nothing"))
        lines.append(f"| `{module}` | {proof + test + nothing} | {proof} | {test} | {nothing} |\n")
    return "".join(lines)


def _instrument(trial: Trial) -> str:
    if trial.caught_by is None:
        return "nothing"
    return "test" if trial.caught_by == "tests" else "proof"


def _equivalent(equivalent: Mapping[str, str]) -> str:
    rows = "".join(
        f"| `{identity.replace('|', chr(92) + '|')}` | {reason} |\n"
        for identity, reason in equivalent.items()
    )
    return (
        "\n## Those that change nothing\n\n| mutant | why nobody can see it |\n|---|---|\n" + rows
    )
