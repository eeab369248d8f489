"""The report of an exploration, for people and for machines."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Final

from attrs import field, frozen

from web4proofs.explore.branches import Arcs, Branch, branches, together
from web4proofs.explore.oracle import Broken
from web4proofs.explore.subject import Bounds
from web4proofs.explore.unreached import REASONS


class ExplorationResult(enum.Enum):
    """The result of an exploration."""

    HOLDS = "holds"
    FAILS = "a safety property fails"
    STUCK = "no decision comes"
    INCONCLUSIVE = "inconclusive"
    BROKE_OFF = "broke off"


EXIT_CODES: Final = {
    ExplorationResult.HOLDS: 0,
    ExplorationResult.BROKE_OFF: 1,
    ExplorationResult.INCONCLUSIVE: 3,
    ExplorationResult.FAILS: 12,
    ExplorationResult.STUCK: 13,
}
_WORST_FIRST: Final = (
    ExplorationResult.FAILS,
    ExplorationResult.STUCK,
    ExplorationResult.BROKE_OFF,
    ExplorationResult.INCONCLUSIVE,
    ExplorationResult.HOLDS,
)


NOT_HERE: Final = "not taken within these bounds"
"""The text for a branch that was not taken and has no entry in `unreached`."""


@frozen
class Counterexample:
    """The nearest run that breaks a property: its file, and its text for people."""

    broken: Broken
    moves: int
    trace: str = field(repr=False)
    transcript: str = field(repr=False)


@frozen
class Part:
    """The exploration of one placement of Byzantine platforms."""

    bounds: Bounds
    byzantine: tuple[int, ...]
    settled: str
    """The name of the block that was decided before; empty at height 1."""
    verdict: ExplorationResult
    reason: str = ""
    """The reason for a result other than `HOLDS`, if there is no counterexample."""
    places: int = 0
    locals: int = 0
    states: int = 0
    steps: int = 0
    transitions: int = 0
    depth: int = 0
    refined: int = 0
    """The number of moves that are steps of the proved protocol."""
    renamings: int = 0
    rounds: dict[str, dict[int, int]] = field(factory=dict)
    """By parting, the number of places for each number of rounds of view timers."""
    search_seconds: float = 0.0
    progress_seconds: float = 0.0
    memory_bytes: int = 0
    counterexample: Counterexample | None = None
    arcs: Arcs = field(factory=dict, repr=False)
    refused: dict[str, int] = field(factory=dict)
    """The number of candidate messages that the gate refused, by clause."""

    @property
    def name(self) -> str:
        """The part's name, which no other part has."""
        after = f" after block {self.settled}" if self.settled else ""
        who = ", ".join(map(str, self.byzantine)) or "nobody"
        return f"height {self.bounds.heights}{after}, {self.bounds.views} views, Byzantine: {who}"


@frozen
class Report:
    """All parts of an exploration."""

    version: str
    parts: tuple[Part, ...]
    seconds: float

    @property
    def verdict(self) -> ExplorationResult:
        """The worst result of the parts; without a part, nothing is shown."""
        if not self.parts:
            return ExplorationResult.BROKE_OFF
        found = {part.verdict for part in self.parts}
        return next(verdict for verdict in _WORST_FIRST if verdict in found)

    @property
    def exit_code(self) -> int:
        """0 holds, 1 broke off, 3 inconclusive, 12 a safety property fails, 13 no decision."""
        return EXIT_CODES[self.verdict]

    @property
    def counterexample(self) -> Counterexample | None:
        """The shortest counterexample that matches the result."""
        found = [
            part.counterexample
            for part in self.parts
            if part.counterexample is not None and part.verdict is self.verdict
        ]
        return min(found, key=lambda each: each.moves, default=None)

    @property
    def branches(self) -> tuple[tuple[Branch, bool], ...]:
        """Every branch of the transition function, and whether any part took it."""
        return branches(together(part.arcs for part in self.parts))

    @property
    def unexplained(self) -> tuple[Branch, ...]:
        """The branches that were never taken and have no entry in `unreached`."""
        return tuple(
            branch for branch, taken in self.branches if not taken and branch.key not in REASONS
        )

    @property
    def most_rounds(self) -> int:
        """The rounds of view timers within which all honest platforms decided, from every place."""
        return max(
            (rounds for part in self.parts for places in part.rounds.values() for rounds in places),
            default=0,
        )


def as_text(report: Report) -> str:
    """Return the report for people."""
    lines = [_told(part) for part in report.parts]
    taken = sum(taken for _, taken in report.branches)
    places = sum(part.places for part in report.parts)
    refined = sum(part.refined for part in report.parts)
    mebibytes = max((part.memory_bytes for part in report.parts), default=0) / 2**20
    transitions = sum(part.transitions for part in report.parts)
    lines += [
        "",
        f"places          {places:,} up to renaming, {transitions:,} moves between them",
        f"refinement      {refined:,} moves of platforms are steps of the protocol proved",
        f"progress        from every place, within {report.most_rounds} rounds of view timers",
        f"branches        {taken} of {len(report.branches)} of the transition function taken",
        f"memory          {mebibytes:,.0f} MiB for the largest part",
        f"time            {report.seconds:.1f} s, web4 {report.version}",
    ]
    for branch, was_taken in report.branches:
        if not was_taken:
            lines.append(f"  never taken: {branch}: {REASONS.get(branch.key, NOT_HERE)}")
    if report.counterexample is not None:
        lines += ["", report.counterexample.transcript]
    lines += ["", report.verdict.value]
    return "\n".join(lines) + "\n"


def _told(part: Part) -> str:
    seconds = part.search_seconds + part.progress_seconds
    rate = part.places / part.search_seconds if part.search_seconds else 0.0
    told = (
        f"{part.name}: {part.places:,} places, depth {part.depth}, {part.states:,} states of"
        f" platforms, {part.steps:,} steps, {rate:,.0f} places/s, {seconds:.1f} s:"
        f" {part.verdict.value}"
    )
    return f"{told} ({part.reason})" if part.reason else told


def worst(exit_codes: Iterable[int]) -> int:
    """Return the exit code of several explorations together."""
    found = set(exit_codes)
    return next(code for verdict in _WORST_FIRST if (code := EXIT_CODES[verdict]) in found)


def as_plain(report: Report) -> dict[str, Any]:
    """Return the report for machines, as plain values for JSON."""
    return {
        "version": report.version,
        "verdict": report.verdict.name.lower(),
        "exit_code": report.exit_code,
        "seconds": round(report.seconds, 3),
        "most_rounds": report.most_rounds,
        "parts": [_plain(part) for part in report.parts],
        "branches": [
            {
                "branch": str(branch),
                "taken": taken,
                "reason": None if taken else REASONS.get(branch.key),
            }
            for branch, taken in report.branches
        ],
    }


def _plain(part: Part) -> dict[str, Any]:
    shown = part.counterexample
    return {
        "heights": part.bounds.heights,
        "views": part.bounds.views,
        "n": part.bounds.n,
        "byzantine": list(part.byzantine),
        "after": part.settled,
        "verdict": part.verdict.name.lower(),
        "reason": part.reason,
        "places": part.places,
        "platforms": part.locals,
        "states": part.states,
        "steps": part.steps,
        "transitions": part.transitions,
        "depth": part.depth,
        "refined": part.refined,
        "renamings": part.renamings,
        "rounds": {
            parting: {str(rounds): places for rounds, places in sorted(found.items())}
            for parting, found in part.rounds.items()
        },
        "search_seconds": round(part.search_seconds, 3),
        "progress_seconds": round(part.progress_seconds, 3),
        "memory_bytes": part.memory_bytes,
        "refused_by_the_gate": part.refused,
        "breaks": None if shown is None else [shown.broken.clause, shown.broken.found],
        "moves": None if shown is None else shown.moves,
    }
