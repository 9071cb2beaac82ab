"""Prices inside one base candle: in what order its open, high, low and close are touched.

A rising candle goes open, low, high, close; a falling one open, high, low, close. `four_steps` is
just that; `per_second` walks between these points with noise, never leaving [low, high], and
touches each of the four exactly.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from aitrader.exchange.simulated.source import CLOSE, HIGH, LOW, OPEN, Floats, Rows

SECOND_MS = 1000
NOISE = 0.16
"""Standard deviation of the noise, as a share of the candle's range."""


class Path(msgspec.Struct, frozen=True):
    """The prices of all symbols at K instants of one base candle.

    `offsets_ms`: (K,) after the candle's open, the last one its end. `prices`, `highs`, `lows`:
    (S, K), the latter two so far in the candle. `shares`: (K,) of the volume that has passed.
    `turns`: per symbol the columns between first and last where it turns at its high and low.
    """

    offsets_ms: tuple[int, ...]
    prices: Floats
    highs: Floats
    lows: Floats
    shares: Floats
    turns: tuple[tuple[int, int], ...] | None = None


def four_steps(rows: Rows, base_ms: int) -> Path:
    """Return four steps per candle: one second after the open, two between, and at the end."""
    first, second = _extremes(rows)
    prices = np.stack([rows[:, OPEN], first, second, rows[:, CLOSE]], axis=1)
    offsets = (SECOND_MS, base_ms // 3, 2 * base_ms // 3, base_ms)
    return _path(offsets, prices, None)


def per_second(rows: Rows, *, open_ms: int, base_ms: int, units: Floats) -> Path:
    """Return one price per second; `units` (S,) is ten to the price decimals of each symbol."""
    count = base_ms // SECOND_MS
    first, second = _extremes(rows)
    turns = _turns(len(rows), open_ms // base_ms, count)
    one, two = turns[:, :1], turns[:, 1:]
    columns = np.arange(count)[None, :]
    last = count - 1
    done = (columns / one, (columns - one) / (two - one), (columns - two) / (last - two))
    part = np.where(columns <= one, 0, np.where(columns <= two, 1, 2))
    share = np.choose(part, np.broadcast_arrays(*done))
    points = np.stack([rows[:, OPEN], first, second, rows[:, CLOSE]], axis=1)
    from_price = np.take_along_axis(points, part, axis=1)
    to_price = np.take_along_axis(points, part + 1, axis=1)
    low, high = rows[:, LOW : LOW + 1], rows[:, HIGH : HIGH + 1]
    noise = np.random.Generator(np.random.SFC64(open_ms)).standard_normal((len(rows), count))
    swing = NOISE * (high - low) * noise * np.sqrt(np.maximum(share * (1 - share), 0.0)) * 2
    prices = from_price + (to_price - from_price) * share + swing
    prices = np.where(prices < low, 2 * low - prices, prices)
    prices = np.clip(np.where(prices > high, 2 * high - prices, prices), low, high)
    prices = np.rint(prices * units[:, None]) / units[:, None]
    for column, exact in ((np.zeros_like(one), points[:, 0]), (one, first), (two, second)):
        np.put_along_axis(prices, column, exact[:, None], axis=1)
    prices[:, -1] = rows[:, CLOSE]
    offsets = tuple(range(SECOND_MS, base_ms + 1, SECOND_MS))
    pairs = tuple((int(a), int(b)) for a, b in turns.tolist())
    return _path(offsets, prices, pairs)


def _path(
    offsets: tuple[int, ...], prices: Floats, turns: tuple[tuple[int, int], ...] | None
) -> Path:
    highs = np.maximum.accumulate(prices, axis=1)
    lows = np.minimum.accumulate(prices, axis=1)
    shares = np.array(offsets) / offsets[-1]
    return Path(offsets, prices, highs, lows, shares, turns)


def _extremes(rows: Rows) -> tuple[Floats, Floats]:
    rises = rows[:, CLOSE] >= rows[:, OPEN]
    low, high = rows[:, LOW], rows[:, HIGH]
    return np.where(rises, low, high), np.where(rises, high, low)


def _turns(symbols: int, number: int, count: int) -> NDArray[np.int64]:
    """Columns (S, 2) of the two turns, spread so that not all symbols turn together."""
    ranks = np.arange(symbols)
    first = count // 8 + (ranks * 7 + number * 13) % (count * 3 // 10)
    second = count // 2 + (ranks * 11 + number * 5) % (count // 3)
    return np.stack([first, second], axis=1)
