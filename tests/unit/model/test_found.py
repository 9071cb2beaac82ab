"""What an exchange says that an account has."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.found import Balance, FoundOrder
from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Side


def test_what_orders_bind_is_had_too() -> None:
    assert Balance("BTC", Decimal("0.3"), Decimal("0.1")).total == Decimal("0.4")


def test_an_order_nobody_remembers_is_not_ours_unless_it_is_said() -> None:
    order = FoundOrder(
        client_order_id=ClientOrderId("web_1"),
        symbol="BTCUSDT",
        side=Side.SELL,
        kind="LIMIT",
        quantity=Decimal(1),
        filled=Decimal(0),
    )
    assert not order.is_ours
    assert msgspec.json.decode(msgspec.json.encode(order), type=FoundOrder) == order
