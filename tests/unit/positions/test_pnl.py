from __future__ import annotations

from decimal import Decimal

from tests.builders import a_fill, an_order

from aitrader.model.order import Leg, Order, Side
from aitrader.model.trader import PositionSide
from aitrader.positions.pnl import Tally, tally

STEP = Decimal("0.001")


def an_exit(price: str, quantity: str = "1", number: int = 9) -> Order:
    size = Decimal(quantity)
    fee = size * Decimal(price) / 1000
    fill = a_fill(number, price=Decimal(price), quantity=size, fee=fee)
    return an_order(Leg.EXIT, number, fills=(fill,))


def counted(*orders: Order, side: PositionSide = PositionSide.LONG) -> Tally:
    return tally(side, orders, least_quantity=STEP)


def test_what_was_only_bought_has_realized_nothing() -> None:
    found = counted(an_order(fills=(a_fill(),)))
    assert found == Tally(
        received=Decimal(1),
        quantity=Decimal(1),
        entry_price=Decimal(100),
        exit_price=Decimal(0),
        realized_pnl=Decimal(0),
        fees=Decimal("0.1"),
    )


def test_half_sold_realizes_its_share_of_the_cost() -> None:
    found = counted(an_order(fills=(a_fill(),)), an_exit("110", "0.5"))
    assert found.quantity == Decimal("0.5")
    assert found.realized_pnl == Decimal("0.5") * (110 - 100) - Decimal("0.05") - Decimal("0.055")


def test_all_sold_is_what_the_fills_did_to_the_cash() -> None:
    found = counted(an_order(fills=(a_fill(),)), an_exit("110"))
    assert found.realized_pnl == Decimal(10) - Decimal("0.1") - Decimal("0.11")
    assert found.exit_price == Decimal(110)


def test_dust_that_cannot_be_sold_is_lost() -> None:
    entry = an_order(fills=(a_fill(fee=Decimal("0.0005"), fee_asset="BTC"),))
    found = counted(entry, an_exit("100", "0.999"))
    assert found.quantity == Decimal("0.0005")
    assert found.realized_pnl == Decimal("-100") + Decimal("99.9") - Decimal("0.0999")


def test_a_short_earns_what_it_bought_back_cheaper() -> None:
    entry = an_order(side=Side.SELL, fills=(a_fill(),))
    found = counted(
        entry,
        an_order(Leg.EXIT, side=Side.BUY, fills=(a_fill(2, price=Decimal(90)),)),
        side=PositionSide.SHORT,
    )
    assert found.realized_pnl == Decimal(10) - Decimal("0.2")


def test_more_sold_than_bought_shows_as_less_than_nothing() -> None:
    found = counted(an_order(fills=(a_fill(),)), an_exit("100", "1.5"))
    assert found.quantity == Decimal("-0.5")


def test_a_fee_in_a_third_coin_is_shared_like_the_cost_it_came_with() -> None:
    aside = {"fee": Decimal("0.001"), "fee_asset": "BNB", "fee_quote": Decimal("0.6")}
    entry = an_order(fills=(a_fill(**aside),))
    half = an_order(Leg.EXIT, 9, fills=(a_fill(9, quantity=Decimal("0.25"), **aside),))
    found = counted(entry, half)
    assert found.fees == Decimal("1.2")
    assert found.realized_pnl == Decimal("-0.15") - Decimal("0.6")
    rest = an_order(Leg.EXIT, 10, fills=(a_fill(10, quantity=Decimal("0.75"), fee=Decimal(0)),))
    assert counted(entry, half, rest).realized_pnl == Decimal("-1.2")


def test_a_part_of_more_than_one_unit_realizes_its_share() -> None:
    entry = an_order(quantity=Decimal(4), fills=(a_fill(quantity=Decimal(4), fee=Decimal("0.4")),))
    found = counted(entry, an_exit("110", "1"))
    assert found.realized_pnl == Decimal(10) - Decimal("0.1") - Decimal("0.11")
    assert found.fees == Decimal("0.51")


def test_one_step_that_is_left_can_still_be_sold() -> None:
    found = counted(an_order(fills=(a_fill(),)), an_exit("110", "0.999"))
    assert found.quantity == STEP
    assert found.realized_pnl == Decimal("9.99") - Decimal("0.0999") - Decimal("0.10989")
