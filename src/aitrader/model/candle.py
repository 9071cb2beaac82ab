"""Candles and the intervals they span. Times are UTC epoch milliseconds everywhere."""

from __future__ import annotations

import msgspec

MINUTE_MS = 60_000
DAY_MS = 86_400_000

INTERVAL_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "1w": 7 * DAY_MS,
}
"""Every interval a trader may use and its length; months and 3 days have no grid here."""

WEEK_OFFSET_MS = 4 * DAY_MS
"""The epoch was a Thursday; Binance's weekly candles open on Monday 00:00 UTC."""

ROW_FIELDS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trades",
    "taker_buy_volume",
)
"""The numbers of one closed row, in the order every series and every archive keeps them."""

Row = tuple[float, float, float, float, float, float, float, float]
"""One closed candle's numbers in the order of ROW_FIELDS; prices in quote, volumes in base."""


class Candle(msgspec.Struct, frozen=True):
    """One interval of one symbol; `closed` is True once its numbers are final."""

    symbol: str
    interval: str
    open_ms: int
    row: Row
    closed: bool

    @property
    def close(self) -> float:
        """Last price of the interval so far."""
        return self.row[3]

    @property
    def close_ms(self) -> int:
        """The instant the candle ends: the next candle's `open_ms`."""
        return self.open_ms + INTERVAL_MS[self.interval]


def open_of(at_ms: int, interval: str) -> int:
    """Return the `open_ms` of the candle that contains the instant `at_ms`."""
    length = INTERVAL_MS[interval]
    offset = WEEK_OFFSET_MS if interval == "1w" else 0
    return (at_ms - offset) // length * length + offset


def closing_intervals(at_ms: int) -> tuple[str, ...]:
    """Return the intervals, fastest first, that have a candle ending at the instant `at_ms`."""
    return tuple(name for name in INTERVAL_MS if open_of(at_ms, name) == at_ms)
