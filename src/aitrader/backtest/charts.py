"""Pictures of a run as SVG, in the page's own colors: curves over time, and trades on candles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from aitrader.backtest.equity import Curve
from aitrader.backtest.history import History, Series
from aitrader.backtest.record import Trade
from aitrader.backtest.report import iso
from aitrader.filters.panel import Floats, Times
from aitrader.model.trader import PositionSide

WIDTH, HEIGHT = 960, 240
MOST_POINTS = 960
MOST_CANDLES = 240
MOST_SYMBOLS = 6
CLOSE_UPS = 3
"""So many of the best trades, and of the worst."""

AROUND = 40
"""Candles before and after a trade that is shown by itself."""

MOST_MARKS = 400
MOST_MEANS = 240
THIN = "vector-effect='non-scaling-stroke'"
"""A line as thin as it is, however the picture is stretched."""


def line_chart(
    curve: Curve, values: Floats, color: str, *, is_filled: bool, beside: Floats | None = None
) -> str:
    """Return a line over time; of a long one the extremes of each stretch are kept.

    `beside` is a second, thin line on the same scale.
    """
    every = values if beside is None else np.concatenate([values, beside])
    low, high = float(every.min()), float(every.max())
    points = _points(values, low, high)
    if is_filled:
        edge = _height(0.0, low, high)
        shape = (
            f"<polygon points='0,{edge:.1f} {points} {WIDTH},{edge:.1f}' fill='{color}' "
            "opacity='.35'/>"
        )
    else:
        begin = _height(float(values[0]), low, high)
        shape = (
            f"<path d='M0 {begin:.1f}H{WIDTH}' stroke='var(--line)' {THIN}/>"
            f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='1.5' {THIN}/>"
        )
    if beside is not None:
        shape += (
            f"<polyline points='{_points(beside, low, high)}' fill='none' stroke='var(--soft)' "
            f"stroke-dasharray='4 3' {THIN}/>"
        )
    ends = (int(curve.at_ms[0]), int(curve.at_ms[-1]))
    svg = f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio=none role=img>{shape}</svg>"
    return _framed(svg, "plot line", edges=(f"{low:,.2f}", f"{high:,.2f}"), ends=ends)


def means(values: Floats) -> Floats:
    """Return the means of equal stretches, as many as a chart can show apart."""
    if len(values) <= MOST_MEANS:
        return values
    edges = np.linspace(0, len(values), MOST_MEANS + 1).astype(np.int64)
    found: Floats = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    return found


def trades_on_candles(trades: Sequence[Trade], history: History, interval: str) -> str:
    """Return charts of the most traded symbols, then of the best and the worst trades."""
    if not trades:
        return ""
    parts = ["<h2>Trades on candles</h2>"]
    for symbol, _count in Counter(row.symbol for row in trades).most_common(MOST_SYMBOLS):
        series = history.find(symbol, interval)
        if series is not None:
            own = [row for row in trades if row.symbol == symbol]
            parts.append(f"<h3>{escape(symbol)}: {len(own)} trades</h3>")
            parts.append(candle_chart(series, own, 0, len(series)))
    parts.append("<details><summary>The best and the worst trades</summary>")
    for row in _extremes(trades):
        series = history.find(row.symbol, interval)
        if series is not None:
            first = max(series.place(row.entry_ms) - AROUND, 0)
            last = min(series.place(row.exit_ms) + AROUND, len(series))
            parts.append(
                f"<h3>{escape(row.symbol)}, {iso(row.entry_ms)}: {float(row.pnl):+,.2f} "
                f"({row.pnl_pct:+.2f} %), {escape(row.exit_reason)}</h3>"
            )
            parts.append(candle_chart(series, [row], first, last))
    parts.append("</details>")
    return "\n".join(parts)


def candle_chart(series: Series, trades: Sequence[Trade], first: int, last: int) -> str:
    """Return candles [first, last), several as one where they are many, with trades on them."""
    size = max(-(-(last - first) // MOST_CANDLES), 1)
    starts, rows = _bundled(series, first, last, size)
    low, high = float(np.nanmin(rows[2])), float(np.nanmax(rows[1]))
    wide = WIDTH / max(len(starts), 1)
    bodies: dict[str, list[str]] = {"up": [], "down": []}
    for place, (opened, top, bottom, close) in enumerate(rows.T.tolist()):
        if np.isnan(opened + close):
            continue
        x = (place + 0.5) * wide
        y_top, y_bottom = _height(top, low, high), _height(bottom, low, high)
        upper = _height(max(opened, close), low, high)
        tall = max(_height(min(opened, close), low, high) - upper, 0.6)
        half = max(wide * 0.35, 0.4)
        bodies["up" if close >= opened else "down"].append(
            f"M{x:.1f} {y_top:.1f}V{y_bottom:.1f}M{x - half:.1f} {upper:.1f}h{2 * half:.1f}"
            f"v{tall:.1f}h{-2 * half:.1f}z"
        )
    shape = "".join(
        f"<path d='{''.join(paths)}' fill='var(--{name})' stroke='var(--{name})' "
        "stroke-width='.8' opacity='.55'/>"
        for name, paths in bodies.items()
    )
    begin_ms, span_ms = int(starts[0]), len(starts) * size * series.step_ms
    marks = (_mark(row, begin_ms, span_ms, (low, high)) for row in trades[:MOST_MARKS])
    svg = f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role=img>{shape}{''.join(marks)}</svg>"
    edges, ends = (f"{low:,.6g}", f"{high:,.6g}"), (begin_ms, begin_ms + span_ms)
    return f"<div class=wide>{_framed(svg, 'plot', edges=edges, ends=ends)}</div>"


def _mark(trade: Trade, begin_ms: int, span_ms: int, scale: tuple[float, float]) -> str:
    """Return a trade: a triangle where it was entered, a dot where it was left, a line between."""
    low, high = scale
    x1 = (trade.entry_ms - begin_ms) / span_ms * WIDTH
    x2 = (trade.exit_ms - begin_ms) / span_ms * WIDTH
    y1, y2 = (_height(float(row), low, high) for row in (trade.entry_price, trade.exit_price))
    tip = 9 if trade.side is PositionSide.LONG else -9
    title = (
        f"{trade.side.value} {iso(trade.entry_ms)} at {trade.entry_price}, {iso(trade.exit_ms)} at "
        f"{trade.exit_price}: {float(trade.pnl):+,.2f}, {trade.exit_reason}"
    )
    name = "up" if trade.pnl > 0 else "down"
    return (
        f"<g class='mark {name}'><title>{escape(title)}</title>"
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'/>"
        f"<path d='M{x1:.1f} {y1:.1f}l-4 {tip}h8z'/><circle cx='{x2:.1f}' cy='{y2:.1f}' r='2.5'/>"
        "</g>"
    )


def _bundled(series: Series, first: int, last: int, size: int) -> tuple[Times, Floats]:
    """Return when bundles of `size` candles begin, and their open, high, low, close."""
    count = max((last - first) // size, 1)
    stop = min(first + count * size, len(series))
    names = ("open", "high", "low", "close")
    opened, high, low, close = (series.values[name][first:stop] for name in names)
    edges = np.arange(0, len(opened), size)
    ends = np.minimum(edges + size, len(opened)) - 1
    rows = np.stack(
        [
            opened[edges],
            np.fmax.reduceat(high, edges),
            np.fmin.reduceat(low, edges),
            close[ends],
        ]
    )
    return series.open_ms[first:stop][edges], rows


def _extremes(trades: Sequence[Trade]) -> Iterable[Trade]:
    order = sorted(trades, key=lambda row: (-row.pnl, row.entry_ms, row.symbol))
    if len(order) <= 2 * CLOSE_UPS:
        return order
    return (*order[:CLOSE_UPS], *order[-CLOSE_UPS:])


def _framed(svg: str, kind: str, *, edges: tuple[str, str], ends: tuple[int, int]) -> str:
    """Return a picture with its lowest and highest number, and from when to when it is."""
    low, high = edges
    return (
        f"<div class='{kind}'>{svg}<span class=hi>{high}</span><span class=lo>{low}</span></div>"
        f"<div class=span><span>{iso(ends[0])}</span><span>{iso(ends[1])}</span></div>"
    )


def _height(value: float, low: float, high: float) -> float:
    return (high - value) / ((high - low) or 1.0) * (HEIGHT - 20) + 10


def _points(values: Floats, low: float, high: float) -> str:
    places = _kept(values)
    x = places / max(len(values) - 1, 1) * WIDTH
    y = (high - values[places]) / ((high - low) or 1.0) * (HEIGHT - 20) + 10
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _kept(values: Floats) -> Times:
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(np.int64)
    kept = {0, len(values) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        stretch = values[start:stop]
        kept |= {start + int(stretch.argmin()), start + int(stretch.argmax())}
    return np.array(sorted(kept), np.int64)
