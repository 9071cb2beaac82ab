"""The exchange's rules for one order, refused with Binance's own codes and words.

`check` is what every venue of ours keeps, paper trading too. `check_filters` adds the filters that
only an exchange states: price bounds, lots of market orders, the band around the last price, the
greatest notional and how much may be held.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.exchange.simulated.fills import Fillable
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

FILTER_FAILURE = -1013
ORDER_REJECTED = -2010
NO_BALANCE = "Account has insufficient balance for requested action."
MARKET_CLOSED = "Market is closed."

MARKET, SELL = OrderKind.MARKET, Side.SELL


class Bounds(msgspec.Struct, frozen=True):
    """What `exchangeInfo` states besides the grid; the same for every symbol."""

    max_price: Decimal = Decimal(1_000_000)
    price_up: Decimal = Decimal(5)
    price_down: Decimal = Decimal("0.2")
    max_notional: Decimal = Decimal(9_000_000)
    max_orders: int = 200
    max_stops: int = 5
    max_lists: int = 20
    max_amends: int = 10
    max_position: Decimal | None = None


def check(
    order: Fillable, quantity: Decimal, *, instrument: Instrument, last_price: Decimal | None
) -> None:
    """Accept an order that keeps the symbol's rules.

    `last_price` values a MARKET order for the least notional; None leaves that rule out.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    if not instrument.is_trading:
        raise Refused(ORDER_REJECTED, MARKET_CLOSED)
    _check_quantity(quantity, instrument)
    for price in (order.price, order.stop_price):
        if price is not None and (price <= ZERO or price % instrument.tick_size):
            raise _failure("PRICE_FILTER")
    valued_at = value_price(order, last_price)
    if valued_at is not None and valued_at * quantity < instrument.min_notional:
        raise _failure("NOTIONAL")


def check_filters(
    order: Fillable, quantity: Decimal, *, bounds: Bounds, last_price: Decimal
) -> None:
    """Accept an order that keeps the exchange's further filters.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    for price in (order.price, order.stop_price):
        if price is not None and price > bounds.max_price:
            raise _failure("PRICE_FILTER")
    if order.price is not None:
        low, high = last_price * bounds.price_down, last_price * bounds.price_up
        if not low <= order.price <= high:
            raise _failure("PERCENT_PRICE_BY_SIDE")
    valued_at = value_price(order, last_price)
    is_resting = order.kind is not MARKET and valued_at is not None
    if is_resting and (valued_at or ZERO) * quantity > bounds.max_notional:
        raise _failure("NOTIONAL")


def check_position(side: Side, quantity: Decimal, *, held: Decimal, bounds: Bounds) -> None:
    """Accept a purchase that stays within how much of the base may be held and ordered.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    if bounds.max_position is None or side is SELL:
        return
    if held + quantity > bounds.max_position:
        raise _failure("MAX_POSITION")


def value_price(order: Fillable, last_price: Decimal | None) -> Decimal | None:
    """Return the price an order is valued at for its notional."""
    if order.kind is MARKET:
        return last_price
    return order.price if order.price is not None else order.stop_price


def _failure(name: str) -> Refused:
    return Refused(FILTER_FAILURE, f"Filter failure: {name}")


def _check_quantity(quantity: Decimal, instrument: Instrument) -> None:
    too_large = ZERO < instrument.max_quantity < quantity
    too_small = quantity <= ZERO or quantity < instrument.min_quantity
    if too_small or too_large or quantity % instrument.step_size:
        raise _failure("LOT_SIZE")
