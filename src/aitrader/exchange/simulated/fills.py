"""What a price does to an order. Pure, exact, and the only place that decides it.

Paper trading, the simulated exchange and the backtest all ask here, on single prices (ticks) or on
whole candles. The rules, once:

1. MARKET fills at the price it meets: the next price seen, or the next candle's open.
2. STOP_LOSS triggers when the price is at or beyond `stop_price` (SELL: at or below, BUY: at or
   above) and then fills as a market order at the *worse* of trigger and price seen; on a candle at
   the worse of trigger and open.
3. TAKE_PROFIT triggers on the other side and fills as a market order at its trigger: what lies
   beyond it is not assumed to be had.
4. LIMIT that rests fills at its own price once the price touches it. One that arrives when the
   market is already at or beyond its price takes that better price, never worse than its own.
5. Whatever takes from the market (rules 1 to 3 and an arriving LIMIT) pays slippage: the price is
   worsened by `slippage_bps` and rounded to the tick against us.
6. Within one candle nobody knows what came first, so stops are tested before targets (`urgency`),
   and one order of a list ends the other.
7. What follows from an entry that a LIMIT made within a candle meets what is certain to come in
   that candle after it (`rest_of_candle`): its stop may be hit there, its target only by the close.
8. An order fills whole, save a MARKET order whose venue knows how much the book holds: it takes
   level by level (`book.levels`). The fee is `fee_bps` of what is exchanged, to 8 decimals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from aitrader.model.money import (
    ZERO,
    money_to_step,
    price_to_tick_down,
    price_to_tick_up,
)
from aitrader.model.order import OrderKind, Side

MARKET, LIMIT, STOP_LOSS = OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP_LOSS
BUY, SELL = Side.BUY, Side.SELL

ONE_BPS = Decimal("0.0001")


class Fillable(Protocol):
    """As much of an order as its fill depends on; `model.order.Order` has it."""

    @property
    def side(self) -> Side:
        """BUY or SELL."""
        ...

    @property
    def kind(self) -> OrderKind:
        """What the venue does with it."""
        ...

    @property
    def price(self) -> Decimal | None:
        """The limit, if the kind has one."""
        ...

    @property
    def stop_price(self) -> Decimal | None:
        """The trigger, if the kind has one."""
        ...


class PriceRange(msgspec.Struct, frozen=True):
    """One candle's prices as exact numbers."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


def urgency(order: Fillable) -> int:
    """Return the sort key that tests stops before everything else on one price or candle."""
    return 0 if order.kind is STOP_LOSS else 1


def is_triggered(order: Fillable, price: Decimal) -> bool:
    """Return whether a price is at or beyond the `stop_price` of a STOP_LOSS or TAKE_PROFIT."""
    trigger = _needed(order.stop_price, order)
    if (order.kind is STOP_LOSS) == (order.side is SELL):
        return price <= trigger
    return price >= trigger


def fill_price_on_tick(
    order: Fillable, price: Decimal, *, slippage_bps: Decimal, tick_size: Decimal
) -> Decimal | None:
    """Return what a resting order fills at when this price is seen, None if it does not fill."""
    seen = PriceRange(price, price, price, price)
    return fill_price_on_candle(order, seen, slippage_bps=slippage_bps, tick_size=tick_size)


def fill_price_on_arrival(
    order: Fillable, price: Decimal, *, slippage_bps: Decimal, tick_size: Decimal
) -> Decimal | None:
    """Return what an order that has just arrived fills at, given the market's price.

    As `fill_price_on_tick`, save that a LIMIT already at or beyond the market takes that price.
    """
    if order.kind is not LIMIT:
        return fill_price_on_tick(order, price, slippage_bps=slippage_bps, tick_size=tick_size)
    limit, is_buy = _needed(order.price, order), order.side is BUY
    if price > limit if is_buy else price < limit:
        return None
    taken = worsened(price, order.side, slippage_bps=slippage_bps, tick_size=tick_size)
    return min(limit, taken) if is_buy else max(limit, taken)


def fill_price_on_candle(
    order: Fillable, candle: PriceRange, *, slippage_bps: Decimal, tick_size: Decimal
) -> Decimal | None:
    """Return what a resting order fills at within this candle, None if nothing touches it."""
    if order.kind is LIMIT:
        limit = _needed(order.price, order)
        is_touched = candle.low <= limit if order.side is BUY else candle.high >= limit
        return limit if is_touched else None
    met = _market_price(order, candle)
    if met is None:
        return None
    return worsened(met, order.side, slippage_bps=slippage_bps, tick_size=tick_size)


def fill_price_at(
    order: Fillable, price: Decimal, *, is_new: bool, slippage_bps: Decimal, tick_size: Decimal
) -> Decimal | None:
    """Return at what an order fills on a price; one that `is_new` has met none before."""
    if order.kind is MARKET:
        return worsened(price, order.side, slippage_bps=slippage_bps, tick_size=tick_size)
    at_price = fill_price_on_arrival if is_new else fill_price_on_tick
    return at_price(order, price, slippage_bps=slippage_bps, tick_size=tick_size)


def fill_price_within(
    order: Fillable,
    candle: PriceRange,
    *,
    is_new: bool,
    slippage_bps: Decimal,
    tick_size: Decimal,
) -> Decimal | None:
    """Return at what an order fills on a candle whose open was shown: none that waits for one."""
    if order.kind is MARKET:
        return None
    met = None
    if is_new:
        met = fill_price_on_arrival(
            order, candle.open, slippage_bps=slippage_bps, tick_size=tick_size
        )
    if met is None:
        met = fill_price_on_candle(order, candle, slippage_bps=slippage_bps, tick_size=tick_size)
    return met


def rest_of_candle(order: Fillable, candle: PriceRange, filled_at: Decimal) -> PriceRange:
    """Return what is certain to come in a candle after a resting LIMIT filled within it.

    The price came to the limit, so the extreme on that side and the close lie after it. Whether the
    extreme on the other side does, nobody knows: it counts no further than the close.
    """
    if order.side is BUY:
        high = max(filled_at, candle.close)
        return PriceRange(filled_at, high, candle.low, candle.close)
    low = min(filled_at, candle.close)
    return PriceRange(filled_at, candle.high, low, candle.close)


def worsened(price: Decimal, side: Side, *, slippage_bps: Decimal, tick_size: Decimal) -> Decimal:
    """Return a price moved against `side` by the slippage, on the tick, at least one tick."""
    slip = price * slippage_bps * ONE_BPS
    if side is BUY:
        return price_to_tick_up(price + slip, tick_size)
    return max(price_to_tick_down(price - slip, tick_size), tick_size)


def fee_in_quote(quantity: Decimal, price: Decimal, *, fee_bps: Decimal) -> Decimal:
    """Return the fee in quote for this much at this price."""
    return money_to_step(quantity * price * fee_bps * ONE_BPS)


def fee_in_base(quantity: Decimal, *, fee_bps: Decimal) -> Decimal:
    """Return the fee in base units, as Binance takes it from what a BUY receives."""
    return money_to_step(quantity * fee_bps * ONE_BPS)


def _market_price(order: Fillable, candle: PriceRange) -> Decimal | None:
    """The price a MARKET order or a triggered one meets, before slippage; None: not triggered."""
    if order.kind is MARKET:
        return candle.open
    trigger = _needed(order.stop_price, order)
    is_sell = order.side is SELL
    if order.kind is STOP_LOSS:
        if is_sell:
            return min(trigger, candle.open) if candle.low <= trigger else None
        return max(trigger, candle.open) if candle.high >= trigger else None
    is_touched = candle.high >= trigger if is_sell else candle.low <= trigger
    return trigger if is_touched else None


def _needed(price: Decimal | None, order: Fillable) -> Decimal:
    if price is None or price <= ZERO:
        raise ValueError(f"{order.kind.value} order: expected a price above zero, found {price}")
    return price
