from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import an_order

from aitrader.exchange.binance import orders
from aitrader.model.errors import InvariantBroken
from aitrader.model.order import Leg, Order, OrderKind, Side


def a_list(side: Side = Side.SELL) -> tuple[Order, Order]:
    low, high = Decimal("95.10"), Decimal("105.00")
    is_sale = side is Side.SELL
    stop = an_order(
        Leg.EXIT,
        1,
        side=side,
        kind=OrderKind.STOP_LOSS,
        stop_price=low if is_sale else high,
        list_id="at1-l",
    )
    target = an_order(
        Leg.EXIT,
        2,
        side=side,
        kind=OrderKind.LIMIT,
        price=high if is_sale else low,
        list_id="at1-l",
    )
    return stop, target


def test_a_market_order_has_its_quantity_and_our_id() -> None:
    order = an_order(quantity=Decimal("0.0100"))
    asked = orders.placing([order])
    assert (asked.verb, asked.path, asked.method) == ("POST", "order", "order.place")
    assert asked.parameters == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.01",
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL",
    }
    assert (asked.orders, asked.is_urgent) == (1, False)


def test_a_limit_order_rests_until_canceled() -> None:
    asked = orders.placing([an_order(kind=OrderKind.LIMIT, price=Decimal("1E+2"))])
    assert (asked.parameters["price"], asked.parameters["timeInForce"]) == ("100", "GTC")


@pytest.mark.parametrize("kind", [OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT])
def test_a_triggered_order_has_a_stop_price_and_nothing_else(kind: OrderKind) -> None:
    asked = orders.placing([an_order(Leg.EXIT, kind=kind, stop_price=Decimal("95.5"))])
    assert asked.parameters["stopPrice"] == "95.5"
    assert asked.parameters["type"] == kind.value
    assert not {"price", "timeInForce"} & set(asked.parameters)
    assert asked.is_urgent


def test_a_sale_has_its_target_above_and_its_stop_below() -> None:
    stop, target = a_list()
    asked = orders.placing([stop, target])
    assert (asked.path, asked.method, asked.orders) == (
        "orderList/oco",
        "orderList.place.oco",
        2,
    )
    assert asked.parameters == {
        "symbol": "BTCUSDT",
        "listClientOrderId": "at1-l",
        "side": "SELL",
        "quantity": "1",
        "aboveType": "LIMIT_MAKER",
        "aboveClientOrderId": target.client_order_id,
        "abovePrice": "105",
        "belowType": "STOP_LOSS",
        "belowClientOrderId": stop.client_order_id,
        "belowStopPrice": "95.1",
        "newOrderRespType": "FULL",
    }
    assert orders.placing([target, stop]).parameters == asked.parameters


def test_a_purchase_has_its_stop_above_and_its_target_below() -> None:
    asked = orders.placing(a_list(Side.BUY)).parameters
    assert (asked["aboveType"], asked["aboveStopPrice"]) == ("STOP_LOSS", "105")
    assert (asked["belowType"], asked["belowPrice"]) == ("LIMIT_MAKER", "95.1")


def test_orders_that_are_no_list_are_not_sent_together() -> None:
    stop, target = a_list()
    for wrong in (
        [],
        [stop, target, target],
        [an_order(), an_order(attempt=2)],
        [stop, an_order()],
    ):
        with pytest.raises(InvariantBroken, match="one order or the two of a list"):
            orders.placing(wrong)


def test_both_of_a_list_are_taken_off_at_once_and_one_alone_by_its_name() -> None:
    stop, target = a_list()
    single = an_order(Leg.EXIT, 3)
    groups = orders.cancel_groups([stop, single, target])
    assert groups == [(stop, target), (single,)]
    assert orders.canceling(groups[0]).parameters == {
        "symbol": "BTCUSDT",
        "listClientOrderId": "at1-l",
    }
    alone = orders.canceling((stop,))
    assert (alone.path, alone.parameters["origClientOrderId"]) == ("order", stop.client_order_id)
    assert alone.is_urgent


def test_questions_weigh_what_the_exchange_says() -> None:
    asked = orders.asking(an_order())
    assert (asked.verb, asked.path, asked.weight) == ("GET", "order", 4)
    trades = {"symbol": "BTCUSDT", "orderId": "7", "limit": "1000"}
    assert orders.asking_trades("BTCUSDT", 7).parameters == trades
    assert orders.asking_trades("BTCUSDT", 7, from_id=0).parameters == {**trades, "fromId": "0"}
    assert orders.asking_open("BTCUSDT").weight == 6
    assert (orders.asking_open().weight, orders.asking_open().parameters) == (80, {})
    assert orders.asking_newest("BTCUSDT").parameters == {"symbol": "BTCUSDT", "limit": "200"}
    assert orders.asking_newest("BTCUSDT").weight == 20
    assert orders.asking_account().weight == 20
    assert orders.asking_order_limits().weight == 40
