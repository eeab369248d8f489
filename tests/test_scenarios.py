"""Every script in `scenarios/` gives the transcript that stands in it.

`pytest --rewrite-scenarios` writes the transcripts anew; what changed is then reviewed as a diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.transcript import Scenario

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.clause("C-FLOW-1", "A-EFFECT-1", "A-EFFECT-4", "I-AGREE-1")
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_script_gives_its_transcript(path: Path, request: pytest.FixtureRequest) -> None:
    script = path.read_text()
    transcript = Scenario().transcript(script)
    if request.config.getoption("rewrite_scenarios"):
        path.write_text(transcript)
        return
    assert script == transcript


def test_there_are_scripts() -> None:
    assert len(SCENARIOS) >= 8
