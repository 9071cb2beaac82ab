"""What fills do to money and holdings. The one place that knows who pays a fee in which coin.

Binance takes a fee in what is received (the base of a BUY, the quote of a SELL) or in a third
coin; paper takes it in quote. A fee in a third coin moves neither base nor quote: it is paid
`aside` and lessens what was earned, by its worth at the time, where that is known. Everything is
exact: sums and products of Decimals, nothing is rounded but an average.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    `fees` are the fees of it, in quote; those taken in base are valued at their fill's price.
    `aside`: the fees among these that are neither in `base` nor in `quote`.
    """

    base: Decimal = ZERO
    quote: Decimal = ZERO
    fees: Decimal = ZERO
    aside: Decimal = ZERO

    @property
    def earned(self) -> Decimal:
        """Quote units that came in or went out, fees in third coins counted."""
        return self.quote - self.aside

    def __add__(self, other: Flow) -> Flow:
        """Return both together."""
        return Flow(
            self.base + other.base,
            self.quote + other.quote,
            self.fees + other.fees,
            self.aside + other.aside,
        )


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
    elif fill.fee_quote is not None:
        return Flow(base, quote, fill.fee_quote, fill.fee_quote)
    return Flow(base, quote, fees)


def uncounted_fees(orders: Iterable[Order]) -> dict[str, Decimal]:
    """Return the fees in third coins whose worth is not known, in units of each coin."""
    found: dict[str, Decimal] = {}
    for order in orders:
        for fill in order.fills:
            asset = fill.fee_asset
            if fill.fee_quote is not None or not fill.fee or not asset:
                continue
            if not order.symbol.startswith(asset) and not order.symbol.endswith(asset):
                found[asset] = found.get(asset, ZERO) + fill.fee
    return found


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
    return average_of([fill for order in orders for fill in order.fills])


def average_of(fills: Sequence[Fill]) -> Decimal:
    """Return the average price of these fills, as `average_price` does."""
    if not fills:
        return ZERO
    if len(fills) == 1 or len({fill.price for fill in fills}) == 1:
        return fills[0].price
    quantity = sum((fill.quantity for fill in fills), ZERO)
    notional = sum((fill.quantity * fill.price for fill in fills), ZERO)
    return (notional / quantity).quantize(AVERAGE_STEP, rounding=ROUND_HALF_EVEN)
