"""A measurement: a ratio with its spread, the two figures of the ratio, and the aim.

Only values and their arithmetic live here; the measuring itself stands in the modules beside.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import Factory, frozen

from web4adapters.errors import ExpectedError


class BenchError(ExpectedError):
    """A measurement that cannot be taken: what failed, and what to do."""


@frozen
class Spread:
    """The smallest, the middle and the largest of several repeats."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(min(values), statistics.median(values), max(values))

    def as_json(self) -> dict[str, float]:
        """For machines."""
        return {"min": self.low, "median": self.median, "max": self.high}


@frozen
class Aim:
    """The bound that a ratio should reach, from above or from below."""

    bound: float
    at_least: bool = False

    def met_by(self, ratio: float) -> bool:
        """Whether a ratio reaches the aim."""
        return ratio >= self.bound if self.at_least else ratio <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


@frozen
class Measurement:
    """One line of the report: `over` says which two figures the ratio is of."""

    name: str
    over: str
    ratio: Spread
    aim: Aim | None = None
    details: dict[str, Any] = Factory(dict)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the aim, if there is one."""
        return None if self.aim is None else self.aim.met_by(self.ratio.median)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "name": self.name,
            "over": self.over,
            "ratio": self.ratio.as_json(),
            "aim": None if self.aim is None else str(self.aim),
            "reached": self.reached,
            "details": self.details,
        }


def seconds_of(work: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def in_ms(seconds: Sequence[float]) -> dict[str, float]:
    """The spread of some times, in milliseconds, for the details of a measurement."""
    spread = Spread.of(seconds)
    return {name: round(value * 1000, 3) for name, value in spread.as_json().items()}
