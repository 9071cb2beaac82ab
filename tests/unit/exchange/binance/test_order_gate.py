from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.builders import an_order
from tests.unit.exchange.binance.account_room import WallClock

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.order_gate import OrderGate
from aitrader.exchange.binance.orders import placing
from aitrader.exchange.binance.wire_orders import (
    OrderLimit,
    RetryData,
    SocketError,
    SocketMessage,
)
from aitrader.model.errors import Refused
from aitrader.model.order import Leg

LIMITS = [OrderLimit("ORDERS", "SECOND", 10, 2), OrderLimit("ORDERS", "DAY", 1, 100)]


def tell(story: Callable[[OrderGate, ExchangeTime], Awaitable[None]]) -> None:
    async def play() -> None:
        time = ExchangeTime(WallClock())
        gate = OrderGate(WeightLimiter(100), time)
        gate.pace.set_limits(LIMITS)
        await story(gate, time)

    asyncio.run(play())


async def admit(gate: OrderGate, time: ExchangeTime, leg: Leg, left_ms: int = 5) -> None:
    await gate.admit(placing([an_order(leg)]), not_after_ms=time.now_ms() + left_ms)


async def refusal(gate: OrderGate, time: ExchangeTime, leg: Leg = Leg.ENTRY) -> int:
    with pytest.raises(Refused) as refused:
        await admit(gate, time, leg)
    return refused.value.code


def test_an_entry_finds_no_room_where_an_exit_still_does() -> None:
    async def story(gate: OrderGate, time: ExchangeTime) -> None:
        await admit(gate, time, Leg.ENTRY)
        assert await refusal(gate, time) == -1015
        await admit(gate, time, Leg.EXIT)
        assert await refusal(gate, time, Leg.EXIT) == -1015
        assert gate.limiter.used == 2

    tell(story)


def test_weight_that_is_used_up_stops_orders_too() -> None:
    async def story(gate: OrderGate, time: ExchangeTime) -> None:
        await admit(gate, time, Leg.ENTRY)
        gate.pace.set_limits([])
        gate.learn(200, {"x-mbx-used-weight-1m": "80"})
        assert await refusal(gate, time) == -1003
        await admit(gate, time, Leg.EXIT)

    tell(story)


def test_after_a_429_nothing_leaves_until_the_exchange_wants_to_hear_from_us() -> None:
    async def story(gate: OrderGate, time: ExchangeTime) -> None:
        assert gate.learn(429, {"retry-after": "30"}) == 30
        assert await refusal(gate, time, Leg.EXIT) == -1003

    tell(story)


def test_a_socket_tells_its_counts_and_bans_in_its_own_words() -> None:
    async def story(gate: OrderGate, time: ExchangeTime) -> None:
        counted = [
            OrderLimit("ORDERS", "SECOND", 10, 2, 2),
            OrderLimit("REQUEST_WEIGHT", "MINUTE", 1, 100, 7),
            OrderLimit("REQUEST_WEIGHT", "DAY", 1, 100, 70),
        ]
        gate.learn_message(SocketMessage(id=1, status=200, rate_limits=counted))
        assert gate.limiter.used == 7
        assert await refusal(gate, time, Leg.EXIT) == -1015
        until = RetryData(time.now_ms() + 30_000)
        banned = SocketError(-1003, "Way too much", until)
        gate.learn_message(SocketMessage(id=2, status=418, error=banned))
        assert gate.limiter.wait_s(1) > 25

    tell(story)


def test_a_429_without_a_word_stops_for_a_moment() -> None:
    async def story(gate: OrderGate, time: ExchangeTime) -> None:
        gate.learn_message(SocketMessage(id=1, status=429))
        assert 0 < gate.limiter.wait_s(1) <= 1

    tell(story)
