"""The orders of ours that the exchange may still act on, as far as this edge has heard.

Not a second truth: what an order is, `execution` knows. This is the list of what must be asked
after when the exchange falls silent, with the fills already told, so that nobody fetches them
twice.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from aitrader.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Order, OrderStatus


class LiveOrders:
    """Orders by id, from their acceptance to their end."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}

    def keep(self, orders: Iterable[Order]) -> None:
        """Follow these; of one that is known, what is known stays."""
        for order in orders:
            if not order.is_done:
                self._orders.setdefault(order.client_order_id, order)

    def find(self, name: ClientOrderId) -> Order | None:
        """Return an order with the fills it has told, None if it is over or not ours."""
        return self._orders.get(name)

    def accepted(self) -> list[Order]:
        """Return those that the exchange is known to have."""
        return [row for row in self._orders.values() if row.status is OrderStatus.OPEN]

    def __len__(self) -> int:
        return len(self._orders)

    def note(self, event: Event) -> None:
        """Take in what has been told about an order."""
        if isinstance(event, OrderAccepted):
            self._change(event.client_order_id, venue_order_id=event.venue_order_id)
        elif isinstance(event, OrderFilled):
            order = self._orders.get(event.client_order_id)
            if order is None or any(row.fill_id == event.fill.fill_id for row in order.fills):
                return
            fills = (*order.fills, event.fill)
            self._change(event.client_order_id, fills=fills)
            if sum(fill.quantity for fill in fills) >= order.quantity:
                del self._orders[event.client_order_id]
        elif isinstance(event, OrderCanceled | OrderExpired):
            # One whose fills are not all told is still to be asked after.
            order = self._orders.get(event.client_order_id)
            if order is not None and (event.filled is None or event.filled <= order.filled):
                del self._orders[event.client_order_id]
        elif isinstance(event, OrderRejected):
            self._orders.pop(event.client_order_id, None)

    def forget(self, name: ClientOrderId) -> None:
        """Follow one no longer: the exchange does not know it."""
        self._orders.pop(name, None)

    def _change(self, name: ClientOrderId, **changes: object) -> None:
        order = self._orders.get(name)
        if order is not None:
            self._orders[name] = structs.replace(order, status=OrderStatus.OPEN, **changes)
