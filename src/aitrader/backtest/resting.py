"""What rests at the venue for a trade of a direct run, and what a candle does to it. Pure.

As much of an order as its fill depends on, in pairs: the stop and the target that protect a part of
a position, of which one ends the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial

import msgspec

from aitrader.backtest.history import Series
from aitrader.backtest.market import INFINITE
from aitrader.exchange.simulated import fills
from aitrader.execution.desk import exit_side
from aitrader.execution.exit_rules import is_sellable
from aitrader.execution.protect import least_price, wanted_pieces
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, exact
from aitrader.model.order import OrderKind, Side
from aitrader.model.position import Position
from aitrader.model.trader import PositionSide
from aitrader.positions.watch import find_trail

LONG = PositionSide.LONG
LIMIT, STOP_LOSS = OrderKind.LIMIT, OrderKind.STOP_LOSS


class NeedsStages(Exception):
    """A direct run cannot do this; the stages can."""


class Resting(msgspec.Struct, frozen=True):
    """An order and the base units that it would fill."""

    side: Side
    kind: OrderKind
    quantity: Decimal = ZERO
    price: Decimal | None = None
    stop_price: Decimal | None = None


Pair = tuple[Resting | None, Resting | None]
"""The stop and the target of a part."""

Met = tuple[Resting, Decimal]
"""An order and the price that it fills at."""

FindPrice = Callable[[Resting], Decimal | None]
"""At what an order fills on something that it meets, None if it does not."""


def pairs_of(position: Position, rules: Instrument) -> tuple[Pair, ...]:
    """Return the orders that protect a position which has just opened.

    Raises:
        NeedsStages: A part of it is too little for an order.
    """
    side, stop_price = exit_side(position.side), position.stop_price
    pairs: list[Pair] = []
    for price, quantity in wanted_pieces(position).items():
        if not quantity:
            continue
        if not is_sellable(quantity, least_price(position, price), rules):
            raise NeedsStages(f"{position.symbol}: too little to be protected")
        stop = target = None
        if stop_price is not None:
            stop = Resting(side, STOP_LOSS, quantity, stop_price=stop_price)
        if price is not None:
            target = Resting(side, LIMIT, quantity, price)
        pairs.append((stop, target))
    return tuple(pairs)


def without(pairs: Iterable[Pair], met: Iterable[Met]) -> tuple[Pair, ...]:
    """Return what still rests once these orders have filled: not their mates either."""
    filled = {id(order) for order, _price in met}  # two parts may have equal stops
    return tuple([pair for pair in pairs if filled.isdisjoint(map(id, pair))])


def stops_of(pairs: Iterable[Pair]) -> int:
    """Return how many stop orders rest."""
    return len([stop for stop, _target in pairs if stop is not None])


def edges_of(
    pairs: Iterable[Pair], position: Position, *, tick_size: Decimal
) -> tuple[float, float]:
    """Return the prices at or beyond which an order or the trailing stop is touched."""
    below, above, is_long = -INFINITE, INFINITE, position.side is LONG
    for stop, target in pairs:
        losing = None if stop is None else stop.stop_price
        winning = None if target is None else target.price
        low, high = (losing, winning) if is_long else (winning, losing)
        below = below if low is None else max(below, float(low))
        above = above if high is None else min(above, float(high))
    if position.trail_price is None:
        return below, above
    trail = find_trail(position, tick_size=tick_size)
    if trail is None:
        return below, above
    low, high = (trail.level, trail.ratchet) if is_long else (trail.ratchet, trail.level)
    return max(below, float(low)), min(above, float(high))


def met_by(pairs: Sequence[Pair], find_price: FindPrice) -> list[Met]:
    """Return what fills, stops first; one of a pair ends the other."""
    met: list[Met] = []
    rest: list[Resting] = []
    for stop, target in pairs:
        price = None if stop is None else find_price(stop)
        if stop is not None and price is not None:
            met.append((stop, price))
        elif target is not None:
            rest.append(target)
    for target in rest:
        price = find_price(target)
        if price is not None:
            met.append((target, price))
    return met


def candle_at(series: Series, place: int) -> fills.PriceRange:
    """Return a candle in exact numbers."""
    return fills.PriceRange(
        exact(series.opens[place]),
        exact(series.highs[place]),
        exact(series.lows[place]),
        exact(series.closes[place]),
    )


def price_at_open(
    series: Series, place: int, *, slippage_bps: Decimal, tick_size: Decimal
) -> FindPrice:
    """Return what says at what a resting order fills at a candle's open."""
    return partial(
        fills.fill_price_at,
        price=exact(series.opens[place]),
        is_new=False,
        slippage_bps=slippage_bps,
        tick_size=tick_size,
    )


def price_within(
    candle: fills.PriceRange, *, is_new: bool, slippage_bps: Decimal, tick_size: Decimal
) -> FindPrice:
    """Return what says at what an order fills within a candle; `is_new`: it came at its open."""
    return partial(
        fills.fill_price_within,
        candle=candle,
        is_new=is_new,
        slippage_bps=slippage_bps,
        tick_size=tick_size,
    )
