"""How much an entry buys. Pure and exact: Decimal in, Decimal out, quantities down to the step.

The three ways to count, with `price` the close of the signal's candle:

- AMOUNT buys for so much quote; SIZE for so many percent of equity.
- RISK buys so much that the stop, once hit, loses so many percent of equity *after* the fees of
  both legs. Without a stop loss the trailing distance is the stop. A tight stop would ask for many
  times the equity, so RISK never buys more than `max_position_pct` of equity: that loses less.

Whatever comes out obeys the symbol's step, limits and least notional, or is refused in a sentence
that carries the numbers. Cash that does not suffice is a refusal too, never a smaller order.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, percent_of, quantity_to_step, trimmed
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind

BPS = Decimal(10_000)
CENT = Decimal("0.01")
LONG = PositionSide.LONG
PERCENT, DISTANCE, PRICE = LevelKind


class Means(msgspec.Struct, frozen=True):
    """What an entry may count with: quote units of the account, and the price of trading.

    `equity` is asked for by all ways to count but AMOUNT. `free`: not spent and not promised.
    `fee_bps` per leg. `reserve_bps`: what the price may run away between the close and the fill.
    `max_position_pct` caps RISK.
    """

    equity: Decimal
    free: Decimal
    fee_bps: Decimal
    reserve_bps: Decimal
    max_position_pct: Decimal


class Sized(msgspec.Struct, frozen=True):
    """An entry's base units, and the quote units to promise to it (with fee and reserve)."""

    quantity: Decimal
    needed: Decimal


class Wish(msgspec.Struct, frozen=True):
    """One entry to be sized: `price` is the close it was raised at."""

    instrument: Instrument
    side: PositionSide
    price: Decimal
    limits: Limits
    exits: Exits


def size_entry(wish: Wish, means: Means) -> Sized:
    """Return what to order.

    Raises:
        Refused: A rule of the symbol or the cash does not allow it; the reason is for the person.
    """
    rules, price = wish.instrument, wish.price
    quantity = quantity_to_step(_wanted_notional(wish, means) / price, rules.step_size)
    if rules.max_quantity > ZERO:
        quantity = min(quantity, quantity_to_step(rules.max_quantity, rules.step_size))
    if rules.max_notional > ZERO:
        quantity = min(quantity, quantity_to_step(rules.max_notional / price, rules.step_size))
    notional = quantity * price
    if quantity <= ZERO or quantity < rules.min_quantity or notional < rules.min_notional:
        raise Refused(0, _too_small(wish, means, quantity))
    needed = notional * (1 + (means.fee_bps + means.reserve_bps) / BPS)
    if needed > means.free:
        raise Refused(
            0,
            f"not enough cash: {_shown(means.free)} free, {_shown(needed)} {rules.quote} needed "
            f"({_named(wish.limits)}, with fees)",
        )
    return Sized(quantity=quantity, needed=needed)


def stop_distance(exits: Exits, *, side: PositionSide, price: Decimal) -> Decimal:
    """Return the quote units per base unit that the nearest fixed exit allows to be lost.

    Raises:
        Refused: There is neither a stop loss nor a trailing stop, or it is not on the losing side.
    """
    if exits.stop_loss is not None:
        distance = _level_distance(exits.stop_loss, side=side, price=price)
    elif exits.trailing_pct is not None:
        distance = percent_of(price, exits.trailing_pct)
    else:
        raise Refused(0, "sized by risk, but there is no stop loss to count the risk with")
    if distance <= ZERO:
        raise Refused(
            0,
            f"the stop loss is on the wrong side: {trimmed(price - _sign(side) * distance)} "
            f"with the price at {trimmed(price)}",
        )
    return distance


def level_price(level: Level, *, side: PositionSide, price: Decimal, sign: int) -> Decimal:
    """Return where an exit will stand if the entry fills at `price`; `sign` 1 is in favor."""
    kind, value = level.kind, level.value
    if kind is PRICE:
        return value
    distance = percent_of(price, value) if kind is PERCENT else value
    return price + distance if (side is LONG) is (sign > 0) else price - distance


def _level_distance(level: Level, *, side: PositionSide, price: Decimal) -> Decimal:
    kind = level.kind
    if kind is PERCENT:
        return percent_of(price, level.value)
    if kind is DISTANCE:
        return level.value
    return _sign(side) * (price - level.value)


def _sign(side: PositionSide) -> int:
    return 1 if side is LONG else -1


def _wanted_notional(wish: Wish, means: Means) -> Decimal:
    """Return the quote units to buy for, before the symbol's rules."""
    if wish.limits.kind is SizeKind.AMOUNT:
        return wish.limits.value
    share = percent_of(means.equity, wish.limits.value)
    if wish.limits.kind is SizeKind.SIZE:
        return share
    distance = stop_distance(wish.exits, side=wish.side, price=wish.price)
    stop = wish.price - _sign(wish.side) * distance
    lost_per_unit = distance + (wish.price + max(stop, ZERO)) * means.fee_bps / BPS
    cap = percent_of(means.equity, means.max_position_pct)
    return min(share / lost_per_unit * wish.price, cap)


def _too_small(wish: Wish, means: Means, quantity: Decimal) -> str:
    rules = wish.instrument
    found = (
        f"{_named(wish.limits)} buys {trimmed(quantity)} {rules.base} = "
        f"{_shown(quantity * wish.price)} {rules.quote}"
    )
    if wish.limits.kind is not SizeKind.AMOUNT:
        found += f" of {_shown(means.equity)} equity"
    return (
        f"too small: {found}; {rules.symbol} takes {trimmed(rules.min_notional)} {rules.quote} "
        f"and {trimmed(max(rules.min_quantity, rules.step_size))} {rules.base} at least"
    )


def _named(limits: Limits) -> str:
    unit = "" if limits.kind is SizeKind.AMOUNT else "%"
    return f"{limits.kind.value.lower()} {trimmed(limits.value)}{unit}"


def _shown(amount: Decimal) -> str:
    return trimmed(amount.quantize(CENT))
