"""Faster candles that fill orders, made whole where there are none by those the traders look at.

A candle without detail is shown as it would be without `--detail`: its open when it begins, and all
of it when it ends. So a run over a time that is only partly known in detail loses nothing, and what
happens within a candle of unknown inside is the worse, as ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aitrader.backtest.sources import Candles, has_all
from aitrader.filters.panel import Bools
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.model.instrument import Instrument
from aitrader.storage.candles_table import Grid

OPEN, CLOSE, VOLUME = (ROW_FIELDS.index(name) for name in ("open", "close", "volume"))


class Detailed:
    """Somebody's candles, those of `detail` without a hole where there is one of `coarse`.

    `filled`: how many candles of `coarse` had no detail, by symbol, of those read so far.
    """

    def __init__(self, candles: Candles, detail: str, coarse: str) -> None:
        """Fill up `detail`, which divides `coarse`, or is the same and stays as it is."""
        self._candles, self._detail, self._coarse = candles, detail, coarse
        self._grids: dict[str, Grid] = {}
        self.filled: dict[str, int] = {}

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have candles."""
        return self._candles.symbols()

    def grid(self, symbol: str, interval: str) -> Grid:
        """Return a symbol's candles of an interval.

        Raises:
            ConfigError: There are none.
        """
        if interval != self._detail or interval == self._coarse:
            return self._candles.grid(symbol, interval)
        if symbol not in self._grids:
            self._grids[symbol], self.filled[symbol] = self._read(symbol)
        return self._grids[symbol]

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        """Return a symbol's rules of that time, None if nobody stated them."""
        return self._candles.find_instrument(symbol, at_ms)

    def check(self, symbols: Sequence[str]) -> None:
        """Return if any of these symbols has any detail.

        Raises:
            ConfigError: None has; says what to do.
        """
        wanted = (self._detail,)
        if self._detail != self._coarse and not any(
            has_all(self._candles, name, wanted) for name in symbols
        ):
            self._candles.grid(symbols[0], self._detail)

    def _read(self, symbol: str) -> tuple[Grid, int]:
        coarse = self._candles.grid(symbol, self._coarse)
        try:
            fine = self._candles.grid(symbol, self._detail)
        except ConfigError:
            fine = Grid(coarse.first_ms, np.empty((len(ROW_FIELDS), 0)))
        step = INTERVAL_MS[self._detail]
        parts = INTERVAL_MS[self._coarse] // step
        lacking = _lacking(fine, coarse, step, parts)
        count = int(lacking.sum())
        return (
            (fine, 0)
            if not count
            else (_filled(fine, coarse, lacking, step=step, parts=parts), count)
        )


def _lacking(fine: Grid, coarse: Grid, step: int, parts: int) -> Bools:
    """Return which candles of `coarse` are there without all of their parts, (n,)."""
    is_there = np.zeros(coarse.bars * parts, bool)
    shift = (fine.first_ms - coarse.first_ms) // step
    first, stop = max(shift, 0), min(shift + fine.bars, len(is_there))
    if first < stop:
        is_there[first:stop] = np.isfinite(fine.values[CLOSE, first - shift : stop - shift])
    found: Bools = np.isfinite(coarse.values[CLOSE]) & ~is_there.reshape(-1, parts).all(axis=1)
    return found


def _filled(fine: Grid, coarse: Grid, lacking: Bools, *, step: int, parts: int) -> Grid:
    """Return a grid of `step` with `fine`, and each lacking candle as its first and last part."""
    first_ms = coarse.first_ms if not fine.bars else min(fine.first_ms, coarse.first_ms)
    ends_ms = (coarse.first_ms + coarse.bars * parts * step, fine.first_ms + fine.bars * step)
    values = np.full((len(ROW_FIELDS), (max(ends_ms) - first_ms) // step), np.nan)
    place = (fine.first_ms - first_ms) // step
    values[:, place : place + fine.bars] = fine.values
    rows = coarse.values[:, lacking]
    begins = (coarse.first_ms - first_ms) // step + np.flatnonzero(lacking) * parts
    for part in range(parts):
        values[:, begins + part] = np.nan
    values[:VOLUME, begins] = rows[OPEN]
    values[VOLUME:, begins] = 0.0
    values[:, begins + parts - 1] = rows
    return Grid(first_ms, values)
