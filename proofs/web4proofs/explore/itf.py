"""Counterexamples as ITF traces, the files that model checkers and their viewers exchange.

A state of the trace has the deed that led to it and the honest platforms after it. The deed is
complete (the bytes of each message, each timer, each reading of the clock), so a trace is executed
again from the deeds alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from web4core.events import Connected, Elapsed, Resumed, Timer, TimerKind
from web4core.replica import State
from web4core.types import Digest
from web4proofs.explore.after_gst import Parting
from web4proofs.explore.blocks import Blocks
from web4proofs.explore.execution import Deed, Happened, Healed, Heard, Play
from web4proofs.explore.subject import Bounds, Stage, Subject

KIND: Final = "web4 consensus run"
VERSION: Final = 1


class NotATrace(Exception):
    """The file is not a trace that this version can execute."""


def written(play_of: Play, deeds: tuple[Deed, ...], description: str) -> str:
    """Return a run as an ITF trace; `play_of` is at its start."""
    stage = play_of.stage
    states = [_state(0, None, play_of)]
    for index, deed in enumerate(deeds, start=1):
        play_of.do(deed)
        states.append(_state(index, deed, play_of))
    broken = play_of.broken
    trace = {
        "#meta": {
            "format": "ITF",
            "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
            "description": description,
            "web4": {
                "kind": KIND,
                "version": VERSION,
                "n": stage.bounds.n,
                "heights": stage.bounds.heights,
                "views": stage.bounds.views,
                "faulty": stage.bounds.faulty,
                "byzantine": sorted(stage.byzantine),
                "settled": [digest.hex() for digest in stage.settled],
                "breaks": None if broken is None else [broken.clause, broken.found],
                "exit_code": play_of.exit_code,
            },
        },
        "params": [],
        "vars": ["happened", "platforms"],
        "states": states,
    }
    return json.dumps(trace, indent=1) + "\n"


def read(path: Path) -> tuple[Stage, tuple[Deed, ...], int]:
    """Return the stage of a trace, its deeds, and the exit code that it was written with.

    Raises `NotATrace`.
    """
    try:
        trace = json.loads(path.read_text(encoding="utf-8"))
        about = trace["#meta"]["web4"]
        if (about["kind"], about["version"]) != (KIND, VERSION):
            raise NotATrace(f"{path} holds another kind of trace")
        bounds = Bounds(about["heights"], about["views"], about["n"], about["faulty"])
        settled = tuple(Digest(bytes.fromhex(digest)) for digest in about["settled"])
        stage = Stage(bounds, frozenset(about["byzantine"]), settled)
        deeds = tuple(_deed(state["happened"]) for state in trace["states"][1:])
        return stage, deeds, int(about["exit_code"])
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise NotATrace(f"{path} is no trace of web4: {error!r}") from None


def played(subject: Subject, stage: Stage, deeds: tuple[Deed, ...]) -> Play:
    """Execute a trace again. Raises `Refused`."""
    play = Play(subject, stage)
    for deed in deeds:
        play.do(deed)
    return play


def _state(index: int, deed: Deed | None, play: Play) -> dict[str, Any]:
    return {
        "#meta": {"index": index},
        "happened": _happened(deed),
        "platforms": {
            "#map": [
                [platform, _shown(state, play.blocks)] for platform, state in play.states.items()
            ]
        },
    }


def _shown(state: State, blocks: Blocks) -> dict[str, Any]:
    """Return the parts of a platform's state that people need."""
    agreement = state.agreement
    said = agreement.said
    lock = agreement.lock
    return {
        "height": state.height,
        "view": agreement.view,
        "proposed": "" if said.proposal is None else blocks.name(said.proposal.block.digest),
        "prepared": "" if said.prepare is None else blocks.name(said.prepare.statement.digest),
        "committed": "" if said.commit is None else blocks.name(said.commit.statement.digest),
        "lock": "" if lock is None else f"{blocks.name(lock.digest)} of view {lock.view}",
        "tip": "" if state.tip.header.height == 0 else blocks.name(state.tip.digest),
    }


def _happened(deed: Deed | None) -> dict[str, Any]:
    match deed:
        case Heard(platform=platform, data=data, now_ms=now_ms):
            value: dict[str, Any] = {"platform": platform, "now_ms": now_ms, "message": data.hex()}
            return {"tag": "Received", "value": value}
        case Happened(platform=platform, event=Elapsed(timer=timer, now_ms=now_ms)):
            value = {"platform": platform, "now_ms": now_ms, "timer": timer.kind.name}
            return {
                "tag": "Elapsed",
                "value": {**value, "height": timer.height, "view": timer.view},
            }
        case Happened(platform=platform, event=Connected(platform=other, now_ms=now_ms)):
            value = {"platform": platform, "now_ms": now_ms, "other": other}
            return {"tag": "Connected", "value": value}
        case Happened(platform=platform, event=Resumed(now_ms=now_ms)):
            return {"tag": "Resumed", "value": {"platform": platform, "now_ms": now_ms}}
        case Healed(parting=parting, heard=heard):
            value = {"parting": parting.name, "heard": [data.hex() for data in heard]}
            return {"tag": "Flowing", "value": value}
        case _:
            return {"tag": "Start", "value": {"#tup": []}}


def _deed(happened: Mapping[str, Any]) -> Deed:
    value = happened["value"]
    match happened["tag"]:
        case "Received":
            data = bytes.fromhex(value["message"])
            return Heard(value["platform"], data, value["now_ms"])
        case "Elapsed":
            timer = Timer(TimerKind[value["timer"]], value["height"], value["view"])
            return Happened(value["platform"], Elapsed(timer, value["now_ms"]))
        case "Connected":
            return Happened(value["platform"], Connected(value["other"], value["now_ms"]))
        case "Resumed":
            return Happened(value["platform"], Resumed(value["now_ms"]))
        case "Flowing":
            heard = tuple(bytes.fromhex(data) for data in value["heard"])
            return Healed(Parting[value["parting"]], heard)
        case tag:
            raise ValueError(f"nothing is known of {tag!r}")
