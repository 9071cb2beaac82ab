"""Candles of any interval, made from a source's base candles. Pure arithmetic on rows."""

from __future__ import annotations

import numpy as np

from aitrader.exchange.simulated.source import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    Floats,
    Listing,
    MarketSource,
    Rows,
)
from aitrader.model.candle import DAY_MS, INTERVAL_MS, ROW_FIELDS

WEEK_MS = 7 * DAY_MS
QUOTE_UNIT = 1e4
"""Quote volumes have four decimals."""


def is_served(source: MarketSource, interval: str) -> bool:
    """Return whether candles of this interval can be made from the source's base candles."""
    length = INTERVAL_MS.get(interval)
    return length is not None and length % INTERVAL_MS[source.interval] == 0


def closed_candles(
    source: MarketSource, index: int, interval: str, *, first_ms: int, end_ms: int
) -> Rows:
    """Return the candles of `interval` that open in [first_ms, end_ms), both on its grid.

    Base candles are held for a week or one candle at a time, however long the span is.
    """
    length, base_ms = INTERVAL_MS[interval], INTERVAL_MS[source.interval]
    if length == base_ms:
        return source.rows(index, first_ms, end_ms)
    parts = [np.empty((0, len(ROW_FIELDS)))]
    for start in range(first_ms, end_ms, batch := max(WEEK_MS // length, 1) * length):
        base = source.rows(index, start, min(start + batch, end_ms))
        parts.append(merged_by(base, length // base_ms, source.listings[index]))
    return np.concatenate(parts)


def merged_by(rows: Rows, bars: int, listing: Listing) -> Rows:
    """Return every `bars` rows as one; the number of rows is a multiple of it."""
    groups = rows.reshape(-1, bars, rows.shape[1])
    result = np.empty((len(groups), rows.shape[1]))
    result[:, OPEN] = groups[:, 0, OPEN]
    result[:, HIGH] = groups[:, :, HIGH].max(axis=1)
    result[:, LOW] = groups[:, :, LOW].min(axis=1)
    result[:, CLOSE] = groups[:, -1, CLOSE]
    result[:, 4:] = summed(groups[:, :, 4:].sum(axis=1), 10.0**listing.quantity_decimals)
    return result


def summed(volumes: Floats, unit: float | Floats) -> Floats:
    """Return sums of volumes (.., 4) on their decimals, so that every order of adding agrees.

    `unit` is ten to the quantity decimals, one or one per row. The argument itself is changed.
    """
    for column in (0, 3):
        volumes[:, column] = np.rint(volumes[:, column] * unit) / unit
    volumes[:, 1] = np.rint(volumes[:, 1] * QUOTE_UNIT) / QUOTE_UNIT
    return volumes
