"""Every name of the public interface says what it is: functions, classes, fields, members, values.

The source is read, not run: a field's docstring is the string under it, which Python throws away.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import web4core

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "web4core"
OPENINGS = re.compile(r"\b(What|Who)\b")
"""A docstring that opens so is a riddle, not a sentence."""


def module_path(name: str) -> Path:
    """The file of a module of the core."""
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def tree_of(name: str) -> ast.Module:
    """The source of a module of the core."""
    return ast.parse(module_path(name).read_text(encoding="utf-8"))


def exports() -> dict[str, tuple[str, str]]:
    """Each public name: the module that defines it, and its name there."""
    found: dict[str, tuple[str, str]] = {}
    for node in tree_of(PACKAGE).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    return found


def text_under(body: list[ast.stmt], index: int) -> str | None:
    """The string that follows a statement, if one does."""
    follower = body[index + 1] if index + 1 < len(body) else None
    if isinstance(follower, ast.Expr) and isinstance(follower.value, ast.Constant):
        value = follower.value.value
        return value if isinstance(value, str) else None
    return None


def assigned(node: ast.stmt) -> str | None:
    """The one name that a statement gives a value or a type."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else None
    return None


def said_of(name: str, module: str, body: list[ast.stmt]) -> Iterator[tuple[str, str | None]]:
    """What is said of a name of a module, and of all that belongs to it."""
    for index, node in enumerate(body):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            if not any(_is_overload(each) for each in node.decorator_list):
                yield f"{module}.{name}", ast.get_docstring(node)
        elif isinstance(node, ast.ClassDef) and node.name == name:
            yield f"{module}.{name}", ast.get_docstring(node)
            yield from said_in(f"{module}.{name}", node.body)
        elif assigned(node) == name:
            yield f"{module}.{name}", text_under(body, index)


def said_in(where: str, body: list[ast.stmt]) -> Iterator[tuple[str, str | None]]:
    """What is said of the public fields, members and methods of a class."""
    for index, node in enumerate(body):
        name = node.name if isinstance(node, ast.FunctionDef) else assigned(node)
        if name is None or name.startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef):
            yield f"{where}.{name}", ast.get_docstring(node)
        else:
            yield f"{where}.{name}", text_under(body, index)


def _is_overload(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == "overload"


def everything() -> dict[str, str | None]:
    """All that the public interface consists of, and what is said of it."""
    found: dict[str, str | None] = {}
    for public, (module, name) in exports().items():
        said = dict(said_of(name, module, tree_of(module).body))
        assert said, f"{public} is defined in {module}"
        found |= said
    return found


def undocumented(said: dict[str, str | None]) -> list[str]:
    """Of what nothing is said."""
    return sorted(name for name, text in said.items() if not (text or "").strip())


def riddles(said: dict[str, str | None]) -> list[str]:
    """Of what is said something that opens with What or Who."""
    return sorted(name for name, text in said.items() if OPENINGS.match((text or "").strip()))


def test_the_public_names_are_those_that_the_package_imports() -> None:
    assert sorted(web4core.__all__) == sorted(exports())


def test_everything_public_is_documented() -> None:
    missing = undocumented(everything())
    assert missing == [], f"{len(missing)} of {len(everything())} say nothing"


def test_no_public_docstring_opens_with_what_or_who() -> None:
    assert riddles(everything()) == []


PLANTED = '''
@frozen
class Thing:
    """A thing."""

    said: int
    """Something."""
    unsaid: int
    _private: int

    def method(self) -> None: ...

def function() -> None: ...

CONSTANT = 1
'''


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("Thing", ["planted.Thing.method", "planted.Thing.unsaid"]),
        ("function", ["planted.function"]),
        ("CONSTANT", ["planted.CONSTANT"]),
    ],
)
def test_what_says_nothing_is_named(name: str, missing: list[str]) -> None:
    said = dict(said_of(name, "planted", ast.parse(PLANTED).body))
    assert undocumented(said) == missing


@pytest.mark.parametrize("text", ["What it is.", "Who signs.", "\n    What else."])
def test_a_riddle_is_seen(text: str) -> None:
    assert riddles({"name": text}) == ["name"]


@pytest.mark.parametrize("text", ["Whatever comes.", "The signer. What it signs is fixed."])
def test_a_sentence_is_no_riddle(text: str) -> None:
    assert riddles({"name": text}) == []
