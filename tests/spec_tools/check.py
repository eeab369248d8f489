"""Whether specification, code and tests name the same clauses: every reason why they might not.

`python3 -m tests.spec_tools --check` tells all that is found, and a test fails on each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from tests.spec_tools import generated
from tests.spec_tools.clauses import (
    CODE,
    OPENING,
    ROOT,
    SPEC,
    TESTS,
    cited,
    clauses,
    ids_in,
    marked,
    pages,
)
from tests.spec_tools.history import HISTORY, lines_in, revived, unrecorded


def given_twice() -> Iterable[str]:
    """An id that opens two clauses."""
    return [each for each, count in Counter(clause.id for clause in clauses()).items() if count > 1]


def opening_nothing() -> Iterable[str]:
    """A page with an id in bold that is not at the beginning of a paragraph."""
    opened = Counter(clause.page for clause in clauses())
    return [
        path.name
        for path in pages()
        if len(OPENING.findall(path.read_text(encoding="utf-8"))) != opened[path.name]
    ]


def unknown_to_code() -> Iterable[str]:
    """An id that code cites and no page defines."""
    return sorted(cited(*CODE).keys() - _defined())


def unknown_to_tests() -> Iterable[str]:
    """An id that tests cite or are marked with, and no page defines."""
    return sorted((cited(*TESTS).keys() | marked(*TESTS).keys()) - _defined())


def unknown_to_pages() -> Iterable[str]:
    """An id that a page mentions and none defines; the history names what is gone, too."""
    defined = _defined()
    return [
        f"{path.relative_to(SPEC).as_posix()}: {clause}"
        for path in sorted(SPEC.rglob("*.md"))
        if path != HISTORY
        for clause, _ in ids_in(path.read_text(encoding="utf-8"))
        if clause not in defined
    ]


def without_code() -> Iterable[str]:
    """A clause that no code cites."""
    code = cited(*CODE)
    return [clause.id for clause in clauses() if clause.id not in code]


def without_test() -> Iterable[str]:
    """A clause with a MUST that no test is marked with."""
    tests = marked(*TESTS)
    return [clause.id for clause in clauses() if clause.binds and clause.id not in tests]


def out_of_date() -> Iterable[str]:
    """A page that is not as the code and the clauses would have it."""
    return [path.relative_to(ROOT).as_posix() for path in generated.stale()]


def changed_in_silence() -> Iterable[str]:
    """A clause that reads otherwise than its history says, and what it wants to hear."""
    due = unrecorded(clauses(), lines_in(HISTORY.read_text(encoding="utf-8")))
    return [f'{clause}: run `python3 -m tests.spec_tools record "why"`' for clause in due]


def back_from_the_dead() -> Iterable[str]:
    """An id that was withdrawn, and is used again."""
    return revived(lines_in(HISTORY.read_text(encoding="utf-8")))


REASONS: dict[str, Callable[[], Iterable[str]]] = {
    "an id is given twice": given_twice,
    "an id in bold opens no clause": opening_nothing,
    "code cites a clause that is not there": unknown_to_code,
    "a test cites a clause that is not there": unknown_to_tests,
    "a page mentions a clause that is not there": unknown_to_pages,
    "a clause has no code": without_code,
    "a MUST has no test": without_test,
    "a page is out of date": out_of_date,
    "a clause has changed, and its history does not say why": changed_in_silence,
    "a withdrawn id is used again": back_from_the_dead,
}


def _defined() -> set[str]:
    return {clause.id for clause in clauses()}
