"""Candles on disk: a Parquet archive to keep and memory maps to read.

    candles/<SYMBOL>/<interval>/<year>.parquet   the archive, the only truth
    candles/.cache/<SYMBOL>_<interval>.npy|json  what `open` maps; made again whenever it is not
                                                 exactly the archive's

`write` merges by instant, so the same rows may come any number of times. Every file is replaced
whole. Writers of any process take turns (`.lock`); readers wait for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np

from aitrader.filters.panel import Panel
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_archive import SUFFIX, read_years, write_table
from aitrader.storage.candles_cache import (
    CacheHeader,
    find_grid,
    find_header,
    parts_of,
    write_cache,
)
from aitrader.storage.candles_files import writer_turn
from aitrader.storage.candles_table import (
    CLOSE,
    CandleTable,
    Grid,
    Times,
    aggregated,
    by_year,
    cleaned,
    merged,
    offset_ms,
    to_grid,
)

NEVER_MS = 2**62
"""No candle is later."""

_SYMBOL = re.compile(r"\w{2,40}")


class Holding(msgspec.Struct, frozen=True):
    """What is stored of one symbol and interval; `end_ms` is when the last candle closed."""

    symbol: str
    interval: str
    first_ms: int
    end_ms: int
    candles: int
    missing: int
    size_bytes: int


class CandleStore:
    """The candles below one folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # -- reading --------------------------------------------------------------------------------

    def open(
        self, symbol: str, interval: str, *, from_ms: int | None = None, to_ms: int | None = None
    ) -> Panel:
        """Return the stored candles that open in [from_ms, to_ms) as memory-mapped columns.

        One symbol, (1, T) read-only views; costs well under a millisecond while the cache is
        good. The span is cut to what is stored, from its first to its last candle. An interval
        that is not stored is made from the slowest stored one that divides it.

        Raises:
            ConfigError: Nothing of it is stored; says what to do.
        """
        grid = self.grid(symbol, interval)
        step = INTERVAL_MS[interval]
        start, stop = 0, grid.bars
        if from_ms is not None:
            start = min(max(-((grid.first_ms - from_ms) // step), 0), stop)
        if to_ms is not None:
            stop = max(min(-((grid.first_ms - to_ms) // step), stop), start)
        open_ms = _times(grid.first_ms, step, grid.bars)[start:stop]
        rows = grid.values[:, None, start:stop]
        return Panel(interval, (symbol,), open_ms, dict(zip(ROW_FIELDS, rows, strict=True)))

    def grid(self, symbol: str, interval: str) -> Grid:
        """Return all of a symbol's candles of an interval, as `open` does.

        Raises:
            ConfigError: Nothing of it is stored; says what to do.
        """
        found = self.find_grid(symbol, interval)
        if found is not None:
            return found
        for faster in reversed(INTERVAL_MS):
            parts = self.find_grid(symbol, faster) if divides(faster, interval) else None
            if parts is not None:
                made = aggregated(parts, faster, interval)
                made.values.flags.writeable = False
                return made
        raise ConfigError(
            f"no {interval} candles of {symbol} are stored: "
            f"aitrader data download {symbol} --interval {interval} --from 2025-01-01"
        )

    def find_grid(self, symbol: str, interval: str) -> Grid | None:
        """Return what is stored of exactly this interval, None when nothing is.

        Raises:
            ConfigError: A stored file is damaged, or the disk refused the cache.
        """
        return self._mapped(symbol, interval)[1] if self._years(symbol, interval) else None

    def missing(
        self, symbol: str, interval: str, *, from_ms: int, to_ms: int
    ) -> tuple[tuple[int, int], ...]:
        """Return the stretches [start, end) of [from_ms, to_ms) whose candles are not stored.

        Both instants are on the interval's grid.
        """
        step = INTERVAL_MS[interval]
        is_there = np.zeros(max(to_ms - from_ms, 0) // step, np.bool_)
        grid = self.find_grid(symbol, interval)
        if grid is not None:
            start = (grid.first_ms - from_ms) // step
            known = ~np.isnan(grid.values[CLOSE])[max(-start, 0) :]
            place = is_there[max(start, 0) :][: len(known)]
            place[:] = known[: len(place)]
        edges = np.flatnonzero(np.diff(np.concatenate(([True], is_there, [True])).astype(np.int8)))
        instants = (from_ms + edges * step).tolist()
        return tuple(zip(instants[::2], instants[1::2], strict=True))

    def rows(self, symbol: str, interval: str) -> CandleTable:
        """Return the archive's rows as they stand in its files, not checked.

        Raises:
            ConfigError: A file is damaged, or pyarrow is missing.
        """
        return read_years(self._years(symbol, interval))

    def year_files(self, symbol: str, interval: str) -> Mapping[int, Path]:
        """Return the archive's file of each year, oldest first."""
        return {int(path.stem): path for path in self._years(symbol, interval)}

    def holdings(self) -> tuple[Holding, ...]:
        """Return what is stored, by symbol, fastest interval first."""
        found = []
        for symbol in self.symbols():
            for interval in self.intervals(symbol):
                header, _ = self._mapped(symbol, interval)
                found.append(
                    Holding(
                        symbol=symbol,
                        interval=interval,
                        first_ms=header.first_ms,
                        end_ms=header.first_ms + header.bars * header.step_ms,
                        candles=header.bars - header.missing,
                        missing=header.missing,
                        size_bytes=sum(part.size_bytes for part in header.parts),
                    )
                )
        return tuple(found)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have candles."""
        if not self._folder.is_dir():
            return ()
        names = (entry.name for entry in self._folder.iterdir() if entry.is_dir())
        return tuple(sorted(name for name in names if is_symbol(name) and self.intervals(name)))

    def intervals(self, symbol: str) -> tuple[str, ...]:
        """Return the intervals that are stored of a symbol, fastest first."""
        return tuple(name for name in INTERVAL_MS if self._years(symbol, name))

    # -- writing --------------------------------------------------------------------------------

    def write(self, symbol: str, interval: str, table: CandleTable) -> int:
        """Merge ordered, clean rows into the archive; returns how many instants are new.

        The cache follows at `refresh` or the next `open`.

        Raises:
            ConfigError: The name is no symbol, a stored file is damaged, or the disk refused;
                no file is half written.
        """
        if not is_symbol(symbol):
            raise ConfigError(f"expected a symbol such as BTCUSDT, found {symbol!r}")
        added = 0
        with writer_turn(self._folder):
            for year, part in by_year(table):
                path = self._folder / symbol / interval / f"{year}{SUFFIX}"
                old = self._clean(interval, [path] if path.exists() else [])
                both = merged(old, part)
                write_table(path, both)
                added += len(both) - len(old)
        return added

    def refresh(self, symbol: str, interval: str) -> None:
        """Make the cache fit the archive now, so that the next `open` is quick.

        Raises:
            ConfigError: As `open`.
        """
        self.find_grid(symbol, interval)

    # -- inside ---------------------------------------------------------------------------------

    def _years(self, symbol: str, interval: str) -> list[Path]:
        """Return the archive's files of one symbol and interval, oldest first."""
        if not is_symbol(symbol):
            return []
        files = (self._folder / symbol / interval).glob(f"[0-9][0-9][0-9][0-9]{SUFFIX}")
        return sorted(files)

    def _mapped(self, symbol: str, interval: str) -> tuple[CacheHeader, Grid]:
        """Return the cache of what is stored; it is made when it is not the archive's."""
        years = self._years(symbol, interval)
        parts = parts_of(years)
        path = self._folder / ".cache" / f"{symbol}_{interval}.json"
        header = find_header(path, parts)
        grid = find_grid(path, header) if header is not None else None
        if header is None or grid is None:
            grid = to_grid(self._clean(interval, years), interval)
            header = write_cache(path, grid, symbol=symbol, interval=interval, parts=parts)
            grid = find_grid(path, header) or grid
        return header, grid

    def _clean(self, interval: str, paths: list[Path]) -> CandleTable:
        """Return the sound rows of archive files, which somebody else may have changed."""
        return cleaned(read_years(paths), interval, now_ms=NEVER_MS)[0]


def is_symbol(name: str) -> bool:
    """Return whether a name can be a symbol, and so a folder and a part of an address."""
    return _SYMBOL.fullmatch(name) is not None


def divides(faster: str, slower: str) -> bool:
    """Return whether whole candles of `slower` can be made from those of `faster`."""
    step, length = INTERVAL_MS[faster], INTERVAL_MS[slower]
    return step < length and length % step == 0 and offset_ms(slower) % step == 0


@lru_cache(maxsize=8)
def _times(first_ms: int, step_ms: int, bars: int) -> Times:
    """Return the instants of a grid, read-only; many symbols of one span share one array."""
    times = np.arange(first_ms, first_ms + bars * step_ms, step_ms, dtype=np.int64)
    times.flags.writeable = False
    return times
