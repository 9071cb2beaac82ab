"""Where a run's candles come from: the candle store, or files of a folder, as they are.

For each symbol the intervals that the traders read are gathered: stored ones as memory maps, others
added up from faster ones. Symbol rules are those stored beside the candles; where none are, the
steps are taken from the decimals of the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from aitrader.backtest.history import History, Series
from aitrader.exchange.simulated.replay import QUOTES
from aitrader.exchange.simulated.source import a_listing
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.panel import Floats, Times
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.model.instrument import Instrument
from aitrader.storage.candles import NEVER_MS, CandleStore, divides
from aitrader.storage.candles_import import read_file
from aitrader.storage.candles_names import files_below
from aitrader.storage.candles_notes import CandleNotes
from aitrader.storage.candles_table import CandleTable, Grid, aggregated, cleaned, merged, to_grid

MOST_DECIMALS = 8
SAMPLE = 2_000
"""Newest candles whose decimals are looked at."""


class Candles(Protocol):
    """Somebody who has candles of symbols."""

    def symbols(self) -> tuple[str, ...]:
        """Return whose."""
        ...

    def grid(self, symbol: str, interval: str) -> Grid:
        """Return a symbol's candles of an interval.

        Raises:
            ConfigError: There are none, nor faster ones to make them of.
        """
        ...

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        """Return a symbol's rules of that time, None if nobody stated them."""
        ...


class StoredCandles:
    """Those of a candle store."""

    def __init__(self, folder: Path) -> None:
        self._store, self._notes = CandleStore(folder), CandleNotes(folder)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have candles."""
        return self._store.symbols()

    def grid(self, symbol: str, interval: str) -> Grid:
        """Return what is stored, or made from it."""
        return self._store.grid(symbol, interval)

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        """Return the rules that were stored."""
        return self._notes.find_instrument(symbol, at_ms)


class CandlesOfFiles:
    """Those of candle files, read whole."""

    def __init__(self, paths: Iterable[Path]) -> None:
        tables: dict[tuple[str, str], CandleTable] = {}
        for path in paths:
            for found in read_file(path):
                key = (found.symbol, found.interval)
                table = cleaned(found.table, key[1], now_ms=NEVER_MS)[0]
                tables[key] = merged(tables[key], table) if key in tables else table
        self._grids = {key: to_grid(row, key[1]) for key, row in tables.items() if len(row)}

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the files."""
        return tuple(sorted({symbol for symbol, _interval in self._grids}))

    def grid(self, symbol: str, interval: str) -> Grid:
        """Return a file's candles, or those made from them."""
        found = self._grids.get((symbol, interval))
        if found is not None:
            return found
        for faster in reversed(INTERVAL_MS):
            parts = self._grids.get((symbol, faster)) if divides(faster, interval) else None
            if parts is not None:
                return aggregated(parts, faster, interval)
        raise ConfigError(f"the files have no {interval} candles of {symbol}, nor faster ones")

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        """Return nothing: files state no rules."""
        return None


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A history with the rules of its symbols; `first_ms` and `end_ms` of its finest candles."""

    history: History
    instruments: tuple[Instrument, ...]
    first_ms: int
    end_ms: int


def open_candles(path: Path) -> Candles:
    """Return the candles of a data folder, a candle store, a folder of files or one file.

    Raises:
        ConfigError: There are none, in one sentence.
    """
    for folder in (path / "candles", path):
        if CandleStore(folder).symbols():
            return StoredCandles(folder)
    if not path.exists():
        raise ConfigError(
            f"{path}: there are no candles; fetch some with: "
            "aitrader data download BTCUSDT --interval 5m --from 2025-01-01"
        )
    files = files_below(path)
    if not files:
        raise ConfigError(f"{path} has neither stored candles nor candle files")
    found = CandlesOfFiles(files)
    if not found.symbols():
        raise ConfigError(f"the files of {path} have no candles")
    return found


def has_all(candles: Candles, symbol: str, intervals: Iterable[str]) -> bool:
    """Return whether a symbol has a candle of each of these intervals."""
    try:
        return all(candles.grid(symbol, interval).bars for interval in intervals)
    except ConfigError:
        return False


def intervals_of(traders: Sequence[CompiledTrader], *, detail: str) -> tuple[str, ...]:
    """Return the intervals that a run of these traders reads, `detail` first."""
    intervals = dict.fromkeys((detail, *(row.plan.interval for row in traders)))
    for trader in traders:
        intervals |= dict.fromkeys(trader.lookback)
    return tuple(intervals)


def symbols_of(symbols: Sequence[str], traders: Sequence[CompiledTrader]) -> tuple[str, ...]:
    """Return these symbols, and those that the traders' filters name besides."""
    named = [name for trader in traders for name in trader.symbols_named]
    return tuple(dict.fromkeys((*symbols, *named)))


def load(candles: Candles, symbols: Sequence[str], intervals: Sequence[str]) -> Loaded:
    """Return the history of these symbols in these intervals, the first the finest, and rules.

    Raises:
        ConfigError: Candles of a symbol are missing.
    """
    times: dict[tuple[int, int, int], Times] = {}
    rows, rules = [], []
    for symbol in symbols:
        for interval in intervals:
            rows.append(_series(candles.grid(symbol, interval), symbol, interval, times))
        base = rows[-len(intervals)]
        rules.append(candles.find_instrument(symbol, base.end_ms) or rules_of(base))
    finest = [row for row in rows if row.interval == intervals[0]]
    return Loaded(
        history=History(rows),
        instruments=tuple(rules),
        first_ms=min(row.first_ms for row in finest),
        end_ms=max(row.end_ms for row in finest),
    )


def rules_of(series: Series) -> Instrument:
    """Return rules whose steps are one unit in the last decimal that the candles use.

    Raises:
        ConfigError: The symbol ends with no quote asset we know.
    """
    symbol = series.symbol
    quote = next((name for name in QUOTES if symbol.endswith(name) and symbol != name), "")
    if not quote:
        raise ConfigError(f"{symbol}: expected a symbol that ends with {', '.join(QUOTES)}")
    prices = [series.values[name] for name in ("open", "high", "low", "close")]
    return a_listing(
        symbol,
        quote,
        price_decimals=max(_decimals(row) for row in prices),
        quantity_decimals=_decimals(series.values["volume"]),
    ).instrument


def _decimals(numbers: Floats) -> int:
    sample = numbers[-SAMPLE:]
    sample = sample[np.isfinite(sample)]
    for decimals in range(MOST_DECIMALS):
        if np.allclose(np.round(sample, decimals), sample, rtol=1e-12, atol=1e-11):
            return decimals
    return MOST_DECIMALS


def _series(
    grid: Grid, symbol: str, interval: str, times: dict[tuple[int, int, int], Times]
) -> Series:
    if not grid.bars:
        raise ConfigError(f"{symbol} has too few candles for a single one of {interval}")
    step = INTERVAL_MS[interval]
    key = (grid.first_ms, step, grid.bars)
    if key not in times:
        times[key] = grid.first_ms + step * np.arange(grid.bars, dtype=np.int64)
    values: Mapping[str, Floats] = dict(zip(ROW_FIELDS, grid.values, strict=True))
    return Series(symbol, interval, times[key], values)
