from decimal import Decimal

import pytest
from msgspec import structs
from tests.unit.exchange.simulated.test_matching import PAIR, WORKING
from tests.unit.exchange.simulated.test_venue import Floor, a_limit

from aitrader.exchange.simulated.orders import NewList
from aitrader.exchange.simulated.rules import Bounds
from aitrader.model.errors import Refused
from aitrader.model.order import Side


def a_floor(**bounds: object) -> Floor:
    return Floor(bounds=Bounds(**bounds))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bounds", "order", "answer"),
    [
        ({"max_price": Decimal(99)}, a_limit("100"), "PRICE_FILTER"),
        ({}, a_limit("501"), "PERCENT_PRICE_BY_SIDE"),
        ({}, a_limit("19"), "PERCENT_PRICE_BY_SIDE"),
        ({"max_notional": Decimal(80)}, a_limit("90"), "NOTIONAL"),
        ({"max_position": Decimal("0.5")}, {}, "MAX_POSITION"),
    ],
)
def test_filters_of_the_exchange_are_refused_by_name(
    bounds: dict[str, object], order: dict[str, object], answer: str
) -> None:
    assert f"Filter failure: {answer} (-1013)" in a_floor(**bounds).refusal(**order)


def test_a_sale_has_no_greatest_position() -> None:
    floor = a_floor(max_position=Decimal(1))
    floor.place(quantity=Decimal("0.9"))
    floor.place(quantity=Decimal("0.5"), side=Side.SELL, client_order_id="two")


def test_there_are_only_so_many_lists_each_with_its_name() -> None:
    floor = a_floor(max_lists=1)
    floor.place(quantity=Decimal(3))
    floor.venue.place_list(NewList("l", PAIR))
    renamed = tuple(structs.replace(each, client_order_id=f"{each.type}2") for each in PAIR)
    with pytest.raises(Refused, match="Duplicate order sent"):
        floor.venue.place_list(NewList("l", renamed))
    with pytest.raises(Refused, match="MAX_NUM_ORDER_LISTS"):
        floor.venue.place_list(NewList("m", renamed))


def test_a_pending_order_keeps_the_filters_when_it_is_asked_for() -> None:
    floor = a_floor()
    wrong = (structs.replace(PAIR[0], price=Decimal("110.001")), PAIR[1])
    with pytest.raises(Refused, match="PRICE_FILTER"):
        floor.venue.place_list(NewList("l", wrong, WORKING))
    assert floor.venue.records.live_orders() == []


def test_a_market_order_is_paid_level_by_level() -> None:
    floor = Floor(price=0.5)
    floor.venue.account.add("USDT", Decimal(95_000))
    assert "insufficient balance" in floor.refusal(quantity=Decimal(210_000))
    floor.place(quantity=Decimal(200_000))
