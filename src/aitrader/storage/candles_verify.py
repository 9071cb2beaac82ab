"""Are the stored candles whole, in order, and of one mind? Reads the archive itself, no cache."""

from __future__ import annotations

import msgspec
import numpy as np

from aitrader.filters.panel import Bools
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles import NEVER_MS, CandleStore, divides
from aitrader.storage.candles_archive import read_table
from aitrader.storage.candles_table import (
    CLOSE,
    TRADES,
    CandleTable,
    Faults,
    Floats,
    Grid,
    aggregated,
    cleaned,
    joined,
    to_grid,
)

MOST_GAPS = 100
"""A report lists so many gaps; `missing` counts them all."""

SUM_TOLERANCE = 1e-9
"""Volumes of parts add up to the whole's but for the rounding of a sum of doubles."""


class Gap(msgspec.Struct, frozen=True):
    """`bars` candles in a row that are not there; the first opens at `from_ms`."""

    from_ms: int
    bars: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one symbol and interval.

    `damaged`: files that could not be read, in words. `misplaced`: rows in another year's file.
    """

    symbol: str
    interval: str
    candles: int
    missing: int
    gaps: tuple[Gap, ...]
    faults: Faults
    misplaced: int
    damaged: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """True when nothing is wrong; a gap is not wrong, exchanges have been down."""
        return self.faults == Faults() and not self.misplaced and not self.damaged


class Disagreement(msgspec.Struct, frozen=True):
    """`candles` of `slower` differ from what `interval` adds up to; the first opens at `from_ms`.

    `fields` are the numbers that differ anywhere.
    """

    symbol: str
    interval: str
    slower: str
    candles: int
    compared: int
    from_ms: int
    fields: tuple[str, ...]


def verify_interval(store: CandleStore, symbol: str, interval: str) -> tuple[Report, CandleTable]:
    """Return what is wrong with one symbol's interval, and its sound rows in order."""
    tables, damaged, misplaced = [], [], 0
    for year, path in store.year_files(symbol, interval).items():
        try:
            table = read_table(path)
        except ConfigError as error:
            damaged.append(str(error))
            continue
        years = table.open_ms.astype("datetime64[ms]").astype("datetime64[Y]").astype(np.int64)
        misplaced += int(np.count_nonzero(years + 1970 != year))
        tables.append(table)
    rows, faults = cleaned(joined(tables), interval, now_ms=NEVER_MS)
    gaps = gaps_of(rows, interval)
    report = Report(
        symbol=symbol,
        interval=interval,
        candles=len(rows),
        missing=sum(gap.bars for gap in gaps),
        gaps=gaps[:MOST_GAPS],
        faults=faults,
        misplaced=misplaced,
        damaged=tuple(damaged),
    )
    return report, rows


def gaps_of(table: CandleTable, interval: str) -> tuple[Gap, ...]:
    """Return the holes between the first and the last row of an ordered table."""
    step = INTERVAL_MS[interval]
    steps = np.diff(table.open_ms) // step
    places = np.flatnonzero(steps > 1)
    return tuple(Gap(int(table.open_ms[place]) + step, int(steps[place]) - 1) for place in places)


def verify_symbol(
    store: CandleStore, symbol: str
) -> tuple[tuple[Report, ...], tuple[Disagreement, ...]]:
    """Return a report per stored interval, and where two intervals disagree.

    Each interval is compared with the slowest faster one that divides it. Costs about 50 ms of
    CPU per 100,000 rows.
    """
    reports: list[Report] = []
    disagreements: list[Disagreement] = []
    grids: dict[str, Grid] = {}
    for interval in store.intervals(symbol):
        report, rows = verify_interval(store, symbol, interval)
        reports.append(report)
        grid = to_grid(rows, interval)
        faster = [name for name in grids if divides(name, interval)]
        if faster and grid.bars:
            found = _compare(symbol, (faster[-1], grids[faster[-1]]), (interval, grid))
            disagreements.extend(found)
        if grid.bars:
            grids[interval] = grid
    return tuple(reports), tuple(disagreements)


def _compare(
    symbol: str, fast: tuple[str, Grid], slow: tuple[str, Grid]
) -> tuple[Disagreement, ...]:
    """Return none or one disagreement, over the candles that both have whole."""
    (interval, parts), (slower, grid) = fast, slow
    made, length = aggregated(parts, interval, slower), INTERVAL_MS[slower]
    first_ms = max(made.first_ms, grid.first_ms)
    left = made.values[:, (first_ms - made.first_ms) // length :]
    right = grid.values[:, (first_ms - grid.first_ms) // length :]
    bars = min(left.shape[1], right.shape[1])
    differs = _differ(left[:, :bars], right[:, :bars])
    places = np.flatnonzero(differs.any(axis=0))
    if not len(places):
        return ()
    both = ~np.isnan(left[CLOSE, :bars]) & ~np.isnan(right[CLOSE, :bars])
    fields = [name for name, row in zip(ROW_FIELDS, differs, strict=True) if row.any()]
    return (
        Disagreement(
            symbol=symbol,
            interval=interval,
            slower=slower,
            candles=len(places),
            compared=int(np.count_nonzero(both)),
            from_ms=first_ms + int(places[0]) * length,
            fields=tuple(fields),
        ),
    )


def _differ(left: Floats, right: Floats) -> Bools:
    """Return (8, n) where two known numbers are not the same."""
    known = ~np.isnan(left) & ~np.isnan(right)
    differs: Bools = known & (left != right)
    for field in range(CLOSE + 1, len(ROW_FIELDS)):
        if field != TRADES:
            larger = np.maximum(np.abs(left[field]), np.abs(right[field]))
            differs[field] &= np.abs(left[field] - right[field]) > SUM_TOLERANCE * larger
    return differs
