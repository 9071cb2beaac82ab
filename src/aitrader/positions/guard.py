"""A band at the stop loss for as long as no stop rests at the venue.

Theory of operation. Protection is on its way for a moment after the entry has filled, and for
longer when its answer is lost, when it is refused and planned again, or after a start. Meanwhile
the price is watched here: at the stop price the position is left at market. The band is taken off
as soon as the venue has said that its stops cover what is held, and armed again when one of them
ends and something is still held. A stop that rests at another price than the position's does not
count: one that was moved is guarded here until the new one rests.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from aitrader.model.commands import ArmBand, DisarmBand
from aitrader.model.ids import BandId, PositionId
from aitrader.model.money import ZERO, quantity_to_step
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import PositionSide
from aitrader.positions.watch import Messages

STOP_LOSS, EXIT = OrderKind.STOP_LOSS, Leg.EXIT
OPEN, RESTS, LONG = PositionStatus.OPEN, OrderStatus.OPEN, PositionSide.LONG

STOP_BAND = "stop:"
"""Band of a stop loss that does not rest at the venue yet."""


def is_exposed(position: Position, orders: Iterable[Order], *, step_size: Decimal) -> bool:
    """Return whether an open position has a stop loss that the venue does not hold in full.

    Args:
        position: As it stands.
        orders: All its orders.
        step_size: What is held below it cannot be sold, hence not protected.
    """
    if position.status is not OPEN or position.stop_price is None:
        return False
    stop_price = position.stop_price
    resting = ZERO
    for row in orders:
        if _rests(row, stop_price):
            resting += row.remaining
    return resting < quantity_to_step(position.quantity, step_size)


class StopGuard:
    """Knows which positions are guarded by a band, and at which price."""

    def __init__(self) -> None:
        """Begin with none."""
        self._armed: dict[PositionId, Decimal] = {}

    def follow(
        self, position: Position, orders: Iterable[Order], *, step_size: Decimal
    ) -> Messages:
        """Return the band to arm or to take off, nothing where it is as it should be."""
        position_id, armed = position.position_id, self._armed.get(position.position_id)
        is_needed = is_exposed(position, orders, step_size=step_size)
        wanted = position.stop_price if is_needed else None
        if wanted is None:
            if armed is None:
                return []
            del self._armed[position_id]
            return [DisarmBand(band_id=_band_id(position_id))]
        if armed is not None and armed == wanted:
            return []
        self._armed[position_id] = wanted
        return [_band(position, wanted)]


def _rests(order: Order, stop_price: Decimal) -> bool:
    if order.kind is not STOP_LOSS or order.leg is not EXIT:
        return False
    return order.status is RESTS and order.stop_price == stop_price


def _band(position: Position, price: Decimal) -> ArmBand:
    is_long = position.side is LONG
    return ArmBand(
        band_id=_band_id(position.position_id),
        symbol=position.symbol,
        below=float(price) if is_long else None,
        above=None if is_long else float(price),
    )


def _band_id(position_id: PositionId) -> BandId:
    return BandId(STOP_BAND + position_id)
