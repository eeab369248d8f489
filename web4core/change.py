"""A changed copy of a frozen value.

Every rule makes a few of them for every message, and `attrs.evolve` looks the fields up anew each
time; here they are looked up once a class.
To a type checker it is `attrs.evolve`, which knows the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import fields

if TYPE_CHECKING:
    from attrs import evolve
else:

    def evolve(value, **changes):
        """The value with these fields changed, and all others as they are."""
        kind = value.__class__
        read, place = _layout(kind)
        fields_now = list(read(value))
        for name, change in changes.items():
            fields_now[place[name]] = change
        return kind(*fields_now)


__all__ = ["evolve"]

MAX_CLASSES = 256
"""More than the core has."""


@lru_cache(MAX_CLASSES)
def _layout(kind: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    """What reads all fields, and the place of each. Classes of one field have no use for it."""
    names = [field.name for field in fields(kind)]
    return attrgetter(*names), {name: place for place, name in enumerate(names)}
