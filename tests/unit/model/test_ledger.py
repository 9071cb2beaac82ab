from __future__ import annotations

from decimal import Decimal

from tests.builders import a_fill, an_order

from aitrader.model.ledger import Flow, average_price, flow_of, flow_of_fill, held
from aitrader.model.order import Leg, Side
from aitrader.model.trader import PositionSide


def test_a_buy_gives_base_and_takes_quote_and_fee() -> None:
    flow = flow_of_fill(a_fill(), symbol="BTCUSDT", side=Side.BUY)
    assert flow == Flow(Decimal(1), Decimal("-100.1"), Decimal("0.1"))


def test_a_sell_gives_quote_less_the_fee() -> None:
    flow = flow_of_fill(a_fill(), symbol="BTCUSDT", side=Side.SELL)
    assert flow == Flow(Decimal(-1), Decimal("99.9"), Decimal("0.1"))


def test_a_fee_in_base_lessens_the_base_and_is_valued_at_the_fill() -> None:
    fill = a_fill(fee=Decimal("0.001"), fee_asset="BTC")
    flow = flow_of_fill(fill, symbol="BTCUSDT", side=Side.BUY)
    assert flow == Flow(Decimal("0.999"), Decimal(-100), Decimal("0.1"))


def test_a_fee_in_a_third_coin_moves_neither() -> None:
    for fee_asset in ("BNB", ""):
        flow = flow_of_fill(a_fill(fee_asset=fee_asset), symbol="BTCUSDT", side=Side.BUY)
        assert flow == Flow(Decimal(1), Decimal(-100), Decimal(0))


def test_what_is_held_is_what_came_in_less_what_went_out() -> None:
    entry = an_order(fills=(a_fill(1), a_fill(2)), quantity=Decimal(2))
    exit_order = an_order(Leg.EXIT, fills=(a_fill(3, quantity=Decimal("0.5")),))

    assert held(PositionSide.LONG, (entry, exit_order)) == Decimal("1.5")
    assert flow_of(()) == Flow()


def test_a_short_owes_what_it_sold() -> None:
    entry = an_order(side=Side.SELL, fills=(a_fill(),))
    assert held(PositionSide.SHORT, (entry,)) == Decimal(1)


def test_an_average_is_weighted_by_quantity() -> None:
    fills = (a_fill(1, quantity=Decimal(3)), a_fill(2, price=Decimal(104)))
    assert average_price((an_order(fills=fills),)) == Decimal(101)
    assert average_price((an_order(),)) == Decimal(0)
    assert str(average_price((an_order(fills=(a_fill(),)),))) == "100"
