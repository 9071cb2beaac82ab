"""A market read from candle files: every row of the file is served, nothing else is made up.

Except for what no file has: before its first row each symbol has a seeded history that ends at the
first open, so that nothing needs to warm up; and where a file has a gap, or ends before another
file, the candles are flat and without volume, as an exchange shows an interval without trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from aitrader.exchange.simulated import candlefile, history
from aitrader.exchange.simulated.candlefile import CandleFile
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.source import CLOSE, OPEN, Listing, Rows, a_listing
from aitrader.exchange.simulated.symbols import temper
from aitrader.model.candle import DAY_MS, INTERVAL_MS, MINUTE_MS
from aitrader.model.errors import ConfigError

QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR")
MAX_SPAN_ROWS = 5_000_000
"""Rows of one symbol between its first and last candle; more is a mistake in the times."""


class ReplayMarket:
    """A `MarketSource` that plays candle files of one interval and then ends."""

    is_stepped = True

    def __init__(self, files: Sequence[CandleFile], *, seed: int) -> None:
        intervals = sorted({each.interval for each in files})
        if len(intervals) != 1:
            raise ConfigError(f"expected files of one interval, found {', '.join(intervals)}")
        if len({each.symbol for each in files}) != len(files):
            raise ConfigError("expected one file per symbol, found several of the same")
        self.interval = intervals[0]
        self._length = INTERVAL_MS[self.interval]
        self._listings = tuple(_listing(each) for each in files)
        self._filled = [_without_gaps(each) for each in files]
        self._first_ms = [each.open_ms[0] for each in files]
        self.start_ms: int | None = min(self._first_ms)
        self.end_ms: int | None = max(each.open_ms[-1] for each in files) + self._length
        self._before = _history_before(files, self._listings, seed)

    @classmethod
    def read(cls, path: Path, *, seed: int) -> ReplayMarket:
        """Return the market of one file, or of all candle files of a folder.

        Raises:
            ConfigError: A file is missing or wrong, in one sentence.
        """
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file")
        paths = [path]
        if path.is_dir():
            suffixes = candlefile.SUFFIXES
            paths = sorted(each for each in path.iterdir() if each.suffix in suffixes)
        if not paths:
            raise ConfigError(f"{path} has no candle files")
        return cls([candlefile.read(each) for each in paths], seed=seed)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The symbols, in the order of the files."""
        return self._listings

    def rows(self, index: int, first_ms: int, end_ms: int) -> Rows:
        """Return the base candles that open in [first_ms, end_ms)."""
        start_ms, filled = self._first_ms[index], self._filled[index]
        split_ms = min(max(start_ms, first_ms), max(end_ms, first_ms))
        before = self._made_up(index, first_ms, split_ms)
        first, stop = (split_ms - start_ms) // self._length, (end_ms - start_ms) // self._length
        inside = filled[max(first, 0) : max(stop, 0)]
        missing = max(stop, 0) - max(first, len(filled)) if stop > len(filled) else 0
        after = _flat(filled[-1, CLOSE], missing)
        return np.concatenate([before, inside, after])

    def _made_up(self, index: int, first_ms: int, end_ms: int) -> Rows:
        """Return history before the file; it may reach beyond the seeded market's grid of days."""
        if end_ms <= first_ms:
            return np.empty((0, 8))
        minutes = self._before.rows(index, first_ms, end_ms)
        return history.merged_by(minutes, self._length // MINUTE_MS, self._listings[index])


def _listing(file: CandleFile) -> Listing:
    quote = next((each for each in QUOTES if file.symbol.endswith(each)), "")
    if not quote or quote == file.symbol:
        raise ConfigError(f"{file.symbol}: expected a symbol that ends with {', '.join(QUOTES)}")
    return a_listing(
        file.symbol,
        quote,
        price_decimals=file.price_decimals,
        quantity_decimals=file.quantity_decimals,
    )


def _without_gaps(file: CandleFile) -> Rows:
    """Return the file's rows on its grid; what is missing is flat at the close before it."""
    length = INTERVAL_MS[file.interval]
    places = (np.array(file.open_ms) - file.open_ms[0]) // length
    count = int(places[-1]) + 1
    if count > MAX_SPAN_ROWS:
        raise ConfigError(f"{file.symbol}: the times span {count} candles of {file.interval}")
    last_known = np.searchsorted(places, np.arange(count), side="right") - 1
    rows = file.rows[last_known]
    is_gap = np.ones(count, dtype=bool)
    is_gap[places] = False
    rows[is_gap, :CLOSE] = rows[is_gap, CLOSE : CLOSE + 1]
    rows[is_gap, 4:] = 0.0
    return rows


def _flat(price: float, count: int) -> Rows:
    rows = np.zeros((count, 8))
    rows[:, :4] = price
    return rows


def _history_before(
    files: Sequence[CandleFile], listings: tuple[Listing, ...], seed: int
) -> SeededMarket:
    """Return a seeded market whose prices reach each file's first open at its first instant."""
    drafts = tuple(temper(each, rank) for rank, each in enumerate(listings))
    draft = SeededMarket(seed=seed, listings=listings, tempers=drafts)
    tempers = []
    for index, file in enumerate(files):
        first_ms = file.open_ms[0]
        (reached,) = draft.rows(index, first_ms, first_ms + MINUTE_MS)
        volume = float(file.rows[:, 5].mean()) * DAY_MS / INTERVAL_MS[file.interval]
        tempers.append(
            structs.replace(
                drafts[index],
                price=drafts[index].price * float(file.rows[0, OPEN]) / float(reached[OPEN]),
                daily_quote_volume=volume or drafts[index].daily_quote_volume,
            )
        )
    return SeededMarket(seed=seed, listings=listings, tempers=tuple(tempers))
