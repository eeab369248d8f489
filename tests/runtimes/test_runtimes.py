"""The core in a loop, in threads, in asyncio and in trio: the same bytes from the same events."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.runtimes import asyncio_, sync, threads, trio_
from tests.runtimes.member import CRYPTO, NAMES, PAYMENTS_UATP, Member
from tests.runtimes.replay import digest_of, replayed
from tests.runtimes.transcripts import transcripts
from web4core import RemoteProtocolError, state_digest

RUNTIMES = {"sync": sync, "threads": threads, "asyncio": asyncio_, "trio": trio_}

runtimes = pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)


@pytest.fixture(scope="module")
def by_the_loop() -> str:
    """What all transcripts give in the plainest runtime, as one digest."""
    return digest_of(sync.replays(list(transcripts().values())))


@pytest.mark.clause("A-EFFECT-1", "A-EFFECT-2", "A-EFFECT-3", "A-EFFECT-4", "A-EVENT-5")
@runtimes
def test_four_platforms_agree_on_all_payments(runtime: ModuleType) -> None:
    members: list[Member] = runtime.federation()
    assert [member.paid_uatp() for member in members] == [PAYMENTS_UATP] * len(NAMES)
    common = min(member.state.height for member in members)
    chains = [
        [member.decided[height].block.digest for height in range(1, common)] for member in members
    ]
    assert len(chains[0]) >= 1
    assert chains == [chains[0]] * len(NAMES)


@pytest.mark.clause("A-DUR-2", "A-EVENT-1")
@runtimes
def test_the_journal_of_each_platform_folds_to_its_state(runtime: ModuleType) -> None:
    for member in runtime.federation():
        last = replayed(member.document(), CRYPTO).splitlines()[-1]
        assert json.loads(last)["state"] == state_digest(member.state).hex()


@pytest.mark.clause("A-EVENT-1", "A-EVENT-4")
@runtimes
def test_the_transcripts_give_the_effects_that_stand_in_them(runtime: ModuleType) -> None:
    documents = transcripts()
    for name, given in zip(documents, runtime.replays(list(documents.values())), strict=True):
        effects = [json.loads(line)["effects"] for line in given.splitlines()]
        assert effects == [vector["result"]["effects"] for vector in documents[name]["vectors"]], (
            name
        )


@pytest.mark.clause("A-EVENT-1", "A-DUR-3")
@pytest.mark.parametrize("runtime", [threads, asyncio_, trio_], ids=["threads", "asyncio", "trio"])
def test_the_bytes_are_those_of_the_loop(runtime: ModuleType, by_the_loop: str) -> None:
    assert digest_of(runtime.replays(list(transcripts().values()))) == by_the_loop


def test_another_event_gives_other_bytes(by_the_loop: str) -> None:
    documents = list(transcripts().values())
    shortened = {**documents[0], "vectors": documents[0]["vectors"][:-1]}
    assert digest_of(sync.replays([shortened, *documents[1:]])) != by_the_loop


@pytest.mark.clause("A-EVENT-3")
def test_a_runtime_that_verifies_nothing_is_found_out() -> None:
    document = transcripts()["transcript_happy_path"]
    with pytest.raises(RemoteProtocolError, match="signature"):
        replayed(document, CRYPTO._replace(verify=lambda *_claim: False))


def test_bytes_that_fail_the_gate_are_dropped_and_change_nothing() -> None:
    member = Member(0)
    member.begin(0.0)
    before = state_digest(member.state), len(member.journal)
    assert member.take(b"hostile", 0.0) == []
    assert (state_digest(member.state), len(member.journal)) == before


@runtimes
def test_a_driver_is_sixty_lines_at_most_not_counting_blank_ones(runtime: ModuleType) -> None:
    lines = Path(str(runtime.__file__)).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line]) <= 60


def test_what_the_page_shows_of_a_file_stands_in_it() -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "spec" / "runtimes" / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"From `(\S+)`:\n\n```python\n(.*?)```", page, re.DOTALL)
    shown += [
        (name, text)
        for text, name in re.findall(r"```js\n(.*?)```\n\nFrom `(\S+)`\.", page, re.DOTALL)
    ]
    assert len(shown) == 5
    assert [
        name for name, text in shown if text not in (root / name).read_text(encoding="utf-8")
    ] == []
