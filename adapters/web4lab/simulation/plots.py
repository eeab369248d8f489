"""Charts as SVG: lines over the number of platforms, drawn with nothing but text.

They follow the reader's light or dark theme, and the same values give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from attrs import frozen

WIDTH: Final = 760
HEIGHT: Final = 440
LEFT: Final = 84
RIGHT: Final = 190
TOP: Final = 84
BOTTOM: Final = 60
TICKS: Final = 5
LABEL_GAP: Final = 16
"""Least distance between two labels at the ends of lines."""

COLOURS: Final = ("#3b6fd4", "#d9632a", "#2f9e6e", "#a34fc4", "#7a7f87")

STYLE: Final = """
svg { font-family: system-ui, -apple-system, 'Segoe UI', sans-serif; background: #ffffff }
text { fill: #1f2430 } .soft { fill: #6a7280 } .title { font-size: 19px; font-weight: 600 }
.small { font-size: 12.5px } .grid { stroke: #e4e7ec } .axis { stroke: #9aa3b0 }
.dot { stroke: #ffffff; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
svg { background: #14171d } text { fill: #e8eaee } .soft { fill: #9aa3b0 }
.grid { stroke: #2a2f38 } .axis { stroke: #5b6472 } .dot { stroke: #14171d } }
"""


@frozen
class Series:
    """One line: its name, and its points from left to right."""

    label: str
    points: tuple[tuple[float, float], ...]
    calculated: bool = False
    """Whether it is a formula: it is then drawn as a broad band, below the measured lines."""


@frozen
class Chart:
    """Some lines over the number of platforms."""

    title: str
    subtitle: str
    unit: str
    series: tuple[Series, ...]
    logarithmic: bool = False


def svg(chart: Chart) -> str:
    """The chart as a file."""
    axes = _Axes(chart)
    drawn = sorted(enumerate(chart.series), key=lambda pair: not pair[1].calculated)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(chart.title)}</title><style>{STYLE}</style>",
        _text(LEFT, 32, chart.title, "title"),
        _text(LEFT, 54, chart.subtitle, "small soft"),
        *_grid(axes, chart),
        *(
            part
            for place, series in drawn
            for part in _line(axes, series, COLOURS[place % len(COLOURS)])
        ),
        *_names(axes, chart.series),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Axes:
    """From values to places on the page."""

    def __init__(self, chart: Chart) -> None:
        xs = [x for series in chart.series for x, _ in series.points]
        ys = [y for series in chart.series for _, y in series.points]
        self.xs = sorted(dict.fromkeys(xs))
        self.logarithmic = chart.logarithmic
        self.ticks = _decades(min(ys), max(ys)) if chart.logarithmic else _steps(max(ys))
        self._first, self._last = self.xs[0], max(self.xs[-1], self.xs[0] + 1)

    def x(self, value: float) -> float:
        share = (value - self._first) / (self._last - self._first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        if self.logarithmic:
            share = _log10(value / low) / _log10(high / low)
        else:
            share = (value - low) / (high - low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _log10(value: float) -> float:
    """To the digits that a page can show, the same under every mathematics library."""
    return round(math.log10(value), 6)


def _decades(low: float, high: float) -> list[float]:
    first = 1.0
    while first > low:
        first /= 10
    while first * 10 <= low:
        first *= 10
    ticks = [first, first * 10]
    while ticks[-1] < high:
        ticks.append(ticks[-1] * 10)
    return ticks


def _steps(high: float) -> list[float]:
    """Round numbers from 0 up to above the highest value."""
    unit = 1.0
    while unit * 10 * TICKS < high:
        unit *= 10
    while unit * TICKS > high * 10:
        unit /= 10
    step = next(unit * each for each in (1, 2, 2.5, 5, 10, 20, 50) if unit * each * TICKS >= high)
    return [step * each for each in range(TICKS + 1)]


def _grid(axes: _Axes, chart: Chart) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts: list[str] = []
    for tick in axes.ticks:
        y = axes.y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(_text(LEFT - 10, y + 4, _number(tick), "small soft", "end"))
    for value in axes.xs:
        x = axes.x(value)
        parts.append(f'<line class="axis" x1="{x}" y1="{bottom}" x2="{x}" y2="{bottom + 5}"/>')
        parts.append(_text(x, bottom + 21, _number(value), "small soft", "middle"))
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    parts.append(_text((LEFT + right) / 2, bottom + 44, "platforms", "small soft", "middle"))
    parts.append(_text(LEFT - 10, TOP - 14, chart.unit, "small soft", "end"))
    return parts


def _line(axes: _Axes, series: Series, colour: str) -> list[str]:
    places = [(axes.x(x), axes.y(y)) for x, y in series.points]
    path = " ".join(f"{x},{y}" for x, y in places)
    look = 'stroke-width="9" opacity="0.35"' if series.calculated else 'stroke-width="2.2"'
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" {look}/>']
    if not series.calculated:
        parts += [
            f'<circle class="dot" cx="{x}" cy="{y}" r="4.5" fill="{colour}">'
            f"<title>{escape(series.label)}, N = {_number(n)}: {_number(value)}</title></circle>"
            for (x, y), (n, value) in zip(places, series.points, strict=True)
        ]
    return parts


def _names(axes: _Axes, all_series: Sequence[Series]) -> list[str]:
    """A name at the end of each line, moved apart where lines end close together."""
    ends = sorted((axes.y(series.points[-1][1]), place) for place, series in enumerate(all_series))
    parts: list[str] = []
    free = float(TOP - LABEL_GAP)
    for y, place in ends:
        free = max(y, free + LABEL_GAP)
        colour = COLOURS[place % len(COLOURS)]
        label = escape(all_series[place].label)
        x = WIDTH - RIGHT + 12
        parts.append(
            f'<text class="small" x="{x}" y="{round(free + 4, 1)}" style="fill:{colour}">'
            f"{label}</text>"
        )
    return parts


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    return (
        f'<text class="{style}" x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _number(value: float) -> str:
    """Short: 1500 is 1,500 and 0.1 is 0.1."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
