"""The same events give the same state: from any snapshot on, and from the journal."""

from __future__ import annotations

import pytest

from tests.support.chaos import Chaos
from tests.support.federation import NAMES
from web4core.replica import configure, step
from web4core.snapshot import decode_event, decode_state, encode_event, encode_state, state_digest

EVERY = 7
"""A snapshot is taken at every so many events."""


@pytest.mark.clause("A-DUR-2", "A-DUR-3", "A-EVENT-1", "A-APP-6")
@pytest.mark.parametrize("seed", range(4))
def test_a_platform_restored_from_a_snapshot_has_the_same_future(seed: int) -> None:
    fed = (run := Chaos(seed, 4)).fed
    run.run(250)
    index = fed.honest[0]
    config = configure(fed.genesis, NAMES[index], fed.settings, fed.ledger)
    kept = restored = fed.fresh(index)
    for number, record in enumerate(fed.nodes[index].journal):
        event = decode_event(fed.events, record)
        assert encode_event(fed.events, event) == record
        if number % EVERY == 0:
            restored = decode_state(config, encode_state(restored))
        one, other = step(kept, event), step(restored, event)
        assert one == other
        kept, restored = one.state, other.state
    assert state_digest(kept) == state_digest(restored)
    assert state_digest(kept) == state_digest(fed.nodes[index].state)


@pytest.mark.clause("A-DUR-3")
def test_different_states_have_different_digests() -> None:
    run = Chaos(1, 4)
    run.run(400)
    node = run.fed.nodes[run.fed.honest[0]]
    state = run.fed.fresh(run.fed.honest[0])
    seen = {state_digest(state): state}
    for record in node.journal:
        state = step(state, decode_event(run.fed.events, record)).state
        assert seen.setdefault(state_digest(state), state) == state
    assert len(seen) > 20


@pytest.mark.clause("C-VALID-4", "A-APP-4")
def test_the_memo_of_a_judgement_changes_nothing_but_the_work() -> None:
    run = Chaos(2, 4)
    run.run(250)
    index = run.fed.honest[0]
    config = configure(run.fed.genesis, NAMES[index], run.fed.settings, run.fed.ledger)
    with_memo = run.fed.fresh(index)
    for record in run.fed.nodes[index].journal:
        event = decode_event(run.fed.events, record)
        without_memo = decode_state(config, encode_state(with_memo))
        transition = step(with_memo, event)
        assert transition.effects == step(without_memo, event).effects
        with_memo = transition.state
