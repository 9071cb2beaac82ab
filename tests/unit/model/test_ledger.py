"""What fills do to money and holdings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import a_fill, a_filled_order, an_order

from aitrader.model.ledger import (
    Flow,
    average_price,
    flow_of,
    flow_of_fill,
    held,
    uncounted_fees,
)
from aitrader.model.order import Leg, Order, Side
from aitrader.model.trader import PositionSide


def test_a_buy_with_a_fee_in_quote_costs_notional_and_fee() -> None:
    flow = flow_of_fill(a_fill(), symbol="BTCUSDT", side=Side.BUY)
    assert flow == Flow(Decimal(1), Decimal("-100.1"), Decimal("0.1"))


def test_a_buy_with_a_fee_in_base_brings_less() -> None:
    fill = a_fill(fee=Decimal("0.001"), fee_asset="BTC")
    flow = flow_of_fill(fill, symbol="BTCUSDT", side=Side.BUY)
    assert flow == Flow(Decimal("0.999"), Decimal(-100), Decimal("0.1"))


@pytest.mark.parametrize("asset", ["BNB", ""])
def test_a_fee_in_a_third_coin_moves_neither(asset: str) -> None:
    flow = flow_of_fill(a_fill(fee_asset=asset), symbol="BTCUSDT", side=Side.BUY)
    assert flow == Flow(Decimal(1), Decimal(-100), Decimal(0))


def test_a_fee_in_a_third_coin_lessens_what_was_earned_by_its_worth() -> None:
    fill = a_fill(fee=Decimal("0.001"), fee_asset="BNB", fee_quote=Decimal("0.6"))
    flow = flow_of_fill(fill, symbol="BTCUSDT", side=Side.SELL)
    assert flow == Flow(Decimal(-1), Decimal(100), Decimal("0.6"), Decimal("0.6"))
    assert (flow + flow).earned == Decimal("198.8")


def test_fees_that_are_not_counted_are_told_by_coin() -> None:
    def paid(number: int, **changes: object) -> Order:
        return an_order(attempt=number, fills=(a_fill(number, **changes),))

    orders = [
        paid(1),
        paid(2, fee_asset="BTC"),
        paid(3, fee_asset=""),
        paid(4, fee_asset="BNB", fee_quote=Decimal(1)),
        paid(5, fee_asset="BNB", fee=Decimal(0)),
    ]
    assert uncounted_fees(orders) == {}
    more = [paid(6, fee_asset="BNB", fee=Decimal("0.2")), paid(7, fee_asset="XYZ", fee=Decimal(1))]
    assert uncounted_fees([*more, *orders, more[0]]) == {"BNB": Decimal("0.4"), "XYZ": Decimal(1)}


def test_a_sale_brings_quote() -> None:
    flow = flow_of_fill(a_fill(), symbol="BTCUSDT", side=Side.SELL)
    assert flow == Flow(Decimal(-1), Decimal("99.9"), Decimal("0.1"))


def test_a_round_trip_at_one_price_costs_both_fees() -> None:
    flow = flow_of([a_filled_order(Leg.ENTRY), a_filled_order(Leg.EXIT, 2)])
    assert flow == Flow(Decimal(0), Decimal("-0.2"), Decimal("0.2"))


def test_a_long_holds_what_was_bought() -> None:
    assert held(PositionSide.LONG, [a_filled_order()]) == Decimal(1)


def test_a_short_owes_what_was_sold() -> None:
    assert held(PositionSide.SHORT, [a_filled_order(side=Side.SELL)]) == Decimal(1)


def test_orders_without_fills_have_no_average() -> None:
    assert average_price([an_order()]) == 0


def test_the_average_of_one_price_is_that_price() -> None:
    assert average_price([a_filled_order(), a_filled_order(attempt=2)]) == Decimal(100)


def test_the_average_is_weighted_by_quantity() -> None:
    fills = (a_fill(1), a_fill(2, quantity=Decimal(3), price=Decimal(104)))
    assert average_price([an_order(fills=fills)]) == Decimal(103)


def test_an_endless_average_is_kept_to_twelve_decimals() -> None:
    fills = (a_fill(1), a_fill(2, quantity=Decimal(2), price=Decimal(101)))
    assert average_price([an_order(fills=fills)]) == Decimal("100.666666666667")
