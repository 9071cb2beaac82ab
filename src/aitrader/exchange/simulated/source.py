"""Where base candles come from: the port that the seeded market and a replayed file share.

A source knows a fixed set of symbols and gives every closed *base* candle of each (one minute, or
the file's own interval) for any span of time, past or future, always the same. All else that the
exchange shows (slower intervals, tickers, prices inside a candle) is computed from these rows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from aitrader.model.instrument import Instrument

Floats = NDArray[np.float64]
Rows = Floats
"""(n, 8) float64: closed candles, oldest first, columns as `model.candle.ROW_FIELDS`."""

OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE_VOLUME, TRADES, TAKER_VOLUME = range(8)


class Listing(msgspec.Struct, frozen=True):
    """One symbol of the exchange: its rules and the decimals its numbers are rounded to."""

    instrument: Instrument
    price_decimals: int
    quantity_decimals: int

    @property
    def symbol(self) -> str:
        """The symbol's name, upper case."""
        return self.instrument.symbol


def a_listing(symbol: str, quote: str, *, price_decimals: int, quantity_decimals: int) -> Listing:
    """Return a listing with steps of one unit in the last decimal and 5 quote units at least."""
    step = Decimal(1).scaleb(-quantity_decimals)
    instrument = Instrument(
        symbol=symbol,
        base=symbol.removesuffix(quote),
        quote=quote,
        tick_size=Decimal(1).scaleb(-price_decimals),
        step_size=step,
        min_quantity=step,
        max_quantity=Decimal(9_000_000_000),
        min_notional=Decimal(5),
    )
    return Listing(instrument, price_decimals, quantity_decimals)


class MarketSource(Protocol):
    """Base candles of every symbol at any time."""

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The symbols, most traded first; an index names one everywhere."""
        ...

    @property
    def interval(self) -> str:
        """The base interval; slower ones are aggregated, faster ones do not exist."""
        ...

    @property
    def start_ms(self) -> int | None:
        """When the first frame is due; None: whenever the exchange is told to start."""
        ...

    @property
    def end_ms(self) -> int | None:
        """When the last base candle ends; None: never."""
        ...

    @property
    def is_stepped(self) -> bool:
        """True: four price steps per base candle at any speed; False: one price per second."""
        ...

    def rows(self, index: int, first_ms: int, end_ms: int) -> Rows:
        """Return the base candles that open in [first_ms, end_ms), both on the base grid."""
        ...
