"""The market as it stands at one instant: every symbol's price, forming candles and 24 h window.

A tape walks through the source's base candles column by column (`path`). `column` is the last one
that has happened, -1 right at the candle's open. Nothing is shown that the source would not show
as history later: the last column of a candle *is* its row.

Arrays are (S,) or (S, 8) over all symbols. One base candle costs about 1 ms for 100 symbols.
"""

from __future__ import annotations

import numpy as np

from aitrader.exchange.simulated import history
from aitrader.exchange.simulated.path import Path, four_steps, per_second
from aitrader.exchange.simulated.source import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    QUOTE_VOLUME,
    TRADES,
    VOLUME,
    Floats,
    MarketSource,
    Rows,
)
from aitrader.model.candle import DAY_MS, INTERVAL_MS, open_of


class Tape:
    """All symbols of a source at the instant `at_ms`."""

    def __init__(self, source: MarketSource, *, at_ms: int, is_stepped: bool) -> None:
        self.source = source
        self.base_ms = INTERVAL_MS[source.interval]
        self.open_ms = at_ms // self.base_ms * self.base_ms
        self.column = -1
        self._is_stepped = is_stepped or source.is_stepped
        self._units = np.array([10.0**each.price_decimals for each in source.listings])
        self._quantity_units = np.array([10.0**each.quantity_decimals for each in source.listings])
        self._partial: dict[str, Rows | None] = {}
        self._day = _DayWindow(source, self.open_ms)
        self._enter()
        while not self._is_stepped and self.next_ms <= at_ms:
            self.column += 1

    # -- where it stands ------------------------------------------------------------------------

    @property
    def at_ms(self) -> int:
        """The instant of the last column that has happened."""
        return self.open_ms + (self.path.offsets_ms[self.column] if self.column >= 0 else 0)

    @property
    def next_ms(self) -> int:
        """The instant of the next column."""
        return self.open_ms + self.path.offsets_ms[self.column + 1]

    @property
    def is_candle_over(self) -> bool:
        """True at the last column: the base candle has closed, the next one has not begun."""
        return self.column == len(self.path.offsets_ms) - 1

    @property
    def is_over(self) -> bool:
        """True when the source has nothing further."""
        end_ms = self.source.end_ms
        return end_ms is not None and self.at_ms >= end_ms

    def step_to(self, at_ms: int) -> range:
        """Go on to the last column at or before `at_ms` in this candle; return those passed."""
        before = self.column
        offsets, passed_ms = self.path.offsets_ms, at_ms - self.open_ms
        while self.column + 1 < len(offsets) and offsets[self.column + 1] <= passed_ms:
            self.column += 1
        return range(before + 1, self.column + 1)

    def enter_next(self) -> None:
        """Leave the closed candle and stand at the open of the next one."""
        for interval in self._partial:
            self._partial[interval] = self._carried(interval)
        self._day.write(self.rows)
        self.open_ms += self.base_ms
        self._enter()

    def _enter(self) -> None:
        end_ms = self.open_ms + self.base_ms
        count = len(self.source.listings)
        parts = [self.source.rows(index, self.open_ms, end_ms) for index in range(count)]
        self.rows = np.concatenate(parts)
        self.column = -1
        self.path = self._walk()
        self._formed, self._formed_at = self._form(), self.column
        self._day.open_slot()

    def _walk(self) -> Path:
        if self._is_stepped:
            return four_steps(self.rows, self.base_ms)
        return per_second(self.rows, open_ms=self.open_ms, base_ms=self.base_ms, units=self._units)

    # -- what it shows --------------------------------------------------------------------------

    def prices(self, column: int | None = None) -> Floats:
        """Return every symbol's price at a column of this candle, now by default."""
        shown = self.column if column is None else column
        return self.rows[:, OPEN] if shown < 0 else self.path.prices[:, shown]

    def candles(self, interval: str) -> tuple[int, Rows]:
        """Return `open_ms` and rows (S, 8) of the forming candles; closed if they end now."""
        forming = self._forming()
        if interval == self.source.interval:
            return self.open_ms, forming
        if interval not in self._partial:
            self._partial[interval] = self._since_open(interval)
        partial = self._partial[interval]
        since_ms = open_of(self.open_ms, interval)
        return since_ms, forming if partial is None else self._joined(partial, forming)

    def day(self) -> Rows:
        """Return the rolling 24 h of every symbol as rows (S, 8), up to now."""
        return self._day.with_forming(self._forming())

    def _forming(self) -> Rows:
        """The base candle so far; nobody changes it."""
        if self._formed_at != self.column:
            self._formed, self._formed_at = self._form(), self.column
        return self._formed

    def _form(self) -> Rows:
        """Make the base candle so far; before its first column: flat at the open, no volume."""
        if self.is_candle_over:
            return self.rows
        result = np.zeros_like(self.rows)
        if self.column < 0:
            result[:, :4] = self.rows[:, OPEN : OPEN + 1]
            return result
        path, column = self.path, self.column
        result[:, OPEN] = self.rows[:, OPEN]
        result[:, HIGH], result[:, LOW] = path.highs[:, column], path.lows[:, column]
        result[:, CLOSE] = path.prices[:, column]
        result[:, 4:] = self.rows[:, 4:] * path.shares[column]
        result[:, TRADES] = np.ceil(result[:, TRADES])
        return self._rounded(result)

    def _rounded(self, rows: Rows) -> Rows:
        history.summed(rows[:, 4:], self._quantity_units)
        return rows

    def _joined(self, before: Rows, after: Rows) -> Rows:
        result = after.copy()
        result[:, OPEN] = before[:, OPEN]
        result[:, HIGH] = np.maximum(before[:, HIGH], after[:, HIGH])
        result[:, LOW] = np.minimum(before[:, LOW], after[:, LOW])
        result[:, 4:] += before[:, 4:]
        return self._rounded(result)

    def _since_open(self, interval: str) -> Rows | None:
        """The base candles of a slower candle that closed before the one we are in, as one."""
        since_ms = open_of(self.open_ms, interval)
        bars = (self.open_ms - since_ms) // self.base_ms
        if not bars:
            return None
        listed = enumerate(self.source.listings)
        rows = [
            history.merged_by(self.source.rows(index, since_ms, self.open_ms), bars, listing)
            for index, listing in listed
        ]
        return np.concatenate(rows)

    def _carried(self, interval: str) -> Rows | None:
        """What a slower candle has so far once the base candle is over; None: it has closed."""
        end_ms = self.open_ms + self.base_ms
        if open_of(end_ms, interval) == end_ms:
            return None
        partial = self._partial[interval]
        return self.rows.copy() if partial is None else self._joined(partial, self.rows)


class _DayWindow:
    """A ring of the last 24 h of base candles; the slot at `_position` is the forming one."""

    def __init__(self, source: MarketSource, open_ms: int) -> None:
        base_ms = INTERVAL_MS[source.interval]
        self._size, count = DAY_MS // base_ms, len(source.listings)
        self._prices = np.empty((3, count, self._size))
        self._volumes = np.empty((3, count, self._size), dtype=np.float32)
        self._position = 0
        for index in range(count):
            rows = source.rows(index, open_ms - DAY_MS, open_ms)
            self._prices[:, index] = rows[:, [OPEN, HIGH, LOW]].T
            self._volumes[:, index] = rows[:, [VOLUME, QUOTE_VOLUME, TRADES]].T

    def open_slot(self) -> None:
        """Drop the oldest candle and sum up the others; the forming one comes on top."""
        opens, highs, lows = self._prices
        highs[:, self._position], lows[:, self._position] = -np.inf, np.inf
        self._volumes[:, :, self._position] = 0.0
        self._open = opens[:, (self._position + 1) % self._size].copy()
        self._high, self._low = highs.max(axis=1), lows.min(axis=1)
        self._sums = self._volumes.sum(axis=2, dtype=np.float64)

    def write(self, rows: Rows) -> None:
        """Keep the closed candle and go on to the next slot."""
        self._prices[:, :, self._position] = rows[:, [OPEN, HIGH, LOW]].T
        self._volumes[:, :, self._position] = rows[:, [VOLUME, QUOTE_VOLUME, TRADES]].T
        self._position = (self._position + 1) % self._size

    def with_forming(self, forming: Rows) -> Rows:
        """Return the window as one row per symbol."""
        result = forming.copy()
        result[:, OPEN] = self._open
        result[:, HIGH] = np.maximum(self._high, forming[:, HIGH])
        result[:, LOW] = np.minimum(self._low, forming[:, LOW])
        result[:, [VOLUME, QUOTE_VOLUME, TRADES]] += self._sums.T
        return result
