"""The life of one order, from intent to its final status.

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
from aitrader.model.money import ZERO
from aitrader.model.order import Fill, Order, OrderStatus, filled_by

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
FILLED, REJECTED, EXPIRED = S.FILLED, S.REJECTED, S.EXPIRED
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
    fills, note, venue_order_id = order.fills, "", order.venue_order_id
    if isinstance(event, OrderFilled):
        fills = _with_fill(order, event.fill)
    elif isinstance(event, OrderAccepted) and event.venue_order_id:
        venue_order_id = event.venue_order_id
    if fills:
        status = _filled_status(order, fills, status)
    if status is EXPIRED or status is REJECTED:
        note = _note(order, event, status)
    is_same = status is order.status and fills is order.fills
    if is_same and note == order.note and venue_order_id == order.venue_order_id:
        return order
    return msgspec.structs.replace(
        order, status=status, fills=fills, note=note, venue_order_id=venue_order_id
    )


def _filled_status(order: Order, fills: tuple[Fill, ...], status: OrderStatus) -> OrderStatus:
    """Return FILLED once the fills are the whole quantity, else the status the move led to."""
    filled = filled_by(fills)
    if filled > order.quantity:
        raise InvariantBroken(
            f"order {order.client_order_id}: filled {filled} of {order.quantity} ordered"
        )
    if status is REJECTED:
        raise InvariantBroken(f"order {order.client_order_id}: rejected with {filled} filled")
    return FILLED if filled == order.quantity else status


def _with_fill(order: Order, fill: Fill) -> tuple[Fill, ...]:
    if order.fills and any(seen.fill_id == fill.fill_id for seen in order.fills):
        return order.fills
    if fill.quantity <= ZERO or fill.price <= ZERO:
        raise InvariantBroken(
            f"order {order.client_order_id}: expected a fill above zero, "
            f"found {fill.quantity} at {fill.price}"
        )
    if not order.fills:
        return (fill,)
    return tuple(sorted((*order.fills, fill), key=lambda row: (row.at_ms, row.fill_id)))


def _note(order: Order, event: VenueAnswer, status: OrderStatus) -> str:
    """Return why an order expired or was rejected; the first reason stands."""
    if order.status is not status and isinstance(event, OrderExpired | OrderRejected):
        return event.reason
    return order.note
