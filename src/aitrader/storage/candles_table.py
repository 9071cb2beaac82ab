"""Candles as columns in memory: the shape every reader gives and every writer takes.

Pure numpy. A *table* holds what a source said, row by row; a *grid* holds one column per instant
of an interval, so that the time of a column is known without being stored and what is missing is
NaN. A number that a source does not know (a file with five columns) is NaN in its field alone.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from aitrader.model.candle import DAY_MS, INTERVAL_MS, ROW_FIELDS, WEEK_OFFSET_MS

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE_VOLUME, TRADES, TAKER_VOLUME = range(len(ROW_FIELDS))

WIRE_DECIMALS = 8
"""No number of the exchange has more; a sum of doubles is rounded to what adding them up gives."""

EARLIEST_MS = 14_610 * DAY_MS
"""2010-01-01. No crypto market is older: an earlier time is a wrong time."""


@dataclass(frozen=True, eq=False, slots=True)
class CandleTable:
    """`open_ms`: (n,) UTC epoch ms. `values`: (8, n) float64, rows as ROW_FIELDS; NaN: unknown."""

    open_ms: Times
    values: Floats

    def __len__(self) -> int:
        return int(self.open_ms.shape[0])

    def take(self, wanted: npt.NDArray[np.generic] | slice) -> CandleTable:
        """Return the rows that a mask, an order or a slice names."""
        return CandleTable(self.open_ms[wanted], self.values[:, wanted])


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """`values`: (8, n) float64, column i is the candle opened at `first_ms` + i x the interval."""

    first_ms: int
    values: Floats

    @property
    def bars(self) -> int:
        """Number of instants, missing ones included."""
        return int(self.values.shape[1])


class Faults(msgspec.Struct, frozen=True):
    """What was wrong with a source's rows, each row counted once, in this order.

    `out_of_time`: before 2010 or not closed yet. `off_grid`: opens at no instant of its interval.
    `wrong_numbers`: a price not above zero, high or low inside the body, a negative volume.
    `repeated`: an earlier row of the same instant. `out_of_order`: came after a later one; kept.
    """

    out_of_time: int = 0
    off_grid: int = 0
    wrong_numbers: int = 0
    repeated: int = 0
    out_of_order: int = 0

    @property
    def dropped(self) -> int:
        """Rows that were left out."""
        return self.out_of_time + self.off_grid + self.wrong_numbers + self.repeated

    def plus(self, other: Faults) -> Faults:
        """Return both counts together."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Faults(*(mine + theirs for mine, theirs in pairs))


def a_table(open_ms: npt.ArrayLike, values: npt.ArrayLike) -> CandleTable:
    """Return a table of (n,) times and (n, 5 or more) rows; fields that are not there are NaN."""
    times = np.asarray(open_ms, dtype=np.int64)
    if not len(times):
        return empty_table()
    rows = np.asarray(values, dtype=np.float64)
    columns = np.full((len(ROW_FIELDS), len(times)), np.nan)
    width = min(rows.shape[1], len(ROW_FIELDS))
    columns[:width] = rows[:, :width].T
    return CandleTable(times, columns)


def empty_table() -> CandleTable:
    """Return a table without rows."""
    return CandleTable(np.empty(0, np.int64), np.empty((len(ROW_FIELDS), 0)))


def offset_ms(interval: str) -> int:
    """Return where the interval's grid begins, counted from the epoch."""
    return WEEK_OFFSET_MS if interval == "1w" else 0


def cleaned(table: CandleTable, interval: str, *, now_ms: int) -> tuple[CandleTable, Faults]:
    """Return the rows that can be candles, ordered, one per instant, and what was wrong.

    Of several rows of one instant the last one is kept.
    """
    step = INTERVAL_MS[interval]
    in_time = (table.open_ms >= EARLIEST_MS) & (table.open_ms <= now_ms - step)
    on_grid = (table.open_ms - offset_ms(interval)) % step == 0
    sound = _sound(table.values)
    kept = (
        table if bool((in_time & on_grid & sound).all()) else table.take(in_time & on_grid & sound)
    )
    unordered = int(np.count_nonzero(np.diff(kept.open_ms) < 0))
    if unordered:
        kept = kept.take(np.argsort(kept.open_ms, kind="stable"))
    is_last = np.append(np.diff(kept.open_ms) != 0, True)[: len(kept)]
    repeated = len(kept) - int(np.count_nonzero(is_last))
    faults = Faults(
        out_of_time=int(np.count_nonzero(~in_time)),
        off_grid=int(np.count_nonzero(in_time & ~on_grid)),
        wrong_numbers=int(np.count_nonzero(in_time & on_grid & ~sound)),
        repeated=repeated,
        out_of_order=unordered,
    )
    return (kept.take(is_last) if repeated else kept), faults


def _sound(values: Floats) -> npt.NDArray[np.bool_]:
    """Return (n,) whether a column can be a candle; an unknown volume detail can."""
    top = np.maximum(values[OPEN], values[CLOSE])
    bottom = np.minimum(values[OPEN], values[CLOSE])
    sound: npt.NDArray[np.bool_] = (values[LOW] > 0) & (values[LOW] <= bottom)
    sound &= (values[HIGH] >= top) & (values[HIGH] < np.inf)
    sound &= (values[VOLUME] >= 0) & (values[VOLUME] < np.inf)
    for row in values[QUOTE_VOLUME:]:
        sound &= ~((row < 0) | (row == np.inf))
    return sound


def merged(old: CandleTable, new: CandleTable) -> CandleTable:
    """Return both, ordered; where both have an instant, `new`'s known numbers win.

    Both are clean. A field that `new` does not know stays as `old` has it when the prices are the
    same; with other prices the row is another one and `new` stands as it is.
    """
    if not len(old) or not len(new):
        return new if len(new) else old
    if old.open_ms[-1] < new.open_ms[0]:
        return _joined(old, new)
    if new.open_ms[-1] < old.open_ms[0]:
        return _joined(new, old)
    places = np.searchsorted(old.open_ms, new.open_ms)
    known = old.open_ms[np.minimum(places, len(old) - 1)] == new.open_ms
    before, after = old.values[:, places[known]], new.values[:, known]
    same = (before[: VOLUME + 1] == after[: VOLUME + 1]).all(axis=0)
    values = new.values.copy()
    values[:, known] = np.where(np.isnan(after) & same, before, after)
    stays = np.ones(len(old), np.bool_)
    stays[places[known]] = False
    both = _joined(old.take(stays), CandleTable(new.open_ms, values))
    return both.take(np.argsort(both.open_ms, kind="stable"))


def _joined(first: CandleTable, second: CandleTable) -> CandleTable:
    return CandleTable(
        np.concatenate((first.open_ms, second.open_ms)),
        np.concatenate((first.values, second.values), axis=1),
    )


def joined(tables: list[CandleTable]) -> CandleTable:
    """Return the rows of all tables in their order, not cleaned."""
    if not tables:
        return empty_table()
    return CandleTable(
        np.concatenate([table.open_ms for table in tables]),
        np.concatenate([table.values for table in tables], axis=1),
    )


def merged_all(tables: list[CandleTable]) -> CandleTable:
    """Return clean tables merged in their order, as `merged` does; quick when they only append."""
    filled = [table for table in tables if len(table)]
    appends = all(
        first.open_ms[-1] < second.open_ms[0] for first, second in itertools.pairwise(filled)
    )
    return joined(filled) if appends else functools.reduce(merged, filled)


def by_year(table: CandleTable) -> Iterator[tuple[int, CandleTable]]:
    """Yield (UTC year, its rows) of an ordered table."""
    if not len(table):
        return
    first, last = (_year_of(int(table.open_ms[place])) for place in (0, -1))
    edges = np.searchsorted(table.open_ms, [year_start_ms(year) for year in range(first, last + 2)])
    for year, start, stop in zip(range(first, last + 1), edges, edges[1:], strict=False):
        if stop > start:
            yield year, table.take(slice(start, stop))


def _year_of(at_ms: int) -> int:
    return int(np.datetime64(at_ms, "ms").astype("datetime64[Y]").astype(np.int64)) + 1970


def year_start_ms(year: int) -> int:
    """Return the year's first instant."""
    return int(np.datetime64(f"{year}-01-01", "ms").astype(np.int64))


def to_grid(table: CandleTable, interval: str) -> Grid:
    """Return an ordered, clean table with a column for every instant from its first to its last.

    Shares the table's memory when no instant is missing.
    """
    if not len(table):
        return Grid(0, table.values)
    step, first_ms = INTERVAL_MS[interval], int(table.open_ms[0])
    bars = (int(table.open_ms[-1]) - first_ms) // step + 1
    if bars == len(table):
        return Grid(first_ms, table.values)
    values = np.full((len(ROW_FIELDS), bars), np.nan)
    values[:, (table.open_ms - first_ms) // step] = table.values
    return Grid(first_ms, values)


def aggregated(grid: Grid, interval: str, slower: str) -> Grid:
    """Return whole candles of `slower` made from a grid of `interval`, which divides it.

    A candle is NaN where one of its parts is missing; a volume detail is NaN where one is unknown.
    A part without a trade only repeats the price before it, and so says nothing about open, high
    and low, as on the exchange; it counts where no part has a trade.
    """
    step, length = INTERVAL_MS[interval], INTERVAL_MS[slower]
    lead = -(grid.first_ms - offset_ms(slower)) % length // step
    parts = length // step
    bars = max(grid.bars - lead, 0) // parts
    values = grid.values[:, lead : lead + bars * parts].reshape(len(ROW_FIELDS), bars, parts)
    traded = values[VOLUME] > 0
    counts = traded | ~traded.any(axis=1, keepdims=True)
    result = np.empty((len(ROW_FIELDS), bars))
    result[OPEN] = values[OPEN, np.arange(bars), counts.argmax(axis=1)]
    result[HIGH] = np.where(counts, values[HIGH], -np.inf).max(axis=1)
    result[LOW] = np.where(counts, values[LOW], np.inf).min(axis=1)
    result[CLOSE] = values[CLOSE, :, -1]
    result[VOLUME:] = np.round(values[VOLUME:].sum(axis=2), WIRE_DECIMALS)
    result[:, np.isnan(values[CLOSE]).any(axis=1)] = np.nan
    return Grid(grid.first_ms + lead * step, result)
