"""Recent closed candles of every watched symbol, as arrays that a screening can look at in place.

Theory of operation. Each interval has one ring: an array (fields, symbols, rows) and its `base`,
the grid number of its first row. The row that opens at `open_ms` lies at `open_ms // step - base`,
so that any window is one contiguous view and every symbol's rows share the columns of the same
instant. A row that never came is NaN. The array has room for some rows more than the ring keeps;
when it is full, the kept ones move to the beginning of a new array.

Invariants:
- One writer (the stream edge). Readers, also in other threads, get views; a view stays true for as
  long as somebody holds it: rows never move within an array and are never cleared. A row that comes
  late or is corrected is written in its place.
- An array and its base are replaced together, as one tuple: no reader sees one without the other.
- What is past the newest row was never written: it is NaN.
- Changing the watched streams makes new rings and copies; views of the old ones stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aitrader.filters.panel import Panel
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS, WEEK_OFFSET_MS, Candle, Row
from aitrader.model.commands import Stream

Floats = npt.NDArray[np.float64]

SPARE_ROWS = 8
"""How far the newest row may have moved on when a screening takes its window; it is whole still."""

_SLACK = 16
"""A ring moves when a 16th of what it keeps has come anew: 16 copies of each row in its life."""

_CLOSE = ROW_FIELDS.index("close")
_NEVER = -1


class _Ring:
    """All watched symbols of one interval."""

    def __init__(self, interval: str, symbols: tuple[str, ...], capacity: int) -> None:
        self.interval = interval
        self.step = INTERVAL_MS[interval]
        self.offset = WEEK_OFFSET_MS if interval == "1w" else 0
        self.symbols = symbols
        self.index = {symbol: place for place, symbol in enumerate(symbols)}
        self.capacity = capacity
        self.held: tuple[int, Floats] = (0, self.nothing(0))
        """Base and array; it has no room before the first row."""
        self.newest = _NEVER
        """Grid number of the newest row of any symbol."""
        self.last = [_NEVER] * len(symbols)
        """Grid number of each symbol's newest row."""
        self.version = 0
        self.counted: tuple[int, int, npt.NDArray[np.int64]] | None = None

    @property
    def oldest(self) -> int:
        """Grid number of the oldest row that is kept."""
        return self.newest - self.capacity + 1

    def number(self, open_ms: int) -> int:
        """Return the row's place on the interval's grid, counted from the epoch."""
        return (open_ms - self.offset) // self.step

    def open_ms(self, number: int) -> int:
        """Return when the row of this grid number opens."""
        return number * self.step + self.offset

    def nothing(self, bars: int) -> Floats:
        """Return an array of so many missing rows of every symbol."""
        return np.full((len(ROW_FIELDS), len(self.symbols), bars), np.nan)

    def move_on(self, number: int) -> None:
        """Make `number` the newest row; where it has no room, the kept rows get a new array."""
        base, values = self.held
        if number >= base + values.shape[2]:
            first = number - self.capacity + 1
            moved = self.nothing(self.capacity + self.capacity // _SLACK + 1)
            oldest, end = max(first, base), self.newest + 1
            if oldest < end:
                moved[:, :, oldest - first : end - first] = values[:, :, oldest - base : end - base]
            self.held = (first, moved)
        self.newest = number

    def write(self, place: int, number: int, row: Row) -> None:
        """Put one row in its column."""
        if number > self.newest:
            self.move_on(number)
        base, values = self.held
        values[:, place, number - base] = row
        self.last[place] = max(self.last[place], number)
        self.version += 1

    def write_many(self, place: int, numbers: npt.NDArray[np.int64], rows: Floats) -> None:
        """Put many rows, (rows, fields), in their columns."""
        newest = int(numbers.max())
        if newest > self.newest:
            self.move_on(newest)
        base, values = self.held
        values[:, place, numbers - base] = rows.T
        self.last[place] = max(self.last[place], newest)
        self.version += 1

    def window(self, newest: int, bars: int) -> Floats:
        """Return (fields, symbols, bars) up to row `newest`; a copy only beyond the ring's ends."""
        base, values = self.held
        oldest, end = newest - bars + 1, base + values.shape[2]
        kept = max(self.oldest, base)
        if oldest >= kept and newest < end:
            return values[:, :, oldest - base : newest + 1 - base]
        copied = self.nothing(bars)
        first, stop = max(oldest, kept), min(newest + 1, end)
        if first < stop:
            copied[:, :, first - oldest : stop - oldest] = values[:, :, first - base : stop - base]
        return copied

    def counts(self, newest: int) -> npt.NDArray[np.int64]:
        """Return per symbol how many rows without a gap end at row `newest`."""
        known = self.counted
        if known is not None and known[:2] == (self.version, newest):
            return known[2]
        version = self.version
        bars = min(max(newest - self.oldest + 1, 1), self.capacity)
        missing = np.isnan(self.window(newest, bars)[_CLOSE])[:, ::-1]
        counts = np.where(missing.any(axis=1), missing.argmax(axis=1), bars)
        self.counted = (version, newest, counts)
        return counts

    def adopt(self, other: _Ring) -> None:
        """Copy what `other` knows of our symbols."""
        if other.newest == _NEVER:
            return
        self.move_on(other.newest)
        bars = min(self.capacity, other.capacity)
        window = other.window(other.newest, bars)
        base, values = self.held
        begin, end = other.newest + 1 - bars - base, other.newest + 1 - base
        for symbol, place in self.index.items():
            theirs = other.index.get(symbol)
            if theirs is None:
                continue
            values[:, place, begin:end] = window[:, theirs]
            if other.last[theirs] > self.newest - bars:
                self.last[place] = other.last[theirs]


class SeriesTable:
    """The rings of all intervals; the `PanelSource` of screening."""

    def __init__(self) -> None:
        self._rings: dict[str, _Ring] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(ring.held[1].nbytes for ring in self._rings.values())

    def configure(self, streams: Iterable[Stream]) -> None:
        """Keep exactly these streams from now on, each with room for its `bars`.

        Symbols keep their order, new ones follow in the order given. What stays is copied over.
        """
        wanted: dict[str, dict[str, int]] = {}
        for stream in streams:
            bars = wanted.setdefault(stream.interval, {})
            bars[stream.symbol] = max(stream.bars, bars.get(stream.symbol, 0))
        rings = {}
        for interval, bars in wanted.items():
            rings[interval] = self._ring(interval, tuple(bars), max(bars.values()) + SPARE_ROWS)
        self._rings = rings

    def _ring(self, interval: str, symbols: tuple[str, ...], capacity: int) -> _Ring:
        old = self._rings.get(interval)
        if old is None:
            return _Ring(interval, symbols, capacity)
        kept = tuple(symbol for symbol in old.symbols if symbol in symbols)
        ordered = kept + tuple(symbol for symbol in symbols if symbol not in old.index)
        if ordered == old.symbols and capacity == old.capacity:
            return old
        ring = _Ring(interval, ordered, capacity)
        ring.adopt(old)
        return ring

    def _find(self, symbol: str, interval: str) -> tuple[_Ring, int] | None:
        ring = self._rings.get(interval)
        place = None if ring is None else ring.index.get(symbol)
        return None if ring is None or place is None else (ring, place)

    def write(self, symbol: str, interval: str, open_ms: int, row: Row) -> bool:
        """Store one closed row; a row that is there already is replaced.

        Returns False, and stores nothing, for a stream that is not watched, an `open_ms` off the
        interval's grid, and a row older than the ring keeps.
        """
        found = self._find(symbol, interval)
        if found is None:
            return False
        ring, place = found
        number, rest = divmod(open_ms - ring.offset, ring.step)
        if rest or (ring.newest != _NEVER and number < ring.oldest):
            return False
        ring.write(place, number, row)
        return True

    def write_many(self, symbol: str, interval: str, rows: Sequence[tuple[int, Row]]) -> int:
        """Store many closed rows of one stream, (open_ms, row) each; returns how many fitted."""
        found = self._find(symbol, interval)
        if found is None or not rows:
            return 0
        ring, place = found
        numbers, rests = np.divmod(
            np.array([open_ms for open_ms, _ in rows], dtype=np.int64) - ring.offset, ring.step
        )
        oldest = max(ring.newest, int(numbers.max())) - ring.capacity
        fits = (rests == 0) & (numbers > oldest)
        if fits.any():
            matrix = np.array([row for _, row in rows], dtype=np.float64)
            ring.write_many(place, numbers[fits], matrix[fits])
        return int(fits.sum())

    def last_open_ms(self, symbol: str, interval: str) -> int | None:
        """Return when the newest row of this stream opened, None before the first."""
        found = self._find(symbol, interval)
        if found is None or found[0].last[found[1]] == _NEVER:
            return None
        ring, place = found
        return ring.open_ms(ring.last[place])

    def filled(self, symbol: str, interval: str, closed_ms: int) -> int:
        """Return how many rows without a gap end with the last that closed by `closed_ms`."""
        found = self._find(symbol, interval)
        if found is None:
            return 0
        ring, place = found
        return int(ring.counts(ring.number(closed_ms) - 1)[place])

    def first_gap_ms(self, symbol: str, interval: str, *, closed_ms: int, bars: int) -> int | None:
        """Return the `open_ms` of the oldest missing row among the last `bars`, None if none is."""
        found = self._find(symbol, interval)
        if found is None:
            return None
        ring, place = found
        newest = ring.number(closed_ms) - 1
        missing = np.isnan(ring.window(newest, bars)[_CLOSE, place])
        if not missing.any():
            return None
        return ring.open_ms(newest - bars + 1 + int(missing.argmax()))

    def panel(self, interval: str, *, closed_ms: int, bars: int) -> Panel:
        """Return the last `bars` rows that closed at or before `closed_ms`, all symbols.

        The arrays are views (see the module's invariants), symbols x bars, each row contiguous.

        Raises:
            KeyError: No stream of this interval is watched.
        """
        ring = self._rings[interval]
        newest = ring.number(closed_ms) - 1
        window = ring.window(newest, bars)
        numbers = np.arange(newest - bars + 1, newest + 1, dtype=np.int64)
        values: Mapping[str, Floats] = dict(zip(ROW_FIELDS, window, strict=True))
        return Panel(
            interval=interval,
            symbols=ring.symbols,
            open_ms=numbers * ring.step + ring.offset,
            values=values,
        )

    def closes(self, symbol: str, interval: str, bars: int) -> tuple[float, ...]:
        """Return up to `bars` newest closes of one stream, oldest first, gaps left out."""
        found = self._find(symbol, interval)
        if found is None or found[0].newest == _NEVER:
            return ()
        ring, place = found
        closes = ring.window(ring.newest, min(bars, ring.capacity))[_CLOSE, place]
        return tuple(closes[~np.isnan(closes)].tolist())

    def candles(self, symbol: str, interval: str, bars: int) -> tuple[Candle, ...]:
        """Return up to `bars` newest closed candles of one stream, oldest first, gaps left out."""
        found = self._find(symbol, interval)
        if found is None or found[0].newest == _NEVER:
            return ()
        ring, place = found
        count = min(bars, ring.capacity)
        rows = ring.window(ring.newest, count)[:, place].T.tolist()
        first = ring.newest - count + 1
        return tuple(
            Candle(symbol, interval, ring.open_ms(first + place_in), _row(row), True)
            for place_in, row in enumerate(rows)
            if row[_CLOSE] == row[_CLOSE]
        )


def _row(numbers: list[float]) -> Row:
    first, high, low, close, volume, quote_volume, trades, taker = numbers
    return (first, high, low, close, volume, quote_volume, trades, taker)
