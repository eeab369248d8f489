"""A log that strangers cannot fill: the first event of a kind is logged, then ever fewer."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable

LOG_EVERY = 100
"""Of events that a stranger can cause at will, the first is logged, and then every hundredth.

Above a thousand it is every thousandth, above ten thousand every ten thousandth, and so on.
"""


class ThrottledLog:
    """Counts events by kind; there must be few kinds."""

    def __init__(self) -> None:
        self._seen: Counter[Hashable] = Counter()

    def before(self, kind: Hashable) -> int | None:
        """Count an event; the number of earlier ones, or None if it is not to be logged."""
        before = self._seen[kind]
        self._seen[kind] += 1
        step = max(LOG_EVERY, 10 ** (len(str(before)) - 1))
        return before if before % step == 0 else None

    def warn(self, log: logging.Logger, kind: Hashable, text: str, *values: object) -> None:
        """Count an event, and log it as a warning if it is to be logged."""
        before = self.before(kind)
        if before is not None:
            log.warning(f"{text} (%d before)", *values, before)

    def forget(self, kind: Hashable) -> None:
        """Log the next event of this kind."""
        del self._seen[kind]
