"""What the paper venue says of its orders, as events in the inbox."""

from __future__ import annotations

from aitrader.exchange.paper_book import PaperBook
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
)
from aitrader.model.order import Fill, Order, OrderStatus
from aitrader.model.ports import Clock, Inbox

CANCELED, EXPIRED, REJECTED = OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED


class PaperReports:
    """Says what became of orders, as often as it is asked."""

    def __init__(self, inbox: Inbox, clock: Clock, book: PaperBook) -> None:
        """Post to `inbox`; `book` knows why an order was rejected and what was denied."""
        self._inbox = inbox
        self._clock = clock
        self._book = book

    def accepted(self, order: Order) -> None:
        """Say that the venue has an order."""
        self._inbox.post(
            OrderAccepted(
                at_ms=self._clock.now_ms(),
                client_order_id=order.client_order_id,
                venue_order_id=f"paper-{order.client_order_id}",
            )
        )

    def filled(self, order: Order, fill: Fill) -> None:
        """Say that an order was executed."""
        self._inbox.post(
            OrderFilled(at_ms=fill.at_ms, client_order_id=order.client_order_id, fill=fill)
        )

    def ended(self, order: Order) -> None:
        """Say how an order ended; nothing of one that is open, or filled (its fills said it)."""
        now_ms, name = self._clock.now_ms(), order.client_order_id
        if order.status is CANCELED:
            self._inbox.post(OrderCanceled(at_ms=now_ms, client_order_id=name))
        elif order.status is EXPIRED:
            self._inbox.post(OrderExpired(at_ms=now_ms, client_order_id=name, reason=order.note))
        elif order.status is REJECTED:
            refusal = self._book.refusal_of(order)
            self._inbox.post(
                OrderRejected(
                    at_ms=now_ms, client_order_id=name, code=refusal.code, reason=refusal.reason
                )
            )

    def tell(self, asked: Order) -> None:
        """Say all that is known of an order, or that nothing is."""
        order = self._book.find(asked.client_order_id)
        if order is None:
            self.unknown(asked)
        else:
            self.everything(order)

    def everything(self, order: Order) -> None:
        """Say again all that is known of an order, oldest first."""
        if order.status is not REJECTED:
            self.accepted(order)
        for fill in order.fills:
            self.filled(order, fill)
        self.ended(order)

    def unknown(self, order: Order) -> None:
        """Say that the venue does not know an order, which it then never will once it is late."""
        self._book.deny(order.client_order_id)
        self._inbox.post(
            OrderNotFound(at_ms=self._clock.now_ms(), client_order_id=order.client_order_id)
        )
