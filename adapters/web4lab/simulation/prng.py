"""Choices that depend on a name alone: the same on every machine, and independent of each other.

Every part of a run has a stream of its own, named after the seed and the part. So the draws of one
part change nothing for the others, and a run without one of its faults stays close to the run with
it.
Only whole numbers are returned: no float's last digit may decide a run.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")

PER_MILLE = 1000


class Prng:
    """One stream of choices."""

    def __init__(self, *name: int | str) -> None:
        self._name = name
        seed = hashlib.sha256("/".join(map(str, name)).encode()).digest()
        # Of all methods, `random()` alone is promised to give the same under every Python.
        self._next = random.Random(int.from_bytes(seed)).random

    def fork(self, *name: int | str) -> Prng:
        """The stream of another name; it does not depend on earlier draws."""
        return Prng(*self._name, *name)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; `limit` is far below 2**53."""
        return int(self._next() * limit)

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def chance(self, per_mille: int) -> bool:
        """True so many times in a thousand."""
        return self.below(PER_MILLE) < per_mille

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of these, each as likely as the next."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[_T], count: int) -> tuple[_T, ...]:
        """So many of these, in the order in which they stand."""
        places = list(range(len(choices)))
        taken = sorted(places.pop(self.below(len(places))) for _ in range(count))
        return tuple(choices[place] for place in taken)

    def any_of(self, choices: Sequence[_T]) -> tuple[_T, ...]:
        """Some of these, perhaps none, perhaps all."""
        return tuple(each for each in choices if self.below(2))

    def octets(self, count: int) -> bytes:
        """So many bytes."""
        return bytes(self.below(256) for _ in range(count))
