"""Orders: what was asked, what was done, what is left."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import a_fill, an_order

from aitrader.model.order import DONE, OrderStatus


def test_a_planned_order_has_all_of_itself_left() -> None:
    order = an_order()
    assert (order.filled, order.remaining, order.is_done) == (Decimal(0), Decimal(1), False)


def test_fills_add_up() -> None:
    fills = (a_fill(1, quantity=Decimal("0.25")), a_fill(2, quantity=Decimal("0.5")))
    order = an_order(fills=fills, status=OrderStatus.OPEN)
    assert (order.filled, order.remaining) == (Decimal("0.75"), Decimal("0.25"))


@pytest.mark.parametrize("status", OrderStatus)
def test_only_pending_and_open_orders_may_still_move(status: OrderStatus) -> None:
    is_done = an_order(status=status).is_done
    assert is_done == (status not in {OrderStatus.PENDING, OrderStatus.OPEN})
    assert is_done == (status in DONE)
