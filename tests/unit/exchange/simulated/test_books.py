from __future__ import annotations

from decimal import Decimal

from tests.unit.exchange.simulated.test_venue import Floor, a_limit

from aitrader.exchange.simulated.books import pages


def test_the_books_hold_balances_and_orders_with_their_executions() -> None:
    floor = Floor()
    floor.place(client_order_id="bought")
    floor.place(client_order_id="waits", **a_limit("90", quantity=Decimal(1)))
    book = pages(floor.venue, at_ms=7, is_open_only=False)
    assert book["at_ms"] == 7
    balances = book["balances"]
    assert isinstance(balances, dict)
    assert Decimal(balances["BTC"]["free"]) == Decimal("0.999")
    orders = book["orders"]
    assert isinstance(orders, list)
    assert [(each["clientOrderId"], each["isDone"]) for each in orders] == [
        ("bought", True),
        ("waits", False),
    ]
    assert orders[0]["fills"][0]["commissionAsset"] == "BTC"
    still_open = pages(floor.venue, at_ms=7, is_open_only=True)["orders"]
    assert isinstance(still_open, list)
    assert [each["clientOrderId"] for each in still_open] == ["waits"]
