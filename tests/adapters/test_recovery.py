"""A platform that comes back with less than its guard knows of says nothing (C-GUARD-4)."""

from __future__ import annotations

import pytest

from tests.support.federation import Federation
from tests.support.forge import opening
from web4adapters.runtime.recovery import has_forgotten
from web4adapters.signers import Memory
from web4adapters.signers.guard import remembering
from web4core.effects import Sign
from web4core.events import TimerKind
from web4core.replica import State, step
from web4core.snapshot import decode_event


def after_a_view_change() -> Federation:
    """Four platforms that locked and committed in view 0, lost the COMMITs, and changed view."""
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _source, _to, message: (
        getattr(message, "statement", None) is not None
        and (message.statement.kind.name == "COMMIT")
    )
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    fed.run(lambda: all(node.state.agreement.view == 1 for node in fed.nodes.values()))
    for node in fed.nodes.values():
        node.timers.pop(TimerKind.RESEND, None)
    fed.settle()
    return fed


def history(fed: Federation, index: int) -> list[tuple[State, Memory, int]]:
    """State, guard and number of statements signed after each event in a journal."""
    state, memory, count = fed.fresh(index), Memory(), 0
    told = []
    for record in fed.nodes[index].journal:
        transition = step(state, decode_event(fed.events, record))
        state = transition.state
        for effect in transition.effects:
            if isinstance(effect, Sign):
                after = remembering(memory, effect.draft.statement)
                count += after != memory
                memory = after
        told.append((state, memory, count))
    return told


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("index", range(4))
def test_only_a_store_that_lacks_something_signed_has_forgotten(index: int) -> None:
    told = history(after_a_view_change(), index)
    _, guard, signed = told[-1]
    assert signed >= 4
    for state, _, count in told:
        assert has_forgotten(guard, state.agreement) is (count < signed)


@pytest.mark.clause("C-GUARD-4")
def test_a_store_restored_to_within_the_view_in_which_it_locked_has_forgotten() -> None:
    told = history(after_a_view_change(), 1)
    locked = next(place for place, (state, _, _) in enumerate(told) if state.agreement.lock)
    restored, _, _ = told[locked - 1]
    _, guard, _ = told[locked]
    assert (restored.height, restored.agreement.view) == (1, 0)
    assert restored.agreement.lock is None
    assert has_forgotten(guard, restored.agreement)
