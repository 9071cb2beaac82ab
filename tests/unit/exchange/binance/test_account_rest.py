from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import pytest
from tests.builders import an_order
from tests.unit.exchange.binance.account_room import QUICK, WallClock
from tests.unit.exchange.binance.stub import CUT, StubExchange

from aitrader.exchange.binance.account_rest import AccountRest, AccountTiming
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.order_gate import OrderGate
from aitrader.exchange.binance.orders import asking, placing
from aitrader.exchange.binance.signing import Credentials, HmacSigner
from aitrader.model.errors import ConfigError, OutcomeUnknown, Refused, Transient

NAME = an_order().client_order_id
Story = Callable[[AccountRest, StubExchange, ExchangeTime], Awaitable[None]]


def a_client(url: str, time: ExchangeTime, timing: AccountTiming = QUICK) -> AccountRest:
    credentials = Credentials("the-key", HmacSigner("the-secret"))
    gate = OrderGate(WeightLimiter(), time)
    return AccountRest(url, credentials, time=time, gate=gate, timing=timing)


def tell(story: Story) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            time = ExchangeTime(WallClock())
            rest = a_client(stub.rest_url, time)
            try:
                await story(rest, stub, time)
            finally:
                await rest.close()

    asyncio.run(play())


async def place(rest: AccountRest, time: ExchangeTime, left_ms: int = 5_000) -> bytes:
    not_after_ms = time.now_ms() + left_ms
    return await rest.place(placing([an_order()]), NAME, not_after_ms=not_after_ms)


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(ConfigError, match="order_rest_url: expected a URL"):
        a_client("http://[::1", ExchangeTime(WallClock()))


def test_the_window_of_an_order_ends_with_its_right_to_trade() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        not_after_ms = time.now_ms() + 1_500
        stub.scripted["/api/v3/order"] = [(200, {}, b"{}")]
        await rest.place(placing([an_order()]), NAME, not_after_ms=not_after_ms)
        sent = dict(parse_qsl(stub.bodies[-1]))
        assert int(sent["timestamp"]) + int(sent["recvWindow"]) == not_after_ms

    tell(story)


def test_no_window_is_longer_than_the_exchange_allows() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/order"] = [(200, {}, b"{}")]
        await place(rest, time, left_ms=3_600_000)
        assert dict(parse_qsl(stub.bodies[-1]))["recvWindow"] == "60000"

    tell(story)


def test_an_order_whose_time_is_over_does_not_leave() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        with pytest.raises(Refused, match="time was over"):
            await place(rest, time, left_ms=0)
        assert stub.requests == []

    tell(story)


def test_a_lost_answer_is_unknown_and_the_order_left_once() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/order"] = [(CUT, {}, b"")]
        with pytest.raises(OutcomeUnknown, match=NAME):
            await place(rest, time)
        assert stub.count("/api/v3/order") == 1

    tell(story)


def test_a_server_error_is_unknown_and_a_refusal_is_a_no() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/order"] = [
            (503, {}, b"{}"),
            (400, {}, b'{"code":-2010,"msg":"Account has insufficient balance."}'),
        ]
        with pytest.raises(OutcomeUnknown):
            await place(rest, time)
        with pytest.raises(Refused) as refusal:
            await place(rest, time)
        assert refusal.value.code == -2010

    tell(story)


def test_what_cannot_connect_has_never_left() -> None:
    async def play() -> None:
        time = ExchangeTime(WallClock())
        rest = a_client("http://127.0.0.1:9", time)
        with pytest.raises(Transient, match="not reachable"):
            await place(rest, time, left_ms=60)
        await rest.close()

    asyncio.run(play())


def test_what_could_not_connect_leaves_when_the_exchange_is_back() -> None:
    async def play() -> None:
        time = ExchangeTime(WallClock())
        async with StubExchange() as stub:
            url = stub.rest_url
        rest = a_client(url, time)
        async with asyncio.TaskGroup() as group:
            placing_it = group.create_task(place(rest, time, left_ms=10_000))
            await asyncio.sleep(0.05)
            stub = StubExchange(port=int(url.rsplit(":", 1)[1]))
            stub.scripted["/api/v3/order"] = [(200, {}, b"yes")]
            async with stub:
                assert await placing_it == b"yes"
                assert stub.count("/api/v3/order") == 1
        await rest.close()

    asyncio.run(play())


def test_a_question_is_asked_again_and_stamped_anew() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/order"] = [(500, {}, b""), (200, {}, b"found")]
        assert await rest.ask(asking(an_order())) == b"found"

    tell(story)


def test_a_question_that_stays_without_answer_is_transient() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/order"] = [(CUT, {}, b"")] * 9
        with pytest.raises(Transient, match="not reachable"):
            await rest.ask(asking(an_order()))
        assert stub.count("/api/v3/order") == QUICK.attempts

    tell(story)


def test_a_clock_that_is_off_is_set_and_the_question_asked_once_more() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        late = (400, {}, b'{"code":-1021,"msg":"Timestamp for this request ..."}')
        stub.now_ms = time.now_ms() - 700
        stub.scripted["/api/v3/order"] = [late, (200, {}, b"found")]
        assert await rest.ask(asking(an_order())) == b"found"
        assert -1_000 < time.ahead_ms < -500
        stub.scripted["/api/v3/order"] = [late, late]
        with pytest.raises(Refused):
            await rest.ask(asking(an_order()))

    tell(story)


def test_the_limits_of_orders_are_learned() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        stub.scripted["/api/v3/rateLimit/order"] = [
            (200, {}, b'[{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,'
             b'"limit":2,"count":2}]')
        ]  # fmt: skip
        await rest.fetch_order_limits()
        assert stub.count("/api/v3/rateLimit/order") == 1

    tell(story)


def test_nothing_is_asked_after_the_end() -> None:
    async def story(rest: AccountRest, stub: StubExchange, time: ExchangeTime) -> None:
        await rest.close()
        with pytest.raises(Transient, match="closed"):
            await rest.ask(asking(an_order()))
        with pytest.raises(OutcomeUnknown):
            await place(rest, time)

    tell(story)
