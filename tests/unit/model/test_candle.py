"""Candles, intervals and the grid they stand on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aitrader.model.candle import (
    DAY_MS,
    INTERVAL_MS,
    MINUTE_MS,
    ROW_FIELDS,
    Candle,
    closing_intervals,
    open_of,
)

MONDAY_MS = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp() * 1000)
ROW = (1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0)


def test_a_candle_ends_where_the_next_begins() -> None:
    candle = Candle("BTCUSDT", "5m", MONDAY_MS, ROW, closed=True)
    assert candle.close_ms == MONDAY_MS + 5 * MINUTE_MS


def test_the_close_is_the_rows_close() -> None:
    candle = Candle("BTCUSDT", "5m", MONDAY_MS, ROW, closed=False)
    assert candle.close == ROW[ROW_FIELDS.index("close")]


@pytest.mark.parametrize("interval", INTERVAL_MS)
def test_an_instant_lies_in_the_candle_it_opens(interval: str) -> None:
    opened = open_of(MONDAY_MS + 12_345_678, interval)
    assert opened <= MONDAY_MS + 12_345_678 < opened + INTERVAL_MS[interval]
    assert open_of(opened, interval) == opened
    assert open_of(opened - 1, interval) == opened - INTERVAL_MS[interval]


def test_a_week_begins_on_monday() -> None:
    assert open_of(MONDAY_MS + 3 * DAY_MS, "1w") == MONDAY_MS


def test_everything_closes_on_monday_at_midnight() -> None:
    assert closing_intervals(MONDAY_MS) == tuple(INTERVAL_MS)


def test_the_hour_closes_with_its_parts() -> None:
    at_ms = MONDAY_MS + 7 * 60 * MINUTE_MS
    assert closing_intervals(at_ms) == ("1m", "3m", "5m", "15m", "30m", "1h")


def test_nothing_closes_within_a_minute() -> None:
    assert closing_intervals(MONDAY_MS + 1) == ()
