from __future__ import annotations

import asyncio
import logging
import traceback
from decimal import Decimal

import pytest
from tests.unit.exchange.binance.account_room import AccountRoom, WallClock, an_account, tell
from tests.unit.exchange.binance.stub import until

from aitrader.exchange.binance.question_pace import Patience
from aitrader.exchange.binance.venue import VenueSettings
from aitrader.exchange.binance.verdicts import ORDER_REJECTED
from aitrader.model.account import PAPER
from aitrader.model.commands import SubmitOrder
from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    BalancesReported,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
    Saved,
)
from aitrader.model.order import Leg, OrderKind, OrderStatus, Side


def test_a_market_order_is_accepted_and_filled_with_its_fee() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.submit(order)
        accepted, filled = room.said(order)
        assert isinstance(accepted, OrderAccepted)
        assert isinstance(filled, OrderFilled)
        assert filled.fill.quantity == order.quantity
        assert (filled.fill.fee_asset, filled.fill.fee > 0) == ("BTC", True)

    tell(story)


@pytest.mark.parametrize("kind", [OrderKind.LIMIT, OrderKind.TAKE_PROFIT, OrderKind.STOP_LOSS])
def test_an_order_that_waits_is_accepted_and_taken_off(kind: OrderKind) -> None:
    async def story(room: AccountRoom) -> None:
        price = await room.price()
        low = (price * Decimal("0.9")).quantize(Decimal("0.01"))
        is_limit = kind is OrderKind.LIMIT
        level = {"price": low} if is_limit else {"stop_price": low}
        leg = Leg.EXIT if kind is OrderKind.STOP_LOSS else Leg.ENTRY
        if leg is Leg.EXIT:
            await room.submit(room.order(9, quantity=Decimal("0.02")))
        order = room.order(leg=leg, kind=kind, **level)
        await room.submit(order)
        await room.cancel(order)
        assert room.kinds(order) == ["OrderAccepted", "OrderAccepted", "OrderCanceled"]

    tell(story)


def test_stop_and_target_rest_as_one_list_and_leave_together() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        assert room.kinds(stop) == room.kinds(target) == ["OrderAccepted"]
        await room.cancel(stop, target)
        await room.hear(stop, OrderCanceled)
        await room.hear(target, OrderCanceled)

    tell(story)


def test_one_of_a_list_takes_its_mate_along() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel(target)
        await room.hear(stop, OrderCanceled)
        await room.hear(target, OrderCanceled)

    tell(story)


def test_a_refusal_is_told_with_the_exchanges_number_and_words() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order(quantity=Decimal(9_000))
        await room.submit(order)
        refused = await room.hear(order, OrderRejected)
        assert refused.code < 0
        assert refused.reason

    tell(story)


def test_an_order_the_account_cannot_pay_has_its_balances_looked_at() -> None:
    async def story(room: AccountRoom) -> None:
        before = len(room.inbox.of(BalancesReported))
        order = room.order(leg=Leg.EXIT, side=Side.SELL, quantity=Decimal(5))
        await room.submit(order)
        refused = await room.hear(order, OrderRejected)
        assert refused.code == ORDER_REJECTED
        await until(lambda: len(room.inbox.of(BalancesReported)) == before + 1)
        assert room.inbox.of(BalancesReported)[-1].is_whole

    tell(story)


def test_a_lost_answer_is_unknown_and_never_a_second_order() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        await room.submit(order)
        (unknown,) = room.said(order)
        assert isinstance(unknown, OrderOutcomeUnknown)
        await room.query(order)
        await room.hear(order, OrderFilled)
        assert await room.trades() == 1

    tell(story)


def test_a_yes_that_cannot_be_read_leaves_the_orders_fate_open() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        garbled = {"status": 200, "is_executed": True, "code": 1, "message": "{"}
        await room.fault("status", path="order", verb="POST", times=1, **garbled)
        await room.submit(order)
        await room.hear(order, OrderOutcomeUnknown)

    tell(story)


def test_a_cancel_that_is_too_late_brings_what_happened() -> None:
    async def story(room: AccountRoom) -> None:
        order = room.order()
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        await room.submit(order)
        await room.cancel(order)
        assert room.kinds(order) == ["OrderOutcomeUnknown", "OrderAccepted", "OrderFilled"]

    tell(story)


def test_a_cancel_without_an_answer_is_followed_by_a_question() -> None:
    async def story(room: AccountRoom) -> None:
        price = await room.price()
        low = (price / 2).quantize(Decimal("0.01"))
        order = room.order(kind=OrderKind.LIMIT, price=low)
        await room.submit(order)
        await room.fault("lost_answer", path="order", verb="DELETE", times=2)
        await room.cancel(order)
        canceled = await room.hear(order, OrderCanceled)
        assert canceled.filled == 0

    tell(story)


def test_a_clock_that_is_a_little_off_is_corrected_from_the_start() -> None:
    async def story(room: AccountRoom) -> None:
        room.clock.off_ms = 3_000
        first = room.order(1)
        await room.submit(first)
        assert (await room.hear(first, OrderRejected)).code == -1021
        await room.settle()
        second = room.order(2)
        await room.submit(second)
        await room.hear(second, OrderFilled)

    tell(story)


def test_a_clock_that_was_put_wrong_is_put_right() -> None:
    async def story(room: AccountRoom) -> None:
        async def put_right() -> None:
            room.clock.off_ms = 0

        room.venue.on_clock_off = put_right
        room.clock.off_ms = -20_000
        late = room.order(1)
        await room.submit(late)
        assert (await room.hear(late, OrderRejected)).code == -1021
        await until(lambda: room.clock.off_ms == 0)
        await room.settle()
        order = room.order(2)
        await room.submit(order)
        await room.hear(order, OrderFilled)

    tell(story)


def test_what_was_open_is_told_as_it_stands_after_a_restart() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.venue.close()
        assert await room.cancel_by_hand(stop) == 200
        room.inbox.events.clear()
        room.venue = room.another()
        open_then = [room.opened(order) for order in (stop, target)]
        paper = room.order(3, account=PAPER, status=OrderStatus.OPEN)
        pending = room.order(4)
        await room.venue.recover(Saved(orders=(*open_then, paper, pending)))
        await room.hear(stop, OrderCanceled)
        await room.hear(target, OrderCanceled)
        assert room.said(paper) == room.said(pending) == []
        (balances,) = room.inbox.of(BalancesReported)
        assert balances.is_whole

    tell(story)


def test_an_order_that_the_exchange_does_not_tell_about_does_not_hold_up_the_start() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.venue.close()
        room.inbox.events.clear()
        room.venue = room.another()
        gone = {"code": -1121, "message": "Invalid symbol."}
        await room.fault("status", path="order", verb="GET", status=400, times=3, **gone)
        open_then = (room.opened(order) for order in (room.order(9, leg=Leg.EXIT), stop))
        async with asyncio.timeout(0.5):
            await room.venue.recover(Saved(orders=tuple(open_then)))
        await room.hear(stop, OrderAccepted)

    tell(story, patience=Patience(again_s=1.0))


def test_open_orders_are_asked_after_without_being_told_to() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel_by_hand(stop)
        await room.hear(target, OrderCanceled)

    tell(story, audit_s=0.02)


def test_entries_that_rest_are_asked_after_more_often() -> None:
    async def story(room: AccountRoom) -> None:
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        low = (await room.price() * Decimal("0.9")).quantize(Decimal("0.01"))
        entry = room.order(2, kind=OrderKind.LIMIT, price=low)
        await room.submit(entry)
        assert await room.cancel_by_hand(stop) == 200
        assert await room.cancel_by_hand(entry) == 200
        await room.hear(entry, OrderCanceled)
        assert OrderCanceled not in map(type, room.said(stop))

    tell(story, entry_s=0.02)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"api_key": "nobody"}, "the exchange refuses binance_api_key"),
        ({"secret": "wrong"}, "does not belong to binance_api_key"),
        ({"rest_url": "http://127.0.0.1:9"}, "no account to trade with"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(changes: dict[str, str], sentence: str) -> None:
    async def play() -> None:
        async with an_account() as room:
            venue = room.another(**changes)
            with pytest.raises(ConfigError, match=sentence):
                await venue.recover(Saved())
            await venue.close()

    asyncio.run(play())


def test_what_an_order_did_while_the_start_asked_is_in_the_balances_that_are_told_last() -> None:
    async def story(room: AccountRoom) -> None:
        room.inbox.events.clear()
        before = room.venue
        room.venue = room.another()
        order = room.order()
        await room.fault("delay", path="account", verb="GET", delay_ms=200, is_after=True, times=1)
        saved = Saved(orders=(room.opened(order),))
        starting = asyncio.get_running_loop().create_task(room.venue.recover(saved))
        await asyncio.sleep(0.1)
        await before.submit(SubmitOrder(orders=(order,)))
        await before.close()
        room.inbox.events.clear()
        await starting
        await until(lambda: len(room.inbox.of(BalancesReported)) == 2)
        cash = [
            next(row.total for row in report.balances if row.asset == "USDT")
            for report in room.inbox.of(BalancesReported)
        ]
        assert cash[1] < cash[0]

    tell(story)


def test_neither_key_nor_secret_is_in_any_log_or_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "Hy3bV8nXc5zQm1kLp7jWd9gRf2sTa4eUo6iYvBxNqKwJhGtMrPzEuCySlDfOaIb"
    key = "Zq7xK2vN9pLw4rTyB8mHc3JdF6gSaE1uXoR5iWnVbQzMkPtY0hGjUeDlCfIsOA2z"
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "picows", "stamina", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    errors: list[str] = []

    async def story(room: AccountRoom) -> None:
        await room.http.post("/simulator/keys", json={"key": key, "secret": secret})
        venue = room.another(api_key=key, secret=secret)
        await venue.recover(Saved())
        await until(lambda: venue.is_stream_up)
        room.venue, old = venue, room.venue
        await old.close()
        for how in ({"is_silent": True}, {}):
            await room.fault("lost_answer", path="order", times=2, **how)
            order = room.order(len(errors) + 1)
            await room.submit(order)
            errors.extend(repr(event) for event in room.said(order))
        await room.fault("status", path="order", status=418, code=-1003, times=1)
        await room.submit(room.order(7, not_after_ms=room.clock.now_ms() + 300))
        wrong = room.another(api_key=key, secret=secret + "x")
        with pytest.raises(ConfigError) as refusal:
            await wrong.recover(Saved())
        errors.extend(traceback.format_exception(refusal.value))
        await wrong.close()
        errors.extend(repr(part) for part in vars(venue).values())

    tell(story, has_socket=True)
    # What the simulated exchange itself logs of its clients is its own.
    records = [row for row in caplog.records if not row.name.startswith(("uvicorn", "websockets"))]
    said = "".join(row.getMessage() + str(row.exc_text) for row in records) + "".join(errors)
    assert len(records) > 20
    for shown in (key, secret):
        assert shown not in said


def test_settings_show_neither_key_nor_secret() -> None:
    settings = VenueSettings(rest_url="http://x", api_key="the-key", secret="the-secret")
    assert not {"the-key", "the-secret"} & set(repr(settings).split("'"))
    assert "the-" not in str(settings)


def test_a_clock_that_is_off_at_the_start_is_put_right_before_anything_is_planned_by_it() -> None:
    async def story() -> None:
        async with an_account(clock=WallClock(off_ms=-2_000)) as room:

            async def put_right() -> None:
                room.clock.off_ms = 0

            room.venue.on_clock_off = put_right
            await room.venue.recover(Saved())
            assert room.clock.off_ms == 0
            order = room.order()
            await room.submit(order)
            await room.hear(order, OrderFilled)

    asyncio.run(story())
