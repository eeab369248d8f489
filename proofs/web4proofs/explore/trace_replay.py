"""The replay of a counterexample, from its file, on the installed code."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import frozen

from web4proofs.explore import itf, ledger
from web4proofs.explore.execution import Refused
from web4proofs.explore.itf import NotATrace
from web4proofs.explore.subject import Subject
from web4proofs.explore.transcript import transcript


@frozen
class Replayed:
    """The result of the replay, and the result with which the trace was written."""

    exit_code: int
    """0 nothing is broken, 1 the run is no longer possible, 12 and 13 as for an exploration."""
    expected: int
    told: str
    """The transcript and the result, for people."""


def replay(path: Path, subject: Subject | None = None) -> Replayed:
    """Run a trace again. Raises `NotATrace`, and `OSError` for a file that cannot be read."""
    if _kind(path) == ledger.KIND:
        return _of_ledger(path)
    stage, deeds, expected = itf.read(path)
    try:
        play = itf.played(subject or Subject(), stage, deeds)
    except Refused as error:
        return Replayed(1, expected, f"the run is not possible with this code: {error}")
    told = transcript(play)
    return Replayed(play.exit_code, expected, told if play.broken else f"{told}\nnothing is broken")


def _kind(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["#meta"]["web4"]["kind"])
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise NotATrace(f"{path} is no trace of web4: {error!r}") from None


def _of_ledger(path: Path) -> Replayed:
    try:
        trace = json.loads(path.read_text(encoding="utf-8"))
        moves = [str(state["move"]) for state in trace["states"][1:]]
        broken = ledger.replayed(moves)
        expected = int(trace["#meta"]["web4"]["exit_code"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NotATrace(f"{path} is no run of the ledger: {error!r}") from None
    lines = [f"{number:4}. {move}" for number, move in enumerate(moves, start=1)]
    lines.append("nothing is broken" if broken is None else f"broken: {broken}")
    return Replayed(0 if broken is None else 12, expected, "\n".join(lines))
