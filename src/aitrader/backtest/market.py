"""The edges of a run: candles as the market, the paper venue as the exchange, and who asks them.

`Market` knows how far the run has come in every symbol, and says what will happen to it next: the
first candle that touches a resting order or a band, found by a vectorised search, or the next open
where a market order waits. Within one candle comes first its open (`open_at`), then all of it
(`close_at`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import TypeAlias

from aitrader.backtest.bands import CandleBands
from aitrader.backtest.history import History, Series
from aitrader.backtest.timers import VirtualClock
from aitrader.exchange.paper import PaperVenue
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.model.commands import ArmBand, CancelOrders, DisarmBand, QueryOrder, SubmitOrder
from aitrader.model.money import decimal_from_float
from aitrader.model.order import Order, OrderKind, Side

INFINITE = float("inf")


class Phase(IntEnum):
    """The order of what happens at one instant.

    Candles that end do what they do to orders and bands; then they are screened and traders
    decide; then timers are due; then the next candles open.
    """

    CANDLE = 0
    CLOSE = 1
    TIMER = 2
    OPEN = 3


CANDLE, CLOSE, TIMER, OPEN = Phase
MARKET, LIMIT, STOP_LOSS, SELL = OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP_LOSS, Side.SELL


Wake: TypeAlias = tuple[int, Phase]
"""When a symbol must be looked at next: its open, or the whole of its candle."""


class CandleMarket:
    """Venue, bands and prices of a run, fed with candles of one interval."""

    def __init__(
        self,
        history: History,
        interval: str,
        *,
        clock: VirtualClock,
        venue: PaperVenue,
        bands: CandleBands,
    ) -> None:
        """Feed `venue` and `bands` with the candles of `interval`."""
        self._clock = clock
        self._venue = venue
        self._bands = bands
        self._series: Mapping[str, Series] = {
            symbol: series
            for symbol in history.symbols
            if (series := history.find(symbol, interval)) is not None
        }
        self.phase = Phase.CANDLE
        self._changed: dict[str, None] = {}
        self._arrived_until: dict[str, int] = {}

    # -- prices ---------------------------------------------------------------------------------

    def last_price(self, symbol: str) -> float | None:
        """Return the newest price there is at this instant, None before the first candle."""
        series = self._series.get(symbol)
        return None if series is None else series.last_price(self._now_ms)

    # -- commands -------------------------------------------------------------------------------

    def submit(self, command: SubmitOrder) -> None:
        """Send orders to the venue; they are new there until the candle they came in is over."""
        symbol, now_ms = command.orders[0].symbol, self._now_ms
        series = self._series[symbol]
        price = series.last_price(now_ms)
        if price is not None:
            self._venue.know_price(symbol, price)
        since_ms = max(now_ms - series.first_ms, 0)
        open_ms = series.first_ms + since_ms - since_ms % series.step_ms
        self._settle_arrivals(symbol, open_ms)
        self._arrived_until[symbol] = open_ms + series.step_ms
        self._venue.take(command)
        self._changed[symbol] = None

    def cancel(self, command: CancelOrders) -> None:
        """Take orders off."""
        self._venue.take_off(command)
        self._changed[command.orders[0].symbol] = None

    def query(self, command: QueryOrder) -> None:
        """Have the venue say what it knows."""
        self._venue.tell(command.order)

    def arm(self, command: ArmBand) -> None:
        """Watch a band."""
        self._bands.arm(command)
        self._changed[command.symbol] = None

    def disarm(self, command: DisarmBand) -> None:
        """Forget a band; that a symbol is looked at once too often does no harm."""
        self._bands.disarm(command)

    # -- what happens ---------------------------------------------------------------------------

    def take_changed(self) -> Iterable[str]:
        """Return the symbols whose next wake may be another one since this was asked last."""
        if not self._changed:
            return ()
        changed, self._changed = self._changed, {}
        return changed

    def open_at(self, symbol: str, at_ms: int) -> None:
        """Let the candle that begins now show its open."""
        series = self._series[symbol]
        self._settle_arrivals(symbol, at_ms)
        place = (at_ms - series.first_ms) // series.step_ms
        self._venue.on_price(symbol, series.opens[place], at_ms)
        self._changed[symbol] = None

    def close_at(self, symbol: str, at_ms: int) -> None:
        """Let the candle that ends now do all it does."""
        series = self._series[symbol]
        open_ms = at_ms - series.step_ms
        self._settle_arrivals(symbol, open_ms)
        place = (open_ms - series.first_ms) // series.step_ms
        candle = PriceRange(
            decimal_from_float(series.opens[place]),
            decimal_from_float(series.highs[place]),
            decimal_from_float(series.lows[place]),
            decimal_from_float(series.closes[place]),
        )
        self._venue.on_candle(symbol, candle, at_ms)
        self._bands.on_candle(symbol, candle, at_ms)
        self._changed[symbol] = None

    def _settle_arrivals(self, symbol: str, open_ms: int) -> None:
        """Tell the venue that its newest orders met a whole candle that touched none of them."""
        if self._arrived_until.get(symbol, open_ms + 1) <= open_ms:
            del self._arrived_until[symbol]
            self._venue.settle_arrivals(symbol)

    def next_wake(self, symbol: str) -> Wake | None:
        """Return when this symbol matters next, None when never as things stand.

        See `find_touch`; where a market order waits for it, the next open comes first.
        """
        below, above, is_opening = _edges(
            self._venue.open_orders(symbol), self._bands.edges(symbol)
        )
        if below == -INFINITE and above == INFINITE and not is_opening:
            return None
        series = self._series[symbol]
        place, is_inside = series.find_now(self._now_ms)
        is_rest = is_inside and series.is_touched(place, below=below, above=above)
        if is_opening and not is_rest:
            found = series.find_open(place + is_inside)
            if found is not None:
                return (series.first_ms + found * series.step_ms, OPEN)
        touch = find_touch(series, place, is_inside=is_inside, edges=(below, above))
        return None if touch is None else touch[1]

    @property
    def _now_ms(self) -> int:
        """The instant; once candles have opened, a moment later: they are open then."""
        return self._clock.at_ms + 1 if self.phase is OPEN else self._clock.at_ms


def find_touch(
    series: Series, place: int, *, is_inside: bool, edges: tuple[float, float]
) -> tuple[int, Wake] | None:
    """Return the next candle that reaches an edge, and when it must be looked at; or None.

    A candle is looked at whole where only its low or high reaches an edge; where its open does,
    the open is first.

    Args:
        series: The candles that fill orders.
        place: The first of them to look at.
        is_inside: Whether its open is over: of this one only the rest is left.
        edges: (below, above).
    """
    below, above = edges
    is_rest = is_inside and series.is_touched(place, below=below, above=above)
    found = place if is_rest else series.find_touched(place + is_inside, below=below, above=above)
    if found is None:
        return None
    open_ms = series.first_ms + found * series.step_ms
    if is_rest or below < series.opens[found] < above:
        return found, (open_ms + series.step_ms, CANDLE)
    return found, (open_ms, OPEN)


def _edges(orders: Collection[Order], edges: tuple[float, float]) -> tuple[float, float, bool]:
    """Return the prices at or beyond which an order or a band is touched; True: one is MARKET."""
    below, above = edges
    is_opening = False
    for order in orders:
        kind = order.kind
        price = order.price if kind is LIMIT else order.stop_price
        if price is None:
            is_opening = is_opening or kind is MARKET
        elif (kind is STOP_LOSS) == (order.side is SELL):
            below = max(below, float(price))
        else:
            above = min(above, float(price))
    return below, above, is_opening
