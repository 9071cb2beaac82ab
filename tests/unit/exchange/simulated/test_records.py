from decimal import Decimal

import pytest

from aitrader.exchange.simulated.orders import NewList, NewOrder, VenueFill
from aitrader.exchange.simulated.records import Records, is_list_named, is_named, stops_among
from aitrader.model.errors import Refused
from aitrader.model.order import Side


def asked(name: str, symbol: str = "A", **changes: Decimal) -> NewOrder:
    return NewOrder(symbol, Side.BUY, "LIMIT", name, Decimal(1), **changes)


def test_open_orders_are_kept_by_symbol() -> None:
    records = Records(10)
    one, two = records.new_order(asked("a"), at_ms=1), records.new_order(asked("b"), at_ms=2)
    records.put_on_book(4, two)
    records.put_on_book(4, one)
    assert (records.watched(), records.resting(4)) == ((4,), [one, two])
    assert records.live_orders("A") == [one, two]
    assert records.live_orders("B") == []
    for order in (one, two):
        records.take_off_book(4, order)
    records.take_off_book(4, one)
    assert records.watched() == ()


def test_a_list_is_found_by_either_name() -> None:
    records = Records(10)
    found = records.new_list(NewList("l", (asked("a"), asked("b")), asked("w")), at_ms=5)
    assert found.contingency == "OTO"
    assert records.list_of(found.pair[0]) is found
    assert records.find_list(list_id=0, client_list_id="") is found
    assert records.find_list(list_id=None, client_list_id="l") is found
    assert is_list_named(found, None, "l")
    with pytest.raises(Refused, match="does not exist"):
        records.find_list(list_id=9, client_list_id="")
    assert len(records.live_orders()) == 3
    found.status = "ALL_DONE"
    assert records.live_lists() == []
    assert records.all_lists() == [found]


def test_executions_are_listed_in_their_order() -> None:
    records = Records(10)
    one, two = records.new_order(asked("a"), at_ms=1), records.new_order(asked("b"), at_ms=2)
    for order in (two, one):
        number = records.next_trade_id()
        order.fills = (VenueFill(number, 0, Decimal(1), Decimal(1), Decimal(0), "A"),)
    assert [order for order, _ in records.trades_of("A")] == [two, one]


def test_the_oldest_ended_order_is_forgotten() -> None:
    records = Records(1)
    open_one, ended = records.new_order(asked("a"), at_ms=1), records.new_order(asked("b"), at_ms=2)
    ended.status = "FILLED"
    records.forget_oldest()
    assert records.orders_of("A") == [open_one]
    records.new_order(asked("c"), at_ms=3)
    records.forget_oldest()
    assert len(records.orders_of("A")) == 2


def test_a_number_counts_before_a_name() -> None:
    order = Records(1).new_order(asked("a"), at_ms=1)
    assert is_named(order, order.order_id, "other")
    assert not is_named(order, 99, "a")
    assert stops_among([order]) == 0
