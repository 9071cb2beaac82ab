"""Asking after orders: what is done when no clear answer came.

Theory of operation. An order that was planned has until `not_after_ms` to arrive at the venue; the
venue itself refuses it later. So "not found" before that instant proves nothing and is asked again;
after it the order never happened, which is said as `OrderExpired` and folded into the table like
any answer. Of an order that the venue once had, one "not found" may come from a part of it that
lags: it has ended only when that is said again and again. A timer per order asks once the window
is over if no answer of any kind came, and again, ever more slowly, while none comes. Nothing here
sends an order again.

An end may overtake the fills before it. Where the venue says with the end how much had filled, and
we have heard of less, the end is not believed yet: the order is asked for, and the answer brings
the fills and the end once more. Otherwise what is left would be sold although it was sold already.
"""

from __future__ import annotations

from aitrader.execution.desk import Desk, Messages
from aitrader.execution.orders import VenueAnswer
from aitrader.model.commands import CancelOrders, QueryOrder, StartTimer
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderNotFound,
    OrderOutcomeUnknown,
)
from aitrader.model.ids import ClientOrderId, TimerId
from aitrader.model.order import Order, OrderStatus

QUERY_TIMER = "order-query:"
"""Timer of an order that is asked after if it has not answered by then."""

SLACK_MS = 500
"""The venue's clock and ours differ; it is asked this long after the window."""

RETRY_MS = 500
"""A first "not found" within the window is asked again after this."""

LONGEST_WAIT_MS = 30_000

FORGOTTEN_TIMES = 3
"""How often in a row the venue must not know an order it once had, before that is believed."""

DOUBT_MS = 1_000
"""After this a doubted order is asked for again."""

ENDS = (OrderCanceled, OrderExpired)
"""What may overtake the fills before it."""

NEVER_ARRIVED = "it never arrived at the venue"
FORGOTTEN = "the venue does not know it any more"
GIVEN_UP = (NEVER_ARRIVED, FORGOTTEN)


def query_later(order: Order) -> StartTimer:
    """Return the alarm that asks after an order once its window is over."""
    return _timer(order.client_order_id, order.not_after_ms + SLACK_MS)


def ask(order: Order, *, at_ms: int) -> Messages:
    """Return the question, and the alarm for the case that it is not answered."""
    age_ms = max(at_ms - order.planned_ms, RETRY_MS)
    due_ms = at_ms + min(age_ms, LONGEST_WAIT_MS)
    return [QueryOrder(order=order), _timer(order.client_order_id, due_ms)]


def timer_due(desk: Desk, client_order_id: ClientOrderId, *, at_ms: int) -> Messages:
    """Return the question if the order still has no answer."""
    order = desk.table.find(client_order_id)
    if order is None or order.is_done:
        return []
    if order.status is OrderStatus.OPEN and client_order_id not in desk.doubted:
        return []
    return ask(order, at_ms=at_ms)


def unknown(desk: Desk, event: OrderOutcomeUnknown) -> Messages:
    """Return the question about an order whose answer was lost (its own, or its cancel's)."""
    order = desk.table.find(event.client_order_id)
    if order is None or order.is_done:
        return []
    return ask(order, at_ms=event.at_ms)


def not_found(desk: Desk, event: OrderNotFound) -> Messages:
    """Return the end of an order that cannot arrive any more, or the next question."""
    order = desk.table.find(event.client_order_id)
    if order is None or order.is_done:
        return []
    if order.status is OrderStatus.OPEN:
        return _doubted(desk, order, at_ms=event.at_ms)
    if event.at_ms > order.not_after_ms:
        return [_ended(order, NEVER_ARRIVED, at_ms=event.at_ms)]
    due_ms = min(event.at_ms + RETRY_MS, order.not_after_ms + SLACK_MS)
    return [_timer(order.client_order_id, due_ms)]


def known(desk: Desk, event: VenueAnswer) -> None:
    """End the doubt about an order of which the venue has just told something."""
    if not isinstance(event, OrderNotFound | OrderOutcomeUnknown):
        desk.doubted.pop(event.client_order_id, None)


def _doubted(desk: Desk, order: Order, *, at_ms: int) -> Messages:
    """Return the next question about an order that the venue had, or its end at last."""
    name = order.client_order_id
    times = desk.doubted.get(name, 0) + 1
    if times >= FORGOTTEN_TIMES:
        desk.doubted.pop(name, None)
        return [_ended(order, FORGOTTEN, at_ms=at_ms)]
    desk.doubted[name] = times
    return [_timer(name, at_ms + DOUBT_MS)]


def _ended(order: Order, reason: str, *, at_ms: int) -> OrderExpired:
    return OrderExpired(at_ms=at_ms, client_order_id=order.client_order_id, reason=reason)


def is_ahead_of_fills(order: Order, event: OrderCanceled | OrderExpired) -> bool:
    """Return whether an end says that more was filled than has been heard of."""
    return event.filled is not None and event.filled > order.filled


def stray(desk: Desk, event: OrderAccepted) -> Messages:
    """Return the cancel of an order that was given up and that the venue has after all."""
    order = desk.table.find(event.client_order_id)
    if order is None or order.status is not OrderStatus.EXPIRED or order.note not in GIVEN_UP:
        return []
    return [CancelOrders(orders=(order,))]


def _timer(client_order_id: ClientOrderId, due_ms: int) -> StartTimer:
    return StartTimer(timer_id=TimerId(QUERY_TIMER + client_order_id), due_ms=due_ms)
