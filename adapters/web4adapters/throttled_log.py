"""A log that strangers cannot fill: of what they cause, the first is told, then ever fewer."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable

LOG_EVERY = 100
"""Of what a stranger can cause at will, the first is logged, and then every so many.

Above a thousand it is every thousandth, above ten thousand every ten thousandth, and so on.
"""


class ThrottledLog:
    """Counts what happens, by kind; there must be few kinds."""

    def __init__(self) -> None:
        self._seen: Counter[Hashable] = Counter()

    def before(self, kind: Hashable) -> int | None:
        """Count one more; how many there were before, or None if it is not to be told."""
        before = self._seen[kind]
        self._seen[kind] += 1
        step = max(LOG_EVERY, 10 ** (len(str(before)) - 1))
        return before if before % step == 0 else None

    def warn(self, log: logging.Logger, kind: Hashable, text: str, *values: object) -> None:
        """Count one more, and log it as a warning if it is to be told."""
        before = self.before(kind)
        if before is not None:
            log.warning(f"{text} (%d before)", *values, before)

    def forget(self, kind: Hashable) -> None:
        """Tell the next one of this kind."""
        del self._seen[kind]
