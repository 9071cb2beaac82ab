"""Candles as cells: bodies and wicks in half cells, levels, marks, volume and two axes. Pure.

Half a cell up and down gives twice the height of the screen. One candle is one column, the newest
at the right; a mark stands beyond the candle's own high or low, so that it hides nothing. Curves of
a filter are drawn over wicks and under bodies, those without the price's scale in panes below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aitrader.model.candle import Candle
from aitrader.tui import text as words
from aitrader.tui.columns import Cell
from aitrader.tui.curves import ON_PRICE, PANE, Curve, Range, known, overlay, pane, write_legend

AXIS = 13
"""Cells of the price axis."""
VOLUME = 3
LEAST_HEIGHT = VOLUME + 5
LABEL_EVERY = 4
TIME_EVERY = 20
LEAST_PRICE = 10
"""Rows that the candles keep before a pane may take any."""

STRETCH = 0.25
"""Curves make the scale larger by so much of the candles' own range, and leave the screen then."""

EMPTY, WICK, BODY = 0, 1, 2
GLYPHS = {
    (EMPTY, EMPTY): " ", (WICK, WICK): "│", (BODY, BODY): "┃", (EMPTY, WICK): "╷",
    (WICK, EMPTY): "╵", (EMPTY, BODY): "╻", (BODY, EMPTY): "╹", (WICK, BODY): "╽",
    (BODY, WICK): "╿",
}  # fmt: skip
"""What the upper and the lower half of a cell show together."""

SOLID = frozenset("┃╻╹╽╿")
"""Signs with a piece of a body: no curve hides them."""


class Mark(NamedTuple):
    """Something that happened: `is_below` stands under the candle and points up."""

    at_ms: int
    price: float
    style: str
    is_below: bool


class PriceLine(NamedTuple):
    """A price that matters from edge to edge."""

    price: float
    style: str


class _Scale(NamedTuple):
    """Prices to half rows, 0 on top."""

    low: float
    high: float
    rows: int

    def half(self, price: float) -> int:
        span = (self.high - self.low) or 1.0
        return round((self.high - price) / span * (2 * self.rows - 1))

    def row(self, price: float) -> int:
        return min(self.rows - 1, max(0, self.half(price) // 2))

    def price(self, row: int) -> float:
        return self.high - (self.high - self.low) * (2 * row + 0.5) / max(1, 2 * self.rows - 1)


def draw(
    candles: Sequence[Candle],
    width: int,
    *,
    height: int,
    marks: Sequence[Mark] = (),
    lines: Sequence[PriceLine] = (),
    curves: Sequence[Curve] = (),
) -> list[list[Cell]]:
    """Return `height` lines of a chart; no line at all when there is no room or no candle.

    A curve has a value for each of the candles.
    """
    space = width - AXIS
    shown = candles[-space:] if space > 0 else ()
    if not shown or height < LEAST_HEIGHT:
        return []
    curves = [curve._replace(values=curve.values[-space:]) for curve in curves]
    panes = _panes(curves, (height - VOLUME - 1 - LEAST_PRICE) // PANE)
    rows = height - VOLUME - 1 - PANE * len(panes)
    on_price = [curve for curve in curves if curve.pane == ON_PRICE]
    return [
        *_prices(shown, space, rows=rows, marks=marks, lines=lines, curves=on_price),
        *([*_runs(cells)] for each in panes for cells in pane(each, space, axis=AXIS)),
        *_volume(shown, space),
        _times(shown, space),
    ]


def _panes(curves: Sequence[Curve], most: int) -> list[list[Curve]]:
    """Return the curves of each pane there is room for."""
    names = list(dict.fromkeys(curve.pane for curve in curves if curve.pane != ON_PRICE))
    return [[c for c in curves if c.pane == name] for name in names[: max(0, most)]]


def _prices(
    shown: Sequence[Candle],
    space: int,
    *,
    rows: int,
    marks: Sequence[Mark],
    lines: Sequence[PriceLine],
    curves: Sequence[Curve],
) -> list[list[Cell]]:
    """Return the candles with all that has their scale, and its axis."""
    edges = [line.price for line in lines if line.price > 0]
    low = min(*(candle.row[2] for candle in shown), *edges, shown[-1].close)
    high = max(*(candle.row[1] for candle in shown), *edges, shown[-1].close)
    reach = STRETCH * (high - low)
    seen = [value for value in known(curves) if low - reach <= value <= high + reach]
    scale = _Scale(min((low, *seen)), max((high, *seen)), rows)
    grid = _grid(shown, scale, space, lines)
    for curve in curves:
        overlay(grid, curve, Range(scale.low, scale.high, rows), solid=SOLID)
    _put_marks(grid, shown, scale, marks)
    write_legend(grid[0], curves)
    labels = {scale.row(line.price): line for line in lines}
    labels[scale.row(shown[-1].close)] = PriceLine(shown[-1].close, "text")
    return [[*_runs(cells), _label(row, scale, labels)] for row, cells in enumerate(grid)]


def _grid(
    shown: Sequence[Candle], scale: _Scale, space: int, lines: Sequence[PriceLine]
) -> list[list[Cell]]:
    """Return a cell per column and row: lines behind, candles before them."""
    grid = [[Cell(" ", "")] * space for _ in range(scale.rows)]
    for line in lines:
        grid[scale.row(line.price)] = [Cell("╌", line.style)] * space
    for column, candle in enumerate(shown):
        first, high, low, last = candle.row[:4]
        style = "up" if last >= first else "down"
        top, bottom = scale.half(high), scale.half(low)
        body = range(scale.half(max(first, last)), scale.half(min(first, last)) + 1)
        for row in range(top // 2, bottom // 2 + 1):
            halves = tuple(
                BODY if half in body else WICK if top <= half <= bottom else EMPTY
                for half in (2 * row, 2 * row + 1)
            )
            if 0 <= row < scale.rows:
                grid[row][column] = Cell(GLYPHS[halves[0], halves[1]], style)
    return grid


def _put_marks(
    grid: list[list[Cell]], shown: Sequence[Candle], scale: _Scale, marks: Sequence[Mark]
) -> None:
    for mark in marks:
        for column, candle in enumerate(shown):
            if candle.open_ms <= mark.at_ms < candle.close_ms:
                edge = scale.row(candle.row[2] if mark.is_below else candle.row[1])
                row = min(scale.rows - 1, max(0, edge + (1 if mark.is_below else -1)))
                grid[row][column] = Cell("▲" if mark.is_below else "▼", mark.style)
                break


def _label(row: int, scale: _Scale, labels: dict[int, PriceLine]) -> Cell:
    line = labels.get(row)
    if line is not None:
        return Cell(_aligned(words.price(line.price)), line.style)
    if row % LABEL_EVERY == 0:
        return Cell(_aligned(words.price(scale.price(row))), "faint")
    return Cell(" " * AXIS)


def _aligned(label: str) -> str:
    return words.fit(label, AXIS - 1, is_right=True) + " "


def _volume(shown: Sequence[Candle], space: int) -> list[list[Cell]]:
    most = max(candle.row[4] for candle in shown) or 1.0
    lines = []
    for row in range(VOLUME):
        floor = (VOLUME - 1 - row) * 8
        cells = []
        for candle in shown:
            level = int(candle.row[4] / most * VOLUME * 8) - floor
            bar = words.BARS[min(8, level) - 1] if level > 0 else " "
            cells.append(Cell(bar, "rise" if candle.row[3] >= candle.row[0] else "fall"))
        cells += [Cell(" ")] * (space - len(shown))
        label = words.volume(shown[-1].row[4]) if row == VOLUME - 1 else ""
        lines.append([*_runs(cells), Cell(_aligned(label), "faint")])
    return lines


def _times(shown: Sequence[Candle], space: int) -> list[Cell]:
    line = ""
    for column in range(0, len(shown), TIME_EVERY):
        at_ms = shown[column].open_ms
        label = words.clock(at_ms)[:5] if shown[-1].close_ms - at_ms < 86_400_000 else ""
        label = label or words.day(at_ms)[5:16]
        if column + len(label) <= space:
            line = line.ljust(column) + label
    return [Cell(words.fit(line, space), "faint"), Cell(" " * AXIS)]


def _runs(cells: Sequence[Cell]) -> list[Cell]:
    """Return neighbors of one style as one cell; a space has the style of what is before it."""
    runs: list[Cell] = []
    for text, style in cells:
        if runs and (runs[-1].style == style or text == " "):
            runs[-1] = Cell(runs[-1].text + text, runs[-1].style)
        else:
            runs.append(Cell(text, style))
    return runs
