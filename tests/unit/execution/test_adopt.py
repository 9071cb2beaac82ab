"""Orders of ours that the exchange has and the disk does not."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, POSITION, TRADER, a_fill, a_position, an_order
from tests.pipeline import FixedPrices
from tests.unit.exchange.binance.account_room import AccountRoom, tell
from tests.unit.execution.desks import ENTRY, a_desk, a_stop

from aitrader.execution import protect
from aitrader.execution.adopt import adopt, answered, called_off
from aitrader.execution.desk import Desk
from aitrader.execution.orders import VenueAnswer
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, Command, QueryOrder
from aitrader.model.events import (
    Event,
    OpenOrdersReported,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderPlanned,
    Quarantined,
    Saved,
    Started,
    Stopping,
    TimerDue,
)
from aitrader.model.found import FoundOrder
from aitrader.model.ids import TimerId
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus, Side


def found(number: int, kind: str, *, is_ours: bool = True) -> FoundOrder:
    return FoundOrder(
        client_order_id=ids.client_order_id(POSITION, "EXIT", number),
        symbol="BTCUSDT",
        side=Side.SELL,
        kind=kind,
        quantity=Decimal(1),
        filled=Decimal(0),
        price=Decimal(0) if kind == "STOP_LOSS" else Decimal(102),
        stop_price=Decimal(99) if kind == "STOP_LOSS" else None,
        is_ours=is_ours,
    )


def a_holding_desk(*exits: Order) -> Desk:
    return a_desk(
        ENTRY, *exits, position=a_position(account="live"), account="live", has_shorts=False
    )


def told(desk: Desk, *orders: FoundOrder, account: str = "live") -> list[Event | Command]:
    return adopt(desk, OpenOrdersReported(at_ms=AT_MS, account=account, orders=orders))


def planned(answer: list[Event | Command]) -> list[Order]:
    return [row.order for row in answer if isinstance(row, OrderPlanned)]


def test_the_orders_that_follow_are_taken_up_as_a_list_and_asked_after() -> None:
    desk = a_holding_desk(a_stop())
    answer = told(desk, found(3, "LIMIT_MAKER"), found(2, "STOP_LOSS"))
    stop, target = planned(answer)
    assert (stop.kind, stop.stop_price, stop.price) == (
        OrderKind.STOP_LOSS,
        Decimal(99),
        None,
    )
    assert (target.kind, target.price, target.stop_price) == (OrderKind.LIMIT, Decimal(102), None)
    assert stop.list_id == target.list_id == ids.client_order_id(POSITION, "LIST", 2)
    assert {stop.status, target.status} == {OrderStatus.OPEN}
    assert stop.account == "live"
    assert [row.order for row in answer if isinstance(row, QueryOrder)] == [stop, target]
    assert desk.table.find(stop.client_order_id) == stop
    assert told(desk, found(3, "LIMIT_MAKER"), found(2, "STOP_LOSS")) == []


def test_a_stop_alone_is_no_list() -> None:
    (stop,) = planned(told(a_holding_desk(), found(1, "STOP_LOSS")))
    assert stop.list_id == ""
    stops = planned(told(a_holding_desk(), found(1, "STOP_LOSS"), found(2, "STOP_LOSS")))
    assert [row.list_id for row in stops] == ["", ""]


def test_after_a_number_that_the_exchange_refused_all_are_taken_up_and_none_is_used_again() -> None:
    desk = a_holding_desk(a_stop())
    rows = [found(number, kind) for number, kind in ((4, "STOP_LOSS"), (5, "LIMIT_MAKER"))]
    stop, target = planned(told(desk, *rows))
    assert stop.list_id == target.list_id == ids.client_order_id(POSITION, "LIST", 4)
    assert desk.table.next_attempt(POSITION, Leg.EXIT) == 6
    stop, target = planned(told(desk, found(6, "STOP_LOSS"), found(8, "LIMIT_MAKER")))
    assert stop.list_id == target.list_id == ""


def test_exits_are_taken_up_before_the_entry_is_known_to_have_filled() -> None:
    entry = an_order(account="live", status=OrderStatus.OPEN)
    desk = a_desk(entry, account="live", has_shorts=False)
    (stop,) = planned(told(desk, found(1, "STOP_LOSS")))
    assert (stop.position_id, stop.trader_id, stop.account) == (POSITION, TRADER, "live")
    assert desk.table.next_attempt(POSITION, Leg.EXIT) == 2


def test_what_is_not_ours_or_another_accounts_is_left_alone() -> None:
    desk = a_holding_desk()
    assert told(desk, found(1, "STOP_LOSS", is_ours=False)) == []
    assert told(desk, found(1, "TRAILING")) == []
    assert told(desk, found(1, "STOP_LOSS"), account="paper") == []


def a_forgotten_entry(**changes: object) -> FoundOrder:
    entry = FoundOrder(
        client_order_id=ids.client_order_id(ids.PositionId("p-gone"), "ENTRY", 1),
        symbol="BTCUSDT",
        side=Side.BUY,
        kind="LIMIT",
        quantity=Decimal(2),
        filled=Decimal(0),
        price=Decimal(98),
        is_ours=True,
    )
    return msgspec.structs.replace(entry, **changes)


def test_an_entry_that_rests_and_is_not_remembered_is_canceled() -> None:
    (cancel,) = told(a_holding_desk(), a_forgotten_entry())
    assert isinstance(cancel, CancelOrders)
    (order,) = cancel.orders
    assert order.client_order_id == a_forgotten_entry().client_order_id
    assert (order.symbol, order.account) == ("BTCUSDT", "live")


def test_it_is_canceled_again_at_each_audit_until_it_has_ended() -> None:
    async def story(room: AccountRoom) -> None:
        low = (await room.price() / 2).quantize(Decimal("0.01"))
        await room.submit(entry := room.order(kind=OrderKind.LIMIT, price=low))
        await room.venue.close()
        room.inbox.events.clear()
        room.venue = room.another()
        await room.venue.recover(Saved())
        settings = ExecutionSettings(account="live", has_shorts=False, audit_ms=5_000)
        stage = ExecutionStage(settings, FixedPrices())
        stage.handle(Started(at_ms=AT_MS, saved=Saved()))

        async def heard(*events: Event) -> int:
            """Let the stage hear these and the venue do as it says; return how often it cancels."""
            cancels = [
                row
                for event in events
                for row in stage.handle(event)
                if isinstance(row, CancelOrders)
            ]
            room.inbox.events.clear()
            for cancel in cancels:
                await room.venue.cancel(cancel)
            return len(cancels)

        audit = TimerDue(at_ms=AT_MS, timer_id=TimerId(protect.AUDIT_TIMER + "live"))
        await room.fault("status", path="order", verb="DELETE", times=2)  # as often as it is tried
        assert await heard(*room.inbox.events) == 1
        assert room.kinds(entry) == ["OrderAccepted"]
        assert await heard(*room.inbox.events, audit) == 1
        assert room.kinds(entry)[-1] == "OrderCanceled"
        assert await heard(*room.inbox.events, audit) == 0

    tell(story)


BOUGHT = a_fill(quantity=Decimal("0.5"))
NAME = a_forgotten_entry().client_order_id


@pytest.mark.parametrize(
    ("event", "is_over"),
    [
        (OrderCanceled(at_ms=AT_MS, client_order_id=NAME, filled=Decimal(0)), True),
        (OrderNotFound(at_ms=AT_MS, client_order_id=NAME), True),
        (OrderCanceled(at_ms=AT_MS, client_order_id=NAME, filled=Decimal("0.5")), False),
        (OrderFilled(at_ms=AT_MS, client_order_id=NAME, fill=BOUGHT), False),
        (
            OrderFilled(at_ms=AT_MS, client_order_id=NAME, fill=a_fill(quantity=Decimal(2))),
            True,
        ),
    ],
)
def test_it_is_forgotten_for_good_once_it_has_ended_and_its_fills_are_known(
    event: VenueAnswer, is_over: bool
) -> None:
    desk = a_holding_desk()
    told(desk, a_forgotten_entry())
    answered(desk, event)
    assert called_off(desk) == [] if is_over else len(called_off(desk)) == 1


def test_what_it_bought_is_said_once() -> None:
    desk = a_holding_desk()
    told(desk, a_forgotten_entry())
    filled = OrderFilled(at_ms=AT_MS, client_order_id=NAME, fill=BOUGHT)
    ended = OrderCanceled(at_ms=AT_MS, client_order_id=NAME, filled=Decimal("0.5"))
    (question,) = answered(desk, ended)
    assert isinstance(question, QueryOrder)
    (alarm,) = answered(desk, filled)
    assert isinstance(alarm, Quarantined)
    assert NAME in alarm.reason
    assert "has bought 0.5" in alarm.reason
    assert answered(desk, filled) == []
    assert answered(desk, ended) == []
    assert called_off(desk) == []


def test_an_engine_that_ends_takes_it_off_once_more() -> None:
    stage = ExecutionStage(ExecutionSettings(account="live", has_shorts=False), FixedPrices())
    report = OpenOrdersReported(at_ms=AT_MS, account="live", orders=(a_forgotten_entry(),))
    (first,) = stage.handle(report)
    assert list(stage.handle(Stopping(at_ms=AT_MS))) == [first]


def test_what_may_be_something_else_is_left_alone() -> None:
    desk = a_desk(account="live", has_shorts=False)
    assert told(desk, a_forgotten_entry(is_ours=False)) == []
    assert told(desk, a_forgotten_entry(kind="STOP_LOSS")) == []
    assert told(desk, a_forgotten_entry(side=Side.SELL)) == []
    assert told(desk, a_forgotten_entry(client_order_id=ENTRY.client_order_id)) != []
    desk = a_desk(ENTRY, account="live", has_shorts=False)
    assert told(desk, a_forgotten_entry(client_order_id=ENTRY.client_order_id)) == []
    assert told(a_desk(account="live", has_shorts=True), a_forgotten_entry()) == []


def test_each_list_has_the_number_of_its_first_order() -> None:
    desk = a_holding_desk()
    kinds = ("STOP_LOSS", "STOP_LOSS", "LIMIT_MAKER", "STOP_LOSS", "LIMIT_MAKER")
    rows = [found(number, kind) for number, kind in enumerate(kinds, start=1)]
    lists = [order.list_id for order in planned(told(desk, *rows))]
    second, fourth = (ids.client_order_id(POSITION, "LIST", number) for number in (2, 4))
    assert lists == ["", second, second, fourth, fourth]


def test_a_sale_at_market_that_only_the_exchange_knows_is_taken_up() -> None:
    desk = a_holding_desk(a_stop())
    (sale,) = planned(told(desk, found(2, "MARKET")))
    assert (sale.kind, sale.price, sale.stop_price) == (OrderKind.MARKET, None, None)
    assert desk.table.find(sale.client_order_id) == sale
