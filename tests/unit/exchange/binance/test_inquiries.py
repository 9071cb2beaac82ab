from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.unit.exchange.binance.account_room import AccountRoom, WallClock, tell
from tests.unit.exchange.binance.stub import until

from aitrader.exchange.binance.question_pace import REFUSALS, Patience
from aitrader.model.events import (
    BalancesReported,
    OpenOrdersReported,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    Quarantined,
    Saved,
)
from aitrader.model.order import Leg, OrderKind, OrderStatus


@pytest.mark.parametrize("leap_ms", [900, 3_600_000])
def test_an_order_that_never_arrived_is_proven_by_the_exchanges_own_time(leap_ms: int) -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order(not_after_ms=room.clock.now_ms() + 300)
        await room.query(order)
        early = await room.hear(order, OrderNotFound)
        assert early.at_ms <= order.not_after_ms
        room.clock.off_ms = leap_ms  # our clock runs ahead: by it, the window is over long since
        await room.query(order)
        late = await room.hear(order, OrderNotFound)
        assert late.at_ms > order.not_after_ms
        exchange_ms = late.at_ms - room.clock.off_ms
        assert exchange_ms > order.not_after_ms

    tell(story)


def test_while_our_clock_is_far_behind_nothing_is_taken_for_never_arrived() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order(not_after_ms=room.clock.now_ms() + 100)
        await asyncio.sleep(0.15)
        room.clock.off_ms = -3_600_000
        await room.query(order)
        said = await room.hear(order, OrderNotFound)
        assert said.at_ms <= order.not_after_ms

    tell(story)


def test_the_fills_of_an_order_are_fetched_once() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        await room.submit(order)
        await room.query(order)
        filled = await room.hear(order, OrderFilled)
        assert filled.fill.quantity == order.quantity
        assert filled.fill.fee > 0
        assert room.kinds(order) == ["OrderOutcomeUnknown", "OrderAccepted", "OrderFilled"]

    tell(story)


def test_a_question_is_repeated_until_the_exchange_answers() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.submit(order)
        await room.fault("lost_request", path="order", verb="GET", times=5)
        await asyncio.gather(room.query(order), room.query(order))
        assert room.kinds(order).count("OrderAccepted") == 2

    tell(story)


def test_what_ended_unseen_is_found_by_looking() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        assert await room.cancel_by_hand(stop) == 200
        before = len(room.inbox.of(BalancesReported))
        await room.venue.look()
        await room.hear(stop, OrderCanceled)
        await room.hear(target, OrderCanceled)
        assert len(room.inbox.of(BalancesReported)) == before + 1

    tell(story)


def test_when_nothing_has_changed_looking_says_nothing() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        before = len(room.inbox.events)
        await room.venue.look()
        assert len(room.inbox.events) == before
        await room.fault("lost_request", path="openOrders")
        await room.venue.look()
        assert len(room.inbox.events) == before

    tell(story)


def test_a_foreign_order_is_shown_and_left_alone() -> None:
    async def story(room: AccountRoom) -> None:
        price = await room.price()
        low = (price / 2).quantize(Decimal("0.01"))
        theirs = room.order(5, client_order_id="web-7", kind=OrderKind.LIMIT, price=low)
        ours = room.order(6, kind=OrderKind.LIMIT, price=low)
        await room.submit(theirs)
        await room.submit(ours)
        await room.venue.close()
        room.inbox.events.clear()
        room.venue = room.another()
        await room.venue.recover(Saved())
        (report,) = room.inbox.of(OpenOrdersReported)
        assert [(row.client_order_id, row.is_ours) for row in report.orders] == [
            ("web-7", False),
            (ours.client_order_id, True),
        ]
        await room.query(theirs)
        assert room.kinds(theirs) == ["OrderAccepted"]

    tell(story)


def test_orders_of_others_are_shown_anew_when_they_come_and_go() -> None:
    async def story(room: AccountRoom) -> None:
        low = (await room.price() / 2).quantize(Decimal("0.01"))
        await room.venue.recover(Saved())
        theirs = room.order(5, client_order_id="web-7", kind=OrderKind.LIMIT, price=low)
        await room.submit(
            theirs,
        )
        await room.submit(room.order(6, kind=OrderKind.LIMIT, price=low))
        for _ in range(2):
            await room.venue._inquiries.look_around()
        await room.cancel_by_hand(theirs)
        await room.venue._inquiries.look_around()
        shown = [
            [row.client_order_id for row in report.orders]
            for report in room.inbox.of(OpenOrdersReported)
        ]
        assert shown == [["web-7"], []]
        wholes = len([row for row in room.inbox.of(BalancesReported) if row.is_whole])
        await room.fault("lost_request", path="openOrders")
        await room.venue._inquiries.look_around()
        assert len([row for row in room.inbox.of(BalancesReported) if row.is_whole]) == wholes

    tell(story)


def test_an_order_that_the_exchange_denies_and_lists_is_told() -> None:
    async def story(room: AccountRoom) -> None:
        low = (await room.price() / 2).quantize(Decimal("0.01"))
        order = room.order(kind=OrderKind.LIMIT, price=low)
        await room.submit(order)
        missing = {"status": 400, "code": -2013, "message": "Order does not exist."}
        await room.fault("status", path="order", verb="GET", **missing)
        late = room.order(kind=OrderKind.LIMIT, price=low, not_after_ms=room.clock.now_ms() - 1)
        await room.query(late)
        assert room.kinds(order) == ["OrderAccepted", "OrderAccepted"]

    tell(story)


def test_an_order_that_was_given_up_is_told_when_it_is_seen_among_the_open_ones() -> None:
    async def story(room: AccountRoom) -> None:
        low = (await room.price() / 2).quantize(Decimal("0.01"))
        order = room.order(kind=OrderKind.LIMIT, price=low)
        await room.submit(order)
        await room.venue._inquiries.look_around()
        assert room.kinds(order) == ["OrderAccepted"]
        room.venue._inquiries.live.forget(order.client_order_id)
        await room.venue._inquiries.look_around()
        assert room.kinds(order) == ["OrderAccepted", "OrderAccepted"]

    tell(story)


def test_an_order_that_was_given_up_and_is_open_after_all_is_told() -> None:
    async def story(room: AccountRoom) -> None:
        price = await room.price()
        low = (price / 2).quantize(Decimal("0.01"))
        stray = room.order(7, kind=OrderKind.LIMIT, price=low)
        await room.submit(stray)
        await room.venue.close()
        room.inbox.events.clear()
        room.venue = room.another()
        given_up = room.order(7, status=OrderStatus.EXPIRED, note="it never arrived")
        await room.venue.recover(Saved(orders=(given_up,)))
        assert room.inbox.of(OpenOrdersReported) == []
        await room.hear(stray, OrderAccepted)

    tell(story)


def test_an_order_that_the_exchange_has_put_away_has_ended() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order(leg=Leg.EXIT)
        archived = {"code": -2026, "message": "Order was archived."}
        await room.fault("status", path="order", verb="GET", status=400, times=1, **archived)
        await room.query(order)
        await room.hear(order, OrderExpired)

    tell(story)


def test_a_refused_question_is_asked_again_later() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.submit(order)
        revoked = {"code": -2015, "message": "Invalid API-key"}
        await room.fault("status", path="order", verb="GET", status=401, times=2, **revoked)
        await room.query(order)
        assert room.kinds(order).count("OrderAccepted") == 2

    tell(story)


def test_fills_that_cannot_be_had_now_come_with_the_next_look() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        await room.submit(order)
        await room.fault("lost_request", path="myTrades", times=2)
        await room.query(order)
        assert room.kinds(order) == ["OrderOutcomeUnknown", "OrderAccepted"]
        await room.venue.look()
        await room.hear(order, OrderFilled)
        await room.fault("lost_request", path="account")
        await room.venue.look()

    tell(story)


def test_nothing_is_said_after_the_end() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order(not_after_ms=room.clock.now_ms() - 1)
        room.clock.off_ms = 30_000
        waiting = asyncio.get_running_loop().create_task(room.query(room.order()))
        await until(lambda: True)
        await room.venue.close()
        before = len(room.inbox.events)
        await room.query(order)
        await waiting
        assert len(room.inbox.events) == before

    tell(story)


def test_an_order_that_arrives_after_it_was_not_found_is_still_looked_after() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.fault("delay", path="orderList", verb="POST", delay_ms=100, times=1)
        sending = asyncio.get_running_loop().create_task(room.submit(stop, target))
        await asyncio.sleep(0.01)
        await room.query(stop)
        await room.hear(stop, OrderNotFound)
        await sending
        await room.cancel_by_hand(stop)
        await room.venue.look()
        await room.hear(stop, OrderCanceled)

    tell(story)


def test_an_order_that_is_not_told_about_does_not_hide_the_others() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel_by_hand(stop)
        gone = {"code": -1121, "message": "Invalid symbol."}
        await room.fault("status", path="openOrders", verb="GET", status=400, times=1, **gone)
        await room.fault("status", path="order", verb="GET", status=400, times=1, **gone)
        async with asyncio.timeout(0.5):
            await room.venue.look()
        await room.hear(target, OrderCanceled)
        assert room.kinds(stop) == ["OrderAccepted"]
        await room.venue.look()
        await room.hear(stop, OrderCanceled)

    tell(story, patience=Patience(again_s=1.0))


def test_an_order_on_a_symbol_that_is_gone_is_told_of_once_and_asked_after_as_any_other() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel_by_hand(stop)
        gone = {"status": 400, "code": -1121, "message": "Invalid symbol."}
        looks = 2 * REFUSALS
        await room.fault("status", path="openOrders", verb="GET", times=looks, **gone)
        await room.fault("status", path="order", verb="GET", times=2 * looks, **gone)
        before = len(room.inbox.of(BalancesReported))
        for _ in range(looks):
            await room.venue.look()
        told, _target = room.inbox.of(Quarantined)
        assert (told.trader_id, told.symbol) == (stop.trader_id, stop.symbol)
        assert "Invalid symbol" in told.reason
        assert len(room.inbox.of(BalancesReported)) == before
        await room.venue.look()
        await room.hear(stop, OrderCanceled)

    tell(story)


def test_a_symbol_that_is_gone_does_not_hide_the_open_orders_of_others() -> None:
    async def story(room: AccountRoom) -> None:
        orders = []
        for attempt, symbol in enumerate(("BTCUSDT", "ETHUSDT"), start=1):
            price = (await room.price(symbol) / 2).quantize(Decimal("0.01"))
            order = room.order(attempt, symbol=symbol, kind=OrderKind.LIMIT, price=price)
            await room.submit(order)
            orders.append(order)
        gone = {"status": 400, "code": -1121, "message": "Invalid symbol."}
        await room.fault("status", path="openOrders", verb="GET", times=1, **gone)
        await room.venue.look()
        asked = [row for row in orders if room.kinds(row) == ["OrderAccepted", "OrderAccepted"]]
        assert asked == orders[:1]

    tell(story)


def test_fills_that_lag_behind_the_end_of_an_order_are_waited_for() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        await room.submit(order)
        await room.fault("lost_request", path="myTrades", times=2)
        await room.query(order)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await room.query(order)
        assert loop.time() - began_s >= 0.1
        await room.hear(order, OrderFilled)

    tell(story, patience=Patience(again_s=0.1))


def test_reports_of_money_bear_the_exchanges_time_which_never_goes_back() -> None:
    async def story(room: AccountRoom) -> None:
        room.clock.off_ms = 30_000
        await room.venue.recover(Saved())
        report = room.inbox.of(BalancesReported)[-1]
        assert abs(report.at_ms - WallClock().now_ms()) < 10_000
        room.clock.off_ms = 28_000  # by the difference known so far it is two seconds earlier
        await room.venue._inquiries.balances.ask()
        assert room.inbox.of(BalancesReported)[-1].at_ms == report.at_ms

    tell(story)
