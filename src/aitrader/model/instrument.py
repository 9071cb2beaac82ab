"""What can be traded and by which grid."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Instrument(msgspec.Struct, frozen=True):
    """One symbol's rules, as the exchange states them (Binance `exchangeInfo`).

    `tick_size` is the price step, `step_size` the quantity step, `min_notional` the least
    price x quantity in quote; `max_quantity` of 0 means no limit is stated.
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
