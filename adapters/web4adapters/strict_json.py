"""Strict reading of JSON and of bytes in hexadecimal: input on which readers disagree is refused.

Files and answers over HTTP are read with it, so it knows neither files nor platforms.
"""

from __future__ import annotations

import json
from typing import Any


def read_json(text: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; ValueError says what is wrong.

    Two things that some readers accept are refused: a repeated member, and NaN or infinity
    (G-GENESIS-1, G-EXPORT-1).
    """
    try:
        return json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} repeats")
    return members


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def read_hex(text: Any) -> bytes:
    """Return the bytes of lower-case hexadecimal text; ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError("it is no text")
    value = bytes.fromhex(text)
    if value.hex() != text:
        raise ValueError("it is not plain hexadecimal in lower case")
    return value
