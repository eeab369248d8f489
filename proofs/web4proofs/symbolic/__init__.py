"""Runs unmodified functions of the shipped code on symbolic values, along every path.

    from web4proofs.symbolic import assume, bind, explore, identifier, integer, octets_sort

    DIGEST = octets_sort("Digest", 32)

    def run():
        lock = optional(lambda: Lock(integer("lock_view"), identifier("locked", DIGEST), ...))
        digest = identifier("digest", DIGEST)
        return lock, digest, rules.lock_permits(lock, digest, None)

    for path in explore(run).paths:
        lock, digest, permitted = path.value
        ...  # prove something of it from path.condition, a tuple of Z3 formulas

The explored function makes its inputs (`integer`, `boolean`, `identifier`, `subset`, `choose`,
`optional`, `SymbolicMap`, `Record`), may narrow them (`assume`), calls the code under test, and
returns the values that the proof needs.
An exception that the code raises is the path's `raised`.
`equal(a, b)` and `term(x)` turn values into formulas, without a fork.

To replace a called function by a summary, bind the name; the code stays that of the package:

    certified = bind(rules.lock_and_commit, {"supporters": summary, "len": symbolic_len})

- `engine`: runs, forks and paths.
- `values`: symbolic truth values, integers and identifiers.
- `containers`: symbolic records, maps, dictionaries and sets.
- `bits`: symbolic integers of fixed width, and byte strings.
- `binding`: shipped code with summaries.
- `concrete`: plain inputs that take a path.
- `subject`: a function under proof, its paths, and their replay on plain inputs.
- `reach`: whether every line and every branch was reached, and by which steps.
"""

from web4proofs.symbolic.binding import bind, bind_late
from web4proofs.symbolic.containers import (
    Record,
    SymbolicDict,
    SymbolicMap,
    SymbolicSet,
    subset,
    symbolic_len,
)
from web4proofs.symbolic.engine import (
    MAX_PATHS,
    Decision,
    Exploration,
    Path,
    Unmodelled,
    assume,
    choose,
    decide,
    explore,
    fresh,
    optional,
    unmodelled,
)
from web4proofs.symbolic.values import (
    Identifier,
    Sort,
    SymbolicBool,
    SymbolicInt,
    boolean,
    equal,
    identifier,
    integer,
    name_sort,
    octets_sort,
    term,
)

__all__ = [
    "MAX_PATHS",
    "Decision",
    "Exploration",
    "Identifier",
    "Path",
    "Record",
    "Sort",
    "SymbolicBool",
    "SymbolicDict",
    "SymbolicInt",
    "SymbolicMap",
    "SymbolicSet",
    "Unmodelled",
    "assume",
    "bind",
    "bind_late",
    "boolean",
    "choose",
    "decide",
    "equal",
    "explore",
    "fresh",
    "identifier",
    "integer",
    "name_sort",
    "octets_sort",
    "optional",
    "subset",
    "symbolic_len",
    "term",
    "unmodelled",
]
