"""A platform that comes back with less than its guard knows of says nothing (C-GUARD-4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define, evolve

from tests.support.federation import NAMES, START_MS, Federation
from tests.support.forge import opening
from web4adapters.runtime.recovery import node_of, revive
from web4adapters.storage import Store
from web4core.consensus.rules import standing
from web4core.effects import Sign
from web4core.events import Resumed, TimerKind
from web4core.guard import Memory, highest_signed, refusal, remembering
from web4core.messages import BINDING, Kind, Statement, Vote
from web4core.recovery import Fold, guarded, has_forgotten
from web4core.replica import step
from web4core.settings import Settings
from web4core.snapshot import decode_event, decode_state, encode_event, encode_state
from web4core.types import Digest, View


def after_a_view_change() -> Federation:
    """Four platforms that locked and committed in view 0, lost the COMMITs, and changed view."""
    fed = Federation(4)
    fed.settle()
    fed.cut = lambda _source, _to, message: (
        isinstance(message, Vote) and message.statement.kind is Kind.COMMIT
    )
    fed.submit(0, opening(fed, "carol"))
    fed.settle()
    fed.run(lambda: all(node.state.agreement.view == 1 for node in fed.nodes.values()))
    for node in fed.nodes.values():
        node.timers.pop(TimerKind.RESEND, None)
    fed.settle()
    return fed


@define
class Past:
    """What a journal of so many events leads to, and what the guard remembers by then."""

    revived: Fold
    guard: Memory


def history(fed: Federation, index: int) -> list[Past]:
    """After each event in a journal."""
    state, memory = fed.fresh(index), Memory()
    said: frozenset[Statement] = frozenset()
    told: list[Past] = []
    for record in fed.nodes[index].journal:
        transition = step(state, decode_event(fed.events, record))
        state = transition.state
        for effect in transition.effects:
            if isinstance(effect, Sign) and effect.draft.statement.kind in BINDING:
                memory = remembering(memory, effect.draft.statement)
                said |= {effect.draft.statement}
        told.append(Past(Fold(state, len(told) + 1, len(told) + 1, 0, (1, 0), said), memory))
    return told


@pytest.mark.clause("C-GUARD-4")
@pytest.mark.parametrize("index", range(4))
def test_only_a_store_that_lacks_something_signed_has_forgotten(index: int) -> None:
    told = history(after_a_view_change(), index)
    whole = told[-1]
    assert len(whole.revived.said) >= 4
    for each in told:
        lacks = each.revived.said != whole.revived.said
        assert has_forgotten(whole.guard, each.revived) is lacks


@pytest.mark.clause("C-GUARD-4")
def test_a_store_restored_to_within_the_view_in_which_it_locked_has_forgotten() -> None:
    told = history(after_a_view_change(), 1)
    locked = next(i for i, each in enumerate(told) if each.revived.state.agreement.lock)
    restored = told[locked - 1].revived
    assert (restored.state.height, restored.state.agreement.view) == (1, 0)
    assert restored.state.agreement.lock is None
    assert has_forgotten(told[locked].guard, restored)


@pytest.mark.clause("C-GUARD-4")
def test_a_fold_that_says_something_else_has_forgotten() -> None:
    whole = history(after_a_view_change(), 1)[-1]
    commits = [each for each in whole.revived.said if each.kind is Kind.COMMIT]
    commit = max(commits, key=lambda each: each.view)
    other = evolve(commit, digest=Digest(bytes(32)))
    revived = evolve(whole.revived, said=whole.revived.said - {commit} | {other})
    assert has_forgotten(whole.guard, revived)


@pytest.mark.clause("C-GUARD-4")
def test_what_was_signed_before_the_snapshot_is_not_asked_for() -> None:
    whole = history(after_a_view_change(), 1)[-1]
    state = whole.revived.state
    stood = frozenset(draft.statement for draft in standing(state.agreement))
    begun = (state.height, state.agreement.view)
    later = Fold(state, whole.revived.seq, 0, 0, begun, stood)
    assert not has_forgotten(whole.guard, later)


@pytest.mark.clause("C-GUARD-4", "C-GUARD-6")
def test_a_platform_is_not_silenced_again_for_what_it_was_silenced_for() -> None:
    whole = history(after_a_view_change(), 1)[-1]
    lost = evolve(whole.revived, said=frozenset())
    assert has_forgotten(whole.guard, lost)
    assert not has_forgotten(evolve(whole.guard, silent_through=1), lost)


@pytest.mark.clause("A-SET-2", "A-DUR-2")
def test_a_changed_setting_does_not_change_where_a_journal_leads(tmp_path: Path) -> None:
    fed = Federation(4, settings=Settings(pool_items=1))
    fed.submit(1, opening(fed, "carol"))
    fed.submit(1, opening(fed, "dave"))
    node = fed.nodes[1]
    assert [refusal.code for refusal in node.refused] == ["pool-full"]
    first = encode_event(fed.events, Resumed(START_MS, Settings(pool_items=1)))
    with Store.create(tmp_path / "store", fed.chain_id, NAMES[1]) as store:
        store.recover()
        store.commit([first, *node.journal[1:]], [])
        revived = revive(store, fed.genesis, NAMES[1])
    assert revived.state == node.state
    assert revived.state.config.settings.pool_items == 1


@pytest.mark.clause("A-SET-2", "A-DUR-4")
def test_settings_change_when_a_platform_resumes_and_stand_in_its_snapshot() -> None:
    fed = Federation(1)
    state = step(fed.fresh(0), Resumed(START_MS, Settings(pool_items=7))).state
    restored = decode_state(fed.fresh(0).config, encode_state(state))
    assert state.config.settings.pool_items == 7
    assert restored == state


@pytest.mark.clause("C-GUARD-4", "C-GUARD-6")
def test_a_forgetful_platform_is_silenced_through_all_that_it_signed(tmp_path: Path) -> None:
    fed = after_a_view_change()
    told = history(fed, 1)
    one = max(told[-1].revived.said, key=lambda each: (each.height, each.view, each.kind))
    memory = remembering(told[-1].guard, evolve(one, kind=Kind.COMMIT, height=3))
    assert highest_signed(memory) == 3
    silent = guarded(memory, told[0].revived)
    assert silent == evolve(memory, silent_through=3)
    refused = refusal(silent, evolve(one, kind=Kind.COMMIT, height=3, view=View(9)))
    assert refused is not None
    assert refused.clause == "C-GUARD-6"
    with Store.create(tmp_path / "store", fed.chain_id, NAMES[1]) as store:
        node = node_of(store, memory, fed.genesis, NAMES[1], fed.gate, Settings(), 0)
    assert node.has_forgotten
    assert node.silent_through == 3


@pytest.mark.clause("C-GUARD-4")
def test_a_platform_that_forgot_nothing_is_not_silenced() -> None:
    whole = history(after_a_view_change(), 1)[-1]
    assert guarded(whole.guard, whole.revived) is whole.guard
