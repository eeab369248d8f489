"""The matrix as a page: it shows what is there, finds it, and works in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.spec_tools import page as pages
from tests.spec_tools.clauses import ROOT, Place, clauses
from web4proofs.mutants.catalogue import NAMED

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 860}
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a.test_b" name="test_c[1]"/>
<testcase classname="tests.a.test_b" name="test_c[2]"><failure/></testcase>
<testcase classname="tests.a.test_b" name="test_c[3]"/>
<testcase classname="tests.a.test_b" name="test_d"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_place_is_shown_with_its_lines() -> None:
    path = "web4core/consensus/rules.py"
    first, last = pages.span(Place(path, "lock_permits"))
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    assert lines[first - 1].startswith("def lock_permits(")
    assert lines[last].strip() == ""


def test_a_test_is_as_good_as_its_worst_case(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(JUNIT)
    found = pages.test_results(tmp_path / "junit.xml")
    assert found == {"tests.a.test_b.test_c": "failed", "tests.a.test_b.test_d": "skipped"}


@pytest.mark.slow
def test_results_of_proofs_and_mutants_stand_beside_them(tmp_path: Path) -> None:
    report = {"theorems": [{"id": "P-AGREE-1", "verdict": "holds", "seconds": 0.5}]}
    (tmp_path / "prove.json").write_text(json.dumps(report))
    table = f"| C-PREP-3 | {NAMED[10].name} | `a.b` | P-RULE-4 | 2.5 |\n"
    (tmp_path / "MUTANTS.md").write_text(table)
    results = pages.Results(
        proofs=pages.proof_results(tmp_path / "prove.json"),
        mutants=pages.mutant_results(tmp_path / "MUTANTS.md"),
    )
    text = pages.page(results)
    assert "holds, 0.5 s" in text
    assert "caught by P-RULE-4, 2.5 s" in text


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("page") / "traceability.html"
    path.write_text(pages.page(pages.Results()), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Any, written: Path) -> Iterator[Any]:
    complaints: list[str] = []
    page = browser.new_page(viewport=WIDE)
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(written.as_uri())
    yield page
    page.close()
    assert complaints == []


def test_every_clause_is_on_the_page_and_needs_no_other_file(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert all(f'id="{clause.id}"' in text for clause in clauses())
    assert "http" not in text.partition("<main>")[0]


def test_a_clause_opens_into_its_code_by_keyboard_alone(opened: Any) -> None:
    opened.keyboard.press("Tab")
    opened.keyboard.type("C-PREP-3 lock_permits")
    assert opened.inner_text("#found").startswith(("1 of", "2 of", "3 of"))
    opened.focus("#C-PREP-3 > summary")
    opened.keyboard.press("Enter")
    opened.focus("#C-PREP-3 li summary:has-text('lock_permits')")
    opened.keyboard.press("Enter")
    assert "def lock_permits(" in opened.inner_text("#C-PREP-3 pre:visible")


def test_a_link_to_a_clause_opens_it(opened: Any) -> None:
    opened.goto(opened.url.partition("#")[0] + "#L-COMMIT-4")
    assert opened.locator("#L-COMMIT-4").get_attribute("open") is not None


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_page_fits_and_can_be_looked_at(
    opened: Any, viewport: dict[str, int], tmp_path: Path
) -> None:
    opened.set_viewport_size(viewport)
    opened.fill("#search", "expiry")
    opened.locator("#L-COMMIT-4 > summary").click()
    assert opened.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    folder = Path(os.environ.get("WEB4_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    shot = folder / f"traceability-{viewport['width']}.png"
    opened.screenshot(path=shot)
    assert shot.stat().st_size > 10_000
