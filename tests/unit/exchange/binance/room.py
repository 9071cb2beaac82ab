"""A market edge on the scripted exchange, and everything a story looks at."""

# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.unit.exchange.binance.stub import (
    ListInbox,
    ManualClock,
    StubExchange,
    TestTasks,
    until,
)

from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings
from aitrader.exchange.binance.intake import FeedTime
from aitrader.exchange.binance.links import StreamTiming
from aitrader.exchange.binance.rest import RestTiming
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream, WatchMarket

BARS = 30
FAST = StreamTiming(
    control_gap_s=0.0,
    answer_s=1.0,
    backoff_first_s=0.01,
    backoff_most_s=0.05,
    look_s=0.02,
    names_per_message=3,
)


class Listener:
    def __init__(self) -> None:
        self.seen: list[tuple[str, float, int]] = []

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        self.seen.append((symbol, price, at_ms))


class Room:
    """A market on a stub exchange and everything a story looks at."""

    def __init__(self, stub: StubExchange, **changes: Any) -> None:
        self.stub = stub
        self.inbox = ListInbox()
        self.clock = ManualClock(stub.now_ms)
        self.tasks = TestTasks()
        self.series = SeriesTable()
        time = changes.pop("time", FeedTime(sink=self.clock))
        settings = {
            "rest_url": stub.rest_url,
            "stream_url": stub.stream_url,
            "streams": FAST,
            "rest": RestTiming(timeout_s=2.0, attempts=2, backoff_first_s=0.005),
            "pulse_s": 0.01,
            "again_s": 0.02,
        } | changes
        self.market = BinanceMarket(
            self.inbox,
            self.clock,
            tasks=self.tasks,
            series=self.series,
            settings=FeedSettings(**settings),
            time=time,
        )

    def watch(self, *symbols: str, intervals: tuple[str, ...] = ("1m",), bars: int = BARS) -> None:
        streams = [Stream(s, i, bars) for s in symbols for i in intervals]
        self.market.watch(WatchMarket(streams=tuple(streams)))

    async def ready(self, count: int) -> None:
        await until(lambda: self.market.ready_streams == count)

    async def seen(self, kind: type, count: int) -> list[Any]:
        await until(lambda: len(self.inbox.of(kind)) >= count)
        return self.inbox.of(kind)

    async def taken(self, count: int = 1) -> None:
        before = self.market.messages
        await until(lambda: self.market.messages >= before + count)


@asynccontextmanager
async def a_room(**changes: Any) -> AsyncIterator[Room]:
    async with StubExchange() as stub:
        room = Room(stub, **changes)
        try:
            yield room
        finally:
            await room.market.close()
            await room.tasks.close()
        assert room.tasks.deaths == []


def tell(story: Callable[[Room], Awaitable[None]], **changes: Any) -> None:
    async def play() -> None:
        async with a_room(**changes) as room:
            await room.market.open()
            await story(room)

    asyncio.run(play())
