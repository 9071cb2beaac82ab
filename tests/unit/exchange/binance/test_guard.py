from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.unit.exchange.binance.room import Listener
from tests.unit.exchange.binance.stub import (
    T0,
    ListInbox,
    ManualClock,
    StubExchange,
    TestTasks,
    until,
)

from aitrader.exchange.binance import guard
from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.guard import Guard
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.market.series import SeriesTable
from aitrader.model.commands import ArmBand
from aitrader.model.events import PriceLeft
from aitrader.model.ids import BandId


class Room:
    def __init__(self, stub: StubExchange, *, has_own_time: bool = False) -> None:
        self.stub = stub
        self.inbox, self.clock, self.listener = ListInbox(), ManualClock(), Listener()
        self.rest = BinanceRest(stub.rest_url, WeightLimiter(), RestTiming(attempts=1))
        self.tasks = TestTasks()
        series = SeriesTable()
        backfill = Backfill(self.rest, series, tasks=self.tasks, workers=1, again_s=1.0)
        time = FeedTime(sink=self.clock) if has_own_time else FeedTime()
        self.intake = Intake(self.inbox, self.clock, series=series, backfill=backfill, time=time)
        self.intake.pass_time(T0)
        self.intake.board.follow(["AUSDT", "BUSDT", "CUSDT"])
        self.intake.board.listen(self.listener)
        self.guard = Guard(self.intake, self.clock, rest=self.rest, every_s=0.01)
        self.awaited: set[str] = set()
        self.guard.add(lambda: self.awaited)

    def arm(self, symbol: str, below: float) -> None:
        band_id = BandId(f"band of {symbol}")
        self.intake.board.arm(ArmBand(band_id=band_id, symbol=symbol, below=below))


def tell(story: Callable[[Room], Awaitable[None]], *, has_own_time: bool = False) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            room = Room(stub, has_own_time=has_own_time)
            await story(room)
            await until(lambda: not room.tasks.tasks)
            await room.rest.close()
        assert room.tasks.deaths == []

    asyncio.run(play())


def test_a_band_and_a_waiting_order_are_guarded_if_their_symbol_is_watched() -> None:
    async def story(room: Room) -> None:
        assert room.guard.fast_names() == frozenset()
        room.arm("AUSDT", 1.0)
        room.awaited = {"BUSDT", "ELSEWHERE"}
        assert room.guard.symbols() == {"AUSDT", "BUSDT"}
        assert room.guard.fast_names() == {"ausdt@aggTrade", "busdt@aggTrade"}

    tell(story)


def test_a_fast_stream_outlives_its_guard_a_while_but_not_the_watch() -> None:
    async def story(room: Room) -> None:
        room.awaited = {"AUSDT", "BUSDT"}
        room.guard.fast_names()
        room.awaited = set()
        assert room.guard.fast_names() == {"ausdt@aggTrade", "busdt@aggTrade"}
        room.intake.board.follow(["BUSDT"])
        assert room.guard.fast_names() == {"busdt@aggTrade"}

    tell(story)


def test_there_are_never_too_many_fast_streams() -> None:
    async def story(room: Room) -> None:
        room.awaited = {f"S{number}" for number in range(guard.MOST_FAST + 5)}
        room.intake.board.follow(room.awaited)
        assert len(room.guard.fast_names()) == guard.MOST_FAST

    tell(story)


def test_fast_streams_are_told_when_they_change() -> None:
    async def story(room: Room) -> None:
        told: list[frozenset[str]] = []
        closed = asyncio.Event()
        room.tasks.spawn("steer", room.guard.steer(closed, 0.002, told.append))
        room.awaited = {"AUSDT"}
        await until(lambda: told)
        await asyncio.sleep(0.01)
        closed.set()
        assert told == [{"ausdt@aggTrade"}]

    tell(story)


def test_without_a_stream_rest_tells_the_guarded_prices() -> None:
    async def story(room: Room) -> None:
        room.arm("AUSDT", 9.0)
        room.stub.prices = {"AUSDT": 8.0}
        room.clock.ms = T0 + 5_000
        closed = asyncio.Event()
        room.tasks.spawn("guard", room.guard.run(closed))
        await until(lambda: room.inbox.of(PriceLeft))
        closed.set()
        assert room.inbox.of(PriceLeft)[0].at_ms == T0 + 5_000
        assert room.listener.seen[0] == ("AUSDT", 8.0, T0 + 5_000)
        assert room.guard.asked >= 1

    tell(story)


def test_while_the_stream_works_nothing_is_asked() -> None:
    async def story(room: Room) -> None:
        room.arm("AUSDT", 9.0)
        room.intake.is_pool_up = lambda: True
        closed = asyncio.Event()
        room.tasks.spawn("guard", room.guard.run(closed))
        await asyncio.sleep(0.03)
        closed.set()
        await room.guard.look()
        assert room.guard.asked == 0
        assert room.listener.seen == []

    tell(story)


def test_an_exchange_with_its_own_time_is_asked_for_it() -> None:
    async def story(room: Room) -> None:
        room.awaited = {"AUSDT"}
        room.stub.now_ms = T0 + 7_000
        await room.guard.look()
        assert room.clock.ms == T0 + 7_000
        assert room.listener.seen == [("AUSDT", 1.0, T0 + 7_000)]

    tell(story, has_own_time=True)


def test_when_rest_fails_too_it_is_tried_again_later() -> None:
    async def story(room: Room) -> None:
        room.awaited = {"AUSDT"}
        room.stub.scripted["/api/v3/ticker/price"] = [(503, {}, b"")]
        await room.guard.look()
        assert room.guard.asked == 0
        await room.guard.look()
        assert room.guard.asked == 1

    tell(story)
