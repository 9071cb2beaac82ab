"""The life of one order, from intent to its final status, and the table that holds them all.

Theory of operation. MOVES is the whole truth: a pair that is missing there is a bug of ours or a
lie from the wire and raises. `apply` folds one answer of the venue into an order. Answers come over
two roads (stream and polling), so they come twice, late and in any order, and every order of the
same answers must end in the same state. Legal oddities:

- a fill may overtake the acceptance, and come after a cancel or an expiry: the cancel only ends
  what was left. Filled to the last unit, an order is FILLED whatever else was said;
- an acceptance, a cancel or an expiry may come after the fill that ended the order;
- a cancel beats an expiry, as both name the same end and either may come first; so does a refusal
  that was slow, after the order was given up as never arrived;
- "outcome unknown" and "not found" prove nothing by themselves; `reconcile` draws the conclusion
  and says `OrderExpired`.

Invariants: fills are kept sorted by (time, id), each id once, and never exceed the quantity; a done
order never becomes open again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from aitrader.model.errors import InvariantBroken
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
)
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.money import ZERO
from aitrader.model.order import Fill, Leg, Order, OrderStatus

VenueAnswer: TypeAlias = (
    OrderAccepted
    | OrderFilled
    | OrderCanceled
    | OrderRejected
    | OrderExpired
    | OrderOutcomeUnknown
    | OrderNotFound
)

S = OrderStatus
MOVES: dict[tuple[OrderStatus, type[VenueAnswer]], OrderStatus] = {
    (S.PENDING, OrderAccepted): S.OPEN,
    (S.PENDING, OrderFilled): S.OPEN,
    (S.PENDING, OrderCanceled): S.CANCELED,
    (S.PENDING, OrderRejected): S.REJECTED,
    (S.PENDING, OrderExpired): S.EXPIRED,
    (S.PENDING, OrderOutcomeUnknown): S.PENDING,
    (S.PENDING, OrderNotFound): S.PENDING,
    (S.OPEN, OrderAccepted): S.OPEN,
    (S.OPEN, OrderFilled): S.OPEN,
    (S.OPEN, OrderCanceled): S.CANCELED,
    (S.OPEN, OrderExpired): S.EXPIRED,
    (S.OPEN, OrderOutcomeUnknown): S.OPEN,
    (S.OPEN, OrderNotFound): S.OPEN,
    (S.FILLED, OrderAccepted): S.FILLED,
    (S.FILLED, OrderFilled): S.FILLED,
    (S.FILLED, OrderCanceled): S.FILLED,
    (S.FILLED, OrderExpired): S.FILLED,
    (S.FILLED, OrderOutcomeUnknown): S.FILLED,
    (S.FILLED, OrderNotFound): S.FILLED,
    (S.CANCELED, OrderAccepted): S.CANCELED,
    (S.CANCELED, OrderFilled): S.CANCELED,
    (S.CANCELED, OrderCanceled): S.CANCELED,
    (S.CANCELED, OrderExpired): S.CANCELED,
    (S.CANCELED, OrderOutcomeUnknown): S.CANCELED,
    (S.CANCELED, OrderNotFound): S.CANCELED,
    (S.EXPIRED, OrderAccepted): S.EXPIRED,
    (S.EXPIRED, OrderFilled): S.EXPIRED,
    (S.EXPIRED, OrderCanceled): S.CANCELED,
    (S.EXPIRED, OrderRejected): S.REJECTED,
    (S.EXPIRED, OrderExpired): S.EXPIRED,
    (S.EXPIRED, OrderOutcomeUnknown): S.EXPIRED,
    (S.EXPIRED, OrderNotFound): S.EXPIRED,
    (S.REJECTED, OrderRejected): S.REJECTED,
    (S.REJECTED, OrderExpired): S.REJECTED,
    (S.REJECTED, OrderOutcomeUnknown): S.REJECTED,
    (S.REJECTED, OrderNotFound): S.REJECTED,
}

RETIRED_LIMIT = 512
"""Closed positions whose orders are still known, for the late word of a slow wire."""


def apply(order: Order, event: VenueAnswer) -> Order:
    """Return the order as it stands after one answer; the same object if nothing changed.

    A fill already seen (same `fill_id`) changes nothing.

    Raises:
        InvariantBroken: MOVES has no such move, or the fills would exceed the quantity.
    """
    status = MOVES.get((order.status, type(event)))
    if status is None:
        raise InvariantBroken(
            f"order {order.client_order_id}: {type(event).__name__} cannot follow "
            f"{order.status.value}"
        )
    fills = order.fills
    if isinstance(event, OrderFilled):
        fills = _with_fill(order, event.fill)
    filled = sum((fill.quantity for fill in fills), ZERO)
    if filled > order.quantity:
        raise InvariantBroken(
            f"order {order.client_order_id}: filled {filled} of {order.quantity} ordered"
        )
    if filled and status is S.REJECTED:
        raise InvariantBroken(f"order {order.client_order_id}: rejected with {filled} filled")
    if filled == order.quantity:
        status = S.FILLED
    after = msgspec.structs.replace(
        order,
        status=status,
        fills=fills,
        note=_note(order, event, status),
        venue_order_id=_venue_order_id(order, event),
    )
    return order if after == order else after


def _with_fill(order: Order, fill: Fill) -> tuple[Fill, ...]:
    if any(seen.fill_id == fill.fill_id for seen in order.fills):
        return order.fills
    if fill.quantity <= ZERO or fill.price <= ZERO:
        raise InvariantBroken(
            f"order {order.client_order_id}: expected a fill above zero, "
            f"found {fill.quantity} at {fill.price}"
        )
    return tuple(sorted((*order.fills, fill), key=lambda row: (row.at_ms, row.fill_id)))


def _note(order: Order, event: VenueAnswer, status: OrderStatus) -> str:
    """Return why it ended, for the two ends that have a reason; the first reason stands."""
    if status is not S.EXPIRED and status is not S.REJECTED:
        return ""
    if order.status is not status and isinstance(event, OrderExpired | OrderRejected):
        return event.reason
    return order.note


def _venue_order_id(order: Order, event: VenueAnswer) -> str:
    if isinstance(event, OrderAccepted) and event.venue_order_id:
        return event.venue_order_id
    return order.venue_order_id


class OrderTable:
    """All orders of positions that are not closed, by id and by position."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_position: dict[PositionId, dict[ClientOrderId, Order]] = {}
        self._position_of: dict[ClientOrderId, PositionId] = {}
        self._active: dict[PositionId, None] = {}
        self._retired: dict[PositionId, None] = {}
        self._live: dict[ClientOrderId, Order] = {}

    def add(self, order: Order) -> None:
        """Take a planned or remembered order.

        Raises:
            InvariantBroken: An order of this id is known: its id must never be used again.
        """
        if order.client_order_id in self._position_of:
            raise InvariantBroken(f"order {order.client_order_id} was planned a second time")
        self._position_of[order.client_order_id] = order.position_id
        self._put(order)

    def find(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order as it stands, None if it is not ours or long gone."""
        owner = self._position_of.get(client_order_id)
        return None if owner is None else self._by_position[owner][client_order_id]

    def apply(self, event: VenueAnswer) -> Order | None:
        """Return the changed order; None for a repeat or an id that is not ours.

        Raises:
            InvariantBroken: See `apply`; the order stays as it was.
        """
        order = self.find(event.client_order_id)
        if order is None:
            return None
        after = apply(order, event)
        if after is order:
            return None
        self._put(after)
        return after

    def _put(self, order: Order) -> None:
        orders = self._by_position.get(order.position_id)
        if orders is None:
            orders = self._by_position[order.position_id] = {}
            self._active[order.position_id] = None
        orders[order.client_order_id] = order
        if order.is_done:
            self._live.pop(order.client_order_id, None)
        else:
            self._live[order.client_order_id] = order

    def of(self, position_id: PositionId, leg: Leg | None = None) -> tuple[Order, ...]:
        """Return the position's orders (of one leg, or all) in the order they were planned."""
        orders = self._by_position.get(position_id, {}).values()
        return tuple(row for row in orders if leg is None or row.leg is leg)

    def live(self, position_id: PositionId, leg: Leg) -> tuple[Order, ...]:
        """Return those the venue may still act on."""
        return tuple(row for row in self.of(position_id, leg) if not row.is_done)

    def all_live(self) -> Iterable[Order]:
        """Return every order of any position that the venue may still act on."""
        return tuple(self._live.values())

    def positions(self) -> tuple[PositionId, ...]:
        """Return the positions that have orders and are not retired."""
        return tuple(self._active)

    def next_attempt(self, position_id: PositionId, leg: Leg) -> int:
        """Return the number of the position's next order of this leg, from 1."""
        return len(self.of(position_id, leg)) + 1

    def retire(self, position_id: PositionId) -> None:
        """Let the position's orders go when 512 others have been retired after it."""
        if position_id in self._by_position:
            self._retired[position_id] = None
            self._active.pop(position_id, None)
        if len(self._retired) > RETIRED_LIMIT:
            oldest = next(iter(self._retired))
            del self._retired[oldest]
            for client_order_id in self._by_position.pop(oldest):
                del self._position_of[client_order_id]
                self._live.pop(client_order_id, None)

    def revive(self, position_id: PositionId) -> None:
        """Keep the orders of a position that was given up and came to life after all."""
        if position_id in self._retired:
            del self._retired[position_id]
            self._active[position_id] = None
