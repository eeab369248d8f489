"""A platform's status, accepted only if every field has its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from web4adapters.client.errors import plain
from web4core import MAX_UINT, NAME

MAX_PEERS = 1_000
"""Peers that a status may list."""

_Check: TypeAlias = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_UINT


def _is_count_or_null(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and plain(value) == value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_peers(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MAX_PEERS:
        return False
    return all(_first_amiss(each, _PEER) is None for each in value)


def _is_counts(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_is_text, value))
        and all(map(_is_count, value.values()))
    )


def _is_counters(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_text(name) and (_is_count(count) or _is_counts(count)) for name, count in value.items()
    )


_PEER: dict[str, _Check] = {
    "platform": _is_name,
    "connected": _is_flag,
    "height": _is_count_or_null,
    "view": _is_count_or_null,
    "heard_ms_ago": _is_count_or_null,
}
_STATUS: dict[str, _Check] = {
    "chain": _is_text,
    "chain_id": _is_text,
    "platform": _is_name,
    "height": _is_count,
    "digest": _is_text,
    "state_root": _is_text,
    "time_ms": _is_count,
    "view": _is_count,
    "agreeing_on": _is_count,
    "pending": _is_count,
    "supply_uatp": _is_count,
    "peers": _is_peers,
    "counters": _is_counters,
    "version": _is_text,
}


def _first_amiss(value: Any, table: dict[str, _Check]) -> str | None:
    """A sentence about the first field that is missing or has the wrong type, or None."""
    if not isinstance(value, dict):
        return "it is no object"
    for name, check in table.items():
        if name not in value:
            return f"it lacks {name}"
        if not check(value[name]):
            return f"its {name} is not what it must be"
    return None


def amiss_in_status(answer: dict[str, Any]) -> str | None:
    """The fault in a status, or None; unknown fields are not looked at."""
    return _first_amiss(answer, _STATUS)


def known_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The fields of a status that are checked."""
    return {name: answer[name] for name in _STATUS}
