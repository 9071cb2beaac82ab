from decimal import Decimal

import pytest

from aitrader.exchange.simulated.lists import check_list
from aitrader.exchange.simulated.orders import NewList, NewOrder
from aitrader.model.errors import Refused
from aitrader.model.order import Side


def leg(kind: str, price: int, side: Side = Side.SELL) -> NewOrder:
    is_limit = kind in {"LIMIT", "LIMIT_MAKER"}
    level = {"price" if is_limit else "stop_price": Decimal(price)}
    return NewOrder("A", side, kind, kind, Decimal(1), **level)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (leg("LIMIT_MAKER", 110), leg("STOP_LOSS", 90)),
        (leg("TAKE_PROFIT", 110), leg("STOP_LOSS", 90)),
        (leg("STOP_LOSS", 110, Side.BUY), leg("LIMIT_MAKER", 90, Side.BUY)),
        (leg("STOP_LOSS", 110, Side.BUY), leg("TAKE_PROFIT", 90, Side.BUY)),
    ],
)
def test_a_target_and_a_stop_make_a_pair(above: NewOrder, below: NewOrder) -> None:
    check_list(NewList("l", (above, below)))


@pytest.mark.parametrize(
    ("above", "below", "code"),
    [
        (leg("LIMIT", 110), leg("STOP_LOSS", 90), -1158),
        (leg("LIMIT_MAKER", 110), leg("LIMIT_MAKER", 90), -1168),
        (leg("STOP_LOSS", 110), leg("LIMIT_MAKER", 90), -1197),
        (leg("TAKE_PROFIT", 110), leg("LIMIT_MAKER", 90), -1166),
        (leg("TAKE_PROFIT", 110), leg("TAKE_PROFIT", 90), -1199),
        (leg("LIMIT_MAKER", 110, Side.BUY), leg("STOP_LOSS", 90, Side.BUY), -1165),
        (leg("TAKE_PROFIT", 110, Side.BUY), leg("STOP_LOSS", 90, Side.BUY), -1198),
        (leg("STOP_LOSS", 110, Side.BUY), leg("STOP_LOSS", 90, Side.BUY), -1196),
        (leg("LIMIT_MAKER", 90), leg("STOP_LOSS", 90), -2010),
    ],
)
def test_other_pairs_are_refused_with_their_code(
    above: NewOrder, below: NewOrder, code: int
) -> None:
    with pytest.raises(Refused) as found:
        check_list(NewList("l", (above, below)))
    assert found.value.code == code


def test_a_working_order_rests_at_a_price() -> None:
    pending = (leg("STOP_LOSS", 90),)
    check_list(NewList("l", pending, leg("LIMIT", 100, Side.BUY)))
    with pytest.raises(Refused, match="working"):
        check_list(NewList("l", pending, NewOrder("A", Side.BUY, "MARKET", "m", Decimal(1))))


def test_only_a_purchase_is_received() -> None:
    pending = (leg("STOP_LOSS", 90),)
    check_list(NewList("l", pending, leg("LIMIT", 100, Side.BUY), takes_received=True))
    with pytest.raises(Refused, match="must be BUY"):
        check_list(NewList("l", pending, leg("LIMIT", 100), takes_received=True))
