"""What fills do to money and holdings. The one place that knows who pays a fee in which coin.

Binance takes a fee in what is received (the base of a BUY, the quote of a SELL) or in a third
coin; paper takes it in quote. A fee in a third coin moves neither base nor quote and is not
counted. Everything is exact: sums and products of Decimals, nothing is rounded but an average.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from aitrader.model.money import ZERO
from aitrader.model.order import Fill, Order, Side
from aitrader.model.trader import PositionSide

SELL, LONG = Side.SELL, PositionSide.LONG

AVERAGE_STEP = Decimal("0.000000000001")
"""Average prices are kept to 12 decimals: they are shown and compared, never added to money."""


class Flow(msgspec.Struct, frozen=True):
    """What came in (above zero) or went out (below): base units, quote units, net of fees.

    `fees` are the fees among it, in quote; those taken in base are valued at their fill's price.
    """

    base: Decimal = ZERO
    quote: Decimal = ZERO
    fees: Decimal = ZERO

    def __add__(self, other: Flow) -> Flow:
        """Return both together."""
        return Flow(self.base + other.base, self.quote + other.quote, self.fees + other.fees)


NOTHING = Flow()


def flow_of_fill(fill: Fill, *, symbol: str, side: Side) -> Flow:
    """Return what one fill of an order of this symbol and side did."""
    base, fee_asset, fees = fill.quantity, fill.fee_asset, ZERO
    quote = base * fill.price
    if side is SELL:
        base = -base
    else:
        quote = -quote
    if fee_asset and symbol.endswith(fee_asset):
        fees = fill.fee
        quote -= fees
    elif fee_asset and symbol.startswith(fee_asset):
        base, fees = base - fill.fee, fill.fee * fill.price
    return Flow(base, quote, fees)


def flow_of(orders: Iterable[Order]) -> Flow:
    """Return what all fills of these orders did together."""
    total: Flow | None = None
    for order in orders:
        for fill in order.fills:
            flow = flow_of_fill(fill, symbol=order.symbol, side=order.side)
            total = flow if total is None else total + flow
    return total or NOTHING


def held(side: PositionSide, orders: Iterable[Order]) -> Decimal:
    """Return the base units that a position of `side` still holds (SHORT: owes) by its orders."""
    base = flow_of(orders).base
    return base if side is LONG else -base


def average_price(orders: Iterable[Order]) -> Decimal:
    """Return the average price of all fills, weighted by quantity, fees apart; 0 without fills."""
    fills = [fill for order in orders for fill in order.fills]
    if not fills:
        return ZERO
    if len(fills) == 1 or len({fill.price for fill in fills}) == 1:
        return fills[0].price
    quantity = sum((fill.quantity for fill in fills), ZERO)
    notional = sum((fill.quantity * fill.price for fill in fills), ZERO)
    return (notional / quantity).quantize(AVERAGE_STEP, rounding=ROUND_HALF_EVEN)
