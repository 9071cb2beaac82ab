"""The exchange's rules for one order, refused with Binance's own codes and words."""

from __future__ import annotations

from decimal import Decimal

from aitrader.exchange.simulated.fills import Fillable
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind

FILTER_FAILURE = -1013
ORDER_REJECTED = -2010
NO_BALANCE = "Account has insufficient balance for requested action."


def check(
    order: Fillable, quantity: Decimal, *, instrument: Instrument, last_price: Decimal | None
) -> None:
    """Accept an order that keeps the symbol's rules.

    `last_price` values a MARKET order for the least notional; None leaves that rule out.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    if not instrument.is_trading:
        raise Refused(ORDER_REJECTED, "Market is closed.")
    _check_quantity(quantity, instrument)
    for price in (order.price, order.stop_price):
        if price is not None and (price <= ZERO or price % instrument.tick_size != ZERO):
            raise Refused(FILTER_FAILURE, "Filter failure: PRICE_FILTER")
    valued_at = _value_price(order, last_price)
    if valued_at is not None and valued_at * quantity < instrument.min_notional:
        raise Refused(FILTER_FAILURE, "Filter failure: NOTIONAL")


def _value_price(order: Fillable, last_price: Decimal | None) -> Decimal | None:
    if order.kind is OrderKind.MARKET:
        return last_price
    return order.price if order.kind is OrderKind.LIMIT else order.stop_price


def _check_quantity(quantity: Decimal, instrument: Instrument) -> None:
    too_large = ZERO < instrument.max_quantity < quantity
    off_grid = quantity % instrument.step_size != ZERO
    if quantity <= ZERO or quantity < instrument.min_quantity or too_large or off_grid:
        raise Refused(FILTER_FAILURE, "Filter failure: LOT_SIZE")
