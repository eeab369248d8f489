"""The playground in a real browser: a person plays, and the page shows what the protocol does.

Debian's Chromium, driven by Playwright, over loopback; screenshots are kept in the folder that
`WEB4_SCREENSHOTS` names, else in a temporary one.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.federation import NAMES
from web4lab.playground.server import HERE, server
from web4proofs.explore import Bounds, Subject, itf
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.execution import Healed, Play
from web4proofs.explore.subject import Stage

FOUR = NAMES[:4]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 860}
LIMIT_MS = 20_000
MAX_TABS = 200


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = os.environ.get("WEB4_SCREENSHOTS")
    folder = Path(asked) if asked else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the page complained of, to the console or by raising."""
    return []


@pytest.fixture(scope="module")
def loaded(browser: Any, pyodide: Path, complaints: list[str]) -> Iterator[Any]:
    """The page, once Python runs in it; all tests share it, since that takes seconds."""
    with server(pyodide) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        page = browser.new_page(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(LIMIT_MS)
        page.goto(f"http://127.0.0.1:{serving.server_address[1]}/")
        page.wait_for_selector("body.ready", timeout=3 * LIMIT_MS)
        yield page
        page.close()
        serving.shutdown()
        thread.join()


@pytest.fixture
def page(loaded: Any, complaints: list[str]) -> Iterator[Any]:
    """The page with a new federation; afterwards it must not have complained."""
    loaded.set_viewport_size(WIDE)
    loaded.emulate_media(color_scheme="light")
    loaded.click("#tab-federation")
    for choice, value in {"#pace": "0", "#via": "0", "#order": "pay"}.items():
        loaded.select_option(choice, value)
    loaded.click("#reset")
    loaded.locator("#log li").first.wait_for(state="detached")
    loaded.evaluate("document.activeElement.blur()")
    yield loaded
    assert complaints == []


class Board:
    """What the page says, for tests to ask."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def card(self, name: str) -> str:
        return str(self.page.inner_text(f"#card-{name}"))

    def phases(self) -> list[str]:
        return [self.page.inner_text(f"#card-{name} .phase") for name in FOUR]

    def wait_for(self, words: str, names: tuple[str, ...] = FOUR) -> None:
        """Wait until each of these cards says so."""
        for name in names:
            self.page.locator(f"#card-{name}", has_text=words).wait_for(timeout=LIMIT_MS)

    def tips(self) -> set[str]:
        """The last block, by each platform."""
        return {self.fact(name, "Last block") for name in FOUR}

    def fact(self, name: str, term: str) -> str:
        value = self.page.locator(f"#card-{name} dt:text-is('{term}') + dd > span")
        return str(value.inner_text())

    def show(self, tour: str) -> None:
        self.page.click(f".tour:text-is('{tour}')")
        self.page.click("#show-me")
        self.page.wait_for_selector("body.running")
        self.page.wait_for_selector("body:not(.running)")

    def run(self) -> None:
        self.page.click("#run")
        self.page.wait_for_selector("#run[aria-pressed=true]")
        self.page.wait_for_selector("#run[aria-pressed=false]")


@pytest.fixture
def board(page: Any) -> Board:
    return Board(page)


def shoot(page: Any, shots: Path, name: str) -> None:
    """A picture at both widths; nothing may stick out on the right."""
    for view in (WIDE, NARROW):
        page.set_viewport_size(view)
        page.wait_for_timeout(50)
        page.screenshot(path=shots / f"{name}-{view['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == view["width"]
    page.set_viewport_size(WIDE)


def test_a_block_is_decided_on_all_four_phase_by_phase(
    page: Any, board: Board, shots: Path
) -> None:
    page.click("#hand-in")
    page.get_by_text("TRANSACTIONS", exact=False).first.wait_for()
    page.click("#round")
    board.wait_for("voted PREPARE", ("sprout",))
    page.click("#round")
    board.wait_for("voted PREPARE")
    page.click("#round")
    board.wait_for("voted COMMIT")
    locks = {board.fact(name, "Lock") for name in FOUR}
    assert len(locks) == 1
    assert locks.pop().endswith(", view 0")
    shoot(page, shots, "locked")
    page.click("#round")
    board.wait_for("at rest")
    [tip] = board.tips()
    assert tip.startswith("1: ")
    for name in FOUR:
        assert "COMMITs by " in board.card(name)
        assert "alice@thor\t995\ncarol@thor\t5\nbob@sprout\t500" in board.card(name)
    shoot(page, shots, "decided")


def test_a_lost_proposal_leads_to_a_view_change_and_a_block(page: Any, board: Board) -> None:
    page.select_option("#via", "1")
    page.click("#hand-in")
    page.click("button[aria-label='Drop every PRE-PREPARE']")
    page.wait_for_selector("text=never gets the PRE-PREPARE of sprout")
    assert "PRE-PREPARE" not in page.inner_text("#flights")
    page.locator("button[aria-label='Drop every PREPARE']").click()
    page.locator("button[aria-label='Drop every TRANSACTIONS']").click()
    page.click("button[aria-label^='Let the VIEW timer of sprout']")
    board.wait_for("view 1", ("sprout",))
    assert "enters view 1" in page.inner_text("#log")
    board.run()
    assert len(board.tips()) == 1
    assert board.tips().pop().startswith("1: ")


@pytest.mark.clause("C-LOCK-1", "C-VIEW-1")
def test_a_lock_survives_a_view_change(page: Any, board: Board, shots: Path) -> None:
    board.show("A lock survives")
    assert {board.page.inner_text(f"#card-{name} .where") for name in FOUR} == {"height 1 · view 1"}
    [lock] = {board.fact(name, "Lock") for name in FOUR}
    assert "PREPAREs by " in board.card("thor")
    shoot(page, shots, "view-change")
    board.run()
    [tip] = board.tips()
    assert tip == f"1: {lock.partition(',')[0]}"
    page.emulate_media(color_scheme="dark")
    shoot(page, shots, "dark")


def test_who_lost_the_proposal_fetches_the_block(page: Any, board: Board) -> None:
    board.show("Lose one PRE-PREPARE")
    assert len(board.tips()) == 1
    log = page.inner_text("#log")
    assert "legion never gets the PRE-PREPARE of sprout" in log
    assert "the question of legion for blocks from height 1 on" in log


def test_a_betrayed_platform_comes_to_the_block_of_the_others(page: Any, board: Board) -> None:
    board.show("The proposer betrays")
    assert len(board.tips()) == 1
    assert "sprout betrays" in page.inner_text("#log")


def test_votes_for_two_blocks_are_no_quorum_though_there_are_four(page: Any, board: Board) -> None:
    page.select_option("#via", "1")
    page.click("#hand-in")
    for name in ("legion", "platform2"):
        page.click(f"button[aria-label='Forge PRE-PREPARE from sprout to {name}']")
        page.locator("#log", has_text=f"to {name}, and another to others").wait_for()
    page.click("#round")
    page.locator("#flights", has_text="legion → thor").wait_for()
    page.click("#round")
    prepares = page.locator("#card-thor .vote", has_text="of thor, sprout, legion, platform2")
    prepares.wait_for()
    assert prepares.inner_text().endswith("3 needed, not enough")
    assert {board.fact(name, "Lock") for name in FOUR} == {"none"}
    board.run()
    assert len(board.tips()) == 1


def test_messages_arrive_in_the_order_that_a_person_gives_them(page: Any, board: Board) -> None:
    page.click("#hand-in")
    first = page.locator("#flights li").first
    assert "thor → sprout" in first.inner_text()
    first.get_by_role("button", name="Later").click()
    page.locator("#flights li:first-child", has_text="thor → legion").wait_for()
    page.locator("#flights li").last.get_by_role("button", name="Deliver").click()
    board.wait_for("voted PREPARE", ("sprout",))
    assert board.phases()[2] == "at rest"


def test_a_run_without_a_quorum_ends_and_says_why(page: Any, board: Board) -> None:
    for name in ("sprout", "legion"):
        page.click(f"button[aria-label='Crash {name}']")
        board.wait_for("crashed", (name,))
    page.select_option("#via", "1")
    page.click("#hand-in")
    page.locator("#status", has_text="sprout is down, and takes no transaction").wait_for()
    page.select_option("#via", "0")
    page.click("#hand-in")
    page.click("#run")
    page.locator("#status.wrong", has_text="No decision comes").wait_for()


# --- by keyboard alone ----------------------------------------------------------------------------


def focus_by_tab(page: Any, selector: str) -> None:
    """Press Tab until the element has the focus, and see that it shows."""
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            outline = "getComputedStyle(document.activeElement).outlineWidth"
            assert page.evaluate(outline) == "3px"
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_all_of_it_works_by_keyboard(page: Any, board: Board) -> None:
    focus_by_tab(page, "#hand-in")
    page.keyboard.press("Enter")
    page.wait_for_selector("#flights li")
    focus_by_tab(page, "#flights li button")
    page.keyboard.press("Enter")  # the transaction reaches sprout, which proposes
    board.wait_for("voted PREPARE", ("sprout",))
    assert page.evaluate("document.activeElement.closest('#flights') !== null")
    page.keyboard.press("Shift+Tab")
    focus_by_tab(page, "#card-platform2 .power")
    page.keyboard.press("Space")
    board.wait_for("crashed", ("platform2",))
    page.keyboard.press("Space")
    board.wait_for("at rest", ("platform2",))
    focus_by_tab(page, "#round")
    for _ in range(4):
        page.keyboard.press("Enter")
    board.wait_for("1: ")
    assert len(board.tips()) == 1


def test_the_tabs_obey_the_arrow_keys(page: Any, board: Board) -> None:
    focus_by_tab(page, "#tab-federation")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#trace")
    assert not page.is_visible("#federation")
    page.keyboard.press("ArrowLeft")
    assert page.is_visible("#federation")


def test_every_control_has_a_name(page: Any, board: Board) -> None:
    page.click("#hand-in")
    page.wait_for_selector("#flights li")
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter((each) => "
        "!each.ariaLabel && !each.textContent.trim() && !each.labels?.length).length"
    )
    assert nameless == 0
    labels = page.evaluate(
        "[...document.querySelectorAll('#cards button')].map((e) => e.ariaLabel)"
    )
    assert len(set(labels)) == len(labels)


# --- counterexamples ------------------------------------------------------------------------------


def test_the_example_is_stepped_through(page: Any, shots: Path) -> None:
    page.click("#tab-trace")
    page.click("#trace-fork")
    page.locator("#trace-says", has_text="0 of 2").wait_for()
    assert page.inner_text("#trace-title").startswith("Two traitors among four")
    page.click("#trace-on")
    says = page.inner_text("#trace-says")
    assert "platform 2 hears PRE-PREPARE for block A" in says
    assert "platform 2 signs PREPARE for A" in says
    assert not page.is_visible("#trace-verdict")
    page.click("#trace-last")
    assert page.inner_text("#trace-verdict").startswith("Broken: C-CERT-1")
    assert page.locator("#trace-cards .traitor.card").count() == 2
    shoot(page, shots, "trace")
    page.focus("#trace-at")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#trace-says").startswith("1 of 2")


def test_an_example_of_seven_steps_ends_with_a_lock_given_up(page: Any, shots: Path) -> None:
    page.click("#tab-trace")
    page.click("#trace-lock")
    page.locator("#trace-says", has_text="0 of 7").wait_for()
    for _ in range(7):
        page.click("#trace-on")
    assert "platform 0 gives up its lock" in page.inner_text("#trace-says")
    assert page.inner_text("#trace-verdict") == "Broken: C-LOCK-1, a lock is given up."
    shoot(page, shots, "forgotten")


def test_a_trace_of_ones_own_is_opened(page: Any, tmp_path: Path) -> None:
    stage = Stage(Bounds(1, 2, 4, 1), frozenset({0}))
    text = itf.written(Play(Subject(), stage), (Healed(Parting.NOTHING),), "flowing")
    (tmp_path / "mine.itf.json").write_text(text, encoding="utf-8")
    page.click("#tab-trace")
    page.set_input_files("#trace-file", tmp_path / "mine.itf.json")
    page.locator("#trace-title", has_text="mine.itf.json").wait_for()
    page.click("#trace-last")
    assert "platform 1 decides" in page.inner_text("#trace-says")


def test_a_file_that_is_no_trace_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps([HERE.name]), encoding="utf-8")
    page.click("#tab-trace")
    page.set_input_files("#trace-file", tmp_path / "other.json")
    page.locator("#status.wrong", has_text="This file is no counterexample").wait_for()
