"""A counterexample, as `web4 check explore` writes it, shown step by step on the page.

An ITF trace holds each event in full, and the states of the honest platforms after each step; the
actions of a platform are read from the changes of its state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from web4core import (
    MAX_MESSAGE_BYTES,
    Decided,
    Message,
    Proposal,
    RemoteProtocolError,
    Submission,
    ViewChange,
    message_schemas,
)
from web4lab.playground.labels import KINDS, block_of, kind_of, short

Json: TypeAlias = Any
KIND: Final = "web4 consensus run"
VERSION: Final = 1
_TOLD: Final = {
    "view": ("view", "enters view {}"),
    "proposed": ("said", "signs PRE-PREPARE of {}"),
    "prepared": ("said", "signs PREPARE for {}"),
    "lock": ("lock", "locks {}"),
    "committed": ("said", "signs COMMIT for {}"),
    "tip": ("decide", "decides {}"),
}
"""The meaning of a change in each of these variables."""


_MARKS: Final = {
    "Received": "own",
    "Elapsed": "timer",
    "Connected": "link",
    "Resumed": "restart",
}
"""The mark on the page of an event of one platform alone."""


@frozen
class _Item:
    """A transaction of any application; only its bytes are used."""

    encoded: bytes


_MESSAGES: Final = message_schemas(_Item).message


def trace_as_json(text: str) -> str:
    """The trace in `text`, for the page; raises `ValueError` in words for people."""
    try:
        trace = json.loads(text)
        about = trace["#meta"]["web4"]
        kind, version = about["kind"], about["version"]
    except (KeyError, TypeError, ValueError):
        raise ValueError("This file is no counterexample of web4 check explore.") from None
    if (kind, version) != (KIND, VERSION):
        raise ValueError(f"This is a {kind}, version {version}: `web4 replay` tells it.")
    try:
        return json.dumps(_told(trace, about))
    except (KeyError, TypeError, ValueError, RemoteProtocolError) as error:
        raise ValueError(f"The trace cannot be read: {error}") from None


def _told(trace: Json, about: Json) -> Json:
    states = [dict(state["platforms"]["#map"]) for state in trace["states"]]
    happened = [state["happened"] for state in trace["states"]]
    names = _names(happened, states)
    steps = [
        _step(happened[place], states[place - 1] if place else {}, states[place], names)
        for place in range(len(states))
    ]
    byzantine, breaks = about["byzantine"], about["breaks"]
    return {
        "n": about["n"],
        "byzantine": byzantine,
        "bounds": f"{_counted(about['heights'], 'height')}, {_counted(about['views'], 'view')}",
        "breaks": None if breaks is None else {"clause": breaks[0], "found": breaks[1]},
        "steps": steps,
    }


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _names(happened: list[Json], states: list[dict[int, Json]]) -> dict[bytes, str]:
    """The names of the blocks in the trace: a vote after a proposal is a vote for its block."""
    names: dict[bytes, str] = {}
    for place, each in enumerate(happened):
        message = _message(each)
        if not isinstance(message, Proposal):
            continue
        voter = each["value"]["platform"]
        now, before = states[place][voter], states[place - 1][voter]
        if now["prepared"] and now["prepared"] != before["prepared"]:
            names[message.block.digest] = now["prepared"]
    return names


def _message(happened: Json) -> Message | None:
    if happened["tag"] != "Received":
        return None
    return _MESSAGES.decode(bytes.fromhex(happened["value"]["message"]), MAX_MESSAGE_BYTES)


def _step(
    happened: Json, before: Mapping[int, Json], now: Mapping[int, Json], names: dict[bytes, str]
) -> Json:
    value, message = happened["value"], _message(happened)
    at = value.get("platform", -1)
    source = at
    kind, about = happened["tag"], ""
    match happened["tag"]:
        case "Received" if message is not None:
            source = at if isinstance(message, Decided | Submission) else message.statement.signer
            kind, about = kind_of(message), _about(message, names)
            text = f"platform {at} hears {_sentence(message, about, names)}"
        case "Elapsed":
            kind = value["timer"]
            text = f"platform {at}: the {kind} timer of view {value['view']} runs out"
        case "Connected":
            text = f"platform {at} has a link to platform {value['other']}"
        case "Resumed":
            text = f"platform {at} starts again"
        case "Flowing":
            parting = value["parting"].lower()
            text = f"from here on messages flow and timers run in order (heard before: {parting})"
        case _:
            text = "the start: nothing has been said"
    notes = [
        {"at": platform, "tone": tone, "text": words}
        for platform, state in now.items()
        for tone, words in _changes(before.get(platform), state)
    ]
    return {
        "text": text,
        "what": "delivered" if source != at else _MARKS.get(happened["tag"], ""),
        "source": source,
        "target": at,
        "kind": kind,
        "about": about,
        "notes": notes,
        "platforms": [[platform, state] for platform, state in now.items()],
    }


def _changes(before: Json, now: Json) -> Iterator[tuple[str, str]]:
    if before is None:
        return
    for name, (tone, words) in _TOLD.items():
        if now[name] != before[name] and now[name] != "":
            yield tone, words.format(now[name])
    if before["lock"] and not now["lock"] and before["height"] == now["height"]:
        yield "alarm", "gives up its lock"


def _about(message: Message, names: dict[bytes, str]) -> str:
    block = block_of(message)
    if block is not None:
        return _name(block.digest, names)
    if isinstance(message, ViewChange | Decided | Submission):
        return ""
    return _name(message.statement.digest, names)


def _sentence(message: Message, about: str, names: dict[bytes, str]) -> str:
    if isinstance(message, Submission):
        return "transactions"
    if isinstance(message, Decided):
        return f"of block {about}, with a commit certificate"
    said = message.statement
    where = f"in view {said.view} of height {said.height}, by platform {said.signer}"
    shown = message.justification if isinstance(message, Proposal) else None
    if isinstance(message, ViewChange):
        shown = message.prepared
    proof = ""
    if shown is not None:
        signers = ", ".join(str(signer) for signer, _ in shown.signatures)
        proof = f", with PREPAREs of view {shown.view} for {_name(shown.digest, names)}"
        proof += f" by {signers}"
    of = f" for block {about}" if about and not isinstance(message, ViewChange) else ""
    return f"{KINDS[said.kind]}{of} {where}{proof}"


def _name(digest: bytes, names: dict[bytes, str]) -> str:
    return names.get(digest) or short(digest)
