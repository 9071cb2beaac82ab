"""An order book of a few levels on each side, made from the last price alone.

The best bid is the last price and the best ask one tick above it; what rests there is small and
gone before an order arrives. Below and above it the levels get further away and deeper: level n is
n times the slippage (and n ticks) from the price and twice as deep as the one before. Whatever
takes from the market walks these levels from the first one on; what lies beyond the last one is
not there. Nobody else's orders are in it, and taking does not move the price.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.exchange.simulated import fills
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, quantity_to_step
from aitrader.model.order import Side

LEVELS = 10
Level = tuple[Decimal, Decimal]
"""Price and base units."""


class Depth(msgspec.Struct, frozen=True):
    """How the book thickens: each level costs `slippage_bps` more; the first has `quote` units."""

    slippage_bps: Decimal = Decimal(1)
    quote: Decimal = Decimal(100_000)


def levels(price: Decimal, side: Side, *, instrument: Instrument, depth: Depth) -> list[Level]:
    """Return what an order of this side takes from, best first."""
    tick, step = instrument.tick_size, instrument.step_size
    found: list[Level] = []
    for number in range(LEVELS):
        away = fills.worsened(
            price, side, slippage_bps=depth.slippage_bps * (number + 1), tick_size=tick
        )
        moved = away + tick * number if side is Side.BUY else away - tick * number
        if moved <= 0:
            break
        quantity = quantity_to_step(depth.quote * 2**number / price, step)
        found.append((moved, max(quantity, step)))
    return found


def cost_of(quantity: Decimal, offered: list[Level]) -> Decimal:
    """Return what so many base units cost, level by level; what is not there costs nothing."""
    cost, left = ZERO, quantity
    for price, size in offered:
        cost += price * min(left, size)
        left -= min(left, size)
    return cost


def bought_for(amount: Decimal, offered: list[Level], step_size: Decimal) -> Decimal:
    """Return how many base units an amount of quote pays for, in whole steps."""
    quantity, left = ZERO, amount
    for price, size in offered:
        part = min(size, left / price)
        quantity += part
        left -= part * price
        if part < size:
            break
    return quantity_to_step(quantity, step_size)


def shown(
    price: Decimal, *, instrument: Instrument, depth: Depth, limit: int
) -> tuple[list[Level], list[Level]]:
    """Return (bids, asks) as a client sees them, best first, at most `limit` of each."""
    best = instrument.step_size * 10
    sides = []
    for side, top in ((Side.SELL, price), (Side.BUY, price + instrument.tick_size)):
        beyond = levels(price, side, instrument=instrument, depth=depth)
        below = [each for each in beyond if (each[0] > top) == (side is Side.BUY)]
        sides.append([(top, best), *(each for each in below if each[0] != top)][:limit])
    return sides[0], sides[1]
