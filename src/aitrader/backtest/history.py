"""Past candles as a run reads them: one time axis per symbol and interval, nothing copied.

Rows come from memory maps and stay there. A missing row is NaN in every field; it can neither be
touched by a price nor be opened, and the filters see it as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aitrader.filters.panel import Floats, Panel, Times
from aitrader.model.candle import DAY_MS, INTERVAL_MS

FIRST_CHUNK = 128
"""Candles searched at first; each further stretch is twice as long."""

LONGEST_CHUNK = 16_384


class Series:
    """One symbol's candles of one interval: `open_ms` (T,) without a hole, fields (T,).

    `first_ms` is when the first candle opens, `step_ms` the length of each.
    """

    __slots__ = ("first_ms", "interval", "open_ms", "step_ms", "symbol", "values")

    def __init__(
        self, symbol: str, interval: str, open_ms: Times, values: Mapping[str, Floats]
    ) -> None:
        self.symbol = symbol
        self.interval = interval
        self.open_ms = open_ms
        self.values = values
        self.step_ms = INTERVAL_MS[interval]
        self.first_ms = int(open_ms[0])

    @property
    def end_ms(self) -> int:
        """When the last candle closes."""
        return self.first_ms + len(self) * self.step_ms

    def __len__(self) -> int:
        return len(self.open_ms)

    def place(self, at_ms: int) -> int:
        """Return the index of the first candle that opens at `at_ms` or later; may be beyond."""
        return max(-((self.first_ms - at_ms) // self.step_ms), 0)

    def find_touched(self, start: int, *, below: float, above: float) -> int | None:
        """Return the first candle from `start` on that reaches `below` or `above`."""
        low, high = self.values["low"], self.values["high"]
        length = FIRST_CHUNK
        while start < len(self):
            stop = start + length
            touched = (low[start:stop] <= below) | (high[start:stop] >= above)
            place = int(touched.argmax())
            if touched[place]:
                return start + place
            start, length = stop, min(2 * length, LONGEST_CHUNK)
        return None

    def find_open(self, start: int) -> int | None:
        """Return the first candle from `start` on that is there."""
        opened = self.values["open"]
        for place in range(start, len(self)):
            if not np.isnan(opened[place]):
                return place
        return None

    def last_close(self, before: int) -> float | None:
        """Return the newest close among the candles before this index, None without one."""
        closes = self.values["close"]
        for place in range(min(before, len(self)) - 1, -1, -1):
            if not np.isnan(closes[place]):
                return float(closes[place])
        return None


class History:
    """All candles of a run, by symbol and interval."""

    def __init__(self, series: Sequence[Series]) -> None:
        """Keep them in this order: the symbols' order at one instant."""
        self._series = {(row.symbol, row.interval): row for row in series}
        self.symbols = tuple(dict.fromkeys(row.symbol for row in series))
        self._volumes: dict[tuple[str, int], tuple[tuple[str, float], ...]] = {}
        self.intervals = tuple(dict.fromkeys(row.interval for row in series))

    def find(self, symbol: str, interval: str) -> Series | None:
        """Return a series, None when there is none."""
        return self._series.get((symbol, interval))

    def panel(self, symbols: Sequence[str], interval: str) -> Panel | None:
        """Return the rows of symbols side by side, on the first one's time axis.

        None when the first has no candles; another one that has none is unknown throughout. Rows
        of a single symbol are views.
        """
        first = self.find(symbols[0], interval)
        if first is None:
            return None
        if len(symbols) == 1:
            values = {name: rows[np.newaxis] for name, rows in first.values.items()}
            return Panel(interval, tuple(symbols), first.open_ms, values)
        rows = [_on_axis(self.find(symbol, interval), first) for symbol in symbols]
        return Panel(
            interval,
            tuple(symbols),
            first.open_ms,
            {name: np.stack([row[name] for row in rows]) for name in first.values},
        )

    def volumes(self, interval: str, at_ms: int) -> tuple[tuple[str, float], ...]:
        """Return the quote volume of the 24 h before an instant per symbol, highest first.

        Symbols that begin at this instant come last, in their order. Runs over the same candles
        ask for the same days: each is added up once.
        """
        key = (interval, at_ms)
        if key not in self._volumes:
            self._volumes[key] = self._volumes_at(interval, at_ms)
        return self._volumes[key]

    def _volumes_at(self, interval: str, at_ms: int) -> tuple[tuple[str, float], ...]:
        found = []
        for symbol in self.symbols:
            series = self.find(symbol, interval)
            if series is None or not series.first_ms <= at_ms <= series.end_ms:
                continue
            start = series.place(at_ms - DAY_MS)
            rows = series.values["quote_volume"][start : series.place(at_ms)]
            total = float(rows.sum())
            found.append((symbol, float(np.nansum(rows)) if np.isnan(total) else total))
        return tuple(sorted(found, key=lambda row: -row[1]))


def _on_axis(series: Series | None, axis: Series) -> Mapping[str, Floats]:
    """Return a series' fields on another one's instants, NaN where it has none."""
    rows = {name: np.full(len(axis), np.nan) for name in axis.values}
    if series is None or not len(series):
        return rows
    places = (axis.open_ms - series.first_ms) // series.step_ms
    is_there = (places >= 0) & (places < len(series))
    for name, row in rows.items():
        row[is_there] = series.values[name][places[is_there]]
    return rows


def until(panel: Panel, closed_ms: int, bars: int) -> Panel:
    """Return the last `bars` rows that had closed by an instant, as views."""
    step = INTERVAL_MS[panel.interval]
    stop = int(np.searchsorted(panel.open_ms, closed_ms - step, side="right"))
    start = max(stop - bars, 0)
    values = {name: rows[:, start:stop] for name, rows in panel.values.items()}
    return Panel(panel.interval, panel.symbols, panel.open_ms[start:stop], values)
