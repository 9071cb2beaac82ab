from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.builders import an_order
from tests.unit.exchange.binance.account_room import AccountRoom, tell
from tests.unit.exchange.binance.room import FAST
from tests.unit.exchange.binance.stub import ManualClock, until
from tests.unit.exchange.binance.test_account_link import Wire

from aitrader.exchange.binance.account_rest import AccountTiming
from aitrader.exchange.binance.account_socket import AccountSocket
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.orders import placing
from aitrader.exchange.binance.signing import Credentials, HmacSigner, signed_parameters
from aitrader.model.errors import Transient
from aitrader.model.events import (
    BalancesReported,
    OrderCanceled,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)
from aitrader.model.order import Leg, OrderKind

STREAM = {"has_socket": True, "stream": FAST, "audit_s": 60.0}


def test_an_order_leaves_signed_and_stamped_and_nothing_is_said_in_numbers_as_text() -> None:
    async def story() -> None:
        wire, clock = Wire(), ManualClock(1_000_000)
        time = ExchangeTime(clock)
        credentials = Credentials("the-key", HmacSigner("the-secret"))
        socket = AccountSocket(
            "ws://here", credentials, connect=wire.connect, time=time, timing=FAST
        )
        with pytest.raises(Transient, match="no connection"):
            await socket.place(placing([an_order()]), "x", not_after_ms=1_001_500)
        async with asyncio.TaskGroup() as group:
            group.create_task(socket.run())
            await until(lambda: wire.sent)
            wire.says(id=1, status=200, result={"subscriptionId": 0})
            await until(lambda: socket.is_up)
            placed = group.create_task(
                socket.place(placing([an_order()]), "x", not_after_ms=1_001_500)
            )
            await until(lambda: len(wire.sent) == 2)
            wire.says(id=2, status=200, result={"symbol": "BTCUSDT"})
            assert await placed == b'{"symbol": "BTCUSDT"}'
            wire.says(subscriptionId=0, event={"e": "news", "E": 1})
            assert socket.unfit == 1
            socket.close()
        asked = wire.sent[1]
        params = asked["params"]
        assert isinstance(params, dict)
        assert asked["method"] == "order.place"
        assert (params["timestamp"], params["recvWindow"]) == (1_000_000, 1_500)
        text = {name: str(value) for name, value in params.items() if name != "signature"}
        assert signed_parameters(text, credentials.signer)["signature"] == params["signature"]

    asyncio.run(story())


async def up(room: AccountRoom, times: int = 1) -> None:
    await until(lambda: room.venue.links_opened >= times and room.venue.is_stream_up)
    await room.settle()


def test_an_order_is_told_once_by_each_road_and_the_balances_follow() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        order = room.order()
        await room.submit(order)
        filled = await room.hear(order, OrderFilled)
        assert filled.fill.quantity == order.quantity
        await until(lambda: len(room.inbox.of(BalancesReported)) >= 2)

    tell(story, **STREAM)


def test_what_happens_to_an_order_is_told_as_it_happens() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel_by_hand(stop)
        assert (await room.hear(stop, OrderCanceled)).filled == 0
        await room.hear(target, OrderCanceled)

    tell(story, **STREAM)


def test_a_list_is_placed_and_canceled_over_the_socket() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.cancel(stop, target)
        await room.hear(stop, OrderCanceled)
        await room.cancel(stop, target)  # too late: the exchange says no, and is asked

    tell(story, **STREAM)


def test_a_refusal_over_the_socket_is_a_no() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        order = room.order(quantity=Decimal(9_000))
        await room.submit(order)
        assert (await room.hear(order, OrderRejected)).code < 0
        late = room.order(2, not_after_ms=room.clock.now_ms() - 1_000)
        await room.submit(late)
        assert (await room.hear(late, OrderRejected)).code == -1021

    tell(story, **STREAM)


def test_an_order_whose_connection_is_cut_is_unknown_and_not_sent_by_another_way() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.fault("lost_answer", path="order", verb="POST", times=1)
        order = room.order()
        await room.submit(order)
        await room.hear(order, OrderOutcomeUnknown)
        await room.query(order)
        await room.hear(order, OrderFilled)
        await up(room, times=2)
        assert await room.trades() == 1

    tell(story, **STREAM)


def test_what_happened_while_the_stream_was_away_is_asked_after() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.submit(room.order())
        stop, target = await room.protection()
        await room.submit(stop, target)
        await room.fault("refuse_connection", status=0)
        await room.fault("reset")
        await until(lambda: not room.venue.is_stream_up)
        await room.cancel_by_hand(stop)
        assert room.kinds(stop)[-1] == "OrderAccepted"
        await room.clear()
        await room.hear(stop, OrderCanceled)
        await room.hear(target, OrderCanceled)

    tell(story, **STREAM)


@pytest.mark.parametrize("kind", ["end_user_stream", "shutdown_notice"])
def test_a_subscription_that_ends_is_replaced(kind: str) -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.fault(kind)
        await up(room, times=2)
        order = room.order()
        await room.submit(order)
        await room.hear(order, OrderFilled)

    tell(story, **STREAM)


def test_without_a_connection_everything_goes_over_rest() -> None:
    async def story(room: AccountRoom) -> None:
        assert not room.venue.is_stream_up
        order = room.order()
        await room.submit(order)
        await room.hear(order, OrderFilled)

    tell(story, **(STREAM | {"ws_api_url": "ws://127.0.0.1:9/ws-api/v3"}))


def test_a_cancel_that_the_socket_does_not_answer_goes_over_rest() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        low = (await room.price() / 2).quantize(Decimal("0.01"))
        order = room.order(leg=Leg.ENTRY, kind=OrderKind.LIMIT, price=low)
        await room.submit(order)
        await room.fault("lost_answer", path="order", verb="DELETE", times=1)
        await room.cancel(order)
        await room.hear(order, OrderCanceled)
        await room.fault("status", path="order", verb="DELETE", status=503, times=1)
        await room.cancel(order)

    tell(story, **STREAM)


def test_a_silent_connection_is_lost() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room, times=3)

    silent = {"frame_silence_s": 0.05, "rotate_s": 60.0}
    tell(story, **(STREAM | {"stream": _changed(**silent)}))


def test_an_old_connection_is_replaced() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room, times=3)

    tell(story, **(STREAM | {"stream": _changed(rotate_s=0.05)}))


def test_a_refused_subscription_is_tried_again() -> None:
    async def story(room: AccountRoom) -> None:
        await asyncio.sleep(0.05)
        assert not room.venue.is_stream_up
        room.clock.off_ms = 0
        await room.venue.look()
        await up(room)

    async def off(room: AccountRoom) -> None:
        room.clock.off_ms = 30_000
        await story(room)

    tell(off, **STREAM, clock_s=0.0, timing=AccountTiming(answer_s=0.3, attempts=1))


def test_429_over_the_socket_stops_orders_for_as_long_as_it_says() -> None:
    async def story(room: AccountRoom) -> None:
        await up(room)
        await room.fault("status", path="order", status=429, code=-1003, message="Too much")
        order = room.order(not_after_ms=room.clock.now_ms() + 200)
        await room.submit(order)
        assert (await room.hear(order, OrderRejected)).code == -1003
        again = room.order(2, not_after_ms=room.clock.now_ms() + 200)
        await room.submit(again)
        refused = await room.hear(again, OrderRejected)
        assert "no request may leave" in refused.reason

    tell(story, **STREAM)


def _changed(**changes: float) -> object:
    return type(FAST)(**{name: getattr(FAST, name) for name in FAST.__struct_fields__} | changes)
