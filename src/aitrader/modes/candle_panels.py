"""Candle files as panels: what filters read, without an engine and without a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from aitrader.filters.panel import Panel
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS, open_of
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_import import read_file
from aitrader.storage.candles_names import files_below, subject_of
from aitrader.storage.candles_table import (
    CandleTable,
    Grid,
    aggregated,
    cleaned,
    merged_all,
    offset_ms,
    to_grid,
)

Key = tuple[str, str]
"""A symbol and an interval."""


class CandleFiles:
    """The candles of some files; a slower interval is added up where there is no file of it."""

    def __init__(self, grids: Mapping[Key, Grid]) -> None:
        self._grids = dict(grids)
        self.symbols = tuple(sorted({symbol for symbol, _ in grids}))

    def newest_close_ms(self) -> int:
        """Return when the newest candle of any file closed."""
        ends = (g.first_ms + g.bars * INTERVAL_MS[k[1]] for k, g in self._grids.items())
        return max(ends, default=0)

    def panel(self, interval: str, *, symbols: tuple[str, ...], closed_ms: int, bars: int) -> Panel:
        """Return the `bars` candles of each symbol that closed by an instant; missing ones NaN."""
        step = INTERVAL_MS[interval]
        first_ms = open_of(closed_ms, interval) - bars * step
        rows = np.full((len(ROW_FIELDS), len(symbols), bars), np.nan)
        for place, symbol in enumerate(symbols):
            grid = self._grid(symbol, interval)
            shift = (grid.first_ms - first_ms) // step
            start, stop = max(0, shift), min(bars, shift + grid.bars)
            if grid.bars and start < stop:
                rows[:, place, start:stop] = grid.values[:, start - shift : stop - shift]
        times = first_ms + np.arange(bars, dtype=np.int64) * step
        return Panel(interval, symbols, times, dict(zip(ROW_FIELDS, rows, strict=True)))

    def _grid(self, symbol: str, interval: str) -> Grid:
        """Return a symbol's candles; made of the slowest faster ones that divide the interval."""
        found = self._grids.get((symbol, interval))
        if found is not None:
            return found
        parts = [i for s, i in self._grids if s == symbol and _divides(i, interval)]
        made = Grid(0, np.empty((len(ROW_FIELDS), 0)))
        if parts:
            slowest = max(parts, key=INTERVAL_MS.__getitem__)
            made = aggregated(self._grids[symbol, slowest], slowest, interval)
        self._grids[symbol, interval] = made
        return made


def _divides(faster: str, slower: str) -> bool:
    step, length = INTERVAL_MS[faster], INTERVAL_MS[slower]
    return step < length and length % step == 0 and offset_ms(faster) == 0


def read_candles(path: Path, *, symbols: Iterable[str] | None, now_ms: int) -> CandleFiles:
    """Return the candles of a file, or of every file below a folder whose name says a symbol.

    Args:
        path: `SYMBOL_INTERVAL.csv`, `.parquet` and the other forms that `data import` takes.
        symbols: Whose files are read; None for all.
        now_ms: Candles that have not closed by then are left out.

    Raises:
        ConfigError: Nothing is there, or a file cannot be used.
    """
    if not path.exists():
        raise ConfigError(f"{path} is not there; expected candle files, or a folder of them")
    wanted = None if symbols is None else set(symbols)
    files = files_below(path)
    if wanted is not None and path.is_dir():
        files = [file for file in files if subject_of(file.name).symbol in wanted]
    tables: dict[Key, list[CandleTable]] = {}
    for file in files:
        for found in read_file(file):
            if wanted is None or found.symbol in wanted:
                table, _ = cleaned(found.table, found.interval, now_ms=now_ms)
                tables.setdefault((found.symbol, found.interval), []).append(table)
    grids = {key: to_grid(merged_all(parts), key[1]) for key, parts in tables.items()}
    grids = {key: grid for key, grid in grids.items() if grid.bars}
    if not grids:
        whose = f" of {', '.join(sorted(wanted))}" if wanted and len(wanted) <= 3 else ""
        raise ConfigError(
            f"found no candles{whose} in {path}; expected files such as BTCUSDT_5m.csv"
        )
    return CandleFiles(grids)
