"""What can be traded and by which grid."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class PriceLimits(msgspec.Struct, frozen=True):
    """How far from the market an order's price may be, as a ratio to it; 0: no such limit."""

    buy_low_ratio: Decimal = Decimal(0)
    buy_high_ratio: Decimal = Decimal(0)
    sell_low_ratio: Decimal = Decimal(0)
    sell_high_ratio: Decimal = Decimal(0)


class Instrument(msgspec.Struct, frozen=True):
    """One symbol's rules, as the exchange states them (Binance `exchangeInfo`).

    `tick_size` is the price step, `step_size` the quantity step, `min_notional` the least
    price x quantity in quote; the greatest prices, quantities and notionals and `max_stops` (stop
    orders that may rest at once, of the whole account) of 0 mean no limit is stated.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    is_trading: bool = True
    min_price: Decimal = Decimal(0)
    max_price: Decimal = Decimal(0)
    max_notional: Decimal = Decimal(0)
    max_stops: int = 0
    price_limits: PriceLimits = PriceLimits()
