from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, POSITION, a_position, an_instrument, an_order
from tests.unit.execution.desks import a_stop, a_target, an_open_desk, filled, set_price, types

from aitrader.execution import balances, closing, watch
from aitrader.execution.desk import Desk
from aitrader.model.commands import (
    CancelOrders,
    Command,
    QueryOrder,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    BalancesReported,
    CashChanged,
    DustLeft,
    Event,
    ExitWanted,
    OrderPlanned,
    Quarantined,
)
from aitrader.model.found import Balance
from aitrader.model.ids import PositionId
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, OrderStatus

NOWHERE = PositionId("p-nowhere")
SOLD = [OrderPlanned, SubmitOrder, StartTimer, StartTimer]


def leave(desk: Desk, position_id: PositionId = POSITION) -> list[Event | Command]:
    wish = ExitWanted(at_ms=AT_MS, position_id=position_id, reason=ExitReason.TRAILING)
    return closing.leave(desk, wish)


def a_market(attempt: int = 1, **changes: object) -> Order:
    return an_order(Leg.EXIT, attempt, **changes)


def a_closing_desk(*exits: Order, **changes: object) -> Desk:
    desk = an_open_desk(*exits, **changes)
    desk.closing[POSITION] = ExitReason.TRAILING
    return desk


def updated(desk: Desk, order: Order) -> list[Event | Command]:
    return closing.updated(desk, order, at_ms=AT_MS)


def the_order(answer: list[Event | Command]) -> Order:
    fact = answer[0]
    assert isinstance(fact, OrderPlanned)
    return fact.order


def test_leaving_cancels_what_rests_first() -> None:
    mates = (a_stop(), a_target())
    desk = an_open_desk(*mates)

    answer = leave(desk)

    assert answer[0] == CancelOrders(orders=mates)
    assert types(answer) == [CancelOrders, StartTimer]
    assert desk.closing == {POSITION: ExitReason.TRAILING}
    assert leave(desk) == []


def test_where_nothing_rests_it_is_sold_at_once() -> None:
    answer = leave(an_open_desk())
    assert types(answer) == SOLD
    order = the_order(answer)
    assert (order.kind, order.quantity) == (OrderKind.MARKET, Decimal("1.000"))
    assert order.reason is ExitReason.TRAILING


def test_what_is_not_open_is_not_left() -> None:
    assert leave(an_open_desk(), NOWHERE) == []


def test_nothing_is_sold_while_a_market_exit_is_on_its_way() -> None:
    answer = closing.go_on(a_closing_desk(a_market()), a_position(), at_ms=AT_MS)
    assert types(answer) == [StartTimer]


def test_the_last_cancel_sells_what_is_left() -> None:
    part = filled(a_stop(), "0.4")
    gone = msgspec.structs.replace(part, status=OrderStatus.CANCELED)
    still = a_target()
    assert updated(a_closing_desk(gone, still), gone) == []
    assert the_order(updated(a_closing_desk(gone), gone)).quantity == Decimal("0.6")


def test_where_nothing_is_left_nothing_is_sold() -> None:
    whole = filled(a_stop())
    assert updated(a_closing_desk(whole), whole) == []


def test_an_order_that_the_venue_has_only_now_is_canceled_too() -> None:
    late = a_stop()
    assert updated(a_closing_desk(late), late) == [CancelOrders(orders=(late,))]


def test_the_acceptance_of_the_market_exit_is_waited_on() -> None:
    market = a_market(status=OrderStatus.OPEN)
    assert updated(a_closing_desk(market), market) == []


def test_updates_of_a_position_that_is_gone_are_nothing() -> None:
    desk = a_closing_desk()
    desk.positions.clear()
    assert updated(desk, a_market(status=OrderStatus.CANCELED)) == []
    assert closing.timer_due(desk, POSITION, at_ms=AT_MS) == []


def test_no_more_is_sold_at_once_than_the_symbol_takes() -> None:
    desk = a_closing_desk()
    desk.instruments["BTCUSDT"] = an_instrument(max_quantity=Decimal("0.25"))
    answer = closing.go_on(desk, a_position(), at_ms=AT_MS)
    assert the_order(answer).quantity == Decimal("0.25")


def test_without_the_symbols_rules_selling_waits() -> None:
    desk = a_closing_desk()
    desk.instruments.clear()
    (alarm,) = closing.go_on(desk, a_position(), at_ms=AT_MS)
    assert isinstance(alarm, StartTimer)
    assert alarm.due_ms == AT_MS + closing.LONGEST_PAUSE_MS


def failed(count: int) -> tuple[Order, ...]:
    return tuple(
        a_market(number, status=OrderStatus.REJECTED, note="busy") for number in range(1, count + 1)
    )


def test_the_first_market_exit_that_failed_is_followed_at_once() -> None:
    (first,) = failed(1)
    assert types(updated(a_closing_desk(first), first)) == SOLD


def test_the_others_are_followed_ever_later() -> None:
    pauses = []
    for count in (2, 3, 4, 12):
        orders = failed(count)
        (timer,) = updated(a_closing_desk(*orders), orders[-1])
        assert isinstance(timer, StartTimer)
        pauses.append(timer.due_ms - AT_MS)
    assert pauses == [1_000, 2_000, 4_000, 60_000]


def test_what_sold_a_part_or_ended_unsold_at_its_stop_is_followed_at_once() -> None:
    part = filled(a_market(4), "0.1")
    part = msgspec.structs.replace(part, status=OrderStatus.EXPIRED)
    assert types(updated(a_closing_desk(*failed(3), part), part)) == SOLD
    stop = a_stop(4, status=OrderStatus.CANCELED)
    assert types(updated(a_closing_desk(*failed(3), stop), stop)) == SOLD


def test_what_never_arrived_is_followed_at_once_however_often_it_failed() -> None:
    orders = tuple(
        a_market(number, status=OrderStatus.EXPIRED, note=watch.NEVER_ARRIVED)
        for number in range(1, 9)
    )
    assert types(updated(a_closing_desk(*orders), orders[-1])) == SOLD
    refused = a_market(9, status=OrderStatus.REJECTED, note="busy")
    assert types(updated(a_closing_desk(*orders, refused), refused)) == SOLD


def test_the_person_is_told_of_what_never_arrives_too() -> None:
    orders = tuple(
        a_market(number, status=OrderStatus.EXPIRED, note=watch.NEVER_ARRIVED)
        for number in range(1, 6)
    )
    told, *sold = updated(a_closing_desk(*orders), orders[-1])
    assert isinstance(told, Quarantined)
    assert types(sold) == SOLD


def test_the_person_is_told_once_that_a_position_cannot_be_sold() -> None:
    orders = failed(5)
    told, timer = updated(a_closing_desk(*orders), orders[-1])
    assert isinstance(told, Quarantined)
    assert told.reason == "the position could not be sold in 5 attempts: busy"
    assert isinstance(timer, StartTimer)


def test_the_alarm_asks_and_goes_on() -> None:
    stop = a_stop()
    answer = closing.timer_due(a_closing_desk(stop), POSITION, at_ms=AT_MS)
    assert types(answer) == [QueryOrder, CancelOrders, StartTimer]
    assert types(closing.timer_due(a_closing_desk(*failed(2)), POSITION, at_ms=AT_MS)) == SOLD
    assert closing.timer_due(an_open_desk(stop), POSITION, at_ms=AT_MS) == []


def test_a_closed_position_leaves_nothing_resting_but_mates_of_what_filled() -> None:
    whole = msgspec.structs.replace(filled(a_stop()), list_id="list-1")
    mate = a_target(list_id="list-1")
    other = a_stop(3)

    assert closing.closed(an_open_desk(whole, mate), POSITION) == []
    assert closing.closed(an_open_desk(whole, mate, other), POSITION) == [
        CancelOrders(orders=(other,))
    ]
    assert types(closing.closed(a_closing_desk(whole, mate), POSITION)) == [StopTimer]


def test_what_is_too_little_for_an_order_is_left_as_dust() -> None:
    sold = filled(a_stop(status=OrderStatus.CANCELED), "0.96")
    desk = an_open_desk(sold)
    wish = ExitWanted(at_ms=AT_MS, position_id=POSITION, reason=ExitReason.MANUAL)
    set_price(desk, "BTCUSDT", 100.0)
    assert closing.leave(desk, wish) == [
        DustLeft(at_ms=AT_MS, position_id=POSITION, quantity=Decimal("0.04"))
    ]
    desk = an_open_desk(sold)
    assert types(closing.leave(desk, wish))[0] is OrderPlanned  # no price: the venue may say


def a_failing_desk(*exits: Order, btc: str, whole_ms: int = AT_MS) -> Desk:
    desk = a_closing_desk(*exits)
    set_price(desk, "BTCUSDT", 100.0)
    report = BalancesReported(
        at_ms=whole_ms,
        account=desk.settings.account,
        balances=(Balance("BTC", Decimal(btc), Decimal(0)),),
        is_whole=True,
    )
    balances.reported(desk, report)
    return desk


LATER_MS = AT_MS + 60_000


def test_coins_that_somebody_sold_end_the_position_instead_of_trying_for_ever() -> None:
    desk = a_failing_desk(*failed(5), btc="0", whole_ms=LATER_MS)
    set_price(desk, "BTCUSDT", 103.5)
    alarm, dust, cash = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert isinstance(alarm, Quarantined)
    assert alarm.reason == (
        "the position is given up: it held 1 and the exchange has 0 of it, too little to sell; "
        "somebody sold or moved the rest, which is booked at 103.5"
    )
    gone = {"quantity": Decimal(1), "moved": Decimal(1), "price": Decimal("103.5")}
    assert dust == DustLeft(at_ms=LATER_MS, position_id=POSITION, **gone)
    assert isinstance(cash, CashChanged)
    assert cash.unexplained == cash.cash - 10_000 - gone["price"]


def test_coins_that_are_gone_are_booked_at_what_they_cost_while_there_is_no_price() -> None:
    desk = a_failing_desk(*failed(5), btc="0.0004", whole_ms=LATER_MS)
    _alarm, dust, _cash = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert isinstance(dust, DustLeft)
    assert (dust.moved, dust.price) == (Decimal("0.9996"), Decimal(100))


def test_what_somebody_left_of_it_is_sold() -> None:
    desk = a_failing_desk(*failed(5), btc="0.4", whole_ms=LATER_MS)
    answer = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert the_order(answer).quantity == Decimal("0.4")


@pytest.mark.parametrize(
    ("count", "btc", "whole_ms"),
    [(4, "0", LATER_MS), (5, "1", LATER_MS), (5, "0", AT_MS - 1), (5, "0", AT_MS + 1)],
    ids=["too few attempts", "all there", "an old report", "a fill that may not be in it"],
)
def test_nothing_is_given_up_without_proof(count: int, btc: str, whole_ms: int) -> None:
    desk = a_failing_desk(*failed(count), btc=btc, whole_ms=whole_ms)
    answer = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert the_order(answer).quantity == Decimal(1)


def alarms(answer: list[Event | Command]) -> list[int]:
    return [row.due_ms for row in answer if isinstance(row, StartTimer)]


def test_the_venue_has_some_seconds_to_cancel_and_to_sell() -> None:
    assert alarms(leave(an_open_desk(a_stop()))) == [AT_MS + closing.PATIENCE_MS]
    answer = leave(an_open_desk())
    over_ms = the_order(answer).not_after_ms
    assert alarms(answer)[1] == over_ms + closing.PATIENCE_MS


def test_what_is_all_there_and_too_little_is_dust_and_nobodys_fault() -> None:
    desk = a_failing_desk(*failed(5), btc="1", whole_ms=LATER_MS)
    set_price(desk, "BTCUSDT", 0.5)
    (dust,) = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert dust == DustLeft(at_ms=LATER_MS, position_id=POSITION, quantity=Decimal(1))


def test_what_is_there_of_it_and_worth_too_little_is_given_up() -> None:
    desk = a_failing_desk(*failed(5), btc="0.002", whole_ms=LATER_MS)
    set_price(desk, "BTCUSDT", 100.0)
    _alarm, dust, _cash = closing.timer_due(desk, POSITION, at_ms=LATER_MS)
    assert isinstance(dust, DustLeft)
    assert dust.moved == Decimal("0.998")
