"""The account's worth at every close of a run, from its fills and the candles alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from aitrader.backtest.history import History, Series
from aitrader.backtest.record import Move
from aitrader.filters.panel import Floats, Times
from aitrader.model.candle import INTERVAL_MS


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """At each close `at_ms` (T,): `equity` in quote, and the worth of what was held, `exposed`."""

    at_ms: Times
    equity: Floats
    exposed: Floats

    @property
    def drawdown_pct(self) -> Floats:
        """(T,): how far below its highest so far, 0..100."""
        peaks = np.maximum.accumulate(self.equity)
        return (peaks - self.equity) / peaks * 100


class Marks:
    """The closes at which a run is valued, worked out once per symbol; runs may share them.

    `at_ms` (T,): the start itself, then every close up to `to_ms`. A missing close is the one
    before it.
    """

    def __init__(self, history: History, *, interval: str, from_ms: int, to_ms: int) -> None:
        self._history, self._interval = history, interval
        self.step_ms = INTERVAL_MS[interval]
        self.at_ms = np.arange(from_ms, to_ms + 1, self.step_ms, dtype=np.int64)
        self._closes: dict[str, Floats | None] = {}

    def place(self, at_ms: int) -> int:
        """Return the index of the first of these instants at `at_ms` or later; may be beyond."""
        place = -((int(self.at_ms[0]) - at_ms) // self.step_ms)
        return min(max(place, 0), len(self.at_ms))

    def closes(self, symbol: str) -> Floats | None:
        """Return a symbol's closes at these instants, None when it has no candles."""
        if symbol not in self._closes:
            series = self._history.find(symbol, self._interval)
            self._closes[symbol] = None if series is None else closes_at(series, self.at_ms)
        return self._closes[symbol]

    def held(self, start_cash: float) -> Floats | None:
        """Return the worth of equal parts of every symbol, None without candles."""
        rows = [row for name in self._history.symbols if (row := self.closes(name)) is not None]
        if not rows:
            return None
        worth: Floats = np.mean([row / row[0] for row in rows], axis=0) * start_cash
        return worth


def curve_of(moves: Sequence[Move], marks: Marks, *, start_cash: Decimal) -> Curve:
    """Return the curve over these marks; its first point is before anything was bought."""
    at_ms, step = marks.at_ms, marks.step_ms
    equity = np.full(len(at_ms), float(start_cash))
    exposed = np.zeros(len(at_ms))
    cash = np.zeros(len(at_ms))
    by_symbol: dict[str, list[tuple[int, float]]] = {}
    for move in moves:
        place = -((int(at_ms[0]) - move.from_ms) // step)
        if place < len(at_ms):
            cash[place] += float(move.quote)
            by_symbol.setdefault(move.symbol, []).append((place, float(move.base)))
    equity += np.cumsum(cash)
    for symbol, changes in by_symbol.items():
        closes = marks.closes(symbol)
        if closes is not None:
            held = np.zeros(len(at_ms))
            for place, base in changes:
                held[place] += base
            held = np.cumsum(held)
            held[np.abs(held) < 1e-9] = 0.0
            worth = held * closes
            equity += worth
            exposed += np.abs(worth)
    return Curve(at_ms, equity, exposed)


def closes_at(series: Series, at_ms: Times) -> Floats:
    """Return the last close at each instant; before the first candle its open."""
    closes = _known(series.values["close"])
    places = (at_ms - series.first_ms) // series.step_ms - 1
    found: Floats = closes[np.clip(places, 0, len(series) - 1)]
    return np.where(places < 0, float(series.values["open"][0]), found)


def _known(closes: Floats) -> Floats:
    """Return closes with the one before in place of each missing one."""
    if np.isfinite(closes.sum()):
        return closes
    places = np.arange(len(closes))
    last = np.maximum.accumulate(np.where(np.isnan(closes), 0, places))
    return closes[last]
