"""Whatever comes in whatever order, a series shows what a plain dict of the kept rows would."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from aitrader.market.series import SPARE_ROWS, SeriesTable
from aitrader.model.candle import MINUTE_MS, Row, open_of
from aitrader.model.commands import Stream

T0 = open_of(1_700_000_000_000, "1d")
SYMBOLS = ("AUSDT", "BUSDT")


class Kept:
    """The oracle: rows by symbol and number, and which of them are kept."""

    def __init__(self, bars: int) -> None:
        self.rows: dict[tuple[str, int], float] = {}
        self.newest: int | None = None
        self.capacity = bars + SPARE_ROWS

    def write(self, symbol: str, number: int, close: float) -> bool:
        if self.newest is not None and number <= self.newest - self.capacity:
            return False
        self.rows[symbol, number] = close
        self.newest = number if self.newest is None else max(self.newest, number)
        self.forget(self.capacity)
        return True

    def forget(self, kept: int) -> None:
        oldest = (self.newest or 0) - kept
        self.rows = {key: close for key, close in self.rows.items() if key[1] > oldest}

    def window(self, symbol: str, newest: int, bars: int) -> list[float]:
        return [self.rows.get((symbol, n), math.nan) for n in range(newest - bars + 1, newest + 1)]

    def filled(self, symbol: str, newest: int) -> int:
        count = 0
        while (symbol, newest - count) in self.rows:
            count += 1
        return count

    def last(self, symbol: str) -> int | None:
        return max((n for name, n in self.rows if name == symbol), default=None)


def a_row(close: float) -> Row:
    return (close, close + 1, close - 1, close, 10.0, 10 * close, 7.0, 4.0)


def open_ms(number: int) -> int:
    return T0 + number * MINUTE_MS


def steps(capacity: int) -> st.SearchStrategy[int]:
    """How far from the newest row the next one is: mostly on, at times late, far off or a leap."""
    return st.one_of(
        st.just(1),
        st.integers(1, 4),
        st.integers(-capacity - 2, 0),
        st.integers(capacity - 2, 3 * capacity),
    )


class Room:
    """A table and its oracle, written to alike, and the views that readers still hold."""

    def __init__(self, bars: int) -> None:
        self.bars = bars
        self.table, self.kept = SeriesTable(), Kept(bars)
        self.views: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] = []
        self.configure(bars)

    def configure(self, bars: int) -> None:
        self.table.configure([Stream(symbol, "1m", bars) for symbol in SYMBOLS])
        self.bars = bars
        capacity = bars + SPARE_ROWS
        self.kept.forget(min(capacity, self.kept.capacity))
        self.kept.capacity = capacity

    def write(self, symbol: str, step: int, version: int) -> None:
        number = (self.kept.newest or 0) + step
        close = number + version / 4
        is_kept = self.kept.write(symbol, number, close)
        assert self.table.write(symbol, "1m", open_ms(number), a_row(close)) == is_kept

    def write_many(self, symbol: str, stepped: list[int], version: int) -> None:
        newest = self.kept.newest or 0
        closes = {newest + step: newest + step + version / 4 for step in stepped}
        rows = [(open_ms(number), a_row(close)) for number, close in closes.items()]
        fitted = [
            self.kept.write(symbol, number, closes[number]) for number in sorted(closes)[::-1]
        ]
        assert self.table.write_many(symbol, "1m", rows) == sum(fitted)

    def compare(self, ago: int, bars: int) -> None:
        newest = (self.kept.newest or 0) - ago
        closed_ms = open_ms(newest + 1)
        closes = self.table.panel("1m", closed_ms=closed_ms, bars=bars).values["close"]
        self.views.append((closes, closes.copy()))
        for place, symbol in enumerate(SYMBOLS):
            window = self.kept.window(symbol, newest, bars)
            np.testing.assert_array_equal(closes[place], window)
            assert self.table.filled(symbol, "1m", closed_ms) == self.kept.filled(symbol, newest)
            gap = next((n for n, close in enumerate(window) if math.isnan(close)), None)
            found = self.table.first_gap_ms(symbol, "1m", closed_ms=closed_ms, bars=bars)
            assert found == (None if gap is None else open_ms(newest - bars + 1 + gap))
            last = self.kept.last(symbol)
            if last is not None:
                assert self.table.last_open_ms(symbol, "1m") == open_ms(last)
            candles = self.table.candles(symbol, "1m", 10_000)
            known = sorted(
                (n, close) for (name, n), close in self.kept.rows.items() if name == symbol
            )
            assert [(open_ms(n), a_row(close)) for n, close in known] == [
                (candle.open_ms, candle.row) for candle in candles
            ]

    def look_back(self) -> None:
        """A row that a reader saw stays under its eyes; it may only be corrected."""
        for view, before in self.views:
            is_known = ~np.isnan(before)
            np.testing.assert_array_equal(np.floor(view[is_known]), np.floor(before[is_known]))


@given(st.integers(1, 40), st.data())
def test_a_series_is_a_dict_of_the_newest_rows(bars: int, data: st.DataObject) -> None:
    room = Room(bars)
    for _ in range(data.draw(st.integers(1, 40), "events")):
        step = steps(room.kept.capacity)
        symbol = data.draw(st.sampled_from(SYMBOLS))
        version = data.draw(st.integers(0, 3))
        kind = data.draw(st.sampled_from(("row", "row", "row", "run", "rows", "bars")))
        if kind == "row":
            room.write(symbol, data.draw(step), version)
        elif kind == "run":
            for _ in range(data.draw(st.integers(1, 2 * room.kept.capacity))):
                room.write(symbol, 1, version)
        elif kind == "rows":
            room.write_many(symbol, data.draw(st.lists(step, min_size=1, max_size=60)), version)
        else:
            room.configure(data.draw(st.integers(1, 60)))
        room.compare(
            data.draw(st.integers(-3, bars + 20)), data.draw(st.integers(1, 2 * room.kept.capacity))
        )
    room.look_back()
