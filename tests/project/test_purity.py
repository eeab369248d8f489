"""The core is pure: each of its modules is read, and each rule of the reading is tried first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.project.purity import problems, set_attributes

CORE = Path(__file__).resolve().parents[2] / "web4core"
MODULES = sorted(CORE.rglob("*.py"))

PLANTED = {
    "imports": [
        "import os",
        "import datetime as d",
        "import collections",
        "import os.path",
        "from time import monotonic",
        "from random import Random",
        "from sys import argv",
        "from logging import getLogger",
        "from web4adapters import cli",
        "def f():\n    import threading",
        "import cryptography",
    ],
    "names": [
        "x = hash(b'')",
        "x = id(x)",
        "f = open('x')",
        "print(1)",
        "x = input()",
        "x = eval('1')",
        "exec('x = 1')",
        "x = globals()",
        "x = vars()",
        "setattr(module, 'x', 1)",
        "object.__setattr__(x, 'y', 1)",
        "x = float(1)",
        "x: float",
        "x = sorted(xs, key=id)",
        "x = __import__('os')",
        "x = y.__hash__()",
        "x = y.__dict__",
    ],
    "floats": [
        "x = 1.0",
        "x = 1e3",
        "x = 2j",
        "x = 1 / 2",
        "x /= 2",
        "x = 2 ** -1",
    ],
    "statements": [
        "def f():\n    global x\n    x = 1",
        "assert x",
        "try:\n    f()\nexcept:\n    pass",
        "try:\n    f()\nexcept BaseException:\n    pass",
        "try:\n    f()\nexcept (KeyError, Exception):\n    pass",
        "async def f(): ...",
    ],
    "state": [
        "x = []",
        "x = {}",
        "x = {1}",
        "x = dict(a=1)",
        "x = [y for y in z]",
        "x: list[int] = []",
        "x = bytearray(8)",
        "x = itertools.count()",
        "class C:\n    x = []",
        "if y:\n    x = []",
        "x: Final = {}\ndef f():\n    x[1] = 2",
        "x: Final = []\ndef f():\n    x.append(1)",
        "x: Final = {}\ndef f():\n    del x[1]",
        "x: Final = set()\ndef f():\n    y = x.pop()",
        "from web4core.quorum import TABLE\ndef f():\n    TABLE[1] = 2",
        "from web4core import quorum\ndef f():\n    quorum.size = None",
        "from functools import lru_cache",
        "import functools\n@functools.cache\ndef f(): ...",
    ],
    "sets": [
        "for x in {1, 2}: f(x)",
        "for x in set(y): f(x)",
        "x = [y for y in frozenset(z)]",
        "x = {y: 1 for y in {y for y in z}}",
        "x = tuple({1, 2})",
        "x = list(set(y))",
        "x = next(iter({1, 2}))",
        "x = (*{1, 2},)",
        "x, y = {1, 2}",
        "x = b''.join({b'1', b'2'})",
        "x = dict.fromkeys({1, 2})",
        "x = list(map(f, {1, 2}))",
        "for x in {1} | y: f(x)",
        "for x in {1}.union(y): f(x)",
        "for x in a.keys() & b.keys(): f(x)",
        "def f():\n    seen = set()\n    for x in seen: g(x)",
        "def f(seen: frozenset[int]):\n    for x in seen: g(x)",
        "seen: Final[frozenset[int]] = y\ndef f():\n    return tuple(seen)",
        "class C:\n    seen: frozenset[int]\ndef f(c):\n    return [x for x in c.seen]",
        "def f(seen: set[int]):\n    yield from seen",
        "x = tuple(y for y in {1, 2})",
        "def f():\n    a = {1}\n    b = a\n    return list(b)",
    ],
}

CLEAN = [
    "from __future__ import annotations",
    "import hashlib\nimport itertools\nimport struct\nfrom collections import abc",
    "from collections.abc import Mapping\nfrom typing import Final\nfrom attrs import frozen",
    "from web4core import quorum\nfrom web4core.errors import LocalProtocolError\nfrom . import x",
    "x = 7 // 2 + 2**8",
    "x = 'print(1) / 1.0'  # hash(x) / 2",
    "class C:\n    id: bytes\ndef f(c): return c.id",
    "x: Final = {1: 2}\ny = x[1]\nz = x.get(1)",
    "x: Final[dict[int, int]] = {1: 2}",
    "x: typing.Final = [1]",
    "__all__ = ['x']",
    "x = (1, 2)\ny = frozenset({1, 2})",
    "def f():\n    x = []\n    x.append(1)\n    x[0] = 2\n    return x",
    "def f():\n    seen = set()\n    seen.add(1)\n    return 1 in seen and len(seen) == len({2})",
    "x = sorted({1, 2})",
    "for x in sorted(set(y)): f(x)",
    "x = sum(y for y in {1, 2})",
    "x = all(y in z for y in frozenset(z))",
    "x: Final = {f(y): 1 for y in (1, 2)}",
    "def f(y): return frozenset(x for x in set(y))",
    "def f(y: set[int]):\n    return {x + 1 for x in y} == {1}",
    "def f():\n    a = {1}\n    return 1 in a\ndef g():\n    a = [1]\n    return list(a)",
    "try:\n    f()\nexcept KeyError:\n    pass",
]


SAMPLES = [(rule, sample) for rule, samples in PLANTED.items() for sample in samples]


@pytest.mark.parametrize(("rule", "sample"), SAMPLES, ids=[text for _, text in SAMPLES])
def test_a_planted_breach_is_found_by_its_rule(rule: str, sample: str) -> None:
    assert rule in {problem.rule for problem in problems(sample)}


@pytest.mark.parametrize("sample", CLEAN)
def test_pure_code_has_no_breach(sample: str) -> None:
    assert problems(sample) == []


def test_a_breach_is_told_with_its_line() -> None:
    assert [problem.line for problem in problems("x = 1\n\nprint(x)\n")] == [3]


def test_a_field_of_another_module_is_known_to_hold_a_set() -> None:
    fields = set_attributes(ast.parse("class C:\n    seen: frozenset[int]\n"))
    assert [problem.rule for problem in problems("for x in c.seen: f(x)", fields)] == ["sets"]


def test_there_are_modules_to_read() -> None:
    assert CORE / "errors.py" in MODULES


@pytest.fixture(scope="module")
def fields_with_sets() -> frozenset[str]:
    """The fields of all the core, since a value is read in other modules than its own."""
    return frozenset().union(*(set_attributes(ast.parse(path.read_text())) for path in MODULES))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE.parent)))
def test_a_module_of_the_core_is_pure(path: Path, fields_with_sets: frozenset[str]) -> None:
    found = problems(path.read_text(encoding="utf-8"), fields_with_sets)
    assert [f"line {one.line}: {one.rule}: {one.found}" for one in found] == []
