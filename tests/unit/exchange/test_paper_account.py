from decimal import Decimal

import pytest
from tests.builders import a_fill, an_order

from aitrader.exchange.paper_account import PaperAccount
from aitrader.model.errors import Refused
from aitrader.model.ids import PositionId
from aitrader.model.order import Leg, Order, Side

HUNDRED = Decimal(100)


def worth(_order: Order) -> Decimal:
    return HUNDRED


def a_short_of(quantity: str = "1") -> Order:
    return an_order(side=Side.SELL, quantity=Decimal(quantity))


def a_buy_back(quantity: str = "1", **changes: object) -> Order:
    return an_order(Leg.EXIT, side=Side.BUY, quantity=Decimal(quantity), **changes)


def test_a_buy_costs_its_notional_and_its_fee() -> None:
    account = PaperAccount(Decimal(1000))
    account.pay(an_order(), a_fill())
    account.move(an_order(), a_fill())
    assert account.cash == Decimal("899.9")
    assert account.held(an_order().position_id) == 1


def test_a_short_binds_its_proceeds_and_as_much_again() -> None:
    account = PaperAccount(Decimal(1000))
    account.pay(a_short_of(), a_fill(fee=Decimal(0)))
    account.move(a_short_of(), a_fill())
    assert (account.cash, account.free_cash) == (Decimal(1100), Decimal(900))


def test_half_a_short_bought_back_frees_half_of_what_it_bound() -> None:
    account = PaperAccount(Decimal(1000))
    account.move(a_short_of(), a_fill())
    account.move(a_buy_back("0.5"), a_fill(quantity=Decimal("0.5")))
    assert account.free_cash == account.cash - HUNDRED
    account.move(a_buy_back("0.5"), a_fill(quantity=Decimal("0.5")))
    assert account.free_cash == account.cash
    assert account.held(a_short_of().position_id) == 0


def test_entries_that_wait_count_against_the_next_one() -> None:
    account = PaperAccount(Decimal(150))
    account.check([an_order()], [], worth)
    with pytest.raises(Refused, match="insufficient balance"):
        account.check([an_order(attempt=2)], [an_order()], worth)


def test_an_exit_never_closes_more_than_its_position_holds() -> None:
    account = PaperAccount(Decimal(1000))
    account.move(an_order(), a_fill())
    exit_order = an_order(Leg.EXIT)
    account.check([exit_order], [], worth)
    with pytest.raises(Refused):
        account.check([an_order(Leg.EXIT, 2)], [exit_order], worth)
    with pytest.raises(Refused):
        account.check([an_order(Leg.EXIT, position_id=PositionId("p-other"))], [], worth)


def test_the_two_orders_of_a_list_need_what_they_close_once() -> None:
    account = PaperAccount(Decimal(1000))
    account.move(an_order(), a_fill())
    mates = [an_order(Leg.EXIT, attempt, list_id="l") for attempt in (1, 2)]
    account.check(mates, [], worth)
    with pytest.raises(Refused):
        account.check([an_order(Leg.EXIT, 3)], mates, worth)


def test_a_short_is_bought_back_up_to_what_it_owes() -> None:
    account = PaperAccount(Decimal(1000))
    account.move(a_short_of(), a_fill())
    account.check([a_buy_back()], [], worth)
    with pytest.raises(Refused):
        account.check([a_buy_back("1.001")], [], worth)
