from __future__ import annotations

import pytest
from tests.builders import AT_MS, a_position, an_instrument, an_order
from tests.unit.execution.desks import ENTRY, a_desk, a_stop, an_audited_stage, told, types

from aitrader.execution import watch
from aitrader.model.commands import CancelOrders, QueryOrder, StartTimer
from aitrader.model.events import (
    InstrumentsLoaded,
    OrderAccepted,
    OrderExpired,
    OrderNotFound,
    OrderOutcomeUnknown,
)
from aitrader.model.ids import ClientOrderId, TimerId
from aitrader.model.order import OrderStatus

ORDER = an_order()
ID = ORDER.client_order_id
STRANGER = ClientOrderId("not-ours")


def not_found(at_ms: int, order_id: ClientOrderId = ID) -> OrderNotFound:
    return OrderNotFound(at_ms=at_ms, client_order_id=order_id)


def unknown(order_id: ClientOrderId = ID) -> OrderOutcomeUnknown:
    return OrderOutcomeUnknown(at_ms=AT_MS, client_order_id=order_id, reason="timeout")


def test_an_order_is_asked_after_once_its_window_is_over() -> None:
    timer = watch.query_later(ORDER)
    assert timer == StartTimer(timer_id=TimerId(f"order-query:{ID}"), due_ms=AT_MS + 5_500)


def test_an_unknown_outcome_is_asked_for_at_once() -> None:
    answer = watch.unknown(a_desk(ORDER), unknown())
    assert types(answer) == [QueryOrder, StartTimer]


def test_questions_come_ever_more_slowly() -> None:
    def pause(after_ms: int) -> int:
        timer = watch.ask(ORDER, at_ms=AT_MS + after_ms)[1]
        assert isinstance(timer, StartTimer)
        return timer.due_ms - AT_MS - after_ms

    assert [pause(ms) for ms in (0, 4_000, 90_000)] == [500, 4_000, 30_000]


def test_not_found_within_the_window_proves_nothing() -> None:
    (timer,) = watch.not_found(a_desk(ORDER), not_found(AT_MS + 100))
    assert timer == StartTimer(timer_id=TimerId(f"order-query:{ID}"), due_ms=AT_MS + 600)
    (last,) = watch.not_found(a_desk(ORDER), not_found(ORDER.not_after_ms))
    assert isinstance(last, StartTimer)
    assert last.due_ms == ORDER.not_after_ms + 500


def test_not_found_after_the_window_is_the_end() -> None:
    (pending,) = watch.not_found(a_desk(ORDER), not_found(ORDER.not_after_ms + 1))
    assert isinstance(pending, OrderExpired)
    assert pending.reason == watch.NEVER_ARRIVED


def test_an_order_that_the_venue_had_is_not_gone_at_the_first_word() -> None:
    desk, late_ms = a_desk(an_order(status=OrderStatus.OPEN)), ORDER.not_after_ms + 1
    for _ in range(2):
        (again,) = watch.not_found(desk, not_found(late_ms))
        assert again == StartTimer(timer_id=TimerId(f"order-query:{ID}"), due_ms=late_ms + 1_000)
        assert types(watch.timer_due(desk, ID, at_ms=late_ms + 1_000)) == [QueryOrder, StartTimer]
    (forgotten,) = watch.not_found(desk, not_found(late_ms))
    assert isinstance(forgotten, OrderExpired)
    assert forgotten.reason == watch.FORGOTTEN
    assert watch.timer_due(desk, ID, at_ms=late_ms) == []


def test_a_word_about_an_order_ends_the_doubt() -> None:
    desk, late_ms = a_desk(an_order(status=OrderStatus.OPEN)), ORDER.not_after_ms + 1
    for _ in range(5):
        assert types(watch.not_found(desk, not_found(late_ms))) == [StartTimer]
        watch.known(desk, not_found(late_ms))
        watch.known(desk, unknown())
        assert desk.doubted == {ID: 1}
        watch.known(desk, OrderAccepted(at_ms=late_ms, client_order_id=ID))
        assert desk.doubted == {}


def test_what_is_done_or_not_ours_is_not_asked_for() -> None:
    desk = a_desk(ENTRY)
    late = ENTRY.not_after_ms + 1
    for order_id in (ENTRY.client_order_id, STRANGER):
        assert watch.unknown(desk, unknown(order_id)) == []
        assert watch.not_found(desk, not_found(late, order_id)) == []
        assert watch.timer_due(desk, order_id, at_ms=late) == []


def test_a_timer_asks_only_while_no_answer_is_on_record() -> None:
    assert types(watch.timer_due(a_desk(ORDER), ID, at_ms=AT_MS)) == [QueryOrder, StartTimer]
    accepted = an_order(status=OrderStatus.OPEN)
    assert watch.timer_due(a_desk(accepted), ID, at_ms=AT_MS) == []


@pytest.mark.parametrize("note", [watch.NEVER_ARRIVED, watch.FORGOTTEN])
def test_an_order_that_is_there_after_it_was_given_up_is_taken_off(note: str) -> None:
    accepted = OrderAccepted(at_ms=AT_MS, client_order_id=ID)
    given_up = an_order(status=OrderStatus.EXPIRED, note=note)
    by_rule = an_order(status=OrderStatus.EXPIRED, note="no book")

    assert watch.stray(a_desk(given_up), accepted) == [CancelOrders(orders=(given_up,))]
    assert watch.stray(a_desk(by_rule), accepted) == []
    assert watch.stray(a_desk(ORDER), accepted) == []
    assert watch.stray(a_desk(), accepted) == []


def test_news_of_an_order_end_the_doubt_about_it() -> None:
    stop = a_stop()
    rules = InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),))
    stage, _alarm = an_audited_stage(rules, orders=(ENTRY, stop), positions=(a_position(),))
    unknown = OrderNotFound(at_ms=AT_MS + 1, client_order_id=stop.client_order_id)
    known = OrderAccepted(at_ms=AT_MS + 1, client_order_id=stop.client_order_id)
    for event in (unknown, unknown, known, unknown, unknown):
        assert OrderExpired not in types(told(stage, event))
    assert types(told(stage, unknown)) == [OrderExpired]
