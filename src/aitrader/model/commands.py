"""Everything that can be asked of the outside. A command has one receiver and may fail.

A failure comes back as an event in the inbox, never as an exception through the loop. Commands
leave only after the facts that caused them are on disk.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aitrader.model.events import ScreenDone
from aitrader.model.ids import BandId, TimerId
from aitrader.model.order import Order
from aitrader.model.signal import Signal


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The common type of every request."""


class Stream(msgspec.Struct, frozen=True, order=True):
    """One symbol's candles of one interval, with `bars` closed ones kept and back-filled."""

    symbol: str
    interval: str
    bars: int


class WatchMarket(Command, frozen=True):
    """From now on these streams and tickers, no others; what is new is back-filled first."""

    streams: tuple[Stream, ...]


class RankMarket(Command, frozen=True):
    """Fetch the 24 h volumes; answered by `MarketRanked`."""


class Screen(Command, frozen=True):
    """Evaluate filters on the candles that closed at `closed_ms`, in a worker thread.

    `run` is pure, reads only rows that no writer will touch, and returns the answer.
    """

    closed_ms: int
    run: Callable[[], ScreenDone]


class RequestAnalysis(Command, frozen=True):
    """Ask the analyst about a signal; answered by `DecisionMade`."""

    signal: Signal
    instruction: str


class SubmitOrder(Command, frozen=True):
    """Send one order, or the orders of one list together; each was planned and is on disk."""

    orders: tuple[Order, ...]


class CancelOrders(Command, frozen=True):
    """Take these open orders of one symbol off; answered per order by its event."""

    orders: tuple[Order, ...]


class QueryOrder(Command, frozen=True):
    """Ask the venue what it knows; answered by the order's events or `OrderNotFound`."""

    order: Order


class ArmBand(Command, frozen=True):
    """Watch a symbol's price; `PriceLeft` once when it is <= `below` or >= `above`.

    Arming an id again replaces it. An edge that is None is not watched. Prices in quote.
    """

    band_id: BandId
    symbol: str
    below: float | None = None
    above: float | None = None


class DisarmBand(Command, frozen=True):
    """Forget a band; unknown ids are nothing."""

    band_id: BandId


class StartTimer(Command, frozen=True):
    """`TimerDue` once at `due_ms`; starting an id again replaces it; the past is due at once."""

    timer_id: TimerId
    due_ms: int


class StopTimer(Command, frozen=True):
    """Forget a timer; unknown ids are nothing."""

    timer_id: TimerId
