"""Curves of dots: what a filter looks at, over candles or in a pane of its own. Pure.

A cell of braille holds two by four dots, so a curve is smooth where candles are not. Curves of one
pane share a scale; the numbers they are compared with are drawn behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aitrader.tui.columns import Cell
from aitrader.tui.text import DASH, clean, fit, price

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a cell's dots, from the top, left and right."""

ON_PRICE = ""
STYLES = ("line1", "line2", "line3", "line4", "line5")
PANE = 5
"""Rows of a pane."""

Grid = list[list[Cell]]


class Curve(NamedTuple):
    """One series: a value per candle that is drawn, None where there is none."""

    name: str
    pane: str
    values: Sequence[float | None]
    style: str
    levels: Sequence[float] = ()


class Range(NamedTuple):
    """The values of the top and the bottom of some rows."""

    low: float
    high: float
    rows: int

    def dot(self, value: float) -> int:
        """Return how many dots from the top a value lies."""
        span = (self.high - self.low) or 1.0
        return round((self.high - value) / span * (4 * self.rows - 1))


def known(curves: Iterable[Curve]) -> list[float]:
    """Return every value of the curves that there is."""
    return [value for curve in curves for value in curve.values if value is not None]


def trace(values: Sequence[float | None], scale: Range) -> dict[tuple[int, int], int]:
    """Return the dots of a curve: bits by row and column; what lies outside is left out."""
    found: dict[tuple[int, int], int] = {}
    last: int | None = None
    for column, value in enumerate(values):
        if value is None:
            last = None
            continue
        here = scale.dot(value)
        middle = here if last is None else (last + here) // 2
        for side, start, end in ((0, last, middle), (1, middle, here)):
            for dot in _between(end if start is None else start, end, 4 * scale.rows):
                place = (dot // 4, column)
                found[place] = found.get(place, 0) | DOTS[dot % 4][side]
        last = here
    return found


def _between(start: int, end: int, limit: int) -> range:
    """Return the dots from beside `start` to `end` that are in sight."""
    if end > start:
        return range(max(0, start + 1), min(limit, end + 1))
    if end < start:
        return range(max(0, end), min(limit, start))
    return range(max(0, end), min(limit, end + 1))


def overlay(grid: Grid, curve: Curve, scale: Range, *, solid: frozenset[str] = frozenset()) -> None:
    """Draw a curve over the cells of a grid, but not over the signs in `solid`."""
    for (row, column), bits in trace(curve.values, scale).items():
        there = grid[row][column].text
        if there in solid:
            continue
        below = ord(there) - BRAILLE if BRAILLE <= ord(there) < BRAILLE + 256 else 0
        grid[row][column] = Cell(chr(BRAILLE + (bits | below)), curve.style)


LEAST_NAME = 8
"""Cells of a name that still say something."""


def write_legend(line: list[Cell], curves: Sequence[Curve]) -> None:
    """Write the curves' names and newest values over the start of a line, while they fit.

    A first name that is too long for the whole line loses its end, not its value.
    """
    column = 1
    for curve in curves:
        newest = next((value for value in reversed(curve.values) if value is not None), None)
        value = price(newest) if curve.pane == ON_PRICE else short(newest)
        name, room = clean(curve.name), len(line) - column - 1 - len(value)
        if column == 1 and LEAST_NAME <= room < len(name):
            name = fit(name, room)
        text = f"{name} {value}"
        if column + len(text) > len(line):
            break
        for place, char in enumerate(f"{text} "[: len(line) - column], column):
            line[place] = Cell(char, curve.style)
        column += len(text) + 2


def short(value: float | None) -> str:
    """Return a value in few characters."""
    return DASH if value is None else f"{value:.5g}"


def pane(curves: Sequence[Curve], space: int, *, axis: int) -> Grid:
    """Return the rows of a pane with its axis; the values' own range with what they cross."""
    levels = list(dict.fromkeys(level for curve in curves for level in curve.levels))
    values = known(curves)
    if not values:
        values = levels or [0.0]
    low, high = min(values), max(values)
    near = [level for level in levels if low - (high - low) <= level <= high + (high - low)]
    scale = Range(min((low, *near)), max((high, *near)), PANE - 1)
    grid = [[Cell(" ", "faint")] * space for _ in range(PANE - 1)]
    labels = {0: scale.high, scale.rows - 1: scale.low}
    for level in near:
        row = scale.dot(level) // 4
        grid[row] = [Cell("╌", "faint")] * space
        labels[row] = level
    for curve in curves:
        overlay(grid, curve, scale)
    title = [Cell(" ", "faint")] * space
    write_legend(title, curves)
    rows = [title, *grid]
    for number, cells in enumerate(rows):
        label = short(labels[number - 1]) if number - 1 in labels else ""
        cells.append(Cell(fit(label, axis - 1, is_right=True) + " ", "faint"))
    return rows
