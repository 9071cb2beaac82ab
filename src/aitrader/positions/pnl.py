"""What a position earned: its fills added up. Pure; the ledger of `model` says what a fill does.

Money is exact. Once a position is closed its pnl is everything its fills did to the quote balance,
so the pnl of all closed positions adds up to the change of the cash to the last digit; base units
that are too few to be sold count as lost. A fee in a third coin counts besides, at its worth then.
While a part is still held, the entry's cost is shared by quantity and rounded to 8 decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from aitrader.model.ledger import NOTHING, Flow, average_price, flow_of
from aitrader.model.money import ZERO, money_to_step
from aitrader.model.order import Leg, Order
from aitrader.model.trader import PositionSide

ENTRY, LONG = Leg.ENTRY, PositionSide.LONG


class Tally(msgspec.Struct, frozen=True):
    """A position's numbers by its fills.

    Base units: `received` by the entry, `quantity` still held (SHORT: owed; below zero if more was
    closed than opened). Quote units: `realized_pnl` net of fees, `fees`.
    """

    received: Decimal
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    realized_pnl: Decimal
    fees: Decimal


class Legs(msgspec.Struct, frozen=True):
    """What the fills of both legs did, and their average prices; 0 without fills."""

    opened: Flow
    entry_price: Decimal
    closed: Flow = NOTHING
    exit_price: Decimal = ZERO


def tally(side: PositionSide, orders: Iterable[Order], *, least_quantity: Decimal) -> Tally:
    """Return what the orders of one position add up to.

    Args:
        side: Which way the position earns.
        orders: All its orders, both legs.
        least_quantity: Base units below which nothing can be sold; with less left, all is realized.
    """
    filled = [row for row in orders if row.fills]
    entries = [row for row in filled if row.leg is ENTRY]
    exits = [row for row in filled if row.leg is not ENTRY]
    return counted(
        side,
        Legs(flow_of(entries), average_price(entries), flow_of(exits), average_price(exits)),
        least_quantity=least_quantity,
    )


def counted(side: PositionSide, done: Legs, *, least_quantity: Decimal) -> Tally:
    """Return the numbers of a position whose fills did this, as `tally` does from its orders."""
    opened, closed = done.opened, done.closed
    received = opened.base if side is LONG else -opened.base
    if closed is NOTHING and received >= least_quantity:
        return Tally(received, received, done.entry_price, ZERO, ZERO, opened.fees)
    quantity = received + (closed.base if side is LONG else -closed.base)
    paid, earned = opened.earned, closed.earned
    pnl = paid + earned
    if quantity >= least_quantity:
        share = (received - quantity) / received
        pnl = money_to_step(paid * share + earned)
    return Tally(
        received=received,
        quantity=quantity,
        entry_price=done.entry_price,
        exit_price=done.exit_price,
        realized_pnl=pnl if closed.base or quantity < least_quantity else ZERO,
        fees=opened.fees + closed.fees,
    )
