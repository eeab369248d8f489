"""The matrix as one page for a browser: `python3 -m tests.spec_tools.page traceability.html`.

Each clause opens into its text, the code that implements it, its tests, theorems and mutants.
With `--proofs`, what `web4 check prove --json` printed, and `--tests`, what
`pytest --junit-xml` wrote, their latest results stand beside them; those of the mutants are read
from `spec/MUTANTS.md`.
The page holds everything itself: no network, no other file.
"""

from __future__ import annotations

import argparse
import ast
import html
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sized
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from attrs import field, frozen

from tests.spec_tools.clauses import CODE, ROOT, SPEC, TESTS, Clause, Place, cited, clauses, marked
from web4proofs.catalogue import theorems
from web4proofs.mutants.catalogue import NAMED
from web4proofs.theorem import Theorem

TEMPLATE = Path(__file__).with_name("page.html")
MAX_LINES = 60
"""Lines of code shown for one place; the rest is counted."""


@frozen
class Results:
    """What was found last: verdicts by theorem, by test, and by mutant."""

    proofs: Mapping[str, str] = field(factory=dict)
    tests: Mapping[str, str] = field(factory=dict)
    mutants: Mapping[str, str] = field(factory=dict)


def proof_results(path: Path) -> dict[str, str]:
    """Verdict and time of each theorem, from `web4 check prove --json`."""
    report = json.loads(path.read_text(encoding="utf-8"))
    return {each["id"]: f"{each['verdict']}, {each['seconds']} s" for each in report["theorems"]}


def test_results(path: Path) -> dict[str, str]:
    """What became of each test function, from `pytest --junit-xml`; the worst of its cases."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".partition("[")[0]
        kinds = {child.tag for child in case}
        verdict = "failed" if kinds & {"failure", "error"} else ""
        verdict = verdict or ("skipped" if "skipped" in kinds else "passed")
        if found.get(name) != "failed":
            found[name] = verdict
    return found


def mutant_results(path: Path) -> dict[str, str]:
    """What caught each named mutant, from the table of mutants."""
    row = re.compile(r"^\| \S+ \| (.+?) \| `[^`]*` \| (.+?) \| ([\d.]+) \|$", re.MULTILINE)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return {name: f"{by}, {seconds} s" for name, by, seconds in row.findall(text)}


@cache
def _tree(path: str) -> tuple[ast.Module, tuple[str, ...]]:
    text = (ROOT / path).read_text(encoding="utf-8")
    return ast.parse(text), tuple(text.splitlines())


def span(place: Place) -> tuple[int, int]:
    """First and last line of a function, class or constant; of a whole module, its head."""
    tree, lines = _tree(place.path)
    body: list[ast.stmt] = tree.body
    node: ast.stmt | None = None
    for part in place.name.split(".") if place.name else ():
        node = next((each for each in body if _is_named(each, part)), None)
        if node is None:
            break
        body = node.body if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    if node is None:
        return 1, min(len(lines), 12)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return first, node.end_lineno or first


def _is_named(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(each, ast.Name) and each.id == name for each in targets)


# --- as HTML -----------------------------------------------------------------------------------


def page(results: Results) -> str:
    """The whole page."""
    code, tests = cited(*CODE), marked(*TESTS)
    sections, contents, before = [], [], ""
    for clause in clauses():
        if clause.page != before:
            before = clause.page
            anchor = before.removesuffix(".md")
            sections.append(f'<h2 id="{anchor}">{html.escape(before)}</h2>')
            contents.append(f'<a href="#{anchor}">{html.escape(anchor)}</a>')
        places = code.get(clause.id, [])
        sections.append(_clause(clause, places, tests.get(clause.id, []), results))
    every = clauses()
    counted = f"{len(every)} clauses, {sum(each.binds for each in every)} of them say MUST"
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in (
        ("COUNTED", counted),
        ("CONTENTS", "\n".join(contents)),
        ("CLAUSES", "\n".join(sections)),
    ):
        text = text.replace(f"<!-- {name} -->", value)
    return text


def _counted(things: Sized, name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


def _clause(clause: Clause, code: list[Place], tests: list[Place], results: Results) -> str:
    proofs = [theorem for theorem in theorems() if clause.id in theorem.clauses]
    mutants = [named for named in NAMED if named.clause == clause.id]
    counts = (
        f"{len(code)} code",
        _counted(tests, "test"),
        _counted(proofs, "proof"),
        _counted(mutants, "mutant"),
    )
    broken = [
        f"{named.name} (<code>{html.escape(named.module)}.{html.escape(named.function)}</code>):"
        f" caught by {html.escape(results.mutants.get(named.name, named.by))}"
        for named in mutants
    ]
    parts = [
        f"<p>{_prose(clause.text)}</p>",
        _listed("Code", [_source(place) for place in sorted(code, key=str)]),
        _listed("Tests", [_test(place, results.tests) for place in sorted(tests, key=str)]),
        _listed("Proofs", [_theorem(each, results.proofs) for each in proofs]),
        _listed("Mutants", broken),
    ]
    return (
        f'<details class="clause" id="{clause.id}"><summary><b>{clause.id}</b> '
        f"<span>{_prose(clause.text.splitlines()[0])}</span> "
        f"<small>{', '.join(counts)}</small></summary>{''.join(parts)}</details>"
    )


def _prose(text: str) -> str:
    """Markdown of one paragraph, as far as the specification uses it."""
    shown = html.escape(text, quote=False)
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", shown)
    return shown.replace("\n", "<br>")


def _listed(title: str, items: Iterable[str]) -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<h3>{title}</h3><ul>{listed or '<li>none</li>'}</ul>"


def _source(place: Place) -> str:
    first, last = span(place)
    _, lines = _tree(place.path)
    shown = lines[first - 1 : min(last, first - 1 + MAX_LINES)]
    numbered = "\n".join(f"{first + at:4} {html.escape(line)}" for at, line in enumerate(shown))
    rest = last - first + 1 - len(shown)
    more = f"\n     ... {rest} more" if rest > 0 else ""
    name = html.escape(str(place))
    return (
        f"<details><summary>{name}, lines {first} to {last}</summary>"
        f"<pre tabindex=0>{numbered}{more}</pre></details>"
    )


def _test(place: Place, results: Mapping[str, str]) -> str:
    first, _ = span(place)
    dotted = place.path.removesuffix(".py").replace("/", ".")
    verdict = results.get(f"{dotted}.{place.name}", "")
    told = f" <em>{verdict}</em>" if verdict else ""
    return f"<code>{html.escape(str(place))}</code>, line {first}{told}"


def _theorem(theorem: Theorem, results: Mapping[str, str]) -> str:
    verdict = results.get(theorem.id, "")
    told = f" <em>{html.escape(verdict)}</em>" if verdict else ""
    rests = f"; rests on {', '.join(theorem.assumes)}" if theorem.assumes else ""
    return (
        f"<b>{theorem.id}</b>{told}: {html.escape(theorem.says)}"
        f" <small>{html.escape(theorem.scope + rests)}</small>"
    )


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where to write it")
    parser.add_argument("--proofs", type=Path, help="what `web4 check prove --json` printed")
    parser.add_argument("--tests", type=Path, help="what `pytest --junit-xml` wrote")
    asked = parser.parse_args()
    results = Results(
        proof_results(asked.proofs) if asked.proofs else {},
        test_results(asked.tests) if asked.tests else {},
        mutant_results(SPEC / "MUTANTS.md"),
    )
    asked.file.write_text(page(results), encoding="utf-8")
    sys.stdout.write(f"wrote {asked.file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
