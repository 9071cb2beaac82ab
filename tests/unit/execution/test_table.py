from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import AT_MS, POSITION, a_fill, a_filled_order, a_position, an_order

from aitrader.execution.table import RETIRED_KEPT, RETIRED_LIMIT, OrderTable
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import OrderAccepted, OrderCanceled, OrderFilled
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.ledger import flow_of
from aitrader.model.order import Leg, OrderKind, OrderStatus, Side

ORDER = an_order()
ID = ORDER.client_order_id


def accepted() -> OrderAccepted:
    return OrderAccepted(at_ms=AT_MS, client_order_id=ID)


def filled(quantity: str = "1", number: int = 1) -> OrderFilled:
    fill = a_fill(number, quantity=Decimal(quantity))
    return OrderFilled(at_ms=AT_MS, client_order_id=ID, fill=fill)


def test_the_table_says_each_change_once() -> None:
    table = OrderTable()
    table.add(ORDER)
    assert table.apply(accepted()) is not None
    assert table.apply(accepted()) is None
    assert table.apply(msg_for_a_stranger()) is None


def msg_for_a_stranger() -> OrderCanceled:
    return OrderCanceled(at_ms=AT_MS, client_order_id=ClientOrderId("not-ours"))


def test_an_id_is_planned_once() -> None:
    table = OrderTable()
    table.add(ORDER)
    with pytest.raises(InvariantBroken, match="second time"):
        table.add(ORDER)


def test_the_table_knows_legs_attempts_and_what_is_live() -> None:
    table = OrderTable()
    table.add(ORDER)
    exits = an_order(Leg.EXIT), an_order(Leg.EXIT, 2)
    for order in exits:
        table.add(order)
    table.apply(filled())

    assert table.of(POSITION, Leg.EXIT) == exits
    assert table.next_attempt(POSITION, Leg.EXIT) == 3
    assert table.live(POSITION, Leg.ENTRY) == ()
    assert tuple(table.all_live()) == exits
    assert table.positions() == (POSITION,)
    assert table.next_attempt(PositionId("p-other"), Leg.ENTRY) == 1


def test_the_next_attempt_comes_after_the_highest_one_that_is_known() -> None:
    table = OrderTable()
    table.add(an_order(Leg.EXIT, 4))
    table.add(an_order(Leg.EXIT, 1))
    assert table.next_attempt(POSITION, Leg.EXIT) == 5


def retired(table: OrderTable, number: int, status: OrderStatus) -> None:
    position_id, order_id = PositionId(f"p-{number}"), ClientOrderId(f"o-{number}")
    table.add(an_order(client_order_id=order_id, position_id=position_id, status=status))
    table.retire(position_id)


def test_a_retired_positions_orders_are_known_until_many_have_retired_after_it() -> None:
    table = OrderTable()
    table.retire(PositionId("p-unknown"))
    for number in range(RETIRED_KEPT + 1):
        retired(table, number, OrderStatus.CANCELED)
        assert table.positions() == ()

    assert table.find(ClientOrderId("o-0")) is None
    assert table.find(ClientOrderId("o-1")) is not None
    table.revive(PositionId("p-1"))
    assert table.positions() == (PositionId("p-1"),)


def test_while_the_venue_may_act_on_a_retired_order_it_is_known_for_longer() -> None:
    table = OrderTable()
    for number in range(RETIRED_LIMIT):
        retired(table, number, OrderStatus.PENDING)
    assert table.find(ClientOrderId("o-0")) is not None
    retired(table, RETIRED_LIMIT, OrderStatus.CANCELED)
    assert table.find(ClientOrderId("o-0")) is None
    assert table.find(ClientOrderId("o-1")) is not None


def test_what_a_position_holds_is_what_all_its_fills_come_to() -> None:
    table = OrderTable()
    table.add(ORDER)
    sheet = table.sheet(POSITION)
    assert (sheet.entry, sheet.flow.base, sheet.exits) == (ORDER, 0, ())
    for number, quantity in enumerate(("0.4", "0.6"), start=1):
        table.apply(filled(quantity, number))
        table.apply(accepted())
        assert sheet.flow.base == flow_of(sheet.orders).base
    bought = table.find(ID)
    assert (sheet.entry, sheet.flow.base) == (bought, Decimal(1))

    sold = a_filled_order(Leg.EXIT, 1, side=Side.SELL, kind=OrderKind.MARKET)
    table.add(sold)
    assert (sheet.exits, sheet.flow.base) == ((sold,), flow_of(sheet.orders).base)
    second = an_order(client_order_id=ClientOrderId("o-second"))
    table.add(second)
    assert (sheet.entry, table.of(POSITION, Leg.ENTRY)) == (bought, (bought, second))


def test_live_orders_are_known_by_symbol() -> None:
    table = OrderTable()
    other = an_order(Leg.EXIT, symbol="ETHUSDT")
    table.add(ORDER)
    table.add(other)
    assert tuple(table.live_on("ETHUSDT")) == (other,)
    assert tuple(table.live_on("SOLUSDT")) == ()
    table.apply(filled())
    assert tuple(table.live_on("BTCUSDT")) == ()


def test_a_position_is_sound_until_an_order_comes_fills_or_ends_or_the_rules_change() -> None:
    table = OrderTable()
    table.add(ORDER)
    sheet, position = table.sheet(POSITION), a_position()
    sheet.sound = position
    table.apply(accepted())
    assert sheet.sound is position
    for change in (filled("0.4"), OrderCanceled(at_ms=AT_MS, client_order_id=ID)):
        sheet.sound = position
        table.apply(change)
        assert sheet.sound is None
    sheet.sound = position
    table.add(an_order(Leg.EXIT, 1))
    assert sheet.sound is None
    sheet.sound = position
    table.doubt()
    assert sheet.sound is None


def test_what_is_forgotten_is_not_live_any_more() -> None:
    table = OrderTable()
    table.add(ORDER)
    table.retire(POSITION)
    assert ORDER in table.live_on("BTCUSDT")
    for number in range(RETIRED_LIMIT):
        position_id, order_id = PositionId(f"p-{number}"), ClientOrderId(f"o-{number}")
        done = an_order(
            position_id=position_id, client_order_id=order_id, status=OrderStatus.CANCELED
        )
        table.add(done)
        table.retire(position_id)
    assert table.find(ID) is None
    assert ORDER not in table.live_on("BTCUSDT")
