"""The one gate between float (series, indicators) and Decimal (orders, fills, money).

Prices are rounded to the tick in the direction the name says, quantities always down to the step.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

ZERO = Decimal(0)
HUNDRED = Decimal(100)
MONEY_STEP = Decimal("0.00000001")
"""Fees and pnl are kept to 8 decimals of the quote asset, as Binance's commissions are."""


def exact(value: float) -> Decimal:
    """Return the shortest Decimal that reads back as this float.

    Raises:
        ValueError: `value` is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, found {value}")
    return Decimal(repr(value))


_remembered = lru_cache(maxsize=256)(exact)


def decimal_from_float(value: float) -> Decimal:
    """Return the same, also of another kind of number.

    Remembered, as the last price of a symbol is asked for again and again.

    Raises:
        ValueError: `value` is NaN or infinite.
    """
    return _remembered(float(value))


def _towards_zero(value: Decimal, step: Decimal) -> Decimal:
    """Return a value on the step grid; three times as quick as rounding a quotient."""
    if step <= ZERO:
        raise ValueError(f"expected a step above zero, found {step}")
    return value // step * step


def price_to_tick_down(price: Decimal, tick_size: Decimal) -> Decimal:
    """Return the highest price on the tick grid that is not above `price`."""
    near = _towards_zero(price, tick_size)
    return near if near <= price else near - tick_size


def price_to_tick_up(price: Decimal, tick_size: Decimal) -> Decimal:
    """Return the lowest price on the tick grid that is not below `price`."""
    near = _towards_zero(price, tick_size)
    return near if near >= price else near + tick_size


def price_to_tick_nearest(price: Decimal, tick_size: Decimal) -> Decimal:
    """Return the nearest price on the tick grid, ties to the even tick."""
    if tick_size <= ZERO:
        raise ValueError(f"expected a step above zero, found {tick_size}")
    return (price / tick_size).to_integral_value(ROUND_HALF_EVEN) * tick_size


def quantity_to_step(quantity: Decimal, step_size: Decimal) -> Decimal:
    """Return the largest quantity on the step grid that is not above `quantity`."""
    return _towards_zero(quantity, step_size)


def money_to_step(amount: Decimal) -> Decimal:
    """Return an amount of quote asset to 8 decimals, half even: fees and pnl."""
    return amount.quantize(MONEY_STEP, ROUND_HALF_EVEN)


def percent_of(amount: Decimal, pct: Decimal) -> Decimal:
    """Return `pct` percent (0..100) of an amount, exact."""
    return amount * pct / HUNDRED


def trimmed(value: Decimal) -> str:
    """Return a Decimal as text without exponent or trailing zeros: `1.50` -> `1.5`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
