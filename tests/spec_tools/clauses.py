"""The clauses of `spec/`, and where code and tests cite them.

Reading only, and pages and marks once: what is made of it stands in `traceability` and in
`tests/project/test_spec.py`.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
CODE = ("web4core", "adapters")
TESTS = ("tests",)
TOOLS = (
    "tests/spec_tools/clauses.py",
    "tests/project/test_spec.py",
)
"""Files that name ids as examples too; what they mark as tests counts all the same."""

_NAME = r"[ACGHIKLW]-[A-Z]+"
_DEFINED = re.compile(rf"^\*\*({_NAME}-\d+)\*\* (.+?)(?=\n\n|\n?\Z)", re.MULTILINE | re.DOTALL)
_CITED = re.compile(rf"\b({_NAME})-(\d+)\b(?: to \1-(\d+)\b)?")
OPENING = re.compile(rf"\*\*{_NAME}-\d+\*\*")
"""An id in bold: what a clause begins with, and stands nowhere else."""


@frozen
class Clause:
    """One rule: its id, its text, and the page that it stands on."""

    id: str
    text: str
    page: str

    @property
    def binds(self) -> bool:
        """Whether it says MUST or MUST NOT."""
        return re.search(r"\bMUST\b", self.text) is not None


@frozen
class Place:
    """A function, a class or a whole module; no line numbers, so that edits elsewhere are free."""

    path: str
    name: str

    def __str__(self) -> str:
        return f"{self.path}: {self.name}" if self.name else self.path


def pages() -> list[Path]:
    """The pages that hold clauses: those at the top of the specification, but for its tables."""
    return [path for path in sorted(SPEC.glob("*.md")) if not path.stem.isupper()]


def clauses_in(text: str, page: str = "") -> tuple[Clause, ...]:
    """The clauses of one page, in order."""
    return tuple(Clause(found.group(1), found.group(2), page) for found in _DEFINED.finditer(text))


@functools.cache
def clauses() -> tuple[Clause, ...]:
    """All clauses, page by page, in the order in which they stand."""
    return tuple(
        clause
        for path in pages()
        for clause in clauses_in(path.read_text(encoding="utf-8"), path.name)
    )


def ids_in(text: str) -> Iterator[tuple[str, int]]:
    """The ids in a text, those within a range "... to ..." too, each with its offset."""
    for found in _CITED.finditer(text):
        name, first, last = found.groups()
        for number in range(int(first), int(last or first) + 1):
            yield f"{name}-{number}", found.start()


def cited(*folders: str) -> dict[str, list[Place]]:
    """Every id that comments and strings of these folders name, and where."""
    found: dict[str, dict[Place, None]] = {}
    for path, text in _sources(folders):
        if path in TOOLS:
            continue
        scopes = _scopes(ast.parse(text))
        for clause, offset in ids_in(text):
            line = text.count("\n", 0, offset) + 1
            found.setdefault(clause, {})[Place(path, _innermost(scopes, line))] = None
    return {clause: _precise(list(places)) for clause, places in found.items()}


def marked(*folders: str) -> dict[str, list[Place]]:
    """Every id in a `pytest.mark.clause(...)`, and the tests that are marked so."""
    found: dict[str, dict[Place, None]] = {}
    for path, text in _sources(folders):
        for clause, name in marks_in(text):
            found.setdefault(clause, {})[Place(path, name)] = None
    return {clause: list(places) for clause, places in found.items()}


@functools.cache
def marks_in(text: str) -> tuple[tuple[str, str], ...]:
    """The id in each mark of a test module, and the name of what is marked."""
    return tuple(_marks_in(ast.parse(text)))


def _marks_in(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                yield from ((clause, node.name) for clause in _ids_of_mark(decorator))
        elif isinstance(node, ast.Assign) and node.value is not None:
            target = ast.unparse(node.targets[0])
            name = "" if target == "pytestmark" else target
            yield from ((clause, name) for clause in _ids_of_mark(node.value))


def _ids_of_mark(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.clause"):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _sources(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Relative path and text of the Python files of these folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def _scopes(tree: ast.Module) -> list[tuple[int, int, str]]:
    """First line, last line and name of each function, class and constant; outer ones first."""
    found: list[tuple[int, int, str]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}"
                found.append((child.lineno, child.end_lineno or child.lineno, name))
                visit(child, f"{name}.")

    for node, follower in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name):
            documents = isinstance(follower, ast.Expr)
            last = (follower if documents else node).end_lineno or node.lineno
            found.append((node.lineno, last, target.id))
    visit(tree, "")
    return found


def _innermost(scopes: list[tuple[int, int, str]], line: int) -> str:
    names = [name for first, last, name in scopes if first <= line <= last]
    return names[-1] if names else ""


def _precise(places: list[Place]) -> list[Place]:
    """Without the modules of which a function or class is named as well."""
    named = {place.path for place in places if place.name}
    return [place for place in places if place.name or place.path not in named]
