"""Mutants: made one change at a time, and put in place of the module that is installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.spec_tools.clauses import clauses
from web4proofs.mutants.catalogue import NAMED
from web4proofs.mutants.install import AlreadyImported, install, source_of
from web4proofs.mutants.named import Named, Stale, mutant_of
from web4proofs.mutants.operators import mutants

SOURCE = '''
def spend(balance, amount, limit):
    """Spend."""
    if amount <= 0:
        return "amount"
    if balance < amount and limit:
        return "funds"
    return (evolve(balance, left=balance - amount), amount)
'''


def changes() -> dict[str, str]:
    return {each.change: each.source for each in mutants("a.module", SOURCE, {"left": ("right",)})}


@pytest.mark.parametrize(
    "change",
    [
        "`amount <= 0` with Lt",
        "never `if amount <= 0`",
        "always `if amount <= 0`",
        "`limit` dropped from `balance < amount and limit`",
        "`balance < amount and limit` with Or",
        "`balance - amount` with Add",
        "`balance - amount` without its right side",
        "1 for 0",
        "no update of left in `evolve(balance, left=balance - amount)`",
        "`amount` left out of `return (evolve(balance, left=balance - amount), amount)`",
        "`if amount <= 0` after `if balance < amount and limit`",
    ],
)
def test_every_kind_of_change_is_made(change: str) -> None:
    assert change in changes()


def test_every_mutant_is_another_program_that_compiles() -> None:
    texts = [*changes().values(), SOURCE]
    assert len(set(texts)) == len(texts)
    for text in texts:
        compile(text, "mutant", "exec")


def test_a_check_moved_keeps_all_checks() -> None:
    text = changes()["`if amount <= 0` after `if balance < amount and limit`"]
    assert text.index("funds") < text.index("'amount'")


@pytest.mark.parametrize("named", NAMED, ids=lambda each: each.name)
def test_every_named_change_fits_the_source_and_its_clause_exists(named: Named) -> None:
    mutant = mutant_of(named)
    compile(mutant.source, named.module, "exec")
    assert named.clause in {clause.id for clause in clauses()}
    assert mutant.source != source_of(named.module)


def test_a_change_that_does_not_fit_is_told() -> None:
    stale = Named("gone", "C-PREP-1", "web4core.quorum", "quorum", "not in it", "")
    with pytest.raises(Stale, match="0 times"):
        mutant_of(stale)


def test_a_module_that_is_imported_cannot_be_mutated() -> None:
    with pytest.raises(AlreadyImported):
        install("web4proofs.mutants.named", "")


def test_what_is_installed_is_what_runs_and_what_is_shown() -> None:
    program = """
import inspect
from web4proofs.mutants.install import install, source_of
text = source_of("web4core.quorum").replace("(n - 1) // 3", "(n + 5) // 3")
install("web4core.quorum", text)
from web4core import quorum
print(quorum.faulty(1), "(n + 5) // 3" in inspect.getsource(quorum.faulty))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("2 True\n", "")
