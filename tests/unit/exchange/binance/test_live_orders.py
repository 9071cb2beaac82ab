from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, a_fill, a_filled_order, an_order

from aitrader.exchange.binance.live_orders import LiveOrders
from aitrader.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
)
from aitrader.model.order import Order

NAME = an_order().client_order_id


def after(*events: Event, order: Order | None = None) -> LiveOrders:
    live = LiveOrders()
    live.keep([order or an_order(quantity=Decimal(2))])
    for event in events:
        live.note(event)
    return live


def accepted() -> OrderAccepted:
    return OrderAccepted(at_ms=AT_MS, client_order_id=NAME, venue_order_id="7")


def filled(number: int = 1) -> OrderFilled:
    return OrderFilled(at_ms=AT_MS, client_order_id=NAME, fill=a_fill(number))


def test_an_order_is_asked_after_once_the_exchange_has_it() -> None:
    assert after().accepted() == []
    found = after(accepted())
    assert [order.venue_order_id for order in found.accepted()] == ["7"]


def test_an_order_that_is_over_is_not_followed() -> None:
    assert len(after(order=a_filled_order())) == 0


def test_a_fill_counts_once_and_the_last_one_ends_it() -> None:
    found = after(filled(), filled()).find(NAME)
    assert found is not None
    assert found.filled == 1
    assert after(filled(1), filled(2)).find(NAME) is None
    assert len(after(filled(1), filled(2), filled(3))) == 0


def test_an_end_ends_it_when_its_fills_are_told() -> None:
    for end in (OrderCanceled, OrderExpired):
        reason = {"reason": "no"} if end is OrderExpired else {}
        ended = end(at_ms=AT_MS, client_order_id=NAME, filled=Decimal(1), **reason)
        assert len(after(accepted(), ended)) == 1
        assert len(after(accepted(), filled(), ended)) == 0
        assert len(after(ended, ended, filled(), ended, ended)) == 0
    assert len(after(OrderCanceled(at_ms=AT_MS, client_order_id=NAME))) == 0


def test_a_refusal_ends_it_and_a_not_found_says_nothing() -> None:
    refused = OrderRejected(at_ms=AT_MS, client_order_id=NAME, code=-1, reason="no")
    assert len(after(refused, refused)) == 0
    live = after(OrderNotFound(at_ms=AT_MS, client_order_id=NAME))
    assert len(live) == 1
    live.forget(NAME)
    live.forget(NAME)
    assert len(live) == 0


def test_what_is_known_of_an_order_stays_when_it_comes_again() -> None:
    live = after(accepted(), filled())
    live.keep([an_order(quantity=Decimal(2))])
    found = live.find(NAME)
    assert found is not None
    assert found.filled == 1
