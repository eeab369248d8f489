"""An event that cannot be is refused where it is made, with the name of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.federation import START_MS, Federation, draft_of
from tests.support.forge import status
from web4core import (
    Connected,
    Elapsed,
    Event,
    LocalProtocolError,
    Received,
    Resumed,
    Settings,
    Submission,
    Submitted,
    Timer,
    TimerKind,
    View,
)
from web4core.chain import MAX_BLOCK_ITEMS, MAX_PLATFORMS
from web4core.schema import MAX_UINT

TIMER = Timer(TimerKind.VIEW, 1, View(0))
MAKERS: dict[str, Callable[[Any], Event]] = {
    "Received": lambda now_ms: Received(Submission(()), now_ms),
    "Elapsed": lambda now_ms: Elapsed(TIMER, now_ms),
    "Submitted": lambda now_ms: Submitted((), now_ms),
    "Connected": lambda now_ms: Connected(0, now_ms),
    "Resumed": Resumed,
}
WRONG: dict[str, tuple[Callable[[], Event], str]] = {
    "text for a message": (lambda: Received("x", 1), "Received.message is str"),  # type: ignore[arg-type]
    "nothing for a message": (lambda: Received(None, 1), "Received.message is NoneType"),  # type: ignore[arg-type]
    "text for a timer": (lambda: Elapsed("nonsense", 1), "Elapsed.timer is str"),  # type: ignore[arg-type]
    "a kind for a timer": (lambda: Elapsed(TimerKind.VIEW, 1), "Elapsed.timer is TimerKind"),  # type: ignore[arg-type]
    "a number for the kind of a timer": (
        lambda: Elapsed(Timer(1, 1, View(0)), 1),  # type: ignore[arg-type]
        "Elapsed.timer.kind is 1",
    ),
    "text for the height of a timer": (
        lambda: Elapsed(Timer(TimerKind.VIEW, "1", View(0)), 1),  # type: ignore[arg-type]
        "Elapsed.timer.height is str",
    ),
    "a timer of a view below 0": (
        lambda: Elapsed(Timer(TimerKind.VIEW, 1, View(-1)), 1),
        "Elapsed.timer.view is -1",
    ),
    "a list of transactions": (lambda: Submitted([], 1), "Submitted.transactions is list"),  # type: ignore[arg-type]
    "more transactions than an event holds": (
        lambda: Submitted((None,) * (MAX_BLOCK_ITEMS + 1), 1),
        f"Submitted.transactions has {MAX_BLOCK_ITEMS + 1}",
    ),
    "the name of a platform": (lambda: Connected("thor", 1), "Connected.platform is str"),  # type: ignore[arg-type]
    "a platform below 0": (lambda: Connected(-1, 1), "Connected.platform is -1"),
    "a platform beyond all": (
        lambda: Connected(MAX_PLATFORMS, 1),
        f"Connected.platform is {MAX_PLATFORMS}",
    ),
    "platform and time swapped": (
        lambda: Connected(START_MS, 1),
        f"Connected.platform is {START_MS}",
    ),
    "true for a platform": (lambda: Connected(True, 1), "Connected.platform is bool"),
    "a number for settings": (lambda: Resumed(1, 7), "Resumed.settings is 7"),  # type: ignore[arg-type]
}


def refused(make: Callable[[], Event]) -> str:
    with pytest.raises(LocalProtocolError) as caught:
        make()
    return str(caught.value)


@pytest.mark.clause("A-EVENT-1")
@pytest.mark.parametrize("case", WRONG)
def test_an_event_of_the_wrong_type_or_range_is_refused_by_name(case: str) -> None:
    make, says = WRONG[case]
    assert refused(make).startswith(f"A-EVENT-1: {says}")


@pytest.mark.clause("A-EVENT-1")
def test_a_draft_is_no_message_that_can_be_received() -> None:
    draft: Any = draft_of(status(Federation(4), 0, 1))
    assert "Received.message is StatusDraft" in refused(lambda: Received(draft, 1))


@pytest.mark.clause("A-EVENT-2")
@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("now_ms", [-1, MAX_UINT + 1, 1.0, "1", None, True])
def test_a_time_that_is_none_is_refused(kind: str, now_ms: Any) -> None:
    assert f"{kind}.now_ms is " in refused(lambda: MAKERS[kind](now_ms))


@pytest.mark.clause("A-EVENT-2")
@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("now_ms", [0, MAX_UINT])
def test_the_first_and_the_last_time_are_taken(kind: str, now_ms: int) -> None:
    assert MAKERS[kind](now_ms).now_ms == now_ms


def test_what_is_at_the_bounds_is_taken() -> None:
    assert Connected(MAX_PLATFORMS - 1, 1).platform == MAX_PLATFORMS - 1
    assert len(Submitted((None,) * MAX_BLOCK_ITEMS, 1).transactions) == MAX_BLOCK_ITEMS
    assert Resumed(1, Settings()).settings == Settings()
