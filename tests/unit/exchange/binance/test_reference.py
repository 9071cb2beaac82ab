from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.exchange.binance.stub import T0, ListInbox, ManualClock, StubExchange, TestTasks

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.reference import Reference
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.market.series import SeriesTable
from aitrader.model.errors import Transient
from aitrader.model.events import InstrumentsLoaded, MarketRanked


class Room:
    def __init__(self, stub: StubExchange, time: FeedTime) -> None:
        self.stub = stub
        self.inbox = ListInbox()
        self.clock = ManualClock(T0 - 700)
        self.rest = BinanceRest(stub.rest_url, WeightLimiter(), RestTiming(attempts=1))
        series = SeriesTable()
        backfill = Backfill(self.rest, series, tasks=TestTasks(), workers=1, again_s=1.0)
        self.intake = Intake(self.inbox, self.clock, series=series, backfill=backfill, time=time)
        self.reference = Reference(
            self.inbox, self.clock, rest=self.rest, time=time, intake=self.intake
        )


def tell(story: Callable[[Room], Awaitable[None]], time: FeedTime) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            room = Room(stub, time)
            await story(room)
            await room.rest.close()

    asyncio.run(play())


def test_the_rules_are_posted_when_they_are_news() -> None:
    async def story(room: Room) -> None:
        await room.reference.load()
        await room.reference.load()
        assert len(room.inbox.of(InstrumentsLoaded)) == 1
        room.stub.symbols.append("NEWUSDT")
        await room.reference.refresh()
        assert len(room.inbox.of(InstrumentsLoaded)) == 2

    tell(story, FeedTime())


def test_the_clock_is_put_right_where_it_is_off() -> None:
    told: list[int] = []

    async def story(room: Room) -> None:
        await room.reference.load()
        assert told == [T0]
        room.clock.ms = T0
        await room.reference.load()
        assert told == [T0]
        assert room.intake.now_ms == T0
        room.clock.ms = T0 + 60_000
        await room.reference.set_clock()
        assert T0 <= told[1] < T0 + 30_000

    tell(story, FeedTime(correct=told.append))


def test_an_answer_that_took_long_does_not_set_the_clock_back() -> None:
    told: list[int] = []

    async def story(room: Room) -> None:
        patient = RestTiming(attempts=2, backoff_first_s=0.02)
        room.reference._rest = BinanceRest(room.stub.rest_url, WeightLimiter(), patient)
        room.stub.scripted["/api/v3/time"] = [(500, {}, b"")]
        room.clock.ms = T0 + 15
        await room.reference.set_clock()
        await room.reference._rest.close()
        assert told == []

    tell(story, FeedTime(correct=told.append))


def test_a_simulated_exchange_starts_our_clock() -> None:
    clock = ManualClock(0)

    async def story(room: Room) -> None:
        await room.reference.load()
        assert clock.now_ms() == T0

    tell(story, FeedTime(sink=clock))


def test_what_cannot_be_had_now_is_left_as_it_was() -> None:
    async def story(room: Room) -> None:
        await room.reference.load()
        room.stub.scripted["/api/v3/time"] = [(500, {}, b"")] * 2
        await room.reference.refresh()
        assert len(room.reference.instruments) == 3
        with pytest.raises(Transient):
            await room.reference.load()

    tell(story, FeedTime())


def test_the_market_is_ranked_until_it_succeeds_or_all_is_over() -> None:
    async def story(room: Room) -> None:
        closed = asyncio.Event()
        await room.reference.load()
        room.stub.scripted["/api/v3/ticker/24hr"] = [(503, {}, b"")]
        await room.reference.rank(closed, 0.001)
        assert room.inbox.of(MarketRanked)[0].volumes[0][0] == "CUSDT"
        closed.set()
        await room.reference.rank(closed, 0.001)
        assert len(room.inbox.of(MarketRanked)) == 1

    tell(story, FeedTime())
